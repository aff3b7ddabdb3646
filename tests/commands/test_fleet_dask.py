"""`fleet check --scheduler`: real workers of a Dask cluster over TLS, one of them killed in the middle."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sysconfig
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
import trustme
import yaml

from helpers.rehearsal.environment import applied
from helpers.rehearsal.faults import parsed
from helpers.rehearsal.serve import Served
from tests.commands.conftest import ROOT, Commands
from tests.services.rehearsed import GIVEN

pytestmark = pytest.mark.slow
PYTHON = os.environ.get("CMEK_DASK")
SECRET = "ANTHROPIC_ADMIN_KEY"


def until(what: Callable[[], Any], seconds: float = 120) -> Any:
    """What comes true in another process, which nothing else tells of."""
    end = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < end, "it did not come true"
        time.sleep(0.05)
    return found


@contextmanager
def running(
    *command: str, environment: dict[str, str], log: Path, out: Path | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """A program for as long as the block lasts; what it said is in the log."""
    with log.open("wb") as said, (out or log).open("ab") as printed:
        process = subprocess.Popen(command, env=environment, cwd=ROOT, stdout=printed, stderr=said)
        try:
            yield process
        finally:
            process.kill()
            process.wait()


@pytest.fixture
def tls(tmp_path: Path) -> list[str]:
    """The options of dask for TLS: an authority, and a certificate by it with its key."""
    authority, folder = trustme.CA(), tmp_path / "tls"
    folder.mkdir()
    made = authority.issue_cert("127.0.0.1", "localhost")
    authority.cert_pem.write_to_path(folder / "ca.pem")
    made.cert_chain_pems[0].write_to_path(folder / "cert.pem")
    made.private_key_pem.write_to_path(folder / "key.pem")
    files = {"ca-file": "ca.pem", "cert": "cert.pem", "key": "key.pem"}
    return [word for name, file in files.items() for word in (f"--tls-{name}", str(folder / file))]


def rows(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text().splitlines()]


def same(document: Any) -> Any:
    """The results without what is another every time."""
    rows = [{**row, "folder": bool(row["folder"]), "seconds": 0, "at": ""} for row in document["targets"]]
    return json.loads(re.sub(r"request id [\w-]+", "request id", json.dumps(rows, sort_keys=True)))


@pytest.mark.skipif(
    PYTHON is None, reason="CMEK_DASK does not name the Python that has Dask; `runbook.py test --all` makes it"
)
def test_a_worker_is_killed_in_the_middle_and_each_target_is_told_once_and_right(
    tmp_path: Path, tls: list[str]
) -> None:
    """The task of the lost worker is done by the other one; results are those of this machine alone, records are here.

    The Admin API key is in no worker's environment: what needs it is said not to have been asked.
    """
    assert PYTHON is not None
    with Served("onboarded") as cloud, ExitStack() as stack:
        keys = [*(f"none-{number}" for number in range(6)), str(GIVEN["key_name"])]
        files = [str(tmp_path / f"{key}.yaml") for key in keys]
        for key, file in zip(keys, files, strict=True):
            Path(file).write_text(yaml.safe_dump({"parameters": {**GIVEN, "key_name": key}}))
        inside = applied(cloud.environment())
        worker = {name: value for name, value in inside.items() if name != SECRET} | {
            "CMEK_HOME": str(tmp_path / "of-workers"),
            "PYTHONPATH": os.pathsep.join((str(ROOT), sysconfig.get_path("purelib"))),  # the rest, as it is tested
        }
        where, dask = tmp_path / "scheduler.json", (PYTHON, "-m", "distributed.cli.dask_scheduler")
        local = ("--host", "127.0.0.1", "--no-dashboard", "--scheduler-file", str(where), *tls)
        stack.enter_context(
            running(*dask, "--protocol", "tls", "--port", "0", *local, environment=worker, log=tmp_path / "scheduler")
        )
        until(where.exists)
        workers = [
            stack.enter_context(
                running(PYTHON, "-m", "distributed.cli.dask_worker", "--nthreads", "1", "--no-nanny", *local,
                        environment=worker, log=tmp_path / f"worker-{number}")
            )
            for number in (1, 2)
        ]  # fmt: skip
        for number in (1, 2):
            until(lambda number=number: b"Starting established" in (tmp_path / f"worker-{number}").read_bytes())
        address = json.loads(where.read_text())["address"]
        cloud.world.state.faults = parsed([{"operation": "Vaults_Get", "skip": 2, "times": 2, "hold": True}])
        options = ("--jobs", "4", "--scheduler", address, *(word.replace("ca-file", "ca") for word in tls), "--json")
        command = (PYTHON, "-m", "helpers.cli", "fleet", "check", *files, *options)
        environment = {**worker, "CMEK_HOME": str(tmp_path / "here")}
        said, printed = tmp_path / "said", tmp_path / "printed"
        fleet = stack.enter_context(running(*command, environment=environment, log=said, out=printed))
        until(lambda: len(cloud.cloud.held.rows()) == 2)
        workers[0].send_signal(signal.SIGKILL)
        workers[0].wait()
        cloud.cloud.held.release()
        code = fleet.wait(timeout=170)
        wrote = [row for row in cloud.cloud.journal.rows() if row["wrote"]]
        without = {**cloud.environment(), SECRET: None}
        cloud.environment = lambda identity="operator": without  # type: ignore[method-assign]
        alone = Commands(cloud, tmp_path / "alone")("fleet", "check", *files, "--notebooks", "none", "--json")
    assert code == 3, said.read_text()
    document = json.loads(printed.read_text())
    assert [row["file"] for row in document["targets"]] == files and wrote == []
    assert [row["exit_code"] for row in document["targets"]] == [3] * 6 + [0]
    assert same(document) == same(alone.json)
    lines = rows(tmp_path / "here" / "runs" / document["fleet"] / "fleet.jsonl")
    assert sorted(row["file"] for row in lines if row["event"] == "target") == sorted(files)
    for row in document["targets"]:
        ledger = rows(tmp_path / "here" / row["folder"] / "ledger.jsonl")
        assert ledger[-1]["event"] == "run_finished" and ledger[-1]["exit_code"] == row["exit_code"]
        assert "The Admin API was not asked" in ledger[-1]["not_asked"]
    assert not list((tmp_path / "of-workers").glob("**/*.jsonl"))
