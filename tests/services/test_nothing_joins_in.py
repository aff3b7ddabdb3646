"""No variable or profile of a shell changes where requests go, as whom, or with what in them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from helpers.errors import RunbookError, WrongCloud, WrongUsage
from helpers.model import Known
from helpers.services.connect import Services
from tests.services.rehearsed import ADMIN_KEY, GIVEN, Rehearsed, given

PRODUCTION = {
    "login.microsoftonline.com",
    "management.azure.com",
    "graph.microsoft.com",
    "kv-contoso-claude.vault.azure.net",
    "api.anthropic.com",
}
ELSEWHERE = "https://127.0.0.1:9"
PRESETS: dict[str, dict[str, str]] = {
    "authority": {"AZURE_AUTHORITY_HOST": "login.microsoftonline.us"},
    "authority elsewhere": {"AZURE_AUTHORITY_HOST": "127.0.0.1:9"},
    "cloud of the SDK": {"AZURE_SDK_CLOUD_CONF": "AZURE_US_GOVERNMENT", "AZURE_CLOUD": "AZURE_US_GOVERNMENT"},
    "cloud of az": {"AZURE_CLOUD": "AzureChinaCloud", "AZURE_CLOUD_NAME": "AzureChinaCloud"},
    "base URL": {"ANTHROPIC_BASE_URL": ELSEWHERE},
    "API key": {"ANTHROPIC_API_KEY": "sk-ant-admin01-of-the-shell-not-of-the-run"},
    "auth token": {"ANTHROPIC_AUTH_TOKEN": "token-of-the-shell"},
    "all three": {
        "ANTHROPIC_BASE_URL": ELSEWHERE,
        "ANTHROPIC_API_KEY": "sk-ant-admin01-of-the-shell-not-of-the-run",
        "ANTHROPIC_AUTH_TOKEN": "token-of-the-shell",
    },
    "profile": {"ANTHROPIC_PROFILE": "hostile"},
    "federation": {
        "ANTHROPIC_FEDERATION_RULE_ID": "rule",
        "ANTHROPIC_ORGANIZATION_ID": "org",
        "ANTHROPIC_SERVICE_ACCOUNT_ID": "account",
        "ANTHROPIC_IDENTITY_TOKEN": "token-of-the-shell",
        "ANTHROPIC_WORKSPACE_ID": "wrkspc_x",
        "ANTHROPIC_SCOPE": "scope",
    },
    "SOCKS": {"ALL_PROXY": "http://127.0.0.1:9", "all_proxy": "http://127.0.0.1:9"},
}


def everything(services: Services) -> dict[str, object]:
    """One read through every client."""
    return {
        "caller": Known(services.caller),
        "vault": services.vaults.vault(GIVEN["resource_group"], GIVEN["vault_name"]),
        "diagnostics": services.resources.diagnostic_settings(given().vault_id),
        "keys": services.keys.names(),
        "principals": services.principals.of_published_app(),
        "roles": services.roles.of_principal(given().vault_id, "44444444-5555-4666-8777-888888888888"),
        "organization": services.admin.organization(),
        "external keys": services.admin.external_keys(),
    }


@pytest.mark.parametrize("preset", PRESETS)
def test_presets_of_the_shell_do_not_join_in(
    healthy: Rehearsed, monkeypatch: pytest.MonkeyPatch, preset: str, tmp_path: Path
) -> None:
    """Every client still goes to its production host, with the admin key of the parameters and no other credential."""
    (tmp_path / "configs").mkdir()
    profile = {"base_url": ELSEWHERE, "organization_id": "other", "authentication": {"type": "oidc_federation"}}
    for path in (tmp_path / "configs" / "hostile.json", tmp_path / "configs" / "default.json"):
        path.write_text(json.dumps(profile))
    (tmp_path / "active_config").write_text("hostile")
    monkeypatch.setenv("ANTHROPIC_CONFIG_DIR", str(tmp_path))
    for name, value in PRESETS[preset].items():
        monkeypatch.setenv(name, value)
    found = everything(healthy.services())
    assert {name: value for name, value in found.items() if not isinstance(value, Known)} == {}
    assert {row["host"] for row in healthy.cloud.journal.rows()} == PRODUCTION
    to_claude = [request for request in healthy.cloud.requests if request.host == "api.anthropic.com"]
    assert {request.headers.get("x-api-key", ADMIN_KEY) for request in to_claude} == {ADMIN_KEY}
    assert {request.headers.get("authorization", f"Bearer {ADMIN_KEY}") for request in to_claude} == {
        f"Bearer {ADMIN_KEY}"
    }
    sent = "\n".join(f"{dict(request.headers)} {dict(request.query)}" for request in healthy.cloud.requests)
    assert "of-the-shell" not in sent
    assert ADMIN_KEY not in "\n".join(
        str(dict(request.headers)) for request in healthy.cloud.requests if request.host != "api.anthropic.com"
    )


def test_custom_headers_of_the_shell_are_refused_by_name(healthy: Rehearsed, monkeypatch: pytest.MonkeyPatch) -> None:
    """The SDK sends ANTHROPIC_CUSTOM_HEADERS whatever it is given, so the run refuses and says which variable."""
    monkeypatch.setenv("ANTHROPIC_CUSTOM_HEADERS", "X-Hostile: yes")
    with pytest.raises(WrongUsage) as caught:
        _ = healthy.services().admin
    assert "ANTHROPIC_CUSTOM_HEADERS" in caught.value.what
    assert "X-Hostile" not in str(caught.value)
    assert healthy.cloud.asked("organization retrieve") == 0


@pytest.mark.parametrize("name", ["NO_PROXY", "no_proxy"])
def test_a_bypassed_proxy_is_refused(healthy: Rehearsed, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """NO_PROXY=* hides the rehearsal: the run refuses before it sends anything."""
    for either in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(either, raising=False)
    monkeypatch.setenv(name, "*")
    with pytest.raises(WrongCloud):
        healthy.services()
    assert healthy.cloud.journal.rows() == []


@pytest.mark.parametrize("missing", ["AZURE_CLIENT_SECRET", "AZURE_CLIENT_ID", "AZURE_TENANT_ID"])
def test_an_incomplete_sign_in_is_told_not_guessed(
    healthy: Rehearsed, monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    """Without all it needs the named way of signing in fails; no other way is tried."""
    monkeypatch.delenv(missing)
    with pytest.raises(RunbookError) as caught:
        _ = healthy.services().caller
    assert caught.value.next_step
    assert healthy.cloud.wrote() == []
    assert healthy.cloud.asked("token") == 0


def test_a_token_of_another_tenant_is_refused(healthy: Rehearsed) -> None:
    """Signed in somewhere else than the parameters say: refused before any service is asked."""
    services = healthy.services(tenant_id="12121212-3434-4565-8787-909090909090")
    with pytest.raises(RunbookError, match="tenant_id"):
        _ = services.caller
    assert {row["host"] for row in healthy.cloud.journal.rows()} == {"login.microsoftonline.com"}
