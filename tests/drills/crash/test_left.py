"""Which killed runs have left the same: a second run is only spared where it could not tell one from the other."""

from __future__ import annotations

import json
from pathlib import Path

from tests.drills.crash.__main__ import judged
from tests.drills.crash.cells import Crash
from tests.drills.crash.grounds import Request
from tests.drills.crash.lanes import Cell, Done
from tests.drills.crash.left import files, left_before


def home(folder: Path, number: int, *events: str, held: bool = False) -> Path:
    """What a killed run leaves, with ids, times and a process of its own."""
    run = f"2026112{number}T10342{number}Z-ceb6e{number}"
    (folder / "runs" / run / "notebooks").mkdir(parents=True)
    (folder / "runs" / run / "notebooks" / "02_key.ipynb").touch()
    rows = [
        {
            "t": f"2026-11-23T09:00:0{number}.50Z",
            "run": run,
            "event": event,
            "world": f"rehearsal-bbe05d9{number}",
            "request_id": f"req_{number:032x}",
            "key": f"{number:032x}",
            "public_key_sha256": f"{number:064x}",
        }
        for event in events
    ]
    (folder / "runs" / run / "ledger.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (folder / "printed.log").write_text(f"it took {number} s")
    if held:
        (folder / "locks").mkdir()
        (folder / "locks" / f"{number:032x}.json").write_text(f'{{"pid": 3200{number}, "run": "{run}"}}')
    return folder


def test_what_two_runs_make_differently_means_nothing(tmp_path: Path) -> None:
    """Ids, times, worlds, processes and key material; each with a lock that nobody holds any more."""
    one, other = home(tmp_path / "1", 1, "plan", held=True), home(tmp_path / "2", 2, "plan", held=True)
    assert files(one) == files(other) != []


def test_another_line_or_another_file_is_another_leftover(tmp_path: Path) -> None:
    """One event more in the ledger, another event, a lock: each could be told by a second run."""
    seen = [
        files(home(tmp_path / "1", 1, "plan")),
        files(home(tmp_path / "2", 2, "plan", "about_to")),
        files(home(tmp_path / "3", 3, "facts")),
        files(home(tmp_path / "4", 4, "plan", held=True)),
    ]
    assert all(one != other for number, one in enumerate(seen) for other in seen[:number])


def test_the_first_to_leave_something_is_the_one_that_goes_on(tmp_path: Path) -> None:
    """Whoever comes after it is told its name."""
    assert left_before(tmp_path, "a", "crash:onboard:GetKey#1:lost:anew") == ""
    assert left_before(tmp_path, "a", "crash:onboard:GetKey#2:lost:anew") == "crash:onboard:GetKey#1:lost:anew"
    assert left_before(tmp_path, "b", "crash:onboard:GetKey#2:lost:anew") == ""


def test_a_cell_is_right_only_where_the_one_it_is_like_is() -> None:
    """A second run that went wrong, or was never made, counts for all that would have begun from the same."""
    cells: list[Cell] = [Crash("onboard", Request("GetKey", number), "lost", "anew") for number in (1, 2, 3)]
    one, like_one, like_none = Done(0, 1.0), Done(1, 1.0, like=str(cells[0])), Done(2, 1.0, like="another")
    assert [done.right for done in judged(cells, [one, like_one, like_none])] == [True, True, False]
    wrong = Done(0, 1.0, ("key version: 2 there, 1 wanted",))
    assert [done.right for done in judged(cells, [wrong, like_one])] == [False, False]
