"""The undo sheet: exactly what receipts tell, the last first; commands that a shell takes for what they are meant to be."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest

from helpers.evidence.report.undo import sheet
from helpers.evidence.report.undo_ground import Undo
from tests.evidence.report import reading
from tests.evidence.report.editing import Record, Row

UNATTACHED = ("create service principal", "create key", "assign role", "register external key")


def before_attaching(record: Record) -> Record:
    """A live run that ends after the registration; the workspaces were read, and none has the key."""
    at = next(n for n, row in enumerate(record.rows) if row["event"] == "about_to" and row["permanent"])
    record.rows = record.rows[:at]
    return record.live()


def by_kind(record: Record) -> dict[str, Undo]:
    return {entry.change.kind: entry for entry in sheet(record.told)}


def argv(command: str) -> list[str]:
    """A command as a shell takes it apart."""
    return shlex.split(command.replace("\\\n", " "))


def test_it_equals_the_receipts(each: Record) -> None:
    """One entry for each receipt, the last first, with its sentence, time, actor, request id and consequence."""
    receipts = each.of("receipt")
    headings = [reading.words(h) for h in each.part("undo").find_all("h3")]
    assert headings == [f"{n}. {r['what'][0].upper()}{r['what'][1:]}" for n, r in enumerate(reversed(receipts), 1)]
    for entry, receipt in zip(each.part("undo").find_all(class_="entry"), reversed(receipts), strict=True):
        said = reading.words(entry)
        assert f"On {receipt['at']} by {receipt['actor']}, request id {receipt['request_id']}" in said
        assert "Consequence: " in said
        assert ("Cannot be undone." in said) != bool(entry.find("pre"))


def test_nothing_done_is_nothing_to_undo(onboarding: Record) -> None:
    """Without a receipt there is no entry and no command, and the sheet says that there is nothing to undo."""
    onboarding.keep(lambda row: row["event"] not in ("about_to", "receipt"))
    part = onboarding.part("undo")
    assert "Nothing to undo." in reading.words(part) and not part.find_all("pre") and not part.find_all("h3")


def test_what_was_found_is_not_undone(onboarding: Record) -> None:
    """A receipt that says that it was there already is no entry: this run did not make it."""
    onboarding.of("receipt", "01")[0].update(what="the service principal was there already", facts={})
    assert "create service principal" not in by_kind(onboarding) and len(sheet(onboarding.told)) == 4


def test_an_assignment_of_somebody_else_is_not_undone(onboarding: Record) -> None:
    """Azure gave back an equal one under another name than this suite's: it was found there, and no command deletes it."""
    onboarding.of("receipt", "03")[0]["facts"]["assignment"] = "0b2f7f3e-0f52-4f2c-9a7f-7b3f9a1b2c3d"
    assert "assign role" not in by_kind(onboarding) and len(sheet(onboarding.told)) == 4
    said = onboarding.words("undo")
    assert "Found there, and not undone here: assign Key Vault Crypto User" in said
    assert "az role assignment delete" not in said


def test_whose_an_assignment_is_is_not_guessed(onboarding: Record) -> None:
    """Where the record does not hold what its name is made of, whose it is cannot be told: it is left to a person."""
    for row in onboarding.of("plan", "03") + onboarding.of("approval", "03"):
        row["plan" if row["event"] == "plan" else "approval"]["seen"] = {}
    entry = by_kind(before_attaching(onboarding))["assign role"]
    assert not entry.commands and "does not say whether this run made it" in entry.follows


def test_what_is_not_known_is_not_undone(onboarding: Record) -> None:
    """A change without a receipt gets no command: it says that it is not known, and what a later look found."""
    onboarding.keep(lambda row: not (row["event"] == "receipt" and row["step"] == "02_key"))
    assert "create key" not in by_kind(onboarding)
    assert "Not known whether it was done." in onboarding.words(
        "undo"
    ) and "it is there. Who made it is not proven." in onboarding.words("undo")
    onboarding.cut_after("about_to", "02")
    assert "Run its step again, or look" in onboarding.words("undo")


def test_the_commands_of_an_onboarding(onboarding: Record) -> None:
    """Before anything is attached: delete the registration, the assignment by its id, the key, the principal; in that order."""
    entries = sheet(before_attaching(onboarding).told)
    assert [entry.change.kind for entry in entries] == list(reversed(UNATTACHED))
    receipts = {row["step"]: row["facts"] for row in onboarding.of("receipt")}
    given = onboarding.rows[0]["parameters"]
    register, role, key, principal = entries
    ekey = receipts["05_register"]["external key"]
    assert [argv(command)[-1] for command in register.commands] == [
        f"https://api.anthropic.com/v1/organizations/external_keys/{ekey}"
    ] * 2
    assert ["GET" in register.commands[0], "DELETE" in register.commands[1]] == [True, True]
    place = f"{receipts['03_rbac']['scope']}/providers/Microsoft.Authorization/roleAssignments/{receipts['03_rbac']['assignment']}"
    assert argv(role.commands[0]) == ["az", "role", "assignment", "delete", "--ids", place]
    assert argv(key.commands[0]) == [
        "az",
        "keyvault",
        "key",
        "delete",
        "--vault-name",
        given["vault_name"],
        "--name",
        given["key_name"],
    ]
    assert argv(principal.commands[0]) == ["az", "ad", "sp", "delete", "--id", receipts["01_consent"]["object ID"]]
    assert not any(entry.never or entry.locks for entry in entries)


