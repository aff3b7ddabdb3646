"""A parameter file or mapping, checked whole before anything starts, as frozen values.

Rules: unknown keys are refused, nothing is converted (`no` is not a string, `0123` is not an id), nothing that looks
like a secret is taken. What each value may be is in `parameter_values`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, model_validator

from helpers import published
from helpers.errors import WrongUsage
from helpers.parameter_errors import first_line, refuse_managed_hsm, refuse_secrets, refuse_unknown
from helpers.parameter_values import (
    AdminKey,
    Approver,
    Deviation,
    EgressRanges,
    Evidence,
    GroupName,
    Guid,
    KeyName,
    KeySize,
    Label,
    LogDestination,
    NewWorkspace,
    Part,
    Remedy,
    Rotation,
    VaultName,
    WorkspaceId,
)
from helpers.yaml_file import read


class Parameters(Part):
    """All parameters of one onboarding. There is no app id among them: the published one is a constant."""

    cloud: Literal["rehearsal", "azure"] = "rehearsal"
    mode: Literal["plan", "apply"] = "plan"
    credential: (
        Literal["azure_cli", "browser", "device_code", "managed_identity", "workload_identity", "environment"] | None
    ) = None
    tenant_id: Guid
    subscription_id: Guid
    resource_group: GroupName
    vault_name: VaultName
    key_name: KeyName
    key_type: Literal["RSA", "RSA-HSM"] = "RSA"
    key_size: KeySize = 3072
    rotate: Rotation = False
    role_scope: Literal["key", "vault"] = "key"
    product: Literal["claude_platform", "claude_enterprise"] = "claude_platform"
    organization_id: Guid
    external_key_name: Label | None = None
    workspace: WorkspaceId | NewWorkspace | None = None
    admin_key: AdminKey = "env:ANTHROPIC_ADMIN_KEY"
    expected_owner_tenant: Guid | None = None
    egress_ranges: EgressRanges = EgressRanges()
    accepted_deviations: list[Deviation] = []
    remediate: list[Remedy] = []
    log_destination: LogDestination | None = None
    approvers_required: Annotated[int, Field(ge=1, le=5, description="a whole number from 1 to 5")] = 1
    approvers: list[Approver] = []
    evidence: Evidence | None = None

    @model_validator(mode="after")
    def _complete(self) -> Parameters:
        if self.cloud == "azure" and self.credential is None:
            ways = "azure_cli, browser, device_code, managed_identity, workload_identity or environment"
            raise ValueError(f"credential: not given, and on azure it is never guessed; allowed: {ways}")
        if self.cloud == "rehearsal" and self.credential not in (None, "environment"):
            raise ValueError(f"credential: given '{self.credential}'; allowed in a rehearsal: environment")
        if self.product == "claude_platform" and self.workspace is None:
            raise ValueError("workspace: not given; allowed for claude_platform: {id: wrkspc_…} or {create: NAME}")
        if self.product == "claude_platform" and self.external_key_name is None:
            raise ValueError("external_key_name: not given; allowed for claude_platform: a name of 1 to 255 characters")
        if "diagnostic_settings" in self.remediate and self.log_destination is None:
            raise ValueError(
                "log_destination: not given, and remediate asks for diagnostic_settings; allowed: "
                "the resource ID of where the log goes to"
            )
        if len(set(self.remediate)) != len(self.remediate):
            raise ValueError("remediate: given one of them twice; allowed: each once")
        if len({row.object_id for row in self.approvers}) != len(self.approvers) or (
            len({row.public_key for row in self.approvers}) != len(self.approvers)
        ):
            raise ValueError("approvers: given one of them twice; allowed: each object ID and each key once")
        if self.approvers_required > max(1, len(self.approvers)):
            raise ValueError(
                f"approvers_required: given {self.approvers_required}; allowed: at most the number of approvers"
            )
        if self.evidence and self.evidence.timestamp and self.evidence.signer == "none":
            raise ValueError("evidence.timestamp: a time stamp is over a signature, and signer is none")
        return self

    @property
    def organization_tag(self) -> tuple[str, str]:
        """The tag name and value that bind the key to the organization."""
        return published.organization_tag(self.organization_id)

    @property
    def vault_id(self) -> str:
        """The vault's ARM resource id."""
        return (
            f"/subscriptions/{self.subscription_id}/resourceGroups/{self.resource_group}"
            f"/providers/Microsoft.KeyVault/vaults/{self.vault_name}"
        )

    @property
    def vault_uri(self) -> str:
        """The vault's address in the public Azure cloud."""
        return f"https://{self.vault_name.lower()}{published.VAULT_SUFFIX}/"


def load(given: str | Path | Mapping[str, Any]) -> Parameters:
    """Parameters from a file's path or from the mapping papermill injected.

    Raises WrongUsage with one line naming the file, the key, what was given and what is allowed.
    """
    return checked("parameters", given) if isinstance(given, Mapping) else checked(str(given), values_of(given))


def checked(source: str, values: Mapping[str, Any]) -> Parameters:
    """Parameters from what `source` held. Raises WrongUsage, as `load`."""
    refuse_secrets(source, values)
    refuse_managed_hsm(source, values)
    refuse_unknown(source, values, Parameters)
    try:
        return Parameters.model_validate(dict(values))
    except ValidationError as error:
        raise WrongUsage(f"{source}: {first_line(error, dict(values), Parameters)}") from None


def values_of(file: str | Path) -> Mapping[str, Any]:
    """What a parameter file holds, complete or not, and not checked. Raises WrongUsage for a file that is none."""
    document = read(Path(file))
    if set(document) != {"parameters"} or not isinstance(document["parameters"], Mapping):
        raise WrongUsage(f"{file}: a parameter file has one top-level key, parameters:, with the values below it")
    return document["parameters"]
