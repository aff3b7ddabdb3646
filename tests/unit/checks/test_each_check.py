"""Each check, with every verdict it can give and what it shows for it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from helpers.checks import ALL, Verdict
from helpers.model import Absent, Known, NetworkRules, Unknown
from tests.cases.building import KEY_ID, NOW, OTHER, PRINCIPAL, TAG, TENANT, VAULT_ID, facts, known, one
from tests.unit.checks.finding import assignment, finding, principal, workspace

PASS, FAIL, UNKNOWN = Verdict.PASS, Verdict.FAIL, Verdict.UNKNOWN
GONE = Unknown("no permission", "req-1")
NONE = Known(())
TAGS = {f"tag{number}": "x" for number in range(15)}
OWNER = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"
LOGS = "/subscriptions/x/workspaces/logs"
ATTACHED = {
    "workspaces": known("workspaces", external_key_id="cmek_01Ours"),
    "external_keys": known("external_keys", attached=True),
}


def vault(**changes: Any) -> dict[str, Any]:
    return {"vault": known("vault", **changes)}


def key(**changes: Any) -> dict[str, Any]:
    return {"key": known("key", **changes)}


def two(fact: str, **changes: Any) -> dict[str, Any]:
    return {fact: Known((one(fact), one(fact, **changes)))}


# check, what was found, its verdict, part of what was seen
ROWS: list[tuple[str, dict[str, Any], Verdict, str]] = [
    ("V01", {}, PASS, "user 55555555-6666-4777-8888-999999999999, tenant 11111111"),
    ("V01", {"caller": known("caller", tenant_id=OTHER)}, FAIL, f"tenant {OTHER}"),
    ("V01", {"caller": Absent()}, FAIL, "nobody"),
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
    ("V08", {}, PASS, "Enabled"),
    ("V08", vault(public_access="enabled"), PASS, "Enabled"),
    ("V08", vault(public_access="Disabled"), FAIL, "Disabled"),
    ("V08", vault(public_access="SecuredByPerimeter"), FAIL, "SecuredByPerimeter"),
    ("V08", vault(public_access=None), FAIL, "not set"),
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
    ("V15", {}, PASS, f"object ID {PRINCIPAL}"),
    ("V15", principal(app_id=OTHER), FAIL, OTHER),
    ("V15", {"principals": NONE}, FAIL, "no service principal"),
    ("V15", two("principals", object_id=OTHER), UNKNOWN, "2 service principals answer to the published app id"),
    ("V16", {}, PASS, "anthropic-cmek-client-us"),
    ("V16", principal(display_name="Anthropic-CMEK-Client-US"), FAIL, "Anthropic-CMEK"),
    ("V16", principal(display_name=None), FAIL, "None"),
    ("V16b", {}, Verdict.NOT_APPLICABLE, f"recorded, not verified: {OTHER}; expected_owner_tenant is not given"),
    ("V16b", {"principals": NONE}, FAIL, "no service principal"),
    ("V16b", {"principals": GONE}, UNKNOWN, "no permission (request id req-1)"),
    ("V17", {}, PASS, "true"),
    ("V17", principal(enabled=False), FAIL, "false"),
    ("V17", principal(enabled=None), FAIL, "not set"),
    ("V20", {}, PASS, "1"),
    ("V20", {"principals": NONE}, FAIL, "0"),
    ("V20", two("principals", object_id=OTHER), FAIL, "2"),
    ("V20", {"principals": Absent()}, FAIL, "no service principal"),
    ("V21", {}, PASS, "claude-cmek version"),
    ("V21", {"key": Absent()}, FAIL, "no key"),
    ("V22", {}, PASS, "RSA"),
    ("V22", key(kty="EC"), FAIL, "EC"),
    ("V22", key(kty="RSA-HSM"), FAIL, "RSA-HSM"),
    ("V23", {}, PASS, "3072 bits, from the modulus"),
    ("V23", key(bits=4096), PASS, "4096 bits"),
    ("V23", key(bits=2048), FAIL, "2048 bits"),
    ("V23", key(bits=None), UNKNOWN, "the reply holds no modulus"),
    ("V24", {}, PASS, "wrapKey, unwrapKey"),
    ("V24", key(operations=["sign", "unwrapKey", "wrapKey"]), PASS, "sign"),
    ("V24", key(operations=["wrapKey"]), FAIL, "wrapKey"),
    ("V24", key(operations=[]), FAIL, "none"),
    ("V24b", {}, PASS, "none beside them"),
    ("V24b", key(operations=["wrapKey", "unwrapKey", "sign"]), FAIL, "sign"),
    ("V25", {}, PASS, "enabled True, from the start to no end"),
    ("V25", key(enabled=None), FAIL, "enabled None"),
    ("V25", key(expires=NOW), FAIL, "to 2026-11-23 12:00:00+00:00"),
    ("V25", {"read_at": None}, UNKNOWN, "the time is not known"),
    ("V28", {}, PASS, "1 versions, all enabled"),
    ("V28", two("versions", version="old", enabled=False), FAIL, "not enabled: old"),
    ("V28", two("versions", version="old", enabled=None), FAIL, "not enabled: old"),
    ("V28", {"versions": NONE}, UNKNOWN, "no version was listed"),
    ("V30", {}, PASS, f"{TAG}=true"),
    ("V30", key(tags={TAG: "True"}), FAIL, f"{TAG}=True"),
    ("V30", key(tags={TAG.upper(): "true"}), FAIL, "no such tag"),
    ("V30", key(tags={}), FAIL, "no such tag"),
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
    ("V32", {"assignments": GONE}, UNKNOWN, "no permission (request id req-1)"),
    ("V32", {"principals": GONE}, UNKNOWN, "no permission (request id req-1)"),
    ("V32", {"principals": NONE}, FAIL, "no service principal"),
    ("V33", {}, PASS, "none; roles it has through groups, and deny assignments, were not read"),
    ("V33", two("assignments", scope=VAULT_ID), FAIL, f"Key Vault Crypto User at {VAULT_ID}"),
    ("V33", two("assignments", role_id=OWNER), FAIL, f"Owner at {KEY_ID}"),
    ("V33", two("assignments", role_id=OTHER), FAIL, f"role {OTHER} at {KEY_ID}"),
    ("V33", {"assignments": Absent()}, Verdict.NOT_APPLICABLE, "there is no role assignment"),
    ("V35", {}, PASS, f"audit: AuditEvent to {LOGS} (the destination itself was not looked at)"),
    ("V35", {"diagnostics": known("diagnostics", categories=["AllMetrics"])}, FAIL, "audit: AllMetrics"),
    ("V35", {"diagnostics": known("diagnostics", sinks=[])}, FAIL, "audit: AuditEvent"),
    ("V35", {"diagnostics": NONE}, FAIL, "no diagnostic setting"),
    ("V35", {"diagnostics": Absent()}, FAIL, "no diagnostic setting"),
    ("V37", {}, PASS, "Contoso"),
    ("V37", {"organization": known("organization", id=OTHER)}, FAIL, OTHER),
    ("V37", {"organization": Absent()}, FAIL, "no organization"),
    ("V38", {}, PASS, "1"),
    ("V38", key(tags=TAGS), PASS, "15"),
    ("V38", key(tags={**TAGS, TAG: "true"}), FAIL, "16"),
    ("V39", {}, PASS, "cmek_01Ours"),
    ("V39", {"external_keys": NONE}, FAIL, "none"),
    ("V39", two("external_keys", id="cmek_02Twin"), FAIL, "cmek_01Ours, cmek_02Twin"),
    ("V39", {"external_keys": known("external_keys", tenant_id=OTHER)}, FAIL, "none"),
    (
        "V39",
        {"external_keys": known("external_keys", client_id=OTHER)},
        FAIL,
        f"cmek_01Ours is for the application {OTHER}",
    ),
    (
        "V39",
        two("external_keys", id="cmek_02Foreign", client_id=OTHER),
        FAIL,
        f"cmek_02Foreign is for the application {OTHER}",
    ),
    ("V39", two("external_keys", id="cmek_02", client_id=OTHER, key_name="theirs"), PASS, "cmek_01Ours"),
    ("V40", {}, PASS, "will be created"),
    ("V40", workspace(external_key_id="cmek_01Ours"), PASS, "wrkspc_01Contoso contoso-cmek"),
    ("V40", workspace(external_key_id="cmek_07Other"), FAIL, "has the key cmek_07Other"),
    ("V40", workspace(user_profile_id="up_1"), FAIL, "bound to a user profile"),
    ("V40", two("workspaces", id="wrkspc_02Twin"), FAIL, "none, or more than one of that name"),
    ("V40", {"workspaces": Absent()}, FAIL, "none"),
    ("V42", {}, PASS, "read on 2026-11-23"),
    ("V42", {"read_at": NOW + timedelta(days=30)}, PASS, "read on 2026-11-23"),
    ("V42", {"read_at": NOW + timedelta(days=31)}, FAIL, "read on 2026-11-23, 31 days ago"),
    ("V42", {"read_at": NOW - timedelta(days=1)}, FAIL, "read on 2026-11-23, -1 days ago"),
    ("V42", {"read_at": None}, UNKNOWN, "the time is not known"),
    ("V45", {}, PASS, "https://api.anthropic.com"),
    ("V45", {"admin_url": Known("https://api.anthropic.com.example.com")}, FAIL, "example.com"),
    ("V45", {"admin_url": Known("http://api.anthropic.com")}, FAIL, "http://"),
    ("V45", {"admin_url": Absent()}, FAIL, "none"),
    ("V46", {}, PASS, "success"),
    ("V46", {"validation": known("validation", status="failed", error="no tag")}, FAIL, "failed: no tag"),
    ("V46", {"validation": Absent()}, FAIL, "no such external key"),
    ("V47", ATTACHED, PASS, "wrkspc_01Contoso has cmek_01Ours, which is attached"),
    ("V47", {**ATTACHED, "external_keys": known("external_keys", attached=False)}, FAIL, "do not agree"),
    ("V47", {**ATTACHED, "external_keys": known("external_keys", attached=None)}, FAIL, "do not agree"),
    ("V47", {**ATTACHED, "workspaces": known("workspaces")}, FAIL, "do not agree"),
    ("V47", {**ATTACHED, **two("workspaces", id="wrkspc_02Twin", external_key_id="cmek_01Ours")}, FAIL, "do not agree"),
    ("V47", {**ATTACHED, "external_keys": GONE}, UNKNOWN, "no permission (request id req-1)"),
    ("V47", {**ATTACHED, "workspaces": GONE}, UNKNOWN, "no permission (request id req-1)"),
    ("V47", {**ATTACHED, "external_keys": Absent()}, FAIL, "no external key"),
    ("V47", {**ATTACHED, "workspaces": Absent()}, FAIL, "no workspace"),
]


@pytest.mark.parametrize(("check", "found", "verdict", "seen"), ROWS)
def test_the_verdict_of_a_check(check: str, found: dict[str, Any], verdict: Verdict, seen: str) -> None:
    """What was found leads to this verdict and is shown; a failure says what was expected and what to do."""
    judged = finding(check, facts(**found))
    assert judged.verdict is verdict
    assert seen in judged.seen
    if verdict is FAIL:
        assert judged.expected
        assert judged.mend or check == "V45"


def test_every_check_passes_and_fails_somewhere() -> None:
    """No check is without a world it passes in and one it fails in."""
    for verdict in (PASS, FAIL):
        assert {row[0] for row in ROWS if row[2] is verdict} >= {check.id for check in ALL} - {"V16b"}


BOOLS = [
    ("V05", "vault", "rbac"),
    ("V06", "vault", "purge_protection"),
    ("V07", "vault", "soft_delete"),
    ("V17", "principals", "enabled"),
    ("V25", "key", "enabled"),
    ("V28", "versions", "enabled"),
]


@pytest.mark.parametrize(("check", "fact", "field"), BOOLS)
@pytest.mark.parametrize("value", [None, False])
def test_only_true_is_true(check: str, fact: str, field: str, value: bool | None) -> None:
    """A property that Azure left out is not taken for true, whatever its usual default."""
    changed = replace(one(fact), **{field: value})
    rows = Known((changed,)) if fact in ("principals", "versions") else Known(changed)
    assert finding(check, facts(**{fact: rows})).verdict is FAIL
