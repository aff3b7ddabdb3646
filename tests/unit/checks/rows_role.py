"""Roles, deny assignments and the log: what was found, and what the checks make of it."""

from __future__ import annotations

from typing import Any

from helpers import published
from helpers.model import EVERYBODY, Absent, DataPermission, Known, LogSink, RoleDefinition, SinkState, Unknown
from tests.cases.building import KEY_ID, OTHER, PRINCIPAL, SINK, VAULT_ID, known, one
from tests.unit.checks.finding import (
    FAIL,
    GONE,
    LETTERED,
    NONE,
    OWNER,
    PASS,
    UNKNOWN,
    UNREAD,
    Row,
    assignment,
    principal,
    two,
)

GROUP = one("groups")
KEYS = published.KEYS
DENIED = f"others at {KEY_ID}"
SPARED = "1 about using a key, none of which reaches it"
NOT_ABOUT = "none of 1 deny assignments is about using a key"
NO_VAULT = "could not be read: there is no such vault"
STORE = SINK.replace("Microsoft.OperationalInsights/workspaces", "Microsoft.Storage/storageAccounts")
PARTNER = LogSink("/partner", "partner solution", Unknown("this suite does not know that kind of destination"))


def deny(named: tuple[str, ...] = (f"{KEYS}/*",), *, without: tuple[str, ...] = (), **changes: Any) -> dict[str, Any]:
    """A denial of everybody, without an exception, with some of it changed."""
    changed = {"principals": (EVERYBODY,), "excluded": (), **changes}
    return {"denials": known("denials", data=(DataPermission(named, without),), **changed)}


def through_group(**changes: Any) -> dict[str, Any]:
    """A group's role at the key."""
    return two("at_key", principal_id=GROUP, principal_type="Group", **changes)


def sinks(*rows: LogSink) -> dict[str, Any]:
    return {"sinks": Known(rows)}


def store(found: Any) -> LogSink:
    return LogSink(STORE, "storage account", found)


