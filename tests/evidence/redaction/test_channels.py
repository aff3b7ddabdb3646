"""Every channel of the table in EVIDENCE.md: a secret left in it stops the seal, which names where, and never it."""

from __future__ import annotations

import base64
import html
import json
import os
import re
import struct
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from helpers.errors import Refused
from helpers.evidence import files, sealing
from helpers.evidence.scan import WHOLE, scan
from helpers.evidence.sealing import How
from helpers.record.decoded import readings
from helpers.record.runs import Run
from helpers.record.secrets import Secret
from tests.evidence.building import NOW, QUIET, ROOT, run_folder, seal
from tests.record.canaries import FORMS, KNOWN, SHAPED

CANARY = KNOWN["a long one"]
BOOK = "notebooks/01_consent.ipynb"
Plant = Callable[[Run, str], None]


def channels() -> list[str]:
    """The first column of the table in EVIDENCE.md."""
    text = (ROOT / "helpers" / "evidence" / "EVIDENCE.md").read_text()
    table = text.split("| channel |")[1].split("\n\n")[0]
    return [line.split("|")[1].strip() for line in table.splitlines()[2:]]


def in_cell(change: Callable[[dict[str, Any], str], None]) -> Plant:
    """Plants into the second cell of the first notebook."""

    def plant(run: Run, said: str) -> None:
        book = json.loads((run.folder / BOOK).read_text())
        change(book["cells"][1], said)
        (run.folder / BOOK).write_text(json.dumps(book))

    return plant


def output(**made: Any) -> Callable[[dict[str, Any], str], None]:
    """Adds one output in which (…) is what is planted."""

    def change(cell: dict[str, Any], said: str) -> None:
        cell["outputs"].append(json.loads(json.dumps(made, ensure_ascii=False).replace("(…)", json.dumps(said)[1:-1])))

    return change


def rich(media_type: str, value: Any) -> Plant:
    return in_cell(output(output_type="display_data", metadata={}, data={media_type: value}))


def widget_state(run: Run, said: str) -> None:
    book = json.loads((run.folder / BOOK).read_text())
    state = {"state": {"ab": {"model_name": "PasswordModel", "state": {"value": said}}}}
    book["metadata"]["widgets"] = {"application/vnd.jupyter.widget-state+json": state}
    (run.folder / BOOK).write_text(json.dumps(book))


def metadata(run: Run, said: str) -> None:
    book = json.loads((run.folder / BOOK).read_text())
    book["metadata"]["papermill"]["parameters"] = {"parameters": {"key_name": said}}
    (run.folder / BOOK).write_text(json.dumps(book))


def png(said: str) -> str:
    """An image with a text in it, as a notebook keeps it."""
    text = b"tEXtComment\0" + said.encode()
    chunk = struct.pack(">I", len(text) - 4) + text + struct.pack(">I", zlib.crc32(text))
    return base64.b64encode(b"\x89PNG\r\n\x1a\n" + chunk).decode()


def ledger(run: Run, said: str) -> None:
    row = {"t": "", "run": run.id, "event": "facts", "step": "01_consent", "actor": None, "facts": {"tag": said}}
    lines = run.ledger.read_text().splitlines(keepends=True)
    run.ledger.write_text("".join([*lines[:-1], json.dumps(row) + "\n", lines[-1]]))


def approval(run: Run, said: str) -> None:
    (run.folder / "approvals" / f"{'cd' * 32}.json").write_text(json.dumps({"sentence": said}))


def image(run: Run, said: str) -> None:
    in_cell(lambda cell, text: output(output_type="display_data", data={"image/png": png(text)})(cell, text))(run, said)


def log(run: Run, said: str) -> None:
    with (run.folder / "kernels.log").open("a", newline="") as file:
        file.write(f"DEBUG Authorization: {said}\n")


def page(run: Run, said: str) -> None:
    (run.folder / "html").mkdir()
    (run.folder / "html" / "01_consent.html").write_text(f"<pre>{html.escape(said)}</pre>\n")


def named(run: Run, said: str) -> None:
    (run.folder / f"notes-{said}.txt").write_text("nothing\n")


