"""Where secrets are taken out: in messages of a kernel, in the outputs of a cell, in a file; and which are known."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from azure.core.credentials import AccessToken, AccessTokenInfo
from jupyter_client.session import Session

from helpers.record import scrubbing
from helpers.record.in_use import InUse, nothing, of_environment
from helpers.record.kernel_outputs import scrub, scrub_this_kernel
from helpers.record.scrubbing import Scrubber
from helpers.record.secrets import Secret
from helpers.services.noted import Noted
from tests.record.canaries import KNOWN, SHAPED

CANARY = KNOWN["a long one"]
SAID = "(a secret was here: a secret in use)"


def known() -> list[Secret]:
    return [Secret(CANARY)]


@pytest.fixture
def session() -> Session:
    return Session(key=b"")


def sent(session: Session, content: dict[str, Any]) -> Any:
    """What is on the wire of a message with this content."""
    _, _, *parts = session.serialize(session.msg("display_data", content=content))
    return json.loads(parts[-1])


def test_a_session_sends_no_secret_and_nothing_else_is_changed(session: Session) -> None:
    """At any depth, names included; binary data is left to the scan."""
    scrub(session, known)
    content = {
        "data": {"text/plain": f"a {CANARY} b", "image/png": CANARY, "application/x+json": [{CANARY: (1, None, 0.5)}]},
        "traceback": ["\x1b[31mone", CANARY],
        "count": 5,
    }
    assert sent(session, content) == {
        "data": {"text/plain": f"a {SAID} b", "image/png": CANARY, "application/x+json": [{SAID: [1, None, 0.5]}]},
        "traceback": ["\x1b[31mone", SAID],
        "count": 5,
    }
    assert content["traceback"] == ["\x1b[31mone", CANARY], "the kernel's own value is not changed"


def test_svg_is_text(session: Session) -> None:
    """Of images it is the only one."""
    scrub(session, known)
    assert sent(session, {"data": {"image/svg+xml": f"<svg>{CANARY}</svg>"}}) == {
        "data": {"image/svg+xml": f"<svg>{SAID}</svg>"}
    }


def test_secrets_fetched_later_and_of_a_second_step_are_taken_out_too(session: Session) -> None:
    """What is known is asked anew for each message; asking twice for the same adds nothing."""
    first, second = InUse(), InUse()
    for in_use in (first, second, first):
        scrub(session, in_use)
    assert session.serialize.known == [first, second]
    assert sent(session, {"x": "token-of-first token-of-second"}) == {"x": "token-of-first token-of-second"}
    first.note(Secret("token-of-first"))
    second.note(Secret("token-of-second"))
    assert sent(session, {"x": "token-of-first token-of-second"}) == {"x": f"{SAID} {SAID}"}


def test_outside_of_a_kernel_there_is_nothing_to_scrub() -> None:
    """A step that is taken in a plain Python process begins all the same."""
    scrub_this_kernel(nothing)


def stream(text: str, name: str = "stdout") -> dict[str, Any]:
    return {"output_type": "stream", "name": name, "text": text}


@pytest.mark.parametrize(
    ("outputs", "left"),
    [
        ([stream("x "), stream(CANARY[:50]), stream(CANARY[50:])], [stream(f"x {SAID}")]),
        (
            [stream(CANARY[:50]), stream("other\n", "stderr"), stream(CANARY[50:])],
            [stream(SAID), stream("other\n", "stderr")],
        ),
        ([stream(CANARY[:50]), stream(CANARY[50:], "stderr")], [stream(SAID)]),
        ([stream("one\n"), stream("two\n", "stderr")], [stream("one\n"), stream("two\n", "stderr")]),
        ([stream("one\n"), stream("two\n")], [stream("one\n"), stream("two\n")]),
        ([], []),
    ],
)
def test_what_was_printed_in_pieces_is_put_together(outputs: list[Any], left: list[Any]) -> None:
    """Where a secret is in pieces, they stand in the place of the first one; else each output stays where it is."""
    assert Scrubber(known).outputs(outputs) == left


def test_outputs_that_are_no_streams_are_scrubbed_in_their_places() -> None:
    """A display between two pieces stays."""
    shown = {"output_type": "display_data", "data": {"text/plain": CANARY}, "metadata": {}}
    outputs = Scrubber(known).outputs([stream(CANARY[:50]), shown, stream(CANARY[50:])])
    assert outputs == [stream(SAID), {**shown, "data": {"text/plain": SAID}}]


def test_a_file_is_scrubbed_by_line(tmp_path: Path) -> None:
    """Line ends and bytes that are no text stay as they are, and no other file is left."""
    log = tmp_path / "kernels.log"
    log.write_bytes(b"one\r\n\xff " + CANARY.encode() + b"\nthree")
    Scrubber(known).file(log)
    assert log.read_bytes() == b"one\r\n\xff " + SAID.encode() + b"\nthree"
    assert [path.name for path in tmp_path.iterdir()] == ["kernels.log"]


def test_a_file_without_a_secret_is_not_written(tmp_path: Path) -> None:
    """Its times stay."""
    log = tmp_path / "kernels.log"
    log.write_text("nothing\n")
    before = log.stat()
    Scrubber(known).file(log)
    assert (log.stat().st_ino, log.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert [path.name for path in tmp_path.iterdir()] == ["kernels.log"]


def test_a_long_file_is_scrubbed_in_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A secret in each of them is taken out."""
    monkeypatch.setattr(scrubbing, "_AT_ONCE", 1000)
    log = tmp_path / "kernels.log"
    log.write_text(f"{'x' * 100}\n{CANARY}\n" * 50)
    Scrubber(known).file(log)
    assert log.read_text() == f"{'x' * 100}\n{SAID}\n" * 50


