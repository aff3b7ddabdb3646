"""Every simulated service behind one router."""

from __future__ import annotations

from helpers.rehearsal import anthropic, arm, authorization, entra, graph, monitor, vault
from helpers.rehearsal.router import Router

ROUTER = Router.of(
    entra.ROUTES,
    graph.ROUTES,
    authorization.ROUTES,
    monitor.ROUTES,
    arm.ROUTES,
    vault.ROUTES,
    anthropic.ROUTES,
)
