"""The parameter file that a command is given: as named from here, else from the project's folder."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from helpers.record import runs

if TYPE_CHECKING:
    from helpers.parameters import Parameters


def parameters_of(file: str) -> tuple[Parameters, Mapping[str, Any]]:
    """The checked parameters, and the mapping as the file holds it, which is what a notebook is given."""
    from helpers import parameters as parameter_files
    from helpers.yaml_file import read

    path = next((path for path in (Path(file), runs.project_root() / file) if _is_there(path)), Path(file))
    checked = parameter_files.load(path)
    return checked, read(path)["parameters"]


def _is_there(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # no name that a file could have
        return False
