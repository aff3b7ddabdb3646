"""A parameter file or mapping, checked whole before anything starts, as frozen values.

Rules: unknown keys are refused, nothing is converted (`no` is not a string, `0123` is not an id), nothing that looks
like a secret is taken. Sources of the naming rules: Azure "Naming rules and restrictions" (vault 3-24, key 1-127)
and the vendor's guide, read 2026-11-23.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from datetime import date
from ipaddress import IPv4Network
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)

from helpers import published
from helpers.errors import WrongUsage
from helpers.parameter_errors import first_line, refuse_managed_hsm, refuse_secrets, refuse_unknown
from helpers.yaml_file import read


def _no_double_hyphen(text: str) -> str:
    if "--" in text:
        raise ValueError("two hyphens in a row")
    return text


def _visible(text: str) -> str:
    """A name of which something is not seen would be shown as another one than it is."""
    if not text.isprintable():
        raise ValueError("a character that cannot be shown")
    return text


def _whole(value: Any) -> Any:
    """A choice of numbers takes 3072.0 for 3072."""
    if isinstance(value, float):
        raise ValueError("not a whole number")
    return value


Guid = Annotated[
    str,
    StringConstraints(pattern=r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"),
    Field(description="a lower-case GUID like 8635ae1a-3e5d-44e8-a4ed-e0f614466f87"),
]
VaultName = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9-]{1,22}[A-Za-z0-9]$"),
    AfterValidator(_no_double_hyphen),
    Field(description="3 to 24 letters, digits and hyphens: a letter first, no hyphen last, no two hyphens in a row"),
]
KeyName = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z0-9-]{1,127}$"),
    Field(description="1 to 127 letters, digits and hyphens"),
]
GroupName = Annotated[
    str,
    StringConstraints(pattern=r"^[\w().-]{0,89}[\w()-]$"),
    AfterValidator(_visible),
    Field(description="1 to 90 letters, digits and . _ - ( ), no dot last"),
]
Label = Annotated[
    str,
    StringConstraints(min_length=1, max_length=255),
    AfterValidator(_visible),
    Field(description="1 to 255 characters, none of them a control character"),
]


def _iso_date(text: str) -> str:
    date.fromisoformat(text)
    return text


def _ipv4_range(text: str) -> str:
    IPv4Network(text)
    return text


Day = Annotated[str, AfterValidator(_iso_date), Field(description='a date like "2026-11-23"')]
Range = Annotated[str, AfterValidator(_ipv4_range), Field(description='an IPv4 range like "160.79.104.0/21"')]


def _flag_or_version(value: bool | str) -> bool | str:
    if isinstance(value, str) and not re.fullmatch("[0-9a-f]{32}", value):
        raise ValueError("not a key version")
    return value


Rotation = Annotated[
    bool | str,
    AfterValidator(_flag_or_version),
    Field(description="false, or the key version to rotate away from: its 32 hexadecimal digits, in quotes"),
]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class WorkspaceId(_Part):
    """An existing workspace."""

    id: Annotated[
        str,
        StringConstraints(pattern=r"^wrkspc_[A-Za-z0-9]{6,64}$"),
        Field(description="a workspace id like wrkspc_01AbCdEf"),
    ]
    default: bool = False
    """Whether it is the organization's default workspace, and meant all the same."""


class NewWorkspace(_Part):
    """A workspace to be created with the key already attached."""

    create: Label


class EgressRanges(_Part):
    """Addresses Anthropic calls from, and the day somebody read them."""

    checked_on: Day = published.EGRESS_CHECKED_ON.isoformat()
    ranges: Annotated[list[Range], Field(min_length=1)] = [
        str(published.EGRESS_RANGE),
        str(published.EGRESS_RANGE_ADDED),
    ]


class Deviation(_Part):
    """A check that is known not to pass, accepted by somebody until a day."""

    check: Annotated[str, StringConstraints(pattern=r"^V\d\d[a-z]?$"), Field(description="a check id like V27")]
    owner: Label
    reason: Label
    expires: Day


