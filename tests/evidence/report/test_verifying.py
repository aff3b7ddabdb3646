"""How to check: the commands are those of by_hand, to the letter, and copied out of the page they check a sealed run."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

from helpers.evidence import by_hand
from helpers.evidence.report import write
from helpers.evidence.report.verifying import KEY, TSA_ROOT
from helpers.evidence.scan import scan
from helpers.evidence.sealing import How, seal
from helpers.evidence.signers import PemSigner
from tests.evidence.building import NOW, QUIET
from tests.evidence.report import reading
from tests.evidence.report.editing import Record
from tests.services.rehearsed import ROOT


def test_the_commands_are_by_hands_own(onboarding: Record) -> None:
    """Begin, files, each kind of key and the time stamp: every command with what it proves, and no other."""
    part = onboarding.part("verify")
    commands = [*by_hand.files(), *by_hand.signature("p256"), *by_hand.signature("ed25519"), *by_hand.timestamp()]
    first = by_hand.begin(onboarding.run.id, KEY, TSA_ROOT)
    assert reading.blocks(part, "command") == [first, *(command.shell for command in commands)]
    said = reading.words(part).lower()
    assert all(command.proves.lower() in said for command in commands)


def test_copied_out_of_the_page_they_check_the_sealed_run(onboarding: Record, each_signer: PemSigner) -> None:
    """A run sealed with its report: the lines for its kind of key all end with 0, and a changed page no longer fits."""
    run = onboarding.saved().run
    seal(run, How(each_signer), lambda: NOW, pages=write, scan=scan, wait=QUIET)
    (run.folder.parent / KEY).write_bytes(each_signer.public_key.pem)
    kind: by_hand.Kind = "ed25519" if "Ed25519" in type(each_signer.key).__name__ else "p256"
    part = reading.part(run.folder / "report.html", "verify")
    other = {command.shell for command in by_hand.signature("p256" if kind == "ed25519" else "ed25519")}
    other -= {command.shell for command in by_hand.signature(kind)}
    shown = [block for block in reading.blocks(part, "command") if block not in other and "openssl ts" not in block]
    assert checked("\n".join(shown), run.folder.parent) == 0
    (command,) = reading.blocks(part, "suite")
    assert verified(command, run.folder.parent) == 0
    page = run.folder / "html" / "02_key.html"
    page.write_bytes(page.read_bytes() + b" ")
    assert checked("\n".join(shown), run.folder.parent) != 0
    assert verified(command, run.folder.parent) == 1


def checked(script: str, folder: Path) -> int:
    return subprocess.run(["sh", "-euc", script], cwd=folder, capture_output=True).returncode


def verified(command: str, folder: Path) -> int:
    """The exit code of the suite's own command, as the page shows it."""
    words = [sys.executable, "-m", "helpers.cli", *shlex.split(command)[2:]]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(words, cwd=folder, env=environment, capture_output=True).returncode


def test_with_this_suite(onboarding: Record) -> None:
    """The command names the run and the key; of a live run it asks that it is one."""
    (command,) = reading.blocks(onboarding.part("verify"), "suite")
    run = onboarding.run.id
    assert command == f"python runbook.py evidence verify {run} --key {KEY} --run-id {run}"
    assert reading.blocks(onboarding.live().part("verify"), "suite") == [f"{command} --require-live"]


def test_what_no_check_can_show(onboarding: Record) -> None:
    """That it cannot hold the seal's digest, and what no folder proves, is said."""
    said = onboarding.words("verify")
    for sentence in ("cannot show the seal's digest", "no newer run was deleted", "the word of whoever held the key"):
        assert sentence in said
