"""COVERAGE.md is true: it is the router's list of operations, and each test it names calls its operation.

What can be set in a world, and asked of the rehearsal itself, is there as well.
"""

from __future__ import annotations

import ast
import json
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from helpers import rehearsal
from helpers.rehearsal.cloud import Cloud
from helpers.rehearsal.control import Control
from helpers.rehearsal.faults import check, parsed
from helpers.rehearsal.services import ROUTER
from helpers.rehearsal.state import Fault, Settings
from helpers.rehearsal.world import World
from helpers.rehearsal.worldfile import load
from tests.contract import contracts as library
from tests.contract.conftest import HERE, Notes

PAGE = Path(rehearsal.__file__).with_name("COVERAGE.md")
HEADER = "| operation | method and path | enforced | evidence | test |"
PART = "this session runs only a part of tests/contract"
WORDS = {"recorded", "documented", "quoted", "assumption"}
DOCUMENTS = (
    library.KEYS,
    library.KEYS_7_4,
    library.VAULTS,
    library.VAULTS_2023,
    library.ROLE_ASSIGNMENTS,
    library.ROLE_DEFINITIONS,
    library.DENY_ASSIGNMENTS,
    library.LOCKS,
    library.DIAGNOSTIC_SETTINGS,
)
ALIASES = {
    "Permissions_ListForResourceGroup": "Permissions_ListForScope",
    "Permissions_ListForResource": "Permissions_ListForScope",
    "RoleAssignments_GetById": "RoleAssignments_Get",
    "ManagementLocks_ListAtResourceLevel": "ManagementLocks_ListByScope",
    "ManagementLocks_CreateOrUpdateAtResourceLevel": "ManagementLocks_CreateOrUpdateByScope",
}
"""Documents and recordings have one name for each kind of scope, or for a whole id; the router has one for all."""


@dataclass(frozen=True)
class Row:
    """One line of a table, with the host its heading names."""

    operation: str
    host: str
    request: str
    evidence: str
    test: str


def rows(text: str) -> list[Row]:
    """The lines of every table of operations."""
    found, host, inside = [], "", False
    for line in text.splitlines():
        if line.startswith("## "):
            host = "".join(re.findall(r"`(.+)`", line))
        inside = line == HEADER or (inside and line.startswith("|"))
        if inside and line != HEADER and not line.startswith("|-"):
            operation, request, _, evidence, test = line.strip("|").split("|")
            found.append(Row(operation.strip(), host, _code(request), evidence.strip(), _code(test)))
    return found


def _code(cell: str) -> str:
    """What stands between the backticks of a cell that has nothing else."""
    marked = re.fullmatch(r" `([^`]+)` ", cell)
    assert marked, f"not one piece of code: {cell}"
    return marked[1]


ROWS = rows(PAGE.read_text(encoding="utf-8"))


def says(row: Row) -> set[str]:
    """The evidence words of a row."""
    return WORDS & set(re.findall(r"\w+", row.evidence))


def of_document(operation_ids: set[str]) -> set[str]:
    """The router's names for operation ids of documents and recordings."""
    return {ALIASES.get(name, name) for name in operation_ids} & {route.operation for route in ROUTER.routes}


def operation_of(recording: str) -> str:
    """The operation id of a recording."""
    return str(library.recording(recording)["operation"])


@pytest.fixture
def recorded(contracts: Path) -> set[str]:
    """Operations of which there is a recording."""
    files = (contracts / "recordings").glob("*.json")
    return of_document({json.loads(path.read_text(encoding="utf-8"))["operation"] for path in files})


def test_every_operation_is_there_once_with_its_host_method_and_path() -> None:
    """The tables hold exactly the routes of the router."""
    routes = Counter((r.operation, r.host, f"{r.method} {r.path}") for r in ROUTER.routes)
    page = Counter((row.operation, row.host, row.request) for row in ROWS)
    wrong = [f"not in COVERAGE.md: {route}" for route in routes - page]
    wrong += [f"not in the router: {row}" for row in page - routes]
    wrong += [f"twice: {name}" for name, times in Counter(row.operation for row in ROWS).items() if times > 1]
    assert not wrong, "\n".join(wrong)


