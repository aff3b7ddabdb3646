"""What somebody does to the folder of a sealed run."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

from helpers.evidence import files
from tests.evidence.building import p256, run_folder

Attack = Callable[[Path], None]


def edited_output(folder: Path) -> None:
    file = folder / "notebooks" / "02_key.ipynb"
    file.write_text(file.read_text().replace("1 + 1 done", "1 + 1 gone"))


def dropped_notebook(folder: Path) -> None:
    (folder / "notebooks" / "02_key.ipynb").unlink()


def added_notebook(folder: Path) -> None:
    shutil.copy(folder / "notebooks" / "02_key.ipynb", folder / "notebooks" / "03_rbac.ipynb")


def swapped_notebooks(folder: Path) -> None:
    one, other = folder / "notebooks" / "01_consent.ipynb", folder / "notebooks" / "02_key.ipynb"
    first, second = one.read_bytes(), other.read_bytes()
    one.write_bytes(second)
    other.write_bytes(first)


def renamed_notebook(folder: Path) -> None:
    (folder / "notebooks" / "02_key.ipynb").rename(folder / "notebooks" / "02_key-2.ipynb")


def edited_ledger(folder: Path) -> None:
    file = folder / "ledger.jsonl"
    file.write_text(file.read_text().replace('"exit_code": 0', '"exit_code": 1'))


def cut_ledger(folder: Path) -> None:
    file = folder / "ledger.jsonl"
    file.write_text("".join(file.read_text().splitlines(keepends=True)[:-1]))


def swapped_ledger(folder: Path) -> None:
    other = run_folder(folder.parent / "other", "20261123T100000Z-d4e5f6")
    shutil.copy(other.ledger, folder / "ledger.jsonl")


def edited_page(folder: Path) -> None:
    (folder / "report.html").write_text("<p>another decision</p>\n")


def edited_approval(folder: Path) -> None:
    next((folder / "approvals").iterdir()).write_text("{}")


def added_hidden_file(folder: Path) -> None:
    (folder / "html" / ".note").write_text("later")


def added_folder_of_files(folder: Path) -> None:
    (folder / "more").mkdir()
    (folder / "more" / "evidence.txt").write_text("later")


def link_to_a_copy(folder: Path) -> None:
    file = folder / "kernels.log"
    shutil.copy(file, folder.parent / "elsewhere.log")
    file.unlink()
    file.symlink_to(folder.parent / "elsewhere.log")


def link_to_the_folder(folder: Path) -> None:
    (folder / "notebooks" / "all").symlink_to(folder)


def pipe_in_the_folder(folder: Path) -> None:
    os.mkfifo(folder / "pipe")


def name_of_two_lines(folder: Path) -> None:
    (folder / "x\nExit 0: nothing is broken").write_text("forged")


def edited_sums(folder: Path) -> None:
    file = folder / files.SUMS
    file.write_text(file.read_text().replace("kernels.log", "kernels.lag"))


def edited_with_its_sum(folder: Path) -> None:
    file, sums = folder / "kernels.log", folder / files.SUMS
    before = files.sha256(file)
    file.write_text("a library said something else\n")
    sums.write_text(sums.read_text().replace(before, files.sha256(file)))


def cut_sums(folder: Path) -> None:
    file = folder / files.SUMS
    file.write_text("".join(file.read_text().splitlines(keepends=True)[1:]))


def no_sums(folder: Path) -> None:
    (folder / files.SUMS).unlink()


def no_statement(folder: Path) -> None:
    (folder / files.STATEMENT).unlink()


def another_key_in_the_folder(folder: Path) -> None:
    (folder / files.PUBLIC_KEY).write_bytes(p256().public_key.pem)


def edited_ledger_end(folder: Path) -> None:
    file = folder / "ledger.jsonl"
    file.write_text(file.read_text().replace("step_finished", "step_finished "))
