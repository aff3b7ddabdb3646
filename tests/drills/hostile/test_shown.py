"""Names out of a cloud may hold anything: what is shown of them is text, and what a machine gets is the name itself."""

from __future__ import annotations

import html as pages
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from helpers.cli import main
from helpers.display import JSON_TYPE, bundle, plain
from helpers.headless.planning import plan_all
from helpers.model import Known
from helpers.rehearsal import state
from helpers.view import Table, View
from tests.drills.hostile import texts
from tests.drills.hostile.counting import SEED
from tests.drills.hostile.pages import NAMES, Page, check
from tests.services.reads import VAULT_ID, fill
from tests.services.rehearsed import GIVEN, ROOT, Rehearsed, rehearsed
from tests.services.rehearsed import given as parameters

shown = settings(phases=[Phase.generate], suppress_health_check=list(HealthCheck), print_blob=False)


@seed(SEED)
@settings(shown, max_examples=400)
@given(said=st.lists(texts.hostile, min_size=4, max_size=4))
def test_whatever_a_view_holds_is_shown_as_text(said: list[str]) -> None:
    """Heading, line, cell and note: nothing of them becomes an element, an escape code or another row."""
    heading, line, cell, note = said
    view = View("x", heading, [line], [Table(("a", cell), ((cell, "b"),))], [note], {"said": said})
    made = bundle(view)
    check(made)
    assert made[JSON_TYPE] == {"kind": "x", "said": said}
    page = Page(made["text/html"]).text
    for one in said:
        assert plain(one) in page
        assert one.isprintable() <= (plain(one) == one)
    assert made["text/html"].count("<tr>") == 2


@pytest.mark.parametrize("said", texts.PAGES)
def test_the_reader_of_pages_sees_what_is_not_quoted(said: str) -> None:
    """The control: with the quoting undone, the page of markup is not what it must be."""
    made = bundle(View("x", said))
    check(made)
    if "<" in said:
        with pytest.raises(AssertionError):
            Page(pages.unescape(made["text/html"]))


@pytest.fixture(scope="module")
def onboarded() -> Iterator[Rehearsed]:
    with rehearsed("onboarded") as inside:
        yield inside


def with_names(there: state.State, name: str) -> None:
    """The same odd name for everything that has one."""
    there.about = there.organization.name = there.tenant.display_name = name
    for workspace in there.workspaces.values():
        workspace.name = name
    for key in there.external_keys.values():
        key.display_name = name
    for lock in there.locks.values():
        lock.notes = name
    for app in (*there.applications.values(), *there.service_principals.values()):
        app.display_name = name
    for policy in (*there.policy_assignments.values(), *there.conditional_access.values()):
        policy.display_name = name
    for vault in there.vaults.values():
        for held in vault.keys.values():
            for version in held.versions.values():
                version.tags["owner"] = name[:250]


@pytest.mark.slow
@pytest.mark.parametrize("kind", NAMES)
def test_odd_names_of_a_cloud_are_carried_and_shown(onboarded: Rehearsed, kind: str) -> None:
    """Through the real clients, the plan and the checks: the facts hold the very name, and no rendering is bent by it."""
    name = NAMES[kind]
    onboarded.reset()
    fill(onboarded.state)
    with_names(onboarded.state, name)
    with onboarded.inside():
        whole = plan_all(onboarded.services(), parameters())
        locks = onboarded.services().resources.locks(VAULT_ID)
    assert isinstance(locks, Known)
    for one in (*whole.plans, whole.verdicts, whole.verdicts.brief(), whole.facts):
        check(bundle(one if isinstance(one, View) else one.view()))
    assert isinstance(whole.facts.workspaces, Known) and isinstance(whole.facts.external_keys, Known)
    assert {row.name for row in whole.facts.workspaces.value} == {name}
    assert {row.display_name for row in whole.facts.external_keys.value} == {name}
    said = json.loads(json.dumps(whole.said()))
    assert {row["name"] for row in said["facts"]["workspaces"]["value"]} == {name}


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["markup", "templates"])
def test_odd_names_of_a_file_are_what_the_plan_says(onboarded: Rehearsed, kind: str, tmp_path: Path) -> None:
    """A name that a person may choose reaches the plan word for word, in text and in JSON."""
    name = NAMES[kind][:200]
    path = tmp_path / "p.yaml"
    path.write_text(yaml.safe_dump({"parameters": {**GIVEN, "workspace": {"create": name}, "external_key_name": name}}))
    onboarded.reset()
    onboarded.state.external_keys.clear()
    told = told_by(onboarded, "plan", "-f", str(path), "--json")
    assert told.returncode in (2, 3, 4), told.stderr
    assert all(c == "\n" or c.isprintable() for c in told.stderr)
    assert name in " ".join(told.stderr.split())
    register = next(plan for plan in json.loads(told.stdout)["plans"] if plan["step"] == "05_register")
    assert f"as external key {name}" in register["items"][0]["says"]


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["terminal", "direction", "lines"])
def test_what_a_cloud_says_in_an_error_moves_no_cursor(onboarded: Rehearsed, kind: str) -> None:
    """The message of a refusal is the service's own words: they are told without their control characters."""
    onboarded.reset()
    onboarded.state.faults = [state.Fault(operation="token", status=401, code="invalid_client", message=NAMES[kind])]
    told = told_by(onboarded, "plan", "-f", "parameters/rehearsal.yaml")
    assert told.returncode == 1
    assert all(c == "\n" or c.isprintable() for c in told.stderr), ascii(told.stderr)
    assert told.stderr.startswith("signing in to Azure did not work: ")


def told_by(world: Rehearsed, *arguments: str) -> subprocess.CompletedProcess[str]:
    """What a command says inside a world."""
    command = [sys.executable, "-P", "-m", "helpers.cli", *arguments]
    return subprocess.run(command, cwd=ROOT, env=world.environment(), capture_output=True, text=True, timeout=120)


@pytest.mark.parametrize("file", ["a\x1b[31mb.yaml", "a\nb.yaml", "a\u202eb.yaml", "x" * 300, "\udcff"])
def test_the_name_of_a_file_is_told_as_text(file: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A file that is not there, under a name nobody would give: exit code 64, and plain characters only."""
    assert main(["plan", "-f", file]) == 64
    told = capsys.readouterr().err
    assert all(c == "\n" or c.isprintable() for c in told)
    assert "Traceback" not in told
