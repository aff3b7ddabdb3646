"""Looking around in a served world: what is listed, what could not be, and that nothing is written anywhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from helpers.display import text
from helpers.errors import RunbookError, WrongUsage
from helpers.guided import looking
from helpers.guided.offers import Choices
from helpers.model import Known, Unknown
from helpers.services.subscriptions import Subscriptions
from tests.guided.conftest import Look
from tests.services.faults import changed, status
from tests.services.rehearsed import GIVEN, Rehearsed

LITTLE = {name: GIVEN[name] for name in ("cloud", "credential", "tenant_id")}
OTHER = "55555555-3333-4444-8555-666666666666"


def fits(offered: Choices) -> dict[str, str | None]:
    """Each choice that is there, and whether it fits."""
    return {row.label: row.fit for row in offered.rows if not row.named}


def test_everything_is_listed_and_judged(many: Rehearsed, look: Look) -> None:
    """From the start's own subscription, vault and key on, each list holds all there is; the start's own are picked."""
    around = look()
    subscriptions = around.subscriptions()
    vaults = around.vaults(subscriptions.picked)
    keys = around.keys(vaults.picked)
    workspaces = around.workspaces(keys.picked)
    assert fits(subscriptions) == {"Contoso production (rehearsal)": None, "Contoso test (rehearsal)": None}
    assert fits(vaults) == {
        "kv-contoso-claude": "fit",
        "kv-odd-rules": "UNKNOWN",
        "kv-no-purge": "not fit",
        "kv-other-tenant": "not fit",
    }
    assert fits(keys) == {"claude-cmek": "fit", "large": "fit", "off": "not fit", "small": "not fit"}
    assert fits(workspaces) == {
        "contoso-cmek": "fit",
        "plain": "fit",
        "Default": "not fit",
        "old": "not fit",
        "other-key": "not fit",
    }
    picked = [offered.picked and offered.picked.label for offered in (subscriptions, vaults, keys, workspaces)]
    assert picked == ["Contoso production (rehearsal)", "kv-contoso-claude", "claude-cmek", "contoso-cmek"]


def test_another_subscription_has_its_own_vaults_and_keys(many: Rehearsed, look: Look) -> None:
    """What is picked in one subscription is looked for there, by clients of its own."""
    around = look()
    other = next(row for row in around.subscriptions().rows if row.values["subscription_id"] == OTHER)
    vaults = around.vaults(other)
    keys = around.keys(vaults.picked)
    assert fits(vaults) == {"kv-test": "fit"} and fits(keys) == {"other": "fit"}
    (key,) = [row for row in keys.rows if row.label == "other"]
    place = ("subscription_id", "resource_group", "vault_name", "key_name")
    assert [key.values[name] for name in place] == [OTHER, "rg-test", "kv-test", "other"]


def test_looking_writes_nothing(many: Rehearsed, look: Look, tmp_path: Path) -> None:
    """Not in the clouds, where only reads arrive, and not on this machine: there is no run folder."""
    around = look()
    around.workspaces(around.keys(around.vaults(around.subscriptions().picked).picked).picked)
    sent = {(request.method, request.host) for request in many.cloud.requests}
    assert {method for method, host in sent if host != "login.microsoftonline.com"} == {"GET"}
    assert list(tmp_path.iterdir()) == []


def test_the_keys_of_a_vault_of_another_tenant_are_not_looked_at(many: Rehearsed, look: Look) -> None:
    """Asking would mean to sign in to somebody else's directory."""
    around = look()
    vault = next(row for row in around.vaults(around.subscriptions().picked).rows if row.label == "kv-other-tenant")
    before = many.cloud.asked("GetKeys")
    keys = around.keys(vault)
    assert keys.rows == () and "another tenant" in keys.notes[0] and many.cloud.asked("GetKeys") == before


def test_what_may_not_be_listed_is_unknown(many: Rehearsed, look: Look) -> None:
    """A 403 is said to be UNKNOWN in each list; the start's own subscription and vault are offered all the same."""
    for operation in ("Subscriptions_List", "Vaults_ListBySubscription", "GetKeys", "workspace list"):
        many.cloud.before(operation, status(403, "AuthorizationFailed", "you may not"))
    around = look()
    subscriptions = around.subscriptions()
    vaults = around.vaults(subscriptions.picked)
    keys = around.keys(vaults.picked)
    workspaces = around.workspaces(keys.picked)
    lists = (subscriptions, vaults, keys, workspaces)
    assert all("UNKNOWN" in text(offered.view()) and "403" in offered.notes[0] for offered in lists)
    assert fits(subscriptions) == {GIVEN["subscription_id"]: None} and fits(vaults) == {"kv-contoso-claude": "fit"}
    assert [row.named for row in keys.rows] == [True] and [row.fit for row in workspaces.rows] == ["UNKNOWN"]


