"""The form that asks for an approval under a plan. It waits for nobody: the cell ends, and the next one stops.

What is waited for is an output of its own, which the answer takes the place of, so that the executed notebook tells the
answer without the form. A page that was loaded again shows the form and no longer changes that output (measured with
JupyterLab 4.6), so the form says by itself what became of an answer. A phrase is shown beside the field it has to be
typed into; a plain button is enough for what can be undone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import ipywidgets
from IPython.display import display

from helpers.approval import Approval
from helpers.display import Shown, html
from helpers.errors import Failed, RunbookError
from helpers.view import View

_AGAIN = "If it stands in the field as above, press the button again."
"""JupyterLab 4.6 sends what was typed and the press apart (over subshells), and can be late with the first.

Measured: once in eight times on a busy machine. `lab` turns that off."""
Answer = Callable[[str], Approval]
"""Takes what was typed ("" for the button alone), and gives the approval, granted or not, which is on record then."""


@dataclass(frozen=True)
class Waiting(Shown):
    """What stands in the notebook until the form is answered."""

    to_type: str
    world: str | None = None

    def view(self) -> View:
        ask = ("Type this phrase below:", self.to_type) if self.to_type else ("Press the button below.",)
        go_on = "Then run the cells from here on, or all of them again. Nothing is changed before."
        lines = [*_rehearsal(self.world), *ask, go_on]
        return View("waiting", "WAITING for an approval", lines, data={"to_type": self.to_type})


@dataclass(frozen=True)
class Answered(Shown):
    """The approval that was given, and that the rest is still to be run: the next cell has stopped before it."""

    approval: Approval

    def view(self) -> View:
        said = self.approval.view()
        run = "Nothing is changed yet: the next cell had stopped. Run it and those after it, or all of them again."
        return replace(said, lines=[*_rehearsal(self.approval.world), *said.lines, run])


def _rehearsal(world: str | None) -> tuple[str, ...]:
    return (f"REHEARSAL ({world}): nothing here is real.",) if world else ()


def show(wanted: Approval, permanent: bool, answer: Answer) -> None:
    """Show what is waited for and the form under it. `wanted` is the approval that is missing."""
    waiting = Waiting(wanted.to_type if permanent else "", world=wanted.world)
    form = _Form(waiting.to_type, answer, display(waiting, display_id=True))
    form.shown = display(form.box, display_id=True)


class _Form:
    """The fields, and what becomes of an answer."""

    def __init__(self, to_type: str, answer: Answer, said: Any) -> None:
        self.to_type = to_type
        self.answer = answer
        self.said = said
        self.shown: Any = None
        self.field = ipywidgets.Text(
            placeholder="the phrase shown above",
            description="Phrase",
            continuous_update=False,  # one message for all of it: the last of many can come after that of the button
            layout=ipywidgets.Layout(width="26em"),
        )
        label = "Approve for good" if to_type else "Approve and change it"
        self.button = ipywidgets.Button(description=label, layout=ipywidgets.Layout(width="14em"))
        self.button.on_click(self._pressed)
        self.told = ipywidgets.HTML()
        fields = [self.field, self.button] if to_type else [self.button]
        self.box = ipywidgets.VBox([*fields, self.told])

    def _pressed(self, _: object) -> None:
        try:
            approval = self.answer(self.field.value.strip() if self.to_type else "")
        except RunbookError as error:
            self._refuse(*error.lines())
            return
        except OSError as error:
            self._refuse(f"it could not be put on record: {error.strerror}.")
            return
        except Exception as error:  # noqa: BLE001  a front end shows nothing of one that is raised
            told = Failed(
                f"{type(error).__name__}: {error}",
                why="The suite did not expect this; it is a fault of the suite or of its surroundings.",
                next_step="Run this cell again, and answer its form; nothing is approved before.",
            )
            self._refuse(*told.lines())
            return
        if not approval.granted:
            self._refuse(f"{approval.sentence}.", *([_AGAIN] if self.field.value else []))
            return
        answered = Answered(approval)
        self.told.value = html(answered.view())
        self.box.children = [self.told]
        self.said.update(answered)
        self.shown.update({"text/plain": ""}, raw=True)  # a form that was answered is not in the saved notebook

    def _refuse(self, why: str, *more: str) -> None:
        self.told.value = html(View("waiting", f"Not approved: {why}", more))
