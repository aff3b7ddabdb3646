"""What a step saw. Whatever it did not look at is unknown, so that nothing can be concluded from not looking."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime

from helpers.display import Shown
from helpers.facts_view import TITLES, row
from helpers.jsonable import jsonable
from helpers.model import (
    NOT_LOOKED_AT,
    Absent,
    Caller,
    ConditionalAccessPolicy,
    DeletedKey,
    DenyAssignment,
    DiagnosticSetting,
    ExternalKey,
    Found,
    Grants,
    Key,
    KeyVersion,
    Known,
    Lock,
    LogSink,
    Organization,
    PolicyAssignment,
    Probe,
    RoleAssignment,
    RoleDefinition,
    RotationPolicy,
    ServicePrincipal,
    SinkState,
    Unknown,
    Validation,
    Vault,
    Workspace,
)
from helpers.view import Table, View


@dataclass(frozen=True)
class Facts(Shown):
    """Everything any step looks at; each step fills in its part."""

    read_at: datetime | None = None
    caller: Found[Caller] = NOT_LOOKED_AT
    vault: Found[Vault] = NOT_LOOKED_AT
    principals: Found[tuple[ServicePrincipal, ...]] = NOT_LOOKED_AT
    key: Found[Key] = NOT_LOOKED_AT
    versions: Found[tuple[KeyVersion, ...]] = NOT_LOOKED_AT
    deleted_key: Found[DeletedKey] = NOT_LOOKED_AT
    vault_keys: Found[tuple[str, ...]] = NOT_LOOKED_AT
    assignments: Found[tuple[RoleAssignment, ...]] = NOT_LOOKED_AT
    role_definitions: Found[tuple[RoleDefinition, ...]] = NOT_LOOKED_AT
    """Only the roles that some assignment at the key or above it names."""
    at_key: Found[tuple[RoleAssignment, ...]] = NOT_LOOKED_AT
    """Everybody's assignments at the key and above it."""
    denials: Found[tuple[DenyAssignment, ...]] = NOT_LOOKED_AT
    groups: Found[tuple[str, ...]] = NOT_LOOKED_AT
    grants: Found[Grants] = NOT_LOOKED_AT
    conditional_access: Found[tuple[ConditionalAccessPolicy, ...]] = NOT_LOOKED_AT
    rotation_policy: Found[RotationPolicy] = NOT_LOOKED_AT
    probe: Found[Probe] = NOT_LOOKED_AT
    locks: Found[tuple[Lock, ...]] = NOT_LOOKED_AT
    policies: Found[tuple[PolicyAssignment, ...]] = NOT_LOOKED_AT
    diagnostics: Found[tuple[DiagnosticSetting, ...]] = NOT_LOOKED_AT
    sinks: Found[tuple[LogSink, ...]] = NOT_LOOKED_AT
    log_destination: Found[SinkState] = NOT_LOOKED_AT
    """Of the parameters; looked at only where a remedy would send the log there."""
    organization: Found[Organization] = NOT_LOOKED_AT
    admin_url: Found[str] = NOT_LOOKED_AT
    external_keys: Found[tuple[ExternalKey, ...]] = NOT_LOOKED_AT
    workspaces: Found[tuple[Workspace, ...]] = NOT_LOOKED_AT
    validation: Found[Validation] = NOT_LOOKED_AT

    @property
    def principal(self) -> Found[ServicePrincipal]:
        """The one service principal of the published app; several are unknown, for none of them is known to be it."""
        if not isinstance(self.principals, Known):
            return self.principals
        if len(self.principals.value) > 1:
            return Unknown(f"{len(self.principals.value)} service principals answer to the published app id")
        return Known(self.principals.value[0]) if self.principals.value else Absent()

    def only(self, name: str) -> Facts:
        """One fact by itself, to be shown."""
        return Facts(read_at=self.read_at, **{name: getattr(self, name)})

    def view(self) -> View:
        looked = [(f.name, getattr(self, f.name)) for f in fields(self) if f.name in TITLES]
        rows = [(TITLES[name], *row(name, found)) for name, found in looked if found is not NOT_LOOKED_AT]
        return View(
            "facts", "What is there", tables=[Table(("What", "Found", "Detail"), tuple(rows))], data=jsonable(self)
        )
