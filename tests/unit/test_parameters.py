"""Parameters are taken whole or refused in one line that names the source, the key, what was given and what is allowed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from helpers import published
from helpers.errors import WrongUsage
from helpers.parameter_values import NewWorkspace, WorkspaceId
from helpers.parameters import Parameters, load
from tests.cases.building import GIVEN, ORGANIZATION, SUBSCRIPTION, TENANT, VAULT_ID, VAULT_URI

ROOT = Path(__file__).resolve().parents[2]
GUID = "a lower-case GUID like 8635ae1a-3e5d-44e8-a4ed-e0f614466f87"
VAULT = "3 to 24 letters, digits and hyphens: a letter first, no hyphen last, no two hyphens in a row"
KEY = "1 to 127 letters, digits and hyphens"
LABEL = "1 to 255 characters, none of them a control character"
WORKSPACE = f"{{id: a workspace id like wrkspc_01AbCdEf, default: true or false}} or {{create: {LABEL}}}"
REMEDIES = "a list of purge_protection or diagnostic_settings or network_rules or delete_lock or organization_tag"
DESTINATION = "the resource ID of a Log Analytics workspace, a storage account, or an authorization rule of an event hub namespace"
LONG_GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{'r' * 91}/providers/Microsoft.Storage/storageAccounts/logs"
LOGS = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-logs/providers"
REFERENCE = (
    "a reference, never the key itself: env:NAME, file:PATH or keyvault:https://VAULT.vault.azure.net/secrets/NAME"
)
SO = "(YAML reads yes, no, on and off so: use quotes)"
NUMBER = "(YAML reads it as a number: use quotes)"
ROTATION = "false, or the key version to rotate away from: its 32 hexadecimal digits, in quotes"
HSM = (
    "given a Managed HSM, and this suite works with key vaults only: Anthropic's documentation does not say which role "
    "its service principal needs in a Managed HSM"
)
WAYS = "azure_cli, browser, device_code, managed_identity, workload_identity or environment"
ADMIN_KEY = "sk-ant-admin01-not-a-real-key"
JWT = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJub2JvZHkifQ.c2lnbmF0dXJl"

JANE = {
    "name": "Jane",
    "object_id": "b0000000-0000-4000-8000-000000000005",
    "public_key": "MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=",  # RFC 8032, 7.1, test 1
}
OMAR = {
    "name": "Omar",
    "object_id": "b0000000-0000-4000-8000-000000000004",
    "public_key": "MCowBQYDK2VwAyEAPUAXw+hDiVqStwqnTRt+vJyYLM8uxJaMwM1V8Sr0Zgw=",  # RFC 8032, 7.1, test 2
}


def refusal(given: Any) -> str:
    """What is said of parameters that are refused."""
    with pytest.raises(WrongUsage) as refused:
        load(given)
    assert refused.value.exit_code == 64
    return str(refused.value)


WRONG: list[tuple[str, dict[str, Any], str]] = [
    ("upper-case GUID", {"tenant_id": TENANT.replace("1", "A")}, f"tenant_id: given '{TENANT.replace('1', 'A')}'; allowed: {GUID}"),
    ("cut GUID", {"subscription_id": TENANT[:-1]}, f"subscription_id: given '{TENANT[:-1]}'; allowed: {GUID}"),
    ("GUID in braces", {"tenant_id": f"{{{TENANT}}}"}, f"tenant_id: given '{{{TENANT}}}'; allowed: {GUID}"),
    ("GUID and a line end", {"tenant_id": f"{TENANT}\n"}, f"tenant_id: given '{TENANT}\\n'; allowed: {GUID}"),
    ("org_ id", {"organization_id": f"org_{ORGANIZATION}"}, f"organization_id: given 'org_{ORGANIZATION}'; allowed: {GUID}"),
    ("no for text", {"tenant_id": False}, f"tenant_id: given false {SO}; allowed: {GUID}"),
    ("0123 for text", {"organization_id": 83}, f"organization_id: given 83 {NUMBER}; allowed: {GUID}"),
    ("nothing", {"vault_name": None}, f"vault_name: given null; allowed: {VAULT}"),
    ("short vault name", {"vault_name": "kv"}, f"vault_name: given 'kv'; allowed: {VAULT}"),
    ("long vault name", {"vault_name": "k" * 25}, f"vault_name: given '{'k' * 25}'; allowed: {VAULT}"),
    ("vault name starts with a digit", {"vault_name": "1kv"}, f"vault_name: given '1kv'; allowed: {VAULT}"),
    ("vault name ends in a hyphen", {"vault_name": "kv-"}, f"vault_name: given 'kv-'; allowed: {VAULT}"),
    ("two hyphens", {"vault_name": "kv--x"}, f"vault_name: given 'kv--x'; allowed: {VAULT}"),
    ("underscore", {"vault_name": "kv_x"}, f"vault_name: given 'kv_x'; allowed: {VAULT}"),
    ("vault address", {"vault_name": VAULT_URI}, f"vault_name: given '{VAULT_URI}'; allowed: {VAULT}"),
    ("key with a slash", {"key_name": "a/b"}, f"key_name: given 'a/b'; allowed: {KEY}"),
    ("key name too long", {"key_name": "k" * 128}, f"key_name: given '{'k' * 79}… (130 characters); allowed: {KEY}"),
    ("group ends in a dot", {"resource_group": "rg."}, "resource_group: given 'rg.'; allowed: 1 to 90 letters, digits and . _ - ( ), no dot last"),
    ("group name too long", {"resource_group": "r" * 91}, f"resource_group: given '{'r' * 79}… (93 characters); allowed: 1 to 90 letters, digits and . _ - ( ), no dot last"),
    ("size 2048", {"key_size": 2048}, "key_size: given 2048; allowed: 3072 or 4096"),
    ("size as text", {"key_size": "3072"}, "key_size: given '3072'; allowed: 3072 or 4096"),
    ("size true", {"key_size": True}, f"key_size: given true {SO}; allowed: 3072 or 4096"),
    ("elliptic key", {"key_type": "EC"}, "key_type: given 'EC'; allowed: RSA or RSA-HSM"),
    ("mode off", {"mode": False}, f"mode: given false {SO}; allowed: plan or apply"),
    ("cloud", {"cloud": "aws"}, "cloud: given 'aws'; allowed: rehearsal or azure"),
    ("credential", {"credential": "password"}, "credential: given 'password'; allowed: azure_cli or browser or device_code or managed_identity or workload_identity or environment"),
    ("azure without credential", {"cloud": "azure"}, f"credential: not given, and on azure it is never guessed; allowed: {WAYS}"),
    ("rehearsal with the az login", {"credential": "azure_cli"}, "credential: given 'azure_cli'; allowed in a rehearsal: environment"),
    ("rehearsal with an identity", {"cloud": "rehearsal", "credential": "managed_identity"}, "credential: given 'managed_identity'; allowed in a rehearsal: environment"),
    ("role scope", {"role_scope": "subscription"}, "role_scope: given 'subscription'; allowed: key or vault"),
    ("product", {"product": "claude_code"}, "product: given 'claude_code'; allowed: claude_platform or claude_enterprise"),
    ("platform without workspace", {"workspace": None}, "workspace: not given; allowed for claude_platform: {id: wrkspc_…} or {create: NAME}"),
    ("platform without name", {"external_key_name": None}, "external_key_name: not given; allowed for claude_platform: a name of 1 to 255 characters"),
    ("workspace as text", {"workspace": "contoso"}, f"workspace: given 'contoso'; allowed: {WORKSPACE}"),
    ("workspace id malformed", {"workspace": {"id": "ws_1"}}, f"workspace: given {{'id': 'ws_1'}}; allowed: {WORKSPACE}"),
    ("workspace id and create", {"workspace": {"id": "wrkspc_01AbCdEf", "create": "x"}}, f"workspace: given {{'id': 'wrkspc_01AbCdEf', 'create': 'x'}}; allowed: {WORKSPACE}"),
    ("workspace of no kind", {"workspace": {}}, f"workspace: given {{}}; allowed: {WORKSPACE}"),
    ("default workspace as text", {"workspace": {"id": "wrkspc_01AbCdEf", "default": "true"}}, f"workspace: given {{'id': 'wrkspc_01AbCdEf', 'default': 'true'}}; allowed: {WORKSPACE}"),
    ("default workspace to create", {"workspace": {"create": "x", "default": True}}, f"workspace: given {{'create': 'x', 'default': True}}; allowed: {WORKSPACE}"),
    ("unknown remedy", {"remediate": ["purge_protection", "all"]}, f"remediate.1: given 'all'; allowed: {REMEDIES}"),
    ("remedy outside a list", {"remediate": "delete_lock"}, f"remediate: given 'delete_lock'; allowed: {REMEDIES}"),
    ("a remedy twice", {"remediate": ["delete_lock", "delete_lock"]}, "remediate: given one of them twice; allowed: each once"),
    ("log without a destination", {"remediate": ["diagnostic_settings"]}, "log_destination: not given, and remediate asks for diagnostic_settings; allowed: the resource ID of where the log goes to"),
    ("destination in a group with too long a name", {"log_destination": LONG_GROUP}, f"log_destination: given '{LONG_GROUP[:79]}… ({len(LONG_GROUP) + 2} characters); allowed: {DESTINATION}"),
    ("destination by name", {"log_destination": "logs"}, f"log_destination: given 'logs'; allowed: {DESTINATION}"),
    ("destination of another kind", {"log_destination": VAULT_ID}, f"log_destination: given '{VAULT_ID[:79]}… ({len(VAULT_ID) + 2} characters); allowed: {DESTINATION}"),
    ("hidden direction", {"external_key_name": "a\u202eb"}, f"external_key_name: given 'a\\u202eb'; allowed: {LABEL}"),
    ("empty name", {"external_key_name": ""}, f"external_key_name: given ''; allowed: {LABEL}"),
    ("admin key reference", {"admin_key": "hunter2-hunter2"}, f"admin_key: given something that is not shown here, in case it is a secret; allowed: {REFERENCE}"),
    ("admin key from another host", {"admin_key": "keyvault:https://kv.example.com/secrets/admin"}, f"admin_key: given something that is not shown here, in case it is a secret; allowed: {REFERENCE}"),
    ("admin key over http", {"admin_key": "keyvault:http://kv"}, f"admin_key: given something that is not shown here, in case it is a secret; allowed: {REFERENCE}"),
    ("owner tenant", {"expected_owner_tenant": "Contoso"}, f"expected_owner_tenant: given 'Contoso'; allowed: {GUID}"),
    ("an approver twice", {"approvers": [JANE, JANE]}, "approvers: given one of them twice; allowed: each object ID and each key once"),
    ("two approvers by one key", {"approvers": [JANE, {**OMAR, "public_key": JANE["public_key"]}]}, "approvers: given one of them twice; allowed: each object ID and each key once"),
    ("more approvals than approvers", {"approvers": [JANE], "approvers_required": 2}, "approvers_required: given 2; allowed: at most the number of approvers"),
    ("approvals without approvers", {"approvers_required": 2}, "approvers_required: given 2; allowed: at most the number of approvers"),
    ("no approval", {"approvers_required": 0}, "approvers_required: given 0; allowed: a whole number from 1 to 5"),
    ("rotate to a short version", {"rotate": "0123"}, f"rotate: given '0123'; allowed: {ROTATION}"),
    ("rotate by capitals", {"rotate": "A" * 32}, f"rotate: given '{'A' * 32}'; allowed: {ROTATION}"),
    ("rotate by a number", {"rotate": 83}, f"rotate: given 83; allowed: {ROTATION}"),
    ("rotate by a mapping", {"rotate": {"from": "0" * 32}}, f"rotate: given {{'from': '{'0' * 32}'}}; allowed: {ROTATION}"),
    ("rotate by nothing", {"rotate": None}, f"rotate: given null; allowed: {ROTATION}"),
    ("Managed HSM as a host", {"vault_name": "contoso.managedhsm.azure.net"}, f"vault_name: {HSM}"),
    ("Managed HSM by its address", {"vault_name": "https://Contoso.ManagedHSM.azure.net/"}, f"vault_name: {HSM}"),
    ("Managed HSM by its resource", {"vault_name": f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg/providers/Microsoft.KeyVault/managedHSMs/contoso"}, f"vault_name: {HSM}"),
    ("admin key in a Managed HSM", {"admin_key": "keyvault:https://contoso.managedhsm.azure.net/secrets/admin"}, f"admin_key: {HSM}"),
    ("signer in a Managed HSM", {"evidence": {"signer": f"keyvault:https://contoso.managedhsm.azure.net/keys/sign/{'0' * 32}"}}, f"evidence.signer: {HSM}"),
    ("other app id", {"app_id": TENANT}, f"app_id: there is no such parameter; the parameters are {', '.join(Parameters.model_fields)}"),
    ("key in upper case", {"Tenant_Id": TENANT}, f"Tenant_Id: there is no such parameter; the parameters are {', '.join(Parameters.model_fields)}"),
    ("key of two lines", {"a\nb": 1}, f"a?b: there is no such parameter; the parameters are {', '.join(Parameters.model_fields)}"),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "said"), [pytest.param(*row[1:], id=row[0]) for row in WRONG])
def test_a_wrong_parameter_is_refused_in_one_line(changes: dict[str, Any], said: str) -> None:
    """Each wrong parameter gets one line with the source, the key, what was given and what is allowed."""
    assert refusal({**GIVEN, **changes}) == f"parameters: {said}"


@pytest.mark.parametrize(
    ("changes", "start"),
    [
        ({"egress_ranges": {"ranges": []}}, "egress_ranges.ranges: given []; allowed: {checked_on: "),
        ({"egress_ranges": {"ranges": ["160.79.104.1/21"]}}, "egress_ranges.ranges.0: given '160.79.104.1/21'; allowed: "),
        ({"egress_ranges": {"ranges": ["::/0"]}}, "egress_ranges.ranges.0: given '::/0'; allowed: "),
        ({"egress_ranges": {"checked_on": "yesterday"}}, "egress_ranges.checked_on: given 'yesterday'; allowed: "),
        ({"egress_ranges": {"days": 1}}, "egress_ranges.days: there is no such key; allowed: {checked_on: "),
        ({"approvers": [{**JANE, "public_key": "A" * 60}]}, "approvers.0.public_key: given '"),
        ({"approvers": [{**JANE, "email": "x"}]}, "approvers.0.email: there is no such key; allowed: a list of {name: "),
        ({"accepted_deviations": {}}, "accepted_deviations: given {}; allowed: a list of {check: a check id like V27, "),
        ({"accepted_deviations": [{"check": "27"}]}, "accepted_deviations.0.check: given '27'; allowed: a list of "),
        ({"accepted_deviations": [{"check": "V27"}]}, "accepted_deviations.0.owner: not given; allowed: a list of "),
        (
            {"accepted_deviations": [{"check": "V27", "owner": "Ada", "reason": "x", "expires": "soon"}]},
            "accepted_deviations.0.expires: given 'soon'; allowed: a list of ",
        ),
        (
            {"accepted_deviations": [{"check": "V27", "owner": "A", "reason": "x", "expires": "2027-01-01", "by": 1}]},
            "accepted_deviations.0.by: there is no such key; allowed: a list of {check: ",
        ),
    ],
)  # fmt: skip
def test_a_wrong_part_of_a_parameter_is_named_by_its_place(changes: dict[str, Any], start: str) -> None:
    """Inside a mapping or list the line names the very part that is wrong."""
    said = refusal({**GIVEN, **changes})
    assert said.startswith(f"parameters: {start}")
    assert "\n" not in said


@pytest.mark.parametrize("key", [name for name, info in Parameters.model_fields.items() if info.is_required()])
def test_a_missing_parameter_is_named(key: str) -> None:
    """A required parameter that is not given is named, with what it takes."""
    said = refusal({name: value for name, value in GIVEN.items() if name != key})
    assert said.startswith(f"parameters: {key}: not given; allowed: ")
    assert "\n" not in said


SECRETS = [
    ADMIN_KEY,
    JWT,
    "-----BEGIN RSA PRIVATE KEY-----",
    "abc8Q~" + "x" * 34,
    "Bearer " + "x" * 24,
    "https://x.blob.core.windows.net/?sig=" + "A" * 20,
]


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize(
    "place",
    [
        lambda secret: {"admin_key": secret},
        lambda secret: {"admin_key": f"env:{secret}"},
        lambda secret: {"key_name": secret},
        lambda secret: {"key_name": [secret]},
        lambda secret: {"key_name": secret.encode()},
        lambda secret: {"workspace": {"create": f"my {secret}"}},
        lambda secret: {"accepted_deviations": [{"check": "V27", "owner": secret}]},
        lambda secret: {"egress_ranges": {"ranges": [secret]}},
        lambda secret: {"token": secret},
        lambda secret: {secret: "x"},
        lambda secret: {"workspace": {secret: "x"}},
    ],
)
def test_a_secret_is_refused_and_not_shown(place: Any, secret: str) -> None:
    """Wherever something looks like a secret it is refused in one line that does not hold it."""
    said = refusal({**GIVEN, **place(secret)})
    assert "looks like" in said
    assert "\n" not in said
    assert secret not in said
    assert secret[-12:] not in said


def test_the_line_names_the_file(tmp_path: Path) -> None:
    """For a file its path is what the line begins with."""
    path = tmp_path / "mine.yaml"
    path.write_text(yaml.safe_dump({"parameters": {**GIVEN, "key_size": 2048}}))
    assert refusal(path) == f"{path}: key_size: given 2048; allowed: 3072 or 4096"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("tenant_id: no", f"tenant_id: given false {SO}; allowed: {GUID}"),
        ("tenant_id: 0123", f"tenant_id: given 83 {NUMBER}; allowed: {GUID}"),
        ("tenant_id: 2026-11-23", f"tenant_id: given '2026-11-23'; allowed: {GUID}"),
        ("key_name: 12:30", f"key_name: given 750 {NUMBER}; allowed: {KEY}"),
        ("key_name: 1e5", None),
    ],
)
def test_what_yaml_makes_of_a_value_is_not_converted_back(tmp_path: Path, text: str, said: str | None) -> None:
    """no, 0123 and 12:30 are not text, and are refused with a hint; a date stays the text it was written as."""
    path = tmp_path / "p.yaml"
    given = {name: value for name, value in GIVEN.items() if name != text.split(":", maxsplit=1)[0]}
    path.write_text("parameters:\n  " + text + "\n  " + yaml.safe_dump(given).replace("\n", "\n  ").rstrip() + "\n")
    if said is None:
        assert load(path).key_name == "1e5"
    else:
        assert refusal(path) == f"{path}: {said}"


@pytest.mark.parametrize("text", ["{}", "tenant_id: x", "parameters: []", "parameters: {}\nmore: 1", "parameters:"])
def test_a_parameter_file_has_one_top_level_key(tmp_path: Path, text: str) -> None:
    """A file without exactly `parameters:` and a mapping below it is refused."""
    path = tmp_path / "p.yaml"
    path.write_text(text)
    said = "a parameter file has one top-level key, parameters:, with the values below it"
    assert refusal(path) == f"{path}: {said}"


def test_a_missing_file_is_named() -> None:
    """A path without a file is refused in one line."""
    assert refusal("nowhere.yaml") == "nowhere.yaml: cannot be read: No such file or directory"


def test_defaults_are_the_safe_ones() -> None:
    """Left alone, the suite rehearses, plans only, makes a software key of 3072 bits and grants at the key."""
    p = load(GIVEN)
    assert (p.cloud, p.mode, p.credential, p.key_type, p.key_size, p.role_scope, p.product) == (
        "rehearsal", "plan", None, "RSA", 3072, "key", "claude_platform",
    )  # fmt: skip
    assert p.admin_key == "env:ANTHROPIC_ADMIN_KEY"
    assert p.egress_ranges.ranges == [str(published.EGRESS_RANGE), str(published.EGRESS_RANGE_ADDED)]
    assert p.accepted_deviations == []
    assert (p.remediate, p.log_destination) == ([], None)


def test_names_are_derived_once() -> None:
    """The vault's id and address and the organization tag come from the parameters."""
    p = load({**GIVEN, "vault_name": "KV-Contoso-Claude"})
    assert p.vault_id == VAULT_ID.replace("kv-contoso-claude", "KV-Contoso-Claude")
    assert p.vault_uri == VAULT_URI
    assert p.organization_tag == (f"anthropic-org-{ORGANIZATION}", "true")


