"""One browser with JupyterLab in it, used as a person uses it: menus, keys, links, buttons."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Locator, Page, sync_playwright

from tests.browser import looking
from tests.browser.looking import OUTPUT, PANEL

WIDTH, HEIGHT = 1280, 900
LONG = 90_000
BANNER = "This step works with"
WAITING = "WAITING for an approval"


@contextmanager
def chromium(program: str) -> Iterator[Browser]:
    """A browser, closed at the end, and what drives it with it."""
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=program, args=["--no-sandbox"])
        try:
            yield browser
        finally:
            browser.close()


class Lab:
    """JupyterLab in a page. `name` is the notebook in front of a person, `errors` what a page must never say."""

    def __init__(self, browser: Browser, pictures: Path) -> None:
        self.page: Page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
        self.pictures = pictures
        self.errors: list[str] = []
        self.name = ""
        self.page.on("pageerror", lambda error: self.errors.append(f"{self.name}: {error.stack or error}"))

    def open(self, address: str, name: str) -> None:
        """Open the address that `lab` said, at a notebook, and wait until it can be run."""
        self.page.goto(re.sub(r"/tree/[^?]+", f"/tree/{name}.ipynb", address))
        self._arrived(name)

    def follow(self, name: str) -> None:
        """Go on by the link in the last cell."""
        self.page.locator(f"{PANEL} .jp-Cell").last.locator("a", has_text=name).click()
        self._arrived(name)

    def _arrived(self, name: str) -> None:
        self.page.wait_for_function(looking.READY, arg=f"{name}.ipynb", timeout=LONG)
        self.name = name

    def menu(self, top: str, entry: str) -> None:
        """Choose from the menu bar."""
        self.page.get_by_role("menuitem", name=top, exact=True).click()
        self.page.locator(".lm-Menu-itemLabel").get_by_text(entry, exact=True).click()

    def run_all(self) -> tuple[int, float]:
        """Press Run All: the count of the first cell before it, and when it was pressed."""
        before = self.page.evaluate(looking.COUNT)
        self.menu("Run", "Run All Cells")
        return before, time.monotonic()

    def settle(self, before: int) -> None:
        """Wait until everything has run, or stopped."""
        self.page.wait_for_function(looking.SETTLED, arg=before, timeout=LONG)

    def run_to_the_end(self) -> None:
        before, _ = self.run_all()
        self.settle(before)

    def shows(self, said: str) -> Locator:
        """The first output of this notebook with these words in it."""
        return self.page.locator(OUTPUT, has_text=said).first

    def wait_for(self, said: str) -> Locator:
        """The same, once it is there."""
        found = self.shows(said)
        found.wait_for(timeout=LONG)
        return found

    def told(self, said: str) -> str:
        """What a form says of an answer, once it has these words in it."""
        found = self.page.locator(f"{PANEL} .widget-html", has_text=said)
        found.wait_for(timeout=LONG)
        return found.inner_text()

    def outputs(self) -> list[str]:
        """What stands in each output, top to bottom, on the screen and off it."""
        return self.page.locator(OUTPUT).all_text_contents()

    def button(self, name: str) -> Locator:
        return self.page.locator(PANEL).get_by_role("button", name=name, exact=True)

    def save(self) -> None:
        """File > Save Notebook, and wait until JupyterLab says that it is saved."""
        self.menu("File", "Save Notebook")
        self.page.wait_for_function(looking.SAVED, timeout=LONG)

    def to_top(self) -> None:
        self.page.evaluate(looking.TO_TOP)

    def theme(self, name: str) -> None:
        """JupyterLab Light or JupyterLab Dark, and its splash screen gone: two at once fail to be removed (4.6)."""
        self.page.evaluate(looking.THEME, f"JupyterLab {name}")
        self.page.wait_for_function(
            "name => document.body.dataset.jpThemeName === name", arg=f"JupyterLab {name}", timeout=LONG
        )
        self.page.locator("#jupyterlab-splash").wait_for(state="detached", timeout=LONG)

    def contrast(self) -> dict[str, Any]:
        """The text with the least contrast in the outputs, status words and forms."""
        found: dict[str, Any] = self.page.evaluate(looking.LEAST_CONTRAST, f"{OUTPUT}, {OUTPUT} *")
        return found

    def too_wide(self) -> list[str]:
        found: list[str] = self.page.evaluate(looking.TOO_WIDE)
        return found

    def widget_errors(self) -> list[str]:
        """What JupyterLab says where a form cannot be shown."""
        said = re.compile(r"Error displaying widget|Failed to load model|model not found|Error rendering")
        return [text for text in self.outputs() if said.search(text)]

    def picture(self, name: str) -> None:
        self.page.screenshot(path=self.pictures / f"{name}.png")

    def portrait(self, said: str, name: str) -> None:
        """A picture for the README: from an output with these words on, without the list of files and the last line."""
        around = ("application:toggle-left-area", "statusbar:toggle")
        self.page.mouse.move(WIDTH / 2, 5)
        for command in around:
            self.page.evaluate(looking.COMMAND, command)
        for _ in range(3):  # what comes into sight moves the rest
            self.shows(said).evaluate("output => output.scrollIntoView()")
            self.page.wait_for_timeout(200)
        self.picture(name)
        for command in around:
            self.page.evaluate(looking.COMMAND, command)

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def reach_by_keys(self, cell: str, field: str) -> list[str]:
        """From the last cell, where Run All leaves a person: arrow up to a cell, then Tab. What had the focus on the way.

        Ends at what says `field`, or after so many keys that nobody would go on.
        """
        for _ in range(20):
            if cell in self.page.evaluate(looking.ACTIVE_SOURCE):
                break
            self.press("ArrowUp")
        focused: list[str] = []
        while len(focused) < 6 and not (focused and field in focused[-1]):
            self.press("Tab")
            focused.append(self.page.evaluate(looking.FOCUS))
        return focused
