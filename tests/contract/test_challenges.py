"""A token that is no longer enough, or no longer good: what each service says, and what the vendors' clients then do."""

from __future__ import annotations

import base64
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from helpers.rehearsal.environment import applied
from helpers.rehearsal.faults import UnknownOperation, check
from helpers.rehearsal.serve import Served
from helpers.rehearsal.services import ROUTER
from helpers.rehearsal.state import Fault
from helpers.rehearsal.wire import Response
from tests.contract.conftest import MakeCloud, TestCloud
from tests.contract.key_requests import HOST as VAULT_HOST
from tests.contract.key_requests import problems, vault, with_key

PROGRAM = Path(__file__).with_name("challenged_clients.py")
ARM, GRAPH = "management.azure.com", "graph.microsoft.com"
TENANT = "11111111-2222-4333-8444-555555555555"
REQUESTS = {
    "GetKey": (VAULT_HOST, "/keys/cmk"),
    "Subscriptions_List": (ARM, "/subscriptions"),
    "servicePrincipal list": (GRAPH, "/v1.0/servicePrincipals"),
}
ENTRA_OPERATIONS = ("openid-configuration", "openid-configuration v1", "instance discovery", "token")
ASKED = ("CreateKey", "GetKeys", "Vaults_Get", "RoleAssignments_ListForScope", "servicePrincipal list")


@pytest.fixture
def cloud(make_cloud: MakeCloud) -> TestCloud:
    """The healthy world with a key, behind every service."""
    return with_key(make_cloud("healthy", ROUTER.routes))


def ask(cloud: TestCloud, operation: str, **more: Any) -> Response:
    host, path = REQUESTS[operation]
    return cloud.send("GET", host, path, query={} if host == GRAPH else None, **more)


def challenged(cloud: TestCloud, operation: str, kind: Any) -> Response:
    """The one reply that a challenge answers; after it the true one comes."""
    cloud.state.faults = [Fault(operation=operation, times=1, challenge=kind)]
    reply = ask(cloud, operation)
    assert ask(cloud, operation).status == 200
    return reply


@pytest.mark.parametrize("operation", REQUESTS)
def test_a_claims_challenge_asks_for_a_token_of_now(cloud: TestCloud, operation: str) -> None:
    """401 insufficient_claims, whose claims want a token that is not of before now; padded, in either base64."""
    reply = challenged(cloud, operation, "claims")
    header = reply.headers["www-authenticate"]
    said = dict(re.findall(r'(\w+)="([^"]*)"', header))
    assert (reply.status, said["error"]) == (401, "insufficient_claims")
    assert re.fullmatch("[A-Za-z0-9]+={0,2}", said["claims"])
    now = str(int(cloud.world.now().timestamp()))
    assert json.loads(base64.b64decode(said["claims"], validate=True)) == {
        "access_token": {"nbf": {"essential": True, "value": now}}
    }
    assert "\r" not in header + reply.body["error"]["message"]


def test_each_service_has_its_own_form_of_a_challenge(cloud: TestCloud) -> None:
    """Key Vault adds to its own challenge, Resource Manager names the tenant, Graph names none."""
    starts = {
        "GetKey": f'Bearer authorization="https://login.microsoftonline.com/{TENANT}", resource="https://vault.azure.net", error=',
        "Subscriptions_List": f'Bearer authorization_uri="https://login.microsoftonline.com/{TENANT}", error=',
        "servicePrincipal list": 'Bearer realm="", authorization_uri="https://login.microsoftonline.com/common/oauth2/authorize", error=',
    }
    for operation, start in starts.items():
        assert challenged(cloud, operation, "claims").headers["www-authenticate"].startswith(start)
    vault(cloud).tenant_id = "99999999-aaaa-4bbb-8ccc-dddddddddddd"
    cloud.state.faults = [Fault(operation="GetKey", times=1, challenge="claims")]
    assert "/99999999-" in ask(cloud, "GetKey").headers["www-authenticate"]


