"""Time stamps after RFC 3161: asked for over the signature's bytes, looked at, and verified against a root.

Asked for by POST of application/timestamp-query (RFC 3161, 3.4). http is allowed beside https, as many authorities
offer nothing else: the reply is signed, so the way it came does not matter, and the request holds only
a digest and a random number.
"""

from __future__ import annotations

import hashlib
import http.client
import urllib.error
import urllib.request
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import Message
from typing import IO, TYPE_CHECKING
from urllib.parse import urlsplit

from helpers.clock import stamp
from helpers.errors import Failed, WrongUsage

if TYPE_CHECKING:
    from cryptography.x509 import Certificate
    from rfc3161_client import TimeStampResponse

SECONDS = 20.0
LARGEST_REPLY = 256 * 1024
_SHA256 = "2.16.840.1.101.3.4.2.1"


class NotAStamp(ValueError):
    """A reply that is no time stamp over these bytes, or is not signed by whom it must be; says why."""


@dataclass(frozen=True)
class Stamp:
    """What a time-stamp reply says: the time, UTC, which nobody vouches for until it is verified against a root."""

    time: datetime

    def __str__(self) -> str:
        return stamp(self.time)


def refuse_wrong_url(url: str) -> None:
    """Raise WrongUsage unless it is the address of a time-stamping authority."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.password:
        raise WrongUsage(f"timestamp: given {url[:100]!r}; allowed: an https or http address without a user name")


def ask(url: str, data: bytes) -> bytes:
    """The reply of an authority over the data, looked at and not verified: no root is known here. Raises Failed."""
    from rfc3161_client import HashAlgorithm, TimestampRequestBuilder

    refuse_wrong_url(url)
    asked = TimestampRequestBuilder().data(data).hash_algorithm(HashAlgorithm.SHA256).build()
    try:
        reply = _post(url, asked.as_bytes())
        look(reply, data)
        if _decoded(reply).tst_info.nonce != asked.nonce:
            raise NotAStamp("it answers another request")
    except (OSError, http.client.HTTPException, NotAStamp) as error:
        raise Failed(
            f"{urlsplit(url).hostname}: no time stamp was had: {_why(error)}",
            why="The seal was asked for with a time stamp, and it is not made without.",
            next_step="Try again later, name another authority, or seal without a time stamp. Nothing was sealed.",
        ) from None
    return reply


def look(reply: bytes, data: bytes) -> Stamp:
    """What a reply says about the data. Raises NotAStamp where it is refused, damaged, or about other bytes."""
    decoded = _decoded(reply)
    try:
        if decoded.status != 0:
            raise NotAStamp("the authority did not grant it")
        imprint = decoded.tst_info.message_imprint
        if imprint.hash_algorithm.dotted_string != _SHA256 or imprint.message != hashlib.sha256(data).digest():
            raise NotAStamp("it is over other bytes")
        return Stamp(decoded.tst_info.gen_time.astimezone(UTC))
    except NotAStamp:
        raise
    except (ValueError, TypeError, AttributeError, OverflowError):
        raise NotAStamp("it cannot be read") from None


def verify(reply: bytes, data: bytes, roots: bytes) -> Stamp:
    """The same, signed by an authority under one of these roots (PEM) at the time it says. Raises NotAStamp."""
    from rfc3161_client import VerificationError
    from rfc3161_client.verify import VerifierBuilder

    said = look(reply, data)
    known = certificates(roots)
    own = [one for one in known if one.issuer == one.subject]
    verifier = VerifierBuilder(roots=own or known, intermediates=[one for one in known if one not in own]).build()
    try:
        verifier.verify_message(_decoded(reply), data)
    except (VerificationError, ValueError, TypeError) as error:
        raise NotAStamp(f"it is not signed by an authority under the given root ({_line(error)})") from None
    return said


def certificates(pem: bytes) -> list[Certificate]:
    """The certificates in a PEM text. Raises WrongUsage where there is none."""
    from cryptography.x509 import load_pem_x509_certificates

    try:
        return load_pem_x509_certificates(pem)
    except ValueError:
        raise WrongUsage("--tsa-root: there is no certificate in PEM in it") from None


def _decoded(reply: bytes) -> TimeStampResponse:
    from rfc3161_client import decode_timestamp_response

    try:
        return decode_timestamp_response(reply)
    except (ValueError, TypeError) as error:
        raise NotAStamp(f"it is not a time-stamp reply that can be read ({_line(error)})") from None


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirected POST would become a GET; an authority that has moved is for a person to look at."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Message, newurl: str
    ) -> None:
        return None


def _post(url: str, body: bytes) -> bytes:
    wanted = "application/timestamp-reply"
    headers = {"Content-Type": "application/timestamp-query", "Accept": wanted}
    request = urllib.request.Request(url, data=body, headers=headers, method="POST")  # noqa: S310 - looked at before
    handlers: list[urllib.request.BaseHandler] = [_NoRedirect()]
    if urlsplit(url).hostname in ("localhost", "127.0.0.1", "::1"):
        handlers.append(urllib.request.ProxyHandler({}))
    try:
        with urllib.request.build_opener(*handlers).open(request, timeout=SECONDS) as answer:
            kind = answer.headers.get_content_type()
            data = bytes(answer.read(LARGEST_REPLY + 1))
    except urllib.error.HTTPError as error:
        error.close()
        raise
    if kind != wanted or len(data) > LARGEST_REPLY:
        raise NotAStamp("the answer is not a time-stamp reply")
    return data


def _why(error: Exception) -> str:
    if isinstance(error, urllib.error.HTTPError):
        return f"it answered with HTTP {error.code}"
    if isinstance(error, urllib.error.URLError):
        return f"it cannot be reached ({_line(error.reason)})"
    return _line(error)


def _line(error: object) -> str:
    return " ".join(str(error).split())[:200]
