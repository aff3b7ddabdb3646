"""Imports without a package that another one would only use where it is there."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def without(package: str) -> Iterator[None]:
    """For a block, importing this package raises ModuleNotFoundError, unless it has been imported already.

    jsonschema, which nbformat imports, has a check of the format "iri" where rfc3987_syntax is there, whose import
    takes as long as all the rest of papermill. Notebooks are checked for their structure, without any check of formats.
    Source: jsonschema 4.26, _format.py; a None in sys.modules, Python 3.11, "The import system"; read 2026-11-27.
    """
    if package in sys.modules:
        yield
        return
    sys.modules[package] = None  # type: ignore[assignment]  # as documented, and typeshed does not say so
    try:
        yield
    finally:
        del sys.modules[package]