def test_the_commands_of_remedies(mending: Record) -> None:
    """Tags and operations go back to what they were; setting, lock and address rules of the run go; purge protection stays."""
    found, given = by_kind(mending), mending.rows[0]["parameters"]
    version = mending.of("receipt", "02")[0]["facts"]["version"]
    put = [
        "az",
        "keyvault",
        "key",
        "set-attributes",
        "--vault-name",
        given["vault_name"],
        "--name",
        given["key_name"],
        "--version",
        version,
    ]
    vault = next(row["facts"]["vault"]["value"]["id"] for row in mending.of("facts"))
    assert argv(found["tag key"].commands[0]) == [*put, "--tags", "owner=security"]
    assert argv(found["narrow key"].commands[0]) == [*put, "--ops", "wrapKey", "unwrapKey", "sign"]
    assert argv(found["add lock"].commands[0]) == [
        "az",
        "lock",
        "delete",
        "--ids",
        f"{mending.of('receipt')[-2]['facts']['scope']}/providers/Microsoft.Authorization/locks/claude-cmek-keep",
    ]
    assert argv(found["add diagnostic setting"].commands[0]) == [
        "az",
        "monitor",
        "diagnostic-settings",
        "delete",
        "--name",
        "claude-cmek-audit",
        "--resource",
        vault,
    ]
    removed = [argv(command) for command in found["let addresses in"].commands]
    assert [words[words.index("--ip-address") + 1] for words in removed] == ["153.61.208.0/20", "160.79.104.0/21"]
    assert {tuple(words[:4]) for words in removed} == {("az", "keyvault", "network-rule", "remove")}
    assert all(given["subscription_id"] in words and given["resource_group"] in words for words in removed)
    assert found["enable purge protection"].never and not found["enable purge protection"].commands


def test_a_key_without_tags_goes_back_to_none(mending: Record) -> None:
    """Where the version had no tags before, the command clears them by az's own way of saying so."""

    def untagged(row: Row) -> None:
        if row["event"] == "facts" and row["facts"].get("key", {}).get("outcome") == "known":
            row["facts"]["key"]["value"]["tags"] = {}

    assert argv(by_kind(mending.edit(untagged))["tag key"].commands[0])[-2:] == ["--tags", ""]


@pytest.mark.parametrize("state", ["attached here", "may be attached", "attached before"])
def test_what_would_lose_data_has_no_command(onboarding: Record, state: str) -> None:
    """Once a workspace has the key, or may have it: no command deletes key or registration, and what locks data is loud."""
    if state == "may be attached":
        onboarding.cut_after("about_to")
    if state == "attached before":
        onboarding.keep(lambda row: row["event"] not in ("about_to", "receipt") or "attach" not in json.dumps(row))
    found = by_kind(onboarding.live())
    for kind in ("create key", "register external key"):
        assert found[kind].never and not found[kind].commands
    for kind in ("assign role", "create service principal"):
        assert found[kind].locks and "cannot read it" in found[kind].follows
    assert "Locks the data that is under the key." in onboarding.words("undo")
    assert all(
        "keyvault key delete" not in block and "DELETE" not in block
        for block in reading.blocks(onboarding.part("undo"), "undo")
    )


def test_what_was_not_read_is_looked_at_first(onboarding: Record) -> None:
    """After 02 alone nobody knows whether a workspace has the key, and the sheet says so before it names a command."""
    entry = by_kind(onboarding.cut_after("step_finished", "02").live())["create key"]
    assert entry.commands and entry.follows.startswith("Whether a workspace has this key was not read in this run")


@pytest.mark.parametrize("shown", [True, False])
def test_a_key_that_a_person_enters_is_taken_for_entered_once_it_was_shown(onboarding: Record, shown: bool) -> None:
    """Claude Enterprise: after the sheet no command deletes the key; before it one does, which says to look first."""

    def enterprise(row: Row) -> None:
        if "parameters" in row:
            row["parameters"]["product"] = "claude_enterprise"

    onboarding.cut_after("step_finished", "03").edit(enterprise)
    if shown:
        sheet_row = {**onboarding.rows[-1], "event": "sheet", "sheet": {"rows": {}, "seen": {}, "world": None}}
        onboarding.rows.append(sheet_row)
    entry = by_kind(onboarding)["create key"]
    assert bool(entry.commands) is not shown
    assert ("Not without losing data" in entry.never) is shown
    assert ("cannot be seen from here; look there first" in entry.follows) is not shown


