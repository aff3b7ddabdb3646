"""Shells that would take a rehearsal elsewhere: what somebody may have set, and a home with their logins in it.

Every secret in them holds MARK, so that it can be looked for wherever it must not be. Every address is one that
nobody has (192.0.2.0/24, RFC 5737).
"""

from __future__ import annotations

import json
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import trustme

MARK = "of-the-shell"
SOMEBODY, ELSEWHERE = f"somebody:password-{MARK}@192.0.2.1", "192.0.2.1"
TENANT, CLIENT = "12121212-3434-4565-8787-909090909090", "aaaaaaaa-3434-4565-8787-909090909090"
ADMIN_KEY = f"sk-ant-admin01-{MARK}-and-not-of-the-run"
TOKEN = f"eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiJ9.eyJ0aWQiOiIxMjEyMTIxMiJ9.{MARK}"

_AZ = """#!/bin/sh
touch "{called}/az"
echo '{{"accessToken": "{token}", "expiresOn": "2099-01-01 00:00:00.000000", "expires_on": 4070908800, "tokenType": "Bearer"}}'
"""
_STARTUP = """import os
from pathlib import Path
Path({called!r}, "startup").touch()
os.environ.update(ANTHROPIC_API_KEY={key!r}, ANTHROPIC_BASE_URL="https://192.0.2.1")
"""


@dataclass(frozen=True)
class Home:
    """A person's home, and what was called that a run must not call."""

    folder: Path

    @property
    def called(self) -> list[str]:
        """What of this home came to be run."""
        return sorted(path.name for path in (self.folder / "called").iterdir())

    def logins(self) -> dict[str, bytes]:
        """Every file of the logins, to see that none was changed."""
        kept = (
            path for part in (".azure", ".config/anthropic", ".anthropic") for path in (self.folder / part).rglob("*")
        )
        return {str(path.relative_to(self.folder)): path.read_bytes() for path in kept if path.is_file()}


def _write(path: Path, content: object, *, executable: bool = False) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content, indent=2), encoding="utf-8")
    path.chmod(stat.S_IRWXU if executable else stat.S_IRUSR | stat.S_IWUSR)


def make_home(folder: Path) -> Home:
    """A home with a login of the Azure CLI, profiles for Claude, and settings of Python and Jupyter."""
    called = folder / "called"
    called.mkdir(parents=True)
    _azure_login(folder / ".azure")
    _write(folder / "bin" / "az", _AZ.format(called=called, token=TOKEN), executable=True)
    for claude in (folder / ".config" / "anthropic", folder / ".anthropic"):
        _claude_profiles(claude)
    startup = _STARTUP.format(called=str(called), key=ADMIN_KEY)
    _write(folder / ".pythonrc.py", startup)
    _write(folder / "ipython" / "profile_default" / "startup" / "00-mine.py", startup)
    for jupyter in (folder / ".local" / "share" / "jupyter", folder / "jupyter"):
        kernel = ["sh", "-c", f"touch '{called}/kernel'; exit 1"]
        spec = {"argv": kernel, "display_name": "Python 3 (mine)", "language": "python"}
        _write(jupyter / "kernels" / "python3" / "kernel.json", spec)
    _write(folder / "jupyter" / "jupyter_config.json", {"ConnectionFileMixin": {"transport": "tcp", "ip": "0.0.0.0"}})
    _write(folder / "modules" / "mine.py", "raise SystemExit('imported')\n")
    _write(folder / "netrc", f"default login somebody password netrc-{MARK}\n")
    (folder / "other-ca.pem").write_bytes(trustme.CA().cert_pem.bytes())
    (folder / "no-certificates").mkdir()
    return Home(folder)


