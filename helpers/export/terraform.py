"""The Azure part of the onboarding as a Terraform configuration, and what of it is there already as import blocks.

Nothing of Anthropic's is in it: there is no provider of Anthropic's own, and attaching is for good. The README that
comes with it says where this suite goes on.
"""

from __future__ import annotations

from collections.abc import Mapping

from helpers import published
from helpers.errors import Refused, Unproven
from helpers.export import hcl, terraform_imports, terraform_readme, terraform_vault
from helpers.export.hcl import Attribute, Block, Note, Ref
from helpers.facts import Facts
from helpers.parameters import Parameters
from helpers.steps import consent, key, rbac
from helpers.steps.remedy_changes import LOCK, NOTES, SETTING

TERRAFORM = ">= 1.5"
"""Import blocks came with 1.5."""
PROVIDERS = {"azurerm": "~> 4.55.0", "azuread": "~> 3.7.0"}
"""The versions that the argument names were held against: the schemas in cdktf-cdktf-provider-azurerm 14.23.1 and
cdktf-cdktf-provider-azuread 14.3.1 on PyPI, of December 2025, read 2026-11-27. Newer ones may be out."""

_DESTINATIONS = {
    "microsoft.operationalinsights": "log_analytics_workspace_id",
    "microsoft.storage": "storage_account_id",
    "microsoft.eventhub": "eventhub_authorization_rule_id",
}


def configuration(parameters: Parameters, found: Facts | None = None, *, with_vault: bool = False) -> Mapping[str, str]:
    """The files by their names. `found` is what the cloud holds now, where import blocks are wanted.

    Raises Refused or Unproven for what `plan` would refuse of consent, key or role: it could not be imported either.
    """
    if found is not None:
        _refuse(parameters, found)
    there = terraform_imports.of(parameters, found)
    vault = terraform_vault.items(parameters, found) if with_vault else (_vault(parameters),)
    files = {
        "versions.tf": hcl.text(_terraform(), _azurerm(parameters), _azuread(parameters)),
        "vault.tf": hcl.text(*vault),
        "main.tf": hcl.text(*_main(parameters, there, terraform_vault.address(with_vault=with_vault))),
        "imports.tf": hcl.text(*there.blocks(with_vault=with_vault)),
        "README.md": terraform_readme.text(parameters, there, with_vault=with_vault),
    }
    return {name: text for name, text in files.items() if text.strip()}


def _refuse(parameters: Parameters, found: Facts) -> None:
    plans = (
        consent.plan(consent.Wanted.of(parameters), found),
        key.plan(key.Wanted.of(parameters), found),
        rbac.plan(rbac.Wanted.of(parameters), found),
    )
    for refusal in (row for plan in plans for row in plan.refusals):
        kind = Unproven if refusal.unproven else Refused
        raise kind(
            f"nothing is exported: {refusal}",
            why=refusal.why,
            next_step=refusal.next_step,
            request_id=refusal.request_id,
        )


def _terraform() -> Block:
    providers = tuple(
        Attribute(name, Ref(f'{{ source = "hashicorp/{name}", version = "{version}" }}'))
        for name, version in PROVIDERS.items()
    )
    note = Note(
        "The versions that the argument names were checked against, from HashiCorp's own bindings of December 2025.\n"
        "No provider was run: read `terraform plan` before you apply it."
    )
    return Block(
        "terraform", (), (Attribute("required_version", TERRAFORM), note, Block("required_providers", (), providers))
    )


def _azurerm(parameters: Parameters) -> Block:
    features = Block(
        "key_vault",
        (),
        (
            Attribute("purge_soft_delete_on_destroy", False),
            Attribute("purge_soft_deleted_keys_on_destroy", False),
            Attribute("recover_soft_deleted_key_vaults", False),
            Attribute("recover_soft_deleted_keys", False),
        ),
    )
    why = Note("Nothing is purged, and a soft-deleted key is not brought back with its old versions unasked.")
    return Block(
        "provider",
        ("azurerm",),
        (
            Attribute("subscription_id", parameters.subscription_id),
            Attribute("tenant_id", parameters.tenant_id),
            Attribute("resource_provider_registrations", "none"),
            Block("features", (), (why, features)),
        ),
    )


def _azuread(parameters: Parameters) -> Block:
    return Block("provider", ("azuread",), (Attribute("tenant_id", parameters.tenant_id),))


def _vault(parameters: Parameters) -> Block:
    return Block(
        "data",
        ("azurerm_key_vault", "this"),
        (
            Attribute("name", parameters.vault_name),
            Attribute("resource_group_name", parameters.resource_group),
            Block("lifecycle", (), terraform_vault.conditions(parameters)),
        ),
    )


def _main(parameters: Parameters, there: terraform_imports.There, vault: str) -> tuple[hcl.Item, ...]:
    optional = (_log(parameters, there, vault), _lock(there, vault))
    rows = (_principal(parameters), _key(parameters, there, vault), _role(parameters, there, vault))
    return (*_spread(rows), *(item for part in optional for item in part))


