"""The ledger holds whole lines, on disk at once, and never a secret."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from subprocess import PIPE

import pytest

from helpers.errors import Failed
from helpers.record.ledger import Ledger, read

ROOT = Path(__file__).resolve().parents[2]
NOW = datetime(2026, 11, 23, 12, 0, 0, 123_456, tzinfo=UTC)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.jsonl"


def ledger(path: Path) -> Ledger:
    return Ledger(path, "run-1", "02_key", lambda: NOW, "ada")


def test_every_line_says_when_where_what_and_who(path: Path) -> None:
    """Time in UTC, run, event, step and actor stand first on each line, then what is said."""
    ledger(path).write("about_to", change="set the tag")
    Ledger(path, "run-1", "01_consent", lambda: NOW).write("run_started")
    lines = path.read_text().splitlines()
    assert lines[0] == (
        '{"t": "2026-11-23T12:00:00.123Z", "run": "run-1", "event": "about_to", "step": "02_key", "actor": "ada", '
        '"change": "set the tag"}'
    )
    for row in read(path):
        assert list(row)[:5] == ["t", "run", "event", "step", "actor"]
    assert read(path)[1]["actor"] is None


def test_a_line_is_on_disk_when_write_returns(path: Path) -> None:
    """Another reader sees each line at once, whole."""
    for number in range(3):
        ledger(path).write("facts", number=number)
        assert [row["number"] for row in read(path)] == list(range(number + 1))


def test_whatever_is_said_stays_on_one_line(path: Path) -> None:
    """Line ends, separators and letters of any alphabet are escaped."""
    said = "two\nlines\r\u2028 und Umlaute: äöü"
    ledger(path).write("receipt", what=said)
    assert path.read_bytes().count(b"\n") == 1
    assert path.read_bytes().isascii()
    assert read(path)[0]["what"] == said


@pytest.mark.parametrize(
    "secret",
    [
        "sk-ant-admin01-not-a-real-key",
        "Bearer " + "x" * 24,
        "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJub2JvZHkifQ.c2ln",
        "-----BEGIN PRIVATE KEY-----\nMIIE",
        "https://x/?a=1&sig=" + "A" * 20,
    ],
)
@pytest.mark.parametrize("wrap", [lambda s: s, lambda s: {"deep": [{"er": s}]}, lambda s: {s: 1}])
def test_a_line_with_a_secret_is_not_written(path: Path, secret: str, wrap: object) -> None:
    """A value or a name like a secret, at any depth, raises, says what kind, shows nothing and writes nothing."""
    ledger(path).write("run_started")
    before = path.read_bytes()
    with pytest.raises(Failed) as refused:
        ledger(path).write("receipt", facts=wrap(secret))  # type: ignore[operator]
    assert path.read_bytes() == before
    assert secret not in str(refused.value)
    assert "the ledger line receipt would have held" in str(refused.value)


def test_what_is_no_json_is_not_written(path: Path) -> None:
    """A value without a JSON form raises before anything is written."""
    path.touch()
    with pytest.raises(TypeError):
        ledger(path).write("receipt", facts=object())
    assert path.read_bytes() == b""


@pytest.mark.parametrize("cut", [1, 2, 10, 60])
def test_a_last_line_cut_off_is_left_out(path: Path, cut: int) -> None:
    """What a crash left of a line is not read."""
    ledger(path).write("about_to", change="one")
    whole = path.read_bytes()
    ledger(path).write("receipt", what="one")
    path.write_bytes(path.read_bytes()[:-cut])
    assert [row["event"] for row in read(path)] == ["about_to"]
    assert whole == path.read_bytes()[: len(whole)]


def test_a_run_continued_after_a_crash_has_a_whole_ledger(path: Path) -> None:
    """The next line is not glued to what a crash left of the last one."""
    ledger(path).write("about_to", change="one")
    with path.open("ab") as file:
        file.write(b'{"t": "2026-11-23T12:0')
    ledger(path).write("run_started")
    assert [row["event"] for row in read(path)] == ["about_to", "run_started"]


WRITER = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from helpers.record.ledger import Ledger
path, who = Path(sys.argv[1]), sys.argv[2]
ledger = Ledger(path, "run-1", "02_key", lambda: datetime.now(UTC), who)
print("ready", flush=True)
sys.stdin.readline()
for number in range(50):
    ledger.write("facts", number=number, much="x" * 20_000)
"""


def test_two_processes_that_write_at_once_lose_no_line(path: Path) -> None:
    """Two people going on with one run: every line of both is there, whole, and each one's lines are in order."""
    path.touch()
    command = [sys.executable, "-c", WRITER, str(path)]
    with (
        subprocess.Popen([*command, "ada"], cwd=ROOT, stdin=PIPE, stdout=PIPE, text=True) as ada,
        subprocess.Popen([*command, "bob"], cwd=ROOT, stdin=PIPE, stdout=PIPE, text=True) as bob,
    ):
        for writer in (ada, bob):
            assert writer.stdout is not None and writer.stdout.readline() == "ready\n"
        for writer in (ada, bob):
            assert writer.stdin is not None
            writer.stdin.write("go\n")
            writer.stdin.flush()
        assert (ada.wait(60), bob.wait(60)) == (0, 0)
    rows = read(path)
    assert len(rows) == 100
    for who in ("ada", "bob"):
        assert [row["number"] for row in rows if row["actor"] == who] == list(range(50))


@pytest.mark.parametrize("damage", [b"not JSON", b'{"t": ', b"[]", b"5", b"\xff\xfe", b""])
def test_a_damaged_line_is_an_error(path: Path, damage: bytes) -> None:
    """A line in the middle that is no JSON mapping was changed by something else, and is named."""
    line = json.dumps({"event": "facts"}).encode()
    path.write_bytes(b"\n".join([line, damage, line, b""]))
    with pytest.raises(Failed, match="line 2 is damaged"):
        read(path)


def test_an_empty_ledger_has_no_lines(path: Path) -> None:
    """A run that has not started has nothing on record."""
    path.touch()
    assert read(path) == []
