"""Sealed runs of one target follow on each other; what is missing, doubled or out of place in an archive is said."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from helpers.errors import WrongUsage
from helpers.evidence import files
from helpers.evidence.signers import PemSigner
from helpers.evidence.statement import Previous
from helpers.record.runs import Run
from tests.evidence.building import (
    NOW,
    WORLD,
    Told,
    run_folder,
    seal,
    sealed_run,
    stated_anew,
    statement_of,
)

Command = Callable[..., Told]


def name(number: int, month: int = 11) -> str:
    return f"2026{month}{number:02}T090000Z-a1b2c3"


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    return tmp_path / "runs"


@pytest.fixture
def three(runs: Path, signer: PemSigner) -> tuple[Run, Run, Run]:
    """Three sealed runs of one target, in their order."""
    first, second, third = (sealed_run(runs, signer, name(number)) for number in (1, 2, 3))
    return first, second, third


def previous(run: Run) -> Previous:
    return Previous(run.id, files.sha256(run.folder / files.STATEMENT))


def test_each_run_names_the_one_before_it(three: tuple[Run, Run, Run]) -> None:
    """Numbers from 1, and the id and digest of the one before."""
    said = [statement_of(run) for run in three]
    assert [one.sequence for one in said] == [1, 2, 3]
    assert [one.previous for one in said] == [None, previous(three[0]), previous(three[1])]


@pytest.mark.parametrize(
    "about",
    [
        {"world": WORLD},
        {"key_name": "another"},
        {"vault_name": "kv-other"},
        {"organization_id": "99999999-4444-4555-8666-777777777777"},
        {"tenant_id": "99999999-4444-4555-8666-777777777777"},
        {"resource_group": "rg-other"},
    ],
    ids=lambda about: next(iter(about)),
)
def test_another_target_or_world_is_another_chain(about: dict[str, str], runs: Path, signer: PemSigner) -> None:
    """A rehearsal never stands between live runs, nor one target between those of another."""
    first = sealed_run(runs, signer, name(1))
    assert statement_of(sealed_run(runs, signer, name(2), **about)).sequence == 1
    third = sealed_run(runs, signer, name(3))
    assert (statement_of(third).sequence, statement_of(third).previous) == (2, previous(first))


def test_two_worlds_are_two_chains(runs: Path, signer: PemSigner) -> None:
    """Each start of a rehearsal cloud is a world of its own."""
    for number, world in ((1, WORLD), (2, "rehearsal-1"), (3, WORLD)):
        sealed_run(runs, signer, name(number), world=world)
    assert [statement_of(Run(runs / name(number))).sequence for number in (1, 2, 3)] == [1, 1, 2]


def test_the_spelling_of_a_target_does_not_matter(runs: Path, signer: PemSigner) -> None:
    """Azure's names are the same in capitals."""
    sealed_run(runs, signer, name(1))
    assert statement_of(sealed_run(runs, signer, name(2), vault_name="KV-Contoso-Claude")).sequence == 2


def test_a_run_that_is_not_sealed_is_no_link(runs: Path, signer: PemSigner) -> None:
    """The chain is one of sealed runs, in the order in which they were sealed."""
    first = run_folder(runs, name(1))
    second = sealed_run(runs, signer, name(2))
    seal(first, signer)
    assert (statement_of(second).sequence, statement_of(first).sequence) == (1, 2)
    assert statement_of(first).previous == previous(second)


def test_a_statement_that_cannot_be_read_is_left_out_and_said(runs: Path, signer: PemSigner) -> None:
    """It is no reason not to seal, and it is not passed over in silence."""
    broken = sealed_run(runs, signer, name(1))
    (broken.folder / files.STATEMENT).write_text("{}")
    sealed = seal(run_folder(runs, name(2)), signer)
    assert sealed.sequence == 1
    assert any(broken.id in note and "left out of the chain" in note for note in sealed.lines())


