"""Which suite made a run: version, commit, lock file, Python, system, packages. No names of people or machines."""

from __future__ import annotations

import hashlib
import os
import platform
import re
import subprocess
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

from helpers.record.runs import project_root

_NAME = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]*", re.MULTILINE)
_SECONDS = 10


@cache  # a process runs what it imported, and a fleet writes it down for each of its targets
def suite() -> Mapping[str, Any]:
    """The suite that this process runs, as it was when it was first asked. What cannot be known is null."""
    return suite_in(project_root())


def suite_in(root: Path) -> dict[str, Any]:
    """The suite in a folder. What cannot be known is null."""
    commit, dirty = _git(root)
    return {
        "version": _version(root / "pyproject.toml"),
        "commit": commit,
        "dirty": dirty,
        "lock_sha256": _sha256(root / "requirements.lock"),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "packages": _packages(root / "requirements.in"),
    }


def _version(project: Path) -> str | None:
    try:
        return str(tomllib.loads(project.read_text(encoding="utf-8"))["project"]["version"])
    except (OSError, ValueError, KeyError):
        return None


def _sha256(file: Path) -> str | None:
    try:
        return hashlib.sha256(file.read_bytes()).hexdigest()
    except OSError:
        return None


def _packages(wanted: Path) -> dict[str, str | None]:
    """The versions that are installed of the packages that the suite asks for."""
    try:
        names = _NAME.findall(wanted.read_text(encoding="utf-8"))
    except OSError:
        return {}
    return {name: _installed(name) for name in sorted(names, key=str.lower)}


def _installed(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _git(root: Path) -> tuple[str | None, bool | None]:
    """The commit that is checked out and whether something differs from it; nothing where the suite is not in git."""
    if _asked(root, "ls-files", "--error-unmatch", "pyproject.toml") is None:
        return None, None
    commit, changed = _asked(root, "rev-parse", "HEAD"), _asked(root, "status", "--porcelain", "--", ".")
    return (commit or "").strip() or None, None if changed is None else bool(changed.strip())


def _asked(root: Path, *arguments: str) -> str | None:
    command = ("git", "--no-optional-locks", "-c", "core.fsmonitor=false", "-C", str(root), *arguments)
    clean = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    try:
        done = subprocess.run(  # noqa: S603 - git, by its name, with arguments of ours
            command, env=clean, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=_SECONDS, check=False
        )
    except (OSError, subprocess.SubprocessError, ValueError):
        return None
    return done.stdout if done.returncode == 0 else None
