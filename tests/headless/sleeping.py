"""A process that is no kernel: it never answers."""

from __future__ import annotations

import time

time.sleep(600)
