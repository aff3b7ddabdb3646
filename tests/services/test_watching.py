"""Watching in the rehearsal: what goes wrong after the onboarding, told by a check that has an earlier one to go by."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from helpers.headless.checking import Checked
from helpers.headless.watching import NO_EARLIER, Target, check_target
from helpers.record import ledger
from helpers.record.secrets import Sought
from helpers.rehearsal.state import Key, NetworkAcls
from tests.services.faults import status
from tests.services.rehearsed import Rehearsed, given

OLD, NEW = "0123456789abcdef0123456789abcdef", "fedcba9876543210fedcba9876543210"
TAG = "anthropic-org-33333333-4444-4555-8666-777777777777"
ROLE = "66666666-7777-4888-8999-aaaaaaaaaaaa"
VALIDATION = ("V46", "pass", "fail")


def key(world: Rehearsed) -> Key:
    return world.state.vaults["kv-contoso-claude"].keys["claude-cmek"]


def rotate(world: Rehearsed, **changes: Any) -> None:
    """A new version like the current one, but for what is given."""
    key(world).versions[NEW] = key(world).current[1].model_copy(update={"created": world.world.now(), **changes})


def rotated_and_old_off(world: Rehearsed) -> None:
    rotate(world)
    key(world).versions[OLD].enabled = False


def replaced(world: Rehearsed) -> None:
    rotate(world)
    del key(world).versions[OLD]


def close_firewall(world: Rehearsed) -> None:
    """For everybody but this machine."""
    world.state.vaults["kv-contoso-claude"].network_acls = NetworkAcls(default_action="Deny", ip_rules=["203.0.113.7"])


def take_reading_away(world: Rehearsed) -> None:
    """The operator's role in the vault, and its right to read policies."""
    world.state.role_assignments.pop("c0000000-0000-4000-8000-000000000002")
    permissions = world.state.identities["operator"].graph_permissions
    world.state.identities["operator"].graph_permissions = [row for row in permissions if row != "Policy.Read.All"]


def set_tags(world: Rehearsed, **tags: str) -> None:
    key(world).versions[OLD].tags = tags


def set_workspace(world: Rehearsed, **changes: Any) -> None:
    for name, value in changes.items():
        setattr(world.state.workspaces["wrkspc_01REHEARSALCMEK"], name, value)


@dataclass(frozen=True)
class Case:
    """What happens, which verdicts it changes, how they are grouped, the exit code, and words of how to mend it."""

    happens: Callable[[Rehearsed], Any]
    verdicts: set[tuple[str, str, str]]
    groups: dict[str, str]
    exit_code: int
    mend: str
    facts: set[str] = field(default_factory=set)
    sentence: str = ""


