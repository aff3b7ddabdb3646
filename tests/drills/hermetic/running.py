"""Running a command as somebody in a hostile shell would, where there is no way out."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from tests.drills.hermetic import shells
from tests.needs import lacking

ROOT = Path(__file__).resolve().parents[3]
HERE = Path(__file__).resolve().parent
PARAMETERS = "parameters/rehearsal.yaml"
CLI = (sys.executable, "-P", "-m", "helpers.cli")
PLAN = (*CLI, "plan", "-f", PARAMETERS, "--json")
REHEARSE = (*CLI, "rehearse", "--json")


@dataclass(frozen=True)
class Ended:
    """A command that has ended, the home it ran in, and the folder of its runs."""

    code: int
    out: str
    err: str
    home: shells.Home
    kept: Path

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def run(self) -> Path:
        """The folder of the one run."""
        (folder,) = (self.kept / "runs").iterdir()
        return folder

    def records(self) -> dict[str, str]:
        """Everything that is kept or was shown."""
        files = (path for path in self.kept.rglob("*") if path.is_file())
        return {str(path.relative_to(self.kept)): path.read_text(errors="replace") for path in files} | {
            "standard output": self.out,
            "standard error": self.err,
        }

    def with_secrets(self) -> list[str]:
        """The records that hold a secret of the shell."""
        return [name for name, text in self.records().items() if shells.MARK in text]


@lru_cache(maxsize=1)
def into_a_namespace() -> tuple[str, ...]:
    """The start of a command that runs in a network namespace of its own; empty where that is not permitted."""
    for options in (("-n",), ("-r", "-n")):
        start = ("unshare", *options, sys.executable, str(HERE / "alone.py"))
        try:
            done = subprocess.run([*start, "true"], capture_output=True, timeout=30, check=False)
        except FileNotFoundError:
            return ()
        if done.returncode == 0:
            return start
    return ()


@dataclass(frozen=True)
class Planned:
    """A plan in a shell that has something set, and the logins that its home had before."""

    ended: Ended
    logins: Mapping[str, bytes]


def plans(shells_of: Mapping[str, tuple[shells.Home, Mapping[str, str]]]) -> dict[str, Planned]:
    """A plan in each of some shells, alone with loopback: all in one cloud, which a shell of its own serves."""
    environments = {
        name: {**shells.shell(home, preset), "CMEK_HOME": str(home.folder.parent / "kept")}
        for name, (home, preset) in shells_of.items()
    }
    logins = {name: home.logins() for name, (home, _) in shells_of.items()}
    orders = {name: {"command": PLAN, "environment": inside} for name, inside in environments.items()}
    done = subprocess.run(
        [*_alone(), sys.executable, str(HERE / "plans.py")],
        cwd=ROOT,
        input=json.dumps(orders),
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return {
        name: Planned(Ended(**said, home=shells_of[name][0], kept=Path(environments[name]["CMEK_HOME"])), logins[name])
        for name, said in json.loads(done.stdout).items()
    }


def _alone() -> tuple[str, ...]:
    """The start of a command that runs alone with loopback. Ends the test where there is no namespace to be had."""
    start = into_a_namespace()
    if not start:
        lacking("network namespaces (unshare -n) are not permitted here, so leaving could not be made impossible")
    return start


def run(command: tuple[str, ...], home: shells.Home, *presets: Mapping[str, str], kept: Path) -> Ended:
    """Run a command of this suite, alone with loopback."""
    environment = {**shells.shell(home, *presets), "CMEK_HOME": str(kept)}
    done = subprocess.run(
        [*_alone(), *command], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=280, check=False
    )
    return Ended(done.returncode, done.stdout, done.stderr, home, kept)
