"""The values that parameters are made of: names, ids and parts, each with its rule.

Nothing is converted, and unknown keys are refused. Sources of the naming rules: Azure "Naming rules and restrictions"
(vault 3-24, key 1-127) and the vendor's guide, read 2026-11-23.
"""

from __future__ import annotations

import base64
import re
from datetime import date
from ipaddress import IPv4Network
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from helpers import published


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


LONGEST_GROUP_NAME = 90
"""Characters of a resource group's name. Written into a pattern, each would be compiled again: 20 ms at every start."""


def _group_not_too_long(value: str) -> str:
    if len(value.split("/")[4]) > LONGEST_GROUP_NAME:
        raise ValueError("the resource group's name is too long")
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
    StringConstraints(pattern=r"^[\w().-]*[\w()-]$", max_length=LONGEST_GROUP_NAME),
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


class Part(BaseModel):
    """Strict and frozen; no other keys than those it names."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class WorkspaceId(Part):
    """An existing workspace."""

    id: Annotated[
        str,
        StringConstraints(pattern=r"^wrkspc_[A-Za-z0-9]{6,64}$"),
        Field(description="a workspace id like wrkspc_01AbCdEf"),
    ]
    default: bool = False
    """Whether it is the organization's default workspace, and meant all the same."""


class NewWorkspace(Part):
    """A workspace to be created with the key already attached."""

    create: Label


class EgressRanges(Part):
    """Addresses Anthropic calls from, and the day somebody read them."""

    checked_on: Day = published.EGRESS_CHECKED_ON.isoformat()
    ranges: Annotated[list[Range], Field(min_length=1)] = [
        str(published.EGRESS_RANGE),
        str(published.EGRESS_RANGE_ADDED),
    ]


class Deviation(Part):
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


class Approver(Part):
    """Somebody whose signed approval counts: by which key, and signed in as whom."""

    name: Label
    object_id: Guid
    public_key: Annotated[
        str,
        StringConstraints(pattern=r"^[A-Za-z0-9+/]{40,200}={0,2}$"),
        AfterValidator(_public_key),
        Field(description="a public key, P-256 or Ed25519: its PEM on one line, without the BEGIN and END lines"),
    ]


class Evidence(Part):
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
        pattern=r"(?i-u)^/subscriptions/[0-9a-f-]{36}/resourceGroups/(?u:[\w().-]*[\w()-])/providers/"
        r"(Microsoft\.OperationalInsights/workspaces/[A-Za-z0-9-]{4,63}|"
        r"Microsoft\.Storage/storageAccounts/[a-z0-9]{3,24}|"
        r"Microsoft\.EventHub/namespaces/[A-Za-z0-9-]{6,50}/authorizationRules/[\w.-]{0,49}\w)$"
    ),
    AfterValidator(_visible),
    AfterValidator(_group_not_too_long),
    Field(
        description="the resource ID of a Log Analytics workspace, a storage account, "
        "or an authorization rule of an event hub namespace"
    ),
]
KeySize = Annotated[Literal[3072, 4096], BeforeValidator(_whole)]
AdminKey = Annotated[
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
]
