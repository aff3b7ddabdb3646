"""The rules about the seal's own files: the list of sums, the signature and its key, the time stamp."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from helpers.evidence import bundle, files, public_keys, timestamps
from helpers.evidence import sums as sums_file
from helpers.evidence.asked import Asked
from helpers.evidence.bundle import Bundle
from helpers.evidence.by_hand import NAMES
from helpers.evidence.dsse import pae
from helpers.evidence.files import Listing, Unreadable
from helpers.evidence.findings import Finding, broken, proven, unproven
from helpers.evidence.public_keys import NotAKey, PublicKey
from helpers.evidence.statement import Statement
from helpers.evidence.strict_json import NotStrict
from helpers.evidence.timestamps import NotAStamp


def sums(folder: Path, found: Listing, statement: Statement) -> Iterator[Finding]:
    """SHA256SUMS is what the statement says, and nothing else: it is made again and compared."""
    yield from _same(folder, found, files.SUMS, sums_file.written(statement), "is not the list of the statement")


def signature(folder: Path, found: Listing, payload: bytes, asked: Asked) -> Iterator[Finding]:
    """The statement was signed by the key that was given, or at least by the one that lies in the folder."""
    if files.BUNDLE not in found.plain:
        yield unproven("who sealed it: there is no signature", needed=asked.key is not None or asked.digest is None)
        for name in (files.PUBLIC_KEY, files.TOKEN):
            if name in found.plain:
                yield unproven(f"what {name} belongs to: there is no signature", needed=True)
        if asked.require_timestamp:
            yield unproven("when it was signed: there is no signature and no time stamp", needed=True)
        return
    try:
        seal = bundle.parse(files.content(folder / files.BUNDLE))
    except (NotStrict, Unreadable) as error:
        yield broken(files.BUNDLE, str(error))
        return
    if seal.payload != payload:
        yield broken(files.BUNDLE, f"it is over another statement than {files.STATEMENT}")
    yield from _signed(folder, found, seal, asked)
    yield from _stamped(folder, found, seal, asked)


def _signed(folder: Path, found: Listing, seal: Bundle, asked: Asked) -> Iterator[Finding]:
    key = asked.key
    if key is None:
        try:
            key = public_keys.load(files.content(folder / files.PUBLIC_KEY))
        except (NotAKey, Unreadable) as error:
            yield broken(files.PUBLIC_KEY, str(error))
            return
    yield from _same(folder, found, files.PUBLIC_KEY, key.pem, _other_key(asked))
    if key.hint != seal.hint:
        yield broken(files.BUNDLE, f"it says that another key signed: {_other_key(asked)}")
    elif not key.verifies(seal.signature, pae(seal.payload)):
        yield broken(files.BUNDLE, "the signature is not one by that key over that statement")
    else:
        yield _whose(key, asked)


def _whose(key: PublicKey, asked: Asked) -> Finding:
    if asked.key is not None:
        return proven(f"it was signed by the key that was given ({NAMES[key.kind]}, {key.hint})")
    what = f"who sealed it: it was signed by the key in {files.PUBLIC_KEY} ({key.hint}), and no --key was given"
    return unproven(what, needed=asked.digest is None)


def _other_key(asked: Asked) -> str:
    return "not the key that was given" if asked.key else "not the key of the signature, in the form it is written in"


def _stamped(folder: Path, found: Listing, seal: Bundle, asked: Asked) -> Iterator[Finding]:
    """The time stamp is over this signature, is the same in both files and, with a root, is its authority's."""
    if seal.token is None:
        if files.TOKEN in found.plain:
            yield broken(files.TOKEN, f"it is not in {files.BUNDLE}")
        else:
            yield unproven("when it was signed: there is no time stamp", needed=asked.require_timestamp)
        return
    differs = tuple(_same(folder, found, files.TOKEN, seal.token, f"it is not the time stamp in {files.BUNDLE}"))
    yield from differs
    try:
        said = timestamps.look(seal.token, seal.signature)
        if asked.tsa_roots is None:
            what = f"when it was signed: its time stamp says {said}, and no --tsa-root was given"
            yield unproven(what, needed=asked.require_timestamp)
        else:
            yield proven(f"it was signed by {timestamps.verify(seal.token, seal.signature, asked.tsa_roots)}")
    except NotAStamp as error:
        yield broken(files.TOKEN, f"the time stamp: {error}")


def _same(folder: Path, found: Listing, name: str, wanted: bytes, otherwise: str) -> Iterator[Finding]:
    """Whether a file of the seal holds just these bytes."""
    if name not in found.plain:
        yield broken(name, "is not there")
        return
    try:
        same = files.content(folder / name) == wanted
    except Unreadable as error:
        yield broken(name, str(error))
    else:
        if not same:
            yield broken(name, otherwise)
