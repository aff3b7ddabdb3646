"""What the record says of the suite, and the parameters that say how a run is sealed."""

from __future__ import annotations

import hashlib
import platform
import subprocess
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
import yaml

from helpers.errors import WrongUsage
from helpers.evidence import archive_address
from helpers.evidence.signers import ALLOWED, VaultKey, reference
from helpers.evidence.statement import SUITE as NAMES
from helpers.evidence.timestamps import refuse_wrong_url
from helpers.parameter_values import Evidence
from helpers.parameters import load
from helpers.record.suite import suite, suite_in
from tests.cases.building import GIVEN
from tests.evidence.building import ROOT, SUITE

PROJECT = '[project]\nname = "x"\nversion = "1.2.3"\n'


def git(folder: Path, *arguments: str) -> str:
    command = ("git", "-C", str(folder), "-c", "user.name=n", "-c", "user.email=e@example.com", *arguments)
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project of its own with a version, a lock and packages."""
    (tmp_path / "pyproject.toml").write_text(PROJECT)
    (tmp_path / "requirements.lock").write_text("click==1\n")
    (tmp_path / "requirements.in").write_text("# what is needed\nclick\nno-such-package-here>=2  # why\n")
    return tmp_path


def test_the_suite_outside_git(project: Path) -> None:
    """Version, lock, Python, system and installed packages; commit and dirty are null, as nothing says them."""
    assert suite_in(project) == {
        "version": "1.2.3",
        "commit": None,
        "dirty": None,
        "lock_sha256": hashlib.sha256(b"click==1\n").hexdigest(),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "packages": {"click": metadata.version("click"), "no-such-package-here": None},
    }


def test_the_suite_in_git(project: Path) -> None:
    """The commit that is checked out, and whether anything differs from it, new files included."""
    git(project, "init", "-q")
    git(project, "add", ".")
    git(project, "commit", "-qm", "one")
    found = suite_in(project)
    assert (found["commit"], found["dirty"]) == (git(project, "rev-parse", "HEAD"), False)
    (project / "new.py").write_text("")
    assert suite_in(project)["dirty"] is True


def test_a_repository_around_the_suite_is_not_its_own(project: Path) -> None:
    """A suite that lies unpacked inside somebody's repository has no commit of its own."""
    git(project, "init", "-q")
    (project / "theirs.txt").write_text("")
    git(project, "add", "theirs.txt")
    git(project, "commit", "-qm", "theirs")
    assert (suite_in(project)["commit"], suite_in(project)["dirty"]) == (None, None)


def test_variables_of_git_do_not_move_the_answer(
    project: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """GIT_DIR of a hook names another repository; it is not followed."""
    other = tmp_path_factory.mktemp("other")
    (other / "pyproject.toml").write_text(PROJECT)
    git(other, "init", "-q")
    git(other, "add", ".")
    git(other, "commit", "-qm", "other")
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))
    assert suite_in(project)["commit"] is None


def test_a_suite_of_which_nothing_can_be_read(tmp_path: Path) -> None:
    """What cannot be known is null."""
    found = suite_in(tmp_path / "none")
    assert (found["version"], found["lock_sha256"], found["packages"], found["commit"]) == (None, None, {}, None)


def test_the_suite_says_what_the_statement_takes() -> None:
    """Exactly those keys, and no name of a person or a machine."""
    assert sorted(suite()) == sorted(NAMES) == sorted(SUITE)
    assert platform.node() not in str(suite()) or not platform.node()


VAULT = f"keyvault:https://kv-evidence.vault.azure.net/keys/evidence/{'0' * 32}"
FORMS = "{signer: pem:FILE, keyvault:https://VAULT.vault.azure.net/keys/KEY/VERSION or none, timestamp: "


def test_there_is_no_evidence_section_unless_it_is_given() -> None:
    """Nothing is sealed unasked."""
    assert load(GIVEN).evidence is None
    assert load({**GIVEN, "evidence": None}).evidence is None


@pytest.mark.parametrize("signer", ["none", "pem:keys/evidence.pem", VAULT])
def test_an_evidence_section(signer: str) -> None:
    """A signer is all it takes."""
    assert load({**GIVEN, "evidence": {"signer": signer}}).evidence == Evidence(signer=signer)


def test_what_a_ledger_says_of_it_is_taken_again() -> None:
    """`approve RUN` reads the parameters from the ledger, nulls included."""
    first = load({**GIVEN, "evidence": {"signer": "none"}})
    said = {name: value for name, value in first.model_dump(mode="json").items() if value is not None}
    assert load(said) == first


WRONG: dict[str, tuple[Any, str]] = {
    "no signer": ({"timestamp": "http://tsa.example/"}, "evidence.signer: not given; allowed: " + FORMS),
    "text": ("pem:key.pem", "evidence: given 'pem:key.pem'; allowed: " + FORMS),
    "another way": ({"signer": "gpg:me"}, "evidence.signer: given 'gpg:me'; allowed: " + FORMS),
    "no version": ({"signer": VAULT[:-33]}, f"evidence.signer: given '{VAULT[:-33]}'; allowed: " + FORMS),
    "a number": ({"signer": 1}, "evidence.signer: given 1 "),
    "a key more": ({"signer": "none", "key": "x"}, "evidence.key: there is no such key; allowed: " + FORMS),
    "no web address": ({"signer": "pem:k", "timestamp": "tsa"}, "evidence.timestamp: given 'tsa'; allowed: " + FORMS),
    "a user name": (
        {"signer": "pem:k", "timestamp": "https://me@tsa.example/"},
        "evidence.timestamp: given 'https://me@tsa.example/'; allowed: " + FORMS,
    ),
    "a time stamp by nobody": (
        {"signer": "none", "timestamp": "http://tsa.example/"},
        "evidence.timestamp: a time stamp is over a signature, and signer is none",
    ),
    "a signature of a storage account": (
        {"signer": "none", "publish_to": "https://a.blob.core.windows.net/c?sv=1&sig=abcdefghijklmnopqrst"},
        "evidence.publish_to: given something that looks like a shared access signature",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_evidence_section_is_refused_in_one_line(name: str) -> None:
    """The key, what was given and what is allowed; never a secret."""
    given, said = WRONG[name]
    with pytest.raises(WrongUsage) as refused:
        load({**GIVEN, "evidence": given})
    assert str(refused.value).startswith(f"parameters: {said}")
    assert "abcdefghijklmnopqrst" not in str(refused.value)


def test_the_example_of_the_evidence_section_is_right() -> None:
    """What parameters/example.yaml shows, taken out of its comments, is taken; each value is what it is used for."""
    text = (ROOT / "parameters" / "example.yaml").read_text()
    shown = text[text.index("  # evidence:") :].replace("\n  # ", "\n  ").replace("  # evidence:", "  evidence:")
    section = yaml.safe_load(f"parameters:\n{shown}")["parameters"]["evidence"]
    assert set(section) == set(Evidence.model_fields)
    found = load({**GIVEN, "evidence": section}).evidence
    assert found is not None
    assert isinstance(reference(found.signer), VaultKey)
    refuse_wrong_url(str(found.timestamp))
    assert isinstance(archive_address.of(str(found.publish_to)), archive_address.BlobAddress)


def test_parameters_and_command_take_the_same_signers() -> None:
    """One description for both."""
    assert Evidence.model_fields["signer"].description == ALLOWED
