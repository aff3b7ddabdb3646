"""What a killed run leaves behind, in a form in which two that are the same are equal.

A run that starts over knows the files in its home, the world as it is now, and how much of the world's time has passed.
What two runs make differently means nothing, as in the ends that are compared (tests.drills.crash.ends).
"""

from __future__ import annotations

import hashlib
import json
import re
from datetime import datetime
from pathlib import Path

from tests.drills.crash.ends import plain
from tests.drills.crash.grounds import Ground, Recorded
from tests.drills.crash.scenarios import PAUSE_SECONDS

PRINTED = "printed.log"
"""What the test itself keeps there of what a child printed."""
_OF_A_RUN = (
    ("a run", re.compile(r"\b\d{8}T\d{6}Z-[0-9a-f]{6}\b")),
    ("a world", re.compile(r"\brehearsal-[0-9a-f]{8}\b")),
    ("a process", re.compile(r'(?<="pid": )\d+')),
    ("a request", re.compile(r"\breq_[0-9a-f]{32}\b")),
    ("a time", re.compile(r"\b\d{4}-\d\d-\d\dT[\d:.]+Z")),
    ("a hash", re.compile(r"\b[0-9a-f]{64}\b")),
)
"""What two runs name differently in their files, beside what two worlds do."""


def left(ground: Ground, home: Path, then: str, recorded: Recorded) -> str:
    """The SHA-256 of what a run finds that starts over, in hex; `then` is how it does."""
    kept = json.dumps(recorded.pristine)
    state = json.dumps(ground.end().shape(recorded.pristine), sort_keys=True)
    passed = datetime.fromisoformat(ground.cloud.now()) - datetime.fromisoformat(recorded.pristine["settings"]["now"])
    pauses = round(passed.total_seconds() / PAUSE_SECONDS)
    return hashlib.sha256(json.dumps([then, pauses, state, *files(home, kept)]).encode()).hexdigest()


def left_before(seen: Path, mark: str, cell: str) -> str:
    """The cell whose run left the same before this one's did, in any lane; empty where none did, and it is this one now."""
    place = seen / mark
    try:
        place.symlink_to(cell)  # made at once, with its text: the other lanes look too
    except FileExistsError:
        return str(place.readlink())
    return ""


def files(home: Path, kept: str = "") -> list[tuple[str, str]]:
    """Every file below a home, by its name, without what two runs make differently; what is in `kept` stays."""
    found = (path for path in sorted(home.rglob("*")) if path.is_file() and path.name != PRINTED)
    return [
        (_named(str(path.relative_to(home)), kept), _named(path.read_text(encoding="utf-8"), kept)) for path in found
    ]


def _named(text: str, kept: str) -> str:
    for name, pattern in _OF_A_RUN:
        text = pattern.sub(name, text)
    return plain(text, kept)