def test_a_previous_run_in_another_folder_can_be_named(tmp_path: Path, runs: Path, signer: PemSigner) -> None:
    """Where runs are made on machines that forget, the one before is fetched and named."""
    earlier = sealed_run(tmp_path / "fetched", signer, name(1))
    run = run_folder(runs, name(2))
    assert seal(run, signer, previous=earlier.folder).sequence == 2
    assert statement_of(run).previous == previous(earlier)


def test_a_newer_run_here_comes_before_the_one_that_is_named(tmp_path: Path, runs: Path, signer: PemSigner) -> None:
    """A name that stays in the parameters does not make a fork."""
    earlier = sealed_run(tmp_path / "fetched", signer, name(1))
    second, third = run_folder(runs, name(2)), run_folder(runs, name(3))
    seal(second, signer, previous=earlier.folder)
    assert seal(third, signer, previous=earlier.folder).sequence == 3
    assert statement_of(third).previous == previous(second)


@pytest.mark.parametrize("about", [{"key_name": "another"}, {"world": WORLD}], ids=["target", "world"])
def test_a_previous_run_of_another_chain_is_refused(
    about: dict[str, str], tmp_path: Path, runs: Path, signer: PemSigner
) -> None:
    """Nothing is sealed."""
    other = sealed_run(tmp_path / "fetched", signer, name(1), **about)
    run = run_folder(runs, name(2))
    with pytest.raises(WrongUsage, match="about another target, or another world"):
        seal(run, signer, previous=other.folder)
    assert not (run.folder / files.STATEMENT).exists()


def test_a_previous_run_that_is_not_sealed_is_refused(tmp_path: Path, runs: Path, signer: PemSigner) -> None:
    """Nor is a folder that is no run."""
    run = run_folder(runs, name(2))
    for folder in (tmp_path / "none", run_folder(tmp_path, name(1)).folder):
        with pytest.raises(WrongUsage, match="its statement cannot be read"):
            seal(run, signer, previous=folder)


def test_a_whole_chain_is_proven(three: tuple[Run, Run, Run], runs: Path, key_file: Path, command: Command) -> None:
    """Exit 0, the runs in their order, and that a newer one could have been deleted."""
    told = command("evidence", "verify", "--archive", runs, "--key", key_file, "--json")
    assert told.code == 0, told.err
    assert "  Proven: runs 1 to 3 follow on each other without a gap" in told.lines
    assert f"  Not proven: that no run after {name(3)} was deleted: nothing here shows it" in told.lines
    [chain] = told.json["chains"]
    assert chain["runs"] == [name(1), name(2), name(3)]
    assert (chain["proven"], chain["broken"]) == (["runs 1 to 3 follow on each other without a gap"], [])
    assert [one["needed"] for one in chain["not_proven"]] == [False]
    assert told.lines[-1] == "Exit 0: 3 runs, 1 chains"


def gone(run: Run) -> None:
    shutil.rmtree(run.folder)


@pytest.mark.parametrize(
    ("number", "line"),
    [
        (0, f"run 1 of this target, {name(1)}, is not here"),
        (1, f"run 2 of this target, {name(2)}, is not here"),
    ],
)
def test_a_gap_is_broken_and_named(
    number: int, line: str, three: tuple[Run, Run, Run], runs: Path, key_file: Path, command: Command
) -> None:
    """A run that was deleted from the middle or the beginning is missed: exit 1."""
    gone(three[number])
    told = command("evidence", "verify", "--archive", runs, "--key", key_file)
    assert told.code == 1
    assert f"  Broken: {three[number + 1].id}: {line}" in told.lines
    assert not any("without a gap" in one for one in told.lines)


def test_the_newest_run_deleted_cannot_be_seen_and_that_is_said(
    three: tuple[Run, Run, Run], runs: Path, key_file: Path, command: Command
) -> None:
    """Exit 0, with the words that nothing here shows it."""
    gone(three[2])
    told = command("evidence", "verify", "--archive", runs, "--key", key_file)
    assert told.code == 0
    assert f"  Not proven: that no run after {name(2)} was deleted: nothing here shows it" in told.lines


