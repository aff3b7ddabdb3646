"""`check`: several files, an earlier run to compare with, one JSON document, and the same verdicts as the notebook's."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
import yaml

from helpers.cli import main
from helpers.display import JSON_TYPE
from helpers.rehearsal.serve import Served
from helpers.steps import verify
from tests.commands.conftest import Commands
from tests.services.conftest import onboarded, onboarded_world
from tests.services.pages import Cells
from tests.services.reads import LOGS, STORE
from tests.services.rehearsed import GIVEN, Rehearsed
from tests.steps.walking import Walk

__all__ = ["onboarded", "onboarded_world"]

pytestmark = pytest.mark.slow
FILE = "parameters/rehearsal.yaml"
OTHER = "12121212-3434-4565-8787-909090909090"
EARLIER = "20261123T080000Z-abc123"


@pytest.fixture
def home(onboarded: Rehearsed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Inside an onboarded cloud of this process, a folder for runs."""
    monkeypatch.setenv("CMEK_HOME", str(tmp_path))
    yield tmp_path


Said = tuple[int, Any, str]


@pytest.fixture
def check(home: Path, capsys: pytest.CaptureFixture[str]) -> Any:
    """Runs `check` with arguments: the exit code, the JSON document if there is one, and what people read."""

    def run(*arguments: str) -> Said:
        code = main(["check", *arguments])
        captured = capsys.readouterr()
        return code, json.loads(captured.out) if captured.out else None, captured.err

    return run


def written(home: Path, name: str, **changes: Any) -> str:
    """A parameter file with some parameters changed."""
    file = home / name
    file.write_text(yaml.safe_dump({"parameters": {**GIVEN, **changes}}))
    return str(file)


def earlier(home: Path, rows: list[dict[str, Any]]) -> str:
    """A run of an hour ago with these lines in its ledger."""
    run = home / "runs" / EARLIER
    run.mkdir(parents=True)
    shared = {"t": "2026-11-23T08:00:00.000Z", "run": run.name, "step": "check", "actor": None}
    (run / "ledger.jsonl").write_text("".join(json.dumps({**shared, **row}) + "\n" for row in rows))
    return run.name


def lines_of_a_run(home: Path, run: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (home / "runs" / run / "ledger.jsonl").read_text().splitlines()]


def test_a_check_says_what_to_look_at_and_ends_with_0(check: Any, onboarded: Rehearsed) -> None:
    """The heading names file, REHEARSAL, vault, key and phase; only what a person must look at follows; nothing changes."""
    code, out, err = check("-f", FILE)
    assert code == 0 and out is None
    heading, target, record, *rest = err.splitlines()
    assert heading == f"{FILE}  REHEARSAL ({onboarded.world.id}): nothing here is real"
    assert target == "  Vault kv-contoso-claude, key claude-cmek, phase watch: a key that is attached"
    assert record.startswith("  Record: 20") and rest[0].startswith("Verdicts: ")
    assert "V12 " in err and "V05 " not in err
    assert err.rstrip().endswith("Exit 0: no blocking check fails, and none is unknown")
    assert onboarded.cloud.wrote() == []


def test_the_document_holds_everything_of_every_target(check: Any, home: Path, onboarded: Rehearsed) -> None:
    """One JSON document: facts and verdicts as they are recorded, the drift, the run, the world and the exit codes."""
    first = check("-f", FILE, "--json")[1]["targets"][0]["run"]
    onboarded.state.locks.clear()
    code, out, _ = check("-f", FILE, "--baseline", first, "--json")
    (target,) = out["targets"]
    assert (code, out["exit_code"], target["exit_code"]) == (0, 0, 0)
    assert list(target) == ["file", "run", "rehearsal", "phase", "facts", "verdicts", "not_asked", "explanation", "drift", "footprints", "notes", "exit_code", "error"]  # fmt: skip
    rows = {row["event"]: row for row in lines_of_a_run(home, target["run"])}
    assert target["facts"] == rows["facts"]["facts"] and target["verdicts"] == rows["verdicts"]["verdicts"]
    assert target["drift"] == rows["run_finished"]["drift"]
    assert target["drift"]["baseline"]["run"] == first == rows["run_started"]["baseline"]
    assert target["drift"]["verdicts"] == {"V13": {"before": "pass", "now": "fail"}}
    assert (target["file"], target["rehearsal"], target["phase"]) == (FILE, onboarded.world.id, "watch")
    assert (target["not_asked"], target["error"], target["notes"]) == (None, None, [])


