"""Every check of the project, in one command: `python runbook.py test [--all]`.

All stages run even where one fails. Each stage of pytest counts its tests, the drills their cells, every other stage
counts as one. The drills (--all) come last and alone, as they take every core; their result is told again at the end.
A stage that hangs is stopped, and has failed: each may take STAGE_SECONDS, and in continuous integration all of them
together ALL_SECONDS.
Exit code 0 where all passed, 1 where anything failed, 64 for wrong usage, 130 where interrupted.
"""

import contextlib
import os
import re
import signal
import subprocess
import sys
import sysconfig
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import IO

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from runbook import Environment, SetUpError, ready  # noqa: E402

AZ = Environment(ROOT / ".venvs" / "az", holds_project=False)
AZ_LOCK = ROOT / "requirements-az.lock"
AZUREML = Environment(ROOT / ".venvs" / "azureml", holds_project=False)
AZUREML_LOCK = ROOT / "requirements-azureml.lock"
DASK = Environment(ROOT / ".venvs" / "dask", holds_project=False)
DASK_LOCK = ROOT / "requirements-dask.lock"
NPM, NPM_ASKED = ROOT / ".venvs" / "npm", ROOT / "tests" / "npm"
QUICK = "not slow and not az and not npm"
PYTEST = ("-m", "pytest", "-p", "no:cacheprovider", "--color=no")
SUMMARY = re.compile(r"=+ (?P<counts>.*) in [\d.]+s.*=+")
STAGE_SECONDS, ALL_SECONDS, GRACE_SECONDS = 25 * 60.0, 75 * 60.0, 30.0
"""Most of a stage, most of all of them in continuous integration, and what a stopped one has to clean up."""
SHOWING = threading.Lock()
AT_ONCE = max(2, os.cpu_count() or 2)
LONGEST = (
    "drills",
    "worlds",
    "steps",
    "commands",
    "services",
    "export",
    "evidence",
    "azureml",
    "browser",
    "contract",
    "unit",
)
"""Folders of tests that take long, so that none of them is left for last."""
NOTHING_CHOSEN = 5
"""What pytest exits with where the quick tests leave out all of a folder."""
COUNT = re.compile(r"(\d+) (passed|failed|error|skipped)")
DRILLED = re.compile(r"crash cells \d+ run, \d+ converged\b.*; .*duplicates \d+")
TOLD = re.compile(r"^(?:fuzz cases \d+ run|not run here): .*$", re.MULTILINE)
CELLS = re.compile(r"(?P<run>\d+) run, (?P<right>\d+) (?:converged|right)")


@dataclass(frozen=True)
class Outcome:
    """How a stage ended: seconds it took, how many of its tests passed and failed, and a line to tell at the end."""

    stage: str
    seconds: float
    passed: int
    failed: int
    told: str = ""

    def __str__(self) -> str:
        return f"{self.stage:<16}{'failed' if self.failed else 'ok':<8}{self.seconds:>7.1f}"


def checks() -> dict[str, list[str]]:
    """What is checked of the text alone: seconds in all."""
    python = sys.executable
    return {
        "ruff format": [python, "-m", "ruff", "format", "--check"],
        "ruff check": [python, "-m", "ruff", "check"],
        "mypy": [python, "-m", "mypy"],
        "lint-imports": [str(Path(sysconfig.get_path("scripts")) / "lint-imports")],
    }


def stages(everything: bool) -> dict[str, list[str]]:
    """Each stage's command, the longest first: every folder of tests is one, and so are the notebooks themselves."""
    python = sys.executable
    chosen = [] if everything else ["-m", QUICK]
    folders = sorted(path.name for path in (ROOT / "tests").iterdir() if any(path.glob("**/test_*.py")))
    folders.sort(key=lambda name: LONGEST.index(name) if name in LONGEST else len(LONGEST))
    notebooks = [python, *PYTEST, "--nbval-lax", "--nbval-current-env", "-p", "no:xdist", "notebooks/"]
    return {
        **{name: [python, *PYTEST, *chosen, f"tests/{name}"] for name in folders},
        "nbval": [python, "-m", "helpers.cli", "cloud", "exec", "--world", "onboarded", "--", *notebooks],
        **checks(),
    }


