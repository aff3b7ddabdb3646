"""A rehearsal cloud in a process of its own, for the tests of what it leaves behind."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
CLOUD = (sys.executable, "-c", "from helpers.cli_cloud import cloud; cloud()")


@contextmanager
def serving(folder: Path, *options: str) -> Iterator[tuple[subprocess.Popen[str], Path, list[str]]]:
    """The `cloud` command in a process of its own, ready; with the lines it has printed. Its temporary files go to
    `folder`/tmp."""
    (folder / "tmp").mkdir(exist_ok=True)
    place = folder / "place" / "ready.json"
    with subprocess.Popen(
        [*CLOUD, "--ready-file", str(place), *options],
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(folder / "tmp")},
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            assert process.stderr is not None
            yield process, place, [process.stderr.readline() for _ in range(4)]
        finally:
            process.kill()
