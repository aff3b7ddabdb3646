"""The writes of remedies: sent once, settled by looking when the reply is lost, and told when refused."""

from __future__ import annotations

import pytest

from helpers.errors import ServiceFailed, WrongCloud
from helpers.rehearsal.state import DiagnosticSetting, Lock, LogRow
from tests.services.faults import Meets, dropped, marked, status, text
from tests.services.rehearsed import Rehearsed
from tests.services.remedying import GROUP, SETTING, VAULT_ID, WORKSPACE, WRITES, each, ready

LOST: dict[str, Meets] = {
    "500": status(500),
    "503": status(503),
    "504": status(504),
    "408": status(408),
    "cut": dropped,
}
LOOKS = ("Vaults_Get", "DiagnosticSettings_List", "ManagementLocks_ListByScope")


@each
@pytest.mark.parametrize("lost", [*LOST, "nonsense", "other"])
def test_a_lost_reply_is_settled_by_looking(healthy: Rehearsed, name: str, lost: str) -> None:
    """The change happened and its reply did not come: one request, and the call returns what is there."""
    write, services = WRITES[name], ready(healthy)
    healthy.cloud.after(write.operation, {**LOST, "nonsense": text("{not json"), "other": text("{}")}[lost])
    assert write.call(services) is not None
    assert healthy.cloud.asked(write.operation) == 1
    assert healthy.cloud.wrote() == [write.operation]
    assert write.there(healthy.state)


@each
@pytest.mark.parametrize("lost", LOST)
def test_a_change_that_did_not_happen_is_told_and_not_repeated(healthy: Rehearsed, name: str, lost: str) -> None:
    """No answer and no change: one request, and one error that says so with what to do next."""
    write, services = WRITES[name], ready(healthy)
    healthy.cloud.before(write.operation, LOST[lost])
    with pytest.raises(ServiceFailed) as caught:
        write.call(services)
    assert "did not take effect" in caught.value.why and caught.value.next_step
    assert healthy.cloud.asked(write.operation) == 1 and healthy.cloud.wrote() == []


@pytest.mark.parametrize("name", ["diagnostic setting", "lock"])
def test_what_somebody_else_set_is_not_taken_for_ours(healthy: Rehearsed, name: str) -> None:
    """An unclear answer, and another setting and another lock are there: ours did not take effect."""
    write, services = WRITES[name], ready(healthy)
    healthy.state.locks["theirs"] = Lock(scope=VAULT_ID)
    healthy.state.diagnostic_settings["theirs"] = DiagnosticSetting(
        resource=VAULT_ID, workspace_id=WORKSPACE, logs=[LogRow(category="AuditEvent")]
    )
    healthy.cloud.before(write.operation, status(500))
    with pytest.raises(ServiceFailed) as caught:
        write.call(services)
    assert "did not take effect" in caught.value.why


@each
def test_when_looking_fails_too_nobody_claims_to_know(healthy: Rehearsed, name: str) -> None:
    """A lost reply followed by a look that is refused ends in an error that says so, after one write."""
    write, services = WRITES[name], ready(healthy)
    healthy.cloud.after(write.operation, status(500))
    for look in LOOKS:
        healthy.cloud.before(look, status(403), skip=1 if (name, look) == ("network rules", "Vaults_Get") else 0)
    with pytest.raises(ServiceFailed) as caught:
        write.call(services)
    assert "not known" in caught.value.why
    assert healthy.cloud.asked(write.operation) == 1


@each
@pytest.mark.parametrize("number", [400, 403, 409, 429])
def test_a_refused_change_is_one_error(healthy: Rehearsed, name: str, number: int) -> None:
    """A refusal is one ServiceFailed with what, why, next step and request id; nothing is sent again."""
    write, services = WRITES[name], ready(healthy)
    healthy.cloud.before(write.operation, status(number, "NoSuchLuck", "this was refused"))
    with pytest.raises(ServiceFailed) as caught:
        write.call(services)
    error = caught.value
    assert f"{number} NoSuchLuck: this was refused" in error.what
    assert error.why and error.next_step and (error.request_id or "").startswith("fault-")
    assert healthy.cloud.asked(write.operation) == 1 and healthy.cloud.wrote() == []