def _azure_login(folder: Path) -> None:
    """What `az login` leaves behind, for a tenant that is not the rehearsal's."""
    subscription = {
        "id": "56565656-3434-4565-8787-909090909090",
        "name": "Production",
        "state": "Enabled",
        "user": {"name": "ada@fabrikam.example", "type": "user"},
        "isDefault": True,
        "tenantId": TENANT,
        "environmentName": "AzureUSGovernment",
        "homeTenantId": TENANT,
        "managedByTenants": [],
    }
    target = {"home_account_id": f"1.{TENANT}", "environment": "login.microsoftonline.us", "client_id": "04b07795"}
    access = {**target, "credential_type": "AccessToken", "secret": TOKEN, "realm": TENANT, "expires_on": "4070908800"}
    refresh = {**target, "credential_type": "RefreshToken", "secret": f"0.AXoA-refresh-{MARK}"}
    principal = {"client_id": CLIENT, "tenant": TENANT, "client_secret": f"abc8Q~{MARK}-of-a-service-principal-in-az"}
    _write(folder / "azureProfile.json", {"installationId": "1", "subscriptions": [subscription]})
    _write(folder / "msal_token_cache.json", {"AccessToken": {"a": access}, "RefreshToken": {"r": refresh}})
    _write(folder / "service_principal_entries.json", [principal])
    _write(folder / "config", "[cloud]\nname = AzureUSGovernment\n[defaults]\ngroup = rg-of-somebody\n")
    _write(folder / "clouds.config", "[AzureUSGovernment]\nsubscription = 56565656-3434-4565-8787-909090909090\n")


def _claude_profiles(folder: Path) -> None:
    """Profiles of the Anthropic SDK, one of them active."""
    federation = {"type": "oidc_federation", "identity_token": f"token-{MARK}", "federation_rule_id": "rule"}
    for name in ("default", "mine"):
        profile = {"base_url": f"https://{ELSEWHERE}", "organization_id": "other", "authentication": federation}
        _write(folder / "configs" / f"{name}.json", profile)
        _write(folder / "credentials" / f"{name}.json", {"access_token": TOKEN, "refresh_token": f"refresh-{MARK}"})
    _write(folder / "active_config", "mine")


