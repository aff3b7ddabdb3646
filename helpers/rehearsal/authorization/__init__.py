"""Azure authorization: role definitions, role assignments, the caller's permissions, deny assignments.

Routes end each module, `rules` says who may assign what, `responses` and `errors` are what is answered.
"""

from __future__ import annotations

from helpers.rehearsal.authorization import assignments, definitions, denials
from helpers.rehearsal.router import Route

ROUTES: tuple[Route, ...] = (*definitions.ROUTES, *assignments.ROUTES, *denials.ROUTES)
