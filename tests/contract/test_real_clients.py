"""The vendors' own clients, unmodified, in a served rehearsal: they reach it, believe it and finish the guide."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from helpers.rehearsal.environment import applied
from helpers.rehearsal.serve import Served

PROGRAM = Path(__file__).with_name("real_clients.py")
WORLD = """
about: Healthy, and nothing lags
base: healthy
set: {settings.role_lag_seconds: 0, settings.principal_lag_seconds: 0}
"""


class Ran(NamedTuple):
    said: dict[str, Any]
    log: list[dict[str, Any]]
    organization: str


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """What the program printed, and what the cloud was asked; it runs once for all tests here."""
    world = tmp_path_factory.mktemp("world") / "prompt.yaml"
    world.write_text(WORLD)
    with Served(world) as served:
        done = subprocess.run(
            [sys.executable, PROGRAM], env=applied(served.environment()), capture_output=True, text=True, timeout=120
        )
        assert done.returncode == 0, done.stderr
        return Ran(json.loads(done.stdout), served.cloud.journal.rows(), served.world.state.organization.id)


def test_the_default_credential_gets_a_token(ran: Ran) -> None:
    """DefaultAzureCredential is cut to the environment and gets a signed token."""
    assert ran.said["token"] == 2


def test_graph_makes_and_lists_the_service_principal(ran: Ran) -> None:
    """msgraph-sdk consents to the published app id and finds it again."""
    principal = ran.said["principal"]
    assert principal["listed"]["8635ae1a-3e5d-44e8-a4ed-e0f614466f87"] == principal["made"]


def test_the_vault_is_read(ran: Ran) -> None:
    """azure-mgmt-keyvault reads the vault's name, URI and authorization model."""
    assert ran.said["vault"] == ["kv-contoso-claude", "https://kv-contoso-claude.vault.azure.net/", True]


def test_the_key_is_made_and_read_back(ran: Ran) -> None:
    """azure-keyvault-keys makes a key with two operations and the tag, and reads that version, also over aiohttp."""
    created, got, operations, tags = ran.said["key"]
    assert created == got == ran.said["key_async"]
    assert sorted(operations) == ["unwrapKey", "wrapKey"]
    assert tags == {f"anthropic-org-{ran.organization}": "true"}


def test_what_is_wrapped_can_be_unwrapped(ran: Ran) -> None:
    """The key is a real one: what the client wraps with its public part, the vault unwraps."""
    assert ran.said["unwrapped"] == "0123456789abcdef"


def test_the_role_assignment_is_made_and_listed(ran: Ran) -> None:
    """azure-mgmt-authorization makes an assignment under the name given and lists it by principal."""
    name, listed = ran.said["assignments"]
    assert listed == [name]


def test_the_external_key_is_validated_and_attached(ran: Ran) -> None:
    """The anthropic client reads the organization, registers the key, validates it, and attaches it to a workspace."""
    assert ran.said["organization"] == ran.organization
    assert ran.said["validated"] == "success"
    assert ran.said["attached"] is True


def test_a_host_that_is_not_simulated_is_explained(ran: Ran) -> None:
    """azure-core shows the reason for which the front refused another host."""
    assert "rehearsal: kv.vault.azure.cn is not simulated" in ran.said["refusal"]


def test_the_clients_asked_nothing_that_is_not_simulated(ran: Ran) -> None:
    """Every request had an operation, and exactly the five things that were made wrote."""
    assert [row for row in ran.log if row["status"] == 501] == []
    assert [(row["method"], row["host"].split(".")[-3]) for row in ran.log if row["wrote"]] == [
        ("POST", "graph"),
        ("POST", "vault"),
        ("PUT", "management"),
        ("POST", "api"),
        ("POST", "api"),
    ]
