"""What looks like a secret is recognised by kind, and a secret does not show itself."""

from __future__ import annotations

import copy
import traceback

import pytest

from helpers.record.secrets import SHAPES, Secret, looks_like

LIKE = {
    "an Anthropic API key": "key sk-ant-admin01-AbC_dEf-123",
    "a private key": "x\n-----BEGIN ENCRYPTED PRIVATE KEY-----\ny",
    "a token (JWT)": "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJub2JvZHkifQ.c2ln",
    "a shared access signature": "https://x.blob.core.windows.net/c?sv=1&sig=AbCdEfGhIjKlMnOp%3D",
    "a storage account key": "AccountName=x;AccountKey=AbCdEfGhIjKlMnOpQrStUv==;",
    "an Entra client secret": "abc8Q~" + "x" * 34,
    "a bearer token": "Authorization: Bearer abcdefghijklmnopqrstuvwxyz",
    "a refresh token": "1.A" + "x" * 60 + ".Ag" + "x" * 120,
    "a password in an address": "http://ada:hunter2@proxy.invalid:3128",
}


@pytest.mark.parametrize("kind", LIKE)
def test_each_shape_is_recognised(kind: str) -> None:
    """The kind of secret is said, not the secret."""
    assert looks_like(LIKE[kind]) == kind


def test_every_shape_has_an_example() -> None:
    """No shape is without a test."""
    assert set(LIKE) == {shape.kind for shape in SHAPES}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "env:ANTHROPIC_ADMIN_KEY",
        "8635ae1a-3e5d-44e8-a4ed-e0f614466f87",
        "https://kv-contoso-claude.vault.azure.net/keys/claude-cmek/0f1e2d3c4b5a69788796a5b4c3d2e1f0",
        "anthropic-org-33333333-4444-4555-8666-777777777777",
        "wrkspc_01AbCdEf",
        "ab" * 32,
        "-----BEGIN PUBLIC KEY-----",
        "Bearer tokens are not logged",
    ],
)
def test_what_a_record_holds_anyway_is_no_secret(text: str) -> None:
    """Ids, addresses, fingerprints and public keys pass."""
    assert looks_like(text) is None


def test_a_secret_does_not_show_itself() -> None:
    """Neither print nor repr, formatting, copying nor an error's traceback shows the value; only reveal does."""
    secret = Secret("sk-ant-admin01-hidden")
    shown = [str(secret), repr(secret), f"{secret}", repr([copy.copy(secret)]), repr({"key": secret})]
    try:
        raise ValueError(secret)
    except ValueError as error:
        shown += traceback.format_exception(error)
    assert not any("hidden" in text for text in shown)
    assert secret.reveal() == "sk-ant-admin01-hidden"
