"""Anthropic's service principal: what was found, and what the checks make of it."""

from __future__ import annotations

from typing import Any

from helpers.model import Absent, Known
from tests.cases.building import OTHER, PRINCIPAL, known, one
from tests.unit.checks.finding import (
    FAIL,
    GONE,
    LETTERED,
    NONE,
    NOT_APPLICABLE,
    PASS,
    UNKNOWN,
    UNREAD,
    Row,
    principal,
    two,
)

EVERY_OWN = "ServicePrincipalsInMyTenant"
FREE = "none of 1 policies for service principals"


def grants(**changes: Any) -> dict[str, Any]:
    return {"grants": known("grants", **changes)}


def policy(**changes: Any) -> dict[str, Any]:
    return {"conditional_access": known("conditional_access", **changes)}


LETTERS = principal(object_id=LETTERED)
ROWS: list[Row] = [
    ("V15", {}, PASS, f"object ID {PRINCIPAL}"),
    ("V15", principal(app_id=OTHER), FAIL, OTHER),
    ("V15", {"principals": NONE}, FAIL, "no service principal"),
    ("V15", two("principals", object_id=OTHER), UNKNOWN, "2 service principals answer to the published app id"),
    ("V16", {}, PASS, "anthropic-cmek-client-us"),
    ("V16", principal(display_name="Anthropic-CMEK-Client-US"), FAIL, "Anthropic-CMEK"),
    ("V16", principal(display_name=None), FAIL, "None"),
    ("V16b", {}, NOT_APPLICABLE, f"recorded, not verified: {OTHER}; expected_owner_tenant is not given"),
    ("V16b", {"principals": NONE}, FAIL, "no service principal"),
    ("V16b", {"principals": GONE}, UNKNOWN, UNREAD),
    ("V17", {}, PASS, "true"),
    ("V17", principal(enabled=False), FAIL, "false"),
    ("V17", principal(enabled=None), FAIL, "not set"),
    ("V18", {}, PASS, "none of them"),
    (
        "V18",
        grants(app_roles=["r1 of Graph", "r2 of Graph"]),
        FAIL,
        "application permissions: r1 of Graph, r2 of Graph",
    ),
    ("V18", grants(delegated=["User.Read"]), FAIL, "delegated permissions: User.Read"),
    ("V18", grants(owners=[OTHER]), FAIL, f"owners: {OTHER}"),
    ("V18", principal(credentials=2), FAIL, "2 credentials"),
    (
        "V18",
        {**grants(app_roles=["r1 of Graph"], owners=[OTHER]), **principal(credentials=1)},
        FAIL,
        f"application permissions: r1 of Graph; owners: {OTHER}; 1 credentials",
    ),
    ("V18", principal(credentials=None), UNKNOWN, "could not be read: its credentials are not shown"),
    ("V18", {**grants(owners=[OTHER]), **principal(credentials=None)}, FAIL, f"owners: {OTHER}"),
    ("V18", {"grants": GONE}, UNKNOWN, UNREAD),
    ("V18", {"grants": GONE, **principal(credentials=1)}, UNKNOWN, UNREAD),
    ("V18", {"principals": GONE}, UNKNOWN, UNREAD),
    ("V18", {"principals": NONE}, FAIL, "no service principal"),
    ("V18", {"grants": Absent()}, FAIL, "no service principal"),
    ("V19", {}, PASS, FREE),
    ("V19", {"conditional_access": NONE}, PASS, "none of 0 policies for service principals"),
    ("V19", {"conditional_access": Absent()}, PASS, "no policies"),
    ("V19", policy(includes=[PRINCIPAL]), FAIL, "Block the rest"),
    ("V19", policy(includes=[OTHER, PRINCIPAL]), FAIL, "Block the rest"),
    ("V19", {**LETTERS, **policy(includes=[LETTERED.upper()])}, FAIL, "Block the rest"),
    ("V19", {**LETTERS, **policy(includes=[EVERY_OWN], excludes=[LETTERED.upper()])}, PASS, FREE),
    ("V19", policy(includes=[EVERY_OWN]), FAIL, "Block the rest"),
    ("V19", policy(includes=[EVERY_OWN], state="disabled"), PASS, FREE),
    ("V19", policy(includes=[PRINCIPAL], state="enabledForReportingButNotEnforced"), PASS, FREE),
    ("V19", policy(includes=[EVERY_OWN], excludes=[PRINCIPAL]), PASS, FREE),
    ("V19", policy(includes=[EVERY_OWN], excludes=[OTHER]), FAIL, "Block the rest"),
    ("V19", two("conditional_access", name="And these", includes=[PRINCIPAL]), FAIL, "And these"),
    ("V19", policy(filtered=True), UNKNOWN, "could not be read: Block the rest selects by a filter on attributes"),
    ("V19", policy(includes=[PRINCIPAL], filtered=True), FAIL, "Block the rest"),
    ("V19", policy(includes=[], filtered=True, state="disabled"), PASS, FREE),
    ("V19", {"conditional_access": GONE}, UNKNOWN, UNREAD),
    ("V19", {"principals": NONE}, FAIL, "no service principal"),
    ("V19", two("principals", object_id=OTHER), UNKNOWN, "2 service principals answer"),
    ("V20", {}, PASS, "1"),
    ("V20", {"principals": NONE}, FAIL, "0"),
    ("V20", two("principals", object_id=OTHER), FAIL, "2"),
    ("V20", {"principals": Known((one("principals"),) * 3)}, FAIL, "3"),
    ("V20", {"principals": Absent()}, FAIL, "no service principal"),
]
