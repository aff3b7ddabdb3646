"""Who gets to the vault: what was found, and what the checks make of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from helpers.model import Absent, Known, NetworkRules, PolicyAssignment, PolicyDefinition, Unknown
from tests.cases.building import NOW, VAULT_ID, facts, one
from tests.unit.checks.finding import FAIL, GONE, PASS, UNKNOWN, UNREAD, Row, vault

PUBLIC = "Microsoft.KeyVault/vaults/publicNetworkAccess"
FIREWALL = "Microsoft.KeyVault/vaults/networkAcls.defaultAction"
STORAGE = "Microsoft.Storage/storageAccounts/publicNetworkAccess"
AUDITS = one("policies")
OPEN = "no perimeter in force; 1 policies, none of which takes it away"


def policy(effect: str | None, *fields: str, enforced: bool = True) -> PolicyAssignment:
    definition = PolicyDefinition(fields or ("type", PUBLIC), effect)
    return PolicyAssignment("Close it", VAULT_ID, enforced, Known(definition))


def policies(*rows: PolicyAssignment) -> dict[str, Any]:
    return {"policies": Known(rows)}


def unopened(reason: str = "an initiative: what is in it was not opened", *, enforced: bool = True) -> PolicyAssignment:
    return PolicyAssignment("Baseline", VAULT_ID, enforced, Unknown(reason))


ROWS: list[Row] = [
    ("V09", {}, PASS, "not set, which allows all"),
    ("V09", vault(network=NetworkRules("Allow")), PASS, "Allow"),
    ("V09", vault(network=NetworkRules("Deny", ("160.79.104.0/21",))), PASS, "Deny, allowing 160.79.104.0/21"),
    ("V09", vault(network=NetworkRules("Deny")), FAIL, "Deny, allowing nothing"),
    ("V09", vault(network=NetworkRules(None)), UNKNOWN, "the default action None"),
    ("V09", vault(network=NetworkRules("Audit")), UNKNOWN, "the default action Audit"),
    ("V09", vault(network=NetworkRules("Deny", ("::/0",))), UNKNOWN, "an address rule is not an IPv4 range"),
    ("V09", {"vault": Absent()}, FAIL, "no such vault"),
    ("V09b", {}, PASS, "not set, which allows all"),
    ("V09b", vault(network=NetworkRules("Deny", ("153.61.208.0/20",))), PASS, "Deny, allowing 153.61.208.0/20"),
    ("V09b", vault(network=NetworkRules("Deny", ("160.79.104.0/21",))), FAIL, "Deny, allowing 160.79.104.0/21"),
    ("V09b", vault(network=NetworkRules(None)), UNKNOWN, "the default action None"),
    ("V10", {}, PASS, "the vault answered this machine"),
    ("V10", {"key": Absent()}, PASS, "the vault answered this machine"),
    (
        "V10",
        {"key": Unknown("403", "req-1", "ForbiddenByFirewall")},
        FAIL,
        "the vault's network rules keep this machine out",
    ),
    (
        "V10",
        {"key": Unknown("403", "req-1", "ForbiddenByConnection")},
        FAIL,
        "the vault's public access is off, and this machine is not on a private endpoint",
    ),
    ("V10", {"key": Unknown("403 ForbiddenByRbac", "req-1", "ForbiddenByRbac")}, UNKNOWN, "403 ForbiddenByRbac (request id req-1)"),
    ("V10", {"key": GONE}, UNKNOWN, UNREAD),
    ("V10", {"key": facts().deleted_key}, UNKNOWN, "could not be read: not looked at in this step"),
    ("V11", {}, PASS, OPEN),
    ("V11", policies(), PASS, "no perimeter in force; 0 policies, none of which takes it away"),
    ("V11", vault(public_access="SecuredByPerimeter"), FAIL, "the vault is secured by a network security perimeter"),
    ("V11", vault(public_access="securedbyperimeter"), FAIL, "the vault is secured by a network security perimeter"),
    ("V11", {**vault(public_access="SecuredByPerimeter"), "policies": GONE}, FAIL, "network security perimeter"),
    *(
        ("V11", policies(AUDITS, policy(effect, field)), FAIL, f"Close it at {VAULT_ID}")
        for effect in ("Deny", "Modify", "Append", "DeployIfNotExists", "Mutate", "deny")
        for field in (PUBLIC, FIREWALL, FIREWALL.upper())
    ),
    *(
        ("V11", policies(policy(effect)), PASS, OPEN)
        for effect in ("Audit", "AuditIfNotExists", "Disabled", "DenyAction", "Manual")
    ),
    ("V11", policies(policy("Deny", "type", "location")), PASS, OPEN),
    ("V11", policies(policy("Deny", STORAGE)), PASS, OPEN),
    ("V11", policies(policy("Deny", STORAGE, PUBLIC)), FAIL, f"Close it at {VAULT_ID}"),
    *(
        ("V11", policies(policy(effect)), UNKNOWN, "could not be read: what Close it does was not opened")
        for effect in ("", "Refuse", "[if(true(), 'Deny', 'Audit')]", "[parameters('effect')]")
    ),
    ("V11", policies(policy(None)), UNKNOWN, "could not be read: what Close it does was not opened"),
    ("V11", policies(policy("", "type", "location")), PASS, OPEN),
    ("V11", policies(policy("", enforced=False)), PASS, OPEN),
    ("V11", policies(policy("Deny", enforced=False)), PASS, OPEN),
    ("V11", policies(AUDITS, unopened()), UNKNOWN, "could not be read: what Baseline does was not opened"),
    ("V11", policies(unopened("403 no", enforced=False)), PASS, OPEN),
    ("V11", policies(PolicyAssignment("Lost", VAULT_ID, True, Absent())), UNKNOWN, "what Lost does was not opened"),
    ("V11", policies(unopened(), policy("Deny")), FAIL, f"Close it at {VAULT_ID}"),
    ("V11", {"policies": GONE}, UNKNOWN, UNREAD),
    ("V11", {"policies": Absent()}, FAIL, "no such vault"),
    ("V11", {"vault": Absent()}, FAIL, "no such vault"),
    ("V12", {}, FAIL, "public, for every address"),
    ("V12", vault(network=NetworkRules("Allow")), FAIL, "public, for every address"),
    ("V12", vault(network=NetworkRules("Deny")), FAIL, "public, for the addresses of the network rules only"),
    ("V12", vault(public_access=None), FAIL, "public, for every address"),
    ("V12", vault(public_access="Disabled"), PASS, "Disabled: no deviation, and Anthropic cannot reach the vault (V08)"),
    ("V12", vault(public_access="disabled"), PASS, "disabled: no deviation"),
    ("V12", vault(public_access="SecuredByPerimeter"), PASS, "SecuredByPerimeter: no deviation, and Anthropic cannot reach the vault (V08)"),
    ("V12", {"vault": GONE}, UNKNOWN, UNREAD),
    ("V12", {"vault": Absent()}, FAIL, "no such vault"),
    ("V42", {}, PASS, "read on 2026-11-23"),
    ("V42", {"read_at": NOW + timedelta(days=30)}, PASS, "read on 2026-11-23"),
    ("V42", {"read_at": NOW + timedelta(days=31)}, FAIL, "read on 2026-11-23, 31 days ago"),
    ("V42", {"read_at": NOW - timedelta(days=1)}, FAIL, "read on 2026-11-23, -1 days ago"),
    ("V42", {"read_at": None}, FAIL, "the day is not known"),
]  # fmt: skip
