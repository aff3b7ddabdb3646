"""Claude Enterprise: a person enters the key in claude.ai. What is said before, and the sheet of what to enter.

There is no API for it, so this suite cannot see whether it was done. What the form asks for, where it is, and that an
organization has one key for good: Claude documentation, page cmek-azure-key-vault, as of 2026-09.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from helpers.checks import Verdicts
from helpers.display import Shown
from helpers.facts import Facts
from helpers.model import Known
from helpers.parameters import Parameters
from helpers.view import Table, View

PRODUCT = "claude_enterprise"
ONE_KEY = "The whole organization gets this one key, and it can never be replaced or taken away"
BY_HAND = (
    f"Claude Enterprise: the key is added by hand in claude.ai, and this suite cannot see whether it was. {ONE_KEY}"
)
VERSION, DIGEST = "key version", "public key SHA-256"
SHEET_VERSION, SHEET_DIGEST = "key version of the sheet, rotated since", "public key SHA-256 of the sheet's version"
"""What an attestation calls them where the key was rotated between the sheet and the attestation."""
_WHERE = (
    "As an Owner or Primary Owner, in claude.ai: Organization settings, Data and privacy, Encryption keys, Add key, "
    "Azure. Enter these, then Continue: Anthropic validates the key in that step.",
    f"{ONE_KEY}. If the key is lost, the data is lost.",
)


@dataclass(frozen=True)
class Sheet(Shown):
    """What to enter in claude.ai, with the values taken from the vault; without rows it says why there is nothing."""

    rows: tuple[tuple[str, str], ...]
    seen: Mapping[str, str] = field(default_factory=dict)
    """What was read with it: the key version, the digest of its public key, the checks that were left open."""
    run: str = ""
    world: str | None = None
    """The rehearsal whose values these are: they are entered nowhere."""
    before: tuple[str, ...] = ()
    """What is on record of entering it: a line for each attestation about the target."""
    instead: str = "Nothing to enter by hand: the Admin API registers the key"

    @classmethod
    def of(cls, said: Mapping[str, Any], run: str) -> Sheet:
        """The sheet as a ledger holds it."""
        return cls(tuple(said["rows"].items()), said["seen"], run, said["world"], tuple(said.get("before", ())))

    def said(self) -> dict[str, Any]:
        """It as JSON values."""
        return {"rows": dict(self.rows), "seen": dict(self.seen), "world": self.world, "before": list(self.before)}

    def view(self) -> View:
        if not self.rows:
            return View("by hand", self.instead, data=self.said())
        tables = [Table((name,), ((value,),)) for name, value in self.rows]  # a value alone on its line is copied whole
        rests = Table(("It rests on", "As read when it was made"), tuple(self.seen.items()))
        after = ["Afterwards record who entered it, when, what the screen showed and whether the key was accepted:"]
        after.append(f"python runbook.py attest {self.run or 'RUN'}")
        heading = "Entering it is on record here already: read that first" if self.before else "Enter by hand"
        if self.world:
            heading = f"REHEARSAL ({self.world}): nothing here is real, so enter it nowhere"
            after.append("Of a rehearsal that works only for as long as its cloud is served.")
        return View("by hand", heading, (*self.before, *_WHERE), [*tables, rests], after, self.said())


NOTHING = Sheet(())


def said_first(parameters: Parameters) -> tuple[str, ...]:
    """What has to be known before anything is created; empty for the Claude Platform."""
    return (BY_HAND,) if parameters.product == PRODUCT else ()


def sheet(parameters: Parameters, found: Facts, verdicts: Verdicts, run: str = "", world: str | None = None) -> Sheet:
    """The sheet for claude.ai, for Claude Enterprise; empty until every blocking check of the gate passes."""
    if parameters.product != PRODUCT:
        return NOTHING
    if verdicts.phase != "gate" or verdicts.stopping:
        return Sheet((), instead="Not shown before every blocking check passes: entering the key can never be undone")
    return replace(as_read(parameters, found, verdicts), run=run, world=world)


def as_read(parameters: Parameters, found: Facts, verdicts: Verdicts) -> Sheet:
    """The values as they were read, whatever the checks say of them; empty where vault or key are not known."""
    if not isinstance(found.vault, Known) or not isinstance(found.key, Known) or not found.key.value.public_sha256:
        return Sheet((), instead="Not shown: the vault or the key is not there, or could not be read")
    vault, key = found.vault.value, found.key.value
    rows = (("Vault URI", vault.uri), ("Key name", parameters.key_name), ("Tenant ID", vault.tenant_id))
    seen = {
        VERSION: key.version,
        DIGEST: str(key.public_sha256),
        "open verdicts": " ".join(verdicts.open) or "none",
    }
    return Sheet(rows, seen)
