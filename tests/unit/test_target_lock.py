"""The lock of a target: one at a time on one machine, visible waits, and nothing that a dead process can keep."""

from __future__ import annotations

import fcntl
import json
import os
import platform
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from helpers.apply import apply
from helpers.errors import Failed, Refused
from helpers.plan import Keep, Plan
from helpers.record.target_lock import AT_MOST_SECONDS, FOREIGN_AFTER, Holder, Target, held
from helpers.waiting import Waiter
from tests.cases.building import parameters
from tests.unit.changes import Looking, Pretended, Services, approved, ledger

HERE = platform.node()
MINE = Holder(os.getpid(), HERE, "run-mine", "02_key", "2026-11-23T09:00:00Z")
OTHER = Holder(4711, HERE, "run-other", "05_register", "2026-11-23T08:59:00Z")
ELSEWHERE = replace(OTHER, host="another-host")
ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Time:
    """Waiting that takes no time; on each sleep something may happen."""

    passes: float = 0.0
    said: list[str] = field(default_factory=list)
    meanwhile: Callable[[], object] = lambda: None

    def sleep(self, seconds: float) -> None:
        self.passes += seconds
        self.meanwhile()

    @property
    def waiter(self) -> Waiter:
        return Waiter(self.said.append, self.sleep, lambda: self.passes)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "locks" / "one.json"


def left_by(file: Path, holder: Holder | None, text: str = "") -> None:
    """A lock file that nobody holds any more."""
    file.parent.mkdir(exist_ok=True)
    file.write_text(text if holder is None else json.dumps(asdict(holder)))


def test_it_says_who_holds_it_and_is_gone_afterwards(file: Path) -> None:
    """While it is held the file names the process, host, run, step and time; then nothing is left, and nothing is said."""
    time = Time()
    with held(file, Holder.me("run-1", "03_rbac"), time.waiter):
        said = json.loads(file.read_text())
        assert (said["pid"], said["host"], said["run"], said["step"]) == (os.getpid(), HERE, "run-1", "03_rbac")
        assert said["since"].endswith("Z")
    assert list(file.parent.iterdir()) == []
    assert time.said == []


def test_it_is_released_when_the_work_fails(file: Path) -> None:
    """An error, or Ctrl-C, inside the block frees it."""
    for error in (ValueError, KeyboardInterrupt):
        with pytest.raises(error), held(file, MINE, Time().waiter):
            raise error
        assert not file.exists()


def test_who_comes_second_waits_and_says_for_whom(file: Path) -> None:
    """The wait names the holder and how long is left; once it is released the second one has it, under its own name."""
    with ExitStack() as first:
        first.enter_context(held(file, OTHER, Time().waiter))
        time = Time(meanwhile=first.close)
        with held(file, MINE, time.waiter):
            assert json.loads(file.read_text()) == asdict(MINE)
    assert time.said == [
        f"Waiting for another run on the same target to end: process 4711 on {HERE} (run run-other, 05_register, since "
        "2026-11-23T08:59:00Z) holds the lock. Looking again in 0.5 s, 300 s left.",
        "another run on the same target to end: seen after 0 s.",
    ]
    assert not file.exists()


def test_a_holder_that_does_not_end_is_not_waited_for_for_ever(file: Path) -> None:
    """After five minutes it is refused: by whom, how long was waited, what to do; the holder keeps the lock."""
    time = Time()
    with held(file, OTHER, Time().waiter):
        with pytest.raises(Refused) as refused, held(file, MINE, time.waiter):
            raise AssertionError
        assert json.loads(file.read_text()) == asdict(OTHER)
    assert time.passes == pytest.approx(AT_MOST_SECONDS)
    assert "waited 300 s" in refused.value.what and "process 4711" in refused.value.what
    assert "Let it end, or end it" in refused.value.next_step
    assert refused.value.exit_code == 3
    assert all("s left" in line for line in time.said[:-1]) and len(time.said) > 50