PRINTED = in_cell(output(output_type="stream", name="stdout", text=["one\n", "(…)"]))
ERROR = in_cell(output(output_type="error", ename="ValueError", evalue="no", traceback=["\x1b[31mTraceback", "(…)"]))
TRACED = output(output_type="stream", name="stderr", text="DEBUG:urllib3:GET /x?sig=(…)")
PLANTED: dict[str, dict[str, tuple[Plant, str]]] = {
    "printed text (stdout, stderr) of a cell": {
        "stdout": (PRINTED, f"{BOOK}, cell 2, output 2, stdout"),
        "stderr": (in_cell(TRACED), f"{BOOK}, cell 2, output 2, stderr"),
    },
    "rich outputs: text, HTML, JSON, Markdown, SVG": {
        "text": (rich("text/plain", "(…)"), f"{BOOK}, cell 2, output 2, text/plain"),
        "HTML": (rich("text/html", ["<b>", "(…)", "</b>"]), f"{BOOK}, cell 2, output 2, text/html"),
        "JSON": (
            rich("application/vnd.cmek+json", {"a": [{"b": "(…)"}]}),
            f"{BOOK}, cell 2, output 2, application/vnd.cmek+json",
        ),
        "Markdown": (rich("text/markdown", "# (…)"), f"{BOOK}, cell 2, output 2, text/markdown"),
        "SVG": (rich("image/svg+xml", "<svg>(…)</svg>"), f"{BOOK}, cell 2, output 2, image/svg+xml"),
        "its metadata": (
            in_cell(output(output_type="display_data", data={}, metadata={"alt": "(…)"})),
            f"{BOOK}, cell 2, output 2, metadata",
        ),
    },
    "error name, value and traceback, ANSI included": {
        "traceback": (ERROR, f"{BOOK}, cell 2, output 2, error"),
        "value": (
            in_cell(output(output_type="error", ename="E", evalue="(…)", traceback=[])),
            f"{BOOK}, cell 2, output 2, error",
        ),
    },
    "display updates and results of widgets (widget state)": {"state": (widget_state, f"{BOOK}, notebook metadata")},
    "images and other binary outputs": {"PNG": (image, f"{BOOK}, cell 2, output 2, image/png")},
    "a notebook's source, metadata and injected parameters": {
        "source": (in_cell(lambda cell, said: cell.update(source=f"x = {said!r}")), f"{BOOK}, cell 2, source"),
        "cell metadata": (in_cell(lambda cell, said: cell["metadata"].update(x=said)), f"{BOOK}, cell 2, metadata"),
        "metadata": (metadata, f"{BOOK}, notebook metadata"),
    },
    "the ledger": {"a line": (ledger, "ledger.jsonl, line 4")},
    "logging of the SDKs (DEBUG, azure-core, urllib3, httpx)": {
        "a cell": (in_cell(TRACED), f"{BOOK}, cell 2, output 2, stderr")
    },
    "kernels.log": {"a line": (log, "kernels.log, line 2")},
    "approvals": {"a sentence": (approval, f"approvals/{'cd' * 32}.json, line 1")},
    "file names": {"a name": (named, ", its name")},
    "report.html and html/": {"a page": (page, "html/01_consent.html, line 1")},
}
CASES = [(channel, name) for channel, plants in PLANTED.items() for name in plants]


def test_every_channel_of_the_table_is_planted() -> None:
    """The table and these tests name the same channels."""
    assert list(PLANTED) == channels()


def held(text: str, secret: str) -> bool:
    return any(secret in reading for reading in readings(text))


@pytest.mark.parametrize(("channel", "name"), CASES)
def test_a_known_secret_in_a_channel_stops_the_seal(channel: str, name: str, tmp_path: Path) -> None:
    """File, cell and kind are named, the secret is not; and nothing of a seal is left."""
    plant, where = PLANTED[channel][name]
    run = run_folder(tmp_path, steps=("01_consent",))
    plant(run, CANARY)
    pages = (lambda _: None) if channel == "report.html and html/" else made
    with pytest.raises(Refused) as refused:
        sealing.seal(run, How(None, known=[Secret(CANARY)]), lambda: NOW, pages=kept(pages, run), scan=scan, wait=QUIET)
    said = str(refused.value)
    assert f"{where}: a secret in use" in said
    assert not held(said, CANARY)
    assert not any((run.folder / part).exists() for part in files.SEAL)


def made(run: Run) -> None:
    """Pages that have nothing to hide."""
    (run.folder / "report.html").write_text("<p>decision</p>\n")


def kept(pages: Callable[[Run], None], run: Run) -> Callable[[Run], None]:
    """Pages as they were planted: sealing takes away the pages of an earlier sealing and writes its own."""
    planted = {path: path.read_bytes() for path in run.folder.glob("html/*")}

    def write(to: Run) -> None:
        pages(to)
        for path, data in planted.items():
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(data)

    return write


@pytest.mark.slow
@pytest.mark.parametrize("form", [form for form in FORMS if form != "UTF-16"])  # a form of a whole file, see below
@pytest.mark.parametrize(("channel", "name"), [case for case in CASES if case[0] != "file names"])
def test_a_secret_in_a_channel_is_found_in_every_form(channel: str, name: str, form: str, tmp_path: Path) -> None:
    """One that is known, and one that is known to nobody and has a shape."""
    plant, where = PLANTED[channel][name]
    run = run_folder(tmp_path, steps=("01_consent",))
    plant(run, FORMS[form](CANARY) + " and " + FORMS[form](SHAPED["an Anthropic API key"]))
    hits = scan(run.folder, [Secret(CANARY)])
    assert {hit.kind for hit in hits} >= {"a secret in use", "an Anthropic API key"}
    found = {f"{hit.file}, {hit.cell}" for hit in hits if hit.kind == "a secret in use"}
    over_lines = form == "base64 over lines" and " line " in where  # of a text file only the file is named then
    assert found >= {where} or (over_lines and found == {f"{where.split(',')[0]}, "})