def drills() -> list[str]:
    """The command of the drills: the crash matrix and the retry matrix."""
    return [sys.executable, "-u", "-m", "tests.drills.crash"]


def count(output: str, code: int, in_ci: bool) -> tuple[int, int]:
    """Tests passed and failed, from what a stage printed and its exit code.

    In continuous integration a skipped test has failed: there everything a test needs is present.
    """
    lines = [line for line in output.splitlines() if SUMMARY.fullmatch(line)]
    counts = Counter({kind: int(number) for number, kind in COUNT.findall(lines[-1])}) if lines else Counter()
    failed = counts["failed"] + counts["error"] + (counts["skipped"] if in_ci else 0)
    if not lines:
        return (1, 0) if code == 0 else (0, 1)
    if code == NOTHING_CHOSEN and not counts and "deselected" in lines[-1]:
        return 0, 0
    return counts["passed"], failed or int(code != 0)


def count_cells(output: str, code: int) -> tuple[int, int, str]:
    """Cells that came out right and that did not, from what the drills printed and their exit code; and the line of it.

    Drills that broke off, or did not end well for another reason than a cell, have failed.
    """
    line = next((line for line in output.splitlines() if DRILLED.fullmatch(line)), "")
    found = [(int(cells["run"]), int(cells["right"])) for cells in CELLS.finditer(line)]
    right = sum(right for _, right in found)
    wrong = sum(run for run, _ in found) - right
    return right, wrong or int(code != 0 or not right), line


def run_alone(stage: str, command: Sequence[str], limit: float) -> Outcome:
    """Run one stage while no other one runs, and show its output as it comes."""
    print(f"\n--- {stage}", flush=True)
    started = time.monotonic()
    with tempfile.NamedTemporaryFile("w+", encoding="utf-8", errors="replace") as output:  # not a pipe, as in `run`
        with shown(Path(output.name)):
            code = ended(command, output, limit)
        said = Path(output.name).read_text(encoding="utf-8", errors="replace")
    passed, failed, told = count_cells(said, 1 if code is None else code)
    if code is None:
        failed, told = max(failed, 1), hung(limit)
    outcome = Outcome(stage, time.monotonic() - started, passed, failed, told)
    print(f"--- {outcome}", flush=True)
    return outcome


@contextlib.contextmanager
def shown(file: Path) -> Iterator[None]:
    """For a block, what is written to a file is printed as it comes, at the end of it all of it."""
    over = threading.Event()

    def show() -> None:
        with file.open(encoding="utf-8", errors="replace") as written:
            last = False
            while not last:
                last = over.wait(0.1)
                print(written.read(), end="", flush=True)

    showing = threading.Thread(target=show, daemon=True)
    showing.start()
    try:
        yield
    finally:
        over.set()
        showing.join()


def run(stage: str, command: Sequence[str], limit: float) -> Outcome:
    """Run one stage, and show its output once it has ended: lines of two stages at once could not be read."""
    print(f"--- {stage} has started", flush=True)
    started = time.monotonic()
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as output:  # what hangs may hold a pipe open
        code = ended(command, output, limit)
        output.seek(0)
        said = output.read()
    passed, failed = count(said, code or 0, bool(os.environ.get("CI")))
    told = "; ".join(TOLD.findall(said))
    if code is None:
        failed, told = max(failed, 1), hung(limit)
    outcome = Outcome(stage, time.monotonic() - started, passed, failed, told)
    with SHOWING:
        print(f"\n--- {stage}\n{said}--- {outcome}", flush=True)
    return outcome


