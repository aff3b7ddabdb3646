"""Azure Resource Manager: subscriptions, resource groups, providers, vaults and locks.

Routes are in each module's end, rules in the module, replies in `responses`, refusals in `errors`, and the door
everybody comes through in `gateway`.
"""

from __future__ import annotations

from helpers.rehearsal.arm import locks, subscriptions, vaults
from helpers.rehearsal.router import Route

ROUTES: tuple[Route, ...] = (*subscriptions.ROUTES, *vaults.ROUTES, *locks.ROUTES)
