"""Imports without packages that another one would only use where they are there."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def without(*packages: str) -> Iterator[None]:
    """For a block, importing these raises ModuleNotFoundError, unless they have been imported already.

    Source: a None in sys.modules, Python 3.11, "The import system"; read 2026-11-27.
    """
    left_out = [package for package in packages if package not in sys.modules]
    sys.modules.update(dict.fromkeys(left_out))  # type: ignore[arg-type]  # as documented, and typeshed does not say so
    try:
        yield
    finally:
        for package in left_out:
            del sys.modules[package]
