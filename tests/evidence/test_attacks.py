"""What somebody does to the files of a sealed run, and what the verifier makes of it: the exit code, and the line."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from helpers.evidence import files
from tests.evidence.attacks import (
    Attack,
    added_folder_of_files,
    added_hidden_file,
    added_notebook,
    another_key_in_the_folder,
    cut_ledger,
    cut_sums,
    dropped_notebook,
    edited_approval,
    edited_ledger,
    edited_output,
    edited_page,
    edited_sums,
    edited_with_its_sum,
    link_to_a_copy,
    link_to_the_folder,
    name_of_two_lines,
    no_statement,
    no_sums,
    pipe_in_the_folder,
    renamed_notebook,
    swapped_ledger,
    swapped_notebooks,
)
from tests.evidence.building import (
    FORGED,
    NEWEST,
    Scene,
    Told,
)

Command = Callable[..., Told]


def test_a_run_as_it_was_sealed_is_proven(scene: Scene, command: Command) -> None:
    """Nothing broken, signed by the key that was given: exit 0, and what no folder can prove is said."""
    told = command("evidence", "verify", scene.folder, "--key", scene.key)
    assert told.code == 0, told.err
    assert told.lines[-1] == "Exit 0: nothing is broken, and all that is needed is proven"
    assert "Proven: nothing was edited, dropped or added since it was sealed: 7 files" in told.lines
    assert f"Proven: it was signed by the key that was given (P-256, {scene.signer.public_key.hint})" in told.lines
    assert NEWEST in told.lines
    assert FORGED in told.lines


BROKEN: dict[str, tuple[Attack, str]] = {
    "an output edited": (edited_output, "Broken: notebooks/02_key.ipynb: is not as it was sealed"),
    "a notebook dropped": (dropped_notebook, "Broken: notebooks/02_key.ipynb: is not there: it was dropped or renamed"),
    "a notebook added": (added_notebook, "Broken: notebooks/03_rbac.ipynb: is not in the statement: it was added"),
    "notebooks swapped": (swapped_notebooks, "Broken: notebooks/01_consent.ipynb: is not as it was sealed"),
    "a notebook renamed": (renamed_notebook, "Broken: notebooks/02_key-2.ipynb: is not in the statement: it was added"),
    "the ledger edited": (edited_ledger, "Broken: ledger.jsonl: is not as it was sealed"),
    "the ledger cut": (cut_ledger, "Broken: ledger.jsonl: is not as it was sealed"),
    "the ledger of another run": (swapped_ledger, "Broken: ledger.jsonl: is not as it was sealed"),
    "the report edited": (edited_page, "Broken: report.html: is not as it was sealed"),
    "an approval edited": (edited_approval, f"Broken: approvals/{'ab' * 32}.json: is not as it was sealed"),
    "a hidden file added": (added_hidden_file, "Broken: html/.note: is not in the statement: it was added"),
    "a folder added": (added_folder_of_files, "Broken: more/evidence.txt: is not in the statement: it was added"),
    "a link to the same bytes": (link_to_a_copy, "Broken: kernels.log: a symlink; a run holds plain files only"),
    "a link to a folder": (link_to_the_folder, "Broken: notebooks/all: a symlink; a run holds plain files only"),
    "a pipe": (pipe_in_the_folder, "Broken: pipe: not a regular file; a run holds plain files only"),
    "a name that forges a line": (
        name_of_two_lines,
        "Broken: x\\nExit 0: nothing is broken: not a plain name; a run holds plain files only",
    ),
    "SHA256SUMS edited": (edited_sums, "Broken: SHA256SUMS: is not the list of the statement"),
    "a file edited with its sum": (edited_with_its_sum, "Broken: kernels.log: is not as it was sealed"),
    "SHA256SUMS cut": (cut_sums, "Broken: SHA256SUMS: is not the list of the statement"),
    "SHA256SUMS taken away": (no_sums, "Broken: SHA256SUMS: is not there"),
    "the statement taken away": (
        no_statement,
        "Broken: statement.json: is not there, and seal.sigstore.json, signer.pem, SHA256SUMS is: it was taken away",
    ),
    "another key in the folder": (
        another_key_in_the_folder,
        "Broken: signer.pem: not the key that was given",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_was_changed_is_broken_and_named(name: str, scene: Scene, command: Command) -> None:
    """Exit 1, with the file by name, and never a line that says 0."""
    attack, line = BROKEN[name]
    attack(scene.folder)
    told = command("evidence", "verify", scene.folder, "--key", scene.key, "--json")
    assert line in told.lines
    assert told.code == told.json["exit_code"] == 1
    assert told.lines[-1] == "Exit 1: something is broken"
    assert not any(one.startswith("Exit 0") for one in told.lines)
    named = line.removeprefix("Broken: ").split(": ")[0]
    assert any(found["file"].startswith(named) for found in told.json["broken"])


def test_a_changed_file_is_not_called_whole(scene: Scene, command: Command) -> None:
    """What rests on a file that was changed is not said to be proven."""
    edited_ledger(scene.folder)
    told = command("evidence", "verify", scene.folder, "--key", scene.key)
    assert not any("nothing was edited" in line or "ledger is whole" in line for line in told.lines)


STATEMENTS: dict[str, Callable[[str], str]] = {
    "edited": lambda text: text.replace('"exit_code": 0', '"exit_code": 3'),
    "a subject doubled": lambda text: text.replace(
        _subject(text, 0), _subject(text, 0) + ",\n    " + _subject(text, 0)
    ),
    "subjects in another order": lambda text: (
        text.replace(_subject(text, 0), "@")
        .replace(_subject(text, 1), _subject(text, 0))
        .replace("@", _subject(text, 1))
    ),
    "a subject above the folder": lambda text: text.replace('"name": "kernels.log"', '"name": "../kernels.log"'),
    "an absolute subject": lambda text: text.replace('"name": "kernels.log"', '"name": "/etc/passwd"'),
    "a subject of the seal": lambda text: text.replace('"name": "report.html"', '"name": "signer.pem"'),
    "a key given twice": lambda text: text.replace('"sequence": 1', '"sequence": 2,\n    "sequence": 1'),
    "a key more": lambda text: text.replace('"sequence": 1', '"sequence": 1,\n    "sequel": 1'),
    "another form of the same": lambda text: json.dumps(json.loads(text)),
    "a space more": lambda text: text + " ",
    "cut": lambda text: text[:-200],
    "nothing": lambda _: "",
    "not UTF-8": lambda text: text.replace("kernels.log", "kernels.l\udcff"),
    "too deep": lambda _: "[" * 100_000,
    "a number that is not whole": lambda text: text.replace('"exit_code": 0', '"exit_code": 0.0'),
    "a list": lambda _: "[]\n",
}


def _subject(text: str, number: int) -> str:
    listed = text[text.index('"subject": [') :]
    return "{" + listed.split("    {")[number + 1].split("\n    }")[0] + "\n    }"


@pytest.mark.parametrize("name", STATEMENTS)
def test_a_statement_that_was_edited_is_broken(name: str, scene: Scene, command: Command) -> None:
    """However it was edited, and whatever it says then: exit 1, and statement.json or the seal over it is named."""
    file = scene.folder / files.STATEMENT
    text = file.read_text()
    changed = STATEMENTS[name](text)
    assert changed != text
    file.write_bytes(changed.encode("utf-8", "surrogateescape"))
    told = command("evidence", "verify", scene.folder, "--key", scene.key, "--json")
    assert told.code == 1
    assert {found["file"] for found in told.json["broken"]} & {files.STATEMENT, files.BUNDLE}