def _public_key(text: str) -> str:
    """The public key of an approver: SubjectPublicKeyInfo in base64, P-256 or Ed25519."""
    from helpers.evidence.public_keys import of_der  # only where approvers are named

    try:
        of_der(base64.b64decode(text, validate=True))
    except ValueError as error:
        raise ValueError(f"not a public key: {error}") from None
    return text


class Approver(_Part):
    """Somebody whose signed approval counts: by which key, and signed in as whom."""

    name: Label
    object_id: Guid
    public_key: Annotated[
        str,
        StringConstraints(pattern=r"^[A-Za-z0-9+/]{40,200}={0,2}$"),
        AfterValidator(_public_key),
        Field(description="a public key, P-256 or Ed25519: its PEM on one line, without the BEGIN and END lines"),
    ]


class Evidence(_Part):
    """Who seals a run when it ends, and what becomes of it then. No secret: keys are named, not given."""

    signer: Annotated[
        str,
        StringConstraints(
            pattern=r"^(pem:.+|none|"
            r"keyvault:https://[A-Za-z0-9-]{3,24}\.vault\.azure\.net/keys/[A-Za-z0-9-]{1,127}/[0-9a-f]{32})$"
        ),
        AfterValidator(_visible),
        Field(description="pem:FILE, keyvault:https://VAULT.vault.azure.net/keys/KEY/VERSION or none"),
    ]
    timestamp: Annotated[
        str | None,
        StringConstraints(pattern=r"^https?://[^\s/?#@]+(/[^\s?#@]*)?$"),
        Field(description="the http or https address of a time-stamping authority"),
    ] = None
    publish_to: Annotated[
        Label | None, Field(description="https://ACCOUNT.blob.core.windows.net/CONTAINER, or a folder")
    ] = None
    previous: Annotated[Label | None, Field(description="the folder of the sealed run before this one")] = None


Remedy = Literal["purge_protection", "diagnostic_settings", "network_rules", "delete_lock", "organization_tag"]
LogDestination = Annotated[
    str,
    StringConstraints(
        pattern=r"(?i-u)^/subscriptions/[0-9a-f-]{36}/resourceGroups/(?u:[\w().-]{0,89}[\w()-])/providers/"
        r"(Microsoft\.OperationalInsights/workspaces/[A-Za-z0-9-]{4,63}|"
        r"Microsoft\.Storage/storageAccounts/[a-z0-9]{3,24}|"
        r"Microsoft\.EventHub/namespaces/[A-Za-z0-9-]{6,50}/authorizationRules/[\w.-]{0,49}\w)$"
    ),
    AfterValidator(_visible),
    Field(
        description="the resource ID of a Log Analytics workspace, a storage account, "
        "or an authorization rule of an event hub namespace"
    ),
]


class Parameters(_Part):
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
    key_size: Annotated[Literal[3072, 4096], BeforeValidator(_whole)] = 3072
    rotate: Rotation = False
    role_scope: Literal["key", "vault"] = "key"
    product: Literal["claude_platform", "claude_enterprise"] = "claude_platform"
    organization_id: Guid
    external_key_name: Label | None = None
    workspace: WorkspaceId | NewWorkspace | None = None
    admin_key: Annotated[
        str,
        StringConstraints(
            pattern=r"^(env:[A-Za-z_][A-Za-z0-9_]*|file:.+|"
            r"keyvault:https://[A-Za-z0-9-]{3,24}\.vault\.azure\.net/secrets/[A-Za-z0-9-]{1,127}(/[0-9a-f]{32})?)$"
        ),
        AfterValidator(_visible),
        Field(
            description="a reference, never the key itself: env:NAME, file:PATH "
            "or keyvault:https://VAULT.vault.azure.net/secrets/NAME",
            repr=False,
        ),
    ] = "env:ANTHROPIC_ADMIN_KEY"
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
