"""`fleet check` and `fleet plan` on a Dask cluster: each target a task, results and records brought back to here.

Rule: what is sent is the values of the parameters, which hold references and no secret. Workers sign in by themselves,
and where they cannot have the Admin API key, they say that the Admin API was not asked. Nothing that writes is sent.
Who can reach a scheduler can run code on its workers and, by what it answers, here: so TLS with certificates on both
sides, and plain TCP for a rehearsal on this machine alone. Losing a worker is Dask's to mend: it gives the task to
another one, and to a fourth at most (`distributed.scheduler.allowed-failures`). An answer that is not about the very
target that was asked for, or that cannot be used, is that target's failure, and so is none within TASK_SECONDS.
"""

from __future__ import annotations

import json
import logging
import secrets
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from queue import Empty, SimpleQueue
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from helpers import parameters as parameter_files
from helpers.errors import Failed, WrongUsage
from helpers.headless.fleet import answers, work
from helpers.headless.fleet.record import Record
from helpers.headless.fleet.results import Result
from helpers.headless.fleet.targets import Target
from helpers.record.ledger import NAME
from helpers.services.backoff import BackOff
from helpers.services.shared import Shared

if TYPE_CHECKING:
    from helpers.headless.fleet.looking import Verb

SECONDS = 20
"""For the scheduler to answer."""
TASK_SECONDS = 30 * 60
"""For the answer about one target, from when it was given to the scheduler. A check takes seconds."""
_LOOK_SECONDS = 10.0
"""Between two looks for workers and for tasks that take too long, where nothing ends."""
_LOOPBACK = ("127.0.0.1", "::1", "localhost")


@dataclass(frozen=True)
class Cluster:
    """Where the scheduler is, and the files that show it who we are."""

    address: str
    ca: str | None = None
    certificate: str | None = None
    key: str | None = None

    def refuse_unfit(self, targets: Sequence[Target]) -> None:
        """Raise WrongUsage unless it is TLS with all three files, or a rehearsal on this machine."""
        parts = urlsplit(self.address)
        files = {"--tls-ca": self.ca, "--tls-cert": self.certificate, "--tls-key": self.key}
        if parts.scheme == "tls":
            missing = [name for name, file in files.items() if file is None or not Path(file).is_file()]
            if missing:
                raise WrongUsage(f"--scheduler: tls:// takes {', '.join(missing)}, each a file in PEM")
            return
        if parts.scheme != "tcp":
            raise WrongUsage(f"--scheduler: {self.address}: allowed: tls://HOST:PORT")
        if parts.hostname not in _LOOPBACK or any(target.parameters.cloud != "rehearsal" for target in targets):
            raise WrongUsage("--scheduler: tcp:// is for a rehearsal on this machine alone; allowed: tls://HOST:PORT")


def refuse_without_dask() -> None:
    """Raise WrongUsage where `distributed` is not installed; it is asked for by nothing else."""
    if find_spec("distributed") is None:
        raise WrongUsage(
            "--scheduler: distributed is not installed",
            next_step="Install it beside the rest: pip install --require-hashes -r requirements-dask.lock",
        )