@pytest.mark.parametrize("admin_key", [True, False])
def test_notebook_and_check_say_the_same_value_for_value(
    check: Any, home: Path, onboarded: Rehearsed, monkeypatch: pytest.MonkeyPatch, admin_key: bool
) -> None:
    """The cells of 04's table, its JSON, and the JSON of `check` agree for every check that both judge.

    Some fail and some cannot be read. Only request ids differ, and how much V28 weighs once the key is attached.
    """
    onboarded.state.locks.clear()
    onboarded.state.vaults["kv-contoso-claude"].public_network_access = None
    onboarded.state.identities["operator"].graph_permissions = ["Application.Read.All"]
    if not admin_key:
        monkeypatch.delenv("ANTHROPIC_ADMIN_KEY")
    shown = notebook_04(home, onboarded)
    checked = check("-f", FILE, "--json")[1]["targets"][0]["verdicts"]
    assert_same(shown, checked, attached=admin_key)
    assert {row["verdict"] for row in checked["checks"]} == {"pass", "fail", "unknown", "accepted", "not applicable"}
    if not admin_key:
        said = {name: shown[JSON_TYPE][name] for name in checked}
        assert without_request_ids(said) == without_request_ids(checked)


@pytest.mark.slow
def test_the_executed_notebook_and_check_say_the_same(tmp_path: Path) -> None:
    """04 in a real kernel, and `check` in a process of its own, on one world: the page, the JSON and the document agree."""
    with Served("onboarded") as cloud:
        cloud.world.state.locks.clear()
        cloud.world.state.identities["operator"].graph_permissions = ["Application.Read.All"]
        commands = Commands(cloud, tmp_path)
        ran = commands("run", "-f", FILE, "--step", "04")
        assert ran.code == 0, ran.err
        document = commands("check", "-f", FILE, "--json").json
    (notebook,) = tmp_path.rglob("04_verify.ipynb")
    shown = [
        output["data"]
        for cell in nbformat.read(notebook, as_version=4).cells
        for output in cell.get("outputs", [])
        if output.get("data", {}).get(JSON_TYPE, {}).get("kind") == "verdicts"
    ]
    assert_same(shown[0], document["targets"][0]["verdicts"], attached=True)


def assert_same(shown: Any, checked: Any, *, attached: bool) -> None:
    """What 04 shows and what `check` prints, for every check that both judge; each row of the page holds it too."""
    judged = [row for row in shown[JSON_TYPE]["checks"] if row["verdict"] != "not applicable"]
    now = {row["id"]: row for row in checked["checks"] if row["verdict"] != "not applicable"}
    assert len(judged) >= 40 and {row["id"] for row in judged} <= set(now)
    cells = {row[0].split(" ")[0]: row for row in Cells(shown["text/html"]).rows}
    for row in judged:
        assert_cells(cells[row["id"]], row)
        one, other = without_request_ids(row), without_request_ids(now[row["id"]])
        if row["id"] == "V28" and attached:
            assert (one.pop("severity"), other.pop("severity")) == ("warns", "blocks")
        assert one == other


def without_request_ids(said: Any) -> Any:
    """A JSON value without the ids that every request has anew."""
    return json.loads(re.sub(r" \(request id [^)]*\)", "", json.dumps(said)))


def notebook_04(home: Path, world: Rehearsed) -> dict[str, Any]:
    """What the cells of 04 show of the verdicts, as a front end gets it."""
    walk = Walk(world, home)
    step = walk.begin("04_verify")
    found = step.read(verify.probed(step.read(verify.facts)))
    bundle: dict[str, Any] = json.loads(json.dumps(step.judge(found, "azure")._repr_mimebundle_()))
    return bundle


