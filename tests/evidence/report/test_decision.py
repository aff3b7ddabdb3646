"""The decision in plain words, whatever became of the run; and what is not known said as that."""

from __future__ import annotations

import pytest

from helpers.evidence.report import steps
from helpers.headless import notebooks
from tests.evidence.report import reading
from tests.evidence.report.editing import Record, Row


def attaching(row: Row) -> bool:
    return bool(row["event"] == "receipt" and "attached" in row["what"])


def result(record: Record) -> str:
    """What stands in the box."""
    box = record.part("decision").find(class_="result")
    assert box is not None
    return reading.words(box)


def test_attached(onboarding: Record) -> None:
    """Which workspace, which key in which vault, that it is for good, by whom, when, by which request; read again."""
    receipt = onboarding.of("receipt")[-1]
    said = result(onboarding)
    assert said.startswith("Attached, for good. Workspace " + receipt["facts"]["workspace"])
    assert "(contoso-cmek) was put under the key claude-cmek in the vault kv-contoso-claude." in said
    assert "Read again afterwards, the workspace shows the key." in said and "exit code 0" in said
    told = dict(reading.table(onboarding.part("decision"), "The decision"))
    assert told["Attached by"] == f"service principal {receipt['actor']}"
    assert told["Attached on"] == f"{receipt['at']} request id {receipt['request_id']}"
    assert told["Anthropic's validation"].startswith("success")
    assert onboarding.of("receipt", "02")[0]["facts"]["version"] in told["Key"]


def test_attached_and_not_read_again(onboarding: Record) -> None:
    """Where the record ends with the receipt, that nobody looked afterwards is said, and that it is not complete."""
    said = result(onboarding.cut_after("receipt"))
    assert said.startswith("Attached, for good.") and "was not read afterwards" in said and "NOT COMPLETE." in said


def test_a_receipt_that_what_was_read_does_not_confirm(onboarding: Record) -> None:
    """Where the workspace that was read afterwards has no key, the report does not say that it shows one."""

    def without_key(row: Row) -> None:
        for workspace in row.get("facts", {}).get("workspaces", {}).get("value", []) if row["event"] == "facts" else []:
            workspace["external_key_id"] = None

    assert "was not read afterwards" in result(onboarding.edit(without_key))


@pytest.mark.parametrize("step", ["01_consent", "02_key", "03_rbac", "04_verify"])
def test_not_attached(onboarding: Record, step: str) -> None:
    """A run that ends before 05 says so, and that nobody looked whether a workspace has the key."""
    said = result(onboarding.cut_after("step_finished", step))
    assert (
        said.startswith("NOT attached by this run.") and "was not read in this run" in said and "NOT COMPLETE." in said
    )


def test_not_attached_as_was_read(onboarding: Record) -> None:
    """A run that read the workspaces and stopped before attaching says that none had the key."""
    said = result(onboarding.cut_after("approval"))
    assert said.startswith("NOT attached.") and "none had it" in said
    assert ["Workspace", "none, as last read"] in reading.table(onboarding.part("decision"), "The decision")


def test_killed_while_attaching(onboarding: Record) -> None:
    """An attach without a receipt is not known, in words, with the sentence that was approved."""
    onboarding.cut_after("about_to")
    assert result(onboarding).startswith("NOT KNOWN whether attached. A request to attach the key claude-cmek")
    told = dict(reading.table(onboarding.part("decision"), "The decision"))
    assert told["Workspace"] == "not known" and told["Attached by"].startswith("not proven; about to do it was service")
    assert "What follows, if the key was attached:" in onboarding.words("permanent")
    assert f"No receipt. On {onboarding.rows[-1]['t']}" in onboarding.words("decision")
    assert "Nothing later in this record says whether it took effect." in onboarding.words("decision")


def test_killed_while_attaching_and_looked_at_later(onboarding: Record) -> None:
    """Where a later look found the workspace with the key, it is attached, and that there is no receipt is said."""
    onboarding.keep(lambda row: not attaching(row))
    assert result(onboarding).startswith("Attached, for good.") and "no receipt is recorded" in result(onboarding)
    assert "had nothing left to do: workspace wrkspc_" in onboarding.words("decision")
    assert ["Attached on", "no receipt says so"] in reading.table(onboarding.part("decision"), "The decision")


def test_attached_before(onboarding: Record) -> None:
    """A run that only found the key attached says that it attached nothing."""
    onboarding.keep(lambda row: row["event"] not in ("about_to", "receipt") and not _before_attaching(onboarding, row))
    assert result(onboarding).startswith("Attached already.") and "this run attached nothing" in result(onboarding)


def _before_attaching(record: Record, row: Row) -> bool:
    """Whether a line of facts is older than the attaching."""
    return bool(row["event"] == "facts" and row["t"] < record.of("receipt")[-1]["t"])


def test_claude_enterprise(onboarding: Record) -> None:
    """The key that is entered by hand in claude.ai is never called attached or not."""

    def enterprise(row: Row) -> None:
        if "parameters" in row:
            row["parameters"]["product"] = "claude_enterprise"

    said = result(onboarding.cut_after("step_finished", "04").edit(enterprise))
    assert said.startswith("NOT KNOWN whether in use.") and "entered by hand in claude.ai" in said


