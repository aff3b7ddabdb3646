"""The private folder of a served rehearsal, in the system's temporary folder, and those that dead ones left there.

A process that is killed cannot clean up: the next one that starts does it. The name says whose process a folder is of.
"""

from __future__ import annotations

import os
import re
import shutil
import stat
import tempfile
from pathlib import Path

from helpers.rehearsal.ready import alive

PREFIX = "cmek-rehearsal-"
_NAME = re.compile(re.escape(PREFIX) + r"([1-9][0-9]{0,9})-[a-z0-9_]+")


def make() -> Path:
    """A new one, for this process and readable by its owner only, once those of dead processes are gone."""
    sweep()
    return Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-"))


def sweep() -> None:
    """Remove the folders of this user's dead processes; what cannot be removed stays.

    Nothing but a real folder with a name as `make` gives it: a link, or another user's, could lead anywhere.
    """
    for path in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        named = _NAME.fullmatch(path.name)
        if named is not None and not alive(int(named[1])) and _is_own_folder(path):
            shutil.rmtree(path, ignore_errors=True)


def _is_own_folder(path: Path) -> bool:
    try:
        found = path.lstat()
    except OSError:  # another one that started at the same time was faster
        return False
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid()