def assert_cells(cells: list[str], said: dict[str, Any]) -> None:
    """A row of the page holds the values of the JSON."""
    what, verdict, looked_at, seen, expected, mend, controls = cells
    assert what.split("\n")[0] == f"{said['id']} {said['title']}"
    assert verdict.split(" ")[0].lower() == said["verdict"].split(" ")[0]
    assert said["verdict"] not in ("fail", "unknown") or verdict == f"{said['verdict'].upper()} ({said['severity']})"
    assert (looked_at, seen, expected) == (said["looks_at"], said["seen"], said["expected"])
    assert mend == (said["mend"] or "nothing")
    assert controls == ("; ".join(f"{name} {number}" for name, number in said["controls"].items()) or "none known")
    if said["accepted"]:
        assert said["accepted"]["owner"] in verdict and said["accepted"]["reason"] in verdict


def test_the_log_is_shown_where_it_is_asked_for(check: Any, home: Path, onboarded: Rehearsed) -> None:
    """After the verdicts, as text, in the document and in the ledger, one value; without --logs nobody is asked."""
    file = written(home, "logs.yaml", log_destination=LOGS)
    code, out, err = check("-f", file, "--logs", "--since", "2026-11-23T06:30:00Z", "--json")
    (target,) = out["targets"]
    assert (code, target["footprints"]["outcome"], target["footprints"]["since"]) == (0, "seen", "2026-11-23T06:30:00Z")
    assert {row["count"] for row in target["footprints"]["anthropic"]} == {2}
    assert err.index("Verdicts: ") < err.index("Anthropic's key use: seen, from published addresses only")
    assert "160.79.104.10 (published)" in err
    assert lines_of_a_run(home, target["run"])[-1]["footprints"] == target["footprints"]
    assert onboarded.cloud.asked("logs query") == 2
    code, out, err = check("-f", file, "--json")
    assert (code, out["targets"][0]["footprints"]) == (0, None) and "key use" not in err
    assert "footprints" not in lines_of_a_run(home, out["targets"][0]["run"])[-1]
    assert onboarded.cloud.asked("logs query") == 2


def test_an_address_that_is_not_published_ends_with_3_and_silence_with_4(
    check: Any, home: Path, onboarded: Rehearsed
) -> None:
    """Also where every check passes; the last line says why."""
    file = written(home, "logs.yaml", log_destination=LOGS)
    onboarded.state.settings.vendor_addresses = ["160.79.104.10", "198.51.100.7"]
    code, _, err = check("-f", file, "--logs")
    assert code == 3 and "198.51.100.7 (NOT published)" in err
    assert err.rstrip().endswith("Exit 3: logged use of the key by Anthropic: outside")
    onboarded.state.settings.log_delay_seconds = 10**9
    code, _, err = check("-f", file, "--logs")
    assert code == 4 and "Silence is no pass" in err
    assert err.rstrip().endswith("Exit 4: logged use of the key by Anthropic: pending")


@pytest.mark.parametrize(
    ("destination", "arguments", "line"),
    [
        (None, ["--logs"], "log_destination: given nothing, and --logs reads it; allowed: the resource ID of a Log Analytics workspace"),
        (STORE, ["--logs"], f"log_destination: given {STORE}, and --logs reads it"),
        (LOGS, ["--logs", "--since", "last week"], "--since: given last week; allowed: a day or a time"),
        (LOGS, ["--since", "2026-11-20"], "--since: given without --logs"),
    ],
)  # fmt: skip
def test_the_log_needs_a_workspace_and_a_date(
    check: Any, home: Path, onboarded: Rehearsed, destination: str | None, arguments: list[str], line: str
) -> None:
    """Exit 64 with one line, before anything is read."""
    file = written(home, "logs.yaml", log_destination=destination)
    code, out, err = check("-f", file, *arguments, "--json")
    assert code == 64 and out is None and len(err.strip().splitlines()) == 1 and line in err
    assert onboarded.cloud.requests == []


