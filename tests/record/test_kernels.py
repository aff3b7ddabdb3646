"""Real kernels: what comes out of one, on whatever way, has no secret in it, however it was started."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient
from papermill.exceptions import PapermillExecutionError

from helpers.evidence.scan import scan
from helpers.headless import notebooks
from helpers.headless.executing import execute_copy
from helpers.headless.kernel_start import WAYS, KernelStart, Way, started
from helpers.headless.kernels import settings
from helpers.record.in_use import of_environment
from helpers.record.runs import Run
from helpers.record.secrets import Secret
from tests.record import cells
from tests.record.canaries import KNOWN

pytestmark = pytest.mark.slow
CANARY = KNOWN["a long one"]
SAID = "(a secret was here: a secret in use)"
SOURCES = {**cells.CHANNELS, **cells.PIECES, "clean": cells.CLEAN, "the log": cells.LOGGED}


@contextmanager
def environment() -> Iterator[pytest.MonkeyPatch]:
    """A kernel has the secret, and does not know that it is in a test: it would not capture file descriptors there."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv(cells.NAME, CANARY)
        patched.delenv("PYTEST_CURRENT_TEST", raising=False)
        yield patched


@dataclass(frozen=True)
class Executed:
    """A run's folder with one executed notebook in it."""

    folder: Path
    copy: Path
    stopped: str

    def outputs(self, channel: str) -> list[Any]:
        """What one channel's cell put out."""
        source = SOURCES[channel]
        found: list[Any] = next(cell.outputs for cell in nbformat.read(self.copy, 4).cells if cell.source == source)
        return found

    def leaks(self, channel: str) -> list[str]:
        """Where in that cell the scan finds a secret, and in the whole notebook where the channel is empty."""
        book = nbformat.read(self.copy, 4)
        number = 1 + next(n for n, cell in enumerate(book.cells) if cell.source == SOURCES[channel])
        return [str(hit) for hit in scan(self.copy.parent, [Secret(CANARY)]) if hit.cell.startswith(f"cell {number},")]


@pytest.fixture(scope="module", params=WAYS)
def kernel_start(request: pytest.FixtureRequest) -> Iterator[KernelStart]:
    """What manages kernels: forked ones and plain ones. The secret is in their environment only."""
    with environment() as patched:
        patched.delenv(cells.NAME)
        with started(request.param) as manager:
            yield manager


@pytest.fixture(scope="module")
def messages(tmp_path_factory: pytest.TempPathFactory, kernel_start: KernelStart) -> Executed:
    """Executed by nbclient alone: what the kernel sends, as it is sent."""
    folder = tmp_path_factory.mktemp("messages")
    source = cells.write(folder / "x.ipynb", *SOURCES.values(), cells.RAISED)
    book = nbformat.read(source, 4)
    (folder / "sockets").mkdir()
    client = NotebookClient(
        book,
        kernel_manager_class=kernel_start,
        config=settings(str(folder / "sockets"), folder / "kernels.log"),
        allow_errors=True,
        kernel_name="python3",
        store_widget_state=False,
    )
    with environment():
        client.execute()
    (folder / "notebooks").mkdir()
    nbformat.write(book, folder / "notebooks" / "x.ipynb")
    source.unlink()
    return Executed(folder, folder / "notebooks" / "x.ipynb", "")


@pytest.fixture(scope="module")
def headless(tmp_path_factory: pytest.TempPathFactory, kernel_start: KernelStart) -> Executed:
    """Executed as `run` does, and not yet ended: the log is as the kernel left it."""
    folder = tmp_path_factory.mktemp("headless")
    source = cells.write(folder / "x.ipynb", *SOURCES.values(), cells.RAISED)
    (folder / "run" / "notebooks").mkdir(parents=True)
    copy = folder / "run" / "notebooks" / "x.ipynb"
    with environment(), pytest.raises(PapermillExecutionError) as stopped:
        log = folder / "run" / "kernels.log"
        execute_copy(source, copy, {}, log=log, known=of_environment, manager=kernel_start)
    return Executed(folder / "run", copy, f"{stopped.value.ename}: {stopped.value.evalue} {stopped.value}")


@pytest.mark.parametrize("channel", cells.CHANNELS)
def test_a_kernel_sends_no_secret(messages: Executed, channel: str) -> None:
    """As it is produced, before anybody sees it or keeps it: in its place stands what was there."""
    assert messages.leaks(channel) == []
    assert CANARY not in str(messages.outputs(channel))
    assert "(a secret was here" in str(messages.outputs(channel)) or channel == "a widget"


