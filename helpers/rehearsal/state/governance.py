"""What is set on scopes: roles, denials, locks and policies."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal, Self

from pydantic import model_validator

from helpers.rehearsal.state.part import LONG_AGO, Part


class RoleDefinition(Part):
    """A custom role; the built-in ones are in roles.py."""

    role_name: str
    actions: list[str] = []
    not_actions: list[str] = []
    data_actions: list[str] = []
    not_data_actions: list[str] = []
    assignable_scopes: list[str] = ["/"]


class RoleAssignment(Part):
    scope: str
    role_definition: str
    """The role's GUID."""
    principal_id: str
    principal_type: str = "ServicePrincipal"
    condition: str | None = None
    condition_version: str | None = None
    description: str | None = None
    created: datetime = LONG_AGO
    updated: datetime = LONG_AGO
    created_by: str | None = None


class DenyAssignment(Part):
    name: str
    scope: str
    actions: list[str] = []
    data_actions: list[str] = []
    principals: list[str] = []
    exclude_principals: list[str] = []


class Lock(Part):
    scope: str
    level: Literal["CanNotDelete", "ReadOnly", "NotSpecified"] = "CanNotDelete"
    notes: str | None = None


class PolicyDefinition(Part):
    display_name: str
    policy_type: Literal["BuiltIn", "Custom"] = "BuiltIn"
    subscription_id: str | None = None
    """Where a custom one is kept; None for a built-in one."""
    mode: str = "Indexed"
    parameters: dict[str, dict[str, Any]] = {}
    """As on the wire: name to type, defaultValue, allowedValues."""
    policy_rule: dict[str, Any] = {}
    """As on the wire: if and then."""

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if (self.policy_type == "Custom") != (self.subscription_id is not None):
            raise ValueError("a custom definition has a subscription_id and a built-in one has none")
        return self


class PolicyAssignment(Part):
    scope: str
    definition: str
    """Full id of a policy definition or of a policy set definition."""
    display_name: str
    enforcement_mode: Literal["Default", "DoNotEnforce"] = "Default"
    parameters: dict[str, Any] = {}
    """Name to value."""
