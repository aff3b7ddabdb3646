"""No secret gets through, in whatever form: it is found, and it is taken out. What is no secret stays."""

from __future__ import annotations

import base64
import hashlib
import pydoc
import random
import re
import uuid
from pathlib import Path

import pytest

from helpers import parameters
from helpers.errors import WrongUsage
from helpers.evidence.scan import scan
from helpers.record.decoded import readings
from helpers.record.scrubbing import Scrubber
from helpers.record.secrets import SHAPES, SHORTEST, Secret, Sought, looks_like
from tests.cases.building import GIVEN
from tests.record.canaries import FORMS, KNOWN, SHAPED, SPLIT

ROOT = Path(__file__).resolve().parents[2]
AROUND = ("before: {} :after", "{}", "\nbefore\n{}\nafter\n", '{{"x": 1}} "{}"')


def held(text: str, secret: str) -> bool:
    """Whether a text holds a secret in any form that can be read in it."""
    return any(secret in reading for reading in readings(text))


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("kind", SHAPED)
def test_a_secret_of_a_shape_is_found_and_taken_out_in_every_form(kind: str, form: str) -> None:
    """Nobody needs to know it; what is left has nothing that looks like a secret."""
    said = FORMS[form](SHAPED[kind])
    for around in AROUND:
        text = around.format(said)
        assert looks_like(text) is not None
        assert looks_like(Scrubber().text(text)) is None


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", [*KNOWN, *SHAPED])
def test_a_known_secret_is_found_and_taken_out_in_every_form(name: str, form: str) -> None:
    """A secret in use is found whatever it looks like, and no form of it is left."""
    value = {**KNOWN, **SHAPED}[name]
    known = [Secret(value)]
    said = FORMS[form](value)
    for around in AROUND:
        text = around.format(said)
        assert Sought.of(known).kinds(text)
        scrubbed = Scrubber(lambda: known).text(text)
        assert not held(scrubbed, value)
        assert Sought.of(known).kinds(scrubbed) == ()
        assert value not in scrubbed
        assert said not in scrubbed


@pytest.mark.parametrize("form", SPLIT)
@pytest.mark.parametrize(
    "value", [KNOWN["a long one"], *(SHAPED[kind] for kind in ("an Anthropic API key", "a token (JWT)"))]
)
def test_a_secret_split_over_lines_or_tags_is_found_and_taken_out(value: str, form: str) -> None:
    """A line that goes on in the next one, indented or not, is one word."""
    known = [Secret(value)]
    text = f"before\n{SPLIT[form](value)}\nafter"
    assert Sought.of(known).kinds(text)
    assert Sought.of(known).kinds(Scrubber(lambda: known).text(text)) == ()


@pytest.mark.parametrize("escaped_first", [True, False])
def test_a_secret_split_over_lines_of_which_one_is_escaped_is_found_and_taken_out(escaped_first: bool) -> None:
    """What is undone in one line is read together with the lines around it."""
    value = KNOWN["a long one"]
    known, escape = [Secret(value)], FORMS["percent-encoding, every letter"]
    halves = (escape(value[:60]), value[60:]) if escaped_first else (value[:60], escape(value[60:]))
    text = "before\n\n{}\n{}\n\nafter".format(*halves)
    assert Sought.of(known).kinds(text)
    assert Sought.of(known).kinds(Scrubber(lambda: known).text(text)) == ()


@pytest.mark.parametrize("form", FORMS)
def test_scan_finds_in_a_file_what_was_not_scrubbed(form: str, tmp_path: Path) -> None:
    """What the scrubber takes out the scan finds, and nothing of it is in what the scan says."""
    for name, value in KNOWN.items():
        said = FORMS[form](value)
        (tmp_path / "kernels.log").write_text(f"a line\n{said}\n", encoding="utf-8", newline="")
        hits = scan(tmp_path, [Secret(value)])
        assert [(hit.file, hit.kind) for hit in hits] == [("kernels.log", "a secret in use")], name
        assert not any(held(str(hit), value) for hit in hits)


def test_what_stands_around_a_secret_stays() -> None:
    """Only the secret is replaced where it stands as it is, and its kind is said in its place."""
    key = SHAPED["an Anthropic API key"]
    assert Scrubber().text(f"key {key}, next") == "key (a secret was here: an Anthropic API key), next"
    scrubber = Scrubber(lambda: [Secret(KNOWN["a password"])])
    assert (
        scrubber.text(f"one\nit is {KNOWN['a password']}\nthree")
        == "one\nit is (a secret was here: a secret in use)\nthree"
    )


def test_where_a_secret_is_hidden_its_whole_line_goes_and_the_others_stay() -> None:
    """Of base64 nothing can be left, as nobody sees where in it the secret ends."""
    hidden = base64.b64encode(f"ada:{KNOWN['a password']}".encode()).decode()
    scrubbed = Scrubber(lambda: [Secret(KNOWN["a password"])]).text(f"one\nBasic {hidden}\nthree\n")
    assert scrubbed == "one\n(a secret was here: a secret in use)\nthree\n"


