"""The exported Terraform configuration: parsed by a real parser, and held against the providers' own argument names.

No provider is run here, and none was: what HashiCorp's bindings of the providers say is all that is known of them.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import hcl2
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from helpers.export import hcl
from helpers.export.terraform import PROVIDERS, configuration
from helpers.model import assignment_name
from tests.export.running import FILE, Ended, parameters, place
from tests.needs import program

pytestmark = pytest.mark.slow
SCHEMA = json.loads(Path(__file__).with_name("provider_arguments.json").read_text(encoding="utf-8"))
META = {"lifecycle", "depends_on", "__is_block__", "__comments__"}
SUBSCRIPTION = "/subscriptions/22222222-3333-4444-8555-666666666666"
DESTINATIONS = (
    f"{SUBSCRIPTION}/resourceGroups/rg-claude/providers/Microsoft.OperationalInsights/workspaces/log-contoso",
    f"{SUBSCRIPTION}/resourceGroups/rg-claude/providers/Microsoft.Storage/storageAccounts/stcontoso",
    f"{SUBSCRIPTION}/resourceGroups/rg-claude/providers/Microsoft.EventHub/namespaces/ns-contoso/authorizationRules/send",
)
VAULT = f"{SUBSCRIPTION}/resourceGroups/rg-claude/providers/Microsoft.KeyVault/vaults/kv-contoso-claude"
CRYPTO_USER = "12338af0-0e69-4776-bea7-57ae8d297424"
KEY = "https://kv-contoso-claude.vault.azure.net/keys/claude-cmek/0123456789abcdef0123456789abcdef"
OWN_ROLE = "66666666-7777-4888-8999-aaaaaaaaaaaa"
VERSION = "vaults.kv-contoso-claude.keys.claude-cmek.versions.0123456789abcdef0123456789abcdef"
REFERENCE = re.compile(r"\b((?:data\.)?azure(?:rm|ad)_\w+)\.(\w+)\.(\w+)")
EXTRAS: tuple[dict[str, str], ...] = (
    {},
    {"expected_owner_tenant": "99999999-aaaa-4bbb-8ccc-dddddddddddd", "key_type": "RSA-HSM", "role_scope": "vault"},
)
VARIANTS = [
    (parameters(log_destination=log, **EXTRAS[(number + with_vault) % 2]), with_vault)
    for number, log in enumerate((None, *DESTINATIONS))
    for with_vault in (False, True)
]
"""Each destination with and without the vault, and the two sets of extras with each of these."""


@dataclass(frozen=True)
class Written:
    """One block of a configuration: the kind of thing it is, its name, and what is in it."""

    type: str
    name: str
    body: dict[str, Any]


def parsed(files: Mapping[str, str]) -> list[dict[str, Any]]:
    """Every file of a configuration that Terraform reads."""
    return [hcl2.loads(text) for name, text in files.items() if name.endswith(".tf")]


def written(files: Mapping[str, str]) -> Iterator[Written]:
    """Providers, resources and data sources."""
    for document in parsed(files):
        for block in document.get("provider", []):
            for kind, body in block.items():
                yield Written(literal(kind), "", body)
        for what, before in (("resource", ""), ("data", "data.")):
            for block in document.get(what, []):
                for kind, named in block.items():
                    for name, body in named.items():
                        yield Written(before + literal(kind), literal(name), body)


def literal(text: str) -> str:
    """A quoted text of the parser as the text it stands for. Raises AssertionError for an expression."""
    assert text.startswith('"') and text.endswith('"'), text
    inner = text[1:-1].replace("$${", "${").replace("%%{", "%{")
    return str(
        json.loads('"' + re.sub(r"\\U([0-9a-f]{8})", lambda m: json.dumps(chr(int(m[1], 16)))[1:-1], inner) + '"')
    )


def one(files: Mapping[str, str], kind: str) -> dict[str, Any]:
    """The one block of a kind."""
    (found,) = [block.body for block in written(files) if block.type == kind]
    return found


def imports(text: str) -> dict[str, str]:
    """The import blocks: where to, and the id."""
    document = hcl2.loads(text)
    return {block["to"].strip("${}"): literal(block["id"]) for block in document.get("import", [])}


def _unknown(body: Mapping[str, Any], schema: Mapping[str, Any], at: str) -> Iterator[str]:
    known = {*schema["required"], *schema["optional"]}
    for name, value in body.items():
        if name in META:
            continue
        if name not in known:
            yield f"{at}.{name}"
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            for inner in value:
                yield from _unknown(inner, schema["blocks"][name], f"{at}.{name}")
    yield from (f"{at}.{name} is required" for name in schema["required"] if name not in body)


@pytest.mark.parametrize(("given_parameters", "with_vault"), VARIANTS)
def test_every_argument_is_one_of_its_provider_and_none_that_is_required_is_missing(
    given_parameters: Any, with_vault: bool
) -> None:
    """By the schemas of azurerm 4.55.0 and azuread 3.7.0, in every variant, nested blocks too."""
    files = configuration(given_parameters, with_vault=with_vault)
    blocks = list(written(files))
    assert len(blocks) >= 6
    wrong = [row for block in blocks for row in _unknown(block.body, SCHEMA["types"][block.type], block.type)]
    assert wrong == []


@pytest.mark.parametrize(("given_parameters", "with_vault"), VARIANTS)
def test_every_reference_is_to_something_that_is_there(given_parameters: Any, with_vault: bool) -> None:
    """A resource of the configuration, and an attribute that its provider fills in; `self` in a condition too."""
    files = configuration(given_parameters, with_vault=with_vault)
    there = {(block.type, block.name) for block in written(files)}
    text = "\n".join(files[name] for name in files if name.endswith(".tf"))
    found = REFERENCE.findall(text)
    assert found
    assert [row for row in found if row[:2] not in there] == []
    assert [row for row in found if row[2] not in SCHEMA["types"][row[0]]["attributes"]] == []
    for block in written(files):
        for name in re.findall(r"self\.(\w+)", json.dumps(block.body)):
            assert name in SCHEMA["types"][block.type]["attributes"], (block.type, name)


def test_the_versions_are_those_whose_arguments_were_checked() -> None:
    """Pinned to the minor version of the schemas in the fixture."""
    assert {name: f"~> {row['version']}" for name, row in SCHEMA["providers"].items()} == PROVIDERS
    (terraform,) = parsed(configuration(parameters()))[0]["terraform"]
    named = terraform["required_providers"][0]
    assert {name: literal(named[name]["version"]) for name in PROVIDERS} == PROVIDERS


def test_it_says_what_the_plan_says() -> None:
    """The published app, the key with its two operations and its tag, the role at the key, and nothing destroyed."""
    files = configuration(parameters(log_destination=DESTINATIONS[0]))
    principal, key = one(files, "azuread_service_principal"), one(files, "azurerm_key_vault_key")
    assert literal(principal["client_id"]) == "8635ae1a-3e5d-44e8-a4ed-e0f614466f87"
    assert principal["use_existing"] is True
    assert (literal(key["key_type"]), key["key_size"]) == ("RSA", 3072)
    assert [literal(row) for row in key["key_opts"]] == ["wrapKey", "unwrapKey"]
    tags = {literal(name): literal(value) for name, value in key["tags"].items()}
    assert tags == {"anthropic-org-33333333-4444-4555-8666-777777777777": "true"}
    role = one(files, "azurerm_role_assignment")
    assert role["scope"] == "${azurerm_key_vault_key.claude.resource_versionless_id}"
    assert role["principal_id"] == "${azuread_service_principal.anthropic.object_id}"
    assert literal(role["role_definition_id"]).endswith(f"/{CRYPTO_USER}")
    for block in (principal, key, role):
        assert block["lifecycle"][0]["prevent_destroy"] is True
    log = one(files, "azurerm_monitor_diagnostic_setting")
    assert literal(log["log_analytics_workspace_id"]) == DESTINATIONS[0]
    assert literal(log["enabled_log"][0]["category"]) == "AuditEvent"
    assert literal(one(files, "azurerm_management_lock")["lock_level"]) == "CanNotDelete"


def test_the_role_assignment_has_the_name_that_this_suite_gives_it() -> None:
    """uuidv5 in the URL name space over the lower-cased scope, role and principal, as model.assignment_name."""
    name = one(configuration(parameters()), "azurerm_role_assignment")["name"]
    scope, principal = f"{VAULT}/keys/claude-cmek", "44444444-5555-4666-8777-888888888888"
    found = re.fullmatch(r'\$\{uuidv5\("url", lower\("(.*)"\)\)\}', name)
    assert found
    seed = found[1].replace("${azurerm_key_vault_key.claude.resource_versionless_id}", scope)
    seed = seed.replace("${azuread_service_principal.anthropic.object_id}", principal).lower()
    made = str(uuid.uuid5(uuid.NAMESPACE_URL, seed))
    assert made == assignment_name(scope, CRYPTO_USER, principal)


def test_purge_protection_of_a_managed_vault_is_agreed_to_by_typing_its_name() -> None:
    """It is for good, so a variable without a default asks for the name, and takes nothing else."""
    text = configuration(parameters(), with_vault=True)["vault.tf"]
    (variable,) = [
        row['"purge_protection_for_good"']
        for row in hcl2.loads(text)["variable"]
        if '"purge_protection_for_good"' in row
    ]
    assert "default" not in variable
    condition = variable["validation"][0]["condition"]
    assert condition == '${var.purge_protection_for_good == "kv-contoso-claude"}'


def test_nothing_of_anthropics_is_in_it_and_the_readme_says_where_to_go_on() -> None:
    """Neither the organization's key nor the workspace; the README names the command, and that nothing was run."""
    files = configuration(parameters())
    code = "".join(text for name, text in files.items() if name.endswith(".tf"))
    assert "ekey" not in code and "contoso-cmek" not in code and "sk-ant" not in code
    assert "run -f FILE --step 05" in files["README.md"]
    assert "No provider was run" in files["README.md"] and "No provider was run" in files["versions.tf"]


