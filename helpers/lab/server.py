"""The JupyterLab server of a guided run: its command, its variables, and where it says that it answers.

It serves the notebooks folder of one run on 127.0.0.1 and nothing else. What it keeps for itself (connection files,
checkpoints, workspaces) is in a private folder that goes with it; a person's own look of JupyterLab is kept, but their
server configuration, kernels and startup files do not join in. Settings: JupyterLab 4.6 and jupyter_server 2.20.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import quote

from helpers.record.runs import Run

FIRST = "01_consent.ipynb"
_LOOK = {
    "@jupyterlab/apputils-extension:notification": {
        "fetchNews": "false",
        "checkForUpdates": False,
    },
    "@jupyterlab/apputils-extension:kernels-settings": {"commsOverSubshells": "disabled"},
    "@jupyterlab/docmanager-extension:plugin": {"autosaveInterval": 10, "lastModifiedCheckMargin": 60_000},
    "@jupyterlab/notebook-extension:tracker": {
        "autoStartDefaultKernel": True,
        "codeCellConfig": {"lineNumbers": False, "lineWrap": True},
    },
}
"""No question about news on top of the first notebook, and none about kernels for who runs cells before one is ready;
what is typed into a form arrives before the press of its button; what was executed is on disk soon, and saving while
it is being saved asks nothing; no parameter is cut off at the margin."""


@dataclass(frozen=True)
class Lab:
    """A server to be started. `private` is a folder of its own, which whoever made it removes."""

    run: Run
    private: Path
    port: int
    token: str

    def command(self) -> tuple[str, ...]:
        """What to run. The token is not in it, because others can read a command line."""
        return (
            sys.executable,
            "-P",
            "-m",
            "jupyterlab",
            "--no-browser",
            f"--ServerApp.root_dir={self.run.notebooks}",
            f"--ServerApp.port={self.port}",
            "--ServerApp.ip=127.0.0.1",
            "--ServerApp.allow_root=True",  # a container's only user; everything else about it stays as it is
            "--ServerApp.answer_yes=True",
            "--log-level=ERROR",
            "--LabApp.log_level=ERROR",
            "--LabApp.expose_app_in_browser=True",
            "--LabApp.extension_manager=readonly",
            f"--LabApp.app_settings_dir={self.private / 'settings'}",
            f"--LabApp.user_settings_dir={_own_look()}",
            f"--LabApp.workspaces_dir={self.private / 'workspaces'}",
            f"--FileCheckpoints.checkpoint_dir={self.private / 'checkpoints'}",
            "--AsyncMappingKernelManager.kernel_manager_class=helpers.lab.kernels.GuidedKernelManager",
            f"--GuidedKernelManager.errors_file={self.run.kernels_log}",
            f"--GuidedKernelManager.sockets={self.private / 'sockets'}",
        )

    def environment(self, base: Mapping[str, str]) -> dict[str, str]:
        """Its variables: those given, and its own private folders."""
        return {
            **base,
            "JUPYTER_TOKEN": self.token,
            "JUPYTER_NO_CONFIG": "1",  # else the machine's own could take the token away
            "JUPYTER_CONFIG_DIR": str(self.private / "config"),
            "JUPYTER_CONFIG_PATH": str(self.private / "config"),
            "JUPYTER_RUNTIME_DIR": str(self.private / "runtime"),
            "TMPDIR": str(self.private / "temporary"),  # a blank configuration is made there, and is left
        }

    def furnish(self) -> None:
        """Write what the server reads when it starts."""
        for name in ("config", "settings", "runtime", "workspaces", "checkpoints", "sockets", "temporary"):
            (self.private / name).mkdir(parents=True, mode=0o700)
        (self.private / "settings/overrides.json").write_text(json.dumps(_LOOK))

    def redirect(self, address: str) -> Path:
        """A page that leads to an address, for a browser's command line: others can read that, and not the page."""
        page = self.private / "open.html"
        page.touch(mode=0o600)
        page.write_text(f'<meta http-equiv="refresh" content="0; url={escape(address)}">', encoding="utf-8")
        return page

    def address(self) -> str | None:
        """Where to open the first notebook, once the server answers; else None."""
        said = next((self.private / "runtime").glob("jpserver-*.json"), None)
        try:
            at: dict[str, Any] = json.loads(said.read_text()) if said else {}
        except (OSError, ValueError):  # being written
            return None
        return f"{at['url']}lab/tree/{quote(FIRST)}?token={quote(self.token)}" if at else None


def _own_look() -> Path:
    """Where JupyterLab keeps a person's settings (theme, size of text): they may be used to them."""
    return Path(os.environ.get("JUPYTER_CONFIG_DIR") or Path.home() / ".jupyter") / "lab" / "user-settings"
