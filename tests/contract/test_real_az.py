"""The real Azure CLI, unmodified, carries out the guide's own commands against the rehearsal cloud, twice.

`CMEK_AZ` names the program. The commands below are the guide's, word for word but for the names put into them.
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from helpers.rehearsal.environment import applied
from helpers.rehearsal.serve import Served
from tests.needs import lacking, named

pytestmark = pytest.mark.az

GUIDE = Path(__file__).resolve().parents[3] / "shared" / "guide" / "azure-key-vault-cmek.txt"
APP = "8635ae1a-3e5d-44e8-a4ed-e0f614466f87"
VAULT, KEY = "kv-contoso-claude", "claude-cmek"
VAULT_ID = (
    "/subscriptions/22222222-3333-4444-8555-666666666666/resourceGroups/rg-claude"
    f"/providers/Microsoft.KeyVault/vaults/{VAULT}"
)
LOGIN = 'az login --service-principal -u "$AZURE_CLIENT_ID" -p "$AZURE_CLIENT_SECRET" --tenant "$AZURE_TENANT_ID"'
CONSENT = "az ad sp create --id 8635ae1a-3e5d-44e8-a4ed-e0f614466f87"
CONSENTED = "az ad sp show --id 8635ae1a-3e5d-44e8-a4ed-e0f614466f87 --query id -o tsv"
CREATE_KEY = """az keyvault key create \\
  --vault-name <your-vault-name> \\
  --name <your-key-name> \\
  --kty RSA --size 3072 \\
  --ops wrapKey unwrapKey"""
FIND_VAULT = "VAULT_ID=$(az keyvault show --name <your-vault-name> --query id -o tsv)"
ASSIGN = """az role assignment create \\
  --role "Key Vault Crypto User" \\
  --assignee-object-id <sp-object-id> \\
  --assignee-principal-type ServicePrincipal \\
  --scope "${VAULT_ID}/keys/<your-key-name>\""""
VERIFY = (
    """az keyvault show --name <your-vault-name> \\
  --query "{rbac:properties.enableRbacAuthorization, purge:properties.enablePurgeProtection, """
    "pub:properties.publicNetworkAccess, net:properties.networkAcls.defaultAction, "
    'ipRules:properties.networkAcls.ipRules, uri:properties.vaultUri, tenantId:properties.tenantId}"'
)
PLAN = f"{sys.executable} -m helpers.cli plan -f parameters/rehearsal.yaml --json"
COMMANDS = (CONSENT, CONSENTED, CREATE_KEY, FIND_VAULT, ASSIGN, VERIFY)


@dataclass(frozen=True)
class Said:
    """What a command printed and how it ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output of a command that went well."""
        assert self.code == 0, self.err
        return json.loads(self.out)


@dataclass(frozen=True)
class Round:
    """One time through the guide, and how the world was after it."""

    consent: Said
    consented: Said
    key: Said
    assignment: Said
    verified: Said
    state: dict[str, Any]
    log: list[dict[str, Any]]


@pytest.fixture(scope="module")
def az() -> Path:
    """The real Azure CLI; without it these tests are skipped, in CI they fail."""
    return named("CMEK_AZ", "the Azure CLI")


@pytest.fixture(scope="module")
def through_az(az: Path) -> tuple[Round, Round, Said]:
    """Signs in, goes through the guide twice in one cloud, and asks the suite for its plan there."""
    with Served("healthy") as served:
        variables = applied(served.environment())
        variables["PATH"] = f"{az.parent}{os.pathsep}{variables['PATH']}"
        assert run(served, variables, LOGIN).code == 0
        first, second = guide(served, variables), guide(served, variables)
        return first, second, run(served, variables, PLAN)


@pytest.fixture(scope="module")
def rounds(through_az: tuple[Round, Round, Said]) -> tuple[Round, Round]:
    """The two times through the guide."""
    return through_az[0], through_az[1]


def run(served: Served, variables: dict[str, str], command: str, principal: str = "") -> Said:
    """Run a command of the guide in a shell; world time goes on by the half minute a person needs for the next."""
    names = {"<your-vault-name>": VAULT, "<your-key-name>": KEY, "<sp-object-id>": principal}
    for placeholder, name in names.items():
        command = command.replace(placeholder, name)
    done = subprocess.run(
        ["sh", "-c", command], env=variables, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=120
    )
    with served.world.lock:
        served.world.clock.advance(30)
    return Said(done.returncode, done.stdout.strip(), done.stderr.strip())


def guide(served: Served, variables: dict[str, str]) -> Round:
    """Once through the guide."""
    before = len(served.cloud.journal.rows())
    consent = run(served, variables, CONSENT)
    consented = run(served, variables, CONSENTED)
    key = run(served, variables, CREATE_KEY)
    assignment = run(served, variables, f"{FIND_VAULT}\n\n{ASSIGN}", consented.out)
    verified = run(served, variables, VERIFY)
    with served.world.lock:
        state = served.world.snapshot()
    return Round(consent, consented, key, assignment, verified, state, served.cloud.journal.rows()[before:])


def written(one: Round) -> list[str]:
    """The operations of a round that changed the world, in order."""
    return [row["operation"] for row in one.log if row["wrote"]]


