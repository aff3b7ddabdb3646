"""Which cloud is out there: a rehearsal says so itself, and its two signs must agree.

Rule: a rehearsal answers `GET http://rehearsal.invalid/` through the proxy with its world and the fingerprint of its
certificate authority, and that authority must be the only one this process trusts. The name is reserved (RFC 2606)
and never resolves, so no other server can answer for it by accident.
"""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import ssl
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Literal

from helpers.errors import WrongCloud
from helpers.services.witness import MARK

_NAME = "rehearsal.invalid"
START = "python runbook.py cloud"
_BUNDLES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE")
"""Which authorities a process trusts: the first counts for httpx and urllib, the second for requests."""


@dataclass(frozen=True)
class Rehearsal:
    """The rehearsal that answered: its world's id, its authority's SHA-256, and its time."""

    world: str
    ca_sha256: str
    now: datetime


def identify() -> Rehearsal | None:
    """The rehearsal behind this process's proxy, or None. Raises WrongCloud for one whose signs do not agree."""
    if "http" not in urllib.request.getproxies() or urllib.request.proxy_bypass(_NAME):
        return None  # nobody to ask; the name itself must not be looked up
    try:
        opener = urllib.request.build_opener()  # the shared one keeps the proxy of its first use
        with opener.open(f"http://{_NAME}/", timeout=5) as reply:
            mark, now, body = reply.headers.get(MARK), _time(reply.headers.get("date")), reply.read(100_000)
    except urllib.error.HTTPError as error:
        mark, now, body = error.headers.get(MARK), None, b""
        error.close()
    except (OSError, http.client.HTTPException):
        return None
    said = _said(body)
    if mark is None and said is None:
        return None  # some other proxy's own answer: not a rehearsal, and none of our business
    if mark is None or said is None or said["rehearsal"] != mark or now is None:
        raise WrongCloud(
            "something here calls itself a rehearsal cloud, and its signs do not agree",
            why="It is neither the rehearsal cloud of this suite nor a plain proxy.",
            next_step="Look at the proxy settings of this shell.",
        )
    return Rehearsal(mark, said["ca_sha256"], now)


def check(cloud: Literal["rehearsal", "azure"], found: Rehearsal | None, environment: Mapping[str, str]) -> None:
    """Raise WrongCloud unless what was found is the cloud the parameters name."""
    if cloud == "azure":
        if found is not None:
            raise WrongCloud(
                f"the parameters say cloud: azure, and the rehearsal {found.world} answers here",
                why="A real onboarding must not be mistaken for one that happened in a rehearsal.",
                next_step="Start again in a shell outside the rehearsal.",
            )
        return
    if found is None:
        raise WrongCloud(
            "the parameters say cloud: rehearsal, and no rehearsal cloud answers here",
            why="Without one, the requests of a rehearsal could reach the real cloud. None was sent.",
            next_step=f"Start one in another terminal with: {START}",
        )
    if {_only_authority(environment.get(name)) for name in _BUNDLES} != {found.ca_sha256}:
        raise WrongCloud(
            f"{found.world} answers here, and its certificate authority is not the only one this process trusts",
            why="It is not known to be the rehearsal cloud of this suite, so nothing is sent to it.",
            next_step="Start this through: python runbook.py cloud exec -- …",
        )


def attach(environment: Mapping[str, str | None]) -> None:
    """Put a running rehearsal's variables into this process, before any client is made."""
    for name, value in environment.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


def running(root: Path) -> Mapping[str, str | None] | None:
    """The variables of the rehearsal recorded under `.rehearsal/`, if its process is alive; else None."""
    try:
        ready = json.loads((root / ".rehearsal" / "ready.json").read_text())
        environment: Mapping[str, str | None] = ready["environment"]
        os.kill(int(ready["pid"]), 0)
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return environment


def _said(body: bytes) -> dict[str, str] | None:
    try:
        said = json.loads(body)
    except ValueError:
        return None
    named = isinstance(said, dict) and isinstance(said.get("rehearsal"), str) and isinstance(said.get("ca_sha256"), str)
    return said if named else None


def _time(date: str | None) -> datetime | None:
    try:
        return parsedate_to_datetime(date or "").astimezone(UTC)
    except ValueError:
        return None


def _only_authority(bundle: str | None) -> str | None:
    """SHA-256 of the one certificate in a bundle; None when there is none, or more than one."""
    try:
        text = Path(bundle or "").read_text(encoding="ascii").strip()
        return hashlib.sha256(ssl.PEM_cert_to_DER_cert(text)).hexdigest() if text.count("-----BEGIN ") == 1 else None
    except (OSError, ValueError):
        return None
