"""What the log of key use shows, judged: silence never passes, an address that is not published never does."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from helpers.checks.footprints import Footprints, footprints
from helpers.display import text
from helpers.model import Absent, Footprint, Found, KeyLog, Known, Unknown
from tests.cases.building import facts, known, one, parameters

SINCE, UNTIL = datetime(2026, 11, 16, tzinfo=UTC), datetime(2026, 11, 23, 9, tzinfo=UTC)
PRINCIPAL = one("principals").object_id
CALLER = facts().caller.value.object_id  # type: ignore[union-attr]
NAME = parameters().key_name
VERSION = "0123456789abcdef0123456789abcdef"
KEY = f"https://kv-contoso-claude.vault.azure.net/keys/{NAME.upper()}/{VERSION}"
LOGS = "/subscriptions/22222222-3333-4444-8555-666666666666/resourceGroups/rg/providers/Microsoft.OperationalInsights/workspaces/log-contoso"
USE = Footprint("KeyUnwrap", "OK", PRINCIPAL.upper(), "160.79.104.10", KEY, 3, SINCE, UNTIL)
EARLIER, LATER = UNTIL - timedelta(hours=1), UNTIL + timedelta(hours=1)
READ = replace(USE, operation="KeyGet")
"""Reading the key, which succeeds in a set-up in which Anthropic cannot use it."""
OTHER = "b0000000-0000-4000-8000-00000000ffff"


def judged(*rows: Footprint, found: Found[tuple[Footprint, ...]] | None = None, **changes: Any) -> Footprints:
    """The log judged over facts in which all is right but for the changes."""
    looked = replace(facts(), **changes) if changes else facts()
    return footprints(KeyLog(LOGS, SINCE, UNTIL, Known(rows) if found is None else found), looked, parameters())


@pytest.mark.parametrize(
    ("rows", "outcome", "code"),
    [
        ((USE,), "seen", 0),
        ((replace(USE, operation="KeyWrap"), READ), "seen", 0),
        ((replace(USE, address="153.61.208.10"), replace(USE, result="Forbidden", last=EARLIER)), "seen", 0),
        ((USE, replace(READ, result="Forbidden", last=EARLIER)), "seen", 0),
        ((USE, replace(READ, result="Unauthorized", principal_id="", address="198.51.100.7")), "seen", 0),
        ((), "pending", 4),
        ((replace(USE, principal_id=OTHER),), "pending", 4),
        ((replace(USE, key_id=KEY.replace("CLAUDE", "OTHER")),), "pending", 4),
        ((USE, replace(USE, address="198.51.100.7")), "outside", 3),
        ((USE, replace(USE, address="198.51.100.7", result="Forbidden")), "outside", 3),
        ((USE, replace(USE, address="2001:db8::1")), "outside", 3),
        ((USE, replace(USE, address="")), "unproven", 4),
        ((replace(USE, result="Forbidden"),), "unproven", 4),
        ((replace(USE, result=""),), "unproven", 4),
        ((replace(USE, key_id=""),), "unproven", 4),
        ((READ,), "unproven", 4),
        (
            (READ, replace(USE, result="Forbidden"), replace(USE, operation="KeyWrap", result="Forbidden")),
            "unproven",
            4,
        ),
        ((USE, replace(USE, result="Forbidden", last=LATER)), "unproven", 4),
        ((USE, replace(READ, result="Forbidden", last=LATER)), "unproven", 4),
        ((USE, replace(USE, result="Forbidden", address="153.61.208.10")), "unproven", 4),
        ((READ, replace(USE, principal_id=OTHER)), "unproven", 4),
        ((READ, replace(USE, key_id=KEY.replace("CLAUDE", "OTHER"))), "unproven", 4),
        ((replace(USE, principal_id=""),), "unproven", 4),
        ((replace(USE, principal_id="", address="198.51.100.7"),), "unproven", 4),
        ((replace(USE, principal_id=""), replace(USE, principal_id=OTHER)), "unproven", 4),
        ((USE, replace(USE, principal_id="", address="198.51.100.7")), "unproven", 4),
    ],
)
def test_how_a_log_comes_out(rows: tuple[Footprint, ...], outcome: str, code: int) -> None:
    """Only a wrap or unwrap with this very key, with nothing refused since and every address published, ends with 0."""
    found = judged(*rows)
    assert (found.outcome, found.exit_code) == (outcome, code)


@pytest.mark.parametrize(
    ("rows", "line"),
    [
        ((READ,), "only KeyGet OK (last 2026-11-23T09:00:00Z)"),
        (
            (USE, replace(READ, result="Forbidden", last=LATER)),
            "KeyGet Forbidden (last 2026-11-23T10:00:00Z), and no KeyWrap or KeyUnwrap that succeeded after 2026-11-23T09:00:00Z",
        ),
        ((replace(USE, principal_id=""),), "uses are logged whose caller is not told (KeyUnwrap OK (last"),
        ((USE, replace(USE, principal_id="")), "uses are logged whose caller is not told (KeyUnwrap OK (last"),
        ((replace(USE, key_id=""),), "only KeyUnwrap OK of a key not told"),
        ((USE, replace(USE, address="")), "does not tell an address"),
    ],
)
def test_what_is_unproven_is_told_with_what_was_seen(rows: tuple[Footprint, ...], line: str) -> None:
    """The reason names the operations, results and times, for a person and for a machine; a use that is seen has none."""
    view = judged(*rows).view()
    assert f"Not proven: {view.data['reason']}" in text(view) and line in view.data["reason"]
    assert judged(USE).view().data["reason"] is None


@pytest.mark.parametrize(
    "changes", [{"principals": Absent()}, {"principals": Unknown("403")}, {"principals": Known(())}]
)
def test_without_the_principal_nothing_is_anthropics(changes: dict[str, Any]) -> None:
    """A row is Anthropic's by the object id read in this tenant; while that is not known, nothing is concluded."""
    found = judged(USE, **changes)
    assert (found.outcome, found.exit_code) == ("unknown", 4) and "V15" in text(found.view())