def _told(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def look(
    targets: Sequence[Target],
    verb: Verb,
    record: Record,
    jobs: int,
    cluster: Cluster,
    say: Callable[[str], None] = _told,
) -> Iterator[Result]:
    """Have each target looked at by a worker, so many tasks at once. Each result is on disk before it is handed on.

    Raises Failed where the scheduler does not answer or is lost.
    """
    if not targets:
        return
    client = _client(cluster)
    try:
        yield from _looked(client, iter(targets), verb, record, jobs, say)
    finally:
        client.close()


def _client(cluster: Cluster) -> Any:
    from distributed import Client, Security

    logging.getLogger("distributed").setLevel(logging.ERROR)
    files = {"tls_ca_file": cluster.ca, "tls_client_cert": cluster.certificate, "tls_client_key": cluster.key}
    security = Security(require_encryption=True, **files) if cluster.address.startswith("tls:") else None
    try:
        return Client(cluster.address, security=security, timeout=SECONDS, set_as_default=False)
    except (OSError, TimeoutError, ValueError) as error:
        raise Failed(
            f"no scheduler answers at {cluster.address}: {error}", next_step="Start it, or give its address and files."
        ) from None


@dataclass(frozen=True)
class _Task:
    """A target that a scheduler was given."""

    target: Target
    future: Any
    since: float


def _looked(
    client: Any,
    left: Iterator[Target],
    verb: Verb,
    record: Record,
    jobs: int,
    say: Callable[[str], None],
    elapsed: Callable[[], float] = time.monotonic,
) -> Iterator[Result]:
    under_way: dict[str, _Task] = {}
    ended: SimpleQueue[Any] = SimpleQueue()
    heard = False

    def begin(targets: Iterable[Target]) -> None:
        for target in targets:
            key = _key(record, target)
            future = client.submit(remote, verb, record.id, target.number, target.file, _values(target), key=key)
            under_way[key] = _Task(target, future, elapsed())
            future.add_done_callback(ended.put)

    begin(islice(left, jobs))
    while under_way:
        try:
            future = ended.get(timeout=_LOOK_SECONDS)
        except Empty:
            heard = _heard_of_no_worker(client, say, heard)
        else:
            task = under_way.pop(future.key, None)  # None of one that was told already
            if task is not None:
                if future.status in ("cancelled", "lost"):
                    raise Failed(
                        "the scheduler was lost",
                        why="What has ended is kept.",
                        next_step="Go on with --resume when it is back.",
                    )
                yield record.add(answers.of(task.target, verb, future, record))
        for key in [key for key, task in under_way.items() if elapsed() - task.since > TASK_SECONDS]:
            late = under_way.pop(key)
            with suppress(OSError):  # the scheduler is away
                client.cancel([late.future])
            what = f"no answer came from the cluster within {TASK_SECONDS / 60:.0f} minutes, and it was given up"
            yield record.add(answers.failed(late.target, what))
        begin(islice(left, jobs - len(under_way)))


def _key(record: Record, target: Target) -> str:
    """Of no other task, before or after: a scheduler answers with what it holds under a key that it knows."""
    return f"{record.id}-{target.number}-{target.digest[:16]}-{secrets.token_hex(8)}"


def _heard_of_no_worker(client: Any, say: Callable[[str], None], before: bool) -> bool:
    """Whether there is no worker, which is said once each time that it comes to be so."""
    try:
        none = not client.nthreads()
    except OSError:  # the scheduler is away: its tasks end as lost, or by their time
        return before
    if none and not before:
        say("No worker is connected to the scheduler: nothing is being looked at until one is")
    return none


def _values(target: Target) -> dict[str, Any]:
    """The parameters as JSON values: references to secrets, and none of them."""
    return {name: value for name, value in target.parameters.model_dump(mode="json").items() if value is not None}


def remote(verb: Verb, fleet: str, number: int, file: str, values: dict[str, Any]) -> str:
    """What a worker does: one target looked at, and the result with its record as JSON. It keeps nothing."""
    target = Target(number, file, parameter_files.load(values), {})
    with TemporaryDirectory(prefix="cmek-") as place:
        if verb == "check":
            result = work.checked(target, _shared(), _unheard, under=Path(place))
        else:
            result = work.planned(target, _shared(), _unheard, fleet, Path(place) / "plan")
        ledger = next(Path(place).glob(f"**/{NAME}"), None)
        said = {
            "result": result.said(),
            "run": ledger.parent.name if ledger else "",
            "ledger": ledger.read_text(encoding="utf-8") if ledger else None,
        }
    return json.dumps(said)


@lru_cache(maxsize=1)
def _shared() -> Shared:
    """One for all tasks of a worker's process, which ends when the worker does."""
    return Shared(BackOff(_unheard))


def _unheard(line: str) -> None:
    """Nobody reads a worker's standard error."""
