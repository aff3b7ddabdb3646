"""The approval form, answered by pressing its button, in a step before the key is attached."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat import v4

from helpers import approval as approvals
from helpers.approval import Approval
from helpers.display import text
from helpers.errors import WrongUsage
from helpers.guided import approval_form, asking
from helpers.guided.approval_form import _Form
from helpers.headless.executing import execute_copy
from helpers.notebook import Step
from helpers.plan import Plan
from helpers.steps import consent, register
from tests.steps.walking import Walk, undo

GRANTED = Approval("d" * 64, True, "clicked", "ada", world="rehearsal-1")
MISSING = Approval("d" * 64, False, "not approved", sentence="the plan is not approved", to_type="apply")


@dataclass
class Shown:
    """Stands in for a display of the notebook: keeps what took its place."""

    updates: list[Any] = field(default_factory=list)

    def update(self, value: Any, raw: bool = False) -> None:
        self.updates.append(value)


@dataclass
class Asked:
    """A form with nobody in front of it."""

    form: _Form
    said: Shown

    @classmethod
    def of(cls, to_type: str, answer: Callable[[str], Approval]) -> Asked:
        said = Shown()
        form = _Form(to_type, answer, said)
        form.shown = Shown()
        return cls(form, said)

    def answer(self, typed: str = "") -> str:
        """Type, press, and what the form says then."""
        self.form.field.value = typed
        self.form.button.click()
        return str(self.form.told.value)


@pytest.fixture
def attaching(walk_onboarded: Walk) -> tuple[Step, Plan]:
    """05 up to the plan for attaching."""
    undo(walk_onboarded.world.state, "05_register")
    step = walk_onboarded.begin("05_register", mode="plan")
    step.read(register.facts)
    _, plan = walk_onboarded.gate(step)
    assert plan.permanent
    return step, plan


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ("", "the plan is not approved."),
        ("   ", "the plan is not approved."),
        ("apply", "what was typed is not the phrase."),
        ("for good", "what was typed is not the phrase."),
        ("for good 000000000000", "what was typed is not the phrase."),
    ],
)
def test_a_permanent_plan_takes_its_own_phrase_only(attaching: tuple[Step, Plan], typed: str, why: str) -> None:
    """Nothing typed and anything else is refused with the reason, and no approval is kept."""
    step, plan = attaching
    asked = Asked.of(approvals.phrase(plan, step.services.world), lambda said: step._answered(plan, said))
    assert f"Not approved: {why}" in asked.answer(typed)
    assert asked.said.updates == [] and asked.form.button in asked.form.box.children
    assert not step.run.approvals.exists()
    assert not step.approve(plan).granted


def test_the_right_phrase_approves_and_the_form_is_gone(attaching: tuple[Step, Plan]) -> None:
    """After a wrong one, spaces around it allowed: the approval takes the place of the form, on the page and on disk."""
    step, plan = attaching
    phrase = approvals.phrase(plan, step.services.world)
    asked = Asked.of(phrase, lambda said: step._answered(plan, said))
    asked.answer("for good 000000000000")
    told = asked.answer(f" {phrase} ")
    assert "Approved" in told and "REHEARSAL" in told and "Nothing is changed yet" in told
    assert asked.form.box.children == (asked.form.told,)
    (shown,) = asked.said.updates
    assert shown.view().data["how"] == "typed" and shown.view().data["granted"]
    assert asked.form.shown.updates == [{"text/plain": ""}]
    assert step.approve(plan).granted


def test_a_button_alone_approves_what_can_be_undone_as_clicked(walk_onboarded: Walk) -> None:
    """One click, no field to type into; it is on record as a click."""
    undo(walk_onboarded.world.state, "01_consent")
    step = walk_onboarded.begin("01_consent", mode="plan")
    plan = consent.plan(consent.Wanted.of(step.parameters), step.read(consent.facts))
    assert not step.approve(plan).granted
    asked = Asked.of("", lambda said: step._answered(plan, said))
    assert asked.form.field not in asked.form.box.children
    assert "Approved" in asked.answer()
    assert step.approve(plan).how == "clicked"


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (
            WrongUsage("it is not an approval file", next_step="Remove it."),
            ("it is not an approval file", "Remove it."),
        ),
        (OSError(28, "No space left on device"), ("could not be put on record: No space left on device",)),
        (KeyError("oops"), ("KeyError: ", "oops", "fault of the suite", "nothing is approved before")),
    ],
    ids=["refused", "disk full", "unexpected"],
)
def test_an_answer_that_fails_is_told_and_can_be_given_again(error: Exception, said: tuple[str, ...]) -> None:
    """A person who pressed the button is never left without a word."""
    answers = iter([error, GRANTED])

    def answer(_: str) -> Approval:
        value = next(answers)
        if isinstance(value, Exception):
            raise value
        return value

    asked = Asked.of("", answer)
    told = asked.answer()
    assert all(part in told for part in said) and "Not approved" in told
    assert "Approved" in asked.answer()


def test_what_is_waited_for_says_what_to_do() -> None:
    """The phrase stands on a line of its own; in a rehearsal that is said too; without a phrase the button is named."""
    shown = approval_form.Waiting("for good 0123456789ab", "rehearsal-1").view()
    assert "for good 0123456789ab" in shown.lines
    assert any("REHEARSAL (rehearsal-1)" in line for line in shown.lines)
    assert any("button" in line for line in approval_form.Waiting("").view().lines)


def test_outside_of_a_notebook_nothing_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    """In a script there is nobody to ask and nothing to show it in."""
    asking.show(MISSING, permanent=True, answer=lambda _: GRANTED)
    assert capsys.readouterr() == ("", "")


def test_no_form_is_made_for_what_cannot_be_approved_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    """A permanent plan without a phrase takes signatures only: a button would promise what it cannot do."""
    shown: list[Any] = []
    monkeypatch.setattr("IPython.core.getipython.get_ipython", object)
    monkeypatch.setattr(asking, "takes_input", lambda: True)
    monkeypatch.setattr("IPython.display.display", shown.append)
    monkeypatch.setattr(approval_form, "show", lambda *_: shown.append("a form"))
    signed = Approval("d" * 64, False, "not approved", sentence="2 signatures are missing", signed=True)
    asking.show(signed, permanent=True, answer=lambda _: GRANTED)
    asking.show(MISSING, permanent=True, answer=lambda _: GRANTED)
    asking.show(MISSING, permanent=False, answer=lambda _: GRANTED)
    assert shown == [signed, "a form", "a form"]


def test_a_headless_kernel_shows_the_missing_approval_and_makes_no_widgets(tmp_path: Path) -> None:
    """Under nbclient nobody answers: the approval is shown as it is, and ipywidgets is not even imported."""
    cells = [
        "from helpers.approval import Approval",
        "from helpers.guided import asking",
        "missing = Approval('d' * 64, False, 'not approved', sentence='not yet', to_type='apply')",
        "asking.show(missing, permanent=False, answer=None)",
        "import sys",
        "print('ipywidgets' in sys.modules)",
    ]
    source, copy = tmp_path / "source.ipynb", tmp_path / "copy.ipynb"
    notebook = v4.new_notebook(cells=[v4.new_code_cell("\n".join(cells))])
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(notebook, source)
    execute_copy(source, copy, {}, log=tmp_path / "log", known=tuple)
    executed = nbformat.read(copy, as_version=4)
    shown, printed = executed.cells[-1].outputs
    assert "Not approved" in shown.data["text/plain"] and not any("widget" in media for media in shown.data)
    assert printed.text == "False\n"
    assert "widgets" not in executed.metadata
    assert text(MISSING.view()).splitlines()[0] == shown.data["text/plain"].splitlines()[0]
