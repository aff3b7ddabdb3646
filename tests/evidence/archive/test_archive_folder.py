"""Publishing to a folder: laid out as verify reads it, made once, never written over, never half a file."""

from __future__ import annotations

import errno
import os
import signal
import stat
from pathlib import Path
from typing import Any

import pytest

from helpers.display import text
from helpers.errors import Failed, WrongUsage
from helpers.evidence import archive, archive_folder
from helpers.evidence.archived import Published
from helpers.evidence.asked import Asked
from helpers.evidence.many import verify_all
from helpers.record.runs import Run
from tests.evidence.archive.publishing import in_child_killed_at
from tests.evidence.archive.runs_sealed import NAMES, RUN, contents, sealed, states


@pytest.fixture
def to(tmp_path: Path) -> Path:
    return tmp_path / "Läufe 2026"


def publish(run: Run, to: Path) -> Published:
    return archive.publish(run, str(to), None)


def left_behind(to: Path) -> list[str]:
    """What lies beside the runs."""
    return [path.name for path in to.iterdir() if path.is_file()]


def test_every_file_is_there_and_the_same(run: Run, to: Path) -> None:
    """A sealed run is there under its id, byte for byte, read-only, with nothing beside it, and not immutable."""
    done = publish(run, to)
    assert (done.exit_code, states(done)) == (0, dict.fromkeys(NAMES, "uploaded"))
    assert contents(to / RUN) == contents(run.folder)
    assert {stat.S_IMODE(path.stat().st_mode) for path in (to / RUN).rglob("*") if path.is_file()} == {0o444}
    assert [path.name for path in to.iterdir()] == [RUN]
    assert list(done.view().notes) == ["Immutability: not immutable: anybody with write or delete rights can remove it"]


def test_verify_reads_the_archive(run: Run, to: Path, tmp_path: Path) -> None:
    """Two runs that were published verify from the archive alone: one chain without a gap, nothing broken."""
    other = sealed(tmp_path / "runs", "20261102T090000Z-abc124")
    assert [publish(one, to).exit_code for one in (run, other)] == [0, 0]
    found = verify_all(to, Asked())
    assert [chain.runs for chain in found.chains] == [(RUN, other.id)]
    assert not [line for line in found.lines() if line.strip().startswith("Broken")]
    assert "Proven: runs 1 to 2 follow on each other without a gap" in "\n".join(found.lines())


def test_published_again_it_is_kept(run: Run, to: Path) -> None:
    """A second publishing writes nothing and says kept."""
    publish(run, to)
    before = {path: path.stat().st_mtime_ns for path in to.rglob("*")}
    done = publish(run, to)
    assert (done.exit_code, states(done)) == (0, dict.fromkeys(NAMES, "kept"))
    assert {path: path.stat().st_mtime_ns for path in to.rglob("*")} == before


@pytest.mark.parametrize("content", [b"", b"<p>the decision</p>", b"another"])
def test_something_else_is_never_written_over(content: bytes, run: Run, to: Path) -> None:
    """Where a file of the run's name holds something else: exit 1, it is named, nothing is written or changed."""
    (to / RUN).mkdir(parents=True)
    (to / RUN / "report.html").write_bytes(content)
    done = publish(run, to)
    assert (done.exit_code, states(done)["report.html"]) == (1, "differs")
    assert contents(to) == {f"{RUN}/report.html": content}
    assert f"report.html             something else is there: {len(content)} of its 19000 bytes" in text(done.view())


@pytest.mark.parametrize("name", ["notes.txt", "a b.html", "notebooks/extra.ipynb"])
def test_a_name_that_is_not_the_runs_stops_it(name: str, run: Run, to: Path) -> None:
    """A file that is not the run's is said, and nothing is written."""
    (to / RUN / name).parent.mkdir(parents=True)
    (to / RUN / name).write_bytes(b"x")
    done = publish(run, to)
    assert done.exit_code == 1
    assert [foreign.partition(" (")[0] for foreign in done.foreign] == [name]
    assert contents(to) == {f"{RUN}/{name}": b"x"}


