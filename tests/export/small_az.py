"""A small stand-in for the Azure CLI: the commands of an exported script and no others, a twentieth of the time.

It signs in with AZURE_CLIENT_ID and AZURE_CLIENT_SECRET at each start, sends what the real one sends, and prints what
the real one prints, as far as the script reads it. The tests marked az hold the script itself against the real one.
"""

from __future__ import annotations

import base64
import json
import os
import sys
import urllib.error
import urllib.parse
import urllib.request
from datetime import UTC, datetime
from typing import Any

ARM, GRAPH, VAULT = "https://management.azure.com", "https://graph.microsoft.com", "https://vault.azure.net"
KEYS = "?api-version=7.4"


class Refused(Exception):
    """What the real one prints, and its exit code."""

    def __init__(self, told: str, code: int) -> None:
        super().__init__(told)
        self.code = code


def main(arguments: list[str]) -> int:
    words = [word for word in arguments if not word.startswith("-")]
    options = _options(arguments)
    try:
        print(json.dumps(_answer(words, options), indent=2))
    except Refused as refused:
        print(f"ERROR: {refused}", file=sys.stderr)
        return refused.code
    return 0


def _options(arguments: list[str]) -> dict[str, str]:
    """Options as `--name value` and as `--name=value`."""
    found, rest = {}, list(arguments)
    while rest:
        word = rest.pop(0)
        if word.startswith("--"):
            name, equals, value = word.partition("=")
            found[name] = value if equals else rest.pop(0)
    return found


def _answer(words: list[str], options: dict[str, str]) -> Any:
    vault = f"https://{options.get('--vault-name')}.vault.azure.net"
    name = options.get("--name", "")
    match words:
        case ["account", "show", *_]:
            tenant = os.environ["AZURE_TENANT_ID"]
            return {"environmentName": "AzureCloud", "tenantId": tenant, "user": {"name": "small"}}
        case ["keyvault", "show", *_]:
            group = f"/subscriptions/{options['--subscription']}/resourceGroups/{options['--resource-group']}"
            return _ask("GET", f"{ARM}{group}/providers/Microsoft.KeyVault/vaults/{name}?api-version=2023-07-01", ARM)
        case ["ad", "sp", "list", *_]:
            wanted = urllib.parse.quote(options["--filter"])
            return _ask("GET", f"{GRAPH}/v1.0/servicePrincipals?$filter={wanted}", GRAPH)["value"]
        case ["ad", "sp", "create", *_]:
            body = {"appId": options["--id"], "accountEnabled": True}
            return _ask("POST", f"{GRAPH}/v1.0/servicePrincipals", GRAPH, body)
        case ["keyvault", "key", "show", *_]:
            return _key(_ask("GET", f"{vault}/keys/{name}/{KEYS}", VAULT))
        case ["keyvault", "key", "show-deleted", *_]:
            return _key(_ask("GET", f"{vault}/deletedkeys/{name}{KEYS}", VAULT))
        case ["keyvault", "key", "list-versions", *_]:
            return [_key(row) for row in _pages(f"{vault}/keys/{name}/versions{KEYS}")]
        case ["keyvault", "key", "list", *_]:
            return [_key(row) for row in _pages(f"{vault}/keys{KEYS}")]
        case ["role", "assignment", "create", *_]:
            return _assign(options)
        case ["rest", *_]:
            return _rest(options)
    raise Refused(f"not one of the commands of an exported script: {words}", 2)


def _assign(options: dict[str, str]) -> Any:
    role = f"/subscriptions/{options['--subscription']}/providers/Microsoft.Authorization/roleDefinitions/"
    properties = {
        "roleDefinitionId": role + options["--role"],
        "principalId": options["--assignee-object-id"],
        "principalType": options["--assignee-principal-type"],
    }
    path = f"{options['--scope']}/providers/Microsoft.Authorization/roleAssignments/{options['--name']}"
    return _ask("PUT", f"{ARM}{path}?api-version=2022-04-01", ARM, {"properties": properties})


def _rest(options: dict[str, str]) -> Any:
    url = options["--url"]
    resource = options.get("--resource") or (GRAPH if url.startswith(GRAPH) else ARM)
    body = json.loads(options["--body"]) if "--body" in options else None
    return _ask(options.get("--method", "get").upper(), url, resource, body, told="{reason}({body})", missing=1)


def _pages(url: str) -> list[Any]:
    rows: list[Any] = []
    while url:
        page = _ask("GET", url, VAULT)
        rows += page["value"]
        url = page["nextLink"]
    return rows


def _key(row: dict[str, Any]) -> dict[str, Any]:
    """A key as az prints it: dates as text, the modulus in the other alphabet, operations under another name."""
    attributes = {**row["attributes"]}
    for wire, shown in (("nbf", "notBefore"), ("exp", "expires"), ("created", "created")):
        seconds = attributes.pop(wire, None)
        attributes[shown] = None if seconds is None else datetime.fromtimestamp(seconds, UTC).isoformat()
    key = dict(row.get("key") or {})
    if key:
        modulus = base64.urlsafe_b64decode(key["n"] + "=" * (-len(key["n"]) % 4))
        key |= {"keyOps": key.pop("key_ops"), "n": base64.b64encode(modulus).decode()}
    return {**row, "attributes": attributes, "key": key, "tags": row.get("tags")}


def _ask(
    method: str, url: str, resource: str, body: Any = None, *, told: str = "({code}) {message}", missing: int = 3
) -> Any:
    headers = {"Authorization": f"Bearer {_token(resource)}", "Content-Type": "application/json"}
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url.replace(" ", "%20"), method=method, headers=headers, data=data)
    try:
        with urllib.request.urlopen(request, timeout=30) as reply:
            return json.load(reply)
    except urllib.error.HTTPError as error:
        raw = error.read().decode()
        detail = json.loads(raw)["error"]
        text = told.format(code=detail["code"], message=detail["message"], reason=error.reason, body=raw)
        raise Refused(text, missing if error.code == 404 else 1) from None
    except (OSError, ValueError) as error:
        raise Refused(f"{type(error).__name__}: {error}", 1) from None


def _token(resource: str) -> str:
    fields = {
        "client_id": os.environ["AZURE_CLIENT_ID"],
        "client_secret": os.environ["AZURE_CLIENT_SECRET"],
        "grant_type": "client_credentials",
        "scope": f"{resource}/.default",
    }
    url = f"https://login.microsoftonline.com/{os.environ['AZURE_TENANT_ID']}/oauth2/v2.0/token"
    with urllib.request.urlopen(url, urllib.parse.urlencode(fields).encode(), timeout=30) as reply:
        token: str = json.load(reply)["access_token"]
    return token


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
