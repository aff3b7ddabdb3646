"""What crosses the wire: requests, responses, and errors that are responses."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Json = Any  # a JSON value; services give it its shape


@dataclass(frozen=True)
class Request:
    """One request as a service sees it: path percent-decoded, header names in lower case."""

    method: str
    host: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    id: str = ""
    """The request id every reply repeats, in the header its service uses."""

    def json(self) -> dict[str, Any]:
        """The body as a JSON object; an empty body is an empty object. Raises ValueError for anything else."""
        value = json.loads(self.body or b"{}")
        if not isinstance(value, dict):
            raise ValueError("the body is not a JSON object")
        return value


@dataclass(frozen=True)
class Response:
    """Status, JSON body (None sends no body) and headers."""

    status: int
    body: Json = None
    headers: Mapping[str, str] = field(default_factory=dict)
    drip_seconds: float = 0
    """Real seconds over which it is written, in small pieces; 0 writes it at once."""

    def encoded(self) -> bytes:
        """The body's bytes as sent."""
        return b"" if self.body is None else json.dumps(self.body, separators=(",", ":")).encode()


@dataclass(frozen=True)
class Raw(Response):
    """A reply whose body is these bytes, JSON or not."""

    content: bytes = b""

    def encoded(self) -> bytes:
        return self.content


@dataclass(frozen=True)
class NoReply(Response):
    """Nothing is sent: the connection ends where the reply would be written. In the log its status is 0."""

    status: int = 0

    def encoded(self) -> bytes:
        raise ConnectionResetError("closed without a reply, on order")


class WireError(Exception):
    """A reply that ends the handling of a request early, such as a 403."""

    def __init__(self, response: Response) -> None:
        super().__init__(f"{response.status}")
        self.response = response
