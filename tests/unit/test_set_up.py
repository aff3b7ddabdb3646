"""The set-up: locks, environment.yml, and what runbook.py decides before it hands over."""

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement

import runbook
from tests.suite import count

ROOT = Path(runbook.__file__).parent
LOCKS = sorted(ROOT.glob("requirements*.lock"))
WANTED = {"python": "3.11", "folder": "/tree", "requirements.lock": "new"}
TEST_PINS = {"requirements-test.lock": "new"}


def requirements(lines: list[str]) -> set[str]:
    """Requirements in one spelling, markers included."""
    return {str(Requirement(line)) for line in lines}


def imports(tree: ast.Module) -> set[str]:
    """The top-level names of everything a module imports, at any depth."""
    plain = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    other = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    return {name.partition(".")[0] for name in plain | other}


def test_environment_yml_has_exactly_the_pins_of_the_lock() -> None:
    """environment.yml and requirements.lock name the same versions under the same markers."""
    environment = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    inline = next(item["pip"] for item in environment["dependencies"] if isinstance(item, dict))
    assert requirements(inline) == requirements(runbook.pins(runbook.RUN_LOCK.read_text(encoding="utf-8")))
    assert len(inline) == len(set(inline))


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_every_requirement_is_locked(lock: Path) -> None:
    """Each name that a person wrote into a .in file has a pin in the lock beside it."""
    wanted = runbook.pins(lock.with_suffix(".in").read_text(encoding="utf-8"))
    pinned = {Requirement(pin).name.lower() for pin in runbook.pins(lock.read_text(encoding="utf-8"))}
    assert wanted
    assert {Requirement(line).name.lower() for line in wanted} <= pinned


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_every_pin_is_exact_and_hashed_and_no_index_is_named(lock: Path) -> None:
    """A lock holds `name==version` with SHA-256 hashes, and leaves the choice of a package index to pip."""
    text = lock.read_text(encoding="utf-8")
    blocks = re.split(r"\n(?=[A-Za-z0-9])", text)
    assert len(blocks) == len(runbook.pins(text))
    for block in blocks:
        pin = Requirement(runbook.pins(block)[0])
        assert [specifier.operator for specifier in pin.specifier] == ["=="], block
        assert re.search(r"--hash=sha256:[0-9a-f]{64}\b", block), block
    assert not re.search(r"://|--(extra-)?index-url|--find-links|--trusted-host", text)


def test_what_both_locks_name_has_one_version() -> None:
    """The test packages share an environment with the run packages, so a shared name must have a shared version."""
    both = [runbook.pins(lock.read_text(encoding="utf-8")) for lock in (runbook.RUN_LOCK, runbook.TEST_LOCK)]
    run, test = ({pin.name: pin.specifier for pin in map(Requirement, pins) if not pin.marker} for pins in both)
    assert {name: test[name] for name in run.keys() & test.keys()} == {
        name: run[name] for name in run.keys() & test.keys()
    }


def test_runbook_needs_the_standard_library_only() -> None:
    """runbook.py runs before anything is installed; `packaging` is asked for in one place, where it may be absent."""
    tree = ast.parse((ROOT / "runbook.py").read_text(encoding="utf-8"))
    assert imports(tree) - sys.stdlib_module_names == {"packaging"}
    [here] = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "pins_are_here"]
    assert isinstance(here.body[1], ast.Try)
    assert "packaging" in imports(ast.Module(body=[here.body[1]], type_ignores=[]))


def test_an_older_python_gets_as_far_as_the_message() -> None:
    """runbook.py parses as Python 3.7, and asks for the version before it imports what an older Python lacks."""
    tree = ast.parse((ROOT / "runbook.py").read_text(encoding="utf-8"), feature_version=(3, 7))
    first = [type(node) for node in tree.body[:3]]
    assert first == [ast.Expr, ast.Import, ast.If]


def test_pins_that_are_all_here_are_recognised() -> None:
    """In the environment made from the locks, every pin that applies to it is found at its version."""
    assert runbook.pins_are_here(runbook.RUN_LOCK.read_text(encoding="utf-8"))
    assert runbook.pins_are_here(runbook.TEST_LOCK.read_text(encoding="utf-8"))


def test_one_other_version_means_the_pins_are_not_here() -> None:
    """A single pin at another version is enough to need an environment of our own."""
    lock = runbook.RUN_LOCK.read_text(encoding="utf-8")
    damaged = re.sub(r"^pydantic==\S+", "pydantic==0.0.1", lock, flags=re.MULTILINE)
    assert damaged != lock
    assert not runbook.pins_are_here(damaged)


def test_one_missing_package_means_the_pins_are_not_here() -> None:
    """A pinned package that is not installed is enough, unless its marker is for another platform."""
    lock = runbook.RUN_LOCK.read_text(encoding="utf-8")
    assert not runbook.pins_are_here(lock + "no-such-package-anywhere==1.0\n")
    assert runbook.pins_are_here(lock + "no-such-package-anywhere==1.0 ; sys_platform == 'never'\n")


