"""Which operation a request is for. A request that matches none is answered 501, loudly."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property

from helpers.rehearsal.wire import Request, Response

_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?")
"""Nothing else, so that `user@vault` is not taken for a vault."""

NOT_SIMULATED = "not simulated"
"""In the place of an operation, for a request that is for none."""

Handler = Callable[..., Response]
"""Called as handler(world, request, **path parameters)."""


@dataclass(frozen=True)
class Route:
    """One simulated operation.

    `host` is a host name, where a leading `*.` stands for one label. In `path`, `{x}` is one segment and `{x*}` any
    """

    operation: str
    method: str
    host: str
    path: str
    handler: Handler = field(compare=False)

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        literal = re.escape(self.path)
        any_depth = re.sub(r"\\\{(\w+)\\\*\\\}", r"(?P<\1>.*?)", literal)
        one_segment = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", any_depth)
        return re.compile(one_segment + r"/?", re.IGNORECASE)

    def match(self, request: Request) -> dict[str, str] | None:
        """The path parameters if this route is the one asked for, else None."""
        if request.method != self.method or not host_matches(self.host, request.host):
            return None
        found = self._pattern.fullmatch(request.path)
        return None if found is None else found.groupdict()


def host_matches(pattern: str, host: str) -> bool:
    """Whether a host is the pattern's; `*.` covers exactly one label, as in a TLS certificate, of a host name."""
    host = host.lower()
    if not pattern.startswith("*."):
        return host == pattern
    label, _, rest = host.partition(".")
    return _LABEL.fullmatch(label) is not None and rest == pattern[2:]


@dataclass(frozen=True)
class Router:
    """All routes, first match wins."""

    routes: tuple[Route, ...]

    @classmethod
    def of(cls, *services: Iterable[Route]) -> Router:
        return cls(tuple(route for service in services for route in service))

    @property
    def hosts(self) -> tuple[str, ...]:
        """Every simulated host pattern, once."""
        return tuple(dict.fromkeys(route.host for route in self.routes))

    def find(self, request: Request) -> tuple[Route, dict[str, str]] | None:
        """The route for a request with its path parameters, or None when it is not simulated."""
        for route in self.routes:
            parameters = route.match(request)
            if parameters is not None:
                return route, parameters
        return None