PIECES = st.sampled_from(["${a}", "%{b}", "}", "$", "%", '"', "\\", "\n", "\x00", "var.x"]) | st.characters(
    codec="utf-8", exclude_characters="{"
)
"""Openings of templates are closed again: python-hcl2 8.1 cannot read `$${` without its }, which Terraform can."""
UNCLOSED = ("${", "%{", "$${", "%%{", "$%{", "${${", '"${', "\\${", "\x00${", "\u2028", "\u00e9")


@given(st.lists(PIECES, min_size=1, max_size=12).map("".join))
def test_a_quoted_text_is_a_literal_whatever_is_in_it(said: str) -> None:
    """No template in it is read as one, no quote ends it, and it stands for the very text."""
    (block,) = hcl2.loads(hcl.text(hcl.Block("a", (), (hcl.Attribute("b", said),))))["a"]
    assert literal(block["b"]) == said
    bare = re.sub(r"\$\$\{|%%\{", "", block["b"])
    assert "${" not in bare and "%{" not in bare


def exported(world: str | Path, folder: Path, *options: str, identity: str = "operator") -> Ended:
    """`export terraform` inside a rehearsal cloud."""
    with place(world, Path("small/none"), folder) as here:
        here.more = {k: v for k, v in here.served.environment(identity).items() if v is not None}
        done = here.command("export", "terraform", "-f", FILE, *options)
        assert here.writes() == []
        return done


