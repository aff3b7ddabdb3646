"""The registration with Anthropic: judged in 05 only, and only for the Claude Platform."""

from __future__ import annotations

from typing import Any

from helpers import published
from helpers.checks.base import Check, Finding, Phase, failed, on, passed
from helpers.facts import Facts
from helpers.model import ExternalKey, Known, Organization, Validation, Workspace
from helpers.parameters import NewWorkspace, Parameters
from helpers.targets import foreign, ours, target

_PHASES: tuple[Phase, ...] = ("gate", "attached")
_PLATFORM: dict[str, Any] = {"phases": _PHASES, "products": ("claude_platform",)}


def _organization(found: Facts, parameters: Parameters) -> Finding:
    def judge(there: Organization) -> Finding:
        if there.id == parameters.organization_id:
            return passed(f"{there.id}, {there.name}", parameters.organization_id)
        mend = "The Admin API key belongs to another organization, or organization_id is wrong."
        return failed(f"{there.id}, {there.name}", parameters.organization_id, mend)

    return on(found.organization, judge, absent=failed("no organization", parameters.organization_id, "Check the key."))


def _one_registration(found: Facts, parameters: Parameters) -> Finding:
    def judge(rows: tuple[ExternalKey, ...]) -> Finding:
        mine, others = ours(rows, parameters), foreign(rows, parameters)
        if others:
            told = f"{others[0].id} is for the application {others[0].client_id}"
            return failed(told, "exactly one, for Anthropic's own application", "Find out who registered it.")
        if len(mine) == 1:
            return passed(mine[0].id, "exactly one")
        told = ", ".join(row.id for row in mine) or "none"
        mend = "Run 05_register." if not mine else "Remove all but one; a person must decide which."
        return failed(told, "exactly one", mend)

    return on(found.external_keys, judge, absent=failed("none", "exactly one", "Run 05_register."))


def _target(found: Facts, parameters: Parameters) -> Finding:
    def judge(rows: tuple[Workspace, ...]) -> Finding:
        match target(rows, parameters):
            case () if isinstance(parameters.workspace, NewWorkspace):
                return passed("will be created", "no key attached, not archived")
            case (there,):
                return _target_alone(there, found, parameters)
        return failed("none, or more than one of that name", "one", "Name the workspace by its id.")

    return on(found.workspaces, judge, absent=failed("none", "one", "Check workspace."))


def _target_alone(there: Workspace, found: Facts, parameters: Parameters) -> Finding:
    expected = "not archived, no user profile, no key or ours"
    mine = (
        [row.id for row in ours(found.external_keys.value, parameters)]
        if isinstance(found.external_keys, Known)
        else []
    )
    if there.archived or there.user_profile_id is not None:
        return failed(
            "archived" if there.archived else "bound to a user profile", expected, "Choose another workspace."
        )
    if there.external_key_id is not None and there.external_key_id not in mine:
        return failed(
            f"has the key {there.external_key_id}", expected, "A key cannot be replaced: choose another workspace."
        )
    return passed(f"{there.id} {there.name}", expected)


def _base_url(found: Facts, _: Parameters) -> Finding:
    def judge(url: str) -> Finding:
        if url == published.ADMIN_API:
            return passed(url, published.ADMIN_API)
        return failed(url, published.ADMIN_API, "Start again without a variable that moves the API.")

    return on(found.admin_url, judge, absent=failed("none", published.ADMIN_API, ""))


def _validated(found: Facts, _: Parameters) -> Finding:
    def judge(answer: Validation) -> Finding:
        if answer.succeeded:
            return passed("success", "success")
        return failed(
            f"{answer.status}: {answer.error}", "success", "Mend what Anthropic names; roles can take minutes."
        )

    return on(found.validation, judge, absent=failed("no such external key", "success", "Run 05_register."))


def _attached(found: Facts, parameters: Parameters) -> Finding:
    def judge(keys: tuple[ExternalKey, ...], rows: tuple[Workspace, ...]) -> Finding:
        there = target(rows, parameters)
        mine = {row.id: row.attached for row in ours(keys, parameters)}
        if len(there) == 1 and there[0].external_key_id in mine and mine[there[0].external_key_id] is True:
            return passed(f"{there[0].id} has {there[0].external_key_id}, which is attached", "both sides agree")
        return failed("the two sides do not agree", "both sides agree", "Look at the workspace in the Claude Console.")

    def both(keys: tuple[ExternalKey, ...]) -> Finding:
        missing = failed("no workspace", "both sides agree", "Check workspace.")
        return on(found.workspaces, lambda rows: judge(keys, rows), absent=missing)

    return on(found.external_keys, both, absent=failed("no external key", "both sides agree", "Run 05_register."))


CHECKS = (
    Check(
        "V37",
        "The organization is the one in the tag",
        "blocks",
        "The tag binds the key to it.",
        _organization,
        **_PLATFORM,
    ),
    Check(
        "V39",
        "The key is registered exactly once",
        "blocks",
        "A lost reply can leave two.",
        _one_registration,
        **_PLATFORM,
    ),
    Check("V40", "The workspace can take the key", "blocks", "Attaching is for good.", _target, **_PLATFORM),
    Check(
        "V45",
        "The Admin API is the published one",
        "blocks",
        "A leftover variable can fake success.",
        _base_url,
        **_PLATFORM,
    ),
    Check(
        "V46",
        "Anthropic validated the key just now",
        "blocks",
        "Only Anthropic can prove that Anthropic can use the key.",
        _validated,
        phases=("gate",),
        products=("claude_platform",),
    ),
    Check(
        "V47",
        "Workspace and key show each other",
        "blocks",
        "What the service holds counts, not what it answered.",
        _attached,
        phases=("attached",),
        products=("claude_platform",),
    ),
)
