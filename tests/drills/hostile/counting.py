"""How many cases a fuzz drill ran, each by how it ended; the summary of the tests shows it."""

from __future__ import annotations

import os
from collections import Counter

SEED = int(os.environ.get("CMEK_FUZZ_SEED", "20261123"))
"""The same seed makes the same cases."""

REFUSED, READ = "refused in one line", "read as written"
ENDED: Counter[str] = Counter()


def summary() -> str | None:
    """One line for all cases so far; None where there were none."""
    if not ENDED:
        return None
    each = ", ".join(f"{ENDED[kind]} {kind}" for kind in (REFUSED, READ))
    return f"fuzz cases {sum(ENDED.values())} run: {each} (seed {SEED})"
