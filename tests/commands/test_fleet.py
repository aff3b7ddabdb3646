"""`fleet check` and `fleet plan` against one world: many targets, one process, each by itself."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Any

import pytest
import yaml

from helpers.cli import main
from helpers.headless.fleet import looking
from helpers.headless.fleet.record import NAME
from helpers.headless.fleet.summary import DOCUMENT, PAGE
from helpers.record import ledger
from tests.services.conftest import onboarded, onboarded_world
from tests.services.rehearsed import GIVEN, Rehearsed

__all__ = ["onboarded", "onboarded_world"]

OTHER = "12121212-3434-4565-8787-909090909090"
TARGETS: dict[str, dict[str, Any]] = {
    "good": {},
    "no-key": {"key_name": "another"},
    "bad": {"key_size": 2048},
    "live": {"cloud": "azure", "credential": "environment"},
    "elsewhere": {"tenant_id": OTHER},
    "repeated": {"mode": "plan"},
    "enterprise": {"product": "claude_enterprise", "workspace": None},
}
CODES = {"good": 0, "no-key": 3, "bad": 64, "elsewhere": 3, "repeated": 64, "enterprise": 0}
Said = tuple[int, Any, str]


@pytest.fixture
def home(onboarded: Rehearsed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Inside an onboarded cloud of this process, a folder for runs, and a file for each target."""
    monkeypatch.setenv("CMEK_HOME", str(tmp_path))
    for name, changes in TARGETS.items():
        (tmp_path / name).write_text(yaml.safe_dump({"parameters": {**GIVEN, **changes}}))
    yield tmp_path


@pytest.fixture
def fleet(home: Path, capsys: pytest.CaptureFixture[str]) -> Any:
    """Runs `fleet` with names of targets among its arguments: the exit code, the document, and what people read."""

    def run(*arguments: str) -> Said:
        given = [str(home / argument) if argument in TARGETS else argument for argument in arguments]
        code = main(["fleet", *given, "--json", *([] if "run" in arguments else ["--notebooks", "none"])])
        captured = capsys.readouterr()
        return code, json.loads(captured.out) if captured.out else None, captured.err

    return run


def same(document: Any) -> Any:
    """The results without what is another every time: where the record is and how long it took."""
    rows = [{**row, "folder": bool(row["folder"]), "seconds": 0, "at": ""} for row in document["targets"]]
    return json.loads(re.sub(r"request id [\w-]+", "request id", json.dumps(rows, sort_keys=True)))


def test_one_job_and_many_come_to_the_same_and_no_target_stops_another(
    fleet: Any, home: Path, onboarded: Rehearsed
) -> None:
    """Six files, wrong ones first among them: each has its exit code and record, in the order they were given."""
    order = sorted(CODES)
    code, alone, _ = fleet("check", *order, "--jobs", "1")
    again, many, said = fleet("check", *order, "--jobs", "5")
    assert code == again == 64 and same(alone) == same(many)
    assert [Path(row["file"]).name for row in many["targets"]] == order
    assert {Path(row["file"]).name: row["exit_code"] for row in many["targets"]} == CODES
    assert many["counts"] == {"in order": 2, "blocked": 2, "wrong usage": 2}
    assert onboarded.cloud.wrote() == []
    for row in many["targets"]:
        if row["folder"]:
            rows = ledger.read(home / row["folder"] / "ledger.jsonl")
            assert rows[-1]["event"] == "run_finished" and rows[-1]["exit_code"] == row["exit_code"]
        assert (row["folder"] is None) == (row["exit_code"] == 64)
        assert len(row["lines"]) >= 1 or row["exit_code"] in (0, 3)
    assert "6 done, 4 not in order, 0 left" in said and "2 in order, 2 blocked, 2 wrong usage. Exit 64" in said
    folder = home / "runs" / many["fleet"]
    assert json.loads((folder / DOCUMENT).read_text()) == many
    page = (folder / PAGE).read_text()
    assert page.count("<tr>") == 7 and onboarded.world.id in page and "REHEARSAL" in page


def test_what_a_person_has_to_read_is_on_the_page_and_in_the_terminal(fleet: Any, home: Path) -> None:
    """Below each row the cause and what to do next; and when that target was looked at."""
    _, document, said = fleet("check", "good", "elsewhere")
    good, elsewhere = document["targets"]
    page = (home / "runs" / document["fleet"] / PAGE).read_text()
    folded = " ".join(said.split())
    assert len(elsewhere["lines"]) >= 3 and any(line.startswith("Next: ") for line in elsewhere["lines"])
    for line in elsewhere["lines"]:
        assert escape(line) in page and line in folded
    assert elsewhere["at"] in folded
    assert all(re.sub(r"T(.*)Z", r"T</span><wbr><span>\1Z", row["at"]) in page for row in (good, elsewhere))
    assert page.count('class="below"') == 1 and page.count(escape(elsewhere["summary"])) == 1


