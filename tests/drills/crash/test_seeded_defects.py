"""The matrices see what they are for: a defect is put into a copy of the suite, and named cells must turn red by it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.drills.seeding import Copy, Ended, copied

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Defect:
    """One place changed in one file, the cells that must turn red by it, and what is told of each."""

    promise: str
    file: str
    right: str
    wrong: str
    cells: tuple[str, ...]
    told: str


DEFECTS = (
    Defect(
        "the SDK's retries are left on for the key",
        "helpers/services/keys.py",
        "                    expires_on=expires,\n                    retry_total=0,\n",
        "                    expires_on=expires,\n",
        ("fault:onboard:CreateKey#1:503 lost", "fault:onboard:CreateKey#1:503 lost, with Retry-After"),
        "key version: 2 there, 1 wanted",
    ),
    Defect(
        "the SDK's retries are left on for the Admin API",
        "helpers/services/admin.py",
        "            max_retries=0,\n",
        "            max_retries=2,\n",
        ("fault:onboard:external key create#1:500 lost", "fault:onboard:external key create#1:reset lost"),
        "external key: 2 there, 1 wanted",
    ),
    Defect(
        "after an unclear answer nobody looks",
        "helpers/services/once.py",
        "    found = look()\n",
        "    found: Found[T] = Absent()\n",
        (
            "fault:onboard:CreateKey#1:reset lost",
            "fault:onboard:workspace create#1:504 lost",
            "fault:mend:Vaults_Update#2:truncated body",
        ),
        "it could have ended right, and stopped with exit code 1",
    ),
    Defect(
        "apply does not look and plan again",
        "helpers/apply.py",
        "        fresh = again()\n",
        "        fresh = plan\n",
        ("overtaken:onboard:02_key#1", "overtaken:onboard:05_register#1"),
        "2 there, 1 wanted",
    ),
    Defect(
        "an external key that is there is registered again",
        "helpers/steps/register.py",
        "    if not mine:\n        return Register(wanted)\n",
        "    if True:\n        return Register(wanted)\n",
        (
            "crash:onboard:external key create#1:lost:anew",
            "crash:onboard:workspace create#1:before:anew",
        ),
        "external key: 2 there, 1 wanted",
    ),
    Defect(
        "what a kill left of a ledger line stays",
        "helpers/record/ledger.py",
        "            drop_cut_line(ledger)\n",
        "",
        ("crash:onboard:CreateKey#1:lost:continued", "crash:onboard:CreateKey#1:before:continued"),
        "damaged",
    ),
)


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Copy]:
    """The suite as it is, in a folder of its own."""
    with copied(tmp_path_factory.mktemp("seeded")) as made:
        yield made


def run_cells(copy: Copy, *cells: str) -> Ended:
    """Run cells of a copy."""
    return copy.run("tests.drills.crash", *(argument for cell in cells for argument in ("--cell", cell)))


def told_of(cell: str, output: str) -> str:
    """What the table says of a cell that is not right; empty where it is not in it."""
    _, _, after = output.partition(f"\n{cell}\n")
    return after.partition("\n  Again: ")[0]


def test_without_a_defect_the_named_cells_are_right(copy: Copy) -> None:
    """The copy is the suite, every named cell is one that there is, and all are green before anything is broken."""
    cells = list(dict.fromkeys(cell for defect in DEFECTS for cell in defect.cells))
    done = run_cells(copy, *cells)
    assert done.code == 0, done.said
    assert f"\n{len(cells)} cells in " in f"\n{done.said}"
    assert done.said.strip().endswith("duplicates 0")


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda defect: defect.promise)
def test_a_seeded_defect_turns_its_cells_red(copy: Copy, defect: Defect) -> None:
    """The right place is there exactly once; with the wrong one each named cell is run, and told to be not right."""
    with copy.broken(defect.file, defect.right, defect.wrong):
        done = run_cells(copy, *defect.cells)
    assert done.code == 1, done.said
    for cell in defect.cells:
        assert defect.told in told_of(cell, done.said), done.said
