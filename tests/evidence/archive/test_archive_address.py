"""Which addresses are taken, what they mean, and that no secret in one is ever said again."""

from __future__ import annotations

from pathlib import Path

import pytest

from helpers.errors import WrongUsage
from helpers.evidence import archive
from helpers.evidence.archive_address import BlobAddress, is_loopback, of
from helpers.record.runs import Run
from tests.evidence.archive.runs_sealed import sealed

HOST = "records.blob.core.windows.net"
SIGNATURE = "sv=2024-11-04&sp=rcwl&sig=c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0%3D"


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        (f"https://{HOST}/cmek", f"https://{HOST}/cmek"),
        (f"https://{HOST}/cmek/", f"https://{HOST}/cmek"),
        (f"https://{HOST}:443/cmek/claude/2026", f"https://{HOST}/cmek/claude/2026"),
        (f"HTTPS://{HOST.upper()}/cmek", f"https://{HOST}/cmek"),
        ("https://records.z07.blob.storage.azure.net/cmek", "https://records.z07.blob.storage.azure.net/cmek"),
        ("https://127.0.0.1:10000/devstoreaccount1/cmek/a", "https://127.0.0.1:10000/devstoreaccount1/cmek/a"),
        ("https://[::1]:10000/devstoreaccount1/cmek", "https://[::1]:10000/devstoreaccount1/cmek"),
    ],
)
def test_addresses_of_blob_storage(said: str, shown: str) -> None:
    """An address of a container, with a prefix or not, in the public cloud or on loopback, is taken and shown whole."""
    found = of(said)
    assert isinstance(found, BlobAddress)
    assert str(found) == shown


@pytest.mark.parametrize("said", ["archive", "/srv/records/2026", "Übersicht/Läufe 1", "../records", "."])
def test_folders(said: str) -> None:
    """What does not begin like an address is a folder, whatever script it is written in."""
    assert of(said) == Path(said)


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("", "it is empty"),
        ("archive\n", "something of it is not seen"),
        ("https://records.blob.core.windows.net/cm\u200bek", "something of it is not seen"),
        (f"http://{HOST}/cmek", "not an https address"),
        ("http://127.0.0.1:10000/devstoreaccount1/cmek", "not an https address"),
        ("ftp://records/cmek", "not an https address"),
        ("file:///srv/records", "not an https address"),
        ("abs://cmek/records", "not an https address"),
        ("https:records", "not an https address"),
        (f"https://{HOST}", "does not name a container"),
        (f"https://{HOST}/", "does not name a container"),
        (f"https://{HOST}/Cmek", "does not name a container"),
        (f"https://{HOST}/cm", "does not name a container"),
        (f"https://{HOST}/c--k", "does not name a container"),
        (f"https://{HOST}/-cmek", "does not name a container"),
        (f"https://{HOST}/$web", "does not name a container"),
        (f"https://{HOST}/{'c' * 64}", "does not name a container"),
        (f"https://{HOST}//cmek", "does not name a container"),
        (f"https://{HOST}/cmek/../other", "its prefix is not"),
        (f"https://{HOST}/cmek/%2e%2e/other", "its prefix is not"),
        (f"https://{HOST}/cmek/a//b", "its prefix is not"),
        (f"https://{HOST}/cmek/Läufe", "its prefix is not"),
        (f"https://{HOST}/cmek/a\\b", "its prefix is not"),
        (f"https://{HOST}/cmek?{SIGNATURE}", "it holds a query"),
        (f"https://{HOST}/cmek?", "it holds a query"),
        (f"https://somebody@{HOST}/cmek", "it holds a user name or a password"),
        (f"https://somebody:hunter22@{HOST}/cmek", "it holds a user name or a password"),
        (f"https://@{HOST}/cmek", "it holds a user name or a password"),
        (f"https://{HOST}/cmek#part", "it holds a fragment"),
        (f"https://{HOST}:8443/cmek", "not Azure Blob Storage in the public cloud"),
        (f"https://{HOST}:port/cmek", "it is not an address"),
        (f"https://{HOST}.evil.example/cmek", "not Azure Blob Storage in the public cloud"),
        (f"https://{HOST}./cmek", "not Azure Blob Storage in the public cloud"),
        ("https://evil.example/records.blob.core.windows.net/cmek", "not Azure Blob Storage in the public cloud"),
        ("https://a.b.blob.core.windows.net/cmek", "not Azure Blob Storage in the public cloud"),
        ("https://records.blob.core.chinacloudapi.cn/cmek", "not Azure Blob Storage in the public cloud"),
        ("https://records.dfs.core.windows.net/cmek", "not Azure Blob Storage in the public cloud"),
        ("https://10.0.0.4/devstoreaccount1/cmek", "not Azure Blob Storage in the public cloud"),
        ("https://127.0.0.1.evil.example/devstoreaccount1/cmek", "not Azure Blob Storage in the public cloud"),
        ("https://127.0.0.1:10000/cmek", "on loopback it is"),
        ("https://[::1/devstoreaccount1/cmek", "it is not an address"),
        (f"https://{HOST}/cmek/sk-ant-admin01-{'A' * 40}", "looks like a secret"),
        (f"records/sk-ant-admin01-{'A' * 40}", "looks like a secret"),
    ],
)
def test_addresses_that_are_refused(said: str, why: str) -> None:
    """Anything else is refused in one line that says why and what is allowed, and does not repeat what was given."""
    with pytest.raises(WrongUsage) as raised:
        of(said)
    assert why in raised.value.what
    assert "allowed: " in raised.value.what
    assert "\n" not in raised.value.what
    if said:
        assert said.strip() not in str(raised.value)
    for secret in ("c2VjcmV0", "hunter22", "sk-ant", "somebody"):
        assert secret not in str(raised.value)


def test_a_signature_says_how_to_sign_in() -> None:
    """A shared access signature is refused with the reason, and with what to do in its place."""
    with pytest.raises(WrongUsage) as raised:
        of(f"https://{HOST}/cmek?{SIGNATURE}")
    assert "could use the signature" in raised.value.why
    assert "--credential" in raised.value.next_step


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.9.9.9", "::1"])
def test_loopback(host: str) -> None:
    """Loopback is known by its name alone."""
    assert is_loopback(host)
    assert not is_loopback(f"{host}.example")


def test_a_rehearsal_does_not_leave(tmp_path: Path) -> None:
    """A rehearsal's run is refused for a real account before anybody signs in."""
    with pytest.raises(Exception, match="is a rehearsal, so it is not published to records") as raised:
        archive.publish(sealed(tmp_path, world="w-1"), f"https://{HOST}/cmek", None)
    assert raised.type.__name__ == "Refused"


def test_who_needs_to_sign_in(run: Run) -> None:
    """Blob storage needs a sign-in, a folder none."""
    assert archive.needs_sign_in(f"https://{HOST}/cmek")
    assert not archive.needs_sign_in("records")
    assert archive.signed_in_as(archive.verified(run)) == ("azure_cli", "8635ae1a-3e5d-44e8-a4ed-e0f614466f87")