def test_a_secret_within_another_one_leaves_nothing() -> None:
    """The longer one is taken out first."""
    known = [Secret("abcdefgh"), Secret("xxabcdefghyy")]
    assert Scrubber(lambda: known).text("it is xxabcdefghyy.") == "it is (a secret was here: a secret in use)."


@pytest.mark.parametrize("value", [SHAPED["an Anthropic API key"], SHAPED["a token (JWT)"], KNOWN["a long one"]])
def test_of_a_long_secret_without_its_middle_nothing_is_left(value: str) -> None:
    """So a traceback shows a long value."""
    scrubbed = Scrubber(lambda: [Secret(value)]).text(f"call(key={pydoc.text.repr(value)})")
    assert re.fullmatch(r"call\(key='\(a secret was here: [^()]+(\(JWT\))?\)'\)", scrubbed)


def test_of_an_api_key_that_nobody_knows_neither_end_is_left() -> None:
    """It is taken out by its shape, also without its middle."""
    key = SHAPED["an Anthropic API key"]
    assert Scrubber().text(f"key={pydoc.text.repr(key)}, x") == "key='(a secret was here: an Anthropic API key)', x"


def test_a_secret_too_short_to_be_looked_for_is_not() -> None:
    """Seven letters would be found in words."""
    assert Sought.of([Secret("x" * (SHORTEST - 1))]).kinds("x" * 50) == ()
    assert Sought.of([Secret("x" * SHORTEST)]).kinds("x" * 50) == ("a secret in use",)


def test_what_is_looked_for_does_not_show_itself() -> None:
    """Neither does a scrubber, in a traceback or a log."""
    known = [Secret("hunter2-and-more")]
    assert "hunter2" not in repr(Sought.of(known)) + repr(known) + repr(Scrubber(lambda: known))


@pytest.mark.parametrize("form", ["as it is", "base64", "percent-encoding, every letter"])
@pytest.mark.parametrize("kind", SHAPED)
def test_a_parameter_that_looks_like_a_secret_is_refused(kind: str, form: str) -> None:
    """Before any kernel is started with it, and without showing it."""
    value = FORMS[form](SHAPED[kind])
    with pytest.raises(WrongUsage) as refused:
        parameters.load({**GIVEN, "external_key_name": value})
    assert not held(str(refused.value), SHAPED[kind])


def test_every_shape_has_a_canary() -> None:
    """No kind of secret is without one."""
    assert set(SHAPED) == {shape.kind for shape in SHAPES}


@pytest.mark.parametrize("kind", SHAPED)
def test_a_shape_is_looked_for_where_its_mark_is(kind: str) -> None:
    """The mark is a shortcut only: a canary has the mark of a shape of its kind."""
    assert any(shape.kind == kind and shape.mark in SHAPED[kind] for shape in SHAPES)


NO_SECRETS = (
    "8635ae1a-3e5d-44e8-a4ed-e0f614466f87",
    "https://kv-contoso-claude.vault.azure.net/keys/claude-cmek/0f1e2d3c4b5a69788796a5b4c3d2e1f0",
    "/subscriptions/1/resourceGroups/rg/providers/Microsoft.KeyVault/vaults/kv-contoso-claude",
    "anthropic-org-33333333-4444-4555-8666-777777777777",
    "wrkspc_01AbCdEfGhIjKlMnOpQrStUv ekey_01AbCdEfGhIjKlMnOpQrStUv req_011CSomething0123456789",
    "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE\n-----END PUBLIC KEY-----",
    "It does not begin with sk-ant-admin01-, so it is not an Admin API key; Bearer tokens are not logged",
    "env:ANTHROPIC_ADMIN_KEY keyvault:https://kv-other.vault.azure.net/secrets/admin-key",
    "https://pypi.org/project/azure-identity/ http://127.0.0.1:8080/x?sig=short",
    "from azure.identity import ManagedIdentityCredential  # AccountKey= is nowhere",
)


@pytest.mark.parametrize("text", NO_SECRETS)
def test_what_a_record_holds_anyway_is_no_secret(text: str) -> None:
    """Ids, addresses, public keys and sentences about secrets stay as they are, in every form."""
    for form in FORMS.values():
        assert looks_like(form(text)) is None
        assert Scrubber(lambda: [Secret(KNOWN["a password"])]).text(form(text)) == form(text)


def test_ids_digests_and_images_are_no_secrets() -> None:
    """Of two thousand of each, none is taken for a secret: GUIDs, SHA-256, key versions, base64 of bytes of images."""
    made = random.Random(7)
    known = [Secret(value) for value in KNOWN.values()]
    sought = Sought.of(known)
    for _ in range(200):
        block = "\n".join(
            f'"{uuid.UUID(int=made.getrandbits(128))}" {hashlib.sha256(made.randbytes(9)).hexdigest()} {made.getrandbits(128):032x} '
            f"{base64.b64encode(made.randbytes(2000)).decode()} {base64.urlsafe_b64encode(made.randbytes(32)).decode()}"
            for _ in range(10)
        )
        assert sought.kinds(block) == ()
