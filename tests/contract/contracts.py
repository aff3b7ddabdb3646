"""Replies against contracts nobody here wrote: OpenAPI documents and recorded replies of the real services.

The contracts lie beside the project, not in it. Tests that need them ask for the fixture `contracts`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

from jsonschema import Draft4Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT4

FOLDER = Path(__file__).resolve().parents[3] / "shared" / "contracts"

_SPECIFICATION = "specification/{}/resource-manager/{}/stable/{}/{}.json"
KEYS = "reduced/keyvault-keys-2025-07-01.reduced.json"
KEYS_7_4 = "specification/keyvault/data-plane/Microsoft.KeyVault/stable/7.4/keys.json"
VAULTS = "reduced/keyvault-vaults-2026-05-15.reduced.json"
VAULTS_2023 = _SPECIFICATION.format("keyvault", "Microsoft.KeyVault", "2023-02-01", "keyvault")
_AUTHORIZATION = ("authorization", "Microsoft.Authorization", "2022-04-01")
ROLE_ASSIGNMENTS = _SPECIFICATION.format(*_AUTHORIZATION, "authorization-RoleAssignmentsCalls")
ROLE_DEFINITIONS = _SPECIFICATION.format(*_AUTHORIZATION, "authorization-RoleDefinitionsCalls")
DENY_ASSIGNMENTS = _SPECIFICATION.format(*_AUTHORIZATION, "authorization-DenyAssignmentCalls")
LOCKS = _SPECIFICATION.format("resources", "Microsoft.Authorization", "2016-09-01", "locks")
DIAGNOSTIC_SETTINGS = (
    "specification/monitor/resource-manager/Microsoft.Insights/preview/2021-05-01-preview/diagnosticsSettings_API.json"
)


def recording(name: str) -> dict[str, Any]:
    """One recorded reply by its file name without `.json`: method, url_pattern, status, headers, body and so on."""
    loaded: dict[str, Any] = json.loads((FOLDER / "recordings" / f"{name}.json").read_text(encoding="utf-8"))
    return loaded


def schema_errors(document: str, operation_id: str, status: int, body: Any) -> list[str]:
    """What the document (a path below openapi/, such as `KEYS`) holds against this reply; empty when nothing.

    Members whose value is null are dropped first, formats are ignored, and enums that may grow are open. Raises
    KeyError for an operation the document does not have.
    """
    uri, pointer = _schema_of(document, operation_id, status)
    if pointer is None:
        return [] if body is None else [f"{operation_id} {status} has no body in the document"]
    validator = Draft4Validator({"$ref": f"{uri}#{pointer}"}, registry=Registry(retrieve=_retrieve))
    errors = validator.iter_errors(_without_nulls(body))
    return [f"{'.'.join(map(str, e.absolute_path)) or 'body'}: {e.message}" for e in errors]


def operations(document: str) -> set[str]:
    """The operation ids of a document."""
    return {operation for operation, *_ in _operations(_document(_uri(document)))}


def structure_errors(
    name: str, body: Any, *, free: Iterable[str] = (), newer: Iterable[str] = (), older: Iterable[str] = ()
) -> list[str]:
    """Where a reply differs from a recording in its key paths and JSON types; absent and null are different.

    Paths are written `properties.sku.name` and `value[].id`. What lies under a `free` path is not compared (tags);
    `newer` paths may be in the reply only and `older` paths in the recording only, each with all below it.
    """
    free, newer, older = tuple(free), tuple(newer), tuple(older)
    expected, got = _structure(recording(name)["body"], free), _structure(body, free)
    missing, added = sorted(expected.keys() - got.keys()), sorted(got.keys() - expected.keys())
    errors = [f"{path}: missing" for path in missing if not _below(path, older)]
    errors += [f"{path}: not in the recording" for path in added if not _below(path, newer)]
    for path in sorted(expected.keys() & got.keys()):
        if not got[path] <= expected[path]:
            errors.append(f"{path}: {_names(got[path])}, recorded {_names(expected[path])}")
    return errors


def _structure(value: Any, free: tuple[str, ...]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for path, kind in _paths(value, "", free):
        found.setdefault(path or "body", set()).add(kind)
    return found


def _paths(value: Any, path: str, free: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    yield path, _kind(value)
    if path in free:
        return
    if isinstance(value, dict):
        for key, member in value.items():
            yield from _paths(member, f"{path}.{key}" if path else key, free)
    elif isinstance(value, list):
        for member in value:
            yield from _paths(member, f"{path}[]", free)


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    kinds = {dict: "object", list: "array", str: "string", int: "number", float: "number", type(None): "null"}
    return kinds[type(value)]


def _below(path: str, tops: tuple[str, ...]) -> bool:
    return any(path == top or path.startswith((f"{top}.", f"{top}[")) for top in tops)


def _names(kinds: set[str]) -> str:
    return " or ".join(sorted(kinds))


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _without_nulls(v) for k, v in value.items() if v is not None}
    return [_without_nulls(v) for v in value] if isinstance(value, list) else value


def _schema_of(document: str, operation_id: str, status: int) -> tuple[str, str | None]:
    uri = _uri(document)
    for found, path, method, operation in _operations(_document(uri)):
        if found == operation_id:
            key = str(status) if str(status) in operation["responses"] else "default"
            pointer = f"/paths/{_escaped(path)}/{method}/responses/{key}/schema"
            return uri, pointer if "schema" in operation["responses"][key] else None
    raise KeyError(f"{operation_id} is not in {document}")


def _operations(document: Any) -> Iterator[tuple[str, str, str, Any]]:
    for section in ("paths", "x-ms-paths"):
        for path, methods in document.get(section, {}).items():
            for method, operation in methods.items():
                if isinstance(operation, dict) and "operationId" in operation:
                    yield operation["operationId"], path, method, operation


def _escaped(path: str) -> str:
    pointer = path.replace("~", "~0").replace("/", "~1")
    return pointer.replace("%", "%25").replace("{", "%7B").replace("}", "%7D")


def _uri(document: str) -> str:
    return (FOLDER / "openapi" / document).as_uri()


def _retrieve(uri: str) -> Resource[Any]:
    return Resource.from_contents(_document(uri), default_specification=DRAFT4)


@cache
def _document(uri: str) -> Any:
    return _opened(json.loads(Path(url2pathname(urlsplit(uri).path)).read_text(encoding="utf-8-sig")))


def _opened(value: Any) -> Any:
    """The document with enums that may grow (`modelAsString`) taken out."""
    if isinstance(value, list):
        return [_opened(member) for member in value]
    if not isinstance(value, dict):
        return value
    grows = isinstance(value.get("x-ms-enum"), dict) and value["x-ms-enum"].get("modelAsString") is True
    return {k: _opened(v) for k, v in value.items() if not (grows and k == "enum")}
