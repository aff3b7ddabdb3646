"""Serving a rehearsal: in this process for as long as a block lasts, or in the foreground until a signal."""

from __future__ import annotations

import secrets
import shutil
import signal
import sys
import threading
from pathlib import Path
from types import TracebackType
from typing import Self

from helpers.rehearsal import certificates, folders, ready
from helpers.rehearsal.cloud import Cloud
from helpers.rehearsal.control import Control
from helpers.rehearsal.environment import OPERATOR, environment
from helpers.rehearsal.front import Front
from helpers.rehearsal.router import Router
from helpers.rehearsal.services import ROUTER
from helpers.rehearsal.world import World
from helpers.rehearsal.worldfile import DEFAULT, load


class Served:
    """A rehearsal cloud that answers from `with` to the end of the block and leaves nothing behind.

    Raises WorldError for a world file that cannot be used and OSError for a port that is taken, both before anything
    is started.
    """

    def __init__(self, world: str | Path = DEFAULT, *, port: int = 0, router: Router = ROUTER) -> None:
        self.world = World(lambda: load(world))
        self.cloud = Cloud(self.world, router)
        self.control_token = secrets.token_urlsafe(32)
        self._folder = folders.make()
        try:
            self.certificates = certificates.make(self._folder, router.hosts)
            control = Control(self.cloud, self.control_token, self.environment)
            self._front = Front(self.cloud, control, self.certificates, port)
        except BaseException:
            shutil.rmtree(self._folder)
            raise

    def __enter__(self) -> Self:
        self._front.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._front.close()
        finally:
            shutil.rmtree(self._folder)

    @property
    def url(self) -> str:
        """The proxy's address, `http://127.0.0.1:PORT`."""
        return self._front.url

    def environment(self, identity: str = OPERATOR) -> dict[str, str | None]:
        """What a client needs to be this identity; None must be unset. Raises KeyError for an unknown one."""
        return environment(self.url, self.certificates, self.world, self._folder, identity)


def serve_forever(world: str | Path = DEFAULT, ready_file: Path = ready.DEFAULT, port: int = 0) -> None:
    """Serve until SIGINT, SIGTERM or SIGHUP; `ready_file` says where for as long as it lasts.

    Call it in the main thread. Raises ready.Taken where another one is running, and what Served raises.
    """
    ready.check(ready_file)
    stop = threading.Event()
    signals = [signal.SIGINT, signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # nohup asked to go on
        signals.append(signal.SIGHUP)
    before = {number: signal.signal(number, lambda *_: stop.set()) for number in signals}
    try:
        with Served(world, port=port) as served:
            mine = ready.Ready.of(served.url, served.certificates.bundle, served.environment(), served.control_token)
            with ready.published(ready_file, mine):
                print(_welcome(served, ready_file), file=sys.stderr, flush=True)
                stop.wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _welcome(served: Served, ready_file: Path) -> str:
    chosen = "" if ready_file == ready.DEFAULT else f"--ready-file {ready_file} "
    return (
        f"REHEARSAL cloud at {served.url} ({served.world.id}): {served.world.state.about}\n"
        f"Run a client inside it: python runbook.py cloud exec {chosen}-- CMD\n"
        f"Its address and environment: {ready_file}\n"
        "Stop it: Ctrl-C"
    )
