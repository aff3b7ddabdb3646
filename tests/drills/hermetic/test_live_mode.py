"""`cloud: azure` takes no rehearsal for the cloud, nor a relay of a company for a rehearsal. Nothing real is reached."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import yaml

from tests.drills.hermetic import running, shells
from tests.drills.hermetic.relay import ANSWERS
from tests.drills.hermetic.running import CLI, HERE, ROOT, Ended

pytestmark = pytest.mark.slow

OWN, IMITATIONS = tuple(ANSWERS)[:3], tuple(ANSWERS)[3:]
SIGN_IN = {
    "AZURE_TENANT_ID": "11111111-2222-4333-8444-555555555555",
    "AZURE_CLIENT_ID": "a0000000-0000-4000-8000-000000000001",
    "AZURE_CLIENT_SECRET": "not-a-secret-of-anybody",
    "ANTHROPIC_ADMIN_KEY": "sk-ant-admin01-not-a-key-of-anybody",
}
"""A sign-in that would be tried: without one, a run would stop before it reaches the relay."""


@pytest.fixture
def home(tmp_path: Path) -> shells.Home:
    (tmp_path / "home").mkdir()
    return shells.Home(tmp_path / "home")


@pytest.fixture
def live(tmp_path: Path) -> str:
    """The parameters of the rehearsal, said to be live."""
    given = yaml.safe_load((ROOT / "parameters" / "rehearsal.yaml").read_text())["parameters"]
    path = tmp_path / "live.yaml"
    path.write_text(yaml.safe_dump({"parameters": {**given, "cloud": "azure", "credential": "environment"}}))
    return str(path)


def behind(home: shells.Home, how: str, answer: str, *command: str) -> tuple[Ended, list[str]]:
    """A command behind a relay, and what the relay was asked."""
    seen = home.folder / "seen"
    seen.touch()
    start = (sys.executable, str(HERE / "relay.py"), how, answer, str(seen))
    ended = running.run((*start, *command), home, SIGN_IN, kept=home.folder / "kept")
    assert "Traceback" not in ended.err
    return ended, seen.read_text().splitlines()


@pytest.mark.parametrize("verb", [("plan",), ("run",), ("check",), ("approve", "--phrase", "x")])
def test_inside_a_rehearsal_it_is_refused(home: shells.Home, live: str, verb: tuple[str, ...]) -> None:
    """Each command says which rehearsal answers, exits with 1, and has asked no service for anything."""
    code = f"""
import subprocess, sys
from helpers.rehearsal.environment import applied
from helpers.rehearsal.serve import Served
with Served("healthy") as cloud:
    command = [*{[*CLI, *verb, "-f", live]!r}]
    done = subprocess.run(command, env=applied(cloud.environment()), check=False)
    print(len(cloud.cloud.journal.rows()))
sys.exit(done.returncode)
"""
    ended = running.run((sys.executable, "-c", code), home, kept=home.folder / "kept")
    assert (ended.code, ended.out.strip()) == (1, "0"), ended.err
    assert "the parameters say cloud: azure, and the rehearsal rehearsal-" in ended.err
    assert "Traceback" not in ended.err


def test_a_marked_reply_stops_it_at_once(home: shells.Home, live: str) -> None:
    """Behind a relay that hides the rehearsal, the first reply gives it away: one request, and no second."""
    code = f"""
import os, subprocess, sys
from helpers.rehearsal.environment import applied
from helpers.rehearsal.serve import Served
with Served("healthy") as cloud:
    command = [sys.executable, {str(HERE / "relay.py")!r}, cloud.url.removeprefix("http://"), "404", os.devnull]
    done = subprocess.run([*command, *{[*CLI, "plan", "-f", live]!r}], env=applied(cloud.environment()), check=False)
    print(*(f"{{row['host']}} {{row['wrote']}}" for row in cloud.cloud.journal.rows()), sep="\\n")
sys.exit(done.returncode)
"""
    ended = running.run((sys.executable, "-c", code), home, kept=home.folder / "kept")
    assert ended.code == 1, ended.err
    assert "login.microsoftonline.com answered as the rehearsal cloud rehearsal-" in ended.err
    assert ended.out.split("\n")[:-1] == ["login.microsoftonline.com False"]
    assert "Traceback" not in ended.err


@pytest.mark.parametrize("answer", OWN)
def test_a_relay_of_a_company_is_no_rehearsal(home: shells.Home, live: str, answer: str) -> None:
    """Whatever it says of a name it does not know, the run goes on to the sign-in, and tells why that does not work."""
    ended, seen = behind(home, "502", answer, *CLI, "plan", "-f", live)
    assert seen[0] == "GET http://rehearsal.invalid/"
    assert set(seen[1:]) == {"CONNECT login.microsoftonline.com:443"}
    assert ended.code == 1
    told = ended.err.splitlines()
    assert told[0].startswith("signing in to Azure did not work: ") and "502 no route to that host from here" in told[0]
    assert "rehearsal" not in ended.err


def test_a_relay_that_inspects_is_no_rehearsal(home: shells.Home, live: str) -> None:
    """A certificate that this machine does not trust ends in a plain word about the certificate, not in a token."""
    ended, seen = behind(home, "inspects", "403", *CLI, "plan", "-f", live)
    assert set(seen[1:]) == {"CONNECT login.microsoftonline.com:443"}
    assert ended.code == 1
    assert "certificate verify failed" in ended.err.splitlines()[0]
    assert "rehearsal" not in ended.err


@pytest.mark.parametrize("cloud", ["azure", "rehearsal"])
@pytest.mark.parametrize("answer", IMITATIONS)
def test_half_the_signs_of_a_rehearsal_are_refused(home: shells.Home, live: str, answer: str, cloud: str) -> None:
    """What imitates a rehearsal in part is neither cloud: exit code 1, and nothing was sent through it."""
    ended, seen = behind(home, "502", answer, *CLI, "plan", "-f", live if cloud == "azure" else running.PARAMETERS)
    assert ended.code == 1
    assert "something here calls itself a rehearsal cloud, and its signs do not agree" in ended.err
    assert seen == ["GET http://rehearsal.invalid/"]


@pytest.mark.parametrize("answer", OWN)
def test_a_relay_is_no_rehearsal_for_a_rehearsal_either(home: shells.Home, answer: str) -> None:
    """`cloud: rehearsal` behind a plain relay is refused, with the command that starts one, and sends nothing."""
    ended, seen = behind(home, "502", answer, *CLI, "plan", "-f", running.PARAMETERS)
    assert ended.code == 1
    assert "no rehearsal cloud answers here" in ended.err and "python runbook.py cloud" in ended.err
    assert seen == ["GET http://rehearsal.invalid/"]
