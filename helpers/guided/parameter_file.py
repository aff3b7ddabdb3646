"""Writing a parameter file: checked whole before it is there, and never in the place of somebody's other file.

Every text stands in double quotes, as JSON writes it, which YAML reads as the same text: no id becomes a number, no
name a truth value. What was written is read again before it gets its name.
"""

from __future__ import annotations

import json
import os
import secrets
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from helpers import yaml_file
from helpers.display import Shown, plain
from helpers.errors import Failed, WrongUsage
from helpers.parameters import Parameters, load
from helpers.record import runs
from helpers.record.in_use import Known, of_environment
from helpers.record.secrets import Sought
from helpers.view import Table, View

OURS = ("example.yaml", "rehearsal.yaml")
"""Files of the suite itself under parameters/: tests and the rehearsal rely on them."""


@dataclass(frozen=True)
class Written(Shown):
    """A parameter file that is there, as it was read back."""

    path: Path
    values: Mapping[str, Any]
    parameters: Parameters
    already: bool
    """Whether it was there with these very values, so that nothing was written."""

    @property
    def named(self) -> str:
        """The path as a command takes it: from the project's folder where it is in there."""
        root = runs.project_root()
        return str(self.path.relative_to(root)) if self.path.is_relative_to(root) else str(self.path)

    @property
    def next_step(self) -> str:
        """What to run with it first: a plan changes nothing."""
        return f"python runbook.py plan -f {shlex.quote(self.named)}"

    def view(self) -> View:
        heading = f"{self.named} holds these values already" if self.already else f"Written: {self.named}"
        rows = tuple((name, _flow(value)) for name, value in self.values.items())
        lines = [f"Next, which changes nothing: {self.next_step}"]
        data = {"path": str(self.path), "parameters": dict(self.values), "already": self.already}
        return View("parameter file", heading, lines, [Table(("Parameter", "In the file"), rows)], data=data)


def write(
    given: str,
    values: Mapping[str, Any],
    header: Sequence[str],
    *,
    replace: bool = False,
    known: Known = of_environment,
) -> Written:
    """Write values as a parameter file. Raises WrongUsage: nothing is written then, and what was there still is.

    A file with these very values is left as it is; one with others is replaced only if asked for. The file appears
    whole or not at all. `known` are the secrets in use, none of which may be in it.
    """
    path = _place(given)
    ordered = {name: values[name] for name in Parameters.model_fields if name in values}
    parameters = load({**ordered, **values})
    text = rendered(ordered, header)
    if kinds := Sought.of(known()).kinds(text):
        raise WrongUsage(
            f"{given}: it would hold {kinds[0]}, and a parameter is never a secret", next_step="Take it out."
        )
    if path.exists() and _held(path) == ordered:
        return Written(path, ordered, parameters, already=True)
    _put(path, text, ordered, given, replace=replace)
    return Written(path, ordered, parameters, already=False)


def rendered(values: Mapping[str, Any], header: Sequence[str]) -> str:
    """The file's text: the header as comments, and one parameter a line, or a list with one item a line."""
    lines = [*(f"# {' '.join(plain(line).split())}" for line in header), "parameters:"]
    for name, value in values.items():
        if isinstance(value, list) and value:
            lines += [f"  {name}:", *(f"    - {_flow(item)}" for item in value)]
        else:
            lines.append(f"  {name}: {_flow(value)}")
    return "\n".join(lines) + "\n"


def _flow(value: Any) -> str:
    """A value in one line, its names bare."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{name}: {_flow(inner)}" for name, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_flow, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def _place(given: str) -> Path:
    """Where the file goes. A path that does not begin at the root is under the folder that runs are kept in."""
    if not given.strip() or not given.isprintable():
        raise WrongUsage("the file has no name", next_step="Name it, for example parameters/mine.yaml")
    path = (runs.home() / Path(given.strip()).expanduser()).resolve()
    if path.suffix not in (".yaml", ".yml"):
        raise WrongUsage(f"{given}: a parameter file's name ends in .yaml")
    if path in {(runs.project_root() / "parameters" / name).resolve() for name in OURS}:
        raise WrongUsage(f"{given}: that file belongs to the suite", next_step="Choose another name.")
    return path


def _held(path: Path) -> Any:
    """What a file holds, where it is a parameter file."""
    try:
        document = yaml_file.read(path)
    except WrongUsage:
        return None
    return document["parameters"] if set(document) == {"parameters"} else None


def _taken(given: str) -> WrongUsage:
    return WrongUsage(
        f"{given}: there is another file of that name, and it holds other values",
        why="Somebody may rely on it.",
        next_step="Choose another name, or ask for it to be replaced.",
    )


def _put(path: Path, text: str, values: Mapping[str, Any], given: str, *, replace: bool) -> None:
    """Write beside, read back, then give it its name in one step."""
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with beside.open("x", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        if _held(beside) != values:
            raise Failed(f"{given}: what was written does not read back as the same values", why="It was not kept.")
        if replace or not _linked(path, beside):
            beside.replace(path)
    except FileExistsError:
        raise _taken(given) from None
    except OSError as error:
        raise WrongUsage(f"{given}: cannot be written: {error.strerror or error}") from None
    finally:
        beside.unlink(missing_ok=True)


def _linked(path: Path, beside: Path) -> bool:
    """Give the file its name unless somebody has taken it meanwhile. Raises FileExistsError; False where links fail."""
    try:
        path.hardlink_to(beside)
    except FileExistsError:
        raise
    except OSError:  # some network drives have no hard links
        if path.exists():
            raise FileExistsError from None
        return False
    return True