def test_a_log_that_was_not_read_is_unknown_and_one_without_a_table_is_pending() -> None:
    """The service's own reason and request id are told, with the right it takes; no table yet is silence."""
    found = judged(found=Unknown("403 InsufficientAccessError: no", "req-7"))
    said = text(found.view())
    assert (found.outcome, found.exit_code) == ("unknown", 4)
    assert "403 InsufficientAccessError: no (request id req-7)" in said and "Log Analytics Data Reader" in said
    assert judged(found=Absent()).outcome == "pending"
    assert "Silence is no pass" in text(judged(found=Absent()).view())
    assert "at most 10 minutes" in text(judged(found=Absent()).view())


def test_a_setting_that_does_not_send_it_here_is_told() -> None:
    """Where the vault's audit events go somewhere else now, silence is no wonder; V35 says what to do."""
    there = known("diagnostics", sinks=(LOGS.upper(),))
    assert judged(diagnostics=there).sent_here is True
    elsewhere = judged(diagnostics=known("diagnostics", sinks=("/subscriptions/x",)))
    assert elsewhere.sent_here is False and "see V35" in text(elsewhere.view())
    assert judged(diagnostics=Unknown("403")).sent_here is None


def test_who_else_uses_the_key_is_counted_apart() -> None:
    """By principal, operation and result; the caller's own trial is named as that, other keys are only counted."""
    mine = replace(USE, principal_id=CALLER, operation="KeyWrap", count=2)
    rows = (
        USE,
        *(mine, replace(mine, address="203.0.113.9", count=5)),
        replace(USE, principal_id=OTHER, result="Forbidden", count=1, key_id=""),
        replace(USE, principal_id=OTHER, key_id=KEY.upper().replace("CLAUDE", "OTHER"), count=9),
    )
    found = judged(*rows)
    assert found.anthropic == (USE,) and found.other_keys == 9
    assert found.others == tuple(sorted([(CALLER.lower(), "KeyWrap", "OK", 7), (OTHER, "KeyUnwrap", "Forbidden", 1)]))
    said = text(found.view())
    assert "this identity" in said and "9 uses of other keys" in said


def test_what_is_read_and_what_a_machine_reads_is_one_value() -> None:
    """Every address, its judgement, each count and time are in both; the version is in the JSON row and a line."""
    foreign = replace(USE, address="198.51.100.7", key_id=KEY.removesuffix(VERSION) + "f" * 32, count=1)
    view = judged(USE, foreign).view()
    said, data = text(view), json.loads(json.dumps(view.data))
    assert "160.79.104.10 (published)" in said and "198.51.100.7 (NOT published)" in said
    assert VERSION in said and "f" * 32 in said and "OUTSIDE" in said
    rows = [(row["address"], row["inside"], row["count"], row["first"]) for row in data["anthropic"]]
    assert rows == [
        ("160.79.104.10", True, 3, "2026-11-16T00:00:00Z"),
        ("198.51.100.7", False, 1, "2026-11-16T00:00:00Z"),
    ]
    assert (data["outcome"], data["workspace"], data["principal_id"]) == ("outside", LOGS, PRINCIPAL)