@pytest.mark.parametrize("name", ["purge protection", "network rules", "diagnostic setting"])
def test_a_read_only_lock_is_told_with_what_to_do(healthy: Rehearsed, name: str) -> None:
    """Azure's 409 ScopeLocked becomes one error that names the lock's scope and what has to become of it."""
    write, services = WRITES[name], ready(healthy)
    healthy.state.locks["frozen"] = Lock(scope=GROUP, level="ReadOnly")
    with pytest.raises(ServiceFailed, match="409 ScopeLocked") as caught:
        write.call(services)
    assert GROUP in caught.value.what and "ReadOnly" in caught.value.why
    assert "replace it by CanNotDelete" in caught.value.next_step and caught.value.request_id
    assert healthy.cloud.wrote() == []


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("purge protection", "Key Vault Contributor"),
        ("network rules", "Key Vault Contributor"),
        ("diagnostic setting", "Monitoring Contributor"),
        ("lock", "Owner or User Access Administrator"),
    ],
)
def test_without_the_right_the_role_is_named(healthy: Rehearsed, name: str, role: str) -> None:
    """Azure's 403 becomes one error with the request id of the journal and the role that it takes."""
    write, services = WRITES[name], ready(healthy, "reader")
    with pytest.raises(ServiceFailed, match="403 AuthorizationFailed") as caught:
        write.call(services)
    assert role in caught.value.next_step
    assert caught.value.request_id in {row["request_id"] for row in healthy.cloud.journal.rows()}
    assert healthy.cloud.wrote() == []


def test_a_right_that_is_missing_at_the_destination_is_told_as_such(healthy: Rehearsed) -> None:
    """LinkedAuthorizationFailed is about the log destination, so a role on the vault is not what is asked for."""
    services = ready(healthy)
    healthy.cloud.before("DiagnosticSettings_CreateOrUpdate", status(403, "LinkedAuthorizationFailed", "sharedKeys"))
    with pytest.raises(ServiceFailed, match="403 LinkedAuthorizationFailed: sharedKeys") as caught:
        services.remedies.send_audit_log(SETTING, WORKSPACE)
    assert "at the log destination" in caught.value.next_step


@each
def test_a_change_without_sign_in_is_not_called_unclear(healthy: Rehearsed, name: str) -> None:
    """When signing in fails nothing was sent, and the error does not say that it may have happened."""
    ready(healthy)
    healthy.state.identities["operator"].client_secret = "changed"
    healthy.cloud.mend()
    with pytest.raises(ServiceFailed) as caught:
        WRITES[name].call(healthy.services())
    assert "AADSTS7000215" in caught.value.what and "no clear answer" not in caught.value.what
    assert healthy.cloud.wrote() == []


@each
def test_the_same_change_again_changes_nothing(healthy: Rehearsed, name: str) -> None:
    """Every write says the whole of what it sets: sent a second time it leaves the world as it is."""
    write, services = WRITES[name], ready(healthy)
    write.call(services)
    before = healthy.world.fingerprint()
    write.call(services)
    assert healthy.world.fingerprint() == before
    assert healthy.cloud.wrote() == [write.operation]


@each
def test_a_reply_of_another_cloud_ends_it(healthy: Rehearsed, name: str) -> None:
    """A change answered under another rehearsal's mark is not taken for done, and nothing more is sent."""
    write, services = WRITES[name], ready(healthy)
    healthy.cloud.after(write.operation, marked("rehearsal-0ther"))
    with pytest.raises(WrongCloud):
        write.call(services)
    assert healthy.cloud.journal.rows()[-1]["operation"] == write.operation
