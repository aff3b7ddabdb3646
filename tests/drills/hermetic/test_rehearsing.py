"""A rehearsal in a hostile shell ends as in a quiet one, and could not have left the machine."""

from __future__ import annotations

import ast
import ipaddress
import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from helpers.display import JSON_TYPE
from helpers.record.ledger import read
from tests.drills.hermetic import running, shells
from tests.drills.hermetic.running import HERE, REHEARSE, ROOT, Ended, Planned
from tests.drills.hostile.pages import NAMES, Page, check

pytestmark = pytest.mark.slow

QUIET, NETRC = "quiet", "a .netrc"
PRESETS = tuple(shells.presets(shells.Home(Path("/home"))))
OF_A_KERNEL = tuple(shells.of_a_kernel(shells.Home(Path("/home"))))
STEP = (*running.CLI, "cloud", "exec", "--world", "healthy", "--", *running.CLI, "run", "-f", running.PARAMETERS, "--step", "01")  # fmt: skip
DONE = [
    "created the service principal",
    "created the key",
    "assigned the role",
    "registered the external key",
    "attached the key, for good",
]


@pytest.fixture
def home(tmp_path: Path) -> shells.Home:
    return shells.make_home(tmp_path / "home")


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Planned]:
    """What is planned in a shell where each preset is set, and in a quiet one where nothing is.

    One cloud serves them all; that it can be served from such a shell too is seen where all presets are set at once.
    """
    chosen = {}
    for number, name in enumerate((*PRESETS, NETRC)):
        home = shells.make_home(tmp_path_factory.mktemp(f"shell-{number}") / "home")
        own = {**shells.presets(home), NETRC: {"NETRC": f"{home.folder}/netrc"}}
        chosen[name] = (home, own[name])
    quiet = tmp_path_factory.mktemp("quiet") / "home"
    quiet.mkdir()
    return running.plans({QUIET: (shells.Home(quiet), {}), **chosen})


def ended_well(ended: Ended, logins: dict[str, bytes]) -> None:
    """Everything was done once and reads back as right; no secret was kept, no login used or changed."""
    assert ended.code == 0, ended.err
    rows = read(ended.run / "ledger.jsonl")
    assert [row["what"] for row in rows if row["event"] == "receipt"] == DONE
    assert [row["exit_code"] for row in rows if row["event"] == "run_finished"] == [0]
    last = [row["facts"] for row in rows if "facts" in row and row["step"] == "05_register"][-1]
    made = {row["what"]: row["facts"] for row in rows if row["event"] == "receipt"}["attached the key, for good"]
    attached = [row for row in last["workspaces"]["value"] if row["external_key_id"] is not None]
    assert [(row["id"], row["external_key_id"]) for row in attached] == [(made["workspace"], made["external key"])]
    assert last["external_keys"]["value"][0]["attached"] is True
    assert ended.with_secrets() == []
    assert (ended.home.called, ended.home.logins()) == ([], logins)


def test_there_is_no_way_out_of_the_namespace(home: shells.Home, tmp_path: Path) -> None:
    """The control: what these tests run in reaches loopback, and nothing else at all."""
    code = """
import socket
with socket.create_server(("127.0.0.1", 0)) as server:
    socket.create_connection(server.getsockname()).close()
for attempt in (lambda: socket.create_connection(("192.0.2.1", 443)), lambda: socket.getaddrinfo("example.com", 443)):
    try:
        attempt()
    except OSError as error:
        print(type(error).__name__, error.errno)
"""
    ended = running.run((running.CLI[0], "-c", code), home, kept=tmp_path)
    assert (ended.code, ended.out.split()) == (0, ["OSError", "101", "gaierror", "-3"]), ended.err
    assert home.called == []


def test_the_az_of_the_shell_would_be_found(home: shells.Home) -> None:
    """The control: whoever asked the Azure CLI for a token would get one, and it would be seen."""
    subprocess.run(["az", "account", "get-access-token"], env=shells.shell(home), check=True, capture_output=True)
    assert home.called == ["az"]


@pytest.mark.parametrize("name", PRESETS)
def test_each_preset_leaves_the_plan_as_it_is(planned: dict[str, Planned], name: str) -> None:
    """With any one of them set, the plan is that of a quiet shell, word for word, and nothing of the shell is told."""
    ended = planned[name].ended
    assert ended.code == 2, ended.err
    assert ended.json["plans"] == planned[QUIET].ended.json["plans"] != []
    assert ended.with_secrets() == []
    assert (ended.home.called, ended.home.logins()) == ([], planned[name].logins)


def test_a_rehearsal_with_all_presets_at_once(home: shells.Home, tmp_path: Path) -> None:
    """Everything set that may be set, alone with loopback: done to the end, and nothing of the shell is kept."""
    logins = home.logins()
    ended = running.run(REHEARSE, home, *shells.presets(home).values(), kept=tmp_path / "kept")
    ended_well(ended, logins)


