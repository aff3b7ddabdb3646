"""Rehearsal clouds in processes of their own, asked over their control interface."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[3]
ENTRA = "login.microsoftonline.com"
READY_SECONDS = 60.0
Row = dict[str, Any]


@dataclass(frozen=True)
class Control:
    """The control interface of one cloud. Each question is a connection of its own, so that it outlives a fork."""

    url: str
    token: str

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """The answer, from JSON. Raises OSError where the cloud refuses or is gone."""
        request = urllib.request.Request(
            self.url + path,
            method=method,
            headers={"Authorization": f"Bearer {self.token}"},
            data=None if body is None else json.dumps(body).encode(),
        )
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with direct.open(request, timeout=30) as reply:
            return json.load(reply)

    def advance(self, seconds: float) -> None:
        """Let the world's time pass."""
        self.ask("POST", "/clock", {"advance": seconds})


class Cloud:
    """One world served by `helpers.cli cloud` until it is closed."""

    def __init__(self, world: Path, folder: Path) -> None:
        place = folder / "ready.json"
        command = [sys.executable, "-m", "helpers.cli", "cloud", "--world", str(world), "--ready-file", str(place)]
        with (folder / "cloud.log").open("wb") as log:
            self._process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            ready = self._ready(place, folder / "cloud.log")
        except BaseException:
            self.close()
            raise
        self.environment: Mapping[str, str | None] = ready["environment"]
        self.control = Control(ready["proxy"], ready["control_token"])

    def _ready(self, place: Path, log: Path) -> Any:
        until = time.monotonic() + READY_SECONDS
        while not place.exists():
            if self._process.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"the rehearsal cloud did not start: {log.read_text()}")
            time.sleep(0.05)
        return json.loads(place.read_text(encoding="utf-8"))

    def close(self) -> None:
        """End it; its folder, port and keys go with it."""
        self._process.terminate()
        self._process.wait()

    def start_over(self, *faults: Mapping[str, Any]) -> None:
        """Back to the world file, with an empty log and these faults."""
        self.control.ask("POST", "/reset")
        self.control.ask("POST", "/faults", list(faults))

    def mend(self) -> None:
        """No faults from now on, and nothing is held; what was not carried out never is."""
        self.control.ask("POST", "/faults", [])
        self.control.ask("POST", "/release")

    def held(self) -> list[Row]:
        """The requests that are parked now."""
        rows: list[Row] = self.control.ask("GET", "/held")
        return rows

    def log(self) -> list[Row]:
        """Every request since it started over, in order, but those for tokens and discovery."""
        return [row for row in self.control.ask("GET", "/log") if row["host"] != ENTRA]

    def now(self) -> str:
        """The world's time."""
        return str(self.control.ask("POST", "/clock", {"advance": 0})["now"])

    def state(self) -> dict[str, Any]:
        """Every object of the world."""
        found: dict[str, Any] = self.control.ask("GET", "/state")
        return found