LIVE, LOST, SHUT = one("sinks"), one("sinks", found=Absent()), one("sinks", found=GONE)
LETTERS = principal(object_id=LETTERED)
ROWS: list[Row] = [
    ("V31", {}, PASS, f"Key Vault Crypto User at {KEY_ID}"),
    ("V31", assignment(scope=VAULT_ID), FAIL, f"at {VAULT_ID}"),
    ("V31", assignment(role_id=OTHER), FAIL, f"role {OTHER} at {KEY_ID}"),
    ("V31", assignment(role_id=OWNER), FAIL, f"Owner at {KEY_ID}"),
    ("V31", {"vault_keys": Known(("claude-cmek", "payroll"))}, PASS, f"Key Vault Crypto User at {KEY_ID}"),
    ("V31", {"vault_keys": GONE}, PASS, f"Key Vault Crypto User at {KEY_ID}"),
    ("V31", {"assignments": NONE}, FAIL, "no role assignment"),
    ("V31", {"assignments": Absent()}, FAIL, "no role assignment"),
    ("V32", {}, PASS, f"{PRINCIPAL}, ServicePrincipal, no condition"),
    ("V32", assignment(principal_id=OTHER), FAIL, "no unconditional grant to it"),
    ("V32", assignment(condition="@Resource[...]"), FAIL, "no unconditional grant to it"),
    ("V32", assignment(principal_type="Group"), FAIL, "principal type Group"),
    ("V32", assignment(principal_type=None), FAIL, "principal type not shown"),
    ("V32", {"assignments": GONE}, UNKNOWN, UNREAD),
    ("V32", {"principals": GONE}, UNKNOWN, UNREAD),
    ("V32", {"principals": NONE}, FAIL, "no service principal"),
    ("V33", {}, PASS, "none, directly or through its 1 groups"),
    ("V33", {"groups": NONE}, PASS, "none, directly or through its 0 groups"),
    ("V33", two("assignments", scope=VAULT_ID), FAIL, f"Key Vault Crypto User at {VAULT_ID}"),
    ("V33", two("assignments", role_id=OWNER), FAIL, f"Owner at {KEY_ID}"),
    ("V33", two("assignments", role_id=OTHER), FAIL, f"role {OTHER} at {KEY_ID}"),
    (
        "V33",
        {**two("assignments", role_id=OTHER), "role_definitions": Known((RoleDefinition(OTHER.upper(), "Key Clerk"),))},
        FAIL,
        f"Key Clerk at {KEY_ID}",
    ),
    ("V33", {**two("assignments", role_id=OWNER), "groups": GONE}, FAIL, f"Owner at {KEY_ID}"),
    ("V33", through_group(), FAIL, f"Key Vault Crypto User at {KEY_ID} through group {GROUP}"),
    (
        "V33",
        {**through_group(role_id=OWNER, scope=VAULT_ID), "groups": Known((OTHER, GROUP))},
        FAIL,
        f"Owner at {VAULT_ID} through group {GROUP}",
    ),
    (
        "V33",
        {**two("at_key", principal_id=LETTERED), "groups": Known((LETTERED.upper(),))},
        FAIL,
        f"at {KEY_ID} through group {LETTERED}",
    ),
    ("V33", two("at_key", principal_id=OTHER, principal_type="Group"), PASS, "none, directly or through its 1 groups"),
    ("V33", {"groups": GONE}, UNKNOWN, UNREAD),
    ("V33", {"groups": Absent()}, UNKNOWN, "could not be read: the service principal has gone"),
    ("V33", {"at_key": GONE}, UNKNOWN, UNREAD),
    ("V33", {"at_key": Absent()}, UNKNOWN, NO_VAULT),
    ("V33", {"assignments": GONE}, UNKNOWN, UNREAD),
    ("V33", {"assignments": Absent()}, UNKNOWN, NO_VAULT),
    ("V33b", {}, PASS, SPARED),
    ("V33b", {"denials": NONE}, PASS, "none of 0 deny assignments is about using a key"),
    ("V33b", deny(), FAIL, DENIED),
    ("V33b", deny(principals=(PRINCIPAL,)), FAIL, DENIED),
    ("V33b", deny(principals=(GROUP,)), FAIL, DENIED),
    ("V33b", deny(principals=(OTHER,)), PASS, SPARED),
    ("V33b", deny(excluded=(PRINCIPAL,)), PASS, SPARED),
    ("V33b", {**deny(principals=(LETTERED.upper(),)), **LETTERS}, FAIL, DENIED),
    ("V33b", {**deny(principals=(LETTERED.upper(),)), "groups": Known((LETTERED,))}, FAIL, DENIED),
    ("V33b", {**deny(excluded=(LETTERED.upper(),)), **LETTERS}, PASS, SPARED),
    ("V33b", {**deny(excluded=(LETTERED.upper(),)), "groups": Known((LETTERED,))}, PASS, SPARED),
    ("V33b", deny(excluded=(GROUP,)), PASS, SPARED),
    ("V33b", deny(excluded=(OTHER,)), FAIL, DENIED),
    *(("V33b", deny((f"{KEYS}/{action}",)), FAIL, DENIED) for action in ("read", "wrap/action", "UNWRAP/action")),
    ("V33b", deny(("*",)), FAIL, DENIED),
    ("V33b", deny(("Microsoft.KeyVault/vaults/*/action",)), FAIL, DENIED),
    ("V33b", deny((f"{KEYS}/delete", f"{KEYS}/purge/action")), PASS, NOT_ABOUT),
    ("V33b", deny(("Microsoft.KeyVault/vaults/secrets/*",)), PASS, NOT_ABOUT),
    ("V33b", deny(without=published.ANTHROPIC_ACTIONS), PASS, NOT_ABOUT),
    ("V33b", deny(without=(f"{KEYS}/*/action", f"{KEYS}/READ")), PASS, NOT_ABOUT),
    ("V33b", deny(without=(f"{KEYS}/read", f"{KEYS}/wrap/action")), FAIL, DENIED),
    ("V33b", {**deny(), "groups": GONE}, UNKNOWN, UNREAD),
    ("V33b", {**deny((f"{KEYS}/delete",)), "groups": GONE}, PASS, NOT_ABOUT),
    ("V33b", {**deny(), "groups": Absent()}, UNKNOWN, "could not be read: the service principal has gone"),
    ("V33b", {"denials": GONE}, UNKNOWN, UNREAD),
    ("V33b", {"denials": Absent()}, UNKNOWN, NO_VAULT),
    ("V33b", {"principals": GONE}, UNKNOWN, UNREAD),
    ("V33b", {"principals": NONE}, FAIL, "no service principal"),
    ("V33b", {**deny(), **principal(object_id=OTHER, app_id=OTHER)}, FAIL, DENIED),
    ("V35", {}, PASS, "audit: AuditEvent, to Log Analytics workspace logs, kept 90 days"),
    (
        "V35",
        sinks(store(Known(SinkState("Succeeded", immutable=True)))),
        PASS,
        "audit: AuditEvent, to storage account logs, immutable",
    ),
    (
        "V35",
        sinks(LOST, store(Known(SinkState(None, immutable=False)))),
        PASS,
        "audit: AuditEvent, to storage account logs, not immutable",
    ),
    ("V35", sinks(SHUT, store(Known(SinkState(None)))), PASS, "audit: AuditEvent, to storage account logs"),
    (
        "V35",
        sinks(LIVE, store(Known(SinkState(None)))),
        PASS,
        "to Log Analytics workspace logs, kept 90 days; storage account logs",
    ),
    ("V35", sinks(LOST), FAIL, f"audit: AuditEvent, to Log Analytics workspace {SINK}, which is not there"),
    (
        "V35",
        sinks(LOST, store(Absent())),
        FAIL,
        f"{SINK}, which is not there, storage account {STORE}, which is not there",
    ),
    ("V35", sinks(store(Known(SinkState("Deleting")))), FAIL, f"storage account {STORE}, which is Deleting"),
    ("V35", sinks(store(Known(SinkState("Deleting"))), LIVE), PASS, "to Log Analytics workspace logs, kept 90 days"),
    ("V35", sinks(SHUT), UNKNOWN, UNREAD),
    ("V35", sinks(LOST, store(GONE)), UNKNOWN, UNREAD),
    ("V35", sinks(PARTNER), UNKNOWN, "could not be read: this suite does not know that kind of destination"),
    ("V35", {"sinks": GONE}, UNKNOWN, UNREAD),
    ("V35", {"sinks": Absent()}, UNKNOWN, "could not be read: where the log goes to"),
    ("V35", {"diagnostics": known("diagnostics", categories=["AllMetrics"])}, FAIL, "audit: AllMetrics"),
    ("V35", {"diagnostics": known("diagnostics", sinks=[])}, FAIL, "audit: AuditEvent"),
    ("V35", {"diagnostics": NONE}, FAIL, "no diagnostic setting"),
    ("V35", {"diagnostics": Absent()}, FAIL, "no diagnostic setting"),
    ("V35", {"diagnostics": GONE}, UNKNOWN, UNREAD),
]