def presets(home: Home) -> dict[str, Mapping[str, str]]:
    """What may be set in a shell, by a name for it."""
    own, socks, proxy = str(home.folder), f"socks5://{SOMEBODY}:1080", f"http://{SOMEBODY}:3128"
    ours = ".azure.net,.azure.com,.microsoft.com,.microsoftonline.com,.anthropic.com,rehearsal.invalid,127.0.0.1"
    other = f"{own}/other-ca.pem"
    return {
        "nothing but the home": {},
        "NO_PROXY for all": {"NO_PROXY": "*", "no_proxy": "*"},
        "NO_PROXY by name": {"NO_PROXY": ours, "no_proxy": ours},
        "a SOCKS proxy for all": {"ALL_PROXY": socks, "all_proxy": socks},
        "a proxy elsewhere": dict.fromkeys(("HTTPS_PROXY", "HTTP_PROXY"), proxy),
        "a proxy elsewhere in lower case": dict.fromkeys(("https_proxy", "http_proxy"), proxy),
        "another authority": {
            "AZURE_AUTHORITY_HOST": "login.microsoftonline.us",
            "AZURE_CLOUD": "AzureUSGovernment",
            "AZURE_SDK_CLOUD_CONF": "AZURE_US_GOVERNMENT",
            "AZURE_REGIONAL_AUTHORITY_NAME": "westeurope",
        },
        "a sign-in to another tenant": {
            "AZURE_TENANT_ID": TENANT,
            "AZURE_CLIENT_ID": CLIENT,
            "AZURE_CLIENT_SECRET": f"abc8Q~{MARK}-and-not-of-the-run-at-all",
            "AZURE_CLIENT_CERTIFICATE_PATH": other,
            "AZURE_FEDERATED_TOKEN_FILE": f"{own}/.azure/config",
            "AZURE_USERNAME": "ada@fabrikam.example",
            "AZURE_PASSWORD": f"password-{MARK}",
            "AZURE_SUBSCRIPTION_ID": "56565656-3434-4565-8787-909090909090",
            "AZURE_TOKEN_CREDENTIALS": "dev",
            "ARM_CLIENT_SECRET": f"terraform-{MARK}",
        },
        "a managed identity": {
            "IDENTITY_ENDPOINT": f"http://{ELSEWHERE}/token",
            "IDENTITY_HEADER": f"header-{MARK}",
            "MSI_ENDPOINT": f"http://{ELSEWHERE}/token",
            "MSI_SECRET": f"msi-{MARK}",
            "IMDS_ENDPOINT": f"http://{ELSEWHERE}",
        },
        "an az login": {"AZURE_CONFIG_DIR": f"{own}/.azure", "AZURE_EXTENSION_DIR": f"{own}/.azure/cliextensions"},
        "a key for Claude": {
            "ANTHROPIC_API_KEY": ADMIN_KEY,
            "ANTHROPIC_ADMIN_KEY": ADMIN_KEY,
            "ANTHROPIC_AUTH_TOKEN": TOKEN,
            "ANTHROPIC_BASE_URL": f"https://{ELSEWHERE}",
        },
        "headers for Claude": {"ANTHROPIC_CUSTOM_HEADERS": f"X-Api-Key: {ADMIN_KEY}\nX-Rehearsal: no"},
        "a profile for Claude": {
            "ANTHROPIC_PROFILE": "mine",
            "ANTHROPIC_CONFIG_DIR": f"{own}/.anthropic",
            "ANTHROPIC_IDENTITY_TOKEN": TOKEN,
            "ANTHROPIC_FEDERATION_RULE_ID": "rule",
            "ANTHROPIC_ORGANIZATION_ID": "other",
            "ANTHROPIC_SERVICE_ACCOUNT_ID": "account",
        },
        "other certificates": {
            **dict.fromkeys(("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"), other),
            "SSL_CERT_DIR": f"{own}/no-certificates",
            "PYTHONHTTPSVERIFY": "0",
            "AZURE_CLI_DISABLE_CONNECTION_VERIFICATION": "1",
        },
        "logs of everything": {"AZURE_LOG_LEVEL": "debug", "ANTHROPIC_LOG": "debug", "AZURE_TRACING_ENABLED": "true"},
        "Python": {"PYTHONPATH": f"{own}/modules", "PYTHONIOENCODING": "ascii", "PYTHONOPTIMIZE": "2"},
        "Papermill": {"PAPERMILL_KERNEL": "mine", "PAPERMILL_OUTPUT": own, "GITHUB_ACCESS_TOKEN": f"ghp-{MARK}"},
        "settings of Jupyter": {
            "JUPYTER_CONFIG_DIR": f"{own}/jupyter",
            "JUPYTER_CONFIG_PATH": f"{own}/jupyter",
            "JUPYTER_DATA_DIR": f"{own}/jupyter-data",
            "JUPYTER_RUNTIME_DIR": f"{own}/jupyter-run",
        },
    }


def of_a_kernel(home: Home) -> dict[str, Mapping[str, str]]:
    """The same for what takes effect when a kernel starts."""
    own = str(home.folder)
    return {
        "startup of Python": {"PYTHONSTARTUP": f"{own}/.pythonrc.py"},
        "startup of IPython": {"IPYTHONDIR": f"{own}/ipython"},
        "kernels of another Jupyter": {"JUPYTER_PATH": f"{own}/jupyter"},
        "kernels of the home": {"JUPYTER_PREFER_ENV_PATH": "0"},
    }


def shell(home: Home, *chosen: Mapping[str, str]) -> dict[str, str]:
    """The environment of a shell in this home with presets laid over one another."""
    path = f"{home.folder}/bin:/usr/local/bin:/usr/bin:/bin"
    merged: dict[str, str] = {"HOME": str(home.folder), "PATH": path, "LANG": "C.UTF-8"}
    for preset in chosen:
        merged.update(preset)
    return merged
