"""`attest`: what a person says of entering the key in claude.ai is kept as claimed, beside what is known, or refused."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
import yaml

from helpers import clock
from helpers.attested import NOT_ATTESTED, NOT_LOOKED_FOR
from helpers.cli import main
from helpers.evidence import report
from helpers.evidence.signers import PemSigner
from helpers.headless.begun import begun
from helpers.notebook import begin
from helpers.record import ledger, runs
from helpers.record.runs import Run
from helpers.rehearsal.serve import Served
from helpers.steps.by_hand import SHEET_VERSION, VERSION, Sheet
from tests.commands.conftest import Commands
from tests.evidence.building import p256, private_pem
from tests.evidence.report import reading
from tests.record.test_events import refused
from tests.services.conftest import onboarded, onboarded_world
from tests.services.faults import status
from tests.services.rehearsed import ADMIN_KEY, GIVEN, Rehearsed, given

__all__ = ["onboarded", "onboarded_world"]

ENTERPRISE: dict[str, Any] = {"product": "claude_enterprise", "workspace": None, "external_key_name": None}
VAULT, KEY = str(GIVEN["vault_name"]), str(GIVEN["key_name"])
READER = "b0000000-0000-4000-8000-000000000005"
SCREEN = "Connected, under Encryption keys"
Attest = Callable[..., int]


@pytest.fixture
def home(onboarded: Rehearsed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Inside an onboarded cloud, a folder for runs."""
    monkeypatch.setenv("CMEK_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def a_run(world: Rehearsed, monkeypatch: pytest.MonkeyPatch, *, sheet: bool = True, **changes: Any) -> Run:
    """A run that 05 ended with the sheet, or that stopped before it."""
    run = runs.new()
    record = begun(run, world.services(**changes), given(**changes), fresh=True)
    monkeypatch.chdir(run.notebooks)
    step = begin("05_register", {**GIVEN, **changes})
    world.opened.append(step.services)
    if sheet:
        step.sheet()
    record.write("run_finished", exit_code=0, steps={}, scan={"files": 0, "hits": []})
    return run


@pytest.fixture
def handed_over(home: Path, onboarded: Rehearsed, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A run for Claude Enterprise that showed what to enter."""
    return a_run(onboarded, monkeypatch, **ENTERPRISE)


@pytest.fixture
def attest(onboarded: Rehearsed) -> Attest:
    """The command, signed in as the reader; a good claim unless another is given."""

    def command(run: Run, **claimed: str) -> int:
        now = clock.stamp(onboarded.services().clock.now())
        said = {"entered-by": "Ada, Owner", "entered-at": now, "screen": SCREEN, "accepted": "yes", **claimed}
        options = [f"--{name.replace('_', '-')}={value}" for name, value in said.items()]
        with mock.patch.dict(os.environ, {**onboarded.environment("reader"), "CMEK_HOME": os.environ["CMEK_HOME"]}):
            return main(["attest", run.id, "--json", *options])

    return command


@pytest.fixture
def enterprise(tmp_path: Path) -> Path:
    """A parameter file of the same target."""
    file = tmp_path / "enterprise.yaml"
    file.write_text(yaml.safe_dump({"parameters": {**GIVEN, **ENTERPRISE}}))
    return file


def noted(file: Path, capsys: pytest.CaptureFixture[str]) -> list[str]:
    """What `check` notes of a target."""
    capsys.readouterr()
    main(["check", "-f", str(file), "--json"])
    notes: list[str] = json.loads(capsys.readouterr().out)["targets"][0]["notes"]
    return notes


def sheets(run: Run) -> list[Any]:
    return [row["sheet"] for row in ledger.read(run.ledger) if row["event"] == "sheet"]


def attestations(run: Run) -> list[Any]:
    return [row["attestation"] for row in ledger.read(run.ledger) if row["event"] == "attestation"]


def test_what_is_claimed_and_what_is_known_are_kept_apart(
    handed_over: Run, attest: Attest, capsys: pytest.CaptureFixture[str]
) -> None:
    """The ledger holds both, as the table in EVIDENCE.md says, and the run still ends; nobody calls it verified."""
    assert attest(handed_over) == 0
    told = capsys.readouterr()
    rows = ledger.read(handed_over.ledger)
    assert refused(rows) == [] and rows[-1]["event"] == "run_finished" and rows[-1]["exit_code"] == 0
    (said,) = attestations(handed_over)
    assert (said["entered_by"], said["screen"], said["accepted"]) == ("Ada, Owner", SCREEN, "yes")
    assert (said["by"], said["kind"], said["tenant_id"]) == (READER, "service principal", GIVEN["tenant_id"])
    (shown,) = sheets(handed_over)
    assert {**shown["rows"], **shown["seen"]}.items() <= said["seen"].items()
    assert said["seen"]["blocking checks that do not pass"] == "none"
    assert (said["of_run"], said["statement_sha256"]) == (handed_over.id, None)
    printed = json.loads(told.out)
    assert printed["verified"] is False and printed["attestation"] == said
    assert told.err.count("REHEARSAL (") == 2 and "attested, not verified" in told.err, "before and after"
    assert "Claimed, by whoever typed it" in told.err


def test_a_second_one_is_added_and_the_report_shows_both(handed_over: Run, attest: Attest) -> None:
    """The first stays as it was; the decision is told by the last, and is not called verified."""
    assert attest(handed_over) == 0
    first = attestations(handed_over)
    assert attest(handed_over, entered_by="Bob, Primary Owner", screen="Verified") == 0
    assert attestations(handed_over)[:1] == first
    report.write(handed_over)
    part = reading.part(handed_over.folder / "report.html", "decision")
    rows = reading.table(part, "Attestations, not verified")
    assert [row[1] for row in rows] == ["Ada, Owner", "Bob, Primary Owner"]
    assert all(f"service principal {READER}" in row[5] for row in rows)
    box = part.find(class_="result")
    assert box is not None and reading.words(box).startswith("ATTESTED, not verified. It was recorded that Bob")
    assert "that the form accepted it" in reading.words(box) and "“Verified”" in reading.words(box)


def test_a_failure_is_told_as_a_failure(
    handed_over: Run, attest: Attest, enterprise: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What the form did not accept is called attested nowhere: the command, the report and `check` say so and quote."""
    assert attest(handed_over, screen="Connection failed", accepted="no") == 0
    assert "attested as NOT ACCEPTED" in capsys.readouterr().err
    report.write(handed_over)
    part = reading.part(handed_over.folder / "report.html", "decision")
    box = part.find(class_="result")
    assert box is not None and reading.words(box).startswith(f"NOT ACCEPTED, as recorded by {READER}.")
    assert "“Connection failed”" in reading.words(box) and "ATTESTED" not in reading.words(box)
    (row,) = reading.table(part, "Attestations, not verified")
    assert row[3:5] == ["Connection failed", "no"]
    (line,) = noted(enterprise, capsys)
    assert line.startswith("NOT ACCEPTED, as recorded: Ada") and "“Connection failed”" in line and "again" not in line


def test_the_next_sheet_says_first_that_it_was_entered(
    handed_over: Run, attest: Attest, onboarded: Rehearsed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """05 run again, by whomever, shows and records above the values who entered them, or that they were not accepted."""
    attest(handed_over, screen="Connection failed", accepted="no")
    attest(handed_over)
    rows = [json.loads(line) for line in handed_over.ledger.read_text(encoding="utf-8").splitlines()]
    [row for row in rows if row["event"] == "attestation"][1]["t"] = "2026-11-23T08:59:59.000Z"  # by a clock set back
    handed_over.ledger.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    (shown,) = sheets(a_run(onboarded, monkeypatch, **ENTERPRISE))
    failed, entered = shown["before"]
    assert failed.startswith("NOT ACCEPTED") and "do not enter it again: Ada, Owner entered it" in entered
    text = str(Sheet.of(shown, "run")._repr_mimebundle_()["text/plain"])
    assert 0 < text.index("do not enter it again") < text.index("Vault URI")
    (first,) = sheets(handed_over)
    assert first["before"] == [], "nobody had entered it when it was first shown"
    real = Sheet.of({**shown, "world": None}, "run").view().heading
    assert real == "Entering it is on record here already: read that first"


def test_without_a_recorded_yes_it_is_not_called_accepted(
    handed_over: Run, attest: Attest, enterprise: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A record that does not hold whether it was accepted is told as not known."""
    assert attest(handed_over) == 0
    kept = handed_over.ledger.read_text()
    handed_over.ledger.write_text(kept.replace(', "accepted": "yes"', ""))
    assert "accepted" not in attestations(handed_over)[0]
    report.write(handed_over)
    box = reading.part(handed_over.folder / "report.html", "decision").find(class_="result")
    assert box is not None and reading.words(box).startswith("NOT KNOWN whether accepted.")
    assert noted(enterprise, capsys)[0].startswith("NOT KNOWN whether accepted, so look")


def test_a_run_that_is_not_attested_says_so(handed_over: Run) -> None:
    """The report says it and shows what was to be entered; the undo sheet and what is for good go by the worst case."""
    report.write(handed_over)
    page = handed_over.folder / "report.html"
    part = reading.part(page, "decision")
    assert "Not attested: nobody recorded in this run that the key was entered." in reading.words(part)
    (row,) = reading.table(part, "What was shown to be entered in claude.ai")
    assert f"Key name: {KEY}" in row[1]
    assert "It is the one key of the whole organization" in reading.words(reading.part(page, "permanent"))


def test_a_sealed_run_stays_as_it_is(
    handed_over: Run, attest: Attest, home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The attestation becomes a run of its own, which names the sealed one and follows it; both are proven."""
    assert main(["evidence", "seal", handed_over.id, "--signer", "none", "--json"]) == 0
    digest = json.loads(capsys.readouterr().out)["statement_sha256"]
    assert attest(handed_over) == 0
    own = Run(home / "runs" / json.loads(capsys.readouterr().out)["run"])
    (said,) = attestations(own)
    assert own.id != handed_over.id and (said["of_run"], said["statement_sha256"]) == (handed_over.id, digest)
    assert refused(ledger.read(own.ledger)) == []
    assert main(["evidence", "seal", own.id, "--signer", "none", "--json"]) == 0
    sealed = json.loads(capsys.readouterr().out)
    assert sealed["sequence"] == 2
    for run, expected in ((handed_over, digest), (own, sealed["statement_sha256"])):
        assert main(["evidence", "verify", str(run.folder), "--expect-digest", expected]) == 0
    assert f"about the sheet of run {handed_over.id}" in reading.words(
        reading.part(own.folder / "report.html", "decision")
    )


def test_where_runs_seal_themselves_so_does_the_run_of_an_attestation(
    home: Path,
    onboarded: Rehearsed,
    monkeypatch: pytest.MonkeyPatch,
    attest: Attest,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """`evidence` in the parameters of the run that was sealed counts for what is said of it later."""
    run = a_run(onboarded, monkeypatch, **ENTERPRISE, evidence={"signer": "none"})
    assert main(["evidence", "seal", run.id]) == 0
    capsys.readouterr()
    assert attest(run) == 0
    assert json.loads(capsys.readouterr().out)["evidence"]["sealed"]["sequence"] == 2


@pytest.mark.parametrize(
    ("claimed", "said"),
    [
        ({"entered_by": " "}, "who entered it: it takes 1 to 200 letters"),
        ({"entered_by": "ada@example.com"}, "it holds an e-mail address"),
        ({"entered_by": "x" * 201}, "it takes 1 to 200 letters"),
        ({"screen": f"it said {ADMIN_KEY}"}, "what the screen showed: it holds an Anthropic"),
        ({"screen": "it said rehearsal-only-reader"}, "what the screen showed: it holds a secret in use"),
        ({"screen": "a\x1b[2Jb"}, "no control characters"),
        ({"entered_at": "yesterday"}, "allowed: a time in UTC like"),
        ({"entered_at": "2026-11-23T09:30"}, "allowed: a time in UTC like"),
        ({"entered_at": "2026-11-23T09:30+02:00"}, "allowed: a time in UTC like"),
        ({"entered_at": "2999-01-01T00:00Z"}, "is in the future"),
        ({"accepted": "maybe"}, "whether the form accepted the key: allowed: yes, no"),
        ({"entered_at": "2001-01-01T00:00Z"}, "is before the run began"),
    ],
)
def test_what_cannot_be_kept_or_be_true_is_refused(
    handed_over: Run, attest: Attest, capsys: pytest.CaptureFixture[str], claimed: dict[str, str], said: str
) -> None:
    """Exit 64, nothing is written, and what was typed is not repeated."""
    before = handed_over.ledger.read_bytes()
    assert attest(handed_over, **claimed) == 64
    told = capsys.readouterr()
    assert said in told.err and told.out == "" and handed_over.ledger.read_bytes() == before
    assert not any(value in told.err for value in claimed.values() if "only" in value or "@" in value)


def _rotated(world: Rehearsed) -> None:
    key = world.state.vaults[VAULT].keys[KEY]
    version, row = key.current
    key.versions["f" * 32] = row.model_copy(deep=True, update={"created": row.created + timedelta(seconds=1)})
    assert key.current[0] != version


def _replaced(world: Rehearsed) -> None:
    """Deleted for good and made again under its name: no version of the sheet's key is there."""
    key = world.state.vaults[VAULT].keys[KEY]
    _rotated(world)
    del key.versions[next(iter(key.versions))]


def _without_the_key(world: Rehearsed) -> None:
    world.state.vaults[VAULT].keys.clear()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_replaced, "key version is not what the sheet showed"),
        (_without_the_key, "the key of the sheet is not there any more"),
    ],
)
def test_another_key_than_the_sheets_is_refused(
    handed_over: Run,
    attest: Attest,
    onboarded: Rehearsed,
    capsys: pytest.CaptureFixture[str],
    change: Callable[[Rehearsed], None],
    said: str,
) -> None:
    """Exit 3, and nothing is written."""
    change(onboarded)
    capsys.readouterr()
    before = handed_over.ledger.read_bytes()
    assert attest(handed_over) == 3
    told = capsys.readouterr().err
    assert "Vault URI" not in told, "the sheet is not shown again by a command that does not go through the gate"
    assert said in told and handed_over.ledger.read_bytes() == before


def test_a_rotation_since_the_sheet_is_recorded_with_both_versions(
    handed_over: Run, attest: Attest, onboarded: Rehearsed, enterprise: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The version is nothing that is entered: command, ledger, report and `check` name the sheet's and today's."""
    old, new = onboarded.state.vaults[VAULT].keys[KEY].current[0], "f" * 32
    _rotated(onboarded)
    assert attest(handed_over) == 0
    told = " ".join(capsys.readouterr().err.split())
    assert f"rotated since the sheet: from version {old} to {new}" in told
    seen = attestations(handed_over)[0]["seen"]
    assert (seen[SHEET_VERSION], seen[VERSION]) == (old, new)
    report.write(handed_over)
    part = reading.part(handed_over.folder / "report.html", "decision")
    (row,) = reading.table(part, "Attestations, not verified")
    assert f"{SHEET_VERSION}: {old}" in row[-1] and f"{VERSION}: {new}" in row[-1]
    (line,) = noted(enterprise, capsys)
    assert line.endswith(f"for key version {old}, rotated since to {new}")


@pytest.mark.parametrize("name", ["Vault URI", "Key name", "Tenant ID"])
def test_after_a_rotation_what_was_entered_must_still_be_what_is_there(
    handed_over: Run, attest: Attest, onboarded: Rehearsed, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    """A sheet with another vault, key or tenant is refused, whether the key was rotated or not."""
    _rotated(onboarded)
    rows = ledger.read(handed_over.ledger)
    for row in rows:
        if row["event"] == "sheet":
            row["sheet"]["rows"][name] = "another"
    handed_over.ledger.write_text("".join(json.dumps(row) + "\n" for row in rows))
    capsys.readouterr()
    assert attest(handed_over) == 3
    assert f"{name} is not what the sheet showed: it was another" in capsys.readouterr().err
    assert attestations(handed_over) == []


def test_where_the_versions_cannot_be_read_it_is_not_known_to_be_a_rotation(
    handed_over: Run, attest: Attest, onboarded: Rehearsed, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit 4, and nothing is written."""
    _rotated(onboarded)
    onboarded.cloud.before("GetKeyVersions", status(403, "Forbidden"))
    before = handed_over.ledger.read_bytes()
    assert attest(handed_over) == 4
    assert "its versions could not be read" in capsys.readouterr().err and handed_over.ledger.read_bytes() == before


def test_a_check_that_fails_since_is_recorded_and_does_not_stop_it(
    handed_over: Run, attest: Attest, onboarded: Rehearsed
) -> None:
    """The key was entered whatever became of the vault's protection since; which check fails is kept with it."""
    onboarded.state.vaults[VAULT].enable_purge_protection = False
    assert attest(handed_over) == 0
    assert attestations(handed_over)[0]["seen"]["blocking checks that do not pass"] == "V06"


@pytest.mark.parametrize(
    ("changes", "said"),
    [(ENTERPRISE, "never showed what to enter"), ({}, "is not for Claude Enterprise")],
    ids=["no sheet", "platform"],
)
def test_a_run_with_nothing_to_attest_is_refused(
    home: Path,
    onboarded: Rehearsed,
    monkeypatch: pytest.MonkeyPatch,
    attest: Attest,
    capsys: pytest.CaptureFixture[str],
    changes: dict[str, Any],
    said: str,
) -> None:
    """Exit 64 for a run that never reached the sheet, and for the Claude Platform."""
    run = a_run(onboarded, monkeypatch, sheet=False, **changes)
    assert attest(run) == 64
    assert said in capsys.readouterr().err and attestations(run) == []


def test_an_interrupted_run_stays_interrupted(handed_over: Run, attest: Attest) -> None:
    """An attestation gives no end to a run that has none."""
    lines = handed_over.ledger.read_bytes().splitlines(keepends=True)
    handed_over.ledger.write_bytes(b"".join(lines[:-1]))
    assert attest(handed_over) == 0
    assert [row["event"] for row in ledger.read(handed_over.ledger)][-2:] == ["attestation", "step_finished"]


def test_check_says_attested_and_never_verified(
    handed_over: Run, attest: Attest, enterprise: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before there is one it says so; after, by whom as claimed, and that it is not verified. A fleet says neither."""

    def notes() -> list[str]:
        return noted(enterprise, capsys)

    assert notes() == [NOT_ATTESTED]
    damaged = runs.new().ledger
    damaged.write_bytes(handed_over.ledger.read_bytes() + b'{"event": "attestation", "attestation": null}\n')
    assert notes() == [NOT_ATTESTED], "a damaged run says nothing, and stops nothing"
    assert attest(handed_over) == 0
    (line,) = notes()
    assert line.startswith("Recorded as entered and accepted, so do not enter it again: Ada, Owner entered it ")
    assert f"the screen showed “{SCREEN}”. Claimed, not verified;" in line
    assert READER in line and handed_over.id in line
    main(["fleet", "check", str(enterprise), "--notebooks", "none", "--json"])
    (target,) = json.loads(capsys.readouterr().out)["targets"]
    assert target["lines"] == [NOT_LOOKED_FOR], "a fleet does not look, and says so"


@pytest.mark.slow
def test_run_attest_seal_verify_report(tmp_path: Path) -> None:
    """The whole path with a kernel: the sheet ends the run, is attested, sealed and proven, and the report tells it."""
    signer: PemSigner = p256()
    (tmp_path / "key.pem").write_bytes(private_pem(signer.key))
    (tmp_path / "auditors.pem").write_bytes(signer.public_key.pem)
    file = tmp_path / "enterprise.yaml"
    file.write_text(yaml.safe_dump({"parameters": {**GIVEN, **ENTERPRISE}}))
    with Served("onboarded") as cloud:
        commands = Commands(cloud, tmp_path)
        ended = commands("run", "-f", str(file), "--step", "05", "--json")
        assert ended.code == 0, ended.err
        entered = {"Vault URI": f"https://{VAULT}.vault.azure.net/", "Key name": KEY, "Tenant ID": GIVEN["tenant_id"]}
        assert ended.json["by_hand"] == entered
        assert {*entered.values()} <= {line.strip() for line in ended.err.splitlines()}
        assert ended.err.startswith("Claude Enterprise:")
        run = tmp_path / "runs" / str(ended.json["run"])
        now = commands.ledger()[-1]["t"]
        claim = ("--entered-by", "Ada, Owner", "--entered-at", now, "--screen", SCREEN, "--accepted", "yes")
        told = commands("attest", run.name, *claim)
        assert told.code == 0, told.err
        assert commands.writes() == []
    assert commands("evidence", "seal", run.name, "--signer", f"pem:{tmp_path / 'key.pem'}").code == 0
    verified = commands("evidence", "verify", str(run), "--key", str(tmp_path / "auditors.pem"))
    assert verified.code == 0, verified.err
    assert "ATTESTED, not verified." in reading.words(reading.part(run / "report.html", "decision"))
    assert refused(commands.ledger()) == []
