"""What an attached key is used for while time passes: once an hour, from every published address.

That it is every hour is an assumption: nothing is published but that taking access away works within an hour. What a
use meets is found out once, when somebody looks, and then stands for each hour since the last look: a role, key, tag or
firewall that changed in between counts for all of these hours.
"""

from __future__ import annotations

from datetime import timedelta

from helpers.rehearsal.anthropic.validation import failure
from helpers.rehearsal.vault.audit import heard, keep
from helpers.rehearsal.world import World

EVERY = timedelta(hours=1)
BEFORE = timedelta(hours=6)
"""So long before the world's start its attached keys have been in use."""
MOST_HOURS = 24 * 7


def catch_up(world: World) -> None:
    """Log the uses since the last time, each as one would end now.

    Called when the log is asked, and before a key is attached or a diagnostic setting changes; before no other change.
    """
    state, now = world.state, world.now()
    last = state.used_until or state.settings.now - BEFORE
    hours = int((now - last) / EVERY)
    if hours < 1:
        return
    state.used_until = last + hours * EVERY
    at = [last + hour * EVERY for hour in range(1, hours + 1)][-MOST_HOURS:]
    made = heard(world, lambda: _uses(world))
    keep(world, [event.model_copy(update={"time": time}) for time in at for event in made])


def _uses(world: World) -> None:
    """One use of each attached key."""
    state = world.state
    for key_id in dict.fromkeys(row.external_key_id for row in state.workspaces.values()):
        if key_id in state.external_keys:
            failure(world, state.external_keys[key_id])
