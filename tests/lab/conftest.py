"""The commands, and the worlds in which forms are answered."""

from __future__ import annotations

from tests.commands.conftest import commands
from tests.services.conftest import onboarded, onboarded_world
from tests.steps.conftest import walk_onboarded

__all__ = ["commands", "onboarded", "onboarded_world", "walk_onboarded"]
