"""The fields of the form. Each has its label, and says in words beside it what is to be known of what is picked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ipywidgets

from helpers.display import html
from helpers.guided.choices import Choice
from helpers.guided.offers import Choices
from helpers.view import View

WIDE = {"description_width": "14em"}
"""Room for the label."""
LAYOUT = {"width": "100%", "max_width": "60em"}


def said(heading: str, *lines: str) -> str:
    """Sentences as a field of the form shows them: escaped, plain HTML."""
    return html(View("form", heading, lines))


def text(label: str, value: str) -> Any:
    """A field to type in. It counts once it is left, and not letter by letter."""
    return ipywidgets.Text(value=value, description=label, continuous_update=False, style=WIDE, layout=LAYOUT)


def one_of(label: str, options: list[Any], value: Any) -> Any:
    """A field to choose in."""
    return ipywidgets.Dropdown(options=options, value=value, description=label, style=WIDE, layout=LAYOUT)


def tick(label: str) -> Any:
    """A box to tick."""
    return ipywidgets.Checkbox(value=False, description=label, indent=False, layout=LAYOUT)


class Picker:
    """A list to pick from, and under it whether what is picked fits, and why."""

    def __init__(self, label: str, picked: Callable[[], None]) -> None:
        self.list = one_of(label, [], None)
        self.about = ipywidgets.HTML(layout=LAYOUT)
        self.box = ipywidgets.VBox([self.list, self.about])
        self._label, self._picked = label, picked
        self._rows: list[Choice] = []
        self._named: Choice | None = None
        self._notes: tuple[str, ...] = ()
        self._filling = False
        self.list.observe(self._changed, names="value")

    @property
    def choice(self) -> Choice | None:
        """What is picked."""
        return None if self.list.value is None else self._rows[self.list.value]

    def fill(self, choices: Choices) -> None:
        """Put other choices in; nobody is told that another one is picked now."""
        self._rows, self._notes = list(choices.rows), choices.notes
        self._named = next((row for row in self._rows if row.named), None)
        self._set([row is choices.picked for row in self._rows])

    @property
    def named(self) -> Choice | None:
        """The one among them that is given by its name, and need not be there yet."""
        return self._named

    def put(self, choice: Choice) -> None:
        """Put another one in the place of the one given by its name, and pick it."""
        self._rows = [choice if row is self._named else row for row in self._rows]
        self._named = choice
        self._set([row is choice for row in self._rows])

    def _set(self, picked: list[bool]) -> None:
        self._filling = True
        try:
            options = [(_title(row), number) for number, row in enumerate(self._rows)]
            self.list.options = options
            self.list.value = picked.index(True) if True in picked else None
            self.list.disabled = not options
        finally:
            self._filling = False
        self._tell()

    def _changed(self, _: Any) -> None:
        if not self._filling:
            self._tell()
            self._picked()

    def _tell(self) -> None:
        choice = self.choice
        if choice is None:
            self.about.value = said(f"{self._label}: nothing to pick", *self._notes)
            return
        why = choice.reasons.split("\n") if choice.fit else []
        self.about.value = said(choice.title, *self._notes, *why, choice.about.replace("\n", ", "))


def _title(choice: Choice) -> str:
    return f"by name: {choice.title}" if choice.named else choice.title
