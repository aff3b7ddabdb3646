"""The vault in a Terraform configuration: looked up and held to what blocks, or, if asked for, managed by it."""

from __future__ import annotations

from helpers import published
from helpers.checks.network import wanted_ranges
from helpers.export import hcl
from helpers.export.hcl import Attribute, Block, Ref
from helpers.facts import Facts
from helpers.model import Known, Vault
from helpers.parameters import Parameters

_CONDITIONS = (
    ("self.rbac_authorization_enabled", "Azure RBAC is off (V05): role assignments do not count in the vault."),
    (
        "self.purge_protection_enabled",
        "Purge protection is off (V06): a deleted key could be purged, and the data lost.",
    ),
    ("self.public_network_access_enabled", "Public network access is off (V08): Anthropic cannot reach the vault."),
)
_ELSEWHERE = (
    "tags",
    "contact",
    "enabled_for_deployment",
    "enabled_for_disk_encryption",
    "enabled_for_template_deployment",
)
"""What a vault that is there may have, and this configuration neither reads nor changes."""


def address(*, with_vault: bool) -> str:
    """Where the rest of the configuration finds the vault."""
    return "azurerm_key_vault.this" if with_vault else "data.azurerm_key_vault.this"


def condition(test: str, message: str) -> Block:
    """A postcondition: Terraform stops where it does not hold after reading."""
    return Block("postcondition", (), (Attribute("condition", Ref(test)), Attribute("error_message", message)))


def conditions(parameters: Parameters) -> tuple[Block, ...]:
    """What the vault must be, of what blocks in this suite and the provider shows."""
    tenant = (
        f"lower(self.tenant_id) == {hcl.quoted(parameters.tenant_id)}",
        "The vault belongs to another tenant than the parameters say (V03).",
    )
    return tuple(condition(test, message) for test, message in (tenant, *_CONDITIONS))


def items(parameters: Parameters, found: Facts | None) -> tuple[hcl.Item, ...]:
    """The vault as a resource: like the one that is there, or as the guide wants a new one."""
    there = found.vault.value if found is not None and isinstance(found.vault, Known) else None
    protected = there is not None and there.purge_protection is True
    variables = (() if there else (_location(), _addresses())) + (() if protected else (_for_good(parameters),))
    ignored = (Attribute("ignore_changes", [Ref(name) for name in _ELSEWHERE]),) if there else ()
    kept = Block("lifecycle", (), (Attribute("prevent_destroy", True), *ignored, *conditions(parameters)))
    body = (
        Attribute("name", there.name if there else parameters.vault_name),
        Attribute("location", there.location if there else Ref("var.location")),
        Attribute("resource_group_name", parameters.resource_group),
        Attribute("tenant_id", parameters.tenant_id),
        Attribute("sku_name", _sku(parameters, there)),
        Attribute("rbac_authorization_enabled", True),
        Attribute("purge_protection_enabled", True if protected else Ref('var.purge_protection_for_good != ""')),
        Attribute("soft_delete_retention_days", _days(there)),
        Attribute("public_network_access_enabled", True),
        _network(parameters, there),
        kept,
    )
    return (*variables, Block("resource", ("azurerm_key_vault", "this"), body))


def _sku(parameters: Parameters, there: Vault | None) -> str:
    if there is not None:
        return there.sku.lower()
    return "premium" if parameters.key_type == "RSA-HSM" else "standard"


def _days(there: Vault | None) -> int:
    """The days are fixed when a vault is made."""
    return there.retention_days if there and there.retention_days else published.LONGEST_RETENTION_DAYS


def _network(parameters: Parameters, there: Vault | None) -> Block:
    """Of a vault that is there, its own rules. Of a new one, Anthropic's ranges and those Terraform calls from."""
    ranges = [str(row) for row in wanted_ranges(parameters)]
    if there is None:
        rules = Ref(f"concat({_list(ranges)}, var.operator_addresses)")
        rows: tuple[hcl.Item, ...] = (
            Attribute("default_action", "Deny"),
            Attribute("bypass", "AzureServices"),
            Attribute("ip_rules", rules),
        )
        return Block("network_acls", (), rows)
    held = there.network
    if held is None:
        return Block("network_acls", (), (Attribute("default_action", "Allow"), Attribute("bypass", "AzureServices")))
    rows = (
        Attribute("default_action", held.default_action or "Allow"),
        Attribute("bypass", held.bypass or "AzureServices"),
        Attribute("ip_rules", list(held.ip_rules)),
        Attribute("virtual_network_subnet_ids", list(held.subnets)),
    )
    return Block("network_acls", (), rows)


def _list(rows: list[str]) -> str:
    return "[" + ", ".join(map(hcl.quoted, rows)) + "]"


def _location() -> Block:
    near = ", ".join(published.RECOMMENDED_REGIONS)
    return _variable("location", "string", f"The Azure region of the new vault. Near Anthropic: {near}.")


def _addresses() -> Block:
    return _variable(
        "operator_addresses", "list(string)", "IPv4 addresses or ranges that Terraform and you call the vault from."
    )


def _for_good(parameters: Parameters) -> Block:
    name = hcl.quoted(parameters.vault_name)
    test = Block(
        "validation",
        (),
        (
            Attribute("condition", Ref(f"var.purge_protection_for_good == {name}")),
            Attribute("error_message", "Purge protection is for good. Type the name of the vault to agree to it."),
        ),
    )
    note = "Purge protection can never be switched off again. Type the name of the vault to agree to it."
    return _variable("purge_protection_for_good", "string", note, test)


def _variable(name: str, kind: str, description: str, *more: hcl.Item) -> Block:
    return Block("variable", (name,), (Attribute("type", Ref(kind)), Attribute("description", description), *more))
