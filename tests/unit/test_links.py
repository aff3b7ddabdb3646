"""Where to look in a browser for what was done: each plan that changes something has a page of its own kind."""

from __future__ import annotations

import pytest

from helpers import parameters
from helpers.links import CONSOLE, PAGES, PORTAL, where_to_look
from helpers.plan import Done
from helpers.steps import attach, consent, key, rbac, register, remedy
from tests.cases.building import GIVEN

MADE = (Done("done", {"object ID": "b0000000-0000-4000-8000-000000000009"}, "request"),)
CHANGING = (consent.STEP, key.STEP, rbac.STEP, remedy.STEP, remedy.FOR_GOOD, register.STEP, attach.STEP)


def test_every_plan_that_changes_something_has_a_page() -> None:
    """And no other one."""
    assert set(PAGES) == set(CHANGING)


@pytest.mark.parametrize("step", CHANGING)
def test_the_page_is_in_the_portal_or_the_console(step: str) -> None:
    """Azure's in the portal of the tenant, the principal's with its object ID; Anthropic's in the console."""
    given = parameters.load(GIVEN)
    ((_, address),) = where_to_look(step, given, MADE)
    if step in (register.STEP, attach.STEP):
        assert address == CONSOLE
    else:
        assert address.startswith(f"{PORTAL}#@{given.tenant_id}/")
        assert ("b0000000-0000-4000-8000-000000000009" if step == consent.STEP else given.vault_id) in address


def test_where_nothing_was_done_there_is_nothing_to_see() -> None:
    """No link for a receipt that is empty, and none for a plan that is not known."""
    given = parameters.load(GIVEN)
    assert where_to_look(key.STEP, given, ()) == where_to_look("99_other", given, MADE) == ()
