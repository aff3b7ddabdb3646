"""Wrong input: one line that names file, key, what was given and what is allowed; exit 64; no kernel, no request."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from helpers.cli import main
from helpers.errors import WrongUsage
from helpers.guided import starting
from helpers.notebook import begin
from tests.commands.conftest import ROOT

GOOD = yaml.safe_load((ROOT / "parameters" / "rehearsal.yaml").read_text())["parameters"]


@pytest.mark.parametrize(
    ("key", "value", "allowed"),
    [
        ("key_size", 2048, "3072 or 4096"),
        ("key_size", "3072", "3072 or 4096"),
        ("tenant_id", GOOD["tenant_id"].upper().replace("1", "A"), "lower-case GUID"),
        ("organization_id", "org_01abc", "lower-case GUID"),
        ("vault_name", "kv--claude", "no two hyphens"),
        ("vault_name", "9vault", "a letter first"),
        ("mode", False, "plan or apply"),
        ("app_id", "x", "there is no such parameter"),
        ("external_key_name", "sk-ant-admin01-abcdefghijklmnop", "never be a parameter"),
    ],
)
@pytest.mark.parametrize("command", [["plan"], ["run"], ["rehearse"]])
def test_a_wrong_parameter_gets_one_line_and_exit_64(
    command: list[str], key: str, value: object, allowed: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before anything starts, the line names the file, the key and what is allowed, and never shows a secret."""
    file = tmp_path / "wrong.yaml"
    file.write_text(yaml.safe_dump({"parameters": {**GOOD, key: value}}))
    assert main([*command, "-f", str(file)]) == 64
    captured = capsys.readouterr()
    (line,) = captured.err.strip().splitlines()
    assert line.startswith(f"{file}: {key}: ") and allowed in line
    assert "abcdefghijklmnop" not in line and captured.out == ""


@pytest.mark.parametrize(
    "arguments",
    [
        ["nonsense"],
        ["run"],
        ["run", "-f", "parameters/rehearsal.yaml", "--step", "07"],
        ["run", "-f", "parameters/rehearsal.yaml", "--continue", "no-such-run"],
        ["plan", "-f", "no/such/file.yaml"],
        ["approve"],
        ["approve", "no-such-run"],
        ["rehearse", "--world", "no-such-world"],
        ["cloud", "--port", "x"],
    ],
)
def test_wrong_usage_is_one_short_message_and_exit_64(
    arguments: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wrong command line never starts anything and never shows a traceback."""
    for name in ("HTTP_PROXY", "http_proxy"):
        monkeypatch.delenv(name, raising=False)
    assert main(arguments) == 64
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.parametrize(
    "name", ["a\0b.yaml", "a" * 5000, "a/" * 3000, "no/such/file.yaml"], ids=["NUL", "long", "deep", "none"]
)
@pytest.mark.parametrize(
    "command", [["plan"], ["run"], ["check"], ["lab"], ["rehearse"], ["export", "az"], ["approve"]], ids=" ".join
)
def test_a_name_that_no_parameter_file_has_gets_one_line(
    command: list[str], name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Not there, or no name that a file could have: exit code 64 and one line of bearable length, whatever the command."""
    assert main([*command, "-f", name]) == 64
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert "cannot be read" in line and len(line) < 400


@pytest.mark.parametrize("name", ["a\0b.yaml", "a" * 5000], ids=["NUL", "long"])
def test_a_name_that_no_parameter_file_has_gets_one_line_in_a_notebook(name: str) -> None:
    """From `begin` and from the form that writes a file."""
    for opened in (lambda: begin("01_consent", name), lambda: starting.of(name)):
        with pytest.raises(WrongUsage, match="cannot be read") as refused:
            opened()
        assert len(refused.value.lines()) == 1


@pytest.mark.parametrize("name", ["a\0b", "a" * 5000], ids=["NUL", "long"])
def test_a_name_that_no_run_has_is_wrong_usage(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """As any other name of nothing."""
    assert main(["approve", name]) == 64
    assert "no such run" in capsys.readouterr().err
