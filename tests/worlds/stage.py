"""One front on which world after world is put: starting a front and making keys for each would take minutes."""

from __future__ import annotations

import copy
import os
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path
from typing import Any
from unittest import mock

import yaml
from azure.core.pipeline.transport import HttpTransport
from kiota_http.middleware.retry_handler import RetryHandler
from urllib3.connection import HTTPConnection

from helpers.parameters import Parameters
from helpers.rehearsal import worldfile
from helpers.rehearsal.material import complete
from helpers.rehearsal.serve import Served
from helpers.rehearsal.state import State
from helpers.services.connect import Services
from tests.services.faults import FaultyCloud
from tests.services.rehearsed import Rehearsed, given


@cache
def _parsed(text: str) -> Any:
    return yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))


def _once(text: str) -> Any:
    """What a YAML text holds; the worlds that others are based on are parsed once."""
    return copy.deepcopy(_parsed(text))


def loaded(name: str | Path) -> State:
    """The state of a world. Its keys cost nothing: all of a size have the same private key."""
    state = worldfile.load(name)
    state.settings.shared_keys = True
    return complete(state)


class Stage(Rehearsed):
    """The world that is on it now, and the parameters that belong to it."""

    def __init__(self, served: Served) -> None:
        super().__init__(served)
        self.changes: dict[str, Any] = {}

    def put(self, name: str | Path) -> None:
        """Another world, as its file says."""
        self.put_state(loaded(name), worldfile.parameters_of(name))

    def put_state(self, state: State, changes: dict[str, Any]) -> None:
        """Another state, with changes to the parameters."""
        self._pristine, self.changes = state, changes
        self.reset()
        theirs = self.environment()
        os.environ.clear()  # within the block that this stage is made for, which puts back what was there
        os.environ.update(theirs)

    @property
    def parameters(self) -> Parameters:
        """The parameters of the rehearsal with those of this world laid over them."""
        return given(**self.changes)

    def connected(self) -> Services:
        """Real clients, signed in as the operator, for the world's own parameters."""
        return self.services(**self.changes)


_connect = HTTPConnection._new_conn


def _at_once(connection: HTTPConnection) -> socket.socket:
    """A connection that sends what it is given: through a proxy urllib3 waits up to 40 ms before a request's body."""
    made = _connect(connection)
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return made


@contextmanager
def staged() -> Iterator[Stage]:
    """A stage, from inside; clients that try again do not wait for it."""
    with ExitStack() as stack:
        stack.enter_context(mock.patch("helpers.rehearsal.serve.Cloud", FaultyCloud))
        stack.enter_context(mock.patch("helpers.rehearsal.worldfile.yaml.safe_load", _once))
        stack.enter_context(mock.patch.object(HTTPConnection, "_new_conn", _at_once))
        stack.enter_context(mock.patch.object(HttpTransport, "sleep", lambda self, duration: None))
        stack.enter_context(mock.patch.object(RetryHandler, "get_delay_time", lambda *_: 0.0))
        stage = Stage(stack.enter_context(Served("healthy")))
        stack.enter_context(stage.inside())
        yield stage
        stage.close()