def test_another_thread_of_this_process_waits_too(file: Path) -> None:
    """Two kernels or two threads, it is the same: never both inside."""
    inside, most, count = [], [], []

    def work() -> None:
        for _ in range(20):
            with held(file, MINE, Waiter(lambda _: None, sleep=lambda _: time.sleep(0.001), elapsed=lambda: 0.0)):
                inside.append(1)
                most.append(len(inside))
                time.sleep(0.0005)
                inside.pop()
                count.append(1)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (max(most), len(count)) == (1, 80)
    assert not file.exists()


HOLD = """
import sys, time
from pathlib import Path
from helpers.record.target_lock import Holder, held
from helpers.waiting import Waiter
with held(Path(sys.argv[1]), Holder.me("run-killed", "02_key"), Waiter(print)):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_killed_process_keeps_nothing(file: Path) -> None:
    """After SIGKILL only its file is left; the next one takes it over at once, and says from whom."""
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(file)], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    with process:
        assert process.stdout is not None and process.stdout.readline() == "held\n"
        assert json.loads(file.read_text())["pid"] == process.pid
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert [path.name for path in file.parent.iterdir()] == [file.name]
    time = Time()
    with held(file, MINE, time.waiter):
        assert json.loads(file.read_text()) == asdict(MINE)
    (said,) = time.said
    assert said.startswith(f"Took over the lock of this target from process {process.pid} on {HERE} (run run-killed")
    assert said.endswith("which ended without releasing it.")
    assert not file.exists()


def test_a_number_that_was_given_away_again_keeps_nothing(file: Path) -> None:
    """The file names a process that lives, as its number is used anew: flock counts, and it is taken over."""
    left_by(file, replace(OTHER, pid=os.getppid()))
    time = Time()
    with held(file, MINE, time.waiter):
        pass
    assert time.passes == 0 and len(time.said) == 1


def test_an_empty_file_is_nobodys(file: Path) -> None:
    """Killed between making the file and writing into it: there is nothing to tell."""
    left_by(file, None)
    time = Time()
    with held(file, MINE, time.waiter):
        assert json.loads(file.read_text()) == asdict(MINE)
    assert time.said == []


@pytest.mark.parametrize("unreadable", [ELSEWHERE, None], ids=["another host", "unreadable"])
def test_what_another_host_left_is_not_stolen(file: Path, unreadable: Holder | None) -> None:
    """It looks free, and flock may not reach the other host: waited for, then refused with the file to remove."""
    left_by(file, unreadable, text="{not json")
    before = file.read_text()
    time = Time()
    with pytest.raises(Refused) as refused, held(file, MINE, time.waiter):
        raise AssertionError
    assert time.passes == pytest.approx(AT_MOST_SECONDS)
    assert "holds or left the lock" in refused.value.what
    assert ("another-host" if unreadable else "somebody whose name is not known") in refused.value.what
    assert f"If it does not, remove {file}" in refused.value.next_step
    assert file.read_text() == before


def test_another_host_that_ends_meanwhile_is_followed(file: Path) -> None:
    """It removes its file when it is done: then the lock is free."""
    left_by(file, ELSEWHERE)
    time = Time(meanwhile=lambda: file.unlink(missing_ok=True))
    with held(file, MINE, time.waiter):
        assert json.loads(file.read_text()) == asdict(MINE)
    assert len(time.said) == 2


@pytest.mark.parametrize("unreadable", [ELSEWHERE, None], ids=["another host", "unreadable"])
def test_what_another_host_left_a_day_ago_is_taken_over(file: Path, unreadable: Holder | None) -> None:
    """No step takes a day: it is taken over, and said so."""
    left_by(file, unreadable, text="{not json")
    old = time.time() - FOREIGN_AFTER.total_seconds() - 60
    os.utime(file, (old, old))
    waiting = Time()
    with held(file, MINE, waiting.waiter):
        assert json.loads(file.read_text()) == asdict(MINE)
    assert waiting.passes == 0
    (said,) = waiting.said
    assert said.startswith("Took over the lock")


def test_a_lock_that_is_held_is_held_whatever_its_file_says(file: Path) -> None:
    """Old, of another host, or without a word in it: while flock says that it is held, it is not taken over."""
    for text in (json.dumps(asdict(ELSEWHERE)), "", "{not json"):
        left_by(file, None, text)
        os.utime(file, (0, 0))
        with file.open() as holding:
            fcntl.flock(holding, fcntl.LOCK_EX)
            with pytest.raises(Refused, match="holds the lock"), held(file, MINE, Time().waiter):
                raise AssertionError


def test_a_file_removed_by_hand_does_not_take_the_next_one_with_it(file: Path) -> None:
    """Somebody removed the file of a holder and another one took the lock: the first one's end leaves that alone."""
    with ExitStack() as first:
        first.enter_context(held(file, OTHER, Time().waiter))
        file.unlink()
        with held(file, MINE, Time().waiter):
            first.close()
            assert json.loads(file.read_text()) == asdict(MINE)