@pytest.mark.parametrize("operation", REQUESTS)
def test_an_expired_token_is_told_as_the_service_tells_it(cloud: TestCloud, operation: str) -> None:
    """Status, code, challenge and words are those a token gets that the world's time has passed by."""
    headers = {"authorization": f"Bearer {cloud.token('operator', REQUESTS[operation][0])}"}
    on_order = challenged(cloud, operation, "expired")
    cloud.world.clock.advance(3600)
    true = ask(cloud, operation, headers=headers)

    def form(reply: Response) -> tuple[Any, ...]:
        error = reply.body["error"]
        text = error["message"] + reply.headers["www-authenticate"]
        return reply.status, sorted(error), error["code"], re.sub(r"'\d+/[^']*[AP]M'", "'TIME'", text)

    assert form(on_order) == form(true)
    assert true.status == 401
    assert "insufficient_claims" not in true.headers["www-authenticate"]


def test_the_quoted_words_for_an_expired_token(cloud: TestCloud) -> None:
    """Key Vault's and Resource Manager's are quoted in public issues, the latter with both times as it writes them."""
    assert challenged(cloud, "GetKey", "expired").body == {
        "error": {"code": "Unauthorized", "message": "[TokenExpired] Error validating token: 'S2S12086'."}
    }
    cloud.world.clock.advance(4 * 3600 + 5)
    error = challenged(cloud, "Subscriptions_List", "expired").body["error"]
    assert error["code"] == "ExpiredAuthenticationToken"
    assert re.fullmatch(
        r"The access token expiry UTC time '11/23/2026 12:59:5\d PM' is earlier than "
        r"current UTC time '11/23/2026 1:00:0\d PM'\.",
        error["message"],
    )


def test_a_challenge_of_a_vault_keeps_to_its_document(cloud: TestCloud, contracts: Path) -> None:
    """Both kinds are errors as the OpenAPI document has them."""
    for kind in ("claims", "expired"):
        assert problems("GetKey", challenged(cloud, "GetKey", kind)) == []


def test_a_request_without_a_token_leaves_the_challenge_to_the_next(cloud: TestCloud) -> None:
    """A client's first request to a vault has no token: it is answered as ever, and the one with a token is met."""
    cloud.state.faults = [Fault(operation="GetKey", times=1, challenge="claims")]
    first = ask(cloud, "GetKey", identity=None)
    assert (first.status, "claims=" in first.headers["www-authenticate"]) == (401, False)
    assert "claims=" in ask(cloud, "GetKey").headers["www-authenticate"]
    assert ask(cloud, "GetKey").status == 200


def test_any_request_that_has_a_token_can_be_challenged(cloud: TestCloud) -> None:
    """With an asterisk requests are counted as for any fault; those that have no token of Entra are passed over."""
    cloud.state.faults = [Fault(operation="*", skip=1, times=1, challenge="expired")]
    admin = {"x-api-key": "sk-ant-admin01-rehearsal-only-not-a-real-key", "authorization": "Bearer sk-ant-x"}
    met = [
        ask(cloud, "GetKey").status,
        cloud.send("GET", "api.anthropic.com", "/v1/organizations/me", query={}, headers=admin).status,
        ask(cloud, "servicePrincipal list").body["error"]["code"],
        ask(cloud, "Subscriptions_List").status,
    ]
    assert met[0] == met[3] == 200
    assert met[2] == "InvalidAuthenticationToken"


@pytest.mark.parametrize("operation", [*ENTRA_OPERATIONS, "organization retrieve"])
def test_what_is_asked_without_a_token_cannot_be_challenged(operation: str) -> None:
    """Neither Entra nor the Anthropic API looks at tokens of Entra; one line says so. All other operations can be."""
    with pytest.raises(UnknownOperation, match=rf"^faults: {operation}: it cannot have a challenge, as [\w.]+ is not"):
        check([Fault(operation=operation, challenge="claims")], ROUTER)
    services = {route.operation for route in ROUTER.routes if "azure" in route.host or route.host == GRAPH}
    check([Fault(operation=name, challenge="claims") for name in ("*", *services)], ROUTER)


