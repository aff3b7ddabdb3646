"""Unknown is not pass: each read of `check` fails in every way, one at a time, and nothing then looks better or wrong."""

from __future__ import annotations

from typing import Any

import pytest

from helpers.headless.checking import check
from helpers.rehearsal.state import Fault
from tests.worlds.stage import Stage
from tests.worlds.test_verdicts import differences, words

pytestmark = pytest.mark.slow

KINDS: dict[str, dict[str, Any]] = {
    "403": {"status": 403, "code": "Forbidden"},
    "404": {"status": 404, "code": "NotFound"},
    "429": {"status": 429, "retry_after": 1},
    "500": {"status": 500},
    "503": {"status": 503, "retry_after": 1},
    "nonsense": {"body": "nonsense"},
    "empty": {"body": "empty"},
    "truncated": {"body": "truncated"},
    "wrong_type": {"body": "wrong_type"},
    "reset": {"reset": True},
}
READS = (
    *("Vaults_Get", "ManagementLocks_ListByScope", "PolicyAssignments_List", "PolicyDefinitions_GetBuiltIn"),
    *("RoleAssignments_ListForScope", "RoleDefinitions_List", "DenyAssignments_ListForScope"),
    *("DiagnosticSettings_List", "Workspaces_Get", "servicePrincipal list", "conditionalAccess policy list"),
    *("servicePrincipal transitiveMemberOf list", "servicePrincipal appRoleAssignments list"),
    *("servicePrincipal oauth2PermissionGrants list", "servicePrincipal owners list"),
    *("GetKey", "GetKeyVersions", "GetKeyRotationPolicy", "GetKeys", "wrapKey", "unwrapKey", "decrypt"),
    *("organization retrieve", "external key list", "workspace list", "external key validate"),
)
INVENTORY_ONLY = ("RoleDefinitions_List",)
"""What is recorded and judged by no check."""
TELLS = {("external key validate", "404"): {"V46": "fail"}, ("decrypt", "403"): {}}
"""Not trouble but answers: the external key is gone; decrypting is refused, as it has to be."""


@pytest.fixture(scope="module")
def undisturbed(stage: Stage) -> dict[str, str]:
    """The verdicts of a world in which every one of these reads is made and succeeds."""
    _put(stage, None)
    done = check(stage.connected(), stage.parameters)
    asked = {row["operation"] for row in stage.cloud.journal.rows()}
    assert set(READS) <= asked
    return words(done.verdicts)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("read", READS)
def test_a_read_that_fails_makes_unknown_what_rests_on_it(
    stage: Stage, undisturbed: dict[str, str], read: str, kind: str
) -> None:
    """Some check is unknown, or covered by a deviation, and no other verdict changes but for being out of its phase."""
    _put(stage, Fault(operation=read, **KINDS[kind]))
    came = words(check(stage.connected(), stage.parameters).verdicts)
    changed = {i: came[i] for i in differences(came, undisturbed)}
    if (read, kind) in TELLS:
        assert changed == TELLS[read, kind]
        return
    out_of_phase = {i for i, word in changed.items() if word == "not applicable"}
    assert out_of_phase <= ({"V36", "V47"} if read in ("external key list", "workspace list") else set())
    rest = {i: word for i, word in changed.items() if i not in out_of_phase}
    assert set(rest.values()) <= {"unknown", "accepted"}, rest
    assert rest or read in INVENTORY_ONLY


def _put(stage: Stage, fault: Fault | None) -> None:
    """The onboarded world with a policy to open, and the role wanted at the vault, so that its keys are listed."""
    stage.put("policy_audits_only")
    stage.changes = {"role_scope": "vault"}
    granted = stage.state.role_assignments["66666666-7777-4888-8999-aaaaaaaaaaaa"]
    granted.scope = stage.parameters.vault_id
    stage.state.faults = [fault] if fault else []