def test_a_time_that_is_not_over_is_refused(check: Any, home: Path, onboarded: Rehearsed) -> None:
    """By the cloud's clock, so it is the target's own error, in one line, and nothing of the target is read."""
    file = written(home, "logs.yaml", log_destination=LOGS)
    code, out, _ = check("-f", file, "--logs", "--since", "2026-11-24", "--json")
    (told,) = out["targets"][0]["error"]
    assert code == 64 and told.startswith("--since: given 2026-11-24T00:00:00Z, and it is 2026-11-23T09:0")
    assert onboarded.cloud.asked("Vaults_Get") == 0


def test_one_failing_target_never_stops_the_rest(check: Any, home: Path, onboarded: Rehearsed) -> None:
    """Each is told with its file; the exit code is the first that applies over all of them."""
    onboarded.state.vaults["kv-contoso-claude"].enable_rbac_authorization = None
    live = written(home, "live.yaml", cloud="azure", credential="environment")
    code, out, err = check("-f", live, "-f", FILE, "--json")
    failed, blocked = out["targets"]
    assert (code, failed["exit_code"], blocked["exit_code"]) == (1, 1, 3)
    assert failed["verdicts"] is None and blocked["error"] is None
    assert err.splitlines()[0] == f"{live}  LIVE" and failed["error"][0] in err
    assert f"2 targets: {live} exit 1, {FILE} exit 3" in err
    assert [row["event"] for row in lines_of_a_run(home, failed["run"])] == ["stopped", "run_finished"]


def test_unknown_is_4_and_failing_is_3(check: Any, home: Path, onboarded: Rehearsed) -> None:
    """A blocking check that could not be read ends with 4; beside one that fails, 3 comes first."""
    onboarded.state.role_assignments.pop("c0000000-0000-4000-8000-000000000002")
    code, _, err = check("-f", FILE)
    assert code == 4 and "Exit 4: could not be read: V21, V22" in err
    onboarded.state.diagnostic_settings.clear()
    code, _, err = check("-f", FILE)
    assert code == 3 and "Exit 3: blocking checks fail: V35; could not be read: V21, V22" in err


@pytest.mark.parametrize(
    ("key", "value", "allowed"),
    [
        ("key_size", 2048, "3072 or 4096"),
        ("app_id", "x", "there is no such parameter"),
        ("accepted_deviations", [{"check": "V06", "owner": "A", "reason": "B", "expires": "2027-01-01"}], "may never be accepted"),
    ],
)  # fmt: skip
def test_wrong_usage_of_any_file_is_refused_before_anything_starts(
    check: Any, home: Path, onboarded: Rehearsed, key: str, value: Any, allowed: str
) -> None:
    """Exit 64 with one line; not even the good file is checked, and no run folder is made."""
    code, out, err = check("-f", FILE, "-f", written(home, "wrong.yaml", **{key: value}), "--json")
    assert code == 64 and out is None and len(err.strip().splitlines()) == 1 and allowed in err
    assert not (home / "runs").exists() and onboarded.cloud.requests == []


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"world": "rehearsal-00000000"}, "is about world rehearsal-00000000, and this is rehearsal-"),
        ({"cloud": "azure"}, "is about cloud azure, and this is rehearsal"),
        ({"tenant_id": OTHER}, f"is about tenant_id {OTHER}, and this is"),
        ({"vault_name": "kv-of-another"}, "is about vault_name kv-of-another, and this is kv-contoso-claude"),
        ({"key_name": "another"}, "is about key_name another, and this is claude-cmek"),
        ({"organization_id": OTHER}, f"is about organization_id {OTHER}, and this is"),
    ],
)
def test_a_baseline_about_another_target_is_refused(
    check: Any, home: Path, onboarded: Rehearsed, changes: dict[str, Any], line: str
) -> None:
    """Exit 64 with one line that names both; nothing is read, and nothing is recorded. `last` passes it over."""
    run = earlier(home, started(onboarded, **changes))
    code, _, err = check("-f", FILE, "--baseline", run)
    assert code == 64 and err.strip().startswith(f"--baseline: {EARLIER} {line}") and len(err.splitlines()) == 1
    assert onboarded.cloud.requests == [] and len(list((home / "runs").iterdir())) == 1
    code, _, err = check("-f", FILE, "--baseline", "last")
    assert code == 0 and "There is no earlier run about this target to compare with" in err