@pytest.mark.parametrize("channel", [*cells.CHANNELS, *cells.PIECES])
def test_an_executed_copy_holds_no_secret(headless: Executed, channel: str) -> None:
    """Also of what was printed in pieces."""
    assert headless.leaks(channel) == []
    assert "(a secret was here" in str(headless.outputs(channel)) or channel == "a widget"


def test_what_no_secret_stands_in_stays(headless: Executed) -> None:
    """Other outputs are as they were, and of a line with a secret the rest."""
    assert [output.text for output in headless.outputs("clean")] == ["nothing secret\n"]
    assert headless.outputs("stdout")[0].text == f"before {SAID} after\n"
    assert headless.outputs("an update of a display")[0].data["text/plain"] == f"'{SAID}'"


def test_a_secret_printed_in_pieces_is_found_where_no_run_scrubs_cells(messages: Executed) -> None:
    """As in JupyterLab: the scan puts together what a cell printed."""
    for channel in cells.PIECES:
        assert messages.leaks(channel)


def test_the_error_that_stops_a_notebook_holds_no_secret(headless: Executed) -> None:
    """Neither its name and value, which the terminal and the ledger are told, nor the traceback in the copy."""
    assert CANARY not in headless.stopped
    assert headless.stopped.startswith("KeyError: ") and "(a secret was here" in headless.stopped
    last = nbformat.read(headless.copy, 4).cells[-1]
    assert last.outputs[0].output_type == "error"


def test_the_copy_has_no_widget_state(headless: Executed) -> None:
    """Where a widget's values would be kept in clear."""
    assert "widgets" not in nbformat.read(headless.copy, 4).metadata


def test_what_a_kernel_logs_past_everything_is_found_in_the_log_only(headless: Executed) -> None:
    """By the kernel itself and by a program that a cell started; the copy beside it is clean."""
    hits = [str(hit) for hit in scan(headless.folder, [Secret(CANARY)])]
    assert hits == ["kernels.log, line 1: a secret in use", "kernels.log, line 2: a secret in use"]


FINISHING = """
from datetime import UTC, datetime
from pathlib import Path
from helpers.record.ledger import Ledger
here = Path.cwd().parent
Ledger(here / "ledger.jsonl", here.name, "02_key", lambda: datetime.now(UTC)).write("step_finished", plan={})
"""


@pytest.mark.parametrize("last", [cells.RAISED, FINISHING], ids=["stopped", "finished"])
def test_a_run_that_has_ended_holds_no_secret(
    last: str, kernel_start: KernelStart, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When a notebook has ended, however it did, its log is scrubbed too, and nothing is in what it says of its end."""
    (tmp_path / "project" / "notebooks").mkdir(parents=True)
    cells.write(tmp_path / "project" / "notebooks" / "02_key.ipynb", cells.LOGGED, last)
    monkeypatch.setattr(notebooks, "project_root", lambda: tmp_path / "project")
    run = Run(tmp_path / "run-1")
    run.notebooks.mkdir(parents=True)
    run.ledger.touch()
    with environment():
        outcome = notebooks.execute(run, {}, "02_key", kernel_start=kernel_start)
    assert outcome.exit_code == (1 if last == cells.RAISED else 0)
    assert CANARY not in str(outcome)
    assert (run.folder / "kernels.log").read_text().splitlines()[0] == f"DEBUG Authorization: {SAID}"
    assert scan(run.folder, [Secret(CANARY)]) == ()


UNUSABLE = """
import sys
class Finder:
    def find_spec(name, *more):
        if name == "helpers.record.kernel_outputs":
            raise ImportError("broken")
sys.meta_path.insert(0, Finder)
"""


@pytest.mark.parametrize("way", WAYS)
def test_a_kernel_that_cannot_scrub_does_not_start(way: Way, tmp_path: Path) -> None:
    """Rather none than one whose outputs nobody looks through."""
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "sitecustomize.py").write_text(UNUSABLE)
    source = cells.write(tmp_path / "x.ipynb", cells.CLEAN)
    (tmp_path / "run").mkdir()
    with environment() as patched, pytest.raises(RuntimeError, match="Kernel died before replying"):
        patched.setenv("PYTHONPATH", str(tmp_path / "broken"))
        with started(way) as manager:
            copy, log = tmp_path / "run" / "x.ipynb", tmp_path / "kernels.log"
            execute_copy(source, copy, {}, log=log, known=of_environment, manager=manager)


def test_what_programs_print_past_the_kernel_is_in_the_log_and_not_at_the_terminal(headless: Executed) -> None:
    """Standard output is for `--json` and for what has passed a scrubber."""
    assert "it is" in (headless.folder / "kernels.log").read_text()
