"""SHA256SUMS, as `sha256sum` writes and reads it. It is never read here: it is made again and compared."""

from __future__ import annotations

from helpers.evidence.statement import Statement


def written(statement: Statement) -> bytes:
    """Every subject, one a line. Plain names need no escapes."""
    return "".join(f"{digest}  {name}\n" for name, digest in statement.subjects).encode()
