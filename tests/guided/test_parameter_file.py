"""A parameter file is written whole or not at all, reads back as it was meant, and takes nobody's place unasked."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from helpers import yaml_file
from helpers.errors import RunbookError, WrongUsage
from helpers.guided.parameter_file import rendered, write
from helpers.parameters import load
from helpers.record.secrets import Secret
from tests.services.rehearsed import GIVEN

FULL: dict[str, Any] = {
    **GIVEN,
    "egress_ranges": {"checked_on": "2026-11-23", "ranges": ["160.79.104.0/21", "153.61.208.0/20"]},
    "remediate": ["organization_tag"],
    "expected_owner_tenant": None,
    "workspace": {"id": "wrkspc_01AbCdEf", "default": True},
}
"""Every kind of value: text, numbers, true, null, lists, mappings, and mappings in a list."""
TRICKY = ["yes", "no", "off", "null", "1e3", "0x1f", "123", "2026-11-23", "~", "a: b", "a #b", "- a", "'", '"', "\\n"]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that files are written under."""
    monkeypatch.setenv("CMEK_HOME", str(tmp_path))
    return tmp_path


def names(folder: Path) -> list[str]:
    """Every file below a folder."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_what_is_written_reads_back_as_the_same_values(home: Path) -> None:
    """As values, as parameters, and under the name that was given; nothing is added and nothing left out."""
    written = write("parameters/mine.yaml", FULL, ["Written by a test."])
    assert yaml_file.read(home / "parameters" / "mine.yaml") == {"parameters": FULL}
    assert written.parameters == load(home / "parameters" / "mine.yaml") == load(FULL)
    assert names(home) == ["parameters/mine.yaml"]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(text=st.one_of(st.sampled_from(TRICKY), st.text(min_size=1, max_size=40).filter(str.isprintable)))
def test_any_text_reads_back_as_it_is(tmp_path: Path, text: str) -> None:
    """What YAML would take for a number, a date, a truth value, a comment or a list stays the text it is."""
    values = {**GIVEN, "external_key_name": text, "workspace": {"create": text}}
    file = tmp_path / "file.yaml"
    file.write_text(rendered(values, []), encoding="utf-8")
    assert yaml_file.read(file) == {"parameters": values}


def test_ids_are_quoted_and_the_file_says_where_it_came_from(home: Path) -> None:
    """A reader sees text for text, one parameter a line, under comments that cannot become anything else."""
    written = write("mine.yaml", GIVEN, ["Written from here.", "two\nlines: and a \x1b[31mcolour"])
    lines = written.path.read_text().splitlines()
    assert lines[:3] == ["# Written from here.", "# two lines: and a [31mcolour", "parameters:"]
    assert f'  tenant_id: "{GIVEN["tenant_id"]}"' in lines and "  key_size: 3072" in lines
    assert '  workspace: {create: "contoso-cmek"}' in lines


def test_a_file_with_other_values_is_not_replaced_unless_asked_for(home: Path) -> None:
    """The refusal names the file, and leaves it as it was; asked for, the new one takes its place."""
    write("mine.yaml", GIVEN, [])
    other = {**GIVEN, "key_name": "other"}
    with pytest.raises(WrongUsage, match=r"mine\.yaml: there is another file of that name"):
        write("mine.yaml", other, [])
    assert load(home / "mine.yaml").key_name == GIVEN["key_name"]
    assert write("mine.yaml", other, [], replace=True).parameters.key_name == "other"
    assert load(home / "mine.yaml").key_name == "other" and names(home) == ["mine.yaml"]


@pytest.mark.parametrize("there", ["", "not: [yaml", "parameters: {}", "other: 1"])
def test_any_other_file_counts_as_another_one(home: Path, there: str) -> None:
    """What cannot be read as a parameter file may be somebody's all the more."""
    (home / "mine.yaml").write_text(there)
    with pytest.raises(WrongUsage, match="another file"):
        write("mine.yaml", GIVEN, [])
    assert (home / "mine.yaml").read_text() == there


