"""A notebook as the places in which something can stand, each with its text."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any


def places(notebook: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Each place's name, such as "cell 3, output 1, text/html", and all text in it.

    Nothing is left out, whatever it is: what has no place of its own is in the metadata of what it belongs to. What a
    cell printed in several pieces is a place too, put together. Raises TypeError, ValueError, AttributeError or
    LookupError for what is no notebook.
    """
    yield "notebook metadata", _text(_without(notebook, "cells"))
    for number, cell in enumerate(notebook["cells"], 1):
        where = f"cell {number}"
        yield f"{where}, source", _text(cell.get("source", ""))
        yield f"{where}, metadata", _text(_without(cell, "source", "outputs"))
        printed: dict[str, list[str]] = defaultdict(list)
        said: list[str] = []
        for output_number, output in enumerate(cell.get("outputs", ()), 1):
            yield from _output(f"{where}, output {output_number}", output)
            if "text" in output:
                said.append(_text(output["text"]))
                printed[str(output.get("name"))].append(said[-1])
        for stream, pieces in printed.items():
            if len(pieces) > 1:
                yield f"{where}, {stream} put together", "".join(pieces)
        if len(printed) > 1:
            yield f"{where}, all that is printed put together", "".join(said)


def _output(where: str, output: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    data = output.get("data", {})
    for media_type, value in data.items():
        yield f"{where}, {media_type}", _text(value)
    if "text" in output:
        yield f"{where}, {output.get('name')}", _text(output["text"])
    if "traceback" in output:
        yield (
            f"{where}, error",
            "\n".join(map(_text, (output.get("ename"), output.get("evalue"), *output["traceback"]))),
        )
    rest = _without(output, "data", "text", "ename", "evalue", "traceback")
    yield f"{where}, metadata", _text({**rest, "media types": list(data)})


def _without(value: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: inner for name, inner in value.items() if name not in names}


def _text(value: Any) -> str:
    """Text as it is, also where a notebook keeps it as lines; anything else as JSON."""
    if isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(line, str) for line in value):
        return "".join(value)
    return json.dumps(value, ensure_ascii=False)
