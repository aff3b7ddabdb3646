"""Sealing that is cut off anywhere leaves a run that is not sealed and can be sealed; two at once make one chain."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path

import pytest

from helpers.errors import Failed, Refused, RunbookError
from helpers.evidence import files, seal_lock, sealing
from helpers.evidence.scan import scan
from helpers.evidence.sealing import How
from helpers.evidence.signers import PemSigner
from helpers.record import ledger
from helpers.record.runs import Run
from helpers.waiting import Waiter
from tests.evidence.building import ACTOR, NOW, QUIET, ROOT, looked, run_folder, seal, statement_of
from tests.evidence.tsa import Authority

CHILD = """
import os, signal, sys
from pathlib import Path
from tests.evidence import building
from helpers.evidence.signers import pem_signer
from helpers.record.runs import Run

folder, key, url, left = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], int(sys.argv[4])
run, signer = Run(folder), pem_signer(Path(sys.argv[2]), None)
WATCHED = ("open", "os.rename", "os.remove", "shutil.rmtree", "os.mkdir", "fcntl.flock", "os.scandir")
count = 0

def watch(event, arguments):
    global count
    if event in WATCHED and (event == "fcntl.flock" or str(arguments[0]).startswith(str(folder)) or event == "os.scandir"):
        count += 1
        if count == left:
            os.kill(os.getpid(), signal.SIGKILL)

sys.addaudithook(watch)
building.seal(run, signer, timestamp=url or None)
print(count)
"""
"""Seals a run, and is killed at the n-th time it touches the run's folder, wherever that is."""


@dataclass(frozen=True)
class Killed:
    """How a sealing child ended."""

    code: int
    touched: int


