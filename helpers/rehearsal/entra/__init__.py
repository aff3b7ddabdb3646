"""Microsoft Entra ID: discovery, and tokens for client credentials."""

from helpers.rehearsal.entra.discovery import ROUTES as DISCOVERY
from helpers.rehearsal.entra.token import ROUTES as TOKEN

ROUTES = (*DISCOVERY, *TOKEN)