def test_what_is_there_is_imported_under_the_names_it_has(tmp_path: Path) -> None:
    """Key, role and vault as they are; the lock that is there is left alone; the principal is adopted by itself."""
    done = exported("onboarded", tmp_path, "--import", "--with-vault", "--output", str(tmp_path / "out"))
    assert done.code == 0, done.err
    files = {path.name: path.read_text(encoding="utf-8") for path in (tmp_path / "out").iterdir()}
    assert imports(files["imports.tf"]) == {
        "azurerm_key_vault.this": VAULT,
        "azurerm_key_vault_key.claude": KEY,
        "azurerm_role_assignment.anthropic": (
            f"{VAULT}/keys/claude-cmek/providers/Microsoft.Authorization/roleAssignments/{OWN_ROLE}"
        ),
    }
    assert literal(one(files, "azurerm_role_assignment")["name"]) == OWN_ROLE
    assert "azurerm_management_lock" not in {block.type for block in written(files)}
    assert "locked against deletion already, by keep-the-vault" in files["main.tf"]
    vault = one(files, "azurerm_key_vault")
    assert vault["purge_protection_enabled"] is True
    assert (literal(vault["location"]), literal(vault["sku_name"])) == ("eastus2", "premium")


def test_tags_that_are_there_stay_and_are_never_expressions(tmp_path: Path) -> None:
    """Terraform sets the whole map, so those of the key are in it, as literals whatever they hold."""
    odd = {"owner": '${file("/etc/passwd")} %{ if true } "x"', "a b": "c\nd"}
    world = tmp_path / "tagged.yaml"
    world.write_text(yaml.safe_dump({"about": "tags", "base": "no_tag", "set": {f"{VERSION}.tags": odd}}))
    done = exported(world, tmp_path, "--import", "--output", str(tmp_path / "out"))
    assert done.code == 0, done.err
    files = {"main.tf": (tmp_path / "out" / "main.tf").read_text(encoding="utf-8")}
    tags = one(files, "azurerm_key_vault_key")["tags"]
    assert {literal(name): literal(value) for name, value in tags.items()} == {
        **odd,
        "anthropic-org-33333333-4444-4555-8666-777777777777": "true",
    }


