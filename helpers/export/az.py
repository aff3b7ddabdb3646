"""The onboarding as a bash script of `az` and `curl` commands: idempotent, commented, to be reviewed and run by hand.

Rule: what parameters say stands in one block of quoted assignments and nowhere else; the rest, in `parts/`, is the same
for everybody. So a value can never be read as a command, and a review of one export is a review of all but its block.
"""

from __future__ import annotations

import shlex
import textwrap
from collections.abc import Iterable, Mapping
from importlib.resources import files
from urllib.parse import quote

from helpers import published
from helpers.checks import ALL
from helpers.checks.network import wanted_ranges
from helpers.display import plain
from helpers.parameter_values import NewWorkspace, WorkspaceId
from helpers.parameters import Parameters
from helpers.steps import attach, by_hand
from helpers.targets import wanted_scope

KEY_API = "7.4"
"""The version of Key Vault's data plane asked for by hand: what azure-cli 2.91 sends for keys, and still served."""
ARM = "https://management.azure.com"

_AZURE = ("10_frame", "20_where", "30_consent", "40_key", "50_role", "60_verify")
_PARTS = {
    "claude_platform": ("05_admin_key", *_AZURE, "70_register", "80_attach"),
    "claude_enterprise": (*_AZURE, "90_by_hand"),
}
_WIDTH = 119


def script(parameters: Parameters, source: str) -> str:
    """The whole script. `source` is the parameter file as a person knows it; it is only shown."""
    parts = map(_part, _PARTS[parameters.product])
    return "\n".join((_head(parameters, source), _values(parameters), *parts, _END))


def values(parameters: Parameters) -> Mapping[str, str]:
    """Every value the script works with, by the name it has there. No secret is among them."""
    of_anthropic = _of_anthropic(parameters) if parameters.product == "claude_platform" else {}
    return {**_of_azure(parameters), **of_anthropic}


def _of_azure(parameters: Parameters) -> dict[str, str]:
    scope, tag = wanted_scope(parameters), parameters.organization_tag
    ranges = (str(row) for row in wanted_ranges(parameters) if row != published.EGRESS_RANGE_ADDED)
    return {
        "CLOUD": parameters.cloud,
        "TENANT_ID": parameters.tenant_id,
        "SUBSCRIPTION_ID": parameters.subscription_id,
        "RESOURCE_GROUP": parameters.resource_group,
        "VAULT_NAME": parameters.vault_name,
        "VAULT_ID": parameters.vault_id,
        "VAULT_URI": parameters.vault_uri,
        "VAULT_URL": ARM + quote(parameters.vault_id),
        "APP_ID": published.APP_ID,
        "APP_NAME": published.APP_DISPLAY_NAME,
        "EXPECTED_OWNER_TENANT": parameters.expected_owner_tenant or "",
        "KEY_NAME": parameters.key_name,
        "KEY_TYPE": parameters.key_type,
        "KEY_SIZE": str(parameters.key_size),
        "KEY_URL": f"{parameters.vault_uri}keys/{parameters.key_name}",
        "KEY_RESOURCE": ARM + quote(f"{parameters.vault_id}/keys/{parameters.key_name}"),
        "KEY_API": KEY_API,
        "TAG_NAME": tag[0],
        "TAG_VALUE": tag[1],
        "MOST_TAGS": str(published.MOST_TAGS),
        "ROLE_ID": published.CRYPTO_USER,
        "ROLE_NAME": published.CRYPTO_USER_NAME,
        "ROLE_SCOPE": parameters.role_scope,
        "SCOPE": scope,
        "ASSIGNMENT_SEED": f"{scope.lower()}|{published.CRYPTO_USER}|",
        "EGRESS_RANGES": " ".join(ranges),
        "ACCEPTED": " ".join(_accepted(parameters)),
    }


