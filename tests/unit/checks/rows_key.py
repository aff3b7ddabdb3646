"""The key, now and over time: what was found, and what the checks make of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from helpers.model import Absent, Known, Unknown
from tests.cases.building import NOW, TAG, VERSION, known, one
from tests.unit.checks.finding import FAIL, GONE, NONE, PASS, UNKNOWN, UNREAD, Row, key, two

DAY = timedelta(days=1)
TAGS = {f"tag{number}": "x" for number in range(15)}
MOST = dict(list(TAGS.items())[:14])
OWN = "with this identity; it does not prove Anthropic's access"
BY = "allowed by the role assignment 00000000-0000-4000-8000-00000000aaaa"
ENDS = "; from then on Anthropic can unwrap but no longer wrap"
REFUSED = "wrap and unwrap work, decrypt is refused"


def probe(**changes: Any) -> dict[str, Any]:
    return {"probe": known("probe", **changes)}


def refused(code: str) -> dict[str, Any]:
    return {"probe": Unknown(f"403 {code}: no", "req-1", code)}


def rotates(*after: str) -> dict[str, Any]:
    return {"rotation_policy": known("rotation_policy", rotates=after)}


def versions(*rows: dict[str, Any]) -> dict[str, Any]:
    return {"versions": Known(tuple(one("versions", **row) for row in rows))}


ROWS: list[Row] = [
    ("V21", {}, PASS, "claude-cmek version"),
    ("V21", {"key": Absent()}, FAIL, "no key"),
    ("V22", {}, PASS, "RSA"),
    ("V22", key(kty="EC"), FAIL, "EC"),
    ("V22", key(kty="RSA-HSM"), FAIL, "RSA-HSM"),
    ("V23", {}, PASS, "3072 bits, from the modulus"),
    ("V23", key(bits=4096), PASS, "4096 bits"),
    ("V23", key(bits=2048), FAIL, "2048 bits"),
    ("V23", key(bits=None), UNKNOWN, "the reply holds no modulus"),
    ("V24", {}, PASS, "wrapKey, unwrapKey"),
    ("V24", key(operations=["sign", "unwrapKey", "wrapKey"]), PASS, "sign"),
    ("V24", key(operations=["wrapKey"]), FAIL, "wrapKey"),
    ("V24", key(operations=[]), FAIL, "none"),
    ("V24b", {}, PASS, "none beside them"),
    ("V24b", key(operations=["wrapKey", "unwrapKey", "sign"]), FAIL, "sign"),
    ("V25", {}, PASS, "enabled True, from the start to no end"),
    ("V25", key(enabled=None), FAIL, "enabled None"),
    ("V25", key(expires=NOW), FAIL, "to 2026-11-23 12:00:00+00:00"),
    ("V25", {"read_at": None}, UNKNOWN, "the time is not known"),
    ("V26", {}, PASS, "none"),
    ("V26", {"read_at": None}, PASS, "none"),
    ("V26", key(expires=NOW + 31 * DAY), PASS, "2026-12-24" + ENDS),
    ("V26", key(expires=NOW + 30 * DAY + timedelta(seconds=1)), PASS, "2026-12-23" + ENDS),
    ("V26", key(expires=NOW + 30 * DAY), FAIL, "2026-12-23" + ENDS),
    ("V26", key(expires=NOW + DAY), FAIL, "2026-11-24" + ENDS),
    ("V26", key(expires=NOW), FAIL, "2026-11-23" + ENDS),
    ("V26", key(expires=NOW - 100 * DAY), FAIL, "2026-08-15" + ENDS),
    ("V26", {**key(expires=NOW), "read_at": None}, UNKNOWN, "could not be read: the time is not known"),
    ("V26", {"key": GONE}, UNKNOWN, UNREAD),
    ("V26", {"key": Absent()}, FAIL, "no key"),
    ("V27", {}, PASS, "rotates after or before P180D; the new version needs the tag again"),
    ("V27", rotates("", "P1Y"), PASS, "rotates after or before P1Y; the new version needs the tag again"),
    ("V27", rotates(), FAIL, "no Rotate action"),
    ("V27", rotates(""), FAIL, "no Rotate action"),
    ("V27", {"rotation_policy": GONE}, UNKNOWN, UNREAD),
    ("V27", {"rotation_policy": Absent()}, FAIL, "no key"),
    ("V27", {"key": GONE}, UNKNOWN, UNREAD),
    ("V27", {"key": Absent()}, FAIL, "no key"),
    ("V28", {}, PASS, "1 versions, all enabled"),
    ("V28", two("versions", version="old"), PASS, "2 versions, all enabled"),
    ("V28", two("versions", version="old", enabled=False), FAIL, "not enabled: old"),
    ("V28", two("versions", version="old", enabled=None), FAIL, "not enabled: old"),
    ("V28", {"versions": NONE}, UNKNOWN, "no version was listed"),
    ("V28", {"versions": Absent()}, FAIL, "no key"),
    ("V28", {"key": GONE}, UNKNOWN, UNREAD),
    ("V28", {"key": Absent()}, FAIL, "no key"),
    ("V29", {}, PASS, VERSION),
    (
        "V29",
        versions({}, {"version": "0123456789abcdef", "created": NOW - DAY}, {"version": "older", "created": None}),
        FAIL,
        f"3: {VERSION[:8]}… of 2026-11-23, 01234567… of 2026-11-22, older",
    ),
    ("V29", versions({"version": "newer"}, {}), FAIL, f"the newest of 2 is newer, and {VERSION} was read"),
    ("V29", versions({"version": "another"}), FAIL, f"the newest of 1 is another, and {VERSION} was read"),
    ("V29", {"versions": NONE}, UNKNOWN, "could not be read: no version was listed"),
    ("V29", {"versions": GONE}, UNKNOWN, UNREAD),
    ("V29", {"versions": Absent()}, FAIL, "no key"),
    ("V29", {"key": GONE}, UNKNOWN, UNREAD),
    ("V29", {"key": Absent()}, FAIL, "no key"),
    ("V30", {}, PASS, f"{TAG}=true"),
    ("V30", key(tags={TAG: "True"}), FAIL, f"{TAG}=True"),
    ("V30", key(tags={TAG.upper(): "true"}), FAIL, "no such tag"),
    ("V30", key(tags={}), FAIL, "no such tag"),
    ("V36", {}, PASS, f"{REFUSED} (KeyOperationForbidden, by the key), {OWN}; {BY}"),
    ("V36", probe(assignment=None), PASS, f"{REFUSED} (KeyOperationForbidden, by the key), {OWN}"),
    (
        "V36",
        probe(refused="ForbiddenByRbac"),
        PASS,
        f"{REFUSED} (ForbiddenByRbac, by this identity's role, not seen of the key), {OWN}; {BY}",
    ),
    ("V36", probe(equal=False), FAIL, f"unwrap gave back something else, {OWN}"),
    ("V36", probe(equal=False, refused=""), FAIL, f"unwrap gave back something else, {OWN}"),
    ("V36", probe(refused=""), FAIL, f"wrap and unwrap work, and so does decrypt, {OWN}; {BY}"),
    *(
        ("V36", refused(code), FAIL, f"403 {code}: no, {OWN}")
        for code in ("KeyDisabled", "KeyExpired", "KeyNotYetValid", "KeyOperationForbidden")
    ),
    *(
        ("V36", refused(code), UNKNOWN, f"could not be read: 403 {code}: no (request id req-1)")
        for code in ("ForbiddenByRbac", "ForbiddenByFirewall", "Forbidden")
    ),
    ("V36", {"probe": GONE}, UNKNOWN, UNREAD),
    ("V36", {"probe": Absent()}, FAIL, "no key"),
    ("V38", {}, PASS, "0 beside it"),
    ("V38", key(tags=MOST), PASS, "14 beside it"),
    ("V38", key(tags={**MOST, TAG: "true"}), PASS, "14 beside it"),
    ("V38", key(tags={**MOST, TAG: "False"}), PASS, "14 beside it"),
    ("V38", key(tags=TAGS), FAIL, "15 beside it"),
    ("V38", key(tags={**TAGS, TAG: "true"}), FAIL, "15 beside it"),
    ("V38", key(tags={**MOST, TAG.upper(): "true"}), FAIL, "15 beside it"),
]