def test_a_small_run_without_a_secret_is_sealed(tmp_path: Path) -> None:
    """So that what the tests above see is due to what they plant."""
    assert seal(run_folder(tmp_path), None, known=[Secret(CANARY)]).sequence == 1


PIECES = {
    "one stream in pieces": [("stdout", CANARY[:30]), ("stderr", "other\n"), ("stdout", CANARY[30:])],
    "two streams": [("stdout", CANARY[:30]), ("stderr", CANARY[30:])],
}


@pytest.mark.parametrize("name", PIECES)
def test_what_was_printed_in_pieces_is_put_together(name: str, tmp_path: Path) -> None:
    """A secret of which no single output has the whole stops the seal."""
    run = run_folder(tmp_path, steps=("01_consent",))
    for stream, text in PIECES[name]:
        in_cell(output(output_type="stream", name=stream, text="(…)"))(run, text)
    cells = {hit.cell for hit in scan(run.folder, [Secret(CANARY)])}
    assert cells and all(re.fullmatch(r"cell 2, .* put together", cell) for cell in cells)


def test_a_secret_said_twice_under_one_name_in_json_is_found(tmp_path: Path) -> None:
    """Readers keep the last of two values of one name; the file has both."""
    run = run_folder(tmp_path, steps=("01_consent",))
    book = (run.folder / BOOK).read_text().replace('"nbformat": 4', f'"nbformat": "{CANARY}", "nbformat": 4')
    (run.folder / BOOK).write_text(book)
    assert {hit.kind for hit in scan(run.folder, [Secret(CANARY)])} == {"a secret in use"}


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"cells": 5}', '{"cells": [5]}', '{"cells": [{"outputs": [{"data": 1}]}]}']
)
def test_a_notebook_that_is_none_is_searched_as_a_file(text: str, tmp_path: Path) -> None:
    """What cannot be read as a notebook is not left out."""
    (tmp_path / "odd.ipynb").write_text(f"{text}\n{CANARY}")
    assert [str(hit) for hit in scan(tmp_path, [Secret(CANARY)])] == ["odd.ipynb, line 2: a secret in use"]


def test_bytes_are_searched_as_they_are_and_decoded(tmp_path: Path) -> None:
    """Of a file that is no text, and of one in UTF-16."""
    hidden = base64.b64encode(CANARY.encode())
    (tmp_path / "a.bin").write_bytes(b"\xff\xfe\x00\x80" + CANARY.encode() + b"\xff")
    (tmp_path / "b.bin").write_bytes(b"\xff\x00\x80 " + hidden + b" \xff")
    (tmp_path / "c.txt").write_bytes(CANARY.encode("utf-16"))
    assert [hit.file for hit in scan(tmp_path, [Secret(CANARY)])] == ["a.bin", "b.bin", "c.txt"]


@pytest.mark.parametrize("before", [0, WHOLE // 4 - 40, WHOLE // 2 - 1, WHOLE])
def test_a_large_file_is_searched_over_the_ends_of_its_blocks(before: int, tmp_path: Path) -> None:
    """Wherever in it the secret is."""
    (tmp_path / "large.log").write_bytes(b" " * before + CANARY.encode() + b" " * (WHOLE - before) + b"\n")
    assert [str(hit) for hit in scan(tmp_path, [Secret(CANARY)])] == ["large.log: a secret in use"]


def test_links_are_read_and_not_followed(tmp_path: Path) -> None:
    """What is outside of the folder is not the run's; where a link leads is."""
    (tmp_path / "outside").write_text(CANARY)
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "link").symlink_to(tmp_path / "outside")
    assert scan(tmp_path / "run", [Secret(CANARY)]) == ()
    (tmp_path / "run" / "other").symlink_to(f"https://x/{CANARY}")
    assert [str(hit) for hit in scan(tmp_path / "run", [Secret(CANARY)])] == ["other, where it leads: a secret in use"]


@contextmanager
def nobody() -> Iterator[None]:
    """Root reads everything: for a block, it is somebody who does not."""
    root = os.geteuid() == 0
    try:
        if root:
            os.seteuid(65534)
        yield
    finally:
        if root:
            os.seteuid(0)


def test_what_cannot_be_read_is_not_clean() -> None:
    """It raises: what was not looked into must not count as clean."""
    with TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        file = Path(folder) / "a.txt"
        file.write_text("x")
        assert scan(Path(folder), []) == ()
        file.chmod(0)
        with nobody(), pytest.raises(PermissionError):
            scan(Path(folder), [])


def test_a_file_or_a_media_type_named_like_a_secret_is_not_shown(tmp_path: Path) -> None:
    """The name of a place is scrubbed too."""
    key = SHAPED["an Anthropic API key"]
    run = run_folder(tmp_path, steps=("01_consent",))
    rich(f"text/{key}", f"{key}")(run, "")
    (run.folder / f"{key}.txt").write_text(CANARY)
    hits = [str(hit) for hit in scan(run.folder, [Secret(CANARY)])]
    assert len(hits) >= 3
    assert not any(held(hit, key) or held(hit, CANARY) for hit in hits)