def _spread(rows: tuple[tuple[hcl.Item, ...], ...]) -> tuple[hcl.Item, ...]:
    return tuple(item for row in rows for item in row)


def _keep(*more: hcl.Item) -> Block:
    return Block("lifecycle", (), (Attribute("prevent_destroy", True), *more))


def _principal(parameters: Parameters) -> tuple[hcl.Item, ...]:
    owner = parameters.expected_owner_tenant
    conditions = [
        terraform_vault.condition(
            f"self.display_name == {hcl.quoted(published.APP_DISPLAY_NAME)}",
            "This is not the published app. Do not go on.",
        )
    ]
    if owner:
        conditions.append(
            terraform_vault.condition(
                f"self.application_tenant_id == {hcl.quoted(owner)}", "The app has another owner."
            )
        )
    return (
        Note("01: the service principal of Anthropic's published app; one that is there already is adopted."),
        Block(
            "resource",
            ("azuread_service_principal", "anthropic"),
            (Attribute("client_id", published.APP_ID), Attribute("use_existing", True), _keep(*conditions)),
        ),
    )


def _key(parameters: Parameters, there: terraform_imports.There, vault: str) -> tuple[hcl.Item, ...]:
    held: Mapping[str, str] = there.key.tags if there.key else {}
    return (
        Note("02: the key. Another type, size or name would replace it, which prevent_destroy refuses."),
        Block(
            "resource",
            ("azurerm_key_vault_key", "claude"),
            (
                Attribute("name", parameters.key_name),
                Attribute("key_vault_id", Ref(f"{vault}.id")),
                Attribute("key_type", parameters.key_type),
                Attribute("key_size", parameters.key_size),
                Attribute("key_opts", list(published.KEY_OPERATIONS)),
                Attribute("tags", {**dict(sorted(held.items())), **dict([parameters.organization_tag])}),
                _keep(
                    Note("Dates and rotation are decided elsewhere; each new version needs the tag, and validating."),
                    Attribute(
                        "ignore_changes", [Ref("not_before_date"), Ref("expiration_date"), Ref("rotation_policy")]
                    ),
                ),
            ),
        ),
    )


def _role(parameters: Parameters, there: terraform_imports.There, vault: str) -> tuple[hcl.Item, ...]:
    key_scope = "azurerm_key_vault_key.claude.resource_versionless_id"
    scope = f"{vault}.id" if parameters.role_scope == "vault" else key_scope
    principal = "azuread_service_principal.anthropic.object_id"
    name = Ref(f'uuidv5("url", lower("${{{scope}}}|{published.CRYPTO_USER}|${{{principal}}}"))')
    role = f"/subscriptions/{parameters.subscription_id}/providers/Microsoft.Authorization/roleDefinitions/"
    return (
        Note(
            f"03: {published.CRYPTO_USER_NAME}, at the {parameters.role_scope} without a version. "
            "Its name is the one that this suite gives it."
        ),
        Block(
            "resource",
            ("azurerm_role_assignment", "anthropic"),
            (
                Attribute("name", there.assignment.name if there.assignment else name),
                Attribute("scope", Ref(scope)),
                Attribute("role_definition_id", role + published.CRYPTO_USER),
                Attribute("principal_id", Ref(principal)),
                Attribute("principal_type", "ServicePrincipal"),
                _keep(),
            ),
        ),
    )


def _log(parameters: Parameters, there: terraform_imports.There, vault: str) -> tuple[hcl.Item, ...]:
    wanted = parameters.log_destination
    if wanted is None:
        return ()
    if there.logged_by:
        return (
            Note(f"Key use is logged already, by the diagnostic setting {_shown(there.logged_by)}: none is added."),
        )
    field = _DESTINATIONS[wanted.lower().partition("/providers/")[2].partition("/")[0]]
    return (
        Note("Key Vault writes no audit log of Anthropic's key operations unless it is told to."),
        Block(
            "resource",
            ("azurerm_monitor_diagnostic_setting", "audit"),
            (
                Attribute("name", SETTING),
                Attribute("target_resource_id", Ref(f"{vault}.id")),
                Attribute(field, wanted),
                Block("enabled_log", (), (Attribute("category", "AuditEvent"),)),
            ),
        ),
    )


def _lock(there: terraform_imports.There, vault: str) -> tuple[hcl.Item, ...]:
    if there.locked_by:
        return (Note(f"The vault is locked against deletion already, by {_shown(there.locked_by)}: no lock is added."),)
    return (
        Note("While it is there nobody can delete the vault, nor the role assignments and diagnostic settings at it."),
        Block(
            "resource",
            ("azurerm_management_lock", "keep"),
            (
                Attribute("name", LOCK),
                Attribute("scope", Ref(f"{vault}.id")),
                Attribute("lock_level", "CanNotDelete"),
                Attribute("notes", NOTES),
                Attribute(
                    "depends_on",
                    [Ref("azurerm_role_assignment.anthropic"), Ref("azurerm_key_vault_key.claude")],
                ),
            ),
        ),
    )


def _shown(name: str) -> str:
    return name.replace("\n", " ").replace("\r", " ")
