"""What Anthropic holds: what was found, and what the checks make of it."""

from __future__ import annotations

from helpers.model import Absent, Known
from tests.cases.building import OTHER, known
from tests.unit.checks.finding import (
    FAIL,
    GONE,
    NONE,
    NOT_APPLICABLE,
    PASS,
    UNKNOWN,
    UNREAD,
    Row,
    two,
    workspace,
)

ATTACHED = {
    "workspaces": known("workspaces", external_key_id="cmek_01Ours"),
    "external_keys": known("external_keys", attached=True),
}
FOREIGN = f"is for the application {OTHER}"
USED = "it was there before; what it holds is not encrypted again, and the key can take a day to count"
ROWS: list[Row] = [
    ("V37", {}, PASS, "Contoso"),
    ("V37", {"organization": known("organization", id=OTHER)}, FAIL, OTHER),
    ("V37", {"organization": Absent()}, FAIL, "no organization"),
    ("V39", {}, PASS, "cmek_01Ours"),
    ("V39", {"external_keys": NONE}, FAIL, "none"),
    ("V39", two("external_keys", id="cmek_02Twin"), FAIL, "cmek_01Ours, cmek_02Twin"),
    ("V39", {"external_keys": known("external_keys", tenant_id=OTHER)}, FAIL, "none"),
    ("V39", {"external_keys": known("external_keys", client_id=OTHER)}, FAIL, f"cmek_01Ours {FOREIGN}"),
    ("V39", two("external_keys", id="cmek_02Foreign", client_id=OTHER), FAIL, f"cmek_02Foreign {FOREIGN}"),
    ("V39", two("external_keys", id="cmek_02", client_id=OTHER, key_name="theirs"), PASS, "cmek_01Ours"),
    ("V40", {}, PASS, "will be created"),
    ("V40", workspace(external_key_id="cmek_01Ours"), PASS, "wrkspc_01Contoso contoso-cmek"),
    ("V40", workspace(external_key_id="cmek_07Other"), FAIL, "has the key cmek_07Other"),
    ("V40", {**workspace(external_key_id="cmek_01Ours"), "external_keys": GONE}, UNKNOWN, UNREAD),
    ("V40", {**workspace(external_key_id="cmek_07Other"), "external_keys": GONE}, UNKNOWN, UNREAD),
    ("V40", {**workspace(external_key_id="cmek_01Ours", user_profile_id="up_1"), "external_keys": GONE}, FAIL, "bound to a user profile"),
    ("V40", workspace(), FAIL, "wrkspc_01Contoso has that name already, and no key"),
    ("V40", {**workspace(), "external_keys": GONE}, FAIL, "wrkspc_01Contoso has that name already, and no key"),
    ("V40", workspace(user_profile_id="up_1"), FAIL, "bound to a user profile"),
    ("V40", workspace(is_default=True, external_key_id="cmek_01Ours"), FAIL, "the organization's default workspace, which can never be renamed or archived"),
    ("V40", two("workspaces", id="wrkspc_02Twin"), FAIL, "none, or more than one of that name"),
    ("V40", {"workspaces": Absent()}, FAIL, "none"),
    ("V40", {"workspaces": GONE}, UNKNOWN, UNREAD),
    ("V41", {}, PASS, "will be made with the key"),
    ("V41", workspace(archived=True), PASS, "will be made with the key"),
    ("V41", workspace(), FAIL, USED),
    ("V41", two("workspaces", id="wrkspc_02Twin"), FAIL, USED),
    ("V41", workspace(external_key_id="cmek_01Ours"), NOT_APPLICABLE, "wrkspc_01Contoso has a key already"),
    ("V41", {"workspaces": GONE}, UNKNOWN, UNREAD),
    ("V41", {"workspaces": Absent()}, FAIL, "none"),
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
    ("V47", {**ATTACHED, "external_keys": GONE}, UNKNOWN, UNREAD),
    ("V47", {**ATTACHED, "workspaces": GONE}, UNKNOWN, UNREAD),
    ("V47", {**ATTACHED, "external_keys": Absent()}, FAIL, "no external key"),
    ("V47", {**ATTACHED, "workspaces": Absent()}, FAIL, "no workspace"),
]  # fmt: skip