def test_an_asterisk_leaves_entra_out(cloud: TestCloud) -> None:
    """Tokens and discovery neither meet such a fault nor count."""
    cloud.state.faults = [Fault(operation="*", skip=1, times=1, status=503)]
    for path in (f"/{TENANT}/v2.0/.well-known/openid-configuration", "/common/discovery/instance"):
        assert cloud.send("GET", "login.microsoftonline.com", path, query={}, identity=None).status == 200
    assert [ask(cloud, operation).status for operation in REQUESTS] == [200, 503, 200]


class Ran(NamedTuple):
    said: dict[str, Any]
    log: list[dict[str, Any]]


def run(folder: Path, kind: str) -> Ran:
    """What the clients understood, and what the cloud was asked, where each operation is challenged once."""
    world = folder / f"{kind}.yaml"
    faults = "".join(f"- {{operation: {name}, times: 1, challenge: {kind}}}\n" for name in ASKED)
    world.write_text(f"base: healthy\nset: {{settings.shared_keys: true}}\nfaults:\n{faults}")
    with Served(world) as served:
        done = subprocess.run(
            [sys.executable, PROGRAM], env=applied(served.environment()), capture_output=True, text=True, timeout=120
        )
        assert done.returncode == 0, done.stderr
        return Ran(json.loads(done.stdout), served.cloud.journal.rows())


@pytest.fixture(scope="module")
def claims(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """With claims challenges; it runs once for all tests here."""
    return run(tmp_path_factory.mktemp("world"), "claims")


def test_every_client_meets_a_claims_challenge_and_goes_on(claims: Ran) -> None:
    """azure-keyvault-keys (also over aiohttp), azure-mgmt-* and msgraph-sdk are answered in the end, without an error."""
    assert claims.said == {
        "vault": ["wrapKey"],
        "vault again": ["cmk"],
        "vault, async": ["cmk"],
        "vaults": "kv-contoso-claude",
        "roles": True,
        "graph": [],
    }
    assert [row["operation"] for row in claims.log if row["wrote"]] == ["CreateKey"]


@pytest.mark.parametrize("operation", ASKED)
def test_a_challenge_leads_to_one_token_request_with_its_claims(claims: Ran, operation: str) -> None:
    """The client asks Entra once for a token with nbf, and then sends the request again."""
    rows = [row for row in claims.log if row["operation"] in (operation, "token")]
    answered = [number for number, row in enumerate(rows) if (row["operation"], row["status"]) == (operation, 401)][-1]
    after = rows[answered + 1 :][:2]
    assert [(row["operation"], row["status"]) for row in after] == [("token", 200), (operation, 200)]
    assert "nbf" in after[0]["claims"]
    assert sum("nbf" in row["claims"] for row in claims.log) == len(ASKED)


def test_the_log_names_claims_and_tells_no_token(claims: Ran) -> None:
    """What other token requests want is what the client can do; rows of other operations have none."""
    named = {tuple(row["claims"]) for row in claims.log if row["operation"] == "token"}
    assert named == {("xms_cc",), ("nbf", "xms_cc"), (), ("nbf",)}
    assert all(not row["claims"] for row in claims.log if row["operation"] != "token")
    assert "eyJ" not in json.dumps(claims.log, default=str)


def test_clients_show_the_words_for_an_expired_token(tmp_path: Path) -> None:
    """Nothing is written, and each client says in the service's own words what is wrong."""
    said, log = run(tmp_path, "expired")
    assert said["vault"][0] == said["vaults"][0] == said["graph"][0] == 401
    assert "[TokenExpired]" in said["vault"][1]
    assert "ExpiredAuthenticationToken" in said["vaults"][1]
    assert "expired" in said["graph"][1]
    assert not any(row["wrote"] for row in log)