@pytest.mark.parametrize(
    "changes",
    [
        *({"cloud": "azure", "credential": way} for way in WAYS.replace(" or ", ", ").split(", ")),
        {"cloud": "rehearsal", "credential": "environment"},
        {"cloud": "rehearsal", "credential": None},
        {"product": "claude_enterprise", "workspace": None, "external_key_name": None},
        {"vault_name": "k" * 24},
        {"vault_name": "managedhsm"},
        {"rotate": True},
        {"rotate": "0123456789abcdef0123456789abcdef"},
        {"vault_name": "kv1"},
        {"key_name": "0"},
        {"resource_group": "rg_(prod).1-x"},
        {"resource_group": "é" * 90},
        {"key_size": 4096, "key_type": "RSA-HSM"},
        {"workspace": {"id": "wrkspc_01AbCdEf"}},
        {"admin_key": "file:/run/secrets/admin key"},
        {"admin_key": "keyvault:https://kv-admin.vault.azure.net/secrets/admin"},
        {"external_key_name": "Contoso – Schlüssel 1"},
        {"workspace": {"id": "wrkspc_01AbCdEf", "default": True}},
        {"remediate": ["purge_protection", "network_rules", "delete_lock", "organization_tag"]},
        {
            "remediate": ["diagnostic_settings"],
            "log_destination": f"{LOGS}/Microsoft.OperationalInsights/workspaces/logs",
        },
        {"log_destination": f"{LOGS}/microsoft.storage/storageaccounts/contosologs"},
        {"log_destination": f"{LOGS}/Microsoft.EventHub/namespaces/contoso-logs/authorizationRules/send.only"},
        {"approvers": [JANE, OMAR], "approvers_required": 2},
        {"approvers": [JANE], "approvers_required": 1},
    ],
)
def test_right_parameters_are_taken(changes: dict[str, Any]) -> None:
    """What the rules allow, at their edges, is allowed."""
    load({**GIVEN, **changes})


def test_a_workspace_is_one_of_two_kinds() -> None:
    """A workspace is named by id, or by the name to create it under."""
    assert load({**GIVEN, "workspace": {"id": "wrkspc_01AbCdEf"}}).workspace == WorkspaceId(id="wrkspc_01AbCdEf")
    meant = {"id": "wrkspc_01AbCdEf", "default": True}
    assert load({**GIVEN, "workspace": meant}).workspace == WorkspaceId(id="wrkspc_01AbCdEf", default=True)
    assert WorkspaceId(id="wrkspc_01AbCdEf").default is False
    assert load(GIVEN).workspace == NewWorkspace(create="contoso-cmek")


def test_parameters_do_not_change() -> None:
    """Checked parameters are frozen."""
    with pytest.raises(ValueError, match="frozen"):
        load(GIVEN).mode = "apply"


@pytest.mark.parametrize("name", ["rehearsal.yaml", "example.yaml"])
def test_the_files_that_come_along_are_right(name: str) -> None:
    """The parameter files in the repository load, and the example names every parameter."""
    path = ROOT / "parameters" / name
    load(path)
    if name == "example.yaml":
        missing = [key for key in Parameters.model_fields if f"{key}:" not in path.read_text()]
        assert missing == []
