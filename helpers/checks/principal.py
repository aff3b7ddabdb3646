"""Anthropic's service principal in this tenant."""

from __future__ import annotations

from collections.abc import Callable

from helpers import published
from helpers.checks.base import Check, Finding, Judge, exactly_true, failed, not_applicable, on, passed, unknown
from helpers.facts import Facts
from helpers.model import ConditionalAccessPolicy, Grants, ServicePrincipal, same_id
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


def _nothing_given(found: Facts, _: Parameters) -> Finding:
    expected = "no permissions, no owners, no credentials of its own in this tenant"

    def judge(there: ServicePrincipal, given: Grants) -> Finding:
        named = (
            ("application permissions", given.app_roles),
            ("delegated permissions", given.delegated),
            ("owners", given.owners),
        )
        told = [f"{what}: {', '.join(rows)}" for what, rows in named if rows]
        if there.credentials:
            told.append(f"{there.credentials} credentials")
        if told:
            return failed("; ".join(told), expected, "Take them away: Anthropic needs none of them.")
        if there.credentials is None:
            return unknown("its credentials are not shown")
        return passed("none of them", expected)

    def to(there: ServicePrincipal) -> Finding:
        return on(found.grants, lambda given: judge(there, given), absent=_MISSING)

    return on(found.principal, to, absent=_MISSING)


def _signs_in_freely(found: Facts, _: Parameters) -> Finding:
    expected = "no policy that reaches it"

    def judge(there: ServicePrincipal, rows: tuple[ConditionalAccessPolicy, ...]) -> Finding:
        reaching = [row.name for row in rows if row.reaches(there.object_id)]
        if reaching:
            mend = "Exclude it from the policy, or put Anthropic's ranges into a named location that is let in."
            return failed(", ".join(reaching), expected, mend)
        by_filter = [row.name for row in rows if row.filtered and row.is_on]
        if by_filter:
            return unknown(f"{', '.join(by_filter)} selects by a filter on attributes")
        return passed(f"none of {len(rows)} policies for service principals", expected)

    def to(there: ServicePrincipal) -> Finding:
        return on(found.conditional_access, lambda rows: judge(there, rows), absent=passed("no policies", expected))

    return on(found.principal, to, absent=_MISSING)


_READ = "reading applications in the directory (Application.Read.All)"
CHECKS = (
    Check(
        "V15",
        "The service principal is the published app's",
        "blocks",
        "An impostor with the role could read everything under the key.",
        _principal(_app),
        looks_at="service principal: appId, id",
        right=_READ,
        effect="safety",
        after=_AFTER,
    ),
    Check(
        "V16",
        "Its display name is the published one",
        "blocks",
        "A different name is a sign of a look-alike.",
        _principal(_name),
        looks_at="service principal: displayName",
        right=_READ,
        effect="safety",
        after=_AFTER,
    ),
    Check(
        "V16b",
        "Its owner organization is the expected one",
        "blocks",
        "The vendor's tenant is not published, so it is compared only when you know it.",
        _principal(_owner),
        looks_at="service principal: appOwnerOrganizationId",
        right=_READ,
        effect="safety",
        after=_AFTER,
        out_of_place=True,
    ),
    Check(
        "V17",
        "It is enabled",
        "blocks",
        "A disabled principal cannot sign in.",
        _principal(_enabled),
        looks_at="service principal: accountEnabled",
        right=_READ,
        effect="use",
        after=_AFTER,
    ),
    Check(
        "V18",
        "Nothing else was given to it in this tenant",
        "warns",
        "Anthropic needs no permission in the directory; whoever owns it or holds a credential of it could act as it.",
        _nothing_given,
        looks_at="service principal: appRoleAssignments, oauth2PermissionGrants, owners, keyCredentials, "
        "passwordCredentials",
        right=f"{_READ}, and Directory.Read.All for delegated permissions",
        effect="safety",
        after=_AFTER,
        controls={"MCSB": "PA-7"},
    ),
    Check(
        "V19",
        "No conditional access policy reaches it",
        "warns",
        "A policy for workload identities can keep Anthropic from signing in.",
        _signs_in_freely,
        looks_at="conditional access policies: conditions.clientApplications",
        right="Policy.Read.All",
        effect="use",
        after=_AFTER,
        acceptable=True,
    ),
    Check(
        "V20",
        "There is exactly one",
        "blocks",
        "Two would be ambiguous.",
        _single,
        looks_at="service principals with the published appId",
        right=_READ,
        effect="safety",
        after=_AFTER,
    ),
)
