"""The Anthropic Admin API: the organization, external keys and workspaces."""

from helpers.rehearsal.anthropic.routes import ROUTES

__all__ = ["ROUTES"]
