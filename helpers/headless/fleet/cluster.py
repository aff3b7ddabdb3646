"""`fleet check` and `fleet plan` on a Dask cluster: each target a task, results and records brought back to here.

Rule: what is sent is the values of the parameters, which hold references and no secret. Workers sign in by themselves,
and where they cannot have the Admin API key, they say that the Admin API was not asked. Nothing that writes is sent.
Who can reach a scheduler can run code on its workers and, by what it answers, here: so TLS with certificates on both
sides, and plain TCP for a rehearsal on this machine alone. Losing a worker is Dask's to mend: it gives the task to
another one, and to a fourth at most (`distributed.scheduler.allowed-failures`).
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from helpers import parameters as parameter_files
from helpers.errors import Failed, WrongUsage
from helpers.headless.fleet import work
from helpers.headless.fleet.record import Record
from helpers.headless.fleet.results import Result
from helpers.headless.fleet.targets import Target
from helpers.record.ledger import NAME
from helpers.record.runs import home
from helpers.services.backoff import BackOff
from helpers.services.shared import Shared

if TYPE_CHECKING:
    from helpers.headless.fleet.looking import Verb

SECONDS = 20
"""For the scheduler to answer."""
_RUN = re.compile(r"\d{8}T\d{6}Z-[0-9a-f]{6}")
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


def look(targets: Sequence[Target], verb: Verb, record: Record, jobs: int, cluster: Cluster) -> Iterator[Result]:
    """Have each target looked at by a worker, so many tasks at once. Each result is on disk before it is handed on.

    Raises Failed where the scheduler does not answer or is lost.
    """
    if not targets:
        return
    client = _client(cluster)
    try:
        yield from _looked(client, iter(targets), verb, record, jobs)
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


def _looked(client: Any, left: Iterator[Target], verb: Verb, record: Record, jobs: int) -> Iterator[Result]:
    from distributed import as_completed

    under_way: dict[str, Target] = {}

    def begun(targets: Iterable[Target]) -> list[Any]:
        futures = []
        for target in targets:
            key = f"{record.id}-{target.number}"
            under_way[key] = target
            futures.append(client.submit(remote, verb, target.number, target.file, _values(target), key=key))
        return futures

    ended = as_completed(begun(islice(left, jobs)), loop=client.loop)
    for future in ended:
        target = under_way.pop(future.key, None)
        if target is None:
            continue  # told already
        if future.status in ("cancelled", "lost"):
            raise Failed(
                "the scheduler was lost",
                why="What has ended is kept.",
                next_step="Go on with --resume when it is back.",
            )
        yield record.add(_of(target, verb, future, record))
        for one in begun(islice(left, 1)):
            ended.add(one)


def _of(target: Target, verb: Verb, future: Any, record: Record) -> Result:
    """The result a worker came to, its record kept here; or why there is none."""
    error = future.exception()
    if error is not None:
        what = f"no worker could finish it: {type(error).__name__}: {error}"
        lines = work.safe(what, "Next: look at the log of the workers, and run it again; it changes nothing.")
        return Result(target.file, target.name, target.digest, 1, lines[0], lines=lines, cloud=target.parameters.cloud)
    said = json.loads(future.result())
    result = replace(Result.of(said["result"]), file=target.file, digest=target.digest, folder=None)
    if said["ledger"] is None:
        return result
    if verb == "plan":
        folder = record.place(target.number)
    elif _RUN.fullmatch(said["run"]):
        folder = home() / "runs" / said["run"]
    else:
        raise Failed(f"a worker answered with a run of the name {said['run'][:40]!r}")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / NAME).write_text(said["ledger"], encoding="utf-8")
    return replace(result, folder=str(folder.relative_to(home())))


def _values(target: Target) -> dict[str, Any]:
    """The parameters as JSON values: references to secrets, and none of them."""
    return {name: value for name, value in target.parameters.model_dump(mode="json").items() if value is not None}


def remote(verb: Verb, number: int, file: str, values: dict[str, Any]) -> str:
    """What a worker does: one target looked at, and the result with its record as JSON. It keeps nothing."""
    target = Target(number, file, parameter_files.load(values), {})
    with TemporaryDirectory(prefix="cmek-") as place:
        if verb == "check":
            result = work.checked(target, _shared(), _unheard, under=Path(place))
        else:
            result = work.planned(target, _shared(), _unheard, Path(place) / "plan")
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