def test_a_file_whose_scrubbing_breaks_off_is_as_it_was(tmp_path: Path) -> None:
    """Whole or not at all, and nothing is left of the attempt."""
    log = tmp_path / "kernels.log"
    log.write_text(f"{CANARY}\n")

    def broken() -> list[Secret]:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Scrubber(broken).file(log)
    assert log.read_text() == f"{CANARY}\n"
    assert [path.name for path in tmp_path.iterdir()] == ["kernels.log"]


def test_secrets_of_the_environment_are_known() -> None:
    """The variables that the SDKs read, and a proxy's password as it is and decoded; nothing of the rest."""
    environment = {
        "AZURE_CLIENT_SECRET": " of-entra ",
        "ANTHROPIC_ADMIN_KEY": "of-anthropic",
        "MSI_SECRET": "",
        "HTTPS_PROXY": "http://ada:p%40ssword@proxy.invalid:3128",
        "https_proxy": "http://[broken:x@",
        "http_proxy": "proxy.invalid:3128",
        "AZURE_TENANT_ID": "not-a-secret",
        "PATH": "/bin",
    }
    values = [secret.reveal() for secret in of_environment(environment)]
    assert values == ["of-anthropic", "of-entra", "p%40ssword", "p@ssword"]


class Signing:
    """Hands out a new token each time."""

    closed = False

    def __init__(self) -> None:
        self.asked: list[Any] = []

    def get_token(self, *scopes: str, **options: Any) -> AccessToken:
        self.asked.append((scopes, options))
        return AccessToken(f"token-{len(self.asked)}", 1)

    def get_token_info(self, *scopes: str, options: Any = None) -> AccessTokenInfo:
        self.asked.append((scopes, options))
        return AccessTokenInfo(f"token-{len(self.asked)}", 1)

    def close(self) -> None:
        self.closed = True


def test_every_token_that_is_handed_out_is_known() -> None:
    """In both ways of asking, with what was asked passed on; an old one stays known."""
    in_use, inner = InUse([Secret("first")]), Signing()
    noted = Noted(inner, in_use)
    assert noted.get_token("a", "b", claims="c").token == "token-1"
    assert noted.get_token_info("a", options={"claims": "c"}).token == "token-2"
    noted.close()
    assert inner.asked == [(("a", "b"), {"claims": "c"}), (("a",), {"claims": "c"})]
    assert [secret.reveal() for secret in in_use()] == ["first", "token-1", "token-2"]
    assert inner.closed


def test_a_credential_that_cannot_be_closed_is_not() -> None:
    """Such as the Azure CLI's, which runs a program for each token."""
    Noted(object(), InUse()).close()  # type: ignore[arg-type]


def test_a_private_key_over_lines_is_taken_out_whole() -> None:
    """Neither its lines nor its last one are left; what stands after it is."""
    key = SHAPED["a private key"]
    assert Scrubber().text(f"before\n{key}\nafter") == "before\n(a secret was here: a private key)\nafter"