@pytest.mark.parametrize(
    ("stamp", "wanted", "decision"),
    [
        pytest.param(WANTED, WANTED, "use", id="all as wanted"),
        pytest.param(WANTED | TEST_PINS, WANTED, "use", id="more than wanted"),
        pytest.param(WANTED, WANTED | TEST_PINS, "update", id="test packages missing"),
        pytest.param(WANTED | {"requirements.lock": "old"}, WANTED, "update", id="lock changed"),
        pytest.param({}, WANTED, "update", id="made by hand"),
        pytest.param({}, WANTED | {"python": ""}, "make", id="nothing there"),
        pytest.param(runbook.UNFINISHED, WANTED, "make", id="interrupted"),
        pytest.param(runbook.UNFINISHED, WANTED | {"python": ""}, "make", id="interrupted before it had a Python"),
        pytest.param(WANTED, WANTED | {"python": "3.12"}, "make", id="Python replaced"),
        pytest.param(WANTED, WANTED | {"folder": "/elsewhere"}, "make", id="tree copied"),
    ],
)
def test_the_stamp_decides(stamp: dict[str, str], wanted: dict[str, str], decision: str) -> None:
    """Only a finished stamp that says all that is wanted lets an environment be used as it is."""
    assert runbook.decide(stamp, wanted) == decision


def test_a_stamp_is_read_as_it_was_written(tmp_path: Path) -> None:
    """Values keep their spaces, and a folder without a stamp has an empty one."""
    environment = runbook.Environment(tmp_path)
    assert environment.stamp() == {}
    environment.write_stamp(WANTED | {"folder": "/a tree/with spaces"})
    assert environment.stamp() == WANTED | {"folder": "/a tree/with spaces"}
    assert environment.version() == ""


def test_a_changed_lock_changes_the_fingerprint(tmp_path: Path) -> None:
    """One byte more in a lock is another fingerprint, so that pip is asked again."""
    lock = tmp_path / "requirements.lock"
    lock.write_text("click==8.0.0\n", encoding="utf-8")
    before = runbook.fingerprint([lock], "3.11")
    lock.write_text("click==8.0.1\n", encoding="utf-8")
    assert runbook.fingerprint([lock], "3.11") != before


@pytest.mark.parametrize(
    ("log", "message"),
    [
        (
            "WARNING: Retrying after NewConnectionError\nERROR: No matching distribution found for click",
            "package index",
        ),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.", "not the one that was locked"),
        ("ERROR: Could not install packages due to an OSError: No space left on device", "No space left"),
        ("ensurepip is not available", "ensurepip is not available"),
    ],
)
def test_a_failed_step_says_what_happened_and_what_to_do(
    log: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message names the lock, the cause, the next thing to do and where the whole output is."""
    monkeypatch.setattr(runbook, "LOG", tmp_path / "set-up.log")
    runbook.LOG.write_text(log, encoding="utf-8")
    text = str(runbook.explain("requirements.lock"))
    assert message in text
    assert "requirements.lock" in text
    assert "set-up.log" in text


def test_the_suite_refuses_unknown_arguments() -> None:
    """A misspelt option is wrong usage, with one line and exit code 64, not a shorter test run."""
    suite = [sys.executable, str(ROOT / "tests" / "suite.py"), "--every"]
    done = subprocess.run(suite, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (64, "")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("output", "code", "in_ci", "counted"),
    [
        ("All checks passed!\n", 0, True, (1, 0)),
        ("Found 2 errors.\n", 1, True, (0, 1)),
        ("=== 3 passed, 1 warning in 0.12s ===\n", 0, True, (3, 0)),
        ("=== 1 failed, 3 passed, 2 errors in 65.02s (0:01:05) ===\n", 1, False, (3, 3)),
        ("=== 3 passed, 2 skipped in 0.12s ===\n", 0, False, (3, 0)),
        ("=== 3 passed, 2 skipped in 0.12s ===\n", 0, True, (3, 2)),
        ("=== no tests ran in 0.00s ===\n", 5, False, (0, 1)),
        ("=== 3 passed in 0.12s ===\nthe cloud did not stop\n", 1, False, (3, 1)),
    ],
)
def test_a_stage_that_did_not_pass_is_counted_as_failed(
    output: str, code: int, in_ci: bool, counted: tuple[int, int]
) -> None:
    """No stage that failed, ran nothing, or skipped in continuous integration adds up to a green sum."""
    assert count(output, code, in_ci) == counted


def test_continuous_integration_runs_everything() -> None:
    """.ci/run can be executed and asks for the whole suite."""
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    assert "python3 runbook.py test --all" in script.read_text(encoding="utf-8")


def test_bytecode_is_compiled_once_for_the_packages_and_for_the_project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the environment is made, and not by the first command, nor by each one where the tree is read-only."""
    packages = tmp_path / ".venv" / "lib" / f"python{runbook.VERSION}" / "site-packages"
    packages.mkdir(parents=True)
    ran: list[tuple[str | Path, ...]] = []
    monkeypatch.setattr(runbook, "ROOT", tmp_path)
    monkeypatch.setattr(runbook, "step", lambda *command: ran.append(command))
    monkeypatch.setattr(runbook.Environment, "version", lambda _: runbook.VERSION)
    runbook.build(runbook.Environment(tmp_path / ".venv"), (), "update")
    (command,) = ran
    assert "compileall" in command and command[-2:] == (packages, tmp_path / "helpers")
