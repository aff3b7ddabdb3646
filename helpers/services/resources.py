"""What is set on and around a vault: locks, diagnostic settings and where they send, policies.

No installed SDK has a client for these, so the requests are spelled. Versions: diagnostic settings 2021-05-01-preview
(an older one answered an empty list for a resource that had some), locks 2016-09-01, policies 2023-04-01.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from azure.core.rest import HttpRequest, HttpResponse

from helpers.model import (
    DiagnosticSetting,
    Found,
    Lock,
    LogSink,
    PolicyAssignment,
    PolicyDefinition,
    SinkState,
    Unknown,
)
from helpers.services.replies import MOST_PAGES, MOST_ROWS, TooLong, follow, listed, look, needed

HOST = "management.azure.com"
DIAGNOSTICS, LOCKS, POLICIES = "2021-05-01-preview", "2016-09-01", "2023-04-01"
WORKSPACES = "2022-10-01"
MOST_DEFINITIONS = 20
"""More policies than this are not opened one by one; the others stay unknown."""

_SINKS: tuple[tuple[str, str, Any], ...] = (
    ("/microsoft.operationalinsights/workspaces/", WORKSPACES, "Log Analytics workspace"),
    ("/microsoft.storage/storageaccounts/", "2023-01-01", "storage account"),
    ("/microsoft.eventhub/namespaces/", "2021-11-01", "event hub"),
)


class Resources:
    """Reads through the pipeline of the vault's own client."""

    def __init__(self, send: Callable[[HttpRequest], HttpResponse]) -> None:
        self._send = send

    def diagnostic_settings(self, resource_id: str) -> Found[tuple[DiagnosticSetting, ...]]:
        """The diagnostic settings of a resource."""
        path = f"{resource_id}/providers/Microsoft.Insights/diagnosticSettings"
        return look(lambda: tuple(as_setting(row) for row in self._rows(path, DIAGNOSTICS)))

    def sink(self, resource_id: str) -> LogSink:
        """A log destination, by what its resource id says it is."""
        for part, version, kind in _SINKS:
            if part in f"{resource_id}/".lower():
                return LogSink(resource_id, kind, look(lambda v=version: _sink(self._get(resource_id, v))))  # type: ignore[misc]
        return LogSink(resource_id, "partner solution", Unknown("this suite does not know that kind of destination"))

    def customer_id(self, workspace: str) -> Found[str]:
        """The id by which a Log Analytics workspace is queried, by its resource id."""

        def read() -> str:
            return str(needed(self._get(workspace, WORKSPACES)["properties"].get("customerId"), "customerId"))

        return look(read)

    def locks(self, resource_id: str) -> Found[tuple[Lock, ...]]:
        """The locks at a resource and above it; what lies below it is left out."""
        path = f"{resource_id}/providers/Microsoft.Authorization/locks"
        mine = f"{resource_id}/".lower()

        def read() -> tuple[Lock, ...]:
            rows = map(as_lock, self._rows(path, LOCKS))
            return tuple(lock for lock in rows if mine.startswith(f"{lock.scope}/"))

        return look(read)

    def policies(self, resource_id: str) -> Found[tuple[PolicyAssignment, ...]]:
        """The policies assigned at a resource and above it, each opened; what is in an initiative is not."""
        path = f"{resource_id}/providers/Microsoft.Authorization/policyAssignments"
        return look(lambda: tuple(self._policies(self._rows(path, POLICIES, "&$filter=atScope()"))))

    def _policies(self, rows: Iterator[dict[str, Any]]) -> Iterator[PolicyAssignment]:
        for number, row in enumerate(rows):
            properties = row["properties"]
            definition = str(needed(properties["policyDefinitionId"], "policyDefinitionId"))
            found: Found[PolicyDefinition] = Unknown("an initiative: what is in it was not opened")
            if "/policysetdefinitions/" not in definition.lower():
                found = self._definition(definition, properties.get("parameters") or {}, number)
            yield PolicyAssignment(
                name=properties.get("displayName") or needed(row["name"], "name"),
                scope=str(needed(properties["scope"], "scope")),
                enforced=properties.get("enforcementMode") != "DoNotEnforce",
                definition=found,
            )

    def _definition(self, resource_id: str, given: dict[str, Any], number: int) -> Found[PolicyDefinition]:
        if number >= MOST_DEFINITIONS:
            return Unknown(f"more than {MOST_DEFINITIONS} policies are assigned; this one was not opened")
        return look(lambda: _definition(self._get(resource_id, POLICIES), given))

    def _rows(self, path: str, version: str, query: str = "") -> Iterator[dict[str, Any]]:
        """All rows of all pages, bounded; a next page on another host is never asked for."""
        url: str | None = f"{path}?api-version={version}{query}"
        rows = 0
        for _ in range(MOST_PAGES):
            body = self._json(str(url))
            for row in listed(body["value"]):
                rows += 1
                yield row
            url = follow(body.get("nextLink"), HOST)
            if not url:
                return
            if rows > MOST_ROWS:
                break
        raise TooLong(f"more than {MOST_PAGES} pages or {MOST_ROWS} rows")

    def _get(self, path: str, version: str) -> dict[str, Any]:
        return self._json(f"{path}?api-version={version}")

    def _json(self, url: str) -> dict[str, Any]:
        response = self._send(HttpRequest("GET", url))
        response.raise_for_status()
        body = response.json()
        if not isinstance(body, dict):
            raise ValueError("the reply is not a JSON object")
        return body


