#!/usr/bin/env python3
"""Set the project up on first use, then hand over to its commands. Standard library only.

`python3 runbook.py VERB ...` makes `.venv` from requirements.lock and becomes `python -m helpers.cli VERB ...` in it.
Where the interpreter that runs this file already has every pin (conda, Azure ML), nothing is made.
"""

import sys

if sys.version_info < (3, 11):  # noqa: UP036  before the imports: an older Python lacks some of them
    sys.stderr.write("The runbook needs Python 3.11 or later; this is Python %d.%d.\n" % sys.version_info[:2])  # noqa: UP031
    sys.exit(64)

import contextlib
import hashlib
import importlib.metadata
import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent
RUN_LOCK = ROOT / "requirements.lock"
TEST_LOCK = ROOT / "requirements-test.lock"
STATE = ROOT / ".venvs"  # beside .venv, because .venv itself is removed when it is made again
LOG = STATE / "set-up.log"
USAGE, FAILED, INTERRUPTED = 64, 1, 130
VERSION = f"{sys.version_info[0]}.{sys.version_info[1]}"
UNFINISHED = {"set-up": "unfinished"}


class SetUpError(Exception):
    """The set-up could not finish. The text says what happened and what to do next."""


@dataclass(frozen=True)
class Environment:
    """A virtual environment of the project's own, and the stamp that says what was installed in it."""

    folder: Path
    holds_project: bool = True

    @property
    def python(self) -> Path:
        return self.folder / "bin" / "python"

    @property
    def stamp_file(self) -> Path:
        return self.folder / "set-up.stamp"

    def stamp(self) -> dict[str, str]:
        """What the stamp says, as name to value; empty when there is none."""
        if not self.stamp_file.exists():
            return {}
        lines = self.stamp_file.read_text(encoding="utf-8").splitlines()
        return {name: value for name, _, value in (line.partition(" ") for line in lines)}

    def write_stamp(self, stamp: Mapping[str, str]) -> None:
        """Replace the stamp whole, so that a crash leaves the old one or the new one."""
        partial = self.stamp_file.with_suffix(".partial")
        partial.write_text("".join(f"{name} {value}\n" for name, value in stamp.items()), encoding="utf-8")
        partial.replace(self.stamp_file)

    def version(self) -> str:
        """Python's version in this environment, such as "3.11"; empty when it has none that runs."""
        if not self.python.exists():
            return ""
        if self.python.resolve() == Path(sys.executable).resolve():
            return VERSION
        ask = "import sys; print('%d.%d' % sys.version_info[:2])"
        return subprocess.run([self.python, "-c", ask], check=False, capture_output=True, text=True).stdout.strip()


def fingerprint(locks: Sequence[Path], version: str) -> dict[str, str]:
    """What a finished stamp says for these locks: Python's version, this folder and the SHA-256 of each."""
    return {"python": version, "folder": str(ROOT)} | {
        lock.name: hashlib.sha256(lock.read_bytes()).hexdigest() for lock in locks
    }


def decide(stamp: Mapping[str, str], wanted: Mapping[str, str]) -> str:
    """`use` the environment as it is, `update` it, or `make` it from nothing.

    An interrupted set-up, another Python and a tree that was moved or copied mean `make`; a changed lock, or an
    environment made by hand, `update`.
    """
    elsewhere = bool(stamp) and any(stamp.get(name) != wanted[name] for name in ("python", "folder"))
    if elsewhere or not wanted["python"]:
        return "make"
    return "use" if wanted.items() <= stamp.items() else "update"


def needed(environment: Environment, locks: Sequence[Path]) -> str:
    """The decision for an environment as it is on disk."""
    return decide(environment.stamp(), fingerprint(locks, environment.version()))


def pins(lock: str) -> list[str]:
    """The requirements of a lock's text, `name==version ; marker`, without hashes and comments."""
    return [line.rstrip("\\ ") for line in lock.splitlines() if re.match(r"[A-Za-z0-9]", line)]


def pins_are_here(lock: str) -> bool:
    """Whether this interpreter has every pin of a lock's text that applies to it, at exactly that version."""
    try:
        from packaging.requirements import Requirement  # itself a pin, and not in the standard library

        applying = [pin for pin in map(Requirement, pins(lock)) if not pin.marker or pin.marker.evaluate()]
        return all(pin.specifier.contains(importlib.metadata.version(pin.name), prereleases=True) for pin in applying)
    except ImportError:  # packaging, or a package that is pinned, is not here
        return False


def say(*lines: str) -> None:
    print(*lines, sep="\n", file=sys.stderr, flush=True)