def test_a_fork_is_broken_and_named(
    three: tuple[Run, Run, Run], tmp_path: Path, runs: Path, signer: PemSigner, key_file: Path, command: Command
) -> None:
    """Two runs with one number, as two machines could make them or somebody who hides one: exit 1."""
    fork = run_folder(tmp_path / "elsewhere", name(9))
    seal(fork, signer, previous=three[1].folder)
    shutil.copytree(fork.folder, runs / fork.id)
    told = command("evidence", "verify", "--archive", runs, "--key", key_file)
    assert told.code == 1
    assert f"  Broken: {fork.id}: two runs have the number 3: {name(3)} and {fork.id}" in told.lines


def test_a_run_that_was_replaced_breaks_the_next(
    three: tuple[Run, Run, Run], runs: Path, signer: PemSigner, key_file: Path, command: Command
) -> None:
    """A second run sealed again, by who holds the key, is not the one that the third names."""
    later = (NOW + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    stated_anew(three[1], replace(statement_of(three[1]), sealed_at=later), signer)
    told = command("evidence", "verify", "--archive", runs, "--key", key_file)
    assert told.code == 1
    assert f"  Broken: {name(3)}: the previous run it names, {name(2)}, is not the one that is here" in told.lines


def test_a_broken_run_is_named_within_an_archive(
    three: tuple[Run, Run, Run], runs: Path, key_file: Path, command: Command
) -> None:
    """Each run is verified; one that is broken is exit 1 for all."""
    (three[1].folder / "kernels.log").write_text("other")
    told = command("evidence", "verify", "--archive", runs, "--key", key_file, "--json")
    assert told.code == told.json["exit_code"] == 1
    assert [one["exit_code"] for one in told.json["runs"]] == [0, 1, 0]
    assert "Broken: kernels.log: is not as it was sealed" in told.lines


def test_a_run_that_is_not_sealed_is_not_proven_within_an_archive(
    three: tuple[Run, Run, Run], runs: Path, key_file: Path, command: Command
) -> None:
    """Exit 4 for all: nobody can say what is in it."""
    run_folder(runs, name(4))
    told = command("evidence", "verify", "--archive", runs, "--key", key_file)
    assert told.code == 4
    assert "Not proven: anything: the run is not sealed (needed)" in told.lines


def test_rehearsals_and_live_runs_are_told_apart(
    runs: Path, signer: PemSigner, key_file: Path, command: Command
) -> None:
    """Two chains, and REHEARSAL stands first in the one that is."""
    sealed_run(runs, signer, name(1))
    sealed_run(runs, signer, name(2), world=WORLD)
    told = command("evidence", "verify", "--archive", runs, "--key", key_file, "--json")
    assert told.code == 0
    assert sorted(str(chain["rehearsal"]) for chain in told.json["chains"]) == ["None", WORLD]
    assert any(line.startswith(f"REHEARSAL ({WORLD}): key claude-cmek in ") for line in told.lines)
    assert any(line.startswith("Live: key claude-cmek in ") for line in told.lines)
    assert command("evidence", "verify", "--archive", runs, "--key", key_file, "--require-live").code == 1


def test_an_empty_archive_is_not_called_proven(runs: Path, command: Command) -> None:
    """Nothing there is nothing proven: exit 4."""
    runs.mkdir()
    told = command("evidence", "verify", "--archive", runs)
    assert told.code == 4
    assert "Not proven: anything: there is no run here (needed)" in told.lines


@pytest.mark.parametrize("option", [("--run-id", name(1)), ("--expect-digest", "0" * 64)])
def test_what_is_about_one_run_is_not_asked_of_an_archive(
    option: tuple[str, str], runs: Path, command: Command
) -> None:
    """Wrong usage."""
    runs.mkdir()
    assert command("evidence", "verify", "--archive", runs, *option).code == 64