def test_a_second_time_changes_nothing(home: Path) -> None:
    """A file that holds these very values is kept, comments and all, and it is said."""
    first = write("mine.yaml", GIVEN, ["on Monday"])
    again = write("mine.yaml", GIVEN, ["on Tuesday"], replace=True)
    assert (first.already, again.already) == (False, True) and "already" in again.view().heading
    assert "on Monday" in again.path.read_text()


def test_what_cannot_be_written_whole_is_not_there_at_all(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that is full half way leaves the old file, and nothing beside it."""
    write("mine.yaml", GIVEN, [])

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(WrongUsage, match="No space left"):
        write("mine.yaml", {**GIVEN, "key_name": "other"}, [], replace=True)
    with pytest.raises(WrongUsage, match="No space left"):
        write("new.yaml", GIVEN, [])
    assert names(home) == ["mine.yaml"] and load(home / "mine.yaml").key_name == GIVEN["key_name"]


@pytest.mark.parametrize("links", [True, False])
def test_a_file_that_somebody_makes_meanwhile_is_not_replaced(
    home: Path, monkeypatch: pytest.MonkeyPatch, links: bool
) -> None:
    """Between looking and writing another one can appear; it stays, with hard links and without."""
    sync, link = os.fsync, Path.hardlink_to

    def appears(descriptor: int) -> None:
        sync(descriptor)
        (home / "mine.yaml").write_text("theirs")

    def linked(path: Path, target: Path) -> None:
        if not links:
            raise OSError(1, "Operation not permitted")
        link(path, target)

    monkeypatch.setattr(os, "fsync", appears)
    monkeypatch.setattr(Path, "hardlink_to", linked)
    with pytest.raises(WrongUsage, match="another file"):
        write("mine.yaml", GIVEN, [])
    assert (home / "mine.yaml").read_text() == "theirs" and names(home) == ["mine.yaml"]


def test_a_drive_without_hard_links_takes_the_file_all_the_same(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some network drives have none."""

    def refused(*_: object) -> None:
        raise OSError(1, "Operation not permitted")

    monkeypatch.setattr(Path, "hardlink_to", refused)
    assert not write("mine.yaml", GIVEN, []).already and names(home) == ["mine.yaml"]


REFUSED: dict[str, tuple[str, dict[str, Any]]] = {
    "incomplete": ("mine.yaml", {name: value for name, value in GIVEN.items() if name != "key_name"}),
    "unknown key": ("mine.yaml", {**GIVEN, "app_id": "x"}),
    "no name": ("  ", GIVEN),
    "not yaml": ("mine.txt", GIVEN),
    "shaped like a secret": ("mine.yaml", {**GIVEN, "external_key_name": "sk-ant-admin01-0123456789abcdefgh"}),
    "the admin key itself": ("mine.yaml", {**GIVEN, "admin_key": "sk-ant-admin01-0123456789abcdefgh"}),
    "a secret in use": ("mine.yaml", {**GIVEN, "external_key_name": "the-password-in-use"}),
    "a secret in the header": ("mine.yaml", {**GIVEN, "key_name": "header"}),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_parameter_file_is_not_written(home: Path, name: str) -> None:
    """What is incomplete, unknown or a secret is refused before anything is there, and a secret is never repeated."""
    path, values = REFUSED[name]
    header = ["by the-password-in-use"] if name == "a secret in the header" else []
    with pytest.raises(RunbookError) as refused:
        write(path, values, header, known=lambda: (Secret("the-password-in-use"),))
    assert refused.value.exit_code == 64 and names(home) == []
    assert "0123456789abcdefgh" not in str(refused.value) and "the-password-in-use" not in str(refused.value)


def test_the_files_of_the_suite_are_not_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even if asked for: the rehearsal and the tests rely on them."""
    monkeypatch.delenv("CMEK_HOME", raising=False)
    for name in ("parameters/rehearsal.yaml", "parameters/../parameters/example.yaml"):
        with pytest.raises(WrongUsage, match="belongs to the suite"):
            write(name, {**GIVEN, "key_name": "other"}, [], replace=True)


def test_it_says_what_to_run_next(home: Path) -> None:
    """The command names the file as it is, in quotes where its name has a space in it."""
    assert write("my file.yaml", GIVEN, []).next_step == f"python runbook.py plan -f '{home}/my file.yaml'"
