"""However `lab` is closed, nothing of it is left: no kernel, no server, no rehearsal cloud, no private folder."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page

from helpers.headless.kernels import PROCESS
from tests.browser.pages import Lab as Jupyter
from tests.browser.pages import chromium
from tests.browser.starting import Lab, wait_for

pytestmark = pytest.mark.slow


@pytest.fixture
def command(folder: Path) -> Iterator[Lab]:
    """`lab` with a rehearsal cloud of its own."""
    started = Lab.start(folder)
    try:
        yield started
    finally:
        started.clean_up()


def shut_down(page: Page) -> None:
    """File > Shut Down, and yes."""
    page.get_by_role("menuitem", name="File", exact=True).click()
    page.locator(".lm-Menu-itemLabel").get_by_text("Shut Down", exact=True).click()
    page.locator(".jp-Dialog").get_by_role("button", name="Shut Down").click()


@pytest.mark.parametrize("how", ["Ctrl-C", "SIGTERM", "File > Shut Down"])
def test_nothing_is_left_running_after_it_was_closed(how: str, command: Lab, program: str, pictures: Path) -> None:
    """With a notebook open in a browser and its kernel there: closed, told how to go on, and everything is gone."""
    address = command.address()
    with chromium(program) as browser:
        lab = Jupyter(browser, pictures)
        lab.open(address, "02_key")
        lab.run_to_the_end()
        assert any(PROCESS in line for line in command.still_running())
        if how == "Ctrl-C":
            command.ctrl_c()
        elif how == "SIGTERM":
            command.process.send_signal(signal.SIGTERM)
        else:
            shut_down(lab.page)
        code = command.ended()
    wait_for("everything to be gone", lambda: not command.still_running(), seconds=5)
    assert command.left_behind() == []
    assert code == 130, command.said  # the other four notebooks are not done
    assert "Traceback" not in command.said
    assert "REHEARSAL, nothing here is real: closed" in command.said
    last = command.ledger()[-1]
    assert last["event"] == "run_finished" and last["steps"] == {"02_key": "done"}


def test_a_signal_without_a_terminal_ends_everything_too(folder: Path) -> None:
    """SIGINT from another program, as a service manager sends it: the server is told, and ends with it."""
    command = Lab.start(folder, in_terminal=False)
    try:
        command.address()
        command.process.send_signal(signal.SIGINT)
        assert command.ended() == 130
        wait_for("everything to be gone", lambda: not command.still_running(), seconds=5)
        assert command.left_behind() == []
    finally:
        command.clean_up()
