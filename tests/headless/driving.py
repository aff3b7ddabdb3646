"""Executes one notebook as `run` does, in a process that a test interrupts or kills: WAY PROJECT RUN."""

from __future__ import annotations

import sys
from pathlib import Path
from unittest import mock

from helpers.headless import notebooks
from helpers.headless.kernel_start import started
from helpers.record.runs import Run


def main(way: str, project: str, folder: str) -> int:
    run = Run(Path(folder))
    with mock.patch.object(notebooks, "project_root", lambda: Path(project)), started(way) as kernel_start:
        outcome = notebooks.execute(run, {}, "02_key", kernel_start=kernel_start)
    print(*outcome.lines, sep="\n")
    return outcome.exit_code


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
