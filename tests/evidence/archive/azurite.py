"""Azurite, the blob service of others that the archive is held against, on loopback over TLS; and a token for it."""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from azure.core.credentials import AccessToken

ACCOUNT = "devstoreaccount1"
"""The one that Azurite has from the start."""

_PROGRAM = Path("azurite/dist/src/blob/main.js")


def token(seconds: int = 3600) -> str:
    """A token as Azurite takes it with --oauth basic: the claims count, the signature does not."""
    now = int(time.time())
    claims = {"aud": "https://storage.azure.com", "iss": "https://sts.windows.net/t/", "oid": "o", "tid": "t"}
    parts = {"alg": "none"}, {**claims, "iat": now, "nbf": now - 60, "exp": now + seconds}
    return ".".join([*(base64.urlsafe_b64encode(json.dumps(one).encode()).decode().rstrip("=") for one in parts), "s"])


class SignedIn:
    """A credential that is signed in; it notes what it was asked for."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, ...]] = []
        self.seconds = 3600

    def get_token(self, *scopes: str, **_: Any) -> AccessToken:
        self.asked.append(scopes)
        return AccessToken(token(self.seconds), int(time.time()) + 3600)


def modules() -> Path:
    """The folder of the npm packages; without it these tests are skipped, in CI they fail."""
    given = os.environ.get("CMEK_NPM")
    if given and (Path(given) / "node_modules" / _PROGRAM).is_file() and shutil.which("node"):
        return Path(given) / "node_modules"
    reason = "CMEK_NPM does not name a folder with node_modules/azurite in it, or there is no node"
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


@contextmanager
def running(certificate: Path, key: Path, folder: Path) -> Iterator[int]:
    """The port of an Azurite that keeps everything in memory."""
    options = ["--blobHost", "127.0.0.1", "--blobPort", "0", "--inMemoryPersistence", "--silent", "--oauth", "basic"]
    options += ["--disableTelemetry", "--skipApiVersionCheck", "--cert", str(certificate), "--key", str(key)]
    command = [str(shutil.which("node")), str(modules() / _PROGRAM), *options]
    said = folder / "azurite.log"
    with said.open("wb") as log, subprocess.Popen(command, cwd=folder, stdout=log, stderr=subprocess.STDOUT) as process:
        try:
            yield _port(process, said)
        finally:
            process.kill()


def _port(process: subprocess.Popen[bytes], said: Path) -> int:
    for _ in range(600):
        if found := re.search(r"listens on https://127\.0\.0\.1:(\d+)", said.read_text()):
            return int(found[1])
        if process.poll() is not None:
            break
        time.sleep(0.05)
    raise AssertionError(f"Azurite did not start: {said.read_text()}")
