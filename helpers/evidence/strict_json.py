"""JSON in one fixed form, and reading that takes nothing else: no doubled keys, no numbers that are not whole.

The form: UTF-8, two spaces, sorted keys, a newline at the end. What is read is written again and must be the same
bytes, so that two texts never mean the same values.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any


class NotStrict(ValueError):
    """A text that is not what it must be; says how in a few words, without its content."""


def written(value: Any) -> bytes:
    """A value in the fixed form."""
    return json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False).encode() + b"\n"


def is_written_so(value: Any, data: bytes) -> bool:
    """Whether these bytes are the value in the fixed form."""
    try:
        return written(value) == data
    except (ValueError, RecursionError):  # half a surrogate pair, which has no UTF-8
        return False


def parsed(data: bytes) -> Any:
    """The value of a JSON text of any form. Raises NotStrict, for a doubled key and a number that is not whole too."""
    return _loaded(data, parse_float=_no_number)


def loaded(data: bytes) -> Any:
    """The same of what others write (ledger lines, notebooks): numbers may have fractions."""
    return _loaded(data, parse_float=float)


def _loaded(data: bytes, parse_float: Callable[[str], Any]) -> Any:
    try:
        return json.loads(
            data.decode("utf-8"), object_pairs_hook=_once, parse_float=parse_float, parse_constant=_no_number
        )
    except NotStrict:
        raise
    except (ValueError, RecursionError):
        raise NotStrict("not JSON in UTF-8") from None


def fields(value: Any, names: tuple[str, ...], optional: tuple[str, ...] = ()) -> dict[str, Any]:
    """A mapping that has exactly these keys. Raises NotStrict, naming what is missing or too many."""
    if not isinstance(value, dict):
        raise NotStrict("not a mapping where there must be one")
    missing = [name for name in names if name not in value]
    if missing:
        raise NotStrict(f"{missing[0]} is missing")
    more = [name for name in value if name not in names + optional]
    if more:
        raise NotStrict("a key that does not belong there")
    return value


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise NotStrict("a key is given twice")
    return found


def _no_number(_: str) -> Any:
    raise NotStrict("a number that is not whole")
