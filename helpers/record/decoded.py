"""The forms in which a text may hide another one: escaped, wrapped over lines, in HTML tags, in base64 or in hex.

`readings` undoes them, several deep. It looks for nothing itself, so what is looked for has no part in it.
"""

from __future__ import annotations

import re
import string
from binascii import a2b_base64, a2b_hex
from collections.abc import Iterator
from html import unescape

DEPTH = 3
"""How many forms deep is read, such as base64 in JSON in HTML."""
SHORTEST = 8
"""Of what is in base64 or hex, shorter pieces are not read: any longer word has some."""

_ESCAPED = re.compile(
    r"\x00"  # of UTF-16
    r"|\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\))"  # ANSI
    r"|\\(?:u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|[nrtbf\"'\\/])"  # JSON, and Python's repr
    r"|&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});"  # HTML
    r"|%[0-9a-fA-F]{2}"  # addresses
)
_TAG = re.compile(r"<[^<>]{1,2000}>")
_BREAK = re.compile(r"\n(?<=[\w.~+/=%:@-]\n)\s*(?=[\w.~+/=%:@-])")
"""A line end, and an indent after it, within what may be one word."""
_HEX = re.compile(rb"(?:[0-9a-fA-F]{2}){%d,}" % SHORTEST)
_PRINTABLE = re.compile(rb"[\t\n\r\x1b -~]{%d,}" % SHORTEST)
_ONE_LETTER = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}
_IN_RUNS = (string.ascii_letters + string.digits + "+/-_").encode()
_RUNS = bytes(letter if letter in _IN_RUNS else ord(" ") for letter in range(256)).translate(
    bytes.maketrans(b"-_", b"+/")
)
"""Leaves the letters of base64, both alphabets as one, and puts a space for every other."""
_SHORTEST_RUN = -(-SHORTEST * 4 // 3)
_FILLED = (b"AAAA", b"AAAAAAA", b"AAAAAA", b"AAAAA")
"""What is put after a run, by its length modulo 4: its last bytes are kept, and zeros part it from the next one."""
_APART = "\x01"


def readings(text: str) -> Iterator[str]:
    """A text as it is, and every other text that may be read in it.

    What is in base64 or hex is read from 8 printable ASCII characters on, wherever in it they begin. All escapes are
    undone in one go, so that a mixture of them is one form. What is undone is read with the lines around it only: most
    of a record is plain, and it is long.
    """
    return _readings(text, DEPTH, set())


def _readings(text: str, depth: int, unpacked: set[bytes]) -> Iterator[str]:
    """`unpacked` are the runs of letters that have been decoded: most are in every reading, and many times in each."""
    text = text.replace("\r\n", "\n")
    forms = [text]
    if "</" in text:
        forms.append(_TAG.sub("", _lines_around(_TAG, text)))
    forms += [_BREAK.sub("", _lines_around(_BREAK, form)) for form in forms]
    yield from filter(None, forms)
    if not depth:
        return
    runs = set[bytes]().union(*map(_runs, forms)) - unpacked
    unpacked |= runs
    if stretches := _stretches(sorted(runs)):
        yield from _readings(stretches, depth - 1, unpacked)
    if escaped := _lines_around(_ESCAPED, text):
        yield from _readings(_ESCAPED.sub(_plain, escaped), depth - 1, unpacked)


def _lines_around(pattern: re.Pattern[str], text: str) -> str:
    """The lines that something stands in, and the ones before and after those."""
    parts, end = [], 0
    while found := pattern.search(text, end):
        start = text.rfind("\n", end, max(text.rfind("\n", end, found.start()), end)) + 1
        stop = text.find("\n", text.find("\n", found.end()) + 1 or len(text))
        stop = len(text) if stop < 0 else stop
        parts.append(text[max(start, end) : stop])
        end = stop
    return "".join(parts)


def _plain(escape: re.Match[str]) -> str:
    """What one escape stands for."""
    said = escape[0]
    match said[0]:
        case "\x00" | "\x1b":
            return ""
        case "%":
            return chr(int(said[1:], 16))
        case "&":
            return unescape(said)
        case _ if said[1] in "ux":
            return chr(int(said[2:], 16))
        case _:
            return _ONE_LETTER.get(said[1], said[1])


def _runs(text: str) -> set[bytes]:
    """Every run of letters that may be base64 or hex."""
    words = set(text.encode("latin-1", "replace").translate(_RUNS).split())
    return {word for word in words if len(word) >= _SHORTEST_RUN}


def _stretches(runs: list[bytes]) -> str:
    """All printable stretches in what runs of letters decode to."""
    data = []
    for offset in range(4):  # where base64 begins within a run is not known
        data.append(a2b_base64(b"".join([run[offset:] + _FILLED[(len(run) - offset) % 4] for run in runs])))
    for digits in _HEX.findall(b" ".join(runs)):
        data += (a2b_hex(digits), a2b_hex(digits[1:-1]))
    return _APART.join([stretch.decode("ascii") for stretch in _PRINTABLE.findall(b"\0".join(data))])
