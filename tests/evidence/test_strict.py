"""Two texts never mean the same seal: the bundle and the statement are read in one form, and every other is broken."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from helpers.evidence import bundle, files, statement
from helpers.evidence.bundle import Bundle
from helpers.evidence.dsse import pae
from helpers.evidence.files import Unreadable
from helpers.evidence.signers import PemSigner
from helpers.evidence.statement import Previous, Statement
from helpers.evidence.strict_json import NotStrict, loaded, parsed, written
from helpers.record.runs import Run
from tests.evidence.building import Told, copied, sealed_run, stated_anew, statement_of

Command = Callable[..., Told]


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory, signer: PemSigner) -> Run:
    return sealed_run(tmp_path_factory.mktemp("strict"), signer)


def _with(path: tuple[str | int, ...], value: Any) -> Callable[[dict[str, Any]], None]:
    def change(document: dict[str, Any]) -> None:
        inner: Any = document
        for step in path[:-1]:
            inner = inner[step]
        inner[path[-1]] = value

    return change


def _second_signature(document: dict[str, Any]) -> None:
    document["dsseEnvelope"]["signatures"] *= 2


def _no_signature(document: dict[str, Any]) -> None:
    document["dsseEnvelope"]["signatures"] = []


UNSIGNED: dict[str, Callable[[dict[str, Any]], None]] = {
    "a key id": _with(("dsseEnvelope", "signatures", 0, "keyid"), "mine"),
    "a log entry": _with(("verificationMaterial", "tlogEntries"), []),
    "a certificate": _with(("verificationMaterial", "certificate"), {"rawBytes": ""}),
    "another media type": _with(("mediaType",), "application/vnd.dev.sigstore.bundle+json;version=0.3"),
    "another payload type": _with(("dsseEnvelope", "payloadType"), "text/plain"),
    "another hint": _with(("verificationMaterial", "publicKey", "hint"), base64.b64encode(b"\0" * 32).decode()),
    "a hint that is none": _with(("verificationMaterial", "publicKey", "hint"), "signer"),
    "no time stamps": _with(("verificationMaterial", "timestampVerificationData"), {"rfc3161Timestamps": []}),
    "null time stamps": _with(("verificationMaterial", "timestampVerificationData"), None),
    "a key at the top": _with(("comment",), "looks fine"),
    "a second signature": _second_signature,
    "no signature": _no_signature,
    "a signature that is a number": _with(("dsseEnvelope", "signatures", 0, "sig"), 1),
}


@pytest.mark.parametrize("name", UNSIGNED)
def test_unsigned_fields_of_the_bundle_cannot_be_changed(
    name: str, sealed: Run, tmp_path: Path, key_file: Path, command: Command
) -> None:
    """What no signature covers is fixed by its form: exit 1, and the bundle is named."""
    run = copied(sealed, tmp_path)
    document = json.loads((run.folder / files.BUNDLE).read_text())
    UNSIGNED[name](document)
    (run.folder / files.BUNDLE).write_bytes(written(document))
    told = command("evidence", "verify", run.folder, "--key", key_file, "--json")
    assert told.code == 1
    assert [found["file"] for found in told.json["broken"]] == [files.BUNDLE]


def _other_bits(text: str) -> str:
    """The same bytes in base64 that decoders take, with bits set that are not used."""
    document = json.loads(text)
    hint = document["verificationMaterial"]["publicKey"]["hint"]
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    other = hint[:-2] + letters[letters.index(hint[-2]) + 1] + "="
    assert base64.b64decode(other) == base64.b64decode(hint)
    return text.replace(hint, other)


FORMS: dict[str, Callable[[str], str]] = {
    "compact": lambda text: json.dumps(json.loads(text), sort_keys=True),
    "keys in another order": lambda text: json.dumps(dict(reversed(json.loads(text).items())), indent=2) + "\n",
    "a key given twice": lambda text: text.replace('"mediaType":', '"mediaType": "other",\n  "mediaType":'),
    "an escaped letter": lambda text: text.replace('"hint"', '"hin\\u0074"'),
    "line ends of Windows": lambda text: text.replace("\n", "\r\n"),
    "a byte order mark": lambda text: "\ufeff" + text,
    "base64 with other last bits": _other_bits,
    "base64 with a line end": lambda text: text.replace('"payload": "', '"payload": "\\n'),
}


@pytest.mark.parametrize("name", FORMS)
def test_another_form_of_the_same_bundle_is_broken(
    name: str, sealed: Run, tmp_path: Path, key_file: Path, command: Command
) -> None:
    """Even where it would mean the same."""
    run = copied(sealed, tmp_path)
    file = run.folder / files.BUNDLE
    changed = FORMS[name](file.read_text())
    assert changed != file.read_text()
    file.write_bytes(changed.encode())
    assert command("evidence", "verify", run.folder, "--key", key_file).code == 1


def test_what_is_written_is_read_again(sealed: Run) -> None:
    """Statement and bundle survive being read and written, byte for byte."""
    said, sealed_by = (sealed.folder / name for name in (files.STATEMENT, files.BUNDLE))
    assert statement.parse(said.read_bytes()).written() == said.read_bytes()
    assert bundle.parse(sealed_by.read_bytes()).written() == sealed_by.read_bytes()
    stamped = Bundle(b"payload", b"signature", base64.b64encode(b"h" * 32).decode(), b"token")
    assert bundle.parse(stamped.written()) == stamped


SAYS: dict[str, Callable[[Statement], Statement]] = {
    "complete without an exit code": lambda said: replace(said, exit_code=None),
    "an exit code, and not complete": lambda said: replace(said, complete=False),
    "a first run with a previous one": lambda said: replace(said, previous=Previous("run-0", "0" * 64)),
    "a second run without": lambda said: replace(said, sequence=2),
    "number 0": lambda said: replace(said, sequence=0),
    "a number too large for others": lambda said: replace(said, sequence=2**53, previous=Previous("r", "0" * 64)),
    "an exit code below 0": lambda said: replace(said, exit_code=-1),
    "a time that is none": lambda said: replace(said, sealed_at="yesterday"),
    "a name that moves the cursor": lambda said: replace(said, run="\x1b[2Jrun"),
    "an empty name": lambda said: replace(said, run=""),
    "a target in capitals": lambda said: replace(said, target=replace(said.target, key_name="CMEK")),
    "a digest in capitals": lambda said: replace(said, subjects=tuple((n, d.upper()) for n, d in said.subjects)),
    "a status of its own": lambda said: replace(
        said, notebooks=(replace(said.notebooks[0], status="fine"), *said.notebooks[1:])
    ),
    "a suite that says more": lambda said: replace(said, suite={**(said.suite or {}), "host": "laptop"}),
    "yes as a number": lambda said: replace(said, complete=1),  # type: ignore[arg-type]
    "subjects twice": lambda said: replace(said, subjects=said.subjects[:1] + said.subjects),
    "subjects in another order": lambda said: replace(said, subjects=said.subjects[::-1]),
    "a subject above": lambda said: replace(said, subjects=(("../x", "0" * 64), *said.subjects)),
    "a subject with a backslash": lambda said: replace(said, subjects=(*said.subjects, ("z\\x", "0" * 64))),
    "a subject that is a folder": lambda said: replace(said, subjects=(*said.subjects, ("zz/", "0" * 64))),
}


@pytest.mark.parametrize("name", SAYS)
def test_a_statement_that_cannot_be_meant_is_broken_whoever_signed_it(
    name: str, sealed: Run, tmp_path: Path, key_file: Path, signer: PemSigner, command: Command
) -> None:
    """Exit 1, with the statement named, and no character of it that could move a cursor."""
    run = copied(sealed, tmp_path)
    said = SAYS[name](statement_of(run))
    with pytest.raises(NotStrict):
        statement.parse(said.written())
    stated_anew(run, said, signer)
    told = command("evidence", "verify", run.folder, "--key", key_file)
    assert told.code == 1
    assert any(line.startswith("Broken: statement.json: ") for line in told.lines)
    assert "\x1b" not in told.err


STATED: dict[str, Callable[[str], str]] = {
    "compact": lambda text: json.dumps(json.loads(text), sort_keys=True),
    "keys in another order": lambda text: json.dumps(dict(reversed(json.loads(text).items())), indent=2) + "\n",
    "an escaped letter": lambda text: text.replace('"subject"', '"subjec\\u0074"'),
    "a line end more": lambda text: text + "\n",
    "a number in another form": lambda text: text.replace('"sequence": 1', '"sequence": 1e0'),
}


@pytest.mark.parametrize("name", STATED)
def test_another_form_of_the_same_statement_is_broken_whoever_signed_it(
    name: str, sealed: Run, tmp_path: Path, key_file: Path, signer: PemSigner, command: Command
) -> None:
    """Even signed by the right key: one meaning has one text, so that it has one digest."""
    run = copied(sealed, tmp_path)
    file = run.folder / files.STATEMENT
    payload = STATED[name](file.read_text()).encode()
    assert payload != file.read_bytes()
    file.write_bytes(payload)
    (run.folder / files.BUNDLE).write_bytes(
        Bundle(payload, signer.sign(pae(payload)), signer.public_key.hint).written()
    )
    told = command("evidence", "verify", run.folder, "--key", key_file)
    assert told.code == 1
    assert any(line.startswith("Broken: statement.json: ") for line in told.lines)


@pytest.mark.parametrize("text", ['{"a": 1, "a": 1}', '[{"b": {"a": 1, "a": 2}}]'])
def test_a_key_given_twice_is_never_read(text: str) -> None:
    """At any depth, and in what others write too."""
    for read in (parsed, loaded):
        with pytest.raises(NotStrict, match="given twice"):
            read(text.encode())


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-Infinity", '{"a": NaN}'])
def test_what_is_no_number_is_never_read(text: str) -> None:
    """JSON has no such numbers."""
    for read in (parsed, loaded):
        with pytest.raises(NotStrict, match="number"):
            read(text.encode())


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("ledger.jsonl", True),
        ("notebooks/01_consent.ipynb", True),
        (".hidden", True),
        ("a..b", True),
        ("...", True),
        ("..", False),
        (".", False),
        ("a/../b", False),
        ("/etc/passwd", False),
        ("a//b", False),
        ("a/", False),
        ("", False),
        ("a b", False),
        ("a\nb", False),
        ("a\\b", False),
        ("\u00e4", False),
        ("x" * 256, False),
    ],
)
def test_plain_names(name: str, plain: bool) -> None:
    """Only names that mean the same to every tool and need no escape."""
    assert files.is_plain(name) is plain


def test_only_regular_files_are_read(tmp_path: Path) -> None:
    """A link is not followed and a pipe is not waited for, even where one took a file's place after a look."""
    (tmp_path / "file").write_text("words")
    (tmp_path / "link").symlink_to(tmp_path / "file")
    os.mkfifo(tmp_path / "pipe")
    for name in ("link", "pipe", "none", "."):
        for read in (files.sha256, files.content):
            with pytest.raises(Unreadable):
                read(tmp_path / name)
    assert files.content(tmp_path / "file", at_most=5) == b"words"
    with pytest.raises(Unreadable, match="larger than 4 bytes"):
        files.content(tmp_path / "file", at_most=4)