def test_where_files_cannot_be_locked_nothing_is_done(file: Path) -> None:
    """A disk without locks is an error with a way out, and no reason to go on without."""
    with (
        mock.patch("fcntl.flock", side_effect=OSError(95, "Operation not supported")),
        pytest.raises(Failed, match="Operation not supported") as failed,
        held(file, MINE, Time().waiter),
    ):
        raise AssertionError
    assert "CMEK_HOME" in failed.value.next_step


def target(world: str | None = "rehearsal-1", **changes: Any) -> Path:
    """The lock file of the target of some parameters."""
    return Target.of(parameters(**changes), world).file(Path("/home"))


def test_each_target_has_its_own_lock() -> None:
    """World, vault, key and organization count, and nothing else; the name tells nothing of them."""
    ours = target()
    others = (
        target(world=None),
        target(world="rehearsal-2"),
        target(key_name="other"),
        target(vault_name="kv-other"),
        target(resource_group="rg-other"),
        target(subscription_id="12121212-3434-4565-8787-909090909090"),
        target(organization_id="12121212-3434-4565-8787-909090909090"),
    )
    assert len({ours, *others}) == 8
    assert target(mode="plan", external_key_name="other", workspace={"create": "other"}) == ours
    assert ours.parent == Path("/home/locks") and len(ours.stem) == 32


def test_case_does_not_make_another_target() -> None:
    """Azure does not tell names by their case."""
    one = parameters()
    assert target(vault_name=one.vault_name.upper(), key_name=one.key_name.upper(), resource_group=one.resource_group.upper()) == target()  # fmt: skip


class Recording(Services):
    """Services whose look and changes are noted among what the lock says."""

    def note(self, what: str) -> None:
        self.locked.append(what)


def test_looking_again_and_doing_is_under_the_lock(tmp_path: Path) -> None:
    """Taken before the second look, released after the last change."""
    services = Recording()

    class Noted(Pretended):
        def perform(self, services: Any) -> Any:
            services.note("performed")
            return super().perform(services)

    plan = Plan("02_key", (Noted(),))

    def again() -> Plan:
        services.note("looked")
        return plan

    apply(plan, approved(plan), again, services, ledger(tmp_path))  # type: ignore[arg-type]
    assert services.locked == ["run-1 02_key", "looked", "performed", "released"]


def test_what_changes_nothing_takes_no_lock(tmp_path: Path) -> None:
    """A plan that only keeps, and one that is not approved, keep nobody waiting."""
    kept, services = Plan("02_key", (Keep("right"),)), Services()
    apply(kept, approved(kept), Looking(kept), services, ledger(tmp_path))  # type: ignore[arg-type]
    change = Plan("02_key", (Pretended(),))
    with pytest.raises(Exception, match="not approved"):
        apply(change, replace(approved(change), granted=False, how="not approved"), Looking(change), services, ledger(tmp_path))  # type: ignore[arg-type]  # fmt: skip
    assert services.locked == []
