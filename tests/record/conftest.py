"""Somebody who walks through the steps, in a healthy world."""

from __future__ import annotations

from tests.services.conftest import healthy, healthy_world
from tests.steps.conftest import walk

__all__ = ["healthy", "healthy_world", "walk"]
