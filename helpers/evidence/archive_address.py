"""Where a sealed run is published to: a container of Azure Blob Storage, or a folder.

Rule: an address is recorded and shown, so it must not hold a secret. A query (a shared access signature is one), a user
name and a fragment are refused without being repeated, and so is whatever looks like a secret. Only https: the token
of who is signed in goes there. Sources: Azure "Naming rules and restrictions" and "Storage account overview", read
2026-11.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from helpers.errors import Refused, WrongUsage
from helpers.evidence.files import is_plain
from helpers.record.secrets import looks_like

ALLOWED = "https://ACCOUNT.blob.core.windows.net/CONTAINER or that with /PREFIX, or a folder"
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_HOST = re.compile(r"[a-z0-9]{3,24}(\.blob\.core\.windows\.net|\.z\d\d\.blob\.storage\.azure\.net)")
_ACCOUNT = re.compile(r"[a-z0-9]{3,24}")
_CONTAINER = re.compile(r"(?=.{3,63}$)[a-z0-9]+(-[a-z0-9]+)*")


@dataclass(frozen=True)
class BlobAddress:
    """A container of an account, and the prefix that names are put under; on loopback the account is in the path."""

    account: str
    host: str
    container: str
    prefix: str
    loopback: bool

    def __str__(self) -> str:
        return "/".join(filter(None, (self.account, self.container, self.prefix)))


def of(said: str) -> BlobAddress | Path:
    """What `--to` names. Raises WrongUsage, without repeating what could be a secret."""
    if not said or not said.isprintable():
        raise _wrong("it is empty, or something of it is not seen")
    parts = _parts(said) if _SCHEME.match(said) else None
    if looks_like(said):
        raise _wrong("it holds what looks like a secret")
    return Path(said) if parts is None else _blob(parts)


def _parts(said: str) -> SplitResult:
    """The parts of an https address that has nothing in it but a host and a path."""
    try:
        parts = urlsplit(said)
        _ = parts.port  # raises for one that is no number
    except ValueError:
        raise _wrong("it is not an address") from None
    _refuse_secrets(parts, said)
    if parts.scheme != "https" or not parts.hostname:
        raise _wrong("it is not an https address: the token of who is signed in would go in the clear")
    return parts


def _refuse_secrets(parts: SplitResult, said: str) -> None:
    if parts.username is not None or parts.password is not None:
        raise _wrong("it holds a user name or a password")
    if "?" in said:
        raise _wrong(
            "it holds a query, such as a shared access signature",
            "The address is recorded, and whoever reads the record could use the signature.",
            "Give the address without it, and say how to sign in by --credential.",
        )
    if "#" in said:
        raise _wrong("it holds a fragment")


def _blob(parts: SplitResult) -> BlobAddress:
    host, port, (*before, container, prefix) = str(parts.hostname), parts.port, _path(parts)
    if not _CONTAINER.fullmatch(container):
        raise _wrong("it does not name a container: 3 to 63 lower-case letters, digits and single hyphens")
    if prefix and not is_plain(prefix):
        raise _wrong("its prefix is not of letters, digits, dots, hyphens and underscores, in parts joined by slashes")
    netloc = f"{f'[{host}]' if ':' in host else host}{f':{port}' if port and port != 443 else ''}"
    account = "/".join((f"https://{netloc}", *before))
    return BlobAddress(account, host, container, prefix, loopback=is_loopback(host))


def _path(parts: SplitResult) -> tuple[str, ...]:
    """The account where it is part of the path, the container, and the prefix."""
    host = str(parts.hostname)
    names = parts.path.removesuffix("/").removeprefix("/").split("/")
    if is_loopback(host):
        account, *names = names
        if not _ACCOUNT.fullmatch(account) or not names:
            raise _wrong("on loopback it is https://HOST:PORT/ACCOUNT/CONTAINER")
        return account, names[0], "/".join(names[1:])
    if not _HOST.fullmatch(host) or parts.port not in (None, 443):
        raise _wrong("it is not Azure Blob Storage in the public cloud")
    return names[0], "/".join(names[1:])


def refuse_outside(address: BlobAddress | Path, run: str) -> None:
    """Raise Refused for an address outside this machine, which a rehearsal's run is never published to."""
    if isinstance(address, BlobAddress) and not address.loopback:
        raise Refused(
            f"{run} is a rehearsal, so it is not published to {address.host}",
            why="A rehearsal touches nothing outside this machine, and an archive holds real records.",
            next_step="Publish it to a folder.",
        )


def is_loopback(host: str) -> bool:
    """Whether a host is this machine, by its name alone."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _wrong(what: str, why: str = "", next_step: str = "") -> WrongUsage:
    return WrongUsage(f"--to: {what}; allowed: {ALLOWED}", why=why, next_step=next_step)
