"""Which rights each step needs, in the words of the service that checks them, and which role to ask for.

Derived from what the steps call. Sources, read 2026-11-23: the permission tables of the Azure RBAC and Microsoft Graph
v1.0 references, and the template ids of the Entra built-in roles.
"""

from __future__ import annotations

from dataclasses import dataclass

from helpers.parameters import Parameters

VAULT = "Microsoft.KeyVault/vaults"
AUTHORIZATION = "Microsoft.Authorization"
ASSIGN = f"{AUTHORIZATION}/roleAssignments/write"
CREATE_KEY = f"{VAULT}/keys/create/action"
READ_KEY = f"{VAULT}/keys/read"
VERIFIED = ("04", "05")
"""05 makes the checks of 04 again, so it needs the same rights."""


@dataclass(frozen=True)
class Azure:
    """An action on the control plane or, with `data`, in the vault."""

    action: str
    data: bool = False

    def __str__(self) -> str:
        return f"{self.action} (data action)" if self.data else self.action


@dataclass(frozen=True)
class Graph:
    """One of some Microsoft Graph permissions; a user needs one of some directory roles with it."""

    permission: str
    """The one to ask for."""
    more: tuple[str, ...]
    """Those that include it."""
    roles: tuple[str, ...]
    """Template ids of the directory roles that have it."""
    named: str = ""
    members_may: bool = False
    """Whether members of a tenant may do it without a role, unless the tenant forbids it."""

    def __str__(self) -> str:
        return f"Microsoft Graph {self.permission}{self.named}"


@dataclass(frozen=True)
class Elsewhere:
    """An action at another resource than the vault; what the caller may do there is not read."""

    action: str

    def __str__(self) -> str:
        return self.action


@dataclass(frozen=True)
class AdminKey:
    """An Admin API key of the organization."""

    def __str__(self) -> str:
        return "Anthropic Admin API key (sk-ant-admin…)"  # cut short: the record refuses what looks like a key


Right = Azure | Graph | Elsewhere | AdminKey


@dataclass(frozen=True)
class Need:
    """That some steps need a right, what for, and which role at which scope gives it."""

    steps: tuple[str, ...]
    right: Right
    what: str
    role: str
    scope: str
    optional: bool = False

    @property
    def ask(self) -> str:
        return f"{self.role} {self.scope}"


APPLICATION_ADMINISTRATOR = "9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3"
CLOUD_APPLICATION_ADMINISTRATOR = "158c047a-c907-4556-b7ef-446551a6b5f7"
GLOBAL_ADMINISTRATOR = "62e90394-69f5-4237-9190-012177145e10"
PRIVILEGED_ROLE_ADMINISTRATOR = "e8611ab8-c189-46e8-94e1-60213ab1f814"
_GLOBAL_READER = "f2ef992c-3afb-46b9-b7cf-a126ee74c451"
_DIRECTORY_READERS = "88d8e3e3-8f55-4a1e-953a-9b9898b8876b"
_SECURITY_READER = "5d6b6bb7-de71-4623-b4af-96380a352509"
_SECURITY_ADMINISTRATOR = "194ae4cb-b126-40b2-bd5b-6091b380977d"
_CONDITIONAL_ACCESS_ADMINISTRATOR = "b1be1c3e-b65d-4f19-8427-f6fa0d97feb9"
_ADMINISTRATORS = (APPLICATION_ADMINISTRATOR, CLOUD_APPLICATION_ADMINISTRATOR, GLOBAL_ADMINISTRATOR)
_AS_USER = "Directory.AccessAsUser.All"

CONSENT = Graph(
    "Application.ReadWrite.All",
    ("Directory.ReadWrite.All", _AS_USER),
    _ADMINISTRATORS,
    ", or Application Administrator or Cloud Application Administrator",
)
OWNED_ONLY = "Application.ReadWrite.OwnedBy"
READ_APPLICATIONS = Graph(
    "Application.Read.All",
    ("Application.ReadWrite.All", OWNED_ONLY, "Directory.Read.All", "Directory.ReadWrite.All", _AS_USER),
    (*_ADMINISTRATORS, _GLOBAL_READER, _DIRECTORY_READERS),
    members_may=True,
)
READ_GRANTS = Graph(
    "Directory.Read.All",
    ("Directory.ReadWrite.All", "DelegatedPermissionGrant.ReadWrite.All", _AS_USER),
    (*_ADMINISTRATORS, _GLOBAL_READER, _DIRECTORY_READERS, PRIVILEGED_ROLE_ADMINISTRATOR),
)
READ_POLICIES = Graph(
    "Policy.Read.All",
    ("Policy.Read.ConditionalAccess", "Policy.ReadWrite.ConditionalAccess"),
    (
        GLOBAL_ADMINISTRATOR,
        _GLOBAL_READER,
        _SECURITY_READER,
        _SECURITY_ADMINISTRATOR,
        _CONDITIONAL_ACCESS_ADMINISTRATOR,
    ),
)