V29 = ("V29", "pass", "fail")
OF_THE_KEY = ("V10", "V21", "V22", "V23", "V24", "V24b", "V25", "V26", "V28", "V29", "V30", "V36", "V38")
UNREAD = {(number, "pass", "unknown") for number in (*OF_THE_KEY, "V19")}
CASES = {
    "rotated with the tag": Case(
        rotate,
        {V29},
        {"V29": "hygiene"},
        0,
        "If each of them was meant (a rotation)",
        sentence="carries the organization tag.",
    ),
    "rotated without the tag": Case(
        lambda world: rotate(world, tags={}),
        {V29, ("V30", "pass", "fail"), VALIDATION},
        {"V29": "hygiene", "V30": "use", "V46": "use"},
        3,
        "Run 02_key",
        sentence=f"validation by Anthropic fails until 02_key has added {TAG}=true.",
    ),
    "rotated, and the old version disabled": Case(
        rotated_and_old_off,
        {V29, ("V28", "pass", "fail")},
        {"V28": "use", "V29": "hygiene"},
        3,
        "Enable them: data is still encrypted under them.",
        {f"versions[{OLD}].enabled"},
        f"Older versions that are not enabled: {OLD}.",
    ),
    "the expiry has come near": Case(
        lambda world: setattr(key(world).versions[OLD], "expires", world.world.now() + timedelta(days=10)),
        {("V26", "pass", "fail")},
        {"V26": "use"},
        0,
        "Rotate the key before that day (rotate names this version; 02 tags the new version)",
        {"key.expires"},
    ),
    "the firewall was closed": Case(
        close_firewall,
        {("V09", "pass", "fail"), ("V09b", "pass", "fail"), VALIDATION},
        {"V09": "use", "V09b": "use", "V46": "use"},
        3,
        "--ip-address 160.79.104.0/21",
        {"vault.network.default_action", "vault.network.ip_rules", "vault.network.bypass"},
    ),
    "the role was removed": Case(
        lambda world: world.state.role_assignments.pop(ROLE),
        {("V31", "pass", "fail"), ("V32", "pass", "fail"), VALIDATION},
        {"V31": "use", "V32": "use", "V46": "use"},
        3,
        "Run 03_rbac.",
        {f"assignments[{ROLE}]"},
    ),
    "the tags were overwritten": Case(
        lambda world: set_tags(world, cost="7"),
        {("V30", "pass", "fail"), VALIDATION},
        {"V30": "use", "V46": "use"},
        3,
        "Run 02_key",
        {f"key.tags.{TAG}", "key.tags.cost"},
    ),
    "a tag of somebody else's was added": Case(
        lambda world: set_tags(world, **{TAG: "true", "cost": "7"}), set(), {}, 0, "", {"key.tags.cost"}
    ),
    "the lock was removed": Case(
        lambda world: world.state.locks.clear(),
        {("V13", "pass", "fail")},
        {"V13": "safety"},
        0,
        "remediate: [delete_lock]",
        {"locks[keep-the-vault]"},
    ),
    "the diagnostic setting was deleted": Case(
        lambda world: world.state.diagnostic_settings.clear(),
        {("V35", "pass", "fail")},
        {"V35": "hygiene"},
        3,
        "remediate: [diagnostic_settings]",
        {"diagnostics[to-log-analytics]"},
    ),
    "the workspace has no key any more": Case(
        lambda world: set_workspace(world, external_key_id=None),
        {("V40", "pass", "fail"), ("V47", "pass", "fail")},
        {"V40": "hygiene", "V47": "use"},
        3,
        "Look at the workspace in the Claude Console.",
        {"workspaces[wrkspc_01REHEARSALCMEK].external_key_id", "external_keys[ekey_01REHEARSALONBOARDED].attached"},
    ),
    "the workspace has another key": Case(
        lambda world: set_workspace(world, external_key_id="ekey_01OTHER"),
        {("V40", "pass", "fail"), ("V47", "pass", "fail")},
        {"V40": "hygiene", "V47": "use"},
        3,
        "Look at the workspace in the Claude Console.",
        {"workspaces[wrkspc_01REHEARSALCMEK].external_key_id", "external_keys[ekey_01REHEARSALONBOARDED].attached"},
    ),
    "the workspace was archived": Case(
        lambda world: set_workspace(world, archived=world.world.now()),
        {("V47", "pass", "fail")},
        {"V47": "use"},
        3,
        "Look at the workspace in the Claude Console.",
        {"workspaces[wrkspc_01REHEARSALCMEK].archived"},
    ),
    "the operator may not read any more": Case(
        take_reading_away,
        {*UNREAD, ("V27", "pass", "accepted")},
        {"V19": "use", "V21": "use", "V24b": "safety", "V29": "hygiene", "V27": "hygiene"},
        4,
        "Reading it takes Key Vault Reader on the vault.",
        {"key", "probe", "conditional_access", "at_key[c0000000-0000-4000-8000-000000000002]"},
    ),
    "the key was replaced by another": Case(
        replaced,
        set(),
        {},
        3,
        "restore it from a backup",
        {f"versions[{OLD}]", f"versions[{NEW}]", "key.version", "key.created"},
    ),
    "nothing": Case(lambda world: None, set(), {}, 0, ""),
}


