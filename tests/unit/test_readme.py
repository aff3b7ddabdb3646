"""README.md says what there is: its table has every parameter, its commands exist, and its links lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

from click import Group

from helpers.cli import _commands
from helpers.parameters import Parameters

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")


def section(title: str) -> str:
    """The text below a heading, up to the next of its kind."""
    return TEXT.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def firsts(title: str) -> list[str]:
    """What stands in code in the first column of a section's table."""
    rows = [line.split("|")[1] for line in section(title).splitlines() if line.startswith("| `")]
    return [name for row in rows for name in re.findall(r"`([^`]+)`", row)]


def test_the_table_of_parameters_is_the_model() -> None:
    """Each parameter has its place in the table, and nothing else stands there."""
    assert sorted(firsts("Parameters")) == sorted(Parameters.model_fields)


def test_every_command_is_there() -> None:
    """The table's commands are those that the suite has, and `test`, which runbook.py itself runs."""
    named = {name.split()[0] for name in firsts("Commands") if not name.startswith("-")}
    assert named - {"verify", "publish"} == {*_commands().commands, "test"}
    evidence = _commands().commands["evidence"]
    assert isinstance(evidence, Group) and set(evidence.commands) == {"seal", "verify", "publish"}


def test_links_lead_somewhere() -> None:
    """A link to a file of the project names one that is there."""
    links = re.findall(r"\]\(([^)#]+)\)", TEXT)
    assert links and all((ROOT / link).exists() for link in links), links
