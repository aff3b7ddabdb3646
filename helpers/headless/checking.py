"""`check`: everything read and judged once, without kernels, and compared with an earlier look. Changes nothing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from helpers import drift
from helpers.checks import Phase, Verdicts, judge
from helpers.checks.explaining import Explanation, explain
from helpers.checks.footprints import Footprints, footprints
from helpers.clock import stamp
from helpers.drift import Drift, Look
from helpers.errors import WrongUsage
from helpers.facts import Facts
from helpers.headless.baseline import Baseline
from helpers.model import Absent, KeyLog, Known, Unknown
from helpers.parameters import Parameters
from helpers.services.connect import Services
from helpers.steps import register, verify
from helpers.targets import ours, target

_ENTERPRISE = "a key for Claude Enterprise is not in it"
DAYS = 7
"""How far back the log is looked at unless a date is given."""


@dataclass(frozen=True)
class Logged:
    """That the log of key use is to be looked at, and from when; None is DAYS ago."""

    since: datetime | None = None


@dataclass(frozen=True)
class Checked:
    """What one target holds, how it is judged in its phase, and what changed since the baseline, if there is one.

    `not_asked` says that the Admin API was not asked, and why; it is empty where it was. `footprints` is what the log
    shows of the key's use, where that was asked for.
    """

    facts: Facts
    verdicts: Verdicts
    phase: Phase
    not_asked: str
    drift: Drift | None
    footprints: Footprints | None = None

    @property
    def explanation(self) -> Explanation | None:
        """What could explain a validation that did not succeed; None where none was made, or it did."""
        made = self.phase in ("gate", "watch") and not isinstance(self.facts.validation, Absent)
        succeeded = isinstance(self.facts.validation, Known) and self.facts.validation.value.succeeded
        return explain(self.facts, self.verdicts) if made and not succeeded else None

    @property
    def exit_code(self) -> int:
        """3 when a blocking check fails or a version of the key is gone, 4 when one could not be read, else 0.

        Where the log was asked for: 3 too for a use from an address that is not published, 4 while none is proven.
        """
        logged = self.footprints.exit_code if self.footprints else 0
        if self.verdicts.blocking_failures or (self.drift and self.drift.lost_versions) or logged == 3:
            return 3
        return 4 if self.verdicts.blocking_unknowns or logged else 0


def check(
    services: Services, parameters: Parameters, before: Baseline | None = None, logged: Logged | None = None
) -> Checked:
    """Read, judge and compare one target. A wrap, an unwrap and a refused decrypt are tried, and one validation.

    The log is looked at last, so that it can show what these left. Raises Failed when signing in does not work, Refused
    for another tenant's token, and WrongUsage for a time of the log that is not over yet.
    """
    if logged is not None:
        _refuse_future(logged, services.clock.now())
    found, not_asked = look(services, parameters)
    phase = phase_of(found, parameters, asked=not not_asked, was_attached=before is not None and before.was_attached)
    verdicts = judge(found, parameters, phase)
    changes = None
    if before is not None:
        now = Look("", stamp(services.clock.now()), found.view().data, verdicts.view().data)
        changed = before.other_parameters(parameters)
        said = (f"The parameters differ from then: {', '.join(changed)}.",) if changed else ()
        changes = drift.compare(before.look, now, parameters.organization_tag, said)
    seen = None if logged is None else footprints(key_log(services, parameters, logged), found, parameters)
    return Checked(found, verdicts, phase, not_asked, changes, seen)


def key_log(services: Services, parameters: Parameters, logged: Logged) -> KeyLog:
    """The log of the vault in the workspace that `log_destination` names, until now."""
    workspace, until = str(parameters.log_destination), services.clock.now()
    since = logged.since or until - timedelta(days=DAYS)
    match services.resources.customer_id(workspace):
        case Known(customer_id):
            rows = services.logs.key_use(customer_id, parameters.vault_id, since, until)
        case Absent():
            rows = Unknown(f"there is no workspace {workspace}")
        case Unknown() as trouble:
            rows = trouble
    return KeyLog(workspace, since, until, rows)


def _refuse_future(logged: Logged, now: datetime) -> None:
    if logged.since is not None and logged.since >= now:
        raise WrongUsage(f"--since: given {stamp(logged.since)}, and it is {stamp(now)}; allowed: a time before now")


def look(services: Services, parameters: Parameters) -> tuple[Facts, str]:
    """Everything once, with a trial of the key and one validation by Anthropic; and why the Admin API was not asked."""
    azure = verify.facts(services, parameters)
    azure = verify.probed(azure)(services, parameters)
    if parameters.product == "claude_enterprise":
        return azure, f"The Admin API was not asked: {_ENTERPRISE}"
    try:
        _ = services.admin
    except WrongUsage as error:
        return azure, f"The Admin API was not asked: {error.what}"
    found = register.anthropic(services, azure)
    if not isinstance(found.external_keys, Known):
        return found, ""
    mine = ours(found.external_keys.value, parameters)
    return replace(found, validation=services.admin.validate(mine[0].id) if len(mine) == 1 else Absent()), ""


def phase_of(found: Facts, parameters: Parameters, *, asked: bool, was_attached: bool) -> Phase:
    """azure where the Admin API was not asked; watch where the workspace has our key, or had it; else gate.

    A key that was attached stays so for good: one that is not seen attached now is judged as one that should be.
    """
    if not asked:
        return "azure"
    keys = found.external_keys.value if isinstance(found.external_keys, Known) else ()
    rows = found.workspaces.value if isinstance(found.workspaces, Known) else ()
    mine = {row.id for row in ours(keys, parameters)}
    there = {row.external_key_id for row in target(rows, parameters)}
    return "watch" if was_attached or mine & there else "gate"
