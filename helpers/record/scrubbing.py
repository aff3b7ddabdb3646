"""Taking secrets out of what is about to be shown or kept."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from helpers.record.in_use import Known, nothing
from helpers.record.runs import Run
from helpers.record.secrets import Sought, placeholder

_AT_ONCE = 4_000_000
_BINARY = re.compile(r"(?:image/(?!svg)|audio/|video/|application/(?:pdf|octet-stream)\b)")
"""Media types whose data is no text: nothing is taken out of those, and they are searched when a run is sealed."""


@dataclass(frozen=True)
class Scrubber:
    """Replaces secrets: by their shape, and those that are known to be in use.

    Of a secret that stands as it is, only the secret is replaced. Where one is hidden in another form (base64, escapes)
    its whole line is replaced, and where that is not enough the whole text: nothing of it may be left.
    """

    known: Known = nothing

    def text(self, text: str) -> str:
        """The same text, or one without the secrets that were found in it."""
        return _text(text, Sought.of(self.known()))

    def content(self, value: Any) -> Any:
        """The same value with every text in it scrubbed, names included; what is no text, or binary data, stays."""
        return _content(value, Sought.of(self.known()))

    def outputs(self, outputs: Sequence[Mapping[str, Any]]) -> list[Any]:
        """The outputs of one cell without secrets, also without one that was printed in pieces.

        Where there is one, what was printed stands in the place of its first piece.
        """
        fresh, sought = list(self.content(outputs)), Sought.of(self.known())
        streams = dict.fromkeys(output["name"] for output in fresh if output.get("output_type") == "stream")
        for names in (*((name,) for name in streams), tuple(streams)):
            pieces = [output for output in fresh if output.get("name") in names]
            printed = "".join(piece["text"] for piece in pieces)
            if len(pieces) > 1 and (scrubbed := _text(printed, sought)) != printed:
                pieces[0]["text"] = scrubbed
                fresh = [output for output in fresh if not any(output is piece for piece in pieces[1:])]
        return fresh

    def file(self, path: Path) -> None:
        """Rewrite a text file without the secrets in it, some megabytes of whole lines at a time, whole or not at all.

        Nothing is written where nothing is found. Raises OSError.
        """
        options: dict[str, Any] = {"encoding": "utf-8", "errors": "surrogateescape", "newline": ""}
        fresh, changed = path.with_name(f".{path.name}.scrubbed"), False
        try:
            with path.open(**options) as old, fresh.open("w", **options) as new:
                while lines := old.readlines(_AT_ONCE):
                    text = "".join(lines)
                    scrubbed = self.text(text)
                    changed = changed or scrubbed != text
                    new.write(scrubbed)
            if changed:
                fresh.replace(path)
        finally:
            fresh.unlink(missing_ok=True)


def scrub_log(run: Run, known: Known) -> None:
    """Take secrets out of the log of kernels that have ended: libraries write there, past everything else."""
    if run.kernels_log.exists():
        Scrubber(known).file(run.kernels_log)


def _content(value: Any, sought: Sought) -> Any:
    if isinstance(value, str):
        return _text(value, sought)
    if isinstance(value, dict):
        return {
            _content(name, sought): inner if _is_binary(name) else _content(inner, sought)
            for name, inner in value.items()
        }
    if isinstance(value, list | tuple):
        return [_content(inner, sought) for inner in value]
    return value


def _is_binary(name: object) -> bool:
    return isinstance(name, str) and _BINARY.match(name) is not None


def _text(text: str, sought: Sought) -> str:
    if not sought.kinds(text):
        return text
    text = sought.replaced(text)
    if sought.kinds(text):
        text = "".join(_line(line, sought) for line in text.splitlines(keepends=True))
    kinds = sought.kinds(text)
    return placeholder(*kinds) if kinds else text


def _line(line: str, sought: Sought) -> str:
    kinds = sought.kinds(line)
    return placeholder(*kinds) + line[len(line.rstrip("\r\n")) :] if kinds else line
