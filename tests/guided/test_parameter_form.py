"""The form, with its fields set and its button pressed in this process; the clouds it looks at are served ones."""

from __future__ import annotations

import html
import re
from pathlib import Path
from typing import Any

import pytest

from helpers.guided import parameter_form
from helpers.guided.looking import Looking
from helpers.guided.parameter_file import Written
from helpers.guided.parameter_form import NoForm, ParameterForm
from helpers.guided.pickers import Picker
from helpers.parameter_values import NewWorkspace, WorkspaceId
from helpers.parameters import load
from tests.guided.conftest import Look
from tests.services.faults import status
from tests.services.rehearsed import ADMIN_KEY, GIVEN, Rehearsed

OTHER = "55555555-3333-4444-8555-666666666666"


def lists(look: Looking) -> tuple[Any, ...]:
    """What the notebook shows before the form."""
    subscriptions = look.subscriptions()
    vaults = look.vaults(subscriptions.picked)
    keys = look.keys(vaults.picked)
    return subscriptions, vaults, keys, look.workspaces(keys.picked)


def opened(look: Looking) -> ParameterForm:
    """The form as a front end gets it."""
    return ParameterForm(look, *lists(look))


def pick(picker: Picker, label: str) -> None:
    """Pick what a list calls so, as a person does."""
    picker.list.value = next(number for title, number in picker.list.options if label in title)


def plain(field: Any) -> str:
    """What a field of text says."""
    return html.unescape(re.sub(r"<[^>]+>", "\n", field.value)).strip()


def listings(world: Rehearsed) -> int:
    """How often the vaults of a subscription were listed, further pages not counted."""
    asked = [request for request in world.cloud.requests if request.path.endswith("/Microsoft.KeyVault/vaults")]
    return sum(not any("skiptoken" in name.lower() for name in request.query) for request in asked)


def picked(form: ParameterForm) -> dict[str, str | None]:
    """What each list has picked."""
    every = {"subscription": form.subscription, "vault": form.vault, "key": form.key, "workspace": form.workspace}
    return {name: picker.choice.label if picker.choice else None for name, picker in every.items()}