@pytest.mark.parametrize("name", ["report.html", "notebooks"])
def test_a_symlink_in_the_place_of_a_file_or_folder(name: str, run: Run, to: Path, tmp_path: Path) -> None:
    """A symlink below the run's folder is told and not followed, even where it leads to the very same bytes."""
    (to / RUN).mkdir(parents=True)
    (to / RUN / name).symlink_to(run.folder / name)
    done = publish(run, to)
    assert (done.exit_code, done.foreign) == (1, (f"{name} (a symlink)",))
    assert [path.name for path in (to / RUN).iterdir()] == [name]


def test_a_symlink_in_the_place_of_the_run(run: Run, to: Path, tmp_path: Path) -> None:
    """A symlink in the place of the run's folder is told, and nothing is written through it."""
    to.mkdir()
    (tmp_path / "elsewhere").mkdir()
    (to / RUN).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(Failed, match="is a symlink there"):
        publish(run, to)
    assert not list((tmp_path / "elsewhere").iterdir())


def test_a_symlink_that_comes_meanwhile(run: Run, to: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A symlink that somebody puts in the place of a folder while it is published is not written through."""
    (tmp_path / "elsewhere").mkdir()
    link = os.link

    def linked(source: Any, target: Any) -> None:
        link(source, target)
        if Path(target).name == "ledger.jsonl":
            (to / RUN / "notebooks").symlink_to(tmp_path / "elsewhere")

    monkeypatch.setattr(os, "link", linked)
    done = publish(run, to)
    assert (done.exit_code, states(done)["notebooks/02_key.ipynb"]) == (1, "failed")
    assert not list((tmp_path / "elsewhere").iterdir())


def test_an_archive_that_is_a_symlink(run: Run, to: Path, tmp_path: Path) -> None:
    """A symlink is refused as an archive: it could lead elsewhere tomorrow."""
    to.symlink_to(tmp_path)
    with pytest.raises(WrongUsage, match="is a symlink; allowed: the folder itself"):
        publish(run, to)


@pytest.mark.parametrize("where", ["", "archive", "..", "../../runs", "notebooks/../archive"])
def test_an_archive_in_or_around_the_run(where: str, run: Run) -> None:
    """An archive in the run folder, or one that the run folder is in, is refused, and the run stays as it is."""
    before = contents(run.folder)
    with pytest.raises(WrongUsage, match="a folder apart from it"):
        publish(run, run.folder / where)
    assert contents(run.folder) == before


def test_an_archive_in_a_folder_that_is_not_there(run: Run, tmp_path: Path) -> None:
    """Only the last folder is made: a share that is not mounted does not become a folder of this machine."""
    with pytest.raises(Failed, match="the archive cannot be used: No such file or directory"):
        publish(run, tmp_path / "not mounted" / "archive")
    assert not (tmp_path / "not mounted").exists()


def test_an_archive_that_is_a_file(run: Run, to: Path) -> None:
    """A file is refused as an archive, and stays as it is."""
    to.write_text("x")
    with pytest.raises(Failed, match="the archive cannot be used: File exists"):
        publish(run, to)


@pytest.mark.parametrize("moment", ["half written", "written", "in its place"])
@pytest.mark.parametrize("number", range(len(NAMES)))
def test_killed_at_any_file(number: int, moment: str, run: Run, to: Path) -> None:
    """Killed at any file, what is there is whole files and no statement unless all; the next publishing finishes."""
    child = in_child_killed_at(run.folder, str(to), moment, number)
    child.start()
    child.join(60)
    assert child.exitcode == -signal.SIGKILL
    there, whole = contents(to / RUN), contents(run.folder)
    assert sorted(there) == sorted(NAMES[: number + (moment == "in its place")])
    assert all(whole[name] == data for name, data in there.items())
    assert publish(run, to).exit_code == 0
    assert contents(to / RUN) == whole
    assert all(name.startswith(archive_folder.UNFINISHED) for name in left_behind(to))


def test_two_at_once(run: Run, to: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where another publishing of the same run is quicker with every file, all are settled: exit 0, nothing left over."""
    link = os.link

    def slower(source: Any, target: Any) -> None:
        link(source, target)
        link(source, target)

    monkeypatch.setattr(os, "link", slower)
    done = publish(run, to)
    assert (done.exit_code, {file.state for file in done.files}) == (0, {"settled"})
    assert not left_behind(to)


def test_somebody_else_is_quicker(run: Run, to: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where somebody puts something else there meanwhile, it is not written over: exit 1, and no seal follows."""
    link = os.link

    def linked(source: Any, target: Any) -> None:
        if Path(target).name == "report.html":
            Path(target).write_bytes(b"theirs")
        link(source, target)

    monkeypatch.setattr(os, "link", linked)
    done = publish(run, to)
    assert (done.exit_code, states(done)["report.html"]) == (1, "differs")
    assert (to / RUN / "report.html").read_bytes() == b"theirs"
    assert not (to / RUN / "statement.json").exists()


def no_links(*_: Any) -> None:
    raise OSError(errno.EPERM, "Operation not permitted")


def test_a_file_system_without_links(run: Run, to: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where files cannot be linked, each is made by its name: the same bytes, read-only, kept the second time."""
    monkeypatch.setattr(os, "link", no_links)
    assert publish(run, to).exit_code == 0
    assert contents(to) == {f"{RUN}/{name}": data for name, data in contents(run.folder).items()}
    assert set(states(publish(run, to)).values()) == {"kept"}


def test_nothing_is_written_over_without_links(run: Run, to: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where files cannot be linked, one that somebody makes meanwhile is not written over either."""

    def theirs(source: Any, target: Any) -> None:
        Path(target).write_bytes(b"theirs")
        no_links()

    monkeypatch.setattr(os, "link", theirs)
    done = publish(run, to)
    assert (done.exit_code, states(done)[NAMES[0]]) == (1, "differs")
    assert contents(to) == {f"{RUN}/{NAMES[0]}": b"theirs"}


@pytest.mark.parametrize("links", [True, False])
def test_a_full_disk(links: bool, run: Run, to: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that cannot be written is told and leaves nothing behind: exit 1, and the next publishing finishes."""
    room = iter(() if links else ("for the file that cannot be linked",))

    def full(*_: Any) -> None:
        if next(room, None) is None:
            raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fchmod", full)
        if not links:
            patch.setattr(os, "link", no_links)
        done = publish(run, to)
    assert (done.exit_code, done.files[0].state) == (1, "failed")
    assert done.files[0].why == "it cannot be written (No space left on device)"
    assert not contents(to)
    assert publish(run, to).exit_code == 0


def test_read_back_changed(run: Run, to: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that a disk gives back with other bytes differs: exit 1, and no seal follows."""
    read = archive_folder.FolderPlace.read

    def wrong(self: archive_folder.FolderPlace, name: str) -> Any:
        data = b"".join(read(self, name))
        yield data[:-1] if name == "report.html" else data

    monkeypatch.setattr(archive_folder.FolderPlace, "read", wrong)
    done = publish(run, to)
    assert (done.exit_code, states(done)["report.html"]) == (1, "differs")
    assert not (to / RUN / "statement.json").exists()


def test_a_folder_that_may_not_be_listed(run: Run, to: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder of the run that cannot be listed is told, and nothing is written."""
    (to / RUN / "notebooks").mkdir(parents=True)
    scandir = os.scandir

    def forbidden(path: Any) -> Any:
        if Path(path) == to / RUN / "notebooks":
            raise PermissionError(errno.EACCES, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", forbidden)
    with pytest.raises(Failed, match=r"notebooks cannot be listed \(Permission denied\)"):
        publish(run, to)
    assert not contents(to)