def test_an_empty_cloud_needs_no_import(tmp_path: Path) -> None:
    """Only the lock of the healthy world is seen; there is no import block."""
    done = exported("healthy", tmp_path, "--import")
    assert done.code == 0, done.err
    assert "import {" not in done.out and "azurerm_key_vault_key" in done.out


@pytest.mark.parametrize(
    ("world", "code", "word"),
    [
        ("role_with_a_condition", 3, "with a condition"),
        ("key_4096_bits", 3, "another type or size"),
        ("locks_forbidden", 4, "locks"),
        ("key_throttled", 4, "could not be read"),
    ],
)
def test_what_the_plan_refuses_or_cannot_see_is_not_exported(tmp_path: Path, world: str, code: int, word: str) -> None:
    """With --import a thing that could not be read is never taken for absent: nothing is written."""
    done = exported(world, tmp_path, "--import", "--output", str(tmp_path / "out"))
    assert done.code == code, done.err
    assert word in done.err and "nothing is exported" in done.err
    assert not (tmp_path / "out").exists()


def test_a_folder_with_something_in_it_is_left_alone(tmp_path: Path) -> None:
    """It may hold a state: exit 64, and nothing is added."""
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "terraform.tfstate").write_text("{}")
    done = exported("healthy", tmp_path, "--output", str(tmp_path / "out"))
    assert done.code == 64, done.err
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["terraform.tfstate"]


@pytest.mark.terraform
def test_it_is_laid_out_as_terraform_fmt_does(tmp_path: Path) -> None:
    """And Terraform reads our name and our quotes as we mean them."""
    terraform = program("terraform")
    (tmp_path / "terraformrc").touch()
    environment = {**os.environ, "TF_CLI_CONFIG_FILE": str(tmp_path / "terraformrc"), "CHECKPOINT_DISABLE": "1"}
    for number, (given_parameters, with_vault) in enumerate(VARIANTS):
        folder = tmp_path / str(number)
        folder.mkdir()
        for name, text in configuration(given_parameters, with_vault=with_vault).items():
            (folder / name).write_text(text, encoding="utf-8")
    done = subprocess.run(
        [terraform, "fmt", "-check", "-diff", "-recursive", tmp_path], env=environment, capture_output=True
    )
    assert (done.returncode, done.stdout.decode()) == (0, ""), done.stderr
    scope, role, principal = f"{VAULT}/keys/claude-cmek", CRYPTO_USER, "44444444-5555-4666-8777-888888888888"
    asked = [f'uuidv5("url", lower("{scope}|{role}|{principal}"))', *(f"jsonencode({hcl.quoted(s)})" for s in UNCLOSED)]
    (tmp_path / "empty").mkdir()
    said = [
        json.loads(
            subprocess.run(
                [terraform, "console"],
                input=line + "\n",
                cwd=tmp_path / "empty",
                env=environment,
                capture_output=True,
                text=True,
            ).stdout
        )
        for line in asked
    ]
    assert said[0] == assignment_name(scope, role, principal)
    assert [json.loads(row) for row in said[1:]] == list(UNCLOSED)