def started(rehearsed: Rehearsed, world: str = "", **changes: Any) -> list[dict[str, Any]]:
    """The lines of an earlier check of the rehearsal's target, which saw and judged one thing."""
    given = {"world": world or rehearsed.world.id, "cloud": "rehearsal", "parameters": {**GIVEN, **changes}}
    verdict = {"id": "V13", "title": "t", "severity": "warns", "verdict": "fail", "seen": "no lock"}
    return [
        {"event": "run_started", **given},
        {"event": "facts", "facts": {"read_at": "x", "locks": {"outcome": "known", "value": []}}},
        {"event": "verdicts", "verdicts": {"phase": "azure", "checks": [verdict]}},
        {"event": "run_finished", "exit_code": 0},
    ]


def test_a_whole_onboarding_run_can_be_the_baseline(check: Any, home: Path, onboarded: Rehearsed) -> None:
    """Of all that it looked at, the last verdicts count, with the facts of the same step before them."""
    rows = started(onboarded)
    other = {"step": "02_key", "event": "facts", "facts": {"locks": {"outcome": "absent"}}}
    preflight = {"event": "facts", "preflight": {}}
    run = earlier(home, [rows[0], other, rows[1], preflight, other, rows[2], rows[1], rows[3]])
    for baseline in (run, str(home / "runs" / run), "last"):
        drift = check("-f", FILE, "--baseline", baseline, "--json")[1]["targets"][0]["drift"]
        if baseline != "last":
            assert drift["baseline"] == {"run": EARLIER, "at": "2026-11-23T08:00:00.000Z"}
            assert drift["verdicts"] == {"V13": {"before": "fail", "now": "pass"}}
            assert [row["what"] for row in drift["rows"]][-1] == "locks[keep-the-vault]"
        else:
            assert drift["rows"] == [] and drift["baseline"]["run"] != EARLIER


@pytest.mark.parametrize(
    ("damage", "line"),
    [
        (lambda rows: [rows[0], rows[1], rows[3]], "has no verdicts to compare with"),
        (lambda rows: rows[1:], "has no verdicts to compare with"),
        (lambda rows: [rows[0], rows[2]], "does not hold the facts that its verdicts are about"),
        (lambda rows: [rows[0], rows[1], {**rows[2], "step": "05_register"}], "does not hold the facts"),
        (lambda rows: [*rows[:2], {"event": "verdicts", "verdicts": {"phase": "azure"}}], "its ledger is damaged"),
        (lambda rows: [*rows[:2], {"event": "verdicts", "verdicts": {"checks": [{"id": "V13"}]}}], "its ledger is damaged"),
        (lambda rows: [rows[0], {"event": "facts", "facts": {"locks": {"outcome": "known"}}}, rows[2]], "its ledger is damaged"),
        (lambda rows: [rows[0], {"event": "facts", "facts": {"locks": 7}}, rows[2]], "its ledger is damaged"),
        (lambda rows: [{"event": "run_started"}, *rows[1:]], "its ledger is damaged"),
        (None, "line 2 is damaged"),
    ],
)  # fmt: skip
def test_a_baseline_that_holds_no_whole_look_is_refused(
    check: Any, home: Path, onboarded: Rehearsed, damage: Any, line: str
) -> None:
    """Exit 64 with one line. `last` passes it over, and says so of one that is damaged."""
    run = earlier(home, started(onboarded) if damage is None else damage(started(onboarded)))
    if damage is None:
        path = home / "runs" / run / "ledger.jsonl"
        path.write_text(path.read_text().replace('"facts"', "", 1))
    code, _, err = check("-f", FILE, "--baseline", run)
    assert code == 64 and err.startswith("--baseline: ") and line in err and len(err.splitlines()) == 1
    assert onboarded.cloud.requests == []
    code, out, err = check("-f", FILE, "--baseline", "last", "--json")
    assert code == 0 and out["targets"][0]["drift"] is None
    assert ("damaged" in err) == ("damaged" in line) == (len(out["targets"][0]["notes"]) == 2)


