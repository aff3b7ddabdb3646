"""Who may pass: a vault's tenant, its network rules, then its roles or access policies.

Order: tenant, public network access, firewall, permission. The quoted firewall refusals name the caller, so a token is
looked at before the network rules. None of our callers is a trusted Azure service, so the bypass never applies.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address, ip_network

from helpers.rehearsal.access import decide
from helpers.rehearsal.callers import Caller
from helpers.rehearsal.state import Vault
from helpers.rehearsal.vault import errors
from helpers.rehearsal.world import World

NAMESPACE = "Microsoft.KeyVault/vaults"


@dataclass(frozen=True)
class Site:
    """One vault of the world, under its name."""

    name: str
    vault: Vault

    @property
    def uri(self) -> str:
        """The vault's address without a trailing slash; always lower case."""
        return f"https://{self.name.lower()}.vault.azure.net"

    @property
    def id(self) -> str:
        """The vault's resource id."""
        group = f"/subscriptions/{self.vault.subscription_id}/resourceGroups/{self.vault.resource_group}"
        return f"{group}/providers/{NAMESPACE}/{self.name}"

    def __str__(self) -> str:
        return f"Vault: {self.name};location={self.vault.location}"


def site(world: World, host: str) -> Site:
    """The vault a host belongs to. Raises 502 when there is none."""
    label = host.partition(".")[0].lower()
    for name, vault in world.state.vaults.items():
        if name.lower() == label:
            return Site(name, vault)
    raise errors.no_such_host(host)


def check_tenant(at: Site, caller: Caller) -> None:
    """Only tokens of the vault's own tenant count. Raises 401."""
    if caller.tenant_id != at.vault.tenant_id:
        raise errors.unauthorized(
            at.vault.tenant_id,
            f"AKV10032: Invalid issuer. Expected one of {_issuer(at.vault.tenant_id)}, "
            f"found {_issuer(caller.tenant_id)}.",
        )


def check_network(at: Site, caller: Caller, address: str) -> None:
    """Both gates must be open to the address: public access, then the firewall. Raises 403."""
    if (at.vault.public_network_access or "Enabled").lower() != "enabled":
        raise errors.forbidden(
            "ForbiddenByConnection",
            "Public network access is disabled and request is not from a trusted service nor via an approved "
            "private link.",
            _caller(caller),
            str(at),
        )
    acls = at.vault.network_acls
    if acls is None or acls.default_action == "Allow":
        return
    client = ip_address(address)
    if not any(client in ip_network(rule, strict=False) for rule in acls.ip_rules):
        raise errors.forbidden(
            "ForbiddenByFirewall",
            "Client address is not authorized and caller is not a trusted service.",
            f"Client address: {address}",
            _caller(caller),
            str(at),
        )


def check_permission(world: World, at: Site, caller: Caller, action: str, permission: str, key: str) -> str | None:
    """The role assignment that allows a data action on a key ("" for the vault); None under access policies.

    Raises 403 ForbiddenByRbac or ForbiddenByPolicy. A vault whose enable_rbac_authorization is not true uses access
    policies.
    """
    if at.vault.enable_rbac_authorization is not True:
        _check_policy(at, caller, permission)
        return None
    scope = f"{at.id}/keys/{key}" if key else at.id
    decision = decide(world, caller.object_id, f"{NAMESPACE}/{action}", scope, data=True)
    if decision.allowed:
        return decision.assignment
    raise errors.forbidden(
        "ForbiddenByRbac",
        "Caller is not authorized to perform action on resource.",
        "If role assignments, deny assignments or role definitions were changed recently, please observe "
        "propagation time.",
        _caller(caller),
        f"Action: '{NAMESPACE}/{action}'",
        f"Resource: '{scope.lower()}'",
        "Assignment: (not found)",
        "DenyAssignmentId: null" if decision.deny is None else f"DenyAssignmentId: '{decision.deny}'",
        "DecisionReason: 'DeniedWithNoValidRBAC'" if decision.deny is None else "DecisionReason: null",
        str(at),
    )


def _check_policy(at: Site, caller: Caller, permission: str) -> None:
    for policy in at.vault.access_policies:
        permissions = policy.get("permissions")
        granted = permissions.get("keys") if isinstance(permissions, dict) else None
        words = {str(word).lower() for word in granted} if isinstance(granted, list) else set()
        if policy.get("objectId") == caller.object_id and words & {permission.lower(), "all"}:
            return
    who = _caller(caller).replace(";iss=", ";numgroups=0;iss=")
    raise errors.forbidden("ForbiddenByPolicy", "Operation is not allowed.", f'Operation: "{permission}"', who, str(at))


def _caller(caller: Caller) -> str:
    return f"Caller: appid={caller.app_id};oid={caller.object_id};iss={_issuer(caller.tenant_id)}"


def _issuer(tenant_id: str) -> str:
    return f"https://sts.windows.net/{tenant_id}/"
