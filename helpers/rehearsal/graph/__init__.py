"""Microsoft Graph v1.0: service principals, and what the runbook reads around them."""

from helpers.rehearsal.graph.routes import ROUTES

__all__ = ["ROUTES"]
