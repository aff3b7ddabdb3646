"""Looks at facts, judged, as they stand in a ledger; and facts after a rotation."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from helpers.checks import Phase, judge
from helpers.drift import Drift, Look, compare
from helpers.facts import Facts
from helpers.jsonable import jsonable
from helpers.model import Known
from tests.cases.building import NOW, TAG, one, parameters

NEW = "a" * 32
ROTATED = NOW + timedelta(days=1)


def look(found: Facts, phase: Phase = "watch", run: str = "then", **changes: Any) -> Look:
    """A look at these facts, judged, as it stands in a ledger."""
    verdicts = judge(found, parameters(**changes), phase).view().data
    return Look(run, "2026-11-23T12:00:00.000Z", *json.loads(json.dumps((jsonable(found), verdicts))))


def drift(before: Facts, now: Facts, **changes: Any) -> Drift:
    """What differs between two readings."""
    return compare(look(before), look(now, run="now", **changes), (TAG, "true"))


def rotated(**version: Any) -> dict[str, Any]:
    """Facts after a rotation, with something about the new version."""
    new = one("key", version=NEW, created=ROTATED, public_sha256="cd" * 32, **version)
    row = one("versions", version=NEW, created=ROTATED)
    return {"key": Known(new), "versions": Known((row, one("versions")))}
