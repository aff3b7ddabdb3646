"""All rows of all subjects: a check, what was found, its verdict, part of what was seen."""

from __future__ import annotations

from tests.unit.checks import rows_key, rows_network, rows_principal, rows_registration, rows_role, rows_vault
from tests.unit.checks.finding import Row

ROWS: list[Row] = [
    *rows_vault.ROWS,
    *rows_network.ROWS,
    *rows_principal.ROWS,
    *rows_key.ROWS,
    *rows_role.ROWS,
    *rows_registration.ROWS,
]