@pytest.mark.parametrize(
    ("code", "meant"), [(1, "failed"), (3, "stood in the way"), (4, "could not be read"), (77, "no words")]
)
def test_how_it_ended(onboarding: Record, code: int, meant: str) -> None:
    """The exit code is told with what it means."""
    onboarding.rows[-1]["exit_code"] = code
    assert f"with exit code {code}: " in result(onboarding) and meant in result(onboarding)


def test_a_step_that_stopped_and_was_run_again(onboarding: Record) -> None:
    """How it ended is how it ended last; that it stopped before, and why, is told beside it."""
    at = next(n for n, row in enumerate(onboarding.rows) if row["event"] == "identity" and row["step"] == "02_key")
    first, *_ = onboarding.of("identity", "02_key")
    stop = {
        **first,
        "event": "stopped",
        "error": "Refused",
        "exit_code": 3,
        "lines": ["the vault is not there", "Next: look"],
    }
    onboarding.rows[at:at] = [{**first, "t": "2026-11-23T08:00:00.000Z"}, {**stop, "t": "2026-11-23T08:01:00.000Z"}]
    row = next(row for row in reading.table(onboarding.part("steps"), "Steps") if row[0] == "02_key")
    assert row[1].startswith("2026-11-23T08:00:00.000Z 2026-11-23T09:")
    assert row[3].startswith("finished on") and "Before that it stopped on 2026-11-23T08:01:00.000Z: Refused" in row[3]
    onboarding.rows = [*onboarding.rows[: at + 2]]
    row = next(row for row in reading.table(onboarding.part("steps"), "Steps") if row[0] == "02_key")
    assert row[3].startswith("STOPPED on") and "the vault is not there" in row[3]


def test_the_steps_are_those_that_are_run() -> None:
    """Each notebook of an onboarding is named, in the order in which a run executes them."""
    assert steps.STEPS == notebooks.STEPS


def test_a_step_that_was_killed(onboarding: Record) -> None:
    """A step without an end is not finished, and those that were never begun are named."""
    rows = {row[0]: row for row in reading.table(onboarding.cut_after("about_to", "02").part("steps"), "Steps")}
    assert rows["02_key"][3].startswith("NOT FINISHED") and rows["05_register"][1:] == [
        "never",
        "nobody",
        "not begun in this run",
    ]


def test_a_step_that_was_killed_the_second_time(onboarding: Record) -> None:
    """That it finished once does not count for the time it was begun again; nor do the receipts of that time."""
    again = {**onboarding.of("identity", "02_key")[0], "t": "2026-11-23T10:00:00.000Z"}
    onboarding.rows[-1:] = [again]
    row = next(row for row in reading.table(onboarding.part("steps"), "Steps") if row[0] == "02_key")
    assert row[3] == "NOT FINISHED: the record of it ends on 2026-11-23T10:00:00.000Z with “identity”"
    finished = {**onboarding.of("step_finished", "02_key")[0], "t": "2026-11-23T10:00:01.000Z"}
    onboarding.rows.append(finished)
    row = next(row for row in reading.table(onboarding.part("steps"), "Steps") if row[0] == "02_key")
    assert row[3] == "finished on 2026-11-23T10:00:01.000Z; nothing was changed"


def test_two_people(onboarding: Record) -> None:
    """A run that somebody else went on with names each with their steps, both beginnings, and what differed."""
    other = "b0000000-0000-4000-8000-000000000002"

    def handed_over(row: Row) -> None:
        if row["step"] in ("03_rbac", "04_verify", "05_register"):
            row["actor"] = other
            if row["event"] == "identity":
                row["object_id"], row["kind"] = other, "user"

    first = onboarding.rows[0]
    at = next(n for n, row in enumerate(onboarding.rows) if row["step"] == "03_rbac")
    went_on = {**first, "event": "run_continued", "actor": other, "t": "2026-11-24T10:00:00.000Z"}
    onboarding.edit(handed_over)
    onboarding.rows.insert(at, {**went_on, "parameters": {**first["parameters"], "credential": "browser"}})
    told = dict(reading.table(onboarding.part("decision"), "The decision"))
    assert told["Attached by"] == f"user {other}"
    assert told["Begun on"] == f"{first['t']} by {first['actor']} 2026-11-24T10:00:00.000Z by {other}"
    assert (
        f"user {other} of tenant {first['parameters']['tenant_id']}: 03_rbac, 04_verify, 05_register"
        in told["Signed in during the run"]
    )
    steps = {row[0]: row[2] for row in reading.table(onboarding.part("steps"), "Steps")}
    assert steps["02_key"] == first["actor"] and steps["03_rbac"] == other
    given = {row[0]: row[1] for row in reading.table(onboarding.part("appendix"), "Parameters")}
    assert given["credential"] == f"{first['t']}: environment 2026-11-24T10:00:00.000Z: browser"
    assert given["mode"] == "apply"