def test_every_named_test_exists() -> None:
    """Each row names a test function of this folder."""
    defined = {
        f"{path.name}::{node.name}"
        for path in HERE.glob("test_*.py")
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    }
    assert [row.test for row in ROWS if row.test not in defined] == []


def test_every_assumption_is_listed() -> None:
    """Rows say which kind of evidence there is, and those that say assumption are the operations of that list."""
    assert [row.operation for row in ROWS if not says(row)] == []
    listed = PAGE.read_text(encoding="utf-8").partition("\n## Assumptions\n")[2]
    names = {name for line in re.findall(r"^- (`.*?):", listed, re.MULTILINE) for name in re.findall(r"`(.+?)`", line)}
    assert names == {row.operation for row in ROWS if "assumption" in says(row)}


def test_recorded_is_said_of_what_was_recorded(recorded: set[str]) -> None:
    """A row says recorded exactly where there is a recording of its operation."""
    assert {row.operation for row in ROWS if "recorded" in says(row)} == recorded


def section(title: str) -> str:
    """What stands under a heading of the page."""
    return PAGE.read_text(encoding="utf-8").partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def keys_of(text: str, header: str) -> list[str]:
    """The first column of the table under a header line."""
    lines = text.partition(f"{header}\n")[2].partition("\n\n")[0].splitlines()
    return [line.split("|")[1].strip() for line in lines[1:]]


def test_every_key_of_a_fault_is_there_with_an_example() -> None:
    """The table holds exactly the keys of a fault with their defaults, and the examples use each kind and can be set."""
    header = "| key | default | meaning |"
    assert keys_of(section("Faults"), header) == list(Fault.model_fields)
    defaults = dict(re.findall(r"^\| (\w+) \| (\S*) \|", section("Faults").partition(header)[2], re.MULTILINE))
    for name, field in Fault.model_fields.items():
        if name != "operation":
            assert yaml.safe_load(defaults[name]) == field.default, name
    (example,) = re.findall(r"```yaml\n(.*?)```", section("Faults"), re.DOTALL)
    given = yaml.safe_load(example)["faults"]
    check(parsed(given), ROUTER)
    assert {key for fault in given for key in fault} == set(Fault.model_fields)


def test_every_setting_is_there() -> None:
    """The table of settings holds exactly those there are."""
    assert keys_of(section("Worlds"), "| setting | default | meaning |") == list(Settings.model_fields)


def test_every_control_request_is_there_with_an_example() -> None:
    """What the control interface answers is described, and shown once with what comes back."""
    cloud = Cloud(World(lambda: load("healthy")), ROUTER)
    control = Control(cloud, "token", lambda name: {})
    page = section("The control interface")
    described = re.findall(r"^(\*\*`.*?)(?=^\*\*`|\Z)", page, re.MULTILINE | re.DOTALL)
    named = {(method, path) for method, path in re.findall(r"\*\*`([A-Z]+) (/\w+)[^`]*`\*\*", page)}
    assert named == set(control._table)
    assert all(re.search(r"```\n\$ control .*\n[\[{]", text) for text in described)


def test_every_named_test_calls_its_operation(contracts: Path, notes: Notes, whole: bool) -> None:
    """The test a row names sent a request that was answered as that operation."""
    ran = [row for row in ROWS if row.test in notes]
    wrong = [
        f"{row.test} does not call {row.operation}" for row in ran if row.operation not in notes[row.test].operations
    ]
    if whole:
        wrong += [f"{row.test} did not run" for row in ROWS if row.test not in notes]
    assert not wrong, "\n".join(wrong)
    if len(ran) < len(ROWS):
        pytest.skip(PART)


def test_every_documented_operation_is_compared(contracts: Path, notes: Notes, recorded: set[str], whole: bool) -> None:
    """Operations with an OpenAPI document or a recording are held against it by a test that calls them."""
    if not whole:
        pytest.skip(PART)
    documented = of_document({operation for document in DOCUMENTS for operation in library.operations(document)})
    valid, alike = set[str](), set[str]()
    for note in notes.values():
        valid |= of_document(note.documents) & note.operations
        alike |= of_document({operation_of(name) for name in note.recordings}) & note.operations
    never = [f"never compared with its document: {name}" for name in sorted(documented - valid)]
    never += [f"never compared with its recording: {name}" for name in sorted(recorded - alike)]
    assert not never, "\n".join(never)
