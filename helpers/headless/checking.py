"""`check`: everything read and judged once, without kernels, and compared with an earlier look. Changes nothing."""

from __future__ import annotations

from dataclasses import dataclass, replace

from helpers import drift
from helpers.checks import Phase, Verdicts, judge
from helpers.checks.explaining import Explanation, explain
from helpers.clock import stamp
from helpers.drift import Drift, Look
from helpers.errors import WrongUsage
from helpers.facts import Facts
from helpers.headless.baseline import Baseline
from helpers.model import Absent, Known
from helpers.parameters import Parameters
from helpers.services.connect import Services
from helpers.steps import register, verify
from helpers.targets import ours, target

_ENTERPRISE = "a key for Claude Enterprise is not in it"


@dataclass(frozen=True)
class Checked:
    """What one target holds, how it is judged in its phase, and what changed since the baseline, if there is one.

    `not_asked` says that the Admin API was not asked, and why; it is empty where it was.
    """

    facts: Facts
    verdicts: Verdicts
    phase: Phase
    not_asked: str
    drift: Drift | None

    @property
    def explanation(self) -> Explanation | None:
        """What could explain a validation that did not succeed; None where none was made, or it did."""
        made = self.phase in ("gate", "watch") and not isinstance(self.facts.validation, Absent)
        succeeded = isinstance(self.facts.validation, Known) and self.facts.validation.value.succeeded
        return explain(self.facts, self.verdicts) if made and not succeeded else None

    @property
    def exit_code(self) -> int:
        """3 when a blocking check fails or a version of the key is gone, 4 when one could not be read, else 0."""
        if self.verdicts.blocking_failures or (self.drift and self.drift.lost_versions):
            return 3
        return 4 if self.verdicts.blocking_unknowns else 0


def check(services: Services, parameters: Parameters, before: Baseline | None = None) -> Checked:
    """Read, judge and compare one target. A wrap, an unwrap and a refused decrypt are tried, and one validation.

    Raises Failed when signing in does not work, and Refused for another tenant's token.
    """
    found, not_asked = look(services, parameters)
    phase = phase_of(found, parameters, asked=not not_asked, was_attached=before is not None and before.was_attached)
    verdicts = judge(found, parameters, phase)
    changes = None
    if before is not None:
        now = Look("", stamp(services.clock.now()), found.view().data, verdicts.view().data)
        changed = before.other_parameters(parameters)
        said = (f"The parameters differ from then: {', '.join(changed)}.",) if changed else ()
        changes = drift.compare(before.look, now, parameters.organization_tag, said)
    return Checked(found, verdicts, phase, not_asked, changes)


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
