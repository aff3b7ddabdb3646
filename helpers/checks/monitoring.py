"""Whether somebody could later see what was done with the key."""

from __future__ import annotations

from helpers.checks.base import Check, Finding, failed, on, passed, unknown, unread
from helpers.facts import Facts
from helpers.model import DiagnosticSetting, Known, LogSink, SinkState, Unknown
from helpers.parameters import Parameters

_EXPECTED = "AuditEvent, or the audit or allLogs group, to a destination that is there"
_MEND = (
    "Run 04_verify with remediate: [diagnostic_settings] and log_destination, or az monitor diagnostic-settings create "
    "with the AuditEvent log"
)


def _audited(found: Facts, _: Parameters) -> Finding:
    def judge(rows: tuple[DiagnosticSetting, ...]) -> Finding:
        good = [row for row in rows if row.audits]
        if good:
            return on(found.sinks, lambda sinks: _alive(good, sinks), absent=unknown("where the log goes to"))
        told = ", ".join(f"{row.name}: {', '.join(row.categories) or 'no category'}" for row in rows)
        return failed(told or "no diagnostic setting", _EXPECTED, _MEND)

    return on(found.diagnostics, judge, absent=failed("no diagnostic setting", _EXPECTED, _MEND))


def _alive(settings: list[DiagnosticSetting], sinks: tuple[LogSink, ...]) -> Finding:
    """One destination that is there is enough; one that could not be looked at is not taken for there."""
    logs = ", ".join(f"{row.name}: {', '.join(row.categories)}" for row in settings)
    alive = [_told(sink) for sink in sinks if isinstance(sink.found, Known) and sink.found.value.works]
    if alive:
        return passed(f"{logs}, to {'; '.join(alive)}", _EXPECTED)
    for sink in sinks:
        if isinstance(sink.found, Unknown):
            reader = f"Give this identity Reader on {sink.id}."
            other = "Send AuditEvent to a workspace, storage account or event hub as well: those can be looked at."
            return unread(sink.found, other if sink.kind == "partner solution" else reader)
    gone = ", ".join(f"{sink.kind} {sink.id}, {_gone(sink)}" for sink in sinks)
    return failed(f"{logs}, to {gone}", _EXPECTED, _MEND)


def _gone(sink: LogSink) -> str:
    return f"which is {sink.found.value.state}" if isinstance(sink.found, Known) else "which is not there"


def _told(sink: LogSink) -> str:
    state = sink.found.value if isinstance(sink.found, Known) else SinkState(None)
    kept = "" if state.retention_days is None else f", kept {state.retention_days} days"
    fixed = {None: "", True: ", immutable", False: ", not immutable"}[state.immutable]
    return f"{sink.kind} {sink.id.rsplit('/', 1)[-1]}{kept}{fixed}"


CHECKS = (
    Check(
        "V35",
        "Key use is logged to a destination that is there",
        "blocks",
        "Key Vault writes no audit log of Anthropic's key operations unless it is told to.",
        _audited,
        looks_at="diagnostic settings of the vault: logs, destinations; each destination: whether it is there",
        right="Reader on the vault and on the log destination",
        controls={"CIS": "6.1.1.4", "MCSB": "LT-3", "Prowler": "keyvault_logging_enabled"},
    ),
)