def sealing_child(run: Run, key: Path, url: str, left: int) -> Killed:
    command = [sys.executable, "-c", CHILD, str(run.folder), str(key), url, str(left)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode in (0, -signal.SIGKILL), done.stderr
    return Killed(done.returncode, int(done.stdout or 0))


@pytest.mark.slow
def test_a_sealing_killed_anywhere_can_be_done_again(
    tmp_path: Path, private_file: Path, signer: PemSigner, authority: Authority
) -> None:
    """Killed at every touch of the run's folder: never half sealed, and sealed by the next one, as if nothing was."""
    whole = run_folder(tmp_path / "whole")
    touched = sealing_child(whole, private_file, authority.url, 0).touched
    assert looked(whole, signer).exit_code == 0
    assert touched > 40
    unsealed = 0
    for left in range(1, touched + 1):
        run = run_folder(tmp_path / str(left))
        before = {path: path.read_bytes() for path in run.folder.rglob("*") if path.is_file()}
        assert sealing_child(run, private_file, authority.url, left).code == -signal.SIGKILL
        code = looked(run, signer).exit_code
        if (run.folder / files.STATEMENT).exists():
            assert code == 0, left
        else:
            unsealed += 1
            assert code == 4, left
            seal(run, signer, timestamp=authority.url)
            assert looked(run, signer).exit_code == 0, left
        assert all(path.read_bytes() == data for path, data in before.items()), left
        names = files.listing(run.folder).plain
        assert names == files.listing(whole.folder).plain, left
    assert unsealed >= touched - 3


class Cut(BaseException):
    """Stands for Ctrl-C and whatever else is no Exception."""


@dataclass
class CutSigner:
    """Signs, or is cut off."""

    inner: PemSigner
    error: BaseException

    @property
    def public_key(self) -> object:
        return self.inner.public_key

    def sign(self, data: bytes) -> bytes:
        raise self.error


@pytest.mark.parametrize("error", [Cut(), KeyboardInterrupt(), OSError(28, "No space left on device"), Failed("no")])
def test_a_sealing_that_fails_takes_away_what_it_made(error: BaseException, tmp_path: Path, signer: PemSigner) -> None:
    """The run is as it was before, whatever was raised."""
    run = run_folder(tmp_path)
    before = {path: path.read_bytes() for path in run.folder.rglob("*") if path.is_file()}
    with pytest.raises(type(error)):
        seal(run, CutSigner(signer, error))  # type: ignore[arg-type]
    assert {path: path.read_bytes() for path in run.folder.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize("held", ["the folder", "the ledger"])
def test_a_lock_that_is_not_freed_is_told(held: str, tmp_path: Path, signer: PemSigner) -> None:
    """Exit 3 after a minute of waiting, which is said meanwhile, and nothing is sealed."""
    said: list[str] = []
    slept: list[float] = []
    run = run_folder(tmp_path)
    descriptor = os.open(tmp_path if held == "the folder" else run.ledger, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        with pytest.raises(Refused, match="not sealed: another sealing"):
            seal(run, signer, wait=Waiter(said.append, slept.append, lambda: sum(slept)))
    finally:
        os.close(descriptor)
    assert sum(slept) == pytest.approx(seal_lock.AT_MOST_SECONDS) and max(slept) <= seal_lock.LONGEST_PAUSE_SECONDS
    assert said[0].startswith("Waiting for another sealing here to end")
    assert not (run.folder / files.STATEMENT).exists()
    seal(run, signer)


@pytest.mark.parametrize("number", [2, 4])
def test_runs_sealed_at_once_make_one_chain(number: int, tmp_path: Path, signer: PemSigner) -> None:
    """Each waits for the one before: numbers 1, 2, 3, ... without a fork."""
    made = [run_folder(tmp_path, f"2026110{one}T090000Z-a1b2c3") for one in range(1, number + 1)]
    at_once(made, signer)
    said = sorted((statement_of(run) for run in made), key=lambda one: one.sequence)
    assert [one.sequence for one in said] == list(range(1, number + 1))
    assert [one.previous.run if one.previous else None for one in said] == [None, *(one.run for one in said[:-1])]


def at_once(made: list[Run], signer: PemSigner) -> list[RunbookError]:
    ready, told = threading.Barrier(len(made)), []

    def one(run: Run) -> None:
        ready.wait()
        try:
            seal(run, signer)
        except RunbookError as error:
            told.append(error)

    threads = [threading.Thread(target=one, args=(run,)) for run in made]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return told


def test_one_run_sealed_twice_at_once_is_sealed_once(tmp_path: Path, signer: PemSigner) -> None:
    """The second is refused, and the seal of the first is whole."""
    run = run_folder(tmp_path)
    [refused] = at_once([run, run], signer)
    assert "already sealed" in str(refused)
    assert looked(run, signer).exit_code == 0


def test_processes_that_seal_one_run_at_once_seal_it_once(
    tmp_path: Path, private_file: Path, signer: PemSigner
) -> None:
    """The lock holds between processes too."""
    run = run_folder(tmp_path)
    command = [sys.executable, "-c", CHILD, str(run.folder), str(private_file), "", "0"]
    children = [
        subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    told = [child.communicate(timeout=60)[1] for child in children]
    assert sorted(child.returncode for child in children) == [0, 1, 1]
    assert sum("already sealed" in said for said in told) == 2
    assert looked(run, signer).exit_code == 0


def test_no_line_is_written_while_a_run_is_sealed(tmp_path: Path, signer: PemSigner) -> None:
    """A writer of the ledger waits until the seal is made, and then finds it and writes nothing: the seal holds."""
    run = run_folder(tmp_path)
    writers = []
    refused: list[str] = []
    lines = len(ledger.read(run.ledger))

    def pages(_: Run) -> None:
        writer = threading.Thread(target=late, args=(run, refused))
        writer.start()
        writers.append(writer)
        writer.join(0.3)
        assert writer.is_alive()

    sealing.seal(run, How(signer), lambda: NOW, pages=pages, scan=scan, wait=QUIET)
    writers[0].join()
    assert statement_of(run).ledger.lines == lines == len(ledger.read(run.ledger))
    assert refused == [f"{run.id} was sealed in the meantime, so stopped was not written into it"]


def late(run: Run, refused: list[str]) -> None:
    try:
        ledger.Ledger(run.ledger, run.id, "run", lambda: NOW, ACTOR).write("stopped", error="x", exit_code=1, lines=[])
    except Failed as error:
        refused.append(error.what)