def test_no_known_secret_is_kept_or_shown(fleet: Any, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that has no shape, known from the environment alone, and said by a file and by a service: it is nowhere."""
    secret = "correct-horse-battery-staple"
    monkeypatch.setenv("AZURE_STORAGE_KEY", secret)
    (home / "bad").write_text(yaml.safe_dump({"parameters": {**GIVEN, "key_size": secret}}))
    (home / "good").write_text(yaml.safe_dump({"parameters": {**GIVEN, "key_name": secret}}))
    for verb in ("check", "plan"):
        code, document, said = fleet(verb, "good", "bad")
        assert code == 64 and "a secret was here" in document["targets"][0]["target"]
        assert "a secret was here" in " ".join(document["targets"][1]["lines"])
        assert secret not in said + json.dumps(document)
        for name in (NAME, DOCUMENT, PAGE):
            assert secret not in (home / "runs" / document["fleet"] / name).read_text()
    (home / f"{secret}.yaml").touch()
    assert fleet("check", str(home / f"{secret}.yaml"))[0] == 64


def test_a_plan_of_each_target_is_kept_in_a_ledger_of_its_own(fleet: Any, home: Path, onboarded: Rehearsed) -> None:
    """Exit 2 where something would be changed, and what that is is told; all that was seen and planned is recorded."""
    code, document, _ = fleet("plan", "good", "no-key")
    good, changing = document["targets"]
    assert (good["exit_code"], good["summary"], good["lines"]) == (0, "nothing to do", [])
    assert code == changing["exit_code"] == 2 and any("create" in line for line in changing["lines"])
    for row in document["targets"]:
        rows = ledger.read(home / row["folder"] / "ledger.jsonl")
        events = [line["event"] for line in rows]
        assert events[:3] == ["run_started", "identity", "facts"] and events[-2:] == ["verdicts", "run_finished"]
        assert {line["run"] for line in rows} == {document["fleet"]} and rows[0]["suite"]["version"]
        assert events.count("plan") >= 4 and rows[-1]["exit_code"] == row["exit_code"]
    assert onboarded.cloud.wrote() == []


def test_what_was_done_is_not_done_again(fleet: Any, home: Path, onboarded: Rehearsed) -> None:
    """Going on does what is left, and what has other parameters than then; the document holds all, each once."""
    _, first, _ = fleet("check", "good", "no-key", "elsewhere")
    lines = (home / "runs" / first["fleet"] / NAME).read_text().splitlines(keepends=True)
    kept = [line for line in lines if "elsewhere" not in line and "fleet_finished" not in line]
    (home / "runs" / first["fleet"] / NAME).write_text("".join(kept) + lines[-2][:40])
    (home / "no-key").write_text(yaml.safe_dump({"parameters": {**GIVEN, "key_name": "a-third"}}))
    onboarded.cloud.journal.clear()
    code, second, said = fleet("check", "good", "no-key", "elsewhere", "--resume", first["fleet"])
    assert code == 3 and second["fleet"] == first["fleet"] and "1 of them done before" in said
    assert second["targets"][0] == first["targets"][0]
    assert second["targets"][1]["target"].endswith("/a-third")
    assert second["targets"][2]["exit_code"] == 3
    asked = [row["path"] for row in onboarded.cloud.journal.rows() if "/keys/" in row["path"]]
    assert asked and not any(str(GIVEN["key_name"]) in path for path in asked)


@pytest.mark.parametrize("verb", ["check", "plan"])
def test_what_failed_is_done_again_into_a_folder_of_its_own(
    fleet: Any, home: Path, onboarded: Rehearsed, verb: str
) -> None:
    """Files in another order, and one that had failed: what stands stays as it was, and no record is written to twice."""
    _, first, _ = fleet(verb, "good", "no-key", "elsewhere")
    record = home / "runs" / first["fleet"] / NAME
    for code in ("1", "4", "130"):
        record.write_text(re.sub(r'("exit_code": )3(?=.*signed in)', rf"\g<1>{code}", record.read_text()))
        before = {path: path.read_bytes() for path in home.glob("runs/**/ledger.jsonl")}
        _, again, said = fleet(verb, "elsewhere", "no-key", "good", "--resume", first["fleet"])
        assert "2 of them done before" in said
        assert again["targets"][2:0:-1] == first["targets"][:2]
        assert again["targets"][0]["exit_code"] == 3 and again["targets"][0]["at"] >= first["targets"][2]["at"]
        assert {path: path.read_bytes() for path in before} == before
    changed = yaml.safe_dump({"parameters": {**GIVEN, "key_name": "a-third"}})
    (home / "no-key").write_text(changed)
    _, last, _ = fleet(verb, "no-key", "good", "--resume", first["fleet"])
    folders = [row["folder"] for row in (*first["targets"], last["targets"][0]) if row["folder"]]
    assert len(set(folders)) == len(folders) >= 3
    for folder in folders:
        events = [row["event"] for row in ledger.read(home / folder / "ledger.jsonl")]
        assert events.count("run_started") <= 1 and events.count("run_finished") == 1


def test_a_fleet_of_another_rehearsal_is_not_gone_on_with(
    fleet: Any, home: Path, onboarded: Rehearsed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its results are about a cloud that is gone; so are those of a rehearsal for files that are about Azure."""
    _, first, _ = fleet("check", "good")
    record = home / "runs" / first["fleet"] / NAME
    assert fleet("check", "live", "--resume", first["fleet"])[0] == 64
    record.write_text(record.read_text().replace(onboarded.world.id, "rehearsal-00000000"))
    code, document, said = fleet("check", "good", "--resume", first["fleet"])
    assert (code, document) == (64, None)
    assert f"is of the rehearsal rehearsal-00000000, and here is {onboarded.world.id}" in said


def test_tenants_are_signed_in_to_apart(fleet: Any, home: Path, onboarded: Rehearsed) -> None:
    """Targets of one tenant share sign-in and what Graph says; with a token for another one, nothing is read."""
    fleet("check", "good", "enterprise", "--jobs", "2")
    tokens = [row["path"] for row in onboarded.cloud.journal.rows() if row["operation"] == "token"]
    assert len(tokens) == 3  # for Azure, for vaults, for Graph
    asked = [row["operation"] for row in onboarded.cloud.journal.rows()]
    assert asked.count("servicePrincipal list") == asked.count("conditionalAccess policy list") == 1
    onboarded.cloud.journal.clear()
    _, document, _ = fleet("check", "good", "elsewhere", "--jobs", "2")
    assert document["targets"][1]["lines"][0].startswith(f"signed in to tenant {GIVEN['tenant_id']}")
    assert not [row for row in onboarded.cloud.journal.rows() if OTHER in row["path"]]


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="open files are counted in /proc, which is Linux's")
def test_files_stay_bounded(fleet: Any, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many targets there are, no more files are open than two at once need, and none is left open after."""
    monkeypatch.setattr(looking.work, "checked", counting := Counting(looking.work.checked))
    names = []
    for number in range(12):
        file = home / f"more-{number}"
        file.write_text(yaml.safe_dump({"parameters": {**GIVEN, "key_name": f"none-{number}"}}))
        names.append(str(file))
    before = opened()
    fleet("check", *names, "--jobs", "2")
    assert len(counting.seen) == 12
    assert min(counting.seen[6:]) <= min(counting.seen[:6]) + 4  # the least: how many a target has open differs
    assert opened() <= before + 4


def opened() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


class Counting:
    """Counts open files after each target."""

    def __init__(self, work: Any) -> None:
        self._work, self.seen = work, []

    def __call__(self, *given: Any) -> Any:
        done = self._work(*given)
        self.seen.append(opened())
        return done


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("check",), "Missing argument 'FILES...'"),
        (("check", "good", "good"), "is given twice"),
        (
            ("check", "good", "live"),
            "good says cloud: rehearsal, {home}/live says cloud: azure; a fleet is of one cloud",
        ),
        (("check", "good", "--jobs", "0"), "0 is not in the range 1<=x<=64"),
        (("check", "good", "--resume", "fleet-nothing"), "--resume: fleet-nothing: no such fleet"),
        (("check", "good", "--tls-ca", "ca.pem"), "are for --scheduler"),
        (("run", "good", "--scheduler", "tcp://127.0.0.1:1"), "No such option"),
    ],
)
def test_wrong_usage_is_refused_before_anything_starts(
    fleet: Any, home: Path, onboarded: Rehearsed, arguments: tuple[str, ...], line: str
) -> None:
    """Exit 64 with one line, and nothing is asked or recorded."""
    code, document, said = fleet(*arguments)
    assert (code, document) == (64, None) and line.format(home=home) in said
    assert not (home / "runs").exists() and onboarded.cloud.requests == []