def ended(command: Sequence[str], output: IO[str], limit: float) -> int | None:
    """The exit code of a command; None where it took longer than `limit` seconds, and was stopped as Ctrl-C does."""
    process = subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, text=True
    )
    try:
        return process.wait(limit)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGINT)  # pytest then ends its fixtures and tells where it was
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(GRACE_SECONDS)
        return None
    except KeyboardInterrupt:  # the process was told by the terminal too
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(GRACE_SECONDS)
        raise
    finally:
        process.kill()
        process.wait()


def hung(limit: float) -> str:
    """What is told of a stage that was stopped."""
    return f"it did not end within {limit:.0f} s and was stopped: the end of its output above says where it was"


def prepare(stage: str, variable: str, make: Callable[[], Path]) -> Outcome:
    """Make what only some tests need, and name it to them by an environment variable."""
    print(f"\n--- {stage}", flush=True)
    started = time.monotonic()
    try:
        os.environ[variable] = str(make())
    except (SetUpError, OSError) as error:
        print(error, flush=True)
        return Outcome(stage, time.monotonic() - started, passed=0, failed=1)
    return Outcome(stage, time.monotonic() - started, passed=1, failed=0)


def tools() -> list[Outcome]:
    """The real Azure CLI, azure-ai-ml, Dask and programs from npm, each in a folder of its own: a run needs none."""
    return [
        prepare("Azure CLI", "CMEK_AZ", lambda: ready(AZ, AZ_LOCK).with_name("az")),
        prepare("azure-ai-ml", "CMEK_AZUREML", lambda: ready(AZUREML, AZUREML_LOCK)),
        prepare("Dask", "CMEK_DASK", lambda: ready(DASK, DASK_LOCK)),
        prepare("npm", "CMEK_NPM", npm),
    ]


def npm() -> Path:
    """The folder with the packages of tests/npm, as their lock has them. Raises SetUpError."""
    wanted = {name: (NPM_ASKED / name).read_bytes() for name in ("package.json", "package-lock.json")}
    mark = NPM / "done"
    if not (mark.is_file() and mark.read_bytes() == wanted["package-lock.json"]):
        NPM.mkdir(parents=True, exist_ok=True)
        for name, data in wanted.items():
            (NPM / name).write_bytes(data)
        command = ("npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error")
        done = subprocess.run(command, cwd=NPM, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        if done.returncode:
            raise SetUpError(f"npm ci failed in {NPM}: {(done.stderr or done.stdout).strip()[-500:]}")
        mark.write_bytes(wanted["package-lock.json"])
    return NPM


def main(arguments: Sequence[str]) -> int:
    """Run the stages, then print a table of them, what the drills told and, as the last line, the sum."""
    if set(arguments) - {"--all"}:
        print("Usage: python runbook.py test [--all]", file=sys.stderr)
        return 64
    everything = "--all" in arguments
    until = time.monotonic() + (ALL_SECONDS if os.environ.get("CI") else float("inf"))

    def limit() -> float:
        return max(1.0, min(STAGE_SECONDS, until - time.monotonic()))

    with tempfile.TemporaryDirectory(prefix="cmek-home-") as home:
        os.environ["CMEK_HOME"] = home  # runs made by tests are not kept beside anybody's real ones
        first, *others = stages(everything).items()
        with ThreadPoolExecutor(max_workers=AT_ONCE) as pool:
            longest = pool.submit(
                run, *first, limit()
            )  # it takes none of the tools, and far longer than they do to be made
            outcomes = pool.submit(tools).result() if everything else []
            outcomes += pool.map(lambda stage: run(*stage, limit()), others)
            outcomes.append(longest.result())
        outcomes += [run_alone("crash matrix", drills(), limit())] if everything else []
    print("\n" + f"{'stage':<16}{'result':<8}{'seconds':>7}", *outcomes, sep="\n")
    for outcome in outcomes:
        if outcome.told:
            print(f"{outcome.stage}: {outcome.told}")
    failed = sum(outcome.failed for outcome in outcomes)
    print(f"{sum(outcome.passed for outcome in outcomes)} passed, {failed} failed", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