def test_a_key_that_may_not_be_opened_is_unknown(many: Rehearsed, look: Look) -> None:
    """Listing names is one right and opening a key another; without the other no key is shown as fit."""
    many.cloud.before("GetKey", status(403, "Forbidden", "you may not"))
    around = look()
    keys = around.keys(around.vaults(around.subscriptions().picked).picked)
    assert set(fits(keys).values()) == {"UNKNOWN"}


def test_more_keys_than_are_opened_stay_unknown(many: Rehearsed, look: Look, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the bound a key is named and not opened, so nothing is concluded of it."""
    monkeypatch.setattr(looking, "MOST_KEYS", 1)
    around = look()
    keys = around.keys(around.vaults(around.subscriptions().picked).picked)
    assert sorted(map(str, fits(keys).values())) == ["UNKNOWN", "UNKNOWN", "UNKNOWN", "fit"]


def test_lists_are_read_to_the_end_and_at_no_other_host(many: Rehearsed, look: Look) -> None:
    """A next page is asked for at the same host; one said to be elsewhere makes the list unknown, and is not asked."""
    services = look().services
    whole = services.vaults.all()
    assert isinstance(whole, Known) and len(whole.value) == 4
    elsewhere = changed(lambda body: {**body, "nextLink": "https://elsewhere.example/more"})
    many.cloud.after("Vaults_ListBySubscription", elsewhere)
    many.cloud.after("Subscriptions_List", elsewhere)
    for found in (services.vaults.all(), Subscriptions(services.vaults.send).all()):
        assert isinstance(found, Unknown) and "the next page is said to be at https://elsewhere" in found.reason
    assert not any("elsewhere" in request.host for request in many.cloud.requests)


def test_no_admin_key_leaves_the_workspaces_unknown(
    many: Rehearsed, look: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rest can be picked without one; what it says names the reference, and a new workspace is not shown as fit."""
    monkeypatch.delenv("ANTHROPIC_ADMIN_KEY")
    around = look()
    workspaces = around.workspaces(around.keys(around.vaults(around.subscriptions().picked).picked).picked)
    assert "env:ANTHROPIC_ADMIN_KEY" in workspaces.notes[0] and [row.fit for row in workspaces.rows] == ["UNKNOWN"]


def test_for_claude_enterprise_no_workspace_is_looked_for(many: Rehearsed, look: Look) -> None:
    """The key is entered by hand there: no Admin API key is needed, and the Admin API is not asked."""
    around = look(product="claude_enterprise")
    workspaces = around.workspaces(around.keys(around.vaults(around.subscriptions().picked).picked).picked)
    assert workspaces.rows == () and "by hand" in workspaces.notes[0]
    assert not any(request.host == "api.anthropic.com" for request in many.cloud.requests)


def test_a_start_may_be_partly_filled(many: Rehearsed, look: Look) -> None:
    """Cloud, credential and tenant are enough: the organization is asked for, the rest is picked and never made up."""
    around = look(LITTLE)
    vaults = around.vaults(around.subscriptions().picked)
    assert around.start.values == {**LITTLE, "organization_id": GIVEN["organization_id"]}
    keys = around.keys(vaults.picked)
    assert keys.picked is not None and (keys.picked.label, keys.picked.named) == ("claude-cmek", False)
    assert not any("not-picked" in str(row.values) for row in (*vaults.rows, *keys.rows))


def test_a_start_file_may_be_partly_filled(many: Rehearsed, look: Look, tmp_path: Path) -> None:
    """The same from a file; a file of another shape is refused by its name."""
    start = tmp_path / "start.yaml"
    lines = [f'  {name}: "{value}"' for name, value in LITTLE.items()]
    start.write_text("\n".join(["parameters:", *lines]))
    assert look(str(start)).start.source == str(start)
    start.write_text("tenant_id: 1")
    with pytest.raises(WrongUsage, match=r"start\.yaml: a parameter file has one top-level key"):
        look(str(start))


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {**LITTLE, "tenant_id": "99999999-aaaa-4bbb-8ccc-dddddddddddd"},
        {**LITTLE, "cloud": "azure", "credential": "azure_cli"},
        {**LITTLE, "vault": "kv"},
        {**LITTLE, "key_name": "sk-ant-admin01-not-a-real-key"},
    ],
    ids=["nothing", "another tenant", "live", "unknown key", "a secret"],
)
def test_a_start_that_cannot_be_is_refused_before_anything_is_read(
    many: Rehearsed, look: Look, wrong: dict[str, str]
) -> None:
    """Nothing to sign in with, another tenant's token, another cloud, a misspelled key, a secret: one error, no read."""
    with pytest.raises(RunbookError):
        look(wrong)
    assert {request.host for request in many.cloud.requests} <= {"login.microsoftonline.com"}
