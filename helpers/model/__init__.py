"""What the clouds hold, as frozen values, and how looking can turn out.

Predicates live here, each written once: steps and checks judge by the same ones.
"""

from helpers.model.access import (
    EVERYBODY,
    DataPermission,
    DenyAssignment,
    RoleAssignment,
    RoleDefinition,
    assignment_name,
    matches,
)
from helpers.model.anthropic import ExternalKey, Organization, Validation, Workspace
from helpers.model.directory import Caller, ConditionalAccessPolicy, Grants, ServicePrincipal
from helpers.model.footprints import KEY_USE, Footprint, KeyLog
from helpers.model.keys import DeletedKey, Key, KeyVersion, Probe, RotationPolicy
from helpers.model.outcomes import NOT_LOOKED_AT, Absent, Found, Known, Unknown, same_id, same_uri
from helpers.model.vaults import (
    DiagnosticSetting,
    Lock,
    LogSink,
    NetworkRules,
    PolicyAssignment,
    PolicyDefinition,
    SinkState,
    Vault,
)

__all__ = [
    "EVERYBODY",
    "KEY_USE",
    "NOT_LOOKED_AT",
    "Absent",
    "Caller",
    "ConditionalAccessPolicy",
    "DataPermission",
    "DeletedKey",
    "DenyAssignment",
    "DiagnosticSetting",
    "ExternalKey",
    "Footprint",
    "Found",
    "Grants",
    "Key",
    "KeyLog",
    "KeyVersion",
    "Known",
    "Lock",
    "LogSink",
    "NetworkRules",
    "Organization",
    "PolicyAssignment",
    "PolicyDefinition",
    "Probe",
    "RoleAssignment",
    "RoleDefinition",
    "RotationPolicy",
    "ServicePrincipal",
    "SinkState",
    "Unknown",
    "Validation",
    "Vault",
    "Workspace",
    "assignment_name",
    "matches",
    "same_id",
    "same_uri",
]