def test_without_anybody_to_answer_there_is_no_form(
    many: Rehearsed, look: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the front end takes no input a sentence stands in its place, and its outcome; else there is the form."""
    around = look()
    shown = lists(around)
    assert isinstance(parameter_form.offer(around, *shown), NoForm)
    monkeypatch.setattr(parameter_form, "takes_input", lambda: True)
    assert isinstance(parameter_form.offer(around, *shown), ParameterForm)


def test_untouched_it_writes_what_it_started_from(many: Rehearsed, look: Look, tmp_path: Path) -> None:
    """The start's own choices are picked to begin with, and what the form does not ask for is kept."""
    form = opened(look())
    assert form.outcome.view().heading == "No file is written yet"
    form.button.click()
    file = tmp_path / "parameters" / "mine.yaml"
    assert load(file) == load(GIVEN) and isinstance(form.outcome, Written)
    assert plain(form.status).startswith("Written: ") and f"plan -f {file}" in plain(form.status)
    header = [line for line in file.read_text().splitlines() if line.startswith("#")]
    assert "00_parameters.ipynb on 2026-11-23T09:0" in header[0] and many.world.id in header[1]
    assert ADMIN_KEY not in file.read_text() and load(file).admin_key == "env:ANTHROPIC_ADMIN_KEY"


def test_what_was_shown_is_not_read_a_second_time(many: Rehearsed, look: Look) -> None:
    """The form opens on the tables of the cells above it."""
    around = look()
    shown = lists(around)
    before = len(many.cloud.requests)
    ParameterForm(around, *shown)
    assert len(many.cloud.requests) == before


def test_another_subscription_brings_its_vaults_and_keys(many: Rehearsed, look: Look) -> None:
    """It says that it looks while it does, reads both anew, and writes the place of what is picked."""
    form = opened(look())
    said: list[str] = []
    form.status.observe(lambda change: said.append(plain(form.status)), names="value")
    before = listings(many)
    pick(form.subscription, "Contoso test")
    assert listings(many) == before + 1
    assert said[0].startswith("Looking at the vaults of Contoso test") and said[1].startswith("Looking at the keys of")
    assert picked(form)["vault"] == "kv-test" and [title for title, _ in form.key.list.options] == [
        "other (fit)",
        "by name: claude-cmek (fit)",
    ]
    pick(form.key, "other")
    pick(form.workspace, "plain")
    form.button.click()
    assert isinstance(form.outcome, Written)
    wrote = form.outcome.parameters
    assert (wrote.subscription_id, wrote.resource_group, wrote.vault_name, wrote.key_name) == (
        OTHER,
        "rg-test",
        "kv-test",
        "other",
    )
    assert wrote.workspace == WorkspaceId(id="wrkspc_01REHEARSALPLAIN")


def test_a_key_that_is_picked_brings_its_size(many: Rehearsed, look: Look) -> None:
    """The file wants an adopted key as it is; and the workspace that has another key is no longer fit."""
    form = opened(look())
    pick(form.key, "large")
    assert "contoso-cmek (not fit)" in [title for title, _ in form.workspace.list.options]
    form.new_workspace.value = "brand-new"
    form.external_key.value = "a name at Anthropic"
    form.button.click()
    assert isinstance(form.outcome, Written)
    wrote = form.outcome.parameters
    assert (wrote.key_name, wrote.key_size, wrote.external_key_name) == ("large", 4096, "a name at Anthropic")
    assert wrote.workspace == NewWorkspace(create="brand-new")


def test_a_new_key_is_named_and_picked(many: Rehearsed, look: Look) -> None:
    """Typing a name picks it, with its type and size; what 02 would refuse of it is said at once."""
    form = opened(look())
    form.new_key.value = "fresh"
    form.new_size.value = 4096
    assert picked(form)["key"] == "fresh" and "02 will create RSA 4096 key fresh" in plain(form.key.about)
    form.new_key.value = "gone"
    assert form.key.choice is not None and form.key.choice.fit == "not fit"
    assert "soft-deleted" in plain(form.key.about)
    form.new_key.value = "no spaces, please"
    assert form.key.choice.fit == "not fit" and "key_name" in plain(form.key.about)
    form.new_key.value = "fresh"
    form.new_workspace.value = "brand-new"
    form.button.click()
    assert isinstance(form.outcome, Written)
    assert (form.outcome.parameters.key_name, form.outcome.parameters.key_size) == ("fresh", 4096)


def test_what_is_not_fit_is_not_written_unless_asked_for(many: Rehearsed, look: Look, tmp_path: Path) -> None:
    """The refusal says why; asked for, the file is written and tells in its comments what was not fit."""
    form = opened(look())
    pick(form.vault, "kv-no-purge")
    form.new_workspace.value = "brand-new"
    form.button.click()
    assert "V06 Purge protection is on" in plain(form.status) and list(tmp_path.iterdir()) == []
    form.unfit.value = True
    form.button.click()
    assert isinstance(form.outcome, Written)
    assert "# When it was written: vault kv-no-purge is not fit: V06" in form.outcome.path.read_text()


def test_what_is_unknown_is_not_taken_for_fit(many: Rehearsed, look: Look, tmp_path: Path) -> None:
    """A vault of which something could not be told is not written either."""
    form = opened(look())
    pick(form.vault, "kv-odd-rules")
    form.new_workspace.value = "brand-new"
    form.button.click()
    assert "kv-odd-rules is UNKNOWN: V09" in plain(form.status) and list(tmp_path.iterdir()) == []


def test_what_cannot_be_read_is_said_in_the_form(many: Rehearsed, look: Look) -> None:
    """An error is lines in the form; nothing of the vault before it stays picked, so nothing wrong is written."""
    form = opened(look())
    many.cloud.before("GetKeys", status(403, "Forbidden", "you may not"))
    many.cloud.before("GetKey", status(403, "Forbidden", "you may not"))
    pick(form.vault, "kv-no-purge")
    assert "UNKNOWN: 403" in plain(form.key.about) and picked(form)["key"] == "claude-cmek"
    many.cloud.mend()
    many.cloud.before("Vaults_ListBySubscription", status(400, "Broken"))
    pick(form.subscription, "Contoso test")
    assert picked(form) == {"subscription": "Contoso test (rehearsal)", "vault": None, "key": None, "workspace": None}
    assert "could not be listed" in plain(form.vault.about)
    form.button.click()
    assert "nothing is picked: vault" in plain(form.status) and not isinstance(form.outcome, Written)


@pytest.mark.parametrize(
    ("read", "field", "label"), [("vaults", "subscription", "Contoso test"), ("keys", "vault", "kv-no-purge")]
)
def test_an_error_that_nobody_expected_is_said_too(
    many: Rehearsed, look: Look, monkeypatch: pytest.MonkeyPatch, read: str, field: str, label: str
) -> None:
    """A front end shows nothing of what a field raises, so the form itself says it, escaped; and nothing of what was
    picked before stays picked, which belongs to another subscription or vault."""
    form = opened(look())

    def broken(*_: object) -> None:
        raise ZeroDivisionError("<b>by nought</b>")

    monkeypatch.setattr(Looking, read, broken)
    pick(getattr(form, field), label)
    assert "ZeroDivisionError: <b>by nought</b>" in plain(form.status) and "&lt;b&gt;" in form.status.value
    after = list(picked(form).values())[1 if field == "subscription" else 2 :]
    assert set(after) == {None}


def test_another_file_is_not_replaced_unless_asked_for(many: Rehearsed, look: Look, tmp_path: Path) -> None:
    """The second press with other picks is refused in the form; with the box ticked it is not."""
    form = opened(look())
    form.file.value = "one.yaml"
    form.button.click()
    pick(form.workspace, "plain")
    form.button.click()
    assert "another file of that name" in plain(form.status)
    assert load(tmp_path / "one.yaml").workspace == NewWorkspace(create="contoso-cmek")
    form.replace.value = True
    form.button.click()
    assert load(tmp_path / "one.yaml").workspace == WorkspaceId(id="wrkspc_01REHEARSALPLAIN")


def test_a_secret_that_is_typed_in_goes_no_further(many: Rehearsed, look: Look, tmp_path: Path) -> None:
    """Whoever pastes the Admin API key into a field is told so, and it is neither written nor repeated."""
    form = opened(look())
    form.external_key.value = ADMIN_KEY
    form.button.click()
    assert "must never be a parameter" in plain(form.status) and ADMIN_KEY not in form.status.value
    assert list(tmp_path.iterdir()) == []


def test_for_claude_enterprise_nothing_of_a_workspace_is_asked(many: Rehearsed, look: Look) -> None:
    """There is no field for it; vault and key are enough for the file."""
    start = {name: value for name, value in GIVEN.items() if name not in ("workspace", "external_key_name")}
    form = opened(look({**start, "product": "claude_enterprise"}))
    assert form.workspace.box not in form.box.children and form.external_key not in form.box.children
    form.button.click()
    assert isinstance(form.outcome, Written)
    assert form.outcome.parameters.workspace is None and form.outcome.parameters.product == "claude_enterprise"


def test_every_field_has_its_label_and_no_colour(many: Rehearsed, look: Look) -> None:
    """Fields are named for screen readers, every one can be reached by its key, and nothing is said by colour alone."""
    form = opened(look())
    inner = [child for part in form.box.children for child in getattr(part, "children", (part,))]
    fields = [field for field in inner if "HTML" not in type(field).__name__]
    assert len(fields) == 13 and all(field.description for field in fields)
    assert not any(word in field.value for field in inner if field not in fields for word in ("color", "background"))
    assert all(not child.layout.width or child.layout.width in ("100%", "16em") for child in inner)
