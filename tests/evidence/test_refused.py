"""What keeps a run from being sealed: a seal that is there, something odd, a secret, a report that cannot be made."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from helpers.errors import Failed, Refused
from helpers.evidence import files, sealing
from helpers.evidence.scan import scan
from helpers.evidence.sealing import How
from helpers.evidence.signers import PemSigner
from helpers.record.runs import Run
from helpers.record.secrets import Secret
from tests.evidence.building import NOW, QUIET, private_pem, run_folder, seal, sealed_run, statement_of


def test_a_report_that_cannot_be_made_stops_the_seal(tmp_path: Path, signer: PemSigner) -> None:
    """A record that the report's writer stumbles over is told without a traceback, and what it made is taken away."""
    run = run_folder(tmp_path)
    before = sorted(run.folder.rglob("*"))

    def stumble(run: Run) -> None:
        (run.folder / "report.html").write_text("half of a page")
        raise TypeError("unhashable")

    with pytest.raises(Failed, match="its report could not be made: TypeError: unhashable"):
        sealing.seal(run, How(signer), lambda: NOW, pages=stumble, scan=scan, wait=QUIET)
    assert sorted(run.folder.rglob("*")) == before


def test_what_the_report_writes_is_looked_at_too(tmp_path: Path, signer: PemSigner) -> None:
    """A page with an odd name stops the seal, and is taken away."""
    run = run_folder(tmp_path)
    before = sorted(run.folder.rglob("*"))

    def odd(run: Run) -> None:
        (run.folder / "html").mkdir()
        (run.folder / "html" / "a page.html").write_text("")

    with pytest.raises(Refused, match=r"html/a page\.html: not a plain name"):
        sealing.seal(run, How(signer), lambda: NOW, pages=odd, scan=scan, wait=QUIET)
    assert sorted(run.folder.rglob("*")) == before


def test_a_sealed_run_is_not_sealed_again(tmp_path: Path, signer: PemSigner, stranger: PemSigner) -> None:
    """Exit 3, and nothing is changed: a second seal would take the place of the first."""
    run = sealed_run(tmp_path, signer)
    before = {path: path.read_bytes() for path in run.folder.rglob("*") if path.is_file()}
    with pytest.raises(Refused, match="already sealed; nothing was changed") as refused:
        seal(run, stranger)
    assert refused.value.exit_code == 3
    assert {path: path.read_bytes() for path in run.folder.rglob("*") if path.is_file()} == before


def test_a_seal_without_its_statement_is_not_sealed_over(tmp_path: Path, signer: PemSigner) -> None:
    """What somebody took away is not put back by sealing again."""
    run = sealed_run(tmp_path, signer)
    (run.folder / files.STATEMENT).unlink()
    with pytest.raises(Refused, match="its statement was taken away since"):
        seal(run, signer)


@pytest.mark.parametrize("name", ["html/link", "link", "notebooks/x y", "pipe"])
def test_what_is_odd_is_not_sealed(name: str, tmp_path: Path, signer: PemSigner) -> None:
    """Links, pipes and names that are not plain are refused and named, also where sealing puts files itself."""
    run = run_folder(tmp_path)
    path = run.folder / name
    path.parent.mkdir(exist_ok=True)
    if name == "pipe":
        os.mkfifo(path)
    elif "link" in name:
        path.symlink_to("/etc/passwd")
    else:
        path.write_text("x")
    with pytest.raises(Refused, match="not sealed: ") as refused:
        seal(run, signer)
    assert name in refused.value.what
    assert not (run.folder / files.STATEMENT).exists()


def test_sealing_follows_no_link_that_is_in_its_way(tmp_path: Path, signer: PemSigner) -> None:
    """A link where the pages or the seal go leads nowhere: what it points to is left alone."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "kept").write_text("kept")
    run = run_folder(tmp_path / "runs")
    (run.folder / "html").symlink_to(outside)
    (run.folder / files.SUMS).symlink_to(outside / "kept")
    with pytest.raises(Refused):
        seal(run, signer)
    assert (outside / "kept").read_text() == "kept"


def test_a_private_key_in_a_page_stops_the_seal(tmp_path: Path, signer: PemSigner) -> None:
    """A secret anywhere in the run: refused, named by file and kind and never by value, and nothing is left."""
    run = run_folder(tmp_path)
    secret = private_pem(signer.key).decode()
    (run.folder / "kernels.log").write_text(secret)
    with pytest.raises(Refused, match=r"kernels\.log.*a private key") as refused:
        seal(run, signer)
    assert secret.splitlines()[1] not in str(refused.value)
    assert not (run.folder / "report.html").exists()


def test_the_runs_own_secrets_are_looked_for_where_they_are_known(tmp_path: Path, signer: PemSigner) -> None:
    """A secret of no shape is found when the run itself seals; the statement says whether that was done."""
    word = "correct horse battery staple"
    leaking, clean = (run_folder(tmp_path, f"2026112{number}T090000Z-a1b2c3") for number in (1, 2))
    (leaking.folder / "kernels.log").write_text(f"it said {word}")
    with pytest.raises(Refused, match=r"kernels\.log"):
        seal(leaking, signer, known=(Secret(word),))
    seal(clean, signer, known=(Secret(word),))
    assert statement_of(clean).scan.known is True
    assert statement_of(sealed_run(tmp_path, signer, "20261123T090000Z-a1b2c3")).scan.known is False
