"""An exported script in a cloud that this process serves: run, killed, run again, and what became of the world."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from helpers.export.az import script
from helpers.parameters import Parameters, load
from helpers.rehearsal import faults
from helpers.rehearsal.environment import applied
from helpers.rehearsal.serve import Served
from helpers.yaml_file import read
from tests.drills.crash.ends import End

ROOT = Path(__file__).resolve().parents[2]
FILE = "parameters/rehearsal.yaml"
ENTRA = "login.microsoftonline.com"
LOGIN = 'az login --service-principal -u "$AZURE_CLIENT_ID" -p "$AZURE_CLIENT_SECRET" --tenant "$AZURE_TENANT_ID"'
AGREE = re.compile(r"ATTACH_FOR_GOOD=([0-9a-f]{12}-[0-9a-f]{12})")
SECONDS = 240.0


@dataclass(frozen=True)
class Ended:
    """How a script or a command ended, and what it said."""

    code: int
    out: str
    err: str

    @property
    def agree(self) -> str:
        """The text that it asks for before it attaches."""
        found = AGREE.search(self.err)
        assert found, self.err
        return found[1]


@dataclass
class Place:
    """One cloud, an Azure CLI that is signed in there, and an exported script."""

    served: Served
    az: Path
    folder: Path
    parameters: Parameters
    more: dict[str, str] = field(default_factory=dict)

    @property
    def script(self) -> Path:
        file = self.folder / "onboard.sh"
        file.write_text(script(self.parameters, FILE), encoding="utf-8")
        return file

    @property
    def variables(self) -> dict[str, str]:
        inside = applied(self.served.environment())
        path = os.pathsep.join((str(self.az.parent), inside["PATH"]))
        waits = {"PAUSE_SECONDS": "1", "WAIT_AT_MOST": "20", "CMEK_HOME": str(self.folder / "home")}
        return {**inside, "PATH": path, **waits, **self.more}

    def login(self) -> None:
        done = subprocess.run(["sh", "-c", LOGIN], env=self.variables, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr

    def run(self, *arguments: str, bash: tuple[str, ...] = ("bash",), **variables: str) -> Ended:
        return self._ended([*bash, str(self.script), *arguments], variables)

    def agreed(self) -> Ended:
        """Run to the attach, and again with what was asked for."""
        return self.run(ATTACH_FOR_GOOD=self.run().agree)

    def command(self, *arguments: str) -> Ended:
        """One of this suite's own commands, inside the cloud."""
        return self._ended([sys.executable, "-m", "helpers.cli", *arguments], {})

    def _ended(self, command: list[str], variables: Mapping[str, str]) -> Ended:
        done = subprocess.run(
            command,
            env={**self.variables, **variables},
            cwd=ROOT,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=SECONDS,
            check=False,
        )
        return Ended(done.returncode, done.stdout, done.stderr)

    def killed_at(self, operation: str, *, carried_out: bool, **variables: str) -> None:
        """Start the script, and kill it and all it started while a request of an operation is on its way."""
        self.faults({"operation": operation, "hold": True, "carried_out": carried_out})
        process = subprocess.Popen(
            ["bash", str(self.script)],
            env={**self.variables, **variables},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            self._until_held(operation, process)
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        self.mend()

    def _until_held(self, operation: str, process: subprocess.Popen[bytes]) -> None:
        until = time.monotonic() + SECONDS
        while not self.served.cloud.held.rows():
            assert process.poll() is None, f"the script ended before {operation}"
            assert time.monotonic() < until, f"the script never came to {operation}"
            time.sleep(0.05)

    def faults(self, *given: Mapping[str, Any]) -> None:
        """What goes wrong with operations, with each of them once."""
        with self.served.world.lock:
            self.served.world.state.faults = faults.parsed([{"times": 1, **one} for one in given])

    def mend(self) -> None:
        with self.served.world.lock:
            self.served.world.state.faults = []
        self.served.cloud.held.release()

    def writes(self) -> list[str]:
        return [row["operation"] for row in self.served.cloud.journal.rows() if row["wrote"]]

    def forget(self) -> None:
        self.served.cloud.journal.clear()

    def state(self) -> dict[str, Any]:
        with self.served.world.lock:
            return self.served.world.snapshot()

    def end(self) -> End:
        return End(self.state(), [row for row in self.served.cloud.journal.rows() if row["host"] != ENTRA])


def command(*arguments: str) -> Ended:
    """One of this suite's own commands, in no cloud."""
    asked = [sys.executable, "-m", "helpers.cli", *arguments]
    done = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
    return Ended(done.returncode, done.stdout, done.stderr)


def parameters(**changes: Any) -> Parameters:
    """Those of the rehearsal, with changes."""
    return load({**read(ROOT / FILE)["parameters"], **changes})


@contextmanager
def place(world: str | Path, az: Path, folder: Path, **changes: Any) -> Iterator[Place]:
    """A cloud with a world in it, and the script of the rehearsal's parameters."""
    with Served(world) as served:
        made = Place(served, az, folder, parameters(**changes))
        if az.parent.name != "small":
            made.login()
        yield made


def small(folder: Path) -> Path:
    """The stand-in for the Azure CLI, as a program called az."""
    file = folder / "small" / "az"
    file.parent.mkdir(parents=True, exist_ok=True)
    stand_in = Path(__file__).with_name("small_az.py")
    file.write_text(f'#!/bin/sh\nexec {sys.executable} -S -B {stand_in} "$@"\n', encoding="utf-8")
    file.chmod(0o755)
    return file


def noting(folder: Path, *programs: str, over: str) -> tuple[Path, Path]:
    """A folder of programs that note how they are called, and with which environment, and then are what they are."""
    notes = folder / "notes"
    (folder / "noting").mkdir()
    for name in programs:
        real = shutil.which(name, path=over)
        file = folder / "noting" / name
        file.write_text(f'#!/bin/sh\n{{ echo {name} "$@"; env; }} >> {notes}\nexec {real} "$@"\n', encoding="utf-8")
        file.chmod(0o755)
    return folder / "noting", notes
