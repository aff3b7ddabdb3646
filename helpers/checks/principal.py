"""Anthropic's service principal in this tenant."""

from __future__ import annotations

from collections.abc import Callable

from helpers import published
from helpers.checks.base import Check, Finding, Judge, exactly_true, failed, not_applicable, on, passed
from helpers.facts import Facts
from helpers.model import ServicePrincipal, same_id
from helpers.parameters import Parameters

_AFTER = ("01_consent",)
_MISSING = failed("no service principal", "one", "Run 01_consent.")


def _principal(judge: Callable[[ServicePrincipal, Parameters], Finding]) -> Judge:
    return lambda found, parameters: on(found.principal, lambda there: judge(there, parameters), absent=_MISSING)


def _app(there: ServicePrincipal, _: Parameters) -> Finding:
    if same_id(there.app_id, published.APP_ID):
        return passed(f"object ID {there.object_id}, app ID {there.app_id}", published.APP_ID)
    return failed(there.app_id, published.APP_ID, "Do not go on: this is not the published app.")


def _name(there: ServicePrincipal, _: Parameters) -> Finding:
    if there.display_name == published.APP_DISPLAY_NAME:
        return passed(there.display_name, published.APP_DISPLAY_NAME)
    return failed(str(there.display_name), published.APP_DISPLAY_NAME, "Do not go on: ask who created it.")


def _owner(there: ServicePrincipal, parameters: Parameters) -> Finding:
    wanted = parameters.expected_owner_tenant
    if wanted is None:
        return not_applicable(f"recorded, not verified: {there.owner_tenant}; expected_owner_tenant is not given")
    if same_id(there.owner_tenant, wanted):
        return passed(str(there.owner_tenant), wanted)
    return failed(str(there.owner_tenant), wanted, "Do not go on before Anthropic has confirmed its tenant ID.")


def _enabled(there: ServicePrincipal, _: Parameters) -> Finding:
    return exactly_true(there.enabled, "true", "Enable it under Enterprise applications, Properties.")


def _single(found: Facts, _: Parameters) -> Finding:
    def judge(rows: tuple[ServicePrincipal, ...]) -> Finding:
        if len(rows) == 1:
            return passed("1", "1")
        return failed(str(len(rows)), "1", "Run 01_consent." if not rows else "Ask a directory administrator.")

    return on(found.principals, judge, absent=_MISSING)


CHECKS = (
    Check(
        "V15",
        "The service principal is the published app's",
        "blocks",
        "An impostor with the role could read everything under the key.",
        _principal(_app),
        after=_AFTER,
    ),
    Check(
        "V16",
        "Its display name is the published one",
        "blocks",
        "A different name is a sign of a look-alike.",
        _principal(_name),
        after=_AFTER,
    ),
    Check(
        "V16b",
        "Its owner organization is the expected one",
        "blocks",
        "The vendor's tenant is not published, so it is compared only when you know it.",
        _principal(_owner),
        after=_AFTER,
    ),
    Check(
        "V17",
        "It is enabled",
        "blocks",
        "A disabled principal cannot sign in.",
        _principal(_enabled),
        after=_AFTER,
    ),
    Check("V20", "There is exactly one", "blocks", "Two would be ambiguous.", _single, after=_AFTER),
)
