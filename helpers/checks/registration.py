"""The registration with Anthropic: judged in 05 only, and only for the Claude Platform."""

from __future__ import annotations

from typing import Any

from helpers import published
from helpers.checks.base import Check, Finding, Phase, Verdict, failed, not_applicable, on, passed, unread
from helpers.facts import Facts
from helpers.model import ExternalKey, Known, Organization, Unknown, Validation, Workspace
from helpers.parameter_values import NewWorkspace, WorkspaceId
from helpers.parameters import Parameters
from helpers.targets import foreign, ours, target

_PHASES: tuple[Phase, ...] = ("gate", "attached", "watch")
_MEND_OR_WAIT = (
    "Mend what Anthropic names. If it is the role, and it is young, run 05_register again later: it looks first, and "
    "goes on from what is there."
)
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
    expected = "not archived, no user profile, no key or ours, and the default one only on purpose"
    asked = isinstance(parameters.workspace, WorkspaceId) and parameters.workspace.default
    mine = (
        [row.id for row in ours(found.external_keys.value, parameters)]
        if isinstance(found.external_keys, Known)
        else []
    )
    if there.archived or there.user_profile_id is not None:
        return failed(
            "archived" if there.archived else "bound to a user profile", expected, "Choose another workspace."
        )
    if there.external_key_id is None and isinstance(parameters.workspace, NewWorkspace):
        mend = "If it is to have the key, set workspace: {id: …}; else choose another name."
        return failed(f"{there.id} has that name already, and no key", "no workspace of that name yet", mend)
    if there.external_key_id is not None and isinstance(found.external_keys, Unknown):
        return unread(found.external_keys)
    if there.external_key_id is not None and there.external_key_id not in mine:
        return failed(
            f"has the key {there.external_key_id}", expected, "A key cannot be replaced: choose another workspace."
        )
    if there.is_default and not asked:
        mend = "Choose another workspace; or, if it is meant, set workspace: {id: …, default: true}."
        return failed("the organization's default workspace, which can never be renamed or archived", expected, mend)
    if asked and not there.is_default:
        return failed("not the default workspace", "the default workspace, as the parameters say", "Check workspace.")
    return passed(f"{there.id} {there.name}", expected)


def _unused(found: Facts, parameters: Parameters) -> Finding:
    """No API says whether a workspace holds data: only of one that is made with the key it is known."""
    expected = "made with the key, or known to hold nothing yet"

    def judge(rows: tuple[Workspace, ...]) -> Finding:
        there = target(rows, parameters)
        if len(there) == 1 and there[0].external_key_id is not None:
            return not_applicable(f"{there[0].id} has a key already")
        if isinstance(parameters.workspace, NewWorkspace) and not there:
            return passed("will be made with the key", expected)
        mend = "If it is new and unused, accept V41 with an owner and an end; else use {create: NAME}."
        seen = "it was there before; what it holds is not encrypted again, and the key can take a day to count"
        return failed(seen, expected, mend)

    return on(found.workspaces, judge, absent=failed("none", expected, "Check workspace."))


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
        if not answer.waited:
            mend = "Mend what Anthropic names; roles can take minutes."
            return failed(f"{answer.status}: {answer.error}", "success", mend)
        seen = f"{answer.status}: {answer.error} (asked again for {answer.waited:.0f} s)"
        return failed(seen, "success", _MEND_OR_WAIT)

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


_READ = "an Admin API key of the organization"
CHECKS = (
    Check(
        "V37",
        "The organization is the one in the tag",
        "blocks",
        "The tag binds the key to it.",
        _organization,
        looks_at="Admin API: organization id",
        right=_READ,
        effect="use",
        **_PLATFORM,
    ),
    Check(
        "V39",
        "The key is registered exactly once",
        "blocks",
        "A lost reply can leave two.",
        _one_registration,
        looks_at="Admin API: every external key, its provider_config",
        right=_READ,
        **_PLATFORM,
    ),
    Check(
        "V40",
        "The workspace can take the key",
        "blocks",
        "Attaching is for good.",
        _target,
        looks_at="Admin API: the workspace, archived_at, external_key_id, user_profile_id; which one is the default",
        right=_READ,
        **_PLATFORM,
    ),
    Check(
        "V41",
        "The workspace is new",
        "warns",
        "What a workspace held before is not encrypted under the key, and until the key counts more can be added.",
        _unused,
        looks_at="Admin API: whether the workspace is there already",
        right=_READ,
        phases=("gate",),
        products=("claude_platform",),
        acceptable=True,
        out_of_place=True,
    ),
    Check(
        "V45",
        "The Admin API is the published one",
        "blocks",
        "A leftover variable can fake success.",
        _base_url,
        looks_at="the address the Anthropic client works with",
        right=_READ,
        effect="safety",
        cannot={
            Verdict.FAIL: "the client is given the published address, and no variable can move it",
            Verdict.UNKNOWN: "it is this suite's own setting",
        },
        **_PLATFORM,
    ),
    Check(
        "V46",
        "Anthropic validated the key just now",
        "blocks",
        "Only Anthropic can prove that Anthropic can use the key.",
        _validated,
        looks_at="Admin API: status and error of the validation",
        right=_READ,
        effect="use",
        phases=("gate", "watch"),
        products=("claude_platform",),
    ),
    Check(
        "V47",
        "Workspace and key show each other",
        "blocks",
        "What the service holds counts, not what it answered.",
        _attached,
        looks_at="Admin API: the workspace's external_key_id, the external key's attachment",
        right=_READ,
        effect="use",
        phases=("attached", "watch"),
        products=("claude_platform",),
    ),
)
