"""The vault's audit log: which use of a key is logged, and where a diagnostic setting of that moment sends it.

Only what queries are answered about is kept: reading, wrapping and unwrapping. Names of operations and fields: Azure,
"Key Vault logging", read 2026-11-27. Assumptions: ResultSignature of a refusal is the name of its HTTP status, and the
key is named as the caller named it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus

from helpers.rehearsal.callers import Caller
from helpers.rehearsal.state import DiagnosticSetting, KeyEvent
from helpers.rehearsal.vault.gate import Site
from helpers.rehearsal.world import World

LOGGED = {"GetKey": "KeyGet", "wrapKey": "KeyWrap", "unwrapKey": "KeyUnwrap"}
DEDICATED, SHARED = "AZKVAuditLogs", "AzureDiagnostics"
"""The table of a setting whose destination type is Dedicated, and that of any other."""
MOST = 20_000


@dataclass(frozen=True)
class Use:
    """Who asks a vault for what, from where."""

    at: Site
    operation: str
    key_name: str
    version: str | None
    caller: Caller
    address: str


def note(world: World, use: Use, status: int) -> None:
    """Log a use that ended with a status, if it is logged at all."""
    tables = _tables(world, use.at.id)
    if use.operation not in LOGGED or status >= 500 or not tables:
        return
    event = KeyEvent(
        time=world.now(),
        vault=use.at.id,
        operation=LOGGED[use.operation],
        result=HTTPStatus(status).phrase,
        principal_id=use.caller.object_id,
        address=use.address,
        key_id="/".join(filter(None, (use.at.uri, "keys", use.key_name, use.version))),
        tables=tables,
    )
    keep(world, [event])


def keep(world: World, events: list[KeyEvent]) -> None:
    """Put events into the log, which is in the order of time; of very many the oldest are dropped."""
    log = world.state.key_events
    log += events
    log.sort(key=lambda event: event.time)
    del log[:-MOST]


def heard(world: World, uses: Callable[[], None]) -> list[KeyEvent]:
    """What some uses would log now. The log itself stays as it is."""
    log = world.state.key_events
    before = log[:]
    log.clear()
    try:
        uses()
        return log[:]
    finally:
        log[:] = before


def _tables(world: World, vault: str) -> dict[str, str]:
    """Each workspace that audit events of a vault go to now, and the table."""
    found = {}
    for setting in world.state.diagnostic_settings.values():
        mine = setting.resource.strip("/").lower() == vault.strip("/").lower()
        if mine and setting.workspace_id and _audits(setting):
            dedicated = (setting.log_analytics_destination_type or "").lower() == "dedicated"
            found[setting.workspace_id.lower()] = DEDICATED if dedicated else SHARED
    return found


def _audits(setting: DiagnosticSetting) -> bool:
    groups = ("audit", "alllogs")
    return any(
        row.enabled and (row.category == "AuditEvent" or (row.category_group or "").lower() in groups)
        for row in setting.logs
    )
