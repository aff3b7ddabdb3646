"""The ledger is as EVIDENCE.md says: the table there is read, so that the page and the code cannot part."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args

import pytest

from helpers.cli import main
from helpers.errors import Failed, RunbookError
from helpers.record.ledger import Event, Ledger, read
from helpers.record.secrets import Secret
from tests.record.canaries import FORMS, KNOWN, SHAPED
from tests.steps.walking import Walk

ROOT = Path(__file__).resolve().parents[2]
ALWAYS = ["t", "run", "event", "step", "actor"]
UTC_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


def documented() -> dict[str, list[tuple[str, ...]]]:
    """What the table says that each event holds: one set of names, or another one."""
    text = (ROOT / "helpers" / "evidence" / "EVIDENCE.md").read_text()
    table = text.split("| event | says | holds |")[1].split("\n\n")[0].splitlines()[2:]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table]
    return {event: [tuple(re.findall(r"`(\w+)`", one)) for one in holds.split("; or ")] for event, _, holds in rows}


def refused(rows: Iterable[Mapping[str, Any]]) -> list[str]:
    """Every line that does not hold exactly what the table says, with what it holds."""
    holds = documented()
    return [
        f"{row['event']}: {list(row)}"
        for row in rows
        if list(row)[:5] != ALWAYS
        or not UTC_TIME.fullmatch(row["t"])
        or set(row) - set(ALWAYS) not in [set(names) for names in holds[row["event"]]]
    ]


def test_the_table_names_every_event_and_no_other() -> None:
    """An event is one of those that code can write."""
    assert set(documented()) == set(get_args(Event))
    assert all(names for holds in documented().values() for names in holds)


def test_a_line_that_the_table_does_not_allow_is_seen() -> None:
    """The comparison with the table sees a name too many, one that is missing, and a time that is not UTC."""
    line = {"t": "2026-11-23T12:00:00.000Z", "run": "r", "event": "run_finished", "step": "run", "actor": None}
    assert refused([{**line, "exit_code": 0, "steps": {}, "scan": {}}]) == []
    assert len(refused([{**line, "exit_code": 0, "steps": {}, "scan": {}, "host": "x"}])) == 1
    assert len(refused([line])) == 1
    assert len(refused([{**line, "t": "2026-11-23T12:00:00+00:00", "exit_code": 0, "steps": {}, "scan": {}}])) == 1


def test_steps_write_what_the_table_says(walk: Walk) -> None:
    """All five, with their approvals and changes, and one that stops."""
    with pytest.raises(RunbookError):
        walk.take("03_rbac")
    walk.all()
    rows = walk.rows()
    assert refused(rows) == []
    steps = {"identity", "facts", "plan", "approval", "about_to", "receipt", "verdicts", "stopped", "step_finished"}
    assert {row["event"] for row in rows} == steps
    for row in rows:
        if row["event"] == "plan":
            assert {"step", "digest", "permanent", "seen", "items"} <= set(row["plan"])
        if row["event"] == "approval":
            told = {
                "digest",
                "granted",
                "how",
                "by",
                "tenant_id",
                "approved_at",
                "expires_at",
                "seen",
                "sentence",
                "world",
            }
            assert told <= set(row["approval"])


def test_a_notebook_opened_by_hand_begins_its_own_run_as_the_table_says(
    walk: Walk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its first line says with which suite and parameters, as that of a headless run does."""
    monkeypatch.setenv("CMEK_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    step = walk.begin("01_consent")
    rows = read(step.run.ledger)
    assert [row["event"] for row in rows] == ["run_started", "identity"]
    assert refused(rows) == []


def test_a_check_writes_what_the_table_says(walk: Walk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that ends, and one that stops."""
    monkeypatch.setenv("CMEK_HOME", str(tmp_path / "home"))
    assert main(["check", "-f", str(ROOT / "parameters" / "rehearsal.yaml")]) in (3, 4)
    walk.world.state.identities["operator"].client_secret = "rotated-and-secret"
    assert main(["check", "-f", str(ROOT / "parameters" / "rehearsal.yaml")]) == 1
    ledgers = sorted((tmp_path / "home" / "runs").glob("*/ledger.jsonl"))
    events = [[row["event"] for row in read(ledger)] for ledger in ledgers]
    assert sorted(events) == [
        ["run_started", "identity", "facts", "verdicts", "run_finished"],
        ["run_started", "stopped", "run_finished"],
    ]
    assert [line for ledger in ledgers for line in refused(read(ledger))] == []


def test_parts_of_several_people_join_in_one_run(walk: Walk) -> None:
    """Each line says whose token it was: two people do their parts, and the lines of each name them and nobody else."""
    identities = walk.world.state.identities
    other = "b1111111-0000-4000-8000-00000000000b"
    first = str(identities["operator"].object_id)
    walk.take("01_consent")
    walk.take("02_key")
    identities["operator"] = identities["operator"].model_copy(update={"object_id": other})
    for assignment in walk.world.state.role_assignments.values():
        if assignment.principal_id == first:
            assignment.principal_id = other
    walk.take("03_rbac")
    who = {
        step: {row["actor"] for row in walk.rows() if row["step"] == step}
        for step in ("01_consent", "02_key", "03_rbac")
    }
    assert who == {"01_consent": {first}, "02_key": {first}, "03_rbac": {other}}
    assert len({row["run"] for row in walk.rows()}) == 1


NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", [*KNOWN, *SHAPED])
def test_a_line_with_a_secret_is_not_written(name: str, form: str, tmp_path: Path) -> None:
    """In whatever form it is, known or of a shape: nothing is written, the kind is said, and the secret is not."""
    value = {**KNOWN, **SHAPED}[name]
    known = [Secret(value)] if name in KNOWN else []
    path = tmp_path / "ledger.jsonl"
    ledger = Ledger(path, "run-1", "02_key", lambda: NOW, known=lambda: known)
    with pytest.raises(Failed, match="the ledger line facts would have held ") as stopped:
        ledger.write("facts", facts={"tags": [FORMS[form](value)]})
    assert not path.exists()
    assert value not in str(stopped.value)


WRITER = """
import itertools, sys
from datetime import UTC, datetime
from pathlib import Path
from helpers.record.ledger import Ledger
ledger = Ledger(Path(sys.argv[1]), "run-1", "02_key", lambda: datetime.now(UTC), "ada")
for number in itertools.count():
    ledger.write("facts", number=number, much="x" * 300_000)
    print(number, flush=True)
"""


def test_what_was_written_before_a_kill_is_there_and_the_next_writer_goes_on(tmp_path: Path) -> None:
    """SIGKILL at any moment: every line whose write returned is whole, and a cut one is dropped by who writes next."""
    path = tmp_path / "ledger.jsonl"
    for attempt in range(4):
        path.unlink(missing_ok=True)
        with subprocess.Popen(
            [sys.executable, "-c", WRITER, path], cwd=ROOT, stdout=subprocess.PIPE, text=True
        ) as writer:
            assert writer.stdout is not None
            told = [int(writer.stdout.readline()) for _ in range(3 + attempt)]
            time.sleep(attempt / 1000)
            os.kill(writer.pid, signal.SIGKILL)
            told += [int(line) for line in writer.stdout]
        rows = read(path)
        assert [row["number"] for row in rows][: len(told)] == told
        assert len(rows) - len(told) in (0, 1), "at most the line whose write had not returned"
        Ledger(path, "run-1", "02_key", lambda: NOW, "bob").write("run_finished", exit_code=0, steps={})
        assert [row["actor"] for row in read(path)] == ["ada"] * len(rows) + ["bob"]
        assert path.read_bytes().endswith(b"\n")
