"""Every check of the project, in one command: `python runbook.py test [--all]`.

All stages run even where one fails. Each stage of pytest counts its tests, every other stage counts as one.
Exit code 0 where all passed, 1 where anything failed, 64 for wrong usage, 130 where interrupted.
"""

import os
import re
import subprocess
import sys
import sysconfig
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from runbook import Environment, SetUpError, ready  # noqa: E402

AZ = Environment(ROOT / ".venvs" / "az", holds_project=False)
AZ_LOCK = ROOT / "requirements-az.lock"
QUICK = "not slow and not az"
PYTEST = ("-m", "pytest", "-p", "no:cacheprovider", "--color=no")
SUMMARY = re.compile(r"=+ (?P<counts>.*) in [\d.]+s.*=+")
SHOWING = threading.Lock()
COUNT = re.compile(r"(\d+) (passed|failed|error|skipped)")


@dataclass(frozen=True)
class Outcome:
    """How a stage ended: seconds it took, and how many of its tests passed and failed."""

    stage: str
    seconds: float
    passed: int
    failed: int

    def __str__(self) -> str:
        return f"{self.stage:<16}{'failed' if self.failed else 'ok':<8}{self.seconds:>7.1f}"


def lanes(everything: bool) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """Each stage's command, in the order they run, in two lanes that run side by side: one for each core."""
    python = sys.executable
    chosen = [] if everything else ["-m", QUICK]
    commands = "tests/commands"
    notebooks = [python, *PYTEST, "--nbval-lax", "--nbval-current-env", "-p", "no:xdist", "notebooks/"]
    return (
        {
            "ruff format": [python, "-m", "ruff", "format", "--check"],
            "ruff check": [python, "-m", "ruff", "check"],
            "mypy": [python, "-m", "mypy"],
            "lint-imports": [str(Path(sysconfig.get_path("scripts")) / "lint-imports")],
            "pytest": [python, *PYTEST, *chosen, "tests/", f"--ignore={commands}"],
        },
        {
            "commands": [python, *PYTEST, *chosen, commands],
            "notebooks": [python, "-m", "helpers.cli", "cloud", "exec", "--world", "onboarded", "--", *notebooks],
        },
    )


def count(output: str, code: int, in_ci: bool) -> tuple[int, int]:
    """Tests passed and failed, from what a stage printed and its exit code.

    In continuous integration a skipped test has failed: there everything a test needs is present.
    """
    lines = [line for line in output.splitlines() if SUMMARY.fullmatch(line)]
    counts = Counter({kind: int(number) for number, kind in COUNT.findall(lines[-1])}) if lines else Counter()
    failed = counts["failed"] + counts["error"] + (counts["skipped"] if in_ci else 0)
    if not lines:
        return (1, 0) if code == 0 else (0, 1)
    return counts["passed"], failed or int(code != 0)


def run(stage: str, command: Sequence[str]) -> Outcome:
    """Run one stage, and show its output once it has ended: lines of two stages at once could not be read."""
    print(f"--- {stage} has started", flush=True)
    started = time.monotonic()
    done = subprocess.run(
        command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    passed, failed = count(done.stdout, done.returncode, bool(os.environ.get("CI")))
    outcome = Outcome(stage, time.monotonic() - started, passed, failed)
    with SHOWING:
        print(f"\n--- {stage}\n{done.stdout}--- {outcome}", flush=True)
    return outcome


def run_lane(lane: dict[str, list[str]]) -> list[Outcome]:
    """Run the stages of a lane one after another."""
    return [run(stage, command) for stage, command in lane.items()]


def prepare_az() -> Outcome:
    """Make the environment of the real Azure CLI and name its program to the tests, as CMEK_AZ."""
    print("\n--- Azure CLI", flush=True)
    started = time.monotonic()
    try:
        os.environ["CMEK_AZ"] = str(ready(AZ, AZ_LOCK).with_name("az"))
    except (SetUpError, OSError) as error:
        print(error, flush=True)
        return Outcome("Azure CLI", time.monotonic() - started, passed=0, failed=1)
    return Outcome("Azure CLI", time.monotonic() - started, passed=1, failed=0)


def main(arguments: Sequence[str]) -> int:
    """Run the stages, then print a table of them and, as the last line, the sum."""
    if set(arguments) - {"--all"}:
        print("Usage: python runbook.py test [--all]", file=sys.stderr)
        return 64
    everything = "--all" in arguments
    with tempfile.TemporaryDirectory(prefix="cmek-home-") as home:
        os.environ["CMEK_HOME"] = home  # runs made by tests are not kept beside anybody's real ones
        outcomes = [prepare_az()] if everything else []
        with ThreadPoolExecutor() as both:
            outcomes += [outcome for lane in both.map(run_lane, lanes(everything)) for outcome in lane]
    print("\n" + f"{'stage':<16}{'result':<8}{'seconds':>7}", *outcomes, sep="\n")
    failed = sum(outcome.failed for outcome in outcomes)
    print(f"{sum(outcome.passed for outcome in outcomes)} passed, {failed} failed", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
