"""How fast `fleet check` is, and how much memory it takes, at 10, 100 and 1000 targets.

    python -m benchmarks.fleet [COUNT ...] [--jobs N]

Each fleet is one command, as a person runs it, against a cloud of recorded replies in a process of its own. Beside the
fleet's figures stand the cloud's: the share of a core that it took, and how many targets a second it serves when
nothing but sockets asks it. A fleet that is as fast as that would be measuring the cloud. FLEET.md says what was found.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from benchmarks.recorded_cloud import ADMIN, PREFIX
from helpers.rehearsal.environment import applied

ROOT = Path(__file__).resolve().parents[1]
VAULTS_VERSION = "2026-05-15"


@contextmanager
def recorded_cloud(folder: Path) -> Iterator[Mapping[str, str | None]]:
    """The variables of a client of a cloud that serves for the block."""
    command = [sys.executable, "-m", "benchmarks.recorded_cloud", str(folder)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE) as process:
        said = folder / "environment.json"
        while not said.exists():
            if process.poll() is not None:
                raise SystemExit("the recorded cloud did not start")
            time.sleep(0.1)
        yield json.loads(said.read_text(encoding="utf-8"))
        if process.stdin is not None:
            process.stdin.close()


def targets(folder: Path, count: int) -> list[str]:
    """So many parameter files, each about a vault of its own and with an Admin API key of its own."""
    given = yaml.safe_load((ROOT / "parameters" / "rehearsal.yaml").read_text(encoding="utf-8"))["parameters"]
    files = []
    for number in range(1, count + 1):
        name = f"{PREFIX}{number:04}"
        key, file = folder / f"{name}.key", folder / f"{name}.yaml"
        key.write_text(ADMIN + name, encoding="utf-8")
        mine = {**given, "vault_name": name, "admin_key": f"file:{key}"}
        file.write_text(yaml.safe_dump({"parameters": mine}), encoding="utf-8")
        files.append(str(file))
    return files


def measured(count: int, jobs: int) -> dict[str, Any]:
    """One fleet of so many targets, as one command with all that starting it takes."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        with recorded_cloud(folder) as inside:
            command = [sys.executable, "-m", "helpers.cli", "fleet", "check", *targets(folder, count)]
            options = ["--jobs", str(jobs), "--notebooks", "none", "--json"]
            environment = {**applied(inside), "CMEK_HOME": place}
            start = time.monotonic()
            with (folder / "document.json").open("wb") as out, (folder / "said").open("wb") as said:
                process = subprocess.Popen([*command, *options], cwd=ROOT, env=environment, stdout=out, stderr=said)
                _, status, used = os.wait4(process.pid, 0)
                process.returncode = os.waitstatus_to_exitcode(status)
            seconds = time.monotonic() - start
        served = json.loads((folder / "served.json").read_text(encoding="utf-8"))
        rows = json.loads((folder / "document.json").read_text(encoding="utf-8"))["targets"]
        return {
            "targets": count,
            "right": sum(row["exit_code"] == 0 for row in rows),
            "seconds": seconds,
            "a second": count / seconds,
            "CPU ms": 1000 * (used.ru_utime + used.ru_stime) / count,
            "peak MB": used.ru_maxrss / (1024 if sys.platform == "linux" else 1024 * 1024),
            "cloud's core": served["cpu_seconds"] / seconds,
            "requests": served["requests"] / count,
            "not recorded": len(served["unknown"]),
        }


def alone(seconds: float = 5.0, connections: int = 8) -> float:
    """How many requests a second the cloud answers when sockets alone ask it, over connections that stay open."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        with recorded_cloud(folder) as inside:
            return asyncio.run(_ask(str(inside["HTTPS_PROXY"]), str(inside["SSL_CERT_FILE"]), seconds, connections))


async def _ask(proxy: str, bundle: str, seconds: float, connections: int) -> float:
    port, host = urlsplit(proxy).port, "management.azure.com"
    trusted = ssl.create_default_context(cafile=bundle)
    vault = f"{PREFIX}0001"
    path = (
        f"/subscriptions/22222222-3333-4444-8555-666666666666/resourceGroups/rg-claude/providers/Microsoft.KeyVault"
        f"/vaults/{vault}?api-version={VAULTS_VERSION}"
    )
    request = f"GET {path} HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer x\r\n\r\n".encode()

    async def one() -> int:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(f"CONNECT {host}:443 HTTP/1.1\r\nhost: {host}:443\r\n\r\n".encode())
        await reader.readuntil(b"\r\n\r\n")
        await writer.start_tls(trusted, server_hostname=host)
        answered = 0
        while time.monotonic() < until:
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            if b" 200 " not in head.partition(b"\r\n")[0]:
                raise ValueError(f"the recorded cloud answered {head[:60]!r}")
            await reader.readexactly(int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]))
            answered += 1
        writer.close()
        return answered

    start = time.monotonic()
    until = start + seconds
    return sum(await asyncio.gather(*(one() for _ in range(connections)))) / (time.monotonic() - start)


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("counts", metavar="COUNT", nargs="*", type=int, default=[10, 100, 1000])
    parser.add_argument("--jobs", type=int, default=8)
    given = parser.parse_args()
    rows = []
    for count in given.counts:
        rows.append(measured(count, given.jobs))
        print("  ".join(f"{name} {_said(value)}" for name, value in rows[-1].items()), flush=True)
    by_sockets = alone()
    served = by_sockets / rows[-1]["requests"]
    print(f"The cloud alone: {by_sockets:.0f} requests a second, as many as {served:.0f} targets a second take.")


def _said(value: float) -> str:
    return str(value) if isinstance(value, int) else f"{value:.2f}" if value < 10 else f"{value:.1f}"


if __name__ == "__main__":
    main()
