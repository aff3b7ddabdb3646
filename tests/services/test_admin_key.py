"""The Admin API key: fetched from where its reference says, and shown nowhere."""

from __future__ import annotations

import traceback
from pathlib import Path

import pytest

from helpers.clock import Clock
from helpers.errors import RunbookError, WrongUsage
from helpers.model import Known
from helpers.record.ledger import Ledger
from tests.services.faults import text
from tests.services.rehearsed import ADMIN_KEY, Rehearsed

CANARY = "sk-ant-api01-canary-of-the-wrong-kind-0123456789"


def everything_said(error: BaseException) -> str:
    """What a person or a log could see of an error: text, repr, arguments, traceback with its causes."""
    told = "".join(traceback.format_exception(error))
    lines = error.lines() if isinstance(error, RunbookError) else []
    return "\n".join([str(error), repr(error), repr(error.args), told, *lines])


def test_a_key_in_a_variable_is_used(healthy: Rehearsed, monkeypatch: pytest.MonkeyPatch) -> None:
    """env:NAME reads that variable and no other."""
    monkeypatch.setenv("MY_KEY", f" {ADMIN_KEY}\n")
    monkeypatch.setenv("ANTHROPIC_ADMIN_KEY", "sk-ant-admin01-another-one-of-the-shell")
    assert isinstance(healthy.services(admin_key="env:MY_KEY").admin.organization(), Known)


def test_a_key_in_a_file_is_used(healthy: Rehearsed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """file:PATH reads that file, without the line end."""
    monkeypatch.delenv("ANTHROPIC_ADMIN_KEY")
    path = tmp_path / "key"
    path.write_text(f"{ADMIN_KEY}\n")
    assert isinstance(healthy.services(admin_key=f"file:{path}").admin.organization(), Known)


def test_a_key_in_a_vault_that_has_no_secrets_is_told(healthy: Rehearsed) -> None:
    """keyvault:URL where the vault does not answer with a secret names the reference and the service's words."""
    reference = "keyvault:https://kv-contoso-claude.vault.azure.net/secrets/admin-key"
    with pytest.raises(WrongUsage) as caught:
        _ = healthy.services(admin_key=reference).admin
    assert reference in caught.value.what
    assert "501" in caught.value.what
    assert caught.value.next_step
    assert healthy.cloud.wrote() == []


@pytest.mark.parametrize("reply", ["{not json", "{}", "[]", "null", '{"value": null}', '{"value": 5}', '{"value": ""}'])
def test_a_secret_that_makes_no_sense_is_told(healthy: Rehearsed, reply: str) -> None:
    """A vault's reply without a usable value is one error, not a traceback."""
    healthy.cloud.before("not simulated", text(reply))
    with pytest.raises(WrongUsage) as caught:
        _ = healthy.services(admin_key="keyvault:https://kv-contoso-claude.vault.azure.net/secrets/admin-key").admin
    assert caught.value.next_step


def test_a_key_in_a_vault_is_used(healthy: Rehearsed) -> None:
    """keyvault:URL reads the secret's current version with the identity of the run."""
    healthy.cloud.before("not simulated", text(f'{{"value": "{ADMIN_KEY}"}}'))
    services = healthy.services(admin_key="keyvault:https://kv-contoso-claude.vault.azure.net/secrets/admin-key")
    assert isinstance(services.admin.organization(), Known)


def test_what_is_not_there_is_told(healthy: Rehearsed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing variable, an empty one, a missing file, a folder, bytes that are no text: named, with what to do."""
    monkeypatch.setenv("EMPTY", "  ")
    binary = tmp_path / "binary"
    binary.write_bytes(b"\xff\xfe\x00")
    for reference in (
        "env:NOT_SET",
        "env:EMPTY",
        f"file:{tmp_path / 'none'}",
        f"file:{tmp_path}",
        f"file:{binary}",
        "file:/dev/null",
    ):
        with pytest.raises(WrongUsage) as caught:
            _ = healthy.services(admin_key=reference).admin
        assert reference in caught.value.what
        assert caught.value.next_step


@pytest.mark.parametrize("way", ["env", "file", "keyvault"])
def test_a_key_of_another_kind_is_refused_unseen(
    healthy: Rehearsed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    """Something without the prefix of Admin API keys is refused, and no part of the error holds it."""
    monkeypatch.setenv("WRONG", CANARY)
    path = tmp_path / "wrong"
    path.write_text(CANARY)
    healthy.cloud.before("not simulated", text(f'{{"value": "{CANARY}"}}'))
    vault = "keyvault:https://kv-contoso-claude.vault.azure.net/secrets/admin-key"
    with pytest.raises(WrongUsage) as caught:
        _ = healthy.services(admin_key={"env": "env:WRONG", "file": f"file:{path}", "keyvault": vault}[way]).admin
    assert "sk-ant-admin01-" in caught.value.what
    assert "canary" not in everything_said(caught.value)
    assert healthy.cloud.asked("organization retrieve") == 0


def test_a_key_that_is_not_accepted_is_unknown_and_unseen(
    healthy: Rehearsed, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A key the service does not know: Unknown with its words; the value is in no reason, repr or ledger line."""
    canary = "sk-ant-admin01-canary-0123456789"
    monkeypatch.setenv("ANTHROPIC_ADMIN_KEY", canary)
    services = healthy.services()
    found = services.admin.organization()
    ledger = Ledger(tmp_path / "ledger.jsonl", "run", "05_register", Clock().now)
    ledger.write("facts", facts=repr(found))
    assert not isinstance(found, Known)
    told = f"{found!r} {services.admin!r} {vars(services)!r} {vars(services.admin)!r} {ledger.path.read_text()}"
    assert "canary" not in told
