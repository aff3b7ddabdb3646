"""Everything this suite raises on purpose.

    RunbookError                 what happened, why it matters, what to do next, request id
    ├── WrongUsage               exit 64: a parameter, option or file is not what it must be
    ├── Failed                   exit 1: something was tried and did not work
    │   ├── ServiceFailed        a service answered with an error that reading again cannot settle
    │   └── WrongCloud           this is not the cloud the parameters name
    ├── Blocked                  exit 3: something stands in the way, and nothing was changed
    │   ├── Refused              the plan holds a refusal
    │   ├── ApprovalRequired     a change waits for a person
    │   └── ChecksFailed         a blocking check failed
    ├── Unproven                 exit 4: what has to be known could not be read
    └── Interrupted              exit 130

Exit codes are the suite's own (sysexits' 64 for wrong usage); 0 is done, 2 is "the plan has changes".
"""

from __future__ import annotations

from typing import ClassVar


class RunbookError(Exception):
    """One thing that went wrong, told so that a person can act on it. Shown without a traceback."""

    exit_code: ClassVar[int] = 1

    def __init__(self, what: str, *, why: str = "", next_step: str = "", request_id: str | None = None) -> None:
        self.what = what
        self.why = why
        self.next_step = next_step
        self.request_id = request_id
        super().__init__(what)

    def lines(self) -> list[str]:
        """What happened, why it matters, what to do next, request id: those that are known, one a line."""
        named = [("Why it matters", self.why), ("Next", self.next_step), ("Request id", self.request_id or "")]
        return [self.what, *(f"{name}: {text}" for name, text in named if text)]

    def __str__(self) -> str:
        return "\n".join(self.lines())

    def _render_traceback_(self) -> list[str]:
        """What IPython shows in a notebook in place of a traceback."""
        return [f"{type(self).__name__}: {self}"]


class WrongUsage(RunbookError):
    exit_code = 64


class Failed(RunbookError):
    exit_code = 1


class ServiceFailed(Failed):
    """A service's error reply or a broken connection, after the one look that could have settled it."""


class WrongCloud(Failed):
    """The front and the parameters disagree about which cloud this is."""


class Blocked(RunbookError):
    exit_code = 3


class Refused(Blocked):
    pass


class ApprovalRequired(Blocked):
    pass


class ChecksFailed(Blocked):
    pass


class Unproven(RunbookError):
    exit_code = 4


class Interrupted(RunbookError):
    exit_code = 130
