"""Fixtures for the tests of the front: a served rehearsal and clients of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import urllib3

from helpers.rehearsal.serve import Served
from tests.unit.rehearsal.echoing import ECHO


@pytest.fixture
def served() -> Iterator[Served]:
    """A healthy world behind a front, with the echo service."""
    with Served("healthy", router=ECHO) as served:
        yield served


@pytest.fixture
def client(served: Served) -> Iterator[urllib3.ProxyManager]:
    """A client that goes through the proxy and trusts the rehearsal's CA alone."""
    with urllib3.ProxyManager(served.url, ca_certs=str(served.certificates.bundle), retries=False, timeout=5) as client:
        yield client


@pytest.fixture
def direct() -> Iterator[urllib3.PoolManager]:
    """A client without a proxy."""
    with urllib3.PoolManager(retries=False, timeout=5) as client:
        yield client