def _of_anthropic(parameters: Parameters) -> dict[str, str]:
    workspace = parameters.workspace
    return {
        "ADMIN_API": published.ADMIN_API,
        "ADMIN_VERSION": published.ADMIN_VERSION,
        "ORGANIZATION_ID": parameters.organization_id,
        "EXTERNAL_KEY_NAME": parameters.external_key_name or parameters.key_name,
        "WORKSPACE_ID": workspace.id if isinstance(workspace, WorkspaceId) else "",
        "NEW_WORKSPACE": workspace.create if isinstance(workspace, NewWorkspace) else "",
        "DEFAULT_WORKSPACE": str(isinstance(workspace, WorkspaceId) and workspace.default).lower(),
        "SIGNED_APPROVALS": "yes" if parameters.approvers else "no",
        "PLAN_DIGEST": attach.intended(parameters).digest[:12],
    }


def _accepted(parameters: Parameters) -> Iterable[str]:
    """Accepted deviations of checks that may be accepted, as `V08:2027-05-31`."""
    may = {check.id for check in ALL if check.acceptable}
    return (f"{row.check}:{row.expires}" for row in parameters.accepted_deviations if row.check in may)


def _values(parameters: Parameters) -> str:
    title = "# --- What the parameters say, and what is published: the only lines that differ from export to export "
    given = values(parameters)
    lines = [f"{name}={shlex.quote(value)}" for name, value in given.items()]
    names = textwrap.wrap(f"readonly {' '.join(given)}", _WIDTH - 2, subsequent_indent="  ", break_on_hyphens=False)
    return "\n".join((title.ljust(_WIDTH - 1, "-"), "", *lines, "", " \\\n".join(names), ""))


def _part(name: str) -> str:
    return (files(__package__) / "parts" / f"{name}.sh").read_text(encoding="utf-8")


def _head(parameters: Parameters, source: str) -> str:
    said = [
        "Onboarding of an Azure Key Vault key for Claude data (CMEK), by az and curl.",
        f"Made by `python runbook.py export az` from {source}. Review it, then run it: bash THIS_SCRIPT",
        "",
        "What it does, each only where it is not there yet: the service principal of Anthropic's published app; the",
        "key, created or adopted, its organization tag, its two operations; the role at the key. Then it makes every",
        f"check that blocks in this suite's 04_verify. {_ending(parameters)}",
        "Running it again changes nothing that is right. Killed anywhere, run it again: it starts by looking.",
        "",
        "Usage: bash THIS_SCRIPT [--plan]      --plan stops before the first change, with exit code 2",
        "Exit codes: 0 done or nothing to do, 1 failed, 2 --plan and there are changes, 3 blocked or approval missing,",
        "4 unknown, 64 wrong usage, 130 interrupted.",
        "Needs: bash 3.2 or newer, az (signed in), curl 7.55 or newer, jq 1.5 or newer; PAUSE_SECONDS and WAIT_AT_MOST",
        "change how long it waits for what lags.",
        *_needs(parameters),
        "",
        "What it does not do: it makes no vault, mends nothing that a check finds wrong, judges no warnings (python",
        "runbook.py check does), keeps no sealed record and compares no earlier run. Parameters it does not look at:",
        "mode, credential, remediate, log_destination, evidence. Two of these scripts at once, or one beside a run of",
        "the suite, are not kept apart from one another.",
    ]
    lines = "\n".join(f"# {plain(line)}".replace("\n", " ").rstrip() for line in said)
    return f"#!/usr/bin/env bash\n{lines}\n\n{_BEGIN}"


def _ending(parameters: Parameters) -> str:
    if parameters.product == "claude_enterprise":
        return "Then it prints what to enter in claude.ai by hand."
    return "Then: external key registered, validated, attached."


def _needs(parameters: Parameters) -> tuple[str, ...]:
    if parameters.product == "claude_enterprise":
        return ("", f"Claude Enterprise: {by_hand.ONE_KEY[0].lower()}{by_hand.ONE_KEY[1:]}.")
    return (
        f"ANTHROPIC_ADMIN_KEY: the Admin API key; the parameters keep it at {parameters.admin_key}. It is sent to",
        f"{published.ADMIN_API} only, through a pipe, and never shown.",
        "ATTACH_FOR_GOOD: without it the script stops before attaching, with exit code 3, and says what to set it to:",
        f"{attach.intended(parameters).digest[:12]}, from the plan's digest, and a digest of what was seen.",
    )


_BEGIN = """# shellcheck disable=SC2016  # what stands in single quotes is for jq
set -euo pipefail
set +x  # a trace would show the Admin API key
"""
_END = 'say "Done."\n'