def test_the_commands_are_the_guides() -> None:
    """Each command stands in the guide, white space apart."""
    if not GUIDE.is_file():
        lacking("the guide is not beside the project")
    text = " ".join(GUIDE.read_text(encoding="utf-8").split())
    missing = [command for command in COMMANDS if " ".join(command.split()) not in text]
    assert missing == []


def test_every_request_of_az_is_simulated(rounds: tuple[Round, Round]) -> None:
    """Nothing az sends is unknown to the cloud, and nothing breaks it."""
    assert [row for one in rounds for row in one.log if row["status"] >= 500] == []


def test_the_guide_onboards_the_key(rounds: tuple[Round, Round]) -> None:
    """Consent, key and role assignment: three writes, and each command prints what the guide says it prints."""
    first, _ = rounds
    principal = first.consent.json
    assert (principal["appId"], principal["displayName"]) == (APP, "anthropic-cmek-client-us")
    assert first.consented.out == principal["id"]
    key = first.key.json
    assert (key["key"]["kty"], key["key"]["keyOps"]) == ("RSA", ["wrapKey", "unwrapKey"])
    assert key["key"]["kid"].startswith(f"https://{VAULT}.vault.azure.net/keys/{KEY}/")
    assignment = first.assignment.json
    assert (assignment["principalId"], assignment["scope"]) == (principal["id"], f"{VAULT_ID}/keys/{KEY}")
    assert assignment["roleDefinitionId"].endswith("/12338af0-0e69-4776-bea7-57ae8d297424")
    assert written(first) == ["servicePrincipal create", "CreateKey", "RoleAssignments_Create"]


def test_the_guide_verifies_the_vault(rounds: tuple[Round, Round]) -> None:
    """az prints null for the network rules, which were never set: the guide's `Allow` is not what is seen."""
    for one in rounds:
        assert one.verified.json == {
            "rbac": True,
            "purge": True,
            "pub": "Enabled",
            "net": None,
            "ipRules": None,
            "uri": f"https://{VAULT}.vault.azure.net/",
            "tenantId": "11111111-2222-4333-8444-555555555555",
        }


def test_the_second_time_consent_exists_already(rounds: tuple[Round, Round]) -> None:
    """`ad sp create` fails and says so; `ad sp show` gives the same object ID."""
    first, second = rounds
    assert second.consent.code != 0
    assert f"{APP} is already in use" in second.consent.err
    assert second.consented == first.consented


def test_the_second_time_the_key_gets_another_version(rounds: tuple[Round, Round]) -> None:
    """`keyvault key create` on a name that is taken rotates the key without a word."""
    first, second = rounds
    versions = list(second.state["vaults"][VAULT]["keys"][KEY]["versions"])
    assert [one.key.json["key"]["kid"].rpartition("/")[2] for one in (first, second)] == versions
    assert list(first.state["vaults"][VAULT]["keys"][KEY]["versions"]) == versions[:1]


def test_the_second_time_the_role_assignment_is_found(rounds: tuple[Round, Round]) -> None:
    """`role assignment create` meets 409 and answers with the one that is there, by the name of its principal."""
    first, second = rounds
    found = second.assignment.json
    assert found["id"] == first.assignment.json["id"]
    assert found["principalName"] == APP
    assert [r["status"] for r in second.log if r["operation"] == "RoleAssignments_Create"] == [409]
    assert first.state["role_assignments"] == second.state["role_assignments"]
    assert first.state["service_principals"] == second.state["service_principals"]
    assert written(second) == ["CreateKey"]


def test_az_leaves_its_login_in_the_rehearsal(az: Path) -> None:
    """Its configuration is in a folder of the rehearsal, which is gone with it."""
    with Served("healthy") as served:
        variables = applied(served.environment("reader"))
        folder = Path(variables["AZURE_CONFIG_DIR"])
        variables["PATH"] = f"{az.parent}{os.pathsep}{variables['PATH']}"
        assert run(served, variables, LOGIN).code == 0
        assert (folder / "azureProfile.json").is_file()
        denied = run(served, variables, f"az keyvault key create --vault-name {VAULT} --name {shlex.quote(KEY)}")
        assert denied.code != 0
        assert "ForbiddenByRbac" in denied.err
    assert not folder.exists()


def test_the_suite_finds_what_az_made_right_and_only_the_tag_missing(through_az: tuple[Round, Round, Said]) -> None:
    """After the guide's commands, `plan` keeps consent, key and role, and adds the organization tag: exit 2."""
    planned = through_az[2]
    assert planned.code == 2, planned.err
    items = {plan["step"]: plan["items"] for plan in reversed(json.loads(planned.out)["plans"])}
    assert [item["kind"] for item in items["01_consent"]] == ["keep"]
    assert [item["kind"] for item in items["03_rbac"]] == ["keep"]
    (tag,) = items["02_key"]
    assert tag["kind"] == "change" and tag["intent"]["change"] == "tag key"
    checks = {check["id"]: check["verdict"] for check in json.loads(planned.out)["verdicts"]["checks"]}
    assert "fail" not in checks.values() and "unknown" not in checks.values()