@pytest.fixture
def home(tmp_path: Path, onboarded: Rehearsed, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for runs, in an onboarded world that can be changed."""
    monkeypatch.setenv("CMEK_HOME", str(tmp_path))
    return tmp_path


def watch(**changes: Any) -> Target:
    """A check against the last one."""
    return check_target("onboarded.yaml", given(**changes), baseline="last", say=print)


def done(target: Target) -> Checked:
    assert target.checked is not None, target.error
    return target.checked


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_what_happened_is_told_with_its_effect_and_how_to_mend_it(home: Path, onboarded: Rehearsed, case: Case) -> None:
    """Exactly these verdicts change, in these groups; these facts are named; the exit code follows the checks."""
    first = watch()
    assert (first.exit_code, done(first).phase, first.notes) == (0, "watch", (NO_EARLIER,))
    with onboarded.world.lock:
        case.happens(onboarded)
    second = watch()
    drift = done(second).drift
    assert drift is not None and drift.run == first.run
    assert {(number, was, now) for number, (was, now) in drift.verdicts.items()} == case.verdicts
    groups = {number: row.group for row in drift.rows if row.kind == "check" for number in row.checks}
    assert set(groups) == {number for number, _, _ in case.verdicts} and case.groups.items() <= groups.items()
    assert {
        row.what for row in drift.rows if row.kind == "fact" and not row.what.startswith("validation")
    } == case.facts
    assert not case.mend or any(case.mend in row.mend for row in drift.rows)
    told = " ".join(drift.rotation.sentences) if drift.rotation else ""
    assert case.sentence in told and bool(told) == bool(case.sentence)
    assert second.exit_code == done(second).exit_code == case.exit_code
    assert onboarded.cloud.wrote() == []
    if case == CASES["nothing"]:
        assert drift.view().heading == f"Nothing changed since {first.run} of 2026-11-23 09:00 UTC"


def test_what_was_mended_is_told_as_better(home: Path, onboarded: Rehearsed) -> None:
    """The day after, the check that failed passes, and that is said too."""
    locks = dict(onboarded.state.locks)
    onboarded.state.locks.clear()
    watch()
    onboarded.state.locks.update(locks)
    drift = done(watch()).drift
    assert drift is not None
    assert [(row.group, row.kind, row.what.split(" ")[0]) for row in drift.rows] == [
        ("better", "check", "V13"),
        ("better", "fact", "locks[keep-the-vault]"),
    ]


def test_time_alone_brings_the_expiry_near(home: Path, onboarded: Rehearsed) -> None:
    """No fact differs, and the warning is drift all the same; it does not change the exit code."""
    key(onboarded).versions[OLD].expires = onboarded.world.now() + timedelta(days=40)
    watch()
    onboarded.world.clock.advance(15 * 86400)
    target = watch()
    drift = done(target).drift
    assert drift is not None and target.exit_code == 0
    assert [(row.group, row.checks) for row in drift.rows] == [("use", ("V26",))]


def test_a_deviation_that_has_ended_counts_again_and_is_not_wrong_usage(home: Path, onboarded: Rehearsed) -> None:
    """The check goes on, the check that it covered fails, and that is drift."""
    onboarded.state.locks.clear()
    deviation = {"check": "V13", "owner": "Ann", "reason": "moved", "expires": "2026-12-01"}
    watch(accepted_deviations=[deviation])
    onboarded.world.clock.advance(10 * 86400)
    drift = done(watch(accepted_deviations=[deviation])).drift
    assert drift is not None and drift.verdicts["V13"] == ("accepted", "fail")
    row = next(row for row in drift.rows if row.checks == ("V13",))
    assert row.means.endswith("It was accepted, and that no longer counts.")


def test_without_an_admin_key_only_azure_is_watched(home: Path, onboarded: Rehearsed, monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    """One line says why, no request goes to the Admin API, and what was judged before and is not now is named."""
    watch()
    onboarded.cloud.journal.clear()
    monkeypatch.delenv("ANTHROPIC_ADMIN_KEY")
    target = watch()
    checked = done(target)
    assert (checked.phase, target.exit_code) == ("azure", 0)
    assert (
        checked.not_asked == "The Admin API was not asked: admin_key: env:ANTHROPIC_ADMIN_KEY: there is nothing there"
    )
    assert not [row for row in onboarded.cloud.journal.rows() if row["host"] == "api.anthropic.com"]
    drift = checked.drift
    assert drift is not None and drift.is_none
    assert drift.notes == (
        "Judged then and not now: V37, V39, V40, V45, V46, V47.",
        "Looked at then and not now: organization, admin_url, external_keys, workspaces, validation.",
    )
    registration = {row["id"]: row["verdict"] for row in checked.verdicts.view().data["checks"]}
    assert registration["V46"] == registration["V39"] == "not applicable"


def test_an_admin_key_that_is_refused_is_unknown_and_not_left_out(home: Path, onboarded: Rehearsed) -> None:
    """It was attached, so it is judged as attached: what the Admin API no longer says is unknown, exit 4."""
    watch()
    for operation in ("organization retrieve", "external key list", "workspace list"):
        onboarded.cloud.before(operation, status(401, "authentication_error"))
    target = watch()
    drift = done(target).drift
    assert (done(target).phase, target.exit_code) == ("watch", 4)
    assert drift is not None and {drift.verdicts[number] for number in ("V37", "V39", "V40", "V46", "V47")} == {("pass", "unknown")}  # fmt: skip
    assert {"organization", "external_keys", "workspaces"} <= {row.what for row in drift.rows if row.kind == "fact"}


def test_the_phase_follows_what_is_there(home: Path, onboarded: Rehearsed) -> None:
    """Enterprise is Azure alone; a workspace without our key, and no earlier look at it with one, is before the gate."""
    enterprise = done(watch(product="claude_enterprise", workspace=None))
    assert (enterprise.phase, enterprise.not_asked) == (
        "azure",
        "The Admin API was not asked: a key for Claude Enterprise is not in it",
    )
    elsewhere = done(watch(workspace={"create": "another"}))
    assert elsewhere.phase == "gate" and elsewhere.verdicts.view().data["phase"] == "gate"
    onboarded.state.external_keys.clear()
    onboarded.state.workspaces.pop("wrkspc_01REHEARSALCMEK")
    unregistered = done(watch(workspace={"create": "another"}))
    assert unregistered.phase == "gate" and onboarded.cloud.asked("external key validate") == 1
    assert unregistered.exit_code == 3


def test_a_key_that_is_registered_twice_is_not_validated(home: Path, onboarded: Rehearsed) -> None:
    """Which of the two counts is for a person to say: no validation is asked for, and the check of one key fails."""
    twice = onboarded.state.external_keys["ekey_01REHEARSALONBOARDED"].model_copy()
    onboarded.state.external_keys["ekey_01AGAIN"] = twice
    target = watch()
    verdicts = {row["id"]: row["verdict"] for row in done(target).verdicts.view().data["checks"]}
    assert (verdicts["V39"], verdicts["V46"], target.exit_code) == ("fail", "fail", 3)
    assert onboarded.cloud.asked("external key validate") == 0


def test_a_clean_check_asks_little_and_leaves_a_record(home: Path, onboarded: Rehearsed) -> None:
    """Nothing is asked twice, one trial and one validation are made; the run folder is all that is written."""
    target = watch()
    asked = [row["operation"] for row in onboarded.cloud.journal.rows() if row["status"] == 200]
    twice = {name for name in asked if asked.count(name) > 1}
    assert twice <= {"token", "openid-configuration", "RoleAssignments_ListForScope", "workspace list"}
    assert [asked.count(name) for name in ("wrapKey", "unwrapKey", "external key validate")] == [1, 1, 1]
    assert len(onboarded.cloud.journal.rows()) <= 35
    assert [str(path.relative_to(home)) for path in home.rglob("*") if path.is_file()] == [
        f"runs/{target.run}/ledger.jsonl"
    ]
    rows = ledger.read(home / "runs" / str(target.run) / "ledger.jsonl")
    assert [row["event"] for row in rows] == ["run_started", "identity", "facts", "verdicts", "run_finished"]
    assert {row["step"] for row in rows} == {"check"}
    assert rows[2]["facts"] == done(target).facts.view().data
    assert rows[3]["verdicts"] == done(target).verdicts.view().data
    assert (rows[4]["exit_code"], rows[4]["drift"]) == (0, None)


def test_a_target_that_cannot_be_signed_in_to_is_told_and_recorded(home: Path, onboarded: Rehearsed, monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    """It is failed with its error, in the Target and in the ledger, and is no baseline for the next one."""
    with monkeypatch.context() as changed:
        changed.setenv("AZURE_CLIENT_SECRET", "wrong")
        target = watch()
    assert target.exit_code == 1 and target.error[0].startswith("signing in to Azure did not work")
    rows = ledger.read(home / "runs" / str(target.run) / "ledger.jsonl")
    assert [row["event"] for row in rows] == ["run_started", "stopped", "run_finished"]
    assert tuple(rows[1]["lines"]) == target.error
    assert watch().notes == (NO_EARLIER,)


def test_a_secret_in_use_is_in_no_line_of_a_check(home: Path, onboarded: Rehearsed) -> None:
    """One that looks like nothing, found in a tag: the line is not written, and the record says that and why."""
    secret = os.environ["AZURE_CLIENT_SECRET"]
    assert not Sought.of(()).kinds(secret)
    set_tags(onboarded, **key(onboarded).versions[OLD].tags, note=secret)
    target = watch()
    assert target.exit_code == 1 and "would have held a secret in use" in target.error[0]
    text = (home / "runs" / str(target.run) / "ledger.jsonl").read_text()
    assert secret not in text and '"event": "stopped"' in text


def test_a_secret_of_the_environment_is_in_no_line_of_a_check_that_could_not_begin(
    home: Path, onboarded: Rehearsed
) -> None:
    """The error that kept it from connecting holds it: it is not written, and that is told."""
    secret = os.environ["AZURE_CLIENT_SECRET"]
    with mock.patch("helpers.headless.watching.connect", side_effect=RuntimeError(f"no {secret} here")):
        target = watch()
    assert "could not be recorded" in target.error[-1]
    assert secret not in (home / "runs" / str(target.run) / "ledger.jsonl").read_text()


def test_a_fault_of_the_suite_is_one_target_s_trouble(home: Path, onboarded: Rehearsed) -> None:
    """Whatever is raised is told as a fault of the suite, exit 1, and not thrown at the other targets."""
    with mock.patch("helpers.headless.checking.judge", side_effect=KeyError("oops")):
        target = watch()
    assert target.exit_code == 1 and target.error[0] == "KeyError: 'oops'"
    assert "fault of the suite" in target.error[1]


def test_an_interrupted_check_says_so_in_its_record(home: Path, onboarded: Rehearsed) -> None:
    """Ctrl-C stops everything, and the ledger ends with it."""
    with mock.patch("helpers.headless.checking.judge", side_effect=KeyboardInterrupt), pytest.raises(KeyboardInterrupt):
        watch()
    (run,) = (home / "runs").iterdir()
    rows = ledger.read(run / "ledger.jsonl")
    assert [row["event"] for row in rows][-2:] == ["stopped", "run_finished"] and rows[-1]["exit_code"] == 130
