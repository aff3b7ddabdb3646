"""The log of a Log Analytics workspace: how the keys of a vault were used. One read, in two queries.

Key Vault's audit log is in AZKVAuditLogs or in AzureDiagnostics, by how the diagnostic setting was made, so both are
asked, and a workspace can have either, both or none. Events that are alike come counted, so that a busy key gives few
rows. Sources, read 2026-11-27: Azure Monitor table reference (AZKVAuditLogs: CallerIpAddress, Id, Identity,
ResultSignature, _ResourceId); "Key Vault logging"; public queries for Identity.claim.oid and for the columns that
AzureDiagnostics has only once something was logged. The workspace is asked by its customer id: a query by the vault's
resource id leaves out silently what the caller may not see (Azure, "Querying logs for Azure resources").
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from azure.core.credentials import TokenCredential
from azure.core.exceptions import AzureError, HttpResponseError
from azure.monitor.query import LogsQueryClient, LogsQueryPartialResult

from helpers.model import KEY_USE, Absent, Footprint, Found, Known, Unknown
from helpers.services.patience import Patient, told
from helpers.services.replies import MOST_ROWS, UNREADABLE, TooLong, first_line, needed, request_id, stop_at_wrong_cloud
from helpers.services.witness import Witness

ENDPOINT = "https://api.loganalytics.io"
LONGEST_SECONDS = 60
"""How long the service may take for one query."""

_OID = "http://schemas.microsoft.com/identity/claims/objectidentifier"
_FLAT = "identity_claim_http_schemas_microsoft_com_identity_claims_objectidentifier_g"
_TABLES = {
    "AZKVAuditLogs": (
        f'PrincipalId = coalesce(tostring(Identity.claim.oid), tostring(Identity.claim["{_OID}"])), '
        "Address = CallerIpAddress, KeyId = Id"
    ),
    "AzureDiagnostics": (
        f'PrincipalId = coalesce(tostring(column_ifexists("identity_claim_oid_g", "")), '
        f'tostring(column_ifexists("{_FLAT}", ""))), '
        'Address = tostring(column_ifexists("CallerIPAddress", "")), KeyId = tostring(column_ifexists("id_s", ""))'
    ),
}
"""Both tables, and how each says who, from where and which key."""


class Logs:
    """Queries of any workspace that the caller may read."""

    def __init__(self, credential: TokenCredential, witness: Witness) -> None:
        self._client = LogsQueryClient(
            credential,
            endpoint=ENDPOINT,
            raw_response_hook=witness.azure,
            retry_policy=Patient(),
            permit_redirects=False,
        )

    def close(self) -> None:
        """Close its connections."""
        self._client.close()

    def key_use(
        self, customer_id: str, vault_id: str, since: datetime, until: datetime
    ) -> Found[tuple[Footprint, ...]]:
        """How the keys of a vault were used between two times; absent where the workspace has neither table yet.

        An answer in part is unknown, and so is one table that cannot be read, whatever the other says.
        """
        rows: list[Footprint] = []
        there = False
        for table in _TABLES:
            match self._table(table, customer_id, vault_id, since, until):
                case Known(more):
                    there = True
                    rows += more
                case Unknown() as trouble:
                    return trouble
        return Known(tuple(rows)) if there else Absent()

    def _table(
        self, table: str, customer_id: str, vault_id: str, since: datetime, until: datetime
    ) -> Found[tuple[Footprint, ...]]:
        try:
            reply = self._client.query_workspace(
                customer_id, query(table, vault_id), timespan=(since, until), server_timeout=LONGEST_SECONDS
            )
            if isinstance(reply, LogsQueryPartialResult):
                error = reply.partial_error
                return Unknown(f"the log answered in part only: {error.code if error else 'no reason given'}")
            return Known(tuple(_rows(reply.tables)))
        except HttpResponseError as error:
            stop_at_wrong_cloud(error)
            return _refused(error, table)
        except AzureError as error:
            stop_at_wrong_cloud(error)
            return Unknown(f"no usable answer: {first_line(error)}")
        except UNREADABLE as error:
            return Unknown(f"the reply could not be understood: {type(error).__name__}: {first_line(error)}")


def query(table: str, vault_id: str) -> str:
    """The query of one table, for any time: what it is to be about is sent beside it."""
    operations = ", ".join(map(json.dumps, KEY_USE))
    return "\n".join(
        (
            table,
            f"| where _ResourceId =~ {json.dumps(vault_id, ensure_ascii=False)}",
            f"| where OperationName in ({operations})",
            f"| extend {_TABLES[table]}",
            "| summarize Count = count(), First = min(TimeGenerated), Last = max(TimeGenerated) "
            "by OperationName, ResultSignature, PrincipalId, Address, KeyId",
            f"| take {MOST_ROWS + 1}",
        )
    )


def _rows(tables: Iterable[Any]) -> Iterator[Footprint]:
    (table,) = tables  # a reply without one, or with more, is none of ours
    if len(table.rows) > MOST_ROWS:
        raise TooLong(f"more than {MOST_ROWS} rows")
    for row in table.rows:
        yield Footprint(
            operation=needed(row["OperationName"], "OperationName"),
            result=row["ResultSignature"] or "",
            principal_id=row["PrincipalId"] or "",
            address=row["Address"] or "",
            key_id=row["KeyId"] or "",
            count=int(row["Count"]),
            first=_time(row["First"]),
            last=_time(row["Last"]),
        )


def _time(value: Any) -> datetime:
    """A time as the SDK reads it; it leaves what it cannot read as it is."""
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise ValueError(f"{value} is not a time")
    return value


def _refused(error: HttpResponseError, table: str) -> Found[tuple[Footprint, ...]]:
    """Absent for a table that the workspace does not have, else unknown, with the innermost code and message.

    Source: client libraries' troubleshooting pages quote SEM0100 within BadArgumentError, and InsufficientAccessError.
    """
    codes, message = _said(error)
    missing = "Failed to resolve table" in message and f"'{table}'" in message
    if error.status_code == 400 and "SEM0100" in codes and missing:
        return Absent()
    named = " ".join(str(part) for part in (error.status_code, *codes[:1]) if part)
    headers = getattr(error.response, "headers", {})
    told_too = told(error.status_code, headers)
    return Unknown(f"{named}: {first_line(message)}{told_too}", request_id(error), codes[-1] if codes else None)


def _said(error: HttpResponseError) -> tuple[list[str], str]:
    """Every code of an error reply, the outermost first, and its innermost message."""
    codes, message = [], error.message
    reply: Any = error.response
    try:
        level = reply.json()["error"]
    except UNREADABLE:
        level = None
    for _ in range(8):
        if not isinstance(level, dict):
            break
        codes += [str(level["code"])] if level.get("code") else []
        message = str(level.get("message") or message)
        level = level.get("innererror")
    return codes, message
