"""Azure Monitor: diagnostic settings of a resource.

Item and PUT reply as recorded (2020, 2023): unused destinations null, the id in lower case but for its last type. The
service's own errors are flat, `{code, message}` (OpenAPI 2021-05-01-preview); ARM's own stay wrapped.
"""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError

from helpers.rehearsal.anthropic.use import catch_up
from helpers.rehearsal.arm.errors import not_simulated
from helpers.rehearsal.arm.gateway import HOST, Call, arm, normal
from helpers.rehearsal.arm.resources import require_existing
from helpers.rehearsal.router import Route
from helpers.rehearsal.state import DiagnosticSetting, LogRow
from helpers.rehearsal.wire import Response, WireError

NAMESPACE = "Microsoft.Insights"
ACTION = f"{NAMESPACE}/diagnosticSettings"
LISTS_NOTHING = "2017-05-01-preview"
"""An old api-version that lists nothing for a resource that has settings (quoted, azure-sdk-for-js 26347)."""
DESTINATIONS = ("storageAccountId", "workspaceId", "eventHubAuthorizationRuleId")
NO_RETENTION = {"enabled": False, "days": 0}


def list_settings(call: Call, resource: str) -> Response:
    resource = _open(call, "read", resource)
    if call.request.query["api-version"].lower() == LISTS_NOTHING:
        return Response(200, {"value": []})
    stored = call.world.state.diagnostic_settings
    return Response(200, {"value": [_body(n, s) for n, s in stored.items() if _same(s.resource, resource)]})


def get_setting(call: Call, resource: str, name: str) -> Response:
    resource = _open(call, "read", resource)
    found = _find(call, resource, name)
    if found is None:
        raise _error(404, "ResourceNotFound", f"The diagnostic setting '{name}' doesn't exist.")
    return Response(200, _body(found, call.world.state.diagnostic_settings[found]))


def put_setting(call: Call, resource: str, name: str) -> Response:
    """200 for a new setting and for a changed one (recorded 2023). At least one destination (assumption)."""
    resource = _open(call, "write", resource)
    call.require_unlocked(resource, "write")
    found = _find(call, resource, name)
    if found is None and any(other.lower() == name.lower() for other in call.world.state.diagnostic_settings):
        raise not_simulated("two diagnostic settings of one name at two resources")
    setting = _asked(resource, call.properties())
    catch_up(call.world)  # what went by until now was logged as it was set until now
    call.world.state.diagnostic_settings[found or name] = setting
    return Response(200, _body(found or name, setting))


def delete_setting(call: Call, resource: str, name: str) -> Response:
    """200, or 204 when there is none."""
    resource = _open(call, "delete", resource)
    call.require_unlocked(resource, "delete")
    found = _find(call, resource, name)
    if found is None:
        return Response(204)
    catch_up(call.world)
    del call.world.state.diagnostic_settings[found]
    return Response(200)


def _open(call: Call, verb: str, resource: str) -> str:
    resource = normal(resource)
    call.require(f"{ACTION}/{verb}", resource)
    call.require_provider(NAMESPACE, resource)
    require_existing(call, resource)
    return resource


def _same(one: str, other: str) -> bool:
    return one.strip("/").lower() == other.strip("/").lower()


def _find(call: Call, resource: str, name: str) -> str | None:
    for own, setting in call.world.state.diagnostic_settings.items():
        if own.lower() == name.lower() and _same(setting.resource, resource):
            return own
    return None


def _body(name: str, setting: DiagnosticSetting) -> dict[str, Any]:
    return {
        "id": f"{setting.resource.lower()}/providers/microsoft.insights/diagnosticSettings/{name}",
        "type": "Microsoft.Insights/diagnosticSettings",
        "name": name,
        "location": None,
        "kind": None,
        "tags": None,
        "properties": {
            "storageAccountId": setting.storage_account_id,
            "serviceBusRuleId": None,
            "workspaceId": setting.workspace_id,
            "eventHubAuthorizationRuleId": setting.event_hub_authorization_rule_id,
            "eventHubName": setting.event_hub_name,
            "metrics": setting.metrics,
            "logs": [_log(row) for row in setting.logs],
            "logAnalyticsDestinationType": setting.log_analytics_destination_type,
        },
        "identity": None,
    }


def _log(row: LogRow) -> dict[str, Any]:
    """A category or a group of them; the other one is null (assumption: the recording is older than groups)."""
    return {
        "category": row.category,
        "categoryGroup": row.category_group,
        "enabled": row.enabled,
        "retentionPolicy": dict(NO_RETENTION),
    }


def _asked(resource: str, given: dict[str, Any]) -> DiagnosticSetting:
    """The setting a PUT asks for. Raises 400 without destination or for a bad body, 501 for what is left out."""
    for left_out in ("serviceBusRuleId", "marketplacePartnerId"):
        if given.get(left_out) is not None:
            raise not_simulated(f"a diagnostic setting's {left_out}")
    if not any(given.get(destination) for destination in DESTINATIONS):
        raise _error(400, "BadRequest", "At least one data sink needs to be specified.")
    try:
        return DiagnosticSetting(
            resource=resource,
            workspace_id=given.get("workspaceId"),
            storage_account_id=given.get("storageAccountId"),
            event_hub_authorization_rule_id=given.get("eventHubAuthorizationRuleId"),
            event_hub_name=given.get("eventHubName"),
            log_analytics_destination_type=given.get("logAnalyticsDestinationType"),
            metrics=given.get("metrics") or [],
            logs=[
                LogRow(category=row.get("category"), category_group=row.get("categoryGroup"), enabled=row["enabled"])
                for row in given.get("logs") or []
            ],
        )
    except (ValidationError, KeyError, TypeError, AttributeError):
        raise _error(400, "BadRequest", "The diagnostic setting is not valid.") from None


def _error(status: int, code: str, message: str) -> WireError:
    return WireError(Response(status, {"code": code, "message": message}))


_ALL = "{resource*}/providers/Microsoft.Insights/diagnosticSettings"
_ONE = f"{_ALL}/{{name}}"
ROUTES = (
    Route("DiagnosticSettings_List", "GET", HOST, _ALL, arm(list_settings)),
    Route("DiagnosticSettings_Get", "GET", HOST, _ONE, arm(get_setting)),
    Route("DiagnosticSettings_CreateOrUpdate", "PUT", HOST, _ONE, arm(put_setting)),
    Route("DiagnosticSettings_Delete", "DELETE", HOST, _ONE, arm(delete_setting)),
)