def test_a_rehearsal_tries_nothing_but_loopback(home: shells.Home, tmp_path: Path) -> None:
    """The same, with every process of it watched: none looked up, connected to or sent to anything else."""
    log, logins, presets = tmp_path / "watched", home.logins(), shells.presets(home)
    modules = os.pathsep.join((str(HERE / "watch"), presets["Python"]["PYTHONPATH"]))
    watching = {"PYTHONPATH": modules, "CMEK_WATCHED": str(log)}
    ended = running.run(REHEARSE, home, *presets.values(), watching, kept=tmp_path / "kept")
    ended_well(ended, logins)
    rows = [line.split("\t") for line in log.read_text().splitlines()]
    hosts = {ast.literal_eval(host) for _, _, host in rows}
    elsewhere = {host for host in hosts if host != "localhost" and not is_here(host)}
    assert elsewhere == set()
    assert len({process for process, event, host in rows if event == "socket.connect" and "127.0.0.1" in host}) >= 6


def test_a_rehearsal_with_odd_names_carries_them_to_the_end(home: shells.Home, tmp_path: Path) -> None:
    """Quotes, markup and templates as names: papermill, kernels and clients hand them on, and no page is bent."""
    kinds, path = {kind: NAMES[kind][:200] for kind in ("markup", "templates")}, tmp_path / "odd.yaml"
    given = yaml.safe_load((ROOT / running.PARAMETERS).read_text())["parameters"]
    first, second = kinds.values()
    for deviation in given["accepted_deviations"]:
        deviation.update(owner=second, reason=first)
    given |= {"workspace": {"create": second}, "external_key_name": first}
    path.write_text(yaml.safe_dump({"parameters": given}, allow_unicode=True))
    logins = home.logins()
    ended = running.run((*REHEARSE, "-f", str(path)), home, kept=tmp_path / "kept")
    ended_well(ended, logins)
    facts = [row["facts"] for row in read(ended.run / "ledger.jsonl") if "facts" in row and row["event"] == "facts"][-1]
    assert second in [row["name"] for row in facts["workspaces"]["value"]]
    assert [row["display_name"] for row in facts["external_keys"]["value"]] == [first]
    made = [output["data"] for output in outputs(ended.run / "notebooks") if JSON_TYPE in output.get("data", {})]
    assert len(made) > 10
    for bundle in made:
        check({kind: "".join(data) if isinstance(data, list) else data for kind, data in bundle.items()})
    shown = "".join(Page("".join(bundle["text/html"])).text for bundle in made)
    assert first in shown and second in shown
    assert all(c == "\n" or c.isprintable() for c in ended.err)


def outputs(notebooks: Path) -> list[dict[str, Any]]:
    """Everything that executed notebooks show."""
    cells = [cell for path in notebooks.glob("*.ipynb") for cell in json.loads(path.read_text())["cells"]]
    return [output for cell in cells for output in cell.get("outputs", ())]


def is_here(host: str | bytes | None) -> bool:
    """Loopback, or a socket in the file system."""
    name = host.decode() if isinstance(host, bytes) else str(host)
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return name.startswith(("/", "\0"))


@pytest.mark.parametrize("name", OF_A_KERNEL)
def test_what_a_person_has_kernels_do_does_not_join_in(home: shells.Home, tmp_path: Path, name: str) -> None:
    """A run's kernels are this environment's own Python, and run nothing but the notebook."""
    ended = running.run(STEP, home, shells.of_a_kernel(home)[name], kept=tmp_path / "kept")
    assert ended.code == 0, ended.err
    assert home.called == []


def test_a_password_for_every_host_does_not_join_in(planned: dict[str, Planned]) -> None:
    """A .netrc with a default entry is neither sent to a service nor put in the place of a token."""
    ended = planned[NETRC].ended
    assert ended.code == 2, ended.err
    assert ended.json["plans"] == planned[QUIET].ended.json["plans"]


def test_a_package_of_the_same_name_does_not_join_in(home: shells.Home, tmp_path: Path) -> None:
    """Another project's `helpers` on PYTHONPATH is not taken for this one by runbook.py."""
    other = tmp_path / "other" / "helpers"
    other.mkdir(parents=True)
    (other / "__init__.py").write_text("raise SystemExit('the other helpers')\n")
    start = (running.CLI[0], str(ROOT / "runbook.py"), "plan", "-f", "nowhere.yaml")
    ended = running.run(start, home, {"PYTHONPATH": str(other.parent)}, kept=tmp_path / "kept")
    assert (ended.code, ended.out) == (64, "")
    assert ended.err.startswith("nowhere.yaml: ")
