"""Whether somebody could later see what was done with the key."""

from __future__ import annotations

from helpers.checks.base import Check, Finding, failed, on, passed
from helpers.facts import Facts
from helpers.model import DiagnosticSetting
from helpers.parameters import Parameters

_EXPECTED = "AuditEvent, or the audit or allLogs group, to a destination"
_MEND = "az monitor diagnostic-settings create with the AuditEvent log and a Log Analytics workspace"


def _audited(found: Facts, _: Parameters) -> Finding:
    def judge(rows: tuple[DiagnosticSetting, ...]) -> Finding:
        good = [row for row in rows if row.audits]
        if good:
            where = f"{good[0].sinks[0]} (the destination itself was not looked at)"
            return passed(f"{good[0].name}: {', '.join(good[0].categories)} to {where}", _EXPECTED)
        told = ", ".join(f"{row.name}: {', '.join(row.categories) or 'no category'}" for row in rows)
        return failed(told or "no diagnostic setting", _EXPECTED, _MEND)

    return on(found.diagnostics, judge, absent=failed("no diagnostic setting", _EXPECTED, _MEND))


CHECKS = (
    Check(
        "V35",
        "Key use is logged",
        "blocks",
        "Key Vault writes no audit log of Anthropic's key operations unless it is told to.",
        _audited,
        controls={"CIS": "6.1.1.4", "Prowler": "keyvault_logging_enabled"},
    ),
)
