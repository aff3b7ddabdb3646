"""The form that writes a parameter file: pickers filled from the clouds. Made only where somebody sits at a front end.

Nothing in it is ever a secret, and nothing in the clouds is changed by it. What is picked is looked at anew: another
subscription has other vaults, another vault other keys. What goes wrong is said in the form.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from helpers.clock import stamp
from helpers.display import Shown
from helpers.errors import Failed, RunbookError, WrongUsage
from helpers.guided import parameter_file
from helpers.guided.front_end import takes_input
from helpers.guided.looking import NAME, Looking
from helpers.guided.offers import NOTHING, Choices
from helpers.guided.parameter_file import Written
from helpers.view import View

if TYPE_CHECKING:
    from helpers.guided.pickers import Picker

FILE = "parameters/mine.yaml"


class NoForm(Shown):
    """Where nobody can answer: the tables are all there is, and nothing is written."""

    def view(self) -> View:
        lines = (
            "Nobody sits at this front end, so no form is shown and no file is written.",
            "Open this notebook in JupyterLab, or copy parameters/example.yaml and fill it in from the tables.",
        )
        return View("form", "No form here", lines)

    @property
    def outcome(self) -> Shown:
        """That nothing was written."""
        return self


class NotWritten(Shown):
    """What stands in place of the file before there is one."""

    def view(self) -> View:
        lines = ("Fill in the form and press its button, then run this cell again.",)
        return View("parameter file", "No file is written yet", lines)


def offer(
    look: Looking, subscriptions: Choices, vaults: Choices, keys: Choices, workspaces: Choices
) -> ParameterForm | NoForm:
    """The form, filled with what was shown; where the front end takes no input, a sentence in its place."""
    return ParameterForm(look, subscriptions, vaults, keys, workspaces) if takes_input() else NoForm()


class ParameterForm:
    """The fields, and what becomes of them."""

    def __init__(
        self, look: Looking, subscriptions: Choices, vaults: Choices, keys: Choices, workspaces: Choices
    ) -> None:
        import ipywidgets

        from helpers.guided import pickers

        given = look.start.values
        self.look = look
        self.written: Written | None = None
        self._filling = False
        self._said = pickers.said
        self.subscription = pickers.Picker("Subscription", self._guarded(self._subscription_picked))
        self.vault = pickers.Picker("Vault", self._guarded(self._vault_picked))
        self.key = pickers.Picker("Key", self._guarded(self._key_picked))
        self.new_key = pickers.text("New key's name", "")
        self.new_type = pickers.one_of("New key's type", ["RSA", "RSA-HSM"], given.get("key_type", "RSA"))
        self.new_size = pickers.one_of("New key's bits", [3072, 4096], given.get("key_size", 3072))
        self.workspace = pickers.Picker("Workspace", self._guarded(self._clear))
        self.new_workspace = pickers.text("New workspace's name", "")
        self.external_key = pickers.text("Name at Anthropic", str(given.get("external_key_name") or NAME))
        self.file = pickers.text("File to write", FILE)
        self.unfit = pickers.tick("Write it although something is not fit, to be mended later")
        self.replace = pickers.tick("Replace the file if there is another one of that name")
        self.button = ipywidgets.Button(description="Write the parameter file", layout={"width": "16em"})
        self.status = ipywidgets.HTML(layout=pickers.LAYOUT)
        self.subscription.fill(subscriptions)
        self.vault.fill(vaults)
        self._show_keys(keys)
        self._show_workspaces(workspaces)
        for field in (self.new_key, self.new_type, self.new_size):
            field.observe(self._guarded(self._key_named), names="value")
        self.new_workspace.observe(self._guarded(self._workspace_named), names="value")
        self.button.on_click(self._guarded(self._write))
        self.box = ipywidgets.VBox(self._fields())

    @property
    def outcome(self) -> Shown:
        """The file that was written last, or that there is none."""
        return self.written or NotWritten()

    def _repr_mimebundle_(self, **options: Any) -> dict[str, Any]:
        shown: dict[str, Any] = self.box._repr_mimebundle_(**options)
        return {**shown, "text/plain": "A form to fill in, for front ends that show widgets."}

    def _fields(self) -> list[Any]:
        key = [self.key.box, self.new_key, self.new_type, self.new_size]
        anthropic = [self.workspace.box, self.new_workspace, self.external_key] if self._platform else []
        last = [self.file, self.unfit, self.replace, self.button, self.status]
        return [self.subscription.box, self.vault.box, *key, *anthropic, *last]

    @property
    def _platform(self) -> bool:
        return self.look.start.parameters.product == "claude_platform"

    def _subscription_picked(self) -> None:
        self._empty(self.vault, self.key, self.workspace)
        choice = self.subscription.choice
        self._say(f"Looking at the vaults of {choice.label if choice else 'nothing'} …")
        self.vault.fill(self.look.vaults(choice))
        self._vault_picked()

    def _vault_picked(self) -> None:
        self._empty(self.key, self.workspace)
        choice = self.vault.choice
        self._say(f"Looking at the keys of {choice.label if choice else 'nothing'} …")
        self._show_keys(self.look.keys(choice))
        self._key_picked()

    def _key_picked(self) -> None:
        self._empty(self.workspace)
        self._say("Looking at the workspaces …")
        self._show_workspaces(self.look.workspaces(self.key.choice))
        self._clear()

    def _key_named(self) -> None:
        vault = self.vault.choice
        if self._filling or vault is None or self.key.named is None:
            return
        self._say(f"Looking for a key named {self.new_key.value} …")
        kind = {"key_type": self.new_type.value, "key_size": self.new_size.value}
        self.key.put(self.look.new_key(vault, self.new_key.value.strip(), **kind))
        self._key_picked()

    def _workspace_named(self) -> None:
        key = self.key.choice
        if not self._filling and key is not None and self.workspace.named is not None:
            self.workspace.put(self.look.new_workspace(key, self.new_workspace.value.strip()))
        self._clear()

    def _show_keys(self, keys: Choices) -> None:
        self.key.fill(keys)
        self._name(self.new_key, self.key)

    def _show_workspaces(self, workspaces: Choices) -> None:
        self.workspace.fill(workspaces)
        self._name(self.new_workspace, self.workspace)

    def _name(self, field: Any, picker: Picker) -> None:
        """Show the name that was offered: nobody typed it."""
        self._filling = True
        try:
            field.value = picker.named.label if picker.named else ""
        finally:
            self._filling = False

    def _empty(self, *pickers: Picker) -> None:
        """Nothing stays picked that belongs to what was picked before: looking anew can fail."""
        for picker in pickers:
            picker.fill(NOTHING)

    def _write(self) -> None:
        last = self.workspace if self._platform else self.key
        picked = [(name, picker.choice) for name, picker in self._judged()]
        missing = [name for name, choice in picked if choice is None]
        if missing or last.choice is None:
            raise WrongUsage(f"nothing is picked: {', '.join(missing)}", next_step="Pick one, then write again.")
        unfit = [f"{name} {row.label} is {row.fit}: {row.why[0]}" for name, row in picked if row and row.fit != "fit"]
        if unfit and not self.unfit.value:
            raise WrongUsage(
                unfit[0],
                why="A run with it would stop there.",
                next_step="Pick another one; or tick the box to write it all the same, and mend it before you run.",
            )
        named = {"external_key_name": self.external_key.value.strip()} if self._platform else {}
        known = self.look.services.secrets_in_use
        self.written = parameter_file.write(
            self.file.value,
            {**last.choice.values, **named},
            self._header(unfit),
            replace=self.replace.value,
            known=known,
        )
        self.status.value = self._said(self.written.view().heading, *self.written.view().lines)

    def _judged(self) -> list[tuple[str, Picker]]:
        every = [("vault", self.vault), ("key", self.key), ("workspace", self.workspace)]
        return every if self._platform else every[:2]

    def _header(self, unfit: list[str]) -> list[str]:
        return [
            f"Written by notebooks/00_parameters.ipynb on {stamp(self.look.services.clock.now())}",
            f"from {self.look.origin}.",
            "Nothing here is a secret: the Admin API key is named by where it is kept.",
            *(f"When it was written: {line}" for line in unfit),
        ]

    def _say(self, line: str) -> None:
        self.status.value = self._said(line)

    def _clear(self) -> None:
        self.status.value = ""

    def _guarded(self, do: Callable[[], None]) -> Callable[..., None]:
        """What a field does, with an error as lines in the form: a front end shows nothing of one that is raised."""

        def guarded(*_: object) -> None:
            try:
                do()
            except RunbookError as error:
                self.status.value = self._said(*error.lines())
            except Exception as error:  # noqa: BLE001  the same: it would be lost
                told = Failed(f"{type(error).__name__}: {error}", next_step="Run the notebook again from its top.")
                self.status.value = self._said(*told.lines())

        return guarded
