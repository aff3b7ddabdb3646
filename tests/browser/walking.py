"""All five notebooks walked once by somebody in a browser, and what was seen on the way."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from helpers.rehearsal.environment import applied
from helpers.rehearsal.serve import Served
from tests.browser.looking import PANEL
from tests.browser.pages import BANNER, WAITING, Lab, chromium
from tests.browser.starting import Lab as Command
from tests.browser.starting import parameters

STEPS = ("01_consent", "02_key", "03_rbac", "04_verify", "05_register")
APPROVE = "Approve and change it"
FOR_GOOD = "Approve for good"
_LONG_LAG = 3600.0


@dataclass
class Seen:
    """What was seen in one notebook."""

    banner_seconds: float = 0.0
    banner: str = ""
    screens_to_banner: float = 0.0
    outputs: list[list[str]] = field(default_factory=list)
    """Every output, each time that everything had run."""
    too_wide: list[str] = field(default_factory=list)
    contrast: dict[str, dict[str, Any]] = field(default_factory=dict)
    widget_errors: list[str] = field(default_factory=list)
    waits: list[str] = field(default_factory=list)
    by_keys: list[str] = field(default_factory=list)
    after_approval: list[list[str]] = field(default_factory=list)
    saved_after_approval: list[dict[str, Any]] = field(default_factory=list)


@dataclass
class Walked:
    """What is left of the walk: what was seen, what the cloud saw, and the run."""

    seen: dict[str, Seen]
    said: str
    code: int
    run: Path
    ledger: list[dict[str, Any]]
    page_errors: list[str]
    refusals: list[str]
    writes_when_refused: list[str]
    writes: list[str]
    resumed: list[str]

    def rows(self, step: str, *events: str) -> list[dict[str, Any]]:
        """The lines of a step, of these events where any are named."""
        return [row for row in self.ledger if row["step"] == step and (not events or row["event"] in events)]

    def last_round(self, step: str) -> list[dict[str, Any]]:
        """The lines of a step since it was begun for the last time: what the saved notebook tells."""
        rows = self.rows(step)
        begun = [number for number, row in enumerate(rows) if row["event"] == "identity"]
        return rows[begun[-1] :]

    def notebook(self, step: str) -> dict[str, Any]:
        """The executed notebook, as it was left."""
        found: dict[str, Any] = json.loads((self.run / "notebooks" / f"{step}.ipynb").read_text(encoding="utf-8"))
        return found


def walk(program: str, folder: Path, pictures: Path) -> Walked:
    """`lab` in a rehearsal from the start to Ctrl-C, walked through to the end."""
    with Served("healthy") as cloud:
        environment = applied(cloud.environment("operator"))
        command = Command.start(folder, "-f", str(parameters(folder, "plan")), environment=environment)
        try:
            way = Walk(program, command, cloud, pictures)
            way.take()
            command.ctrl_c()
            code = command.ended()
        finally:
            command.clean_up()
        return Walked(
            way.seen,
            command.said,
            code,
            command.run,
            command.ledger(),
            way.page_errors,
            way.refusals,
            way.writes_when_refused,
            way.writes(),
            way.resumed,
        )


class Walk:
    """Somebody on their way through the notebooks of one run."""

    def __init__(self, program: str, command: Command, cloud: Served, pictures: Path) -> None:
        self.program = program
        self.command = command
        self.cloud = cloud
        self.pictures = pictures
        self.seen = {step: Seen() for step in STEPS}
        self.refusals: list[str] = []
        self.writes_when_refused: list[str] = []
        self.resumed: list[str] = []
        self.page_errors: list[str] = []

    def take(self) -> None:
        """The whole way, in two browsers: the first is closed while 03 waits for an answer."""
        address = self.command.address()
        with chromium(self.program) as browser:
            lab = Lab(browser, self.pictures)
            lab.open(address, "01_consent")
            self._first_run(lab)
            self.seen["01_consent"].by_keys = lab.reach_by_keys("step.approve", APPROVE)
            lab.press("Enter")
            self._approved(lab)
            self._last_run(lab)
            lab.follow("02_key")
            self._first_run(lab)
            lab.button(APPROVE).click()
            self._approved(lab)
            self._last_run(lab)
            lab.follow("03_rbac")
            self._first_run(lab)
            lab.save()
            self.page_errors += lab.errors
        with chromium(self.program) as browser:
            lab = Lab(browser, self.pictures)
            lab.open(address, "03_rbac")
            self._go_on(lab)
            lab.follow("04_verify")
            self._first_run(lab)
            lab.save()
            lab.follow("05_register")
            self._attach(lab)
            self.page_errors += lab.errors

    def _first_run(self, lab: Lab) -> None:
        """Run All on a fresh notebook: how soon the banner is there, and how everything looks."""
        seen = self.seen[lab.name]
        before, pressed = lab.run_all()
        banner = lab.wait_for(BANNER)
        seen.banner_seconds = time.monotonic() - pressed
        lab.settle(before)
        seen.banner = banner.text_content() or ""
        lab.to_top()
        box = banner.bounding_box()
        seen.screens_to_banner = (box["y"] if box else 1e9) / lab.page.viewport_size["height"]
        lab.picture(f"{lab.name}-top")
        self._look(lab)

    def _look(self, lab: Lab) -> None:
        seen = self.seen[lab.name]
        seen.outputs.append(lab.outputs())
        seen.too_wide += lab.too_wide()
        seen.widget_errors += lab.widget_errors()
        waiting = lab.shows(WAITING)
        at = waiting if waiting.count() else lab.page.locator(f"{PANEL} .jp-Cell").last
        for theme in ("Dark", "Light"):
            lab.theme(theme)
            at.scroll_into_view_if_needed()
            found = lab.contrast()
            least = seen.contrast.get(theme, found)
            seen.contrast[theme] = min(least, found, key=lambda one: one["least"][0])
            lab.picture(f"{lab.name}-{len(seen.outputs)}-{theme.lower()}")

    def _approved(self, lab: Lab) -> None:
        """After an answer: what stands in the form's place, on the page and in the file."""
        seen = self.seen[lab.name]
        lab.wait_for("Nothing is changed yet")
        lab.shows(WAITING).first.wait_for(state="detached")  # the form says it a moment before it goes
        seen.after_approval.append(lab.outputs())
        lab.picture(f"{lab.name}-approved")
        seen.saved_after_approval.append(self._saved(lab))

    def _saved(self, lab: Lab) -> dict[str, Any]:
        """The file of a notebook, saved after an answer: again where an autosave was under way with what was before."""
        path = self.command.run / "notebooks" / f"{lab.name}.ipynb"
        for _ in range(5):
            lab.save()
            text = path.read_text(encoding="utf-8")
            if WAITING not in text:
                break
            lab.page.wait_for_timeout(1000)
        found: dict[str, Any] = json.loads(text)
        return found

    def _last_run(self, lab: Lab) -> None:
        lab.run_to_the_end()
        self._look(lab)
        lab.save()

    def _go_on(self, lab: Lab) -> None:
        """03 in a new browser: the form that was left is answered, and Azure does not know the principal yet."""
        seen = self.seen["03_rbac"]
        seen.widget_errors += lab.widget_errors()
        lab.button(APPROVE).click()
        lab.wait_for("Nothing is changed yet")
        lab.shows("Nothing is changed yet").scroll_into_view_if_needed()
        lab.picture("03_rbac-resumed")
        self.resumed = lab.outputs()
        with self._lag("principal_lag_seconds"):
            before, _ = lab.run_all()
            seen.waits.append(lab.wait_for("Waiting for").text_content() or "")  # scrolled away, it has no inner text
        lab.settle(before)
        self._look(lab)
        lab.save()

    def _attach(self, lab: Lab) -> None:
        """05: the button for registering, a wait for the role, and the phrase, first a wrong one and none at all."""
        seen = self.seen["05_register"]
        self._first_run(lab)
        lab.button(APPROVE).click()
        self._approved(lab)
        with self._lag("role_lag_seconds"):
            before, _ = lab.run_all()
            seen.waits.append(lab.wait_for("Waiting for").text_content() or "")  # scrolled away, it has no inner text
        lab.settle(before)
        self._look(lab)
        lab.portrait("Plan of 05_register: attach", "guided")
        seen.by_keys = lab.reach_by_keys("approval = step.approve(plan", "the phrase")
        for wrong, why in (("", "the plan is not approved"), ("for good 000000000000", "is not the phrase")):
            lab.page.keyboard.type(wrong)
            lab.press("Tab", "Enter")
            self.refusals.append(lab.told(why))
            lab.press("Shift+Tab")
        lab.picture("05_register-refused")
        self.writes_when_refused = self.writes()
        (phrase,) = set(re.findall(r"for good [0-9a-f]{12}", lab.shows(WAITING).inner_text()))
        lab.page.keyboard.type(phrase)
        lab.press("Tab", "Enter")
        self._approved(lab)
        self._last_run(lab)
        lab.theme("Light")

    @contextmanager
    def _lag(self, name: str) -> Iterator[None]:
        """For a block, what was made just now is not known everywhere yet: `name` is the world's setting for it."""
        world = self.cloud.world
        before = getattr(world.state.settings, name)
        with world.lock:
            setattr(world.state.settings, name, _LONG_LAG)
        try:
            yield
        finally:
            with world.lock:
                setattr(world.state.settings, name, before)

    def writes(self) -> list[str]:
        """The operations that changed the world so far, in order."""
        return [row["operation"] for row in self.cloud.cloud.journal.rows() if row["wrote"]]
