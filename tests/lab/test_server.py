"""The JupyterLab server of a guided run: for this machine only, with its token where nobody else can read it."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from helpers.lab.server import Lab
from helpers.record.runs import Run

TOKEN = "a-token-of-the-test"


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    private = tmp_path / "private"
    private.mkdir()
    return Lab(Run(tmp_path / "run"), private, 8888, TOKEN)


def test_the_token_is_in_the_environment_and_not_in_the_command(lab: Lab) -> None:
    """Others on the machine can read a command line."""
    assert not any(TOKEN in part for part in lab.command())
    assert lab.environment({})["JUPYTER_TOKEN"] == TOKEN


def test_it_serves_one_folder_to_this_machine_and_keeps_its_own_things_elsewhere(lab: Lab) -> None:
    """127.0.0.1, the run's notebooks, kernels over private sockets; checkpoints and workspaces not in the run."""
    command = lab.command()
    assert "--ServerApp.ip=127.0.0.1" in command
    assert f"--ServerApp.root_dir={lab.run.notebooks}" in command
    assert "--AsyncMappingKernelManager.kernel_manager_class=helpers.lab.kernels.GuidedKernelManager" in command
    for part in ("checkpoint_dir", "workspaces_dir", "sockets"):
        (said,) = [word for word in command if part in word]
        assert str(lab.private) in said


def test_a_persons_own_server_configuration_does_not_join_in(lab: Lab) -> None:
    """Whatever the caller's variables say, the server reads only what is written for it; all else is passed on."""
    given = {"JUPYTER_CONFIG_DIR": "/home/ada/.jupyter", "JUPYTER_TOKEN": "theirs", "HTTPS_PROXY": "http://127.0.0.1:1"}
    environment = lab.environment(given)
    assert environment["JUPYTER_NO_CONFIG"] == "1"
    apart = ("JUPYTER_TOKEN", "JUPYTER_NO_CONFIG")
    own = {name: value for name, value in environment.items() if name.startswith("JUPYTER_") and name not in apart}
    assert own and all(value.startswith(str(lab.private)) for value in own.values())
    assert environment["JUPYTER_TOKEN"] == TOKEN and environment["HTTPS_PROXY"] == given["HTTPS_PROXY"]


def test_its_folders_are_private_and_no_question_stands_over_the_first_notebook(lab: Lab) -> None:
    """Only their owner may read them; settings: no news, a kernel without asking, no line cut off, forms in order."""
    lab.furnish()
    for name in ("runtime", "workspaces", "checkpoints", "sockets", "config", "settings"):
        assert stat.S_IMODE((lab.private / name).stat().st_mode) == 0o700
    said = json.loads((lab.private / "settings/overrides.json").read_text())
    assert said["@jupyterlab/apputils-extension:notification"]["fetchNews"] == "false"
    assert said["@jupyterlab/apputils-extension:kernels-settings"]["commsOverSubshells"] == "disabled"
    tracker = said["@jupyterlab/notebook-extension:tracker"]
    assert tracker["autoStartDefaultKernel"] is True and tracker["codeCellConfig"]["lineWrap"] is True


def test_the_address_is_told_once_the_server_says_that_it_answers(lab: Lab) -> None:
    """None before, and none from a file that is half written; then the first notebook, with the token."""
    lab.furnish()
    assert lab.address() is None
    said = lab.private / "runtime" / "jpserver-1.json"
    said.write_text('{"url": "http://127.0')
    assert lab.address() is None
    said.write_text(json.dumps({"url": "http://127.0.0.1:8889/"}))
    assert lab.address() == f"http://127.0.0.1:8889/lab/tree/01_consent.ipynb?token={TOKEN}"
