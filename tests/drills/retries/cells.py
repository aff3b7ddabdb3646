"""The cells of the retry matrix: one write of a run meets one fault, once; the run ends right or stops clearly.

A cell is named `fault:SCENARIO:WRITE#N:KIND`. A write whose reply alone was lost must be found by looking: that run ends
right. One that did not take effect may stop the run, with what happened, why, what next and the request id of the reply;
the run after it must end right. Nothing is made twice, and no write is sent again but after a refused token.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from helpers import errors
from helpers.record import ledger
from tests.drills.crash.cells import Verdict, run_of, stopped_by
from tests.drills.crash.clouds import Row
from tests.drills.crash.grounds import Ground, Recorded, Request
from tests.drills.crash.scenarios import ADOPT, MEND, ONBOARD, ROTATE
from tests.drills.retries.faults import KINDS, Kind

WRITES: Mapping[str, Mapping[str, int]] = {
    ONBOARD.name: {
        "servicePrincipal create": 1,
        "CreateKey": 1,
        "RoleAssignments_Create": 1,
        "external key create": 1,
        "workspace create": 1,
    },
    ADOPT.name: {"UpdateKey": 2, "workspace update": 1},
    MEND.name: {
        "UpdateKey": 1,
        "DiagnosticSettings_CreateOrUpdate": 1,
        "Vaults_Update": 2,
        "ManagementLocks_CreateOrUpdateByScope": 1,
    },
    ROTATE.name: {"CreateKey": 1},
}
"""The writes that meet every fault, by scenario, and how many of each there are: first the tag, then narrowing; first
the network rules, then purge protection."""
ADMIN_API = ("external key create", "workspace create", "workspace update")


@dataclass(frozen=True)
class Faulty:
    """One write meets one fault."""

    scenario: str
    request: Request
    kind: Kind
    group = "fault"

    def __str__(self) -> str:
        return f"fault:{self.scenario}:{self.request}:{self.kind.name}"

    def run(self, ground: Ground, recorded: Recorded) -> Verdict:
        """Raises RuntimeError where the run did not come to that write."""
        home = ground.home()
        ground.cloud.start_over(self.request.fault(**self.kind.order))
        code = ground.ran(home)["exit"]
        log = ground.cloud.log()
        met = self.request.row(log)
        if met is None:
            raise RuntimeError(f"the run ended before {self.request} with exit code {code}: {stopped_by(home)}")
        problems = [*self._ended(code, met, home), *self._sent(log, recorded)]
        ground.cloud.mend()
        after = 0 if code == 0 else ground.ran(home)["exit"]
        if after != 0:
            problems.append(f"the run after it ended with exit code {after}: {stopped_by(home)}")
        return Verdict.of(recorded, ground.end(), problems)

    def _ended(self, code: int, met: Row, home: Path) -> list[str]:
        """What is wrong with how the run with the fault ended."""
        if met["wrote"] != self.kind.takes_effect:
            return [f"the drill itself: it {'took' if met['wrote'] else 'did not take'} effect"]
        if code == 0:
            return []
        told = stopped_by(home)
        if self.kind.takes_effect or self.kind.recovers:
            return [f"it could have ended right, and stopped with exit code {code}: {told}"]
        return unclear(home, _as_replied(met) if self.kind.replies else None)

    def _sent(self, log: Sequence[Row], recorded: Recorded) -> list[str]:
        """What is wrong with how often the write was sent in the run with the fault."""
        sent = sum(row["operation"] == self.request.operation for row in log)
        allowed = recorded.counts[self.request.operation] + self.kind.sends - 1
        return [f"{self.request.operation} was sent {sent} times, and {allowed} are allowed"] if sent > allowed else []


def faulty(scenario: str, recorded: Recorded) -> Iterator[Faulty]:
    """Every write of the list with every fault that it can meet. Raises RuntimeError where a healthy run lacks one."""
    made = [request for request in recorded.requests if request.wrote]
    for operation, wanted in WRITES[scenario].items():
        requests = [request for request in made if request.operation == operation]
        if len(requests) != wanted:
            raise RuntimeError(f"{scenario}: {operation} changes the world {len(requests)} times, {wanted} wanted")
        for request in requests:
            for kind in KINDS:
                if kind.tokens in (None, operation not in ADMIN_API):
                    yield Faulty(scenario, request, kind)


def _as_replied(met: Row) -> str:
    """The request id as the reply had it: the Admin API has a form of its own."""
    request_id = str(met["request_id"])
    return f"req_{request_id.replace('-', '')}" if met["operation"] in ADMIN_API else request_id


def unclear(home: Path, request_id: str | None) -> list[str]:
    """What an error lacks that stopped the newest run: the suite's own, with what happened, why, what next, whose reply."""
    stopped: list[Mapping[str, Any]] = [r for r in ledger.read(run_of(home) / ledger.NAME) if r["event"] == "stopped"]
    if not stopped:
        return ["it stopped by an error that is not the suite's own"]
    lines = [str(line) for line in stopped[-1]["lines"]]
    kind = getattr(errors, str(stopped[-1]["error"]), None)
    named = isinstance(kind, type) and issubclass(kind, errors.RunbookError)
    wanted = {"why it matters": "Why it matters: ", "what to do next": "Next: "}
    lacking = [what for what, start in wanted.items() if not any(line.startswith(start) for line in lines)]
    if request_id is not None and f"Request id: {request_id}" not in lines:
        lacking.append(f"the request id {request_id}")
    return [
        *([] if named else [f"{stopped[-1]['error']} is not one of the suite's errors"]),
        *([f"the error does not say {', '.join(lacking)}: {' | '.join(lines)}"] if lacking else []),
    ]
