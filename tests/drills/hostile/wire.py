"""Replies that no server means well with, written byte by byte: for tests that serve the rehearsal cloud themselves."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from unittest import mock

from helpers.rehearsal.connection import Connection
from helpers.rehearsal.wire import Request, Response
from tests.services.faults import Meets

MB = 1024 * 1024


@dataclass(frozen=True)
class Wire(Response):
    """A reply of which head and body are what `parts` gives; the front adds its own stamps and nothing else."""

    parts: tuple[bytes, ...] = ()


@contextmanager
def served() -> Iterator[list[Wire]]:
    """While it lasts, a Wire is written as it is, and its connection closed. Yields those that were written."""
    real, written = Connection._reply, []

    def reply(self: Connection, response: Response) -> None:
        if not isinstance(response, Wire):
            real(self, response)
            return
        self.close_connection = True
        written.append(response)
        named = {**self.server.stamps(), **response.headers, "connection": "close"}
        stamps = "".join(f"{name}: {value}\r\n" for name, value in named.items())
        self.connection.sendall(f"HTTP/1.1 {response.status} OK\r\n{stamps}".encode())
        self.connection.sendall(b"".join(response.parts))

    with mock.patch.object(Connection, "_reply", reply):
        yield written


def wire(*parts: bytes, status: int = 200) -> Meets:
    """A reply of these parts: headers, an empty line, a body."""
    return lambda request, _: Wire(status, None, {}, parts=parts)


def body(raw: bytes, kind: str = "application/json", **headers: str) -> Meets:
    """A body of these bytes with its true length; header names are written with underscores."""
    named = {
        "content-type": kind,
        "content-length": str(len(raw)),
        **{n.replace("_", "-"): v for n, v in headers.items()},
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in named.items())
    return wire(head.encode() + b"\r\n", raw)


def redirect(status: int, where: str) -> Meets:
    return wire(f"location: {where}\r\ncontent-length: 0\r\n\r\n".encode(), status=status)


ROW = b'{"id": "x", "name": "x"}'
NAMES = b'{"value": [%s], "data": [%s], "value": 7, "data": 7}' % (ROW, ROW)
HOSTILE: dict[str, Meets] = {
    "deep lists": body(b'{"value":' + b"[" * 200_000 + b"]" * 200_000 + b"}"),
    "deep mappings": body(b'{"a":' * 100_000 + b"1" + b"}" * 100_000),
    "not UTF-8": body(b'{"value": ["\xff\xfe\xc3"], "data": [{"id": "\xff"}]}'),
    "UTF-16": body('{"value": 7, "data": 7}'.encode("utf-16"), "application/json; charset=latin-1"),
    "an unknown charset": body(b'{"value": 7, "data": 7}', "application/json; charset=x-klingon"),
    "a charset of many": body(b'{"value": 7, "data": 7}', "application/json; charset=rot13"),
    "a name twice": body(NAMES),
    "a number of many digits": body(b'{"value": ' + b"9" * 6000 + b', "data": ' + b"9" * 6000 + b"}"),
    "infinite": body(b'{"value": 1e999, "data": 1e999, "attributes": {"created": 1e999}}'),
    "NaN": body(b'{"value": NaN, "data": NaN, "attributes": {"created": NaN}}'),
    "called gzip": body(b'{"value": [], "data": []}', content_encoding="gzip"),
    "cut gzip": body(gzip.compress(b'{"value": [], "data": []}')[:-12], content_encoding="gzip"),
    "an unknown coding": body(b'{"value": 7, "data": 7}', content_encoding="x-none"),
    "no kind": body(b"\x00\x01\x02", "application/octet-stream"),
    "longer than said": wire(b'content-type: application/json\r\ncontent-length: 9\r\n\r\n{"value": [], "data": []}'),
    "shorter than said": wire(b'content-type: application/json\r\ncontent-length: 900\r\n\r\n{"value": [], "data": []}'),
    "no number of a length": wire(b'content-type: application/json\r\ncontent-length: -1\r\n\r\n{"value": 7}'),
    "two lengths": wire(b'content-type: application/json\r\ncontent-length: 2\r\ncontent-length: 12\r\n\r\n{"value": 7}'),
    "a bad chunk": wire(b'content-type: application/json\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n{"value": []}\r\n0\r\n\r\n'),
    "an open chunk": wire(b'content-type: application/json\r\ntransfer-encoding: chunked\r\n\r\nd\r\n{"value": []}\r\n'),
    "an endless header": wire(b"x-long: " + b"x" * 200_000 + b"\r\ncontent-length: 2\r\n\r\n{}"),
    "many headers": wire(b"".join(b"x-%d: 1\r\n" % number for number in range(300)) + b"content-length: 2\r\n\r\n{}"),
}  # fmt: skip


def asked_for(requests: list[Request], host: str) -> list[Any]:
    """The credentials that came to a host."""
    return [
        request.headers.get("authorization") or request.headers.get("x-api-key")
        for request in requests
        if request.host == host
    ]
