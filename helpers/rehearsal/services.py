"""Every simulated service behind one router."""

from __future__ import annotations

from helpers.rehearsal import (
    anthropic,
    arm,
    authorization,
    destinations,
    entra,
    graph,
    log_analytics,
    monitor,
    policy,
    vault,
)
from helpers.rehearsal.router import Router

ROUTER = Router.of(
    entra.ROUTES,
    graph.ROUTES,
    authorization.ROUTES,
    policy.ROUTES,
    monitor.ROUTES,
    destinations.ROUTES,
    log_analytics.ROUTES,
    arm.ROUTES,
    vault.ROUTES,
    anthropic.ROUTES,
)
