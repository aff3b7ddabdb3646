"""`lab` as a person starts it, in a home and a temporary folder of its own, and what is left once it has ended."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")
ROOT = Path(__file__).resolve().parents[2]
SECONDS = 60.0
_IN_FRONT = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.argv[1], sys.argv[1:])
"""
"""Makes standard input the terminal of a new session, and becomes a command in its foreground."""
_ADDRESS = re.compile(r"^JupyterLab: (\S+)$", re.MULTILINE)


def wait_for(what: str, look: Callable[[], T | None], seconds: float = SECONDS) -> T:
    """What `look` finds, looking again for a bounded time. Raises TimeoutError."""
    until = time.monotonic() + seconds
    while not (found := look()):
        if time.monotonic() > until:
            raise TimeoutError(f"waited {seconds:.0f} s for {what}")
        time.sleep(0.1)
    return found


def parameters(folder: Path, mode: str) -> Path:
    """The rehearsal's parameters; with `mode: plan` each change that can be undone waits for its button."""
    text = (ROOT / "parameters" / "rehearsal.yaml").read_text(encoding="utf-8")
    file = folder / f"{mode}.yaml"
    file.write_text(text.replace("mode: apply", f"mode: {mode}"), encoding="utf-8")
    return file


@dataclass
class Lab:
    """One `lab` command that runs. `folder` is its own: its home, its temporary files, and what it said."""

    folder: Path
    process: subprocess.Popen[bytes]
    terminal: int
    """The terminal it was started in, to type into."""

    @classmethod
    def start(
        cls, folder: Path, *arguments: str, environment: Mapping[str, str] | None = None, in_terminal: bool = True
    ) -> Lab:
        """Start it, in a terminal of its own unless asked for none, and open no browser. It takes a free port."""
        typing, terminal = pty.openpty()
        (folder / "t").mkdir(exist_ok=True)
        own = {"CMEK_HOME": str(folder / "home"), "TMPDIR": str(folder / "t"), "JUPYTER_CONFIG_DIR": str(folder / "j")}
        command = [sys.executable, "-m", "helpers.cli", "lab", "--no-browser", *arguments]
        in_front = [sys.executable, "-c", _IN_FRONT] if in_terminal else []
        with (folder / "said").open("wb") as said:
            process = subprocess.Popen(
                [*in_front, *command],
                cwd=ROOT,
                env={**(environment or os.environ), **own},
                stdin=terminal if in_terminal else subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                start_new_session=True,
            )
        os.close(terminal)
        return cls(folder, process, typing)

    @property
    def said(self) -> str:
        return (self.folder / "said").read_text(encoding="utf-8")

    def address(self) -> str:
        """Where it answers. Raises TimeoutError, and AssertionError where it has ended."""

        def look() -> str | None:
            assert self.process.poll() is None, self.said
            found = _ADDRESS.search(self.said)
            return found[1] if found else None

        return wait_for("JupyterLab to answer", look)

    def ctrl_c(self) -> None:
        """As typed: every process in the terminal's foreground gets it."""
        os.write(self.terminal, b"\x03")

    def ended(self) -> int:
        """Its exit code, once it has ended by itself. Raises TimeoutExpired."""
        return self.process.wait(timeout=SECONDS)

    def clean_up(self) -> None:
        """End it, whatever state it is in."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        os.close(self.terminal)

    @property
    def run(self) -> Path:
        """The folder of its run."""
        (run,) = (self.folder / "home" / "runs").iterdir()
        return run

    def ledger(self) -> list[dict[str, Any]]:
        """The lines of its ledger so far."""
        text = (self.run / "ledger.jsonl").read_text(encoding="utf-8")
        return [json.loads(line) for line in text.splitlines()]

    def still_running(self) -> list[str]:
        """The command lines of processes that it started and that are there, by the home they were given.

        Linux only: elsewhere nothing is found.
        """
        mark = f"CMEK_HOME={self.folder / 'home'}\0".encode()
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            try:
                if mark in (process / "environ").read_bytes() + b"\0":
                    found.append((process / "cmdline").read_bytes().replace(b"\0", b" ").decode())
            except OSError:  # gone, or another user's
                continue
        return found

    def left_behind(self) -> list[str]:
        """What is in its temporary folder."""
        return sorted(path.name for path in (self.folder / "t").iterdir())
