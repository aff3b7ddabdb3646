"""For every test: nothing in this process looks up or connects to anything but this machine.

An audit hook of the tests' own, so that they do not rely on the one they test. And hypothesis, whose settings are one
profile: no time limit, nothing kept in the tree, and the same examples every time in continuous integration.
"""

from __future__ import annotations

import ipaddress
import sys
import tempfile
from typing import Any

import pytest
from hypothesis import settings
from hypothesis.configuration import set_hypothesis_home_dir

from tests.needs import IN_CI

_CONNECTS = ("socket.connect", "socket.sendto", "socket.sendmsg")
_LOOKS_UP = ("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr")


class LeftTheMachine(BaseException):
    """A test tried to reach another machine; not an Exception, so that no client takes it for a failed request."""


def _stay(event: str, arguments: tuple[Any, ...]) -> None:
    if event in _CONNECTS and isinstance(arguments[1], tuple):
        host = arguments[1][0]
    elif event in _LOOKS_UP:
        host = arguments[0]
    else:
        return
    name = host.decode() if isinstance(host, bytes) else host
    if name not in ("localhost", "", None) and not _is_loopback(str(name)):
        raise LeftTheMachine(f"a test tried to reach {name}")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


sys.addaudithook(_stay)

settings.register_profile("suite", deadline=None, database=None, derandomize=IN_CI)
settings.load_profile("suite")
_kept = tempfile.TemporaryDirectory(prefix="cmek-hypothesis-")
set_hypothesis_home_dir(_kept.name)


def pytest_unconfigure() -> None:
    """The tables that hypothesis keeps of Unicode are taken away again."""
    _kept.cleanup()


def pytest_configure(config: pytest.Config) -> None:
    """The Graph SDK warns of parts of itself when it is imported; every other warning stays an error."""
    for warned in ("GetQueryParameters is deprecated", "This class is deprecated. Please use the generic"):
        config.addinivalue_line("filterwarnings", f"ignore:{warned}:DeprecationWarning")
