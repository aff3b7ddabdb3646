"""Remedies without a notebook: planned ahead, and what is for good approved by itself, as a file or in a rehearsal."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from helpers.approval import phrase
from helpers.errors import ApprovalRequired, Refused, WrongUsage
from helpers.headless.approving import approve_file, approve_run
from helpers.headless.planning import WholePlan, plan_all
from helpers.headless.run import approve_as_rehearsal
from helpers.plan import Plan
from helpers.record.ledger import Ledger
from helpers.record.runs import Run
from helpers.rehearsal.state import Lock
from helpers.steps import attach, remedy
from tests.services.rehearsed import given
from tests.steps.mending import ALL, REVERSIBLE, VAULT
from tests.steps.walking import Walk

WORKSPACE = "wrkspc_01REHEARSALCMEK"
PURGE: dict[str, Any] = {"remediate": ["purge_protection"], "workspace": {"id": WORKSPACE}}
ENTERPRISE = {"product": "claude_enterprise", "workspace": None, "external_key_name": None}


def ahead(walk: Walk, **changes: Any) -> WholePlan:
    return plan_all(walk.world.services(**changes), given(**changes))


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, walk_onboarded: Walk) -> Path:
    """Where approvals go, in a world in which purge protection alone is off and the workspace has no key."""
    monkeypatch.setenv("CMEK_HOME", str(tmp_path))
    walk_onboarded.world.state.vaults[VAULT].enable_purge_protection = None
    walk_onboarded.world.state.workspaces[WORKSPACE].external_key_id = None
    return tmp_path


def approved(walk: Walk, **changes: Any) -> tuple[str, list[Any]]:
    """The step of the plan that `approve -f` asks about, with the right phrase given, and all that it shows."""
    shown: list[Any] = []
    services = walk.world.services(**changes)

    def right(wanted: str) -> str:
        plan = next(value for value in reversed(shown) if isinstance(value, Plan))
        assert wanted == phrase(plan, services.world)
        return wanted

    path, digest = approve_file(services, given(**changes), right, tell=shown.append)
    plans = [value for value in shown if isinstance(value, Plan)]
    assert path.stem == digest == plans[-1].digest
    return plans[-1].step, shown


def test_remedies_are_planned_between_03_and_05(broken: Walk) -> None:
    """Asked for, both of their plans stand there, and no request is a write; not asked for, neither does."""
    steps = [plan.step for plan in ahead(broken, **ALL).plans]
    at = steps.index("03_rbac")
    assert steps[at + 1 : at + 4] == [remedy.STEP, remedy.FOR_GOOD, "05_register"]
    assert not {remedy.STEP, remedy.FOR_GOOD} & {plan.step for plan in ahead(broken).plans}
    only = [plan.step for plan in ahead(broken, **PURGE).plans]
    assert remedy.FOR_GOOD in only and remedy.STEP not in only
    assert broken.world.cloud.wrote() == []


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ([], 3),
        (REVERSIBLE, 3),
        (["purge_protection"], 3),
        ([*REVERSIBLE, "purge_protection"], 2),
        (["purge_protection", "diagnostic_settings", "network_rules"], 2),
    ],
)
def test_a_failure_that_a_planned_remedy_mends_does_not_block_the_plan(
    broken: Walk, asked: list[str], code: int
) -> None:
    """Exit 3 as long as one blocking failure is left unmended, else 2; the tag is mended by 02 or by a remedy."""
    whole = ahead(broken, **{**ALL, "remediate": asked})
    assert whole.exit_code == code
    assert {row.check.id for row in whole.verdicts.blocking_failures} == {"V06", "V09", "V35"}


def test_a_remedy_that_is_refused_blocks_the_plan(broken: Walk) -> None:
    """What cannot be mended under a ReadOnly lock counts as not mended: exit 3, and nothing is called planned."""
    broken.world.state.locks["frozen"] = Lock(scope="/subscriptions/" + given().subscription_id, level="ReadOnly")
    whole = ahead(broken, **ALL)
    assert whole.exit_code == 3 and remedy.mended(whole.plans) == {"V30"}


def test_remedies_with_nothing_to_mend_leave_the_plan_at_0(walk_onboarded: Walk) -> None:
    """All that is asked for is right already: every plan keeps, and `plan` exits 0."""
    whole = ahead(walk_onboarded, **ALL)
    assert all(plan.nothing_to_do for plan in whole.plans) and whole.exit_code == 0


def test_what_is_for_good_in_04_is_approved_before_the_attaching(walk_onboarded: Walk, home: Path) -> None:
    """`approve -f` asks about purge protection first; once that is done, about the attaching. Each file does its one."""
    walk = walk_onboarded
    step, shown = approved(walk, **PURGE)
    assert step == remedy.FOR_GOOD and [type(value).__name__ for value in shown] == ["Plan"]
    walk.verify(**PURGE)
    assert walk.world.cloud.wrote() == ["Vaults_Update"]
    step, shown = approved(walk, **PURGE)
    assert step == attach.STEP and [type(value).__name__ for value in shown] == ["Plan", "Verdicts", "Plan"]
    walk.register(typed="", **PURGE)
    assert walk.world.cloud.wrote() == ["Vaults_Update", "workspace update"]
    with pytest.raises(WrongUsage, match="nothing to approve"):
        approved(walk, **PURGE)


def test_without_the_remedy_the_attaching_is_what_is_approved(walk_onboarded: Walk, home: Path) -> None:
    """Purge protection is off and nobody asked to mend it: the gate refuses, and no remedy is offered for approval."""
    with pytest.raises(Refused, match="blocking checks do not pass: V06"):
        approved(walk_onboarded, workspace={"id": WORKSPACE})
    assert not (home / "approvals").exists()


def test_a_remedy_that_would_be_refused_is_not_approved(walk_onboarded: Walk, home: Path) -> None:
    """Under a ReadOnly lock there is nothing to sign for, and the attaching does not come in its place."""
    walk_onboarded.world.state.locks["frozen"] = Lock(scope=given().vault_id, level="ReadOnly")
    with pytest.raises(Refused, match="purge_protection: a ReadOnly lock"):
        approved(walk_onboarded, **PURGE)
    assert not (home / "approvals").exists()


def test_an_approval_of_the_one_never_counts_for_the_other(walk_onboarded: Walk, home: Path) -> None:
    """Either file, also under the name of the other: what it was not made for stays undone."""
    walk, vault = walk_onboarded, walk_onboarded.world.state.vaults[VAULT]
    vault.enable_purge_protection = True
    approved(walk, **PURGE)
    vault.enable_purge_protection = None
    (of_attaching,) = (home / "approvals").iterdir()
    planned = remedy.intended(given(**PURGE))
    assert planned is not None
    of_remedy = of_attaching.with_name(f"{planned.digest}.json")
    for _ in range(2):
        with pytest.raises(ApprovalRequired):
            walk.verify(**PURGE)
        shutil.copy(of_attaching, of_remedy)
    assert walk.world.cloud.wrote() == [] and vault.enable_purge_protection is None
    approved(walk, **PURGE)
    walk.verify(**PURGE)
    of_attaching.unlink()
    for _ in range(2):
        with pytest.raises(ApprovalRequired):
            walk.register(typed="", **PURGE)
        shutil.copy(of_remedy, of_attaching)
    assert walk.world.cloud.wrote() == ["Vaults_Update"]


def stopped(walk: Walk, **changes: Any) -> Run:
    """A run of 04 that stopped for an approval."""
    run = Run(walk.folder)
    started = Ledger(run.ledger, run.id, "run", walk.world.services().clock.now)
    said = given(**changes).model_dump(mode="json")
    started.write("run_started", cloud="rehearsal", world=walk.world.world.id, parameters=said)
    with pytest.raises(ApprovalRequired):
        walk.verify(**changes)
    return run


def approve(walk: Walk, run: Run) -> str:
    """`approve RUN` with the phrase it asks for: the digest."""
    return approve_run(run, lambda _: walk.world.services(**PURGE), lambda wanted: wanted, tell=walk.show)[1]


def test_what_a_run_stopped_at_in_04_is_approved_and_then_done(walk_onboarded: Walk, home: Path) -> None:
    """`approve RUN` approves purge protection, the next run does it, and then there is nothing left to approve."""
    walk = walk_onboarded
    run = stopped(walk, **PURGE)
    planned = [row["plan"]["digest"] for row in walk.rows() if row["event"] == "plan"]
    assert approve(walk, run) == planned[-1]
    walk.verify(**PURGE)
    assert walk.world.cloud.wrote() == ["Vaults_Update"]
    with pytest.raises(WrongUsage, match="what is there now is not what"):
        approve(walk, run)


def test_a_run_that_saw_other_days_is_not_approved(walk_onboarded: Walk, home: Path) -> None:
    """The retention days are another number by now: what the run stopped at is not what would be signed for."""
    run = stopped(walk_onboarded, **PURGE)
    walk_onboarded.world.state.vaults[VAULT].soft_delete_retention_in_days = 7
    with pytest.raises(WrongUsage, match="what is there now is not what"):
        approve(walk_onboarded, run)
    assert not (home / "approvals").exists()


def test_a_run_that_stopped_at_what_can_be_undone_is_not_approved(walk_onboarded: Walk, home: Path) -> None:
    """mode: plan and a lock that is missing: there is nothing permanent to approve in that run."""
    walk_onboarded.world.state.locks.clear()
    run = stopped(walk_onboarded, **{**PURGE, "remediate": ["delete_lock", "purge_protection"], "mode": "plan"})
    with pytest.raises(WrongUsage, match="did not stop at a permanent change"):
        approve(walk_onboarded, run)


def test_a_permanent_plan_of_an_unknown_step_is_not_approved(walk_onboarded: Walk, home: Path) -> None:
    """A ledger that names a permanent plan this suite does not make: told, and nothing is planned in its place."""
    run = stopped(walk_onboarded, **PURGE)
    last = [row["plan"] for row in walk_onboarded.rows() if row["event"] == "plan"][-1]
    Ledger(run.ledger, run.id, "run", walk_onboarded.world.services().clock.now).write(
        "plan", plan={**last, "step": "06_later"}
    )
    with pytest.raises(WrongUsage, match="06_later"):
        approve(walk_onboarded, run)


@pytest.mark.parametrize("changes", [{}, ENTERPRISE], ids=["platform", "enterprise"])
@pytest.mark.parametrize("asked", [[], ["purge_protection"]], ids=["unasked", "asked"])
def test_a_rehearsal_approves_each_of_what_is_for_good(
    walk_onboarded: Walk, home: Path, changes: dict[str, Any], asked: list[str]
) -> None:
    """One file for purge protection where it was asked for, one for the attaching where this suite attaches."""
    walk, parameters = walk_onboarded, given(**{**PURGE, **changes, "remediate": asked})
    files = approve_as_rehearsal(walk.world.services(), parameters, Run(walk.folder))
    planned = [remedy.intended(parameters), None if changes else attach.intended(parameters)]
    assert [file.stem for file in files] == [plan.digest for plan in planned if plan is not None]
    assert len(files) == len(asked) + (0 if changes else 1)


def test_a_rehearsal_goes_through_both(walk_onboarded: Walk, home: Path) -> None:
    """Approved as nobody beforehand, purge protection is switched on in 04 and the key attached in 05."""
    walk = walk_onboarded
    approve_as_rehearsal(walk.world.services(), given(**PURGE), Run(walk.folder))
    walk.verify(**PURGE)
    walk.register(typed="", **PURGE)
    assert walk.world.cloud.wrote() == ["Vaults_Update", "workspace update"]
    assert [row["approval"]["how"] for row in walk.rows() if row["event"] == "approval"].count("rehearsal") == 2
