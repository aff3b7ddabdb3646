"""What `test --all` makes of the drills: counted by cells, and never green for drills that did not run to their end."""

from __future__ import annotations

import pytest

from tests.drills.crash.__main__ import summary
from tests.drills.crash.cells import Crash
from tests.drills.crash.grounds import Request
from tests.drills.crash.kernels import Alike, Kernel
from tests.drills.crash.lanes import Cell, Done
from tests.suite import count_cells

CRASH = Crash("onboard", Request("GetKey", 3), "lost", "anew")
CELLS: list[Cell] = [CRASH, Kernel(CRASH), Alike("onboard"), CRASH]
RIGHT = (
    "crash cells 4 run, 4 converged, 2 of them as one that left the same; "
    "overtaken cells 2 run, 2 converged; fault cells 3 run, 3 right; duplicates 0"
)
WRONG = (
    "crash cells 4 run, 3 converged, 1 of them as one that left the same; "
    "overtaken cells 2 run, 2 converged; fault cells 3 run, 1 right; duplicates 1"
)


def test_cells_are_counted_by_matrix() -> None:
    """A cell through kernels is a crash cell; what is wrong or says nothing is run and not right; duplicates add up."""
    results = [
        Done(0, 1.0, ("1 there, 2 wanted",), duplicates=2),
        Done(1, 1.0),
        Done(2, 1.0),
        Done(3, 1.0, error="it hung", duplicates=1),
    ]
    assert summary(CELLS, results).startswith(
        "crash cells 3 run, 1 converged, 0 of them as one that left the same; overtaken cells 0 run, 0 converged; "
    )
    assert summary(CELLS, results).endswith("; duplicates 3")


@pytest.mark.parametrize(
    ("output", "code", "counted"),
    [
        (f"797 cells\n{RIGHT}\n", 0, (9, 0, RIGHT)),
        (f"797 cells\n{WRONG}\n", 1, (6, 3, WRONG)),
        (f"{RIGHT}\n", 1, (9, 1, RIGHT)),
        ("Traceback (most recent call last):\n", 1, (0, 1, "")),
        ("", 0, (0, 1, "")),
    ],
    ids=["all right", "some wrong", "not all were run", "broke off", "said nothing"],
)
def test_drills_that_did_not_end_well_are_counted_as_failed(
    output: str, code: int, counted: tuple[int, int, str]
) -> None:
    """No drill that failed, broke off or ran nothing adds up to a green sum."""
    assert count_cells(output, code) == counted