def test_in_a_rehearsal_a_pasted_command_does_nothing(each: Record) -> None:
    """Each line of each command is a comment, and the sheet says first that there is nothing to undo."""
    part = each.part("undo")
    copied = "\n".join(reading.blocks(part, "undo"))
    assert copied and all(line.startswith("# ") for line in copied.splitlines())
    assert reading.words(part).startswith("Undo sheetREHEARSAL: there is nothing to undo.")


def test_a_shell_runs_what_the_page_shows(onboarding: Record, tmp_path: Path) -> None:
    """Copied out of a live page, each command calls az or curl with these words; the key goes in by standard input only."""
    shown = reading.blocks(before_attaching(onboarding).part("undo"), "undo")
    expected = [command for entry in sheet(onboarding.told) for command in entry.commands]
    assert shown == ["az login \\\n  --tenant 11111111-2222-4333-8444-555555555555", *expected]
    stub = (
        '#!/bin/sh\n{ for word; do printf "%s\\n" "$word"; done; case "$0" in *curl) cat;; esac; echo; } >> "$CALLS"\n'
    )
    for name in ("az", "curl"):
        (tmp_path / name).write_text(stub)
        (tmp_path / name).chmod(0o755)
    calls = tmp_path / "calls"
    environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "CALLS": str(calls), "ANTHROPIC_ADMIN_KEY": "not-a-key"}
    for command in shown:
        subprocess.run(["sh", "-euc", command], check=True, env=environment)
    called = calls.read_text().split("\n\n")[:-1]
    assert len(called) == len(shown)
    assert [one for one in called if one.endswith('header = "x-api-key: not-a-key"')] == called[1:3]
    assert sum(one.count("not-a-key") for one in called) == 2
    assert "--request\nDELETE\n" in called[2] and "--config\n-\n" in called[2]


@pytest.mark.parametrize("value", ["", "a\u202eb", "a\nb", "-x", "@/etc/passwd", "\x1b[2J"])
def test_no_command_is_made_of_what_cannot_be_shown(onboarding: Record, value: str) -> None:
    """An id that is missing, that a page cannot show, or that az would take for an option or a file: by hand, and said."""
    onboarding.of("receipt", "01")[0]["facts"]["object ID"] = value
    entry = by_kind(onboarding)["create service principal"]
    assert not entry.commands and "does not hold what a command needs" in entry.follows


@pytest.mark.parametrize("value", ["a; rm -rf ~", "$(reboot)", "`x`", "a'b\"c", "a b", "*"])
def test_values_stay_one_word(onboarding: Record, value: str) -> None:
    """Whatever an id holds, a shell takes it for one word."""
    onboarding.of("receipt", "01")[0]["facts"]["object ID"] = value
    assert argv(by_kind(onboarding)["create service principal"].commands[0]) == [
        "az",
        "ad",
        "sp",
        "delete",
        "--id",
        value,
    ]


@pytest.mark.parametrize("broken", [None, [], "x", 7])
def test_what_was_before_is_never_guessed(mending: Record, broken: Any) -> None:
    """Without the operations and tags that were read before, no command puts them back."""

    def forgotten(row: Row) -> None:
        if row["event"] == "facts" and row["facts"].get("key", {}).get("outcome") == "known":
            row["facts"]["key"]["value"].update(tags=broken, operations=broken)

    found = by_kind(mending.edit(forgotten))
    assert not found["tag key"].commands and not found["narrow key"].commands


def test_a_kind_that_is_not_known(onboarding: Record) -> None:
    """A change of a kind that this report does not know is an entry without a command."""
    onboarding.of("about_to", "01")[0]["intent"]["change"] = "paint the vault"
    entry = by_kind(onboarding)["paint the vault"]
    assert not entry.commands and "does not know this kind of change" in entry.follows


def test_a_rotation_cannot_be_undone(mending: Record) -> None:
    """It has no command: every version is to stay enabled, and the report says what follows from one more."""
    entry = by_kind(mending)["rotate key"]
    assert entry.never and not entry.commands and "Keep every version enabled" in entry.follows
    assert "A key version can never be removed by itself" in mending.words("permanent")


def test_what_cannot_be_undone(onboarding: Record, mending: Record) -> None:
    """What was done for good is listed with receipt and request; what may have been is named; else that nothing was."""
    rows = reading.table(onboarding.part("permanent"), "Done for good")
    assert [row[2] for row in rows] == ["attached the key, for good"]
    assert rows[0][4] == onboarding.of("receipt")[-1]["request_id"]
    assert "No one can detach the key" in onboarding.words("permanent")
    assert "Purge protection can never be switched off" in mending.words("permanent")
    onboarding.cut_after("about_to")
    assert "May have been done for good." in onboarding.words("permanent")
    assert "No receipt of this run is for something" in onboarding.cut_after("step_finished", "04").words("permanent")
