"""What is onboarded in a drill: a world to start in, parameters, and the writes that a healthy run makes there.

Keys cost nothing (settings.shared_keys). The lags pass in the world's time alone: they are far longer than a run takes
and far shorter than one wait, so that every run waits as often as the recorded one, however busy the machine.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.drills.crash.clouds import ROOT

LAG_SECONDS, PAUSE_SECONDS = 300.0, 450.0
GIVEN: dict[str, Any] = yaml.safe_load((ROOT / "parameters/rehearsal.yaml").read_text(encoding="utf-8"))["parameters"]
VAULT, KEY = str(GIVEN["vault_name"]), str(GIVEN["key_name"])
GROUP = f"/subscriptions/{GIVEN['subscription_id']}/resourceGroups/{GIVEN['resource_group']}"
VAULT_ID = f"{GROUP}/providers/Microsoft.KeyVault/vaults/{VAULT}"
KEY_SCOPE = f"{VAULT_ID}/keys/{KEY}"
LOGS = f"{GROUP}/providers/Microsoft.OperationalInsights/workspaces/log-contoso"
SUBNET = f"{GROUP}/providers/Microsoft.Network/virtualNetworks/vnet/subnets/apps"
VERSION, WORKSPACE = "0123456789abcdef0123456789abcdef", "wrkspc_01DRILLEXISTING"
_SETTINGS = {
    "settings.shared_keys": True,
    "settings.role_lag_seconds": LAG_SECONDS,
    "settings.principal_lag_seconds": LAG_SECONDS,
}


@dataclass(frozen=True)
class Scenario:
    """One onboarding, or a part of it."""

    name: str
    about: str
    base: str
    changes: Mapping[str, Any]
    """To the base world, each a dotted path."""
    writes: tuple[str, ...]
    """The operations that change the world in a healthy run, in order."""
    overtaken: tuple[str, ...]
    """The Apply cells that change something, as STEP#N: the Nth one of its notebook."""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    """Laid over parameters/rehearsal.yaml."""
    step: str | None = None
    """The only step that is run; None for all."""

    def world(self, folder: Path) -> Path:
        """Its world file, written into a folder."""
        path = folder / f"{self.name}.world.yaml"
        said = {"about": self.about, "base": self.base, "set": {**_SETTINGS, **self.changes}}
        path.write_text(yaml.safe_dump(said, sort_keys=False), encoding="utf-8")
        return path

    def given(self, folder: Path) -> Path:
        """Its parameter file, written into a folder."""
        path = folder / f"{self.name}.yaml"
        path.write_text(yaml.safe_dump({"parameters": {**GIVEN, **self.parameters}}), encoding="utf-8")
        return path


ONBOARD = Scenario(
    name="onboard",
    about="Nothing is onboarded yet; the run makes all of it",
    base="healthy",
    changes={},
    writes=(
        "servicePrincipal create",
        "CreateKey",
        "RoleAssignments_Create",
        "external key create",
        "workspace create",
    ),
    overtaken=("01_consent#1", "02_key#1", "03_rbac#1", "05_register#1", "05_register#2"),
)
ADOPT = Scenario(
    name="adopt",
    about="A key and a workspace are there already; the key has no tag, and more operations than it needs",
    base="healthy",
    changes={
        f"vaults.{VAULT}.keys.{KEY}": {
            "versions": {VERSION: {"key_ops": ["wrapKey", "unwrapKey", "sign"], "tags": {"owner": "security"}}}
        },
        f"workspaces.{WORKSPACE}": {"name": "contoso"},
    },
    writes=(
        "servicePrincipal create",
        "UpdateKey",
        "UpdateKey",
        "RoleAssignments_Create",
        "external key create",
        "workspace update",
    ),
    overtaken=("02_key#1", "05_register#2"),
    parameters={"workspace": {"id": WORKSPACE}},
)
MEND = Scenario(
    name="mend",
    about="Everything is onboarded, and all that 04 can mend is wrong",
    base="onboarded",
    changes={
        f"vaults.{VAULT}.enable_purge_protection": None,
        f"vaults.{VAULT}.network_acls": {
            "bypass": "None",
            "default_action": "Deny",
            "ip_rules": ["203.0.113.7"],
            "virtual_network_rules": [SUBNET],
        },
        f"vaults.{VAULT}.keys.{KEY}.versions.{VERSION}.tags": {"owner": "security"},
        "diagnostic_settings": {},
        "locks": {},
    },
    writes=(
        "UpdateKey",
        "DiagnosticSettings_CreateOrUpdate",
        "Vaults_Update",
        "ManagementLocks_CreateOrUpdateByScope",
        "Vaults_Update",
    ),
    overtaken=("04_verify#1", "04_verify#2"),
    parameters={
        "remediate": [
            "organization_tag",
            "diagnostic_settings",
            "network_rules",
            "delete_lock",
            "purge_protection",
        ],
        "log_destination": LOGS,
    },
    step="04",
)
ROTATE = Scenario(
    name="rotate",
    about="Everything is onboarded, the key serves another organization as well, and it is to be rotated once",
    base="onboarded",
    changes={
        f"vaults.{VAULT}.keys.{KEY}.versions.{VERSION}.tags": {
            f"anthropic-org-{GIVEN['organization_id']}": "true",
            "anthropic-org-33333333-4444-4555-8666-000000000000": "true",
        },
    },
    writes=("CreateKey",),
    overtaken=("02_key#1",),
    parameters={"rotate": VERSION},
    step="02",
)
SCENARIOS = {scenario.name: scenario for scenario in (ONBOARD, ADOPT, MEND, ROTATE)}
