"""Who is asking and the vault itself: what was found, and what the checks make of it."""

from __future__ import annotations

from typing import Any

from helpers.model import Absent, Known
from tests.cases.building import OTHER, SUBSCRIPTION, TENANT, VAULT_ID, known, one
from tests.unit.checks.finding import FAIL, GONE, NONE, PASS, UNKNOWN, UNREAD, Row, two, vault

ABOVE = f"/subscriptions/{SUBSCRIPTION}"
LOCK = f"keep: CanNotDelete at {VAULT_ID.lower()}"


def lock(**changes: Any) -> dict[str, Any]:
    return {"locks": known("locks", **changes)}


ROWS: list[Row] = [
    ("V01", {}, PASS, "user 55555555-6666-4777-8888-999999999999, tenant 11111111"),
    ("V01", {"caller": known("caller", tenant_id=OTHER)}, FAIL, f"tenant {OTHER}"),
    ("V01", {"caller": Absent()}, FAIL, "nobody"),
    ("V01", {"caller": GONE}, UNKNOWN, UNREAD),
    ("V02", {}, PASS, f"{VAULT_ID}, northcentralus, standard"),
    ("V02", vault(id=VAULT_ID.upper()), PASS, "KV-CONTOSO-CLAUDE"),
    ("V02", vault(id=VAULT_ID + "2"), FAIL, "kv-contoso-claude2"),
    ("V02", {"vault": Absent()}, FAIL, "no such vault"),
    ("V03", {}, PASS, TENANT),
    ("V03", vault(tenant_id=OTHER), FAIL, OTHER),
    ("V04", {}, PASS, "https://kv-contoso-claude.vault.azure.net/"),
    ("V04", vault(uri="https://KV-Contoso-Claude.vault.azure.net"), PASS, "KV-Contoso"),
    ("V04", vault(uri="https://kv-contoso-claude.vault.azure.net.example.com/"), FAIL, "example.com"),
    ("V04", vault(uri="https://kv-contoso-claude.vault.usgovcloudapi.net/"), FAIL, "usgov"),
    ("V05", {}, PASS, "true"),
    ("V05", vault(rbac=False), FAIL, "false"),
    ("V05", vault(rbac=None), FAIL, "not set"),
    ("V06", {}, PASS, "true"),
    ("V06", vault(purge_protection=False), FAIL, "false"),
    ("V06", vault(purge_protection=None), FAIL, "not set"),
    ("V07", {}, PASS, "true, 90 days"),
    ("V07", vault(soft_delete=False), FAIL, "false"),
    ("V07", vault(soft_delete=None, retention_days=None), FAIL, "not set"),
    ("V07b", {}, PASS, "90 days"),
    ("V07b", vault(retention_days=89), FAIL, "89 days"),
    ("V07b", vault(retention_days=7), FAIL, "7 days"),
    ("V07b", vault(retention_days=None), UNKNOWN, "could not be read: Azure does not say how many days"),
    ("V07b", {"vault": Absent()}, FAIL, "no such vault"),
    ("V08", {}, PASS, "Enabled"),
    ("V08", vault(public_access="enabled"), PASS, "Enabled"),
    ("V08", vault(public_access="Disabled"), FAIL, "Disabled"),
    ("V08", vault(public_access="SecuredByPerimeter"), FAIL, "SecuredByPerimeter"),
    ("V08", vault(public_access=None), FAIL, "not set"),
    ("V13", {}, PASS, LOCK),
    ("V13", lock(scope=ABOVE), PASS, f"keep: CanNotDelete at {ABOVE}"),
    ("V13", lock(level="cannotdelete"), PASS, "keep: cannotdelete at "),
    ("V13", lock(level="ReadOnly"), FAIL, f"keep: ReadOnly at {VAULT_ID.lower()}"),
    ("V13", lock(level="NotSpecified"), FAIL, f"keep: NotSpecified at {VAULT_ID.lower()}"),
    ("V13", two("locks", name="still", level="ReadOnly"), FAIL, f"{LOCK}, still: ReadOnly at {VAULT_ID.lower()}"),
    ("V13", {"locks": Known((one("locks", level="readonly"), one("locks")))}, FAIL, "keep: readonly at "),
    ("V13", {"locks": NONE}, FAIL, "no lock"),
    ("V13", {"locks": Absent()}, FAIL, "no such vault"),
    ("V13", {"locks": GONE}, UNKNOWN, UNREAD),
]
