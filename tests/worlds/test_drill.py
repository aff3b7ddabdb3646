"""Whether a drill ended as its world says: what is told, and with which exit code."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from helpers.errors import WrongUsage
from helpers.headless.drill import Ending, Outcome, laid_over
from helpers.parameters import load
from helpers.record import runs
from helpers.record.ledger import Ledger
from tests.services.rehearsed import GIVEN

IN_04 = Ending.of({"exit": 3, "stops_in": "04_verify"})
TO_THE_END = Ending.of({"exit": 0, "stops_in": None})
OUTCOMES = [
    (IN_04, IN_04, 3, "This drill was to stop in 04_verify with exit code 3, and it did."),
    (TO_THE_END, TO_THE_END, 0, "This drill was to run to its end, and it did."),
    (
        IN_04,
        Ending(4, "02_key"),
        1,
        "This drill was to stop in 04_verify with exit code 3, and it did not: it did stop in 02_key with exit code 4.",
    ),
    (
        IN_04,
        TO_THE_END,
        1,
        "This drill was to stop in 04_verify with exit code 3, and it did not: it did run to its end.",
    ),
    (
        TO_THE_END,
        Ending(64, None),
        1,
        "This drill was to run to its end, and it did not: it did end before any step with exit code 64.",
    ),
    (TO_THE_END, Ending(130, "03_rbac"), 130, "This drill was to run to its end, and it was interrupted."),
]


@pytest.mark.parametrize(("wanted", "seen", "code", "told"), OUTCOMES)
def test_an_outcome_is_told_in_one_line(wanted: Ending, seen: Ending, code: int, told: str) -> None:
    """The run's own exit code where it ended as it was to, else 1 and what differed; an interruption stays one."""
    outcome = Outcome(wanted, seen)
    assert (outcome.exit_code, str(outcome)) == (code, told)


@pytest.mark.parametrize("said", [{}, {"exit": 3}, {"exit": 3, "stops_in": "04_verify", "why": "x"}])
def test_a_world_that_does_not_say_it_rightly_is_refused(said: dict[str, object]) -> None:
    """An ending is an exit code and a step, or null; anything else is wrong usage, in one line."""
    with pytest.raises(WrongUsage, match=r"expect\.rehearse takes exit and stops_in"):
        Ending.of(said)


def test_how_a_run_ended_is_read_from_its_own_ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The run of this very world, whatever other runs there are, one of them with a damaged ledger."""
    monkeypatch.setenv("CMEK_HOME", str(tmp_path))
    _run("rehearsal-other", {"01_consent": "kept"})
    _run("rehearsal-mine", {"01_consent": "kept", "02_key": "Refused"})
    _run("rehearsal-another", {"01_consent": "Refused"})
    (tmp_path / "runs" / "damaged").mkdir()
    (tmp_path / "runs" / "damaged" / "ledger.jsonl").write_text("not a line\n", encoding="utf-8")
    assert Ending.seen("rehearsal-mine", 3) == Ending(3, "02_key")
    assert Ending.seen("rehearsal-mine", 0) == Ending(0, None)
    assert Ending.seen("rehearsal-none", 64) == Ending(64, None)


def test_a_run_that_was_cut_off_stopped_in_no_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A ledger without an end says nothing of a step, so the drill did not end as it was to."""
    monkeypatch.setenv("CMEK_HOME", str(tmp_path))
    _run("rehearsal-mine", None)
    assert Ending.seen("rehearsal-mine", 1) == Ending(1, None)


def test_parameters_of_a_world_are_laid_over_those_of_a_file(tmp_path: Path) -> None:
    """Each of them is replaced as a whole, the others stay, and the file they are from is not touched."""
    before = dict(GIVEN)
    file = laid_over(GIVEN, {"role_scope": "vault", "accepted_deviations": []}, tmp_path / "world.yaml")
    merged = load(file)
    assert (merged.role_scope, merged.accepted_deviations) == ("vault", [])
    assert merged.vault_name == GIVEN["vault_name"]
    assert before == GIVEN


def _run(world: str, steps: dict[str, str] | None) -> None:
    """A run in a world, with how its steps ended."""
    run = runs.new()
    ledger = Ledger(run.ledger, run.id, "run", lambda: datetime(2026, 11, 23, tzinfo=UTC))
    ledger.write("run_started", world=world)
    if steps is not None:
        ledger.write("run_finished", exit_code=3, steps=steps)
