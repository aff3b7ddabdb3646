"""What a YAML file says is what is read; what could be read in two ways is refused in one line."""

from __future__ import annotations

from pathlib import Path

import pytest

from helpers.errors import WrongUsage
from helpers.yaml_file import read

SECRET = "sk-ant-admin01-not-a-real-key"


def written(folder: Path, text: str | bytes) -> Path:
    path = folder / "file.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def refusal(path: Path) -> str:
    with pytest.raises(WrongUsage) as refused:
        read(path)
    said = str(refused.value)
    assert "\n" not in said
    assert said.startswith(f"{path}: ")
    return said.removeprefix(f"{path}: ")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: 1\nb: 2\na: 3\n", "not usable YAML: line 1: the key a is given twice"),
        ("x:\n  a: 1\n  a: 1\n", "not usable YAML: line 2: the key a is given twice"),
        ("a: &x 1\nb: *x\n", "not usable YAML: line 2: aliases are not used here"),
        ("a: &x {b: 1}\nc:\n  <<: *x\n", "not usable YAML: line 3: aliases are not used here"),
        ("a: {<<: {b: 1}}\n", "not usable YAML: line 1: could not determine a constructor for the tag 'tag:yaml.org,2002:merge'"),
        ("a: !!python/object:os.system x\n", "not usable YAML: line 1: could not determine a constructor for the tag 'tag:yaml.org,2002:python/object:os.system'"),
        ("a: b: c\n", "not usable YAML: line 1: mapping values are not allowed here"),
        ("a: [1\n", "not usable YAML: line 2: expected ',' or ']', but got '<stream end>'"),
        ("a: 1\n---\nb: 2\n", "not usable YAML: line 2: but found another document"),
        ("- a\n", "the file's top level must be a mapping with plain names"),
        ("", "the file's top level must be a mapping with plain names"),
        ("1: a\n", "the file's top level must be a mapping with plain names"),
        ("? [a]\n: b\n", "not usable YAML: line 1: found unhashable key"),
        (b"\xff\xfe\x00", "not UTF-8 text"),
        ("a: \x07\n", 'not usable YAML: unacceptable character #x0007: special characters are not allowed in "<unicode string>", position 3'),
    ],
)  # fmt: skip
def test_what_is_not_plain_yaml_is_refused(tmp_path: Path, text: str | bytes, said: str) -> None:
    """Each thing that could mean something else than it says is refused, with its line."""
    assert refusal(written(tmp_path, text)) == said


@pytest.mark.parametrize(
    "text",
    [
        f"a: {SECRET}: x\n",
        f"a: [{SECRET}\n",
        f"{SECRET}: 1\n{SECRET}: 2\n",
        f"a: !{SECRET} x\n",
        f'a: "{SECRET}\n',
    ],
)
def test_a_secret_in_a_broken_line_is_not_shown(tmp_path: Path, text: str) -> None:
    """The line that is wrong is named by its number, for it could hold a secret."""
    assert SECRET not in refusal(written(tmp_path, text))


def test_too_deep_and_too_large_files_are_refused(tmp_path: Path) -> None:
    """A file made to exhaust the reader is refused like any other."""
    assert refusal(written(tmp_path, "a: " + "[" * 1500)).startswith("not usable YAML: ")
    assert refusal(written(tmp_path, "a: " + "x" * 200_000)) == (
        "200003 bytes is too large for such a file; at most 200000 are read"
    )


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    """A folder or a missing file is said to be one."""
    assert refusal(tmp_path) == "cannot be read: Is a directory"
    assert refusal(tmp_path / "none.yaml") == "cannot be read: No such file or directory"


def test_values_are_read_as_they_are_written(tmp_path: Path) -> None:
    """Dates stay text; what YAML calls numbers and truth is theirs, for the rules above to refuse."""
    text = 'a: 2026-11-23\nb: 2026-11-23T10:00:00Z\nc: no\nd: 0123\ne: "no"\nf: {g: [1, x]}\nh:\n'
    assert read(written(tmp_path, text)) == {
        "a": "2026-11-23", "b": "2026-11-23T10:00:00Z", "c": False, "d": 83, "e": "no", "f": {"g": [1, "x"]}, "h": None,
    }  # fmt: skip