def test_one_run_is_the_baseline_of_one_file_and_last_is_that_of_each(check: Any, home: Path, onboarded: Rehearsed) -> None:  # fmt: skip
    """A RUN with two files is exit 64; `last` finds for each the newest run about it, whoever's came in between."""
    other = written(home, "other.yaml", key_name="another-cmek")
    code, _, err = check("-f", FILE, "-f", other, "--baseline", EARLIER)
    assert code == 64 and err.startswith("--baseline: one RUN is about one target, and 2 files are given")
    first = {row["file"]: row["run"] for row in check("-f", FILE, "-f", other, "--json")[1]["targets"]}
    again = check("-f", FILE, "-f", other, "--baseline", "last", "--json")[1]
    assert {row["file"]: row["drift"]["baseline"]["run"] for row in again["targets"]} == first
    assert (again["exit_code"], [row["exit_code"] for row in again["targets"]]) == (3, [0, 3])


def test_parameters_that_differ_from_then_are_named(check: Any, home: Path) -> None:
    """What is right may have changed rather than what is there: the drift says so."""
    check("-f", FILE)
    changed = written(home, "changed.yaml", key_size=4096, mode="plan", accepted_deviations=[])
    _, out, err = check("-f", changed, "--baseline", "last", "--json")
    drift = out["targets"][0]["drift"]
    assert drift["notes"] == ["The parameters differ from then: key_size, accepted_deviations."]
    assert drift["notes"][0] in err and drift["verdicts"]["V12"] == {"before": "accepted", "now": "fail"}


def test_a_folder_that_cannot_be_written_is_each_target_s_trouble(check: Any, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    """CMEK_HOME names a file: exit 1 with one line that names the path, and no verdicts."""
    (home / "file").write_text("")
    monkeypatch.setenv("CMEK_HOME", str(home / "file"))
    code, out, _ = check("-f", FILE, "--json")
    (target,) = out["targets"]
    assert code == 1 and target["run"] is None
    assert target["error"][0].startswith(f"{home / 'file'}/runs/") and target["error"][0].endswith(": Not a directory")


@pytest.mark.parametrize("arguments", [[], ["--baseline", "last"], ["-f", "no/such.yaml"], ["-f", FILE, "--baseline", "no-such-run"]])  # fmt: skip
def test_wrong_arguments_are_refused(check: Any, onboarded: Rehearsed, arguments: list[str]) -> None:
    """A file is needed and has to be there, and so has the run."""
    code, out, err = check(*arguments)
    assert code == 64 and out is None and "Traceback" not in err and onboarded.cloud.requests == []


def test_check_as_a_person_runs_it_starts_no_kernel(tmp_path: Path) -> None:
    """In a process of its own, day after day: nothing changed, no notebook, and nothing of Jupyter is even loaded."""
    with Served("onboarded") as cloud:
        commands = Commands(cloud, tmp_path)
        assert commands("check", "-f", FILE, "--baseline", "last").code == 0
        again = commands("check", "-f", FILE, "--baseline", "last")
        assert again.code == 0 and "Nothing changed since" in again.err and again.out == ""
        assert commands.writes() == []
    assert not list(tmp_path.rglob("*.ipynb")) and len(list((tmp_path / "runs").iterdir())) == 2


def test_checking_loads_nothing_of_jupyter() -> None:
    """The modules that check import no kernel, no notebook and no SDK before they need it."""
    import subprocess

    code = (
        "import sys, helpers.headless.watching; "
        "print([name for name in ('papermill', 'nbclient', 'jupyter_client', 'anthropic', 'msgraph') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