@contextlib.contextmanager
def one_at_a_time() -> Iterator[None]:
    """Hold the set-up of this folder; another set-up waits until it is done."""
    import fcntl  # not on Windows, which main() has refused by now

    STATE.mkdir(exist_ok=True)
    with (STATE / "set-up.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("Another set-up is running in this folder. Waiting for it.")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def step(*command: str | Path) -> None:
    """Run one command quietly, its output into the log. Raises subprocess.CalledProcessError where it fails."""
    with LOG.open("w") as log:
        subprocess.run(command, check=True, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)


def explain(what: str) -> SetUpError:
    """The message for a failed step, from what it left in the log."""
    output = LOG.read_text(encoding="utf-8", errors="replace")
    errors = re.findall(r"^\s*(error.*)", output, re.IGNORECASE | re.MULTILINE)
    said = errors[-1] if errors else output.strip()
    then = "Mend that, then run the same command again."
    if "DO NOT MATCH THE HASHES" in output:
        said = "a downloaded package is not the one that was locked, so it was refused"
        then = "Restore the lock from the repository, or use another package index. Do not remove the hash."
    elif re.search(r"No matching distribution|Connection|Max retries|timed out|resolution", output):
        then = f"The set-up needs a package index that serves what {what} names: check the network, or pip's settings."
    return SetUpError(f"The set-up failed at {what}.\nIt said: {said}\n{then}\nThe whole output: {LOG}")


def install(environment: Environment, lock: Path) -> None:
    """Install exactly what a lock names, each file checked against its hash. Raises SetUpError."""
    say(f"  installing up to {len(pins(lock.read_text()))} packages from {lock.name}, each checked against its hash")
    options = ("--quiet", "--no-input", "--no-compile", "--disable-pip-version-check", "--require-hashes")
    try:
        step(environment.python, "-m", "pip", "install", *options, "-r", lock)
    except subprocess.CalledProcessError as failure:
        raise explain(lock.name) from failure


def make(folder: Path) -> None:
    """Make a virtual environment from nothing, marked as unfinished before anything is in it. Raises SetUpError."""
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    Environment(folder).write_stamp(UNFINISHED)
    base = getattr(sys, "_base_executable", sys.executable)  # this file may be run by the very .venv it replaces
    try:
        step(base, "-m", "venv", folder)
    except subprocess.CalledProcessError as failure:
        raise explain(f"making {folder.name} (Debian and Ubuntu: install python3-venv)") from failure


def build(environment: Environment, locks: Sequence[Path], decision: str) -> None:
    """Carry out a decision other than `use`. The stamp is complete only at the very end. Raises SetUpError."""
    started = time.monotonic()
    name = environment.folder.relative_to(ROOT)
    if decision == "make":
        say(f"Setting up {name} with Python {VERSION}: one to two minutes, this once.")
        make(environment.folder)
    else:
        say(f"Updating {name}: up to two minutes.")
    before = environment.stamp()
    wanted = fingerprint(locks, environment.version())
    environment.write_stamp(UNFINISHED)
    try:
        for lock in locks:
            if before.get(lock.name) != wanted[lock.name]:
                install(environment, lock)
    except SetUpError:
        environment.write_stamp(before)  # pip undid its own work: what was there is as good as it was
        raise
    packages = environment.folder / "lib" / f"python{wanted['python']}" / "site-packages"
    if environment.holds_project:
        # An editable install, as a path file: with --no-build-isolation pip would need setuptools among the pins.
        (packages / "cmek_runbook.pth").write_text(f"{ROOT}\n", encoding="utf-8")
    say("  compiling bytecode")
    own = (ROOT / "helpers",) if environment.holds_project else ()
    with contextlib.suppress(subprocess.CalledProcessError):  # some packages carry templates that do not compile
        step(environment.python, "-m", "compileall", "-qq", "-j0", packages, *own)
    environment.write_stamp(wanted if before == UNFINISHED else before | wanted)
    say(f"Set-up of {name} done in {time.monotonic() - started:.0f} s.")


def ready(environment: Environment, *locks: Path) -> Path:
    """The environment's python, after whatever set-up is needed. Raises SetUpError."""
    if needed(environment, locks) != "use":
        with one_at_a_time():
            decision = needed(environment, locks)  # again: another set-up may have done it meanwhile
            if decision != "use":
                build(environment, locks, decision)
    return environment.python


def interpreter(locks: Sequence[Path]) -> tuple[Path, dict[str, str]]:
    """The python to hand over to, and its environment variables. Raises SetUpError."""
    environment = Environment(ROOT / ".venv")
    paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]  # first: others have a package `helpers` as well
    variables = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
    if needed(environment, locks) != "use" and all(pins_are_here(lock.read_text(encoding="utf-8")) for lock in locks):
        return Path(sys.executable), variables
    return ready(environment, *locks), variables


def main(arguments: Sequence[str]) -> int:
    """Hand over; return an exit code only where that was not possible."""
    if os.name != "posix":
        say("The runbook needs Linux or macOS; on Windows, run it in WSL.")
        return USAGE
    testing = arguments[:1] == ["test"]
    try:
        python, variables = interpreter((RUN_LOCK, TEST_LOCK) if testing else (RUN_LOCK,))
        suite = [str(ROOT / "tests" / "suite.py"), *arguments[1:]]
        command = suite if testing else ["-P", "-m", "helpers.cli", *arguments]  # -P: never from the caller's folder
        os.execve(python, [str(python), *command], variables)
    except (SetUpError, OSError) as error:
        say(str(error) if isinstance(error, SetUpError) else f"The set-up could not go on: {error}")
        return FAILED
    except KeyboardInterrupt:
        say("\nInterrupted. Run the same command again: what was not finished is done over.")
        return INTERRUPTED


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