_TENANT = "in the tenant"
_CONSENTER = "Application.ReadWrite.All or Cloud Application Administrator"
_DIRECTORY_READER = "Application.Read.All or Directory Readers"
_POLICY_READER = "Policy.Read.All or Security Reader"
_VAULT_WRITE = (Azure(f"{VAULT}/write"), "to mend the vault", "Key Vault Contributor")
_REMEDIES: dict[str, tuple[Azure, str, str]] = {
    "purge_protection": _VAULT_WRITE,
    "network_rules": _VAULT_WRITE,
    "diagnostic_settings": (
        Azure("Microsoft.Insights/diagnosticSettings/write"),
        "to add a diagnostic setting",
        "Monitoring Contributor",
    ),
    "delete_lock": (Azure(f"{AUTHORIZATION}/locks/write"), "to add a lock", "User Access Administrator"),
    "organization_tag": (Azure(f"{VAULT}/keys/update/action", data=True), "to tag the key", "Key Vault Crypto Officer"),
}


def needs(parameters: Parameters) -> tuple[Need, ...]:
    """Every right that the steps need with these parameters, in the order of the steps."""
    vault = f"at the vault {parameters.vault_name}"
    return (*_one_to_three(vault), *_four(vault), *_remedies(parameters, vault), *_five(parameters))


def _one_to_three(vault: str) -> tuple[Need, ...]:
    consent = Need(("01",), CONSENT, "to create the service principal", _CONSENTER, _TENANT)
    see = (Azure(f"{VAULT}/read"), "to read the vault and its tenant")
    officer, administrator = "Key Vault Crypto Officer", "Role Based Access Control Administrator"
    listed = f"{AUTHORIZATION}/roleAssignments/read"
    return (
        consent,
        Need(("01",), *see, "Reader", vault),
        Need(("02",), *see, officer, vault),
        Need(("02",), Azure(READ_KEY, data=True), "to see whether the key is there", officer, vault),
        Need(("02",), Azure(CREATE_KEY, data=True), "to create it", officer, vault),
        Need(("02",), Azure(f"{VAULT}/keys/update/action", data=True), "to tag and narrow it", officer, vault),
        Need(("03",), *see, "Key Vault Reader", vault),
        Need(("03",), READ_APPLICATIONS, "to find the service principal", _DIRECTORY_READER, _TENANT),
        Need(("03",), Azure(READ_KEY, data=True), "to see that the key is there", "Key Vault Reader", vault),
        Need(("03",), Azure(listed), "to see whether the role is assigned", administrator, vault),
        Need(("03",), Azure(ASSIGN), "to assign it", administrator, vault),
    )


def _four(vault: str) -> tuple[Need, ...]:
    control = (
        (f"{VAULT}/read", "the vault"),
        ("Microsoft.Insights/diagnosticSettings/read", "its diagnostic settings"),
        (f"{AUTHORIZATION}/locks/read", "its locks"),
        (f"{AUTHORIZATION}/roleAssignments/read", "who has which role"),
        (f"{AUTHORIZATION}/roleDefinitions/read", "what the roles permit"),
        (f"{AUTHORIZATION}/denyAssignments/read", "what is denied"),
        (f"{AUTHORIZATION}/policyAssignments/read", "the policies assigned to it"),
        (f"{AUTHORIZATION}/policyDefinitions/read", "what they do"),
    )
    inside = ((READ_KEY, "the key"), (f"{VAULT}/keyrotationpolicies/read", "when it rotates"))
    probe = tuple(f"{VAULT}/keys/{operation}/action" for operation in ("wrap", "unwrap", "decrypt"))
    sink = Elsewhere("Microsoft.OperationalInsights/workspaces/read, or the same of another log destination")
    return (
        *(Need(VERIFIED, Azure(action), f"to read {what}", "Reader", vault) for action, what in control),
        *(Need(VERIFIED, Azure(a, data=True), f"to read {what}", "Key Vault Reader", vault) for a, what in inside),
        Need(VERIFIED, READ_APPLICATIONS, "to read the service principal", _DIRECTORY_READER, _TENANT),
        *(
            Need(VERIFIED, Azure(a, data=True), "to try the key once", "Key Vault Crypto User", vault, optional=True)
            for a in probe
        ),
        Need(
            VERIFIED,
            READ_GRANTS,
            "to see what else was given to it",
            "Directory.Read.All or Directory Readers",
            _TENANT,
            optional=True,
        ),
        Need(VERIFIED, READ_POLICIES, "to read conditional access", _POLICY_READER, _TENANT, optional=True),
        Need(
            VERIFIED, sink, "to see that the logs arrive somewhere", "Reader", "at the log destination", optional=True
        ),
    )


def _remedies(parameters: Parameters, vault: str) -> tuple[Need, ...]:
    """What 04 would change on request."""
    asked = dict.fromkeys(_REMEDIES[remedy] for remedy in parameters.remediate)
    return tuple(Need(("04",), right, what, role, vault) for right, what, role in asked)


def _five(parameters: Parameters) -> tuple[Need, ...]:
    """The Admin API does not register keys for Claude Enterprise."""
    if parameters.product == "claude_enterprise":
        return ()
    role = "an Admin API key made by an admin"
    return (
        Need(
            ("05",),
            AdminKey(),
            "to register the key and attach it",
            role,
            f"of organization {parameters.organization_id}",
        ),
    )
