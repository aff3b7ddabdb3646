"""Sees every reply of every client: which cloud sent it, and its request id.

Rule: in a rehearsal every reply carries the world's mark; anywhere else none does. The first reply that breaks this
ends the run, before anything is concluded from it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from helpers.errors import WrongCloud

if TYPE_CHECKING:
    from helpers.services.backoff import BackOff

MARK = "x-rehearsal"
_REQUEST_ID_HEADERS = ("x-ms-request-id", "request-id", "x-ms-client-request-id")


class Witness:
    """Judges replies as they arrive. `request_id` is that of the latest one."""

    def __init__(self, world: str | None, backoff: BackOff | None = None) -> None:
        self._world = world
        self._backoff = backoff
        self.request_id: str | None = None

    def saw(self, host: str, headers: Mapping[str, str]) -> None:
        """Note one reply. Raises WrongCloud if it does not come from the cloud this process works with."""
        lower = {name.lower(): value for name, value in headers.items()}
        self.request_id = next((lower[name] for name in _REQUEST_ID_HEADERS if name in lower), None)
        mark = lower.get(MARK)
        if mark == self._world:
            return
        if self._world is None:
            what = f"{host} answered as the rehearsal cloud {mark}, and this is not a rehearsal"
        else:
            what = f"{host} answered without the mark of the rehearsal {self._world} (it said {mark or 'nothing'})"
        raise WrongCloud(
            what,
            why="Nothing it says can be relied on, and nothing more is sent.",
            next_step="Check the proxy settings of this shell and the parameter cloud, then start again.",
            request_id=self.request_id,
        )

    @contextmanager
    def aside(self) -> Iterator[None]:
        """For a block, replies are judged as ever, and `request_id` stays that of the latest one before it."""
        kept = self.request_id
        try:
            yield
        finally:
            self.request_id = kept

    def azure(self, reply: Any) -> None:
        """The hook for Azure SDK pipelines (`raw_response_hook`)."""
        response = reply.http_response
        self._seen(_host(str(response.request.url)), response)

    def http(self, response: Any) -> None:
        """The hook for an httpx-like client."""
        self._seen(response.request.url.host, response)

    async def http_async(self, response: Any) -> None:
        """The same, for an asynchronous client."""
        self.http(response)

    def _seen(self, host: str, response: Any) -> None:
        self.saw(host, response.headers)
        if self._backoff is not None:
            self._backoff.saw(host, response.status_code, response.headers)


def _host(url: str) -> str:
    return url.split("//", 1)[-1].split("/", 1)[0]