def as_setting(row: dict[str, Any]) -> DiagnosticSetting:
    """A diagnostic setting from a reply."""
    properties = row["properties"]
    enabled = [log for log in properties.get("logs") or () if log.get("enabled") is True]
    categories = [log["category"] for log in enabled if log.get("category")]
    groups = [f"group:{log['categoryGroup']}" for log in enabled if log.get("categoryGroup")]
    sinks = ("workspaceId", "storageAccountId", "eventHubAuthorizationRuleId", "marketplacePartnerId")
    return DiagnosticSetting(
        name=row["name"],
        categories=(*categories, *groups),
        sinks=tuple(properties[sink] for sink in sinks if properties.get(sink)),
    )


def _sink(body: dict[str, Any]) -> SinkState:
    properties = body["properties"]
    immutable = properties.get("immutableStorageWithVersioning")
    return SinkState(
        state=properties.get("provisioningState"),
        retention_days=properties.get("retentionInDays"),
        immutable=None if immutable is None else immutable.get("enabled") is True,
    )


def as_lock(row: dict[str, Any]) -> Lock:
    """A lock from a reply; its scope is what its id stands under."""
    scope, _, _ = str(needed(row["id"], "id")).lower().partition("/providers/microsoft.authorization/locks/")
    return Lock(needed(row["name"], "name"), needed(row["properties"]["level"], "level"), scope)


def _definition(body: dict[str, Any], given: dict[str, Any]) -> PolicyDefinition:
    properties = body["properties"]
    rule = properties["policyRule"]
    effect = str(rule["then"]["effect"])
    if effect.startswith("[parameters("):
        name = effect[len("[parameters(") : -len(")]")].strip("'\" ")
        default = (properties.get("parameters") or {}).get(name, {}).get("defaultValue")
        effect = given[name]["value"] if name in given else default
    return PolicyDefinition(tuple(dict.fromkeys(_fields(rule))), effect)


def _fields(rule: Any) -> Iterator[str]:
    """Every field that a policy rule names: what it looks at, and what it sets."""
    if isinstance(rule, list):
        for part in rule:
            yield from _fields(part)
    elif isinstance(rule, dict):
        for name, value in rule.items():
            if name == "field" and isinstance(value, str):
                yield value
            yield from _fields(value)
    elif isinstance(rule, str):
        yield from re.findall(r"field\('([^']+)'\)", rule)
