"""The code that runs in a rehearsal is the code that runs in production: no endpoint is overridden anywhere."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from helpers import published
from helpers.services.credentials import AUTHORITY
from tests.services.rehearsed import ROOT

HELPERS = ROOT / "helpers"
SOURCES = sorted(path for path in HELPERS.rglob("*.py") if "rehearsal" not in path.relative_to(HELPERS).parts)
NAMES = {path: path.relative_to(ROOT).as_posix() for path in SOURCES}
ALLOWED = {
    "base_url": "published.ADMIN_API",
    "authority": "AUTHORITY",
    "endpoint": "ENDPOINT",
    "cloud_setting": "AzureClouds.AZURE_PUBLIC_CLOUD",
    "transport": (
        "'ipc'",  # of a Jupyter kernel; no client takes a word for a transport
        "self._transport(world, url)",  # of a fleet, in a rehearsal and on Azure alike: test_shared shows whom it trusts
    ),
    "proxies": "{'no_proxy': address.host}",  # of an archive on this machine, which no proxy reaches: past one, not to one
}
FORBIDDEN = ("verify_challenge_resource", "verify", "connection_verify", "mounts", "proxy", "host")
INSECURE = ("_create_unverified_context", "CERT_NONE", "disable_warnings", "check_hostname")


def allowed(name: str) -> tuple[str, ...]:
    found = ALLOWED[name]
    return (found,) if isinstance(found, str) else found


def overrides(tree: ast.AST) -> Iterator[str]:
    """Every keyword, dictionary key, item or name in a module that could move a client or stop it from checking."""
    for node in ast.walk(tree):
        given: list[tuple[str | None, ast.expr]] = []
        if isinstance(node, ast.Call):
            given = [(keyword.arg, keyword.value) for keyword in node.keywords]
        elif isinstance(node, ast.Dict):
            given = [
                (str(key.value), value)
                for key, value in zip(node.keys, node.values, strict=True)
                if isinstance(key, ast.Constant)
            ]
        elif isinstance(node, ast.Assign):
            items = (target.slice for target in node.targets if isinstance(target, ast.Subscript))
            given = [(str(item.value), node.value) for item in items if isinstance(item, ast.Constant)]
        for name, value in given:
            if name in FORBIDDEN or (name in ALLOWED and ast.unparse(value) not in allowed(name)):
                yield f"line {node.lineno}: {name}={ast.unparse(value)}"  # type: ignore[attr-defined]
        if isinstance(node, ast.Attribute | ast.Name):
            name = node.attr if isinstance(node, ast.Attribute) else node.id
            if name in INSECURE:
                yield f"line {node.lineno}: {name}"


@pytest.mark.parametrize("path", SOURCES, ids=NAMES.values())
def test_no_client_is_moved_or_told_not_to_check(path: Path) -> None:
    """Outside the rehearsal no module overrides an endpoint, a transport, or a verification."""
    assert list(overrides(ast.parse(path.read_text(encoding="utf-8")))) == []


@pytest.mark.parametrize(
    "code",
    [
        "KeyClient(url, credential, verify_challenge_resource=False)",
        "Anthropic(base_url=address)",
        "Anthropic(base_url='https://api.anthropic.com')",
        "ClientSecretCredential(authority=host)",
        "shared = {'authority': host}",
        "options['authority'] = host",
        "options['proxies'] = {'https': host}",
        "options['proxies'] = {'no_proxy': '*'}",
        "httpx.Client(verify=False)",
        "httpx.Client(transport=mine)",
        "KeyVaultManagementClient(cloud_setting=AzureClouds.AZURE_US_GOVERNMENT)",
        "ssl._create_unverified_context()",
        "context.verify_mode = ssl.CERT_NONE",
    ],
)
def test_an_override_would_be_seen(code: str) -> None:
    """The search above finds each kind of override."""
    assert len(list(overrides(ast.parse(code)))) == 1


def test_the_addresses_are_the_published_ones() -> None:
    """The two addresses that are given explicitly are the production ones."""
    assert published.ADMIN_API == "https://api.anthropic.com"
    assert published.VAULT_SUFFIX == ".vault.azure.net"
    assert AUTHORITY == "https://login.microsoftonline.com"


def test_the_search_covers_the_services() -> None:
    """Something is searched: the adapters are among the modules."""
    assert {"helpers/services/keys.py", "helpers/services/admin.py", "helpers/services/credentials.py"} <= set(
        NAMES.values()
    )
