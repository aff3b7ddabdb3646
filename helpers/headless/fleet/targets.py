"""The parameter files of a fleet, all read before anything starts. One that cannot be used is one target's trouble."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from helpers.checks import refuse_deviations
from helpers.errors import RunbookError, WrongUsage
from helpers.headless.fleet.results import Result
from helpers.parameters import Parameters
from helpers.record.in_use import of_environment
from helpers.record.scrubbing import Scrubber

Read = Callable[[str], tuple[Parameters, Mapping[str, Any]]]
"""The checked parameters in a file, and the mapping as it stands there. Raises RunbookError."""
_SAME = ("cloud", "tenant_id", "vault_name", "key_name", "organization_id", "workspace")


@dataclass(frozen=True)
class Target:
    """One parameter file of a fleet, and its place among them."""

    number: int
    file: str
    parameters: Parameters
    mapping: Mapping[str, Any] = field(repr=False)

    @property
    def name(self) -> str:
        """Vault and key."""
        return f"{self.parameters.vault_name}/{self.parameters.key_name}"

    @property
    def digest(self) -> str:
        """SHA-256 of its parameters."""
        said = json.dumps(self.parameters.model_dump(mode="json"), sort_keys=True)
        return hashlib.sha256(said.encode()).hexdigest()


def load(files: Iterable[str], read: Read) -> tuple[list[Target], list[Result]]:
    """The targets, and the results of the files that are none: unusable, or about a target that is there already.

    A deviation that has ended is not refused: it does not count any more.
    """
    targets: list[Target] = []
    refused: list[Result] = []
    seen: dict[str, str] = {}
    for number, file in enumerate(files, 1):
        try:
            parameters, mapping = read(file)
            refuse_deviations(parameters, date.min)
            _refuse_again(seen, file, parameters)
        except RunbookError as error:
            refused.append(Result(file, "", "", error.exit_code, error.what, lines=tuple(error.lines())))
        else:
            targets.append(Target(number, file, parameters, mapping))
    return targets, refused


def refuse_file_names(files: Sequence[str]) -> None:
    """Raise WrongUsage for a name given twice, and for one with a secret in it: names are kept as they are."""
    if len(set(files)) < len(files):
        raise WrongUsage(f"{next(file for file in files if files.count(file) > 1)} is given twice")
    scrubber = Scrubber(of_environment)
    for number, file in enumerate(files, 1):
        if scrubber.text(file) != file:
            raise WrongUsage(f"the name of file {number} has a secret in it, and names are kept; rename the file")


def refuse_mixed(targets: Sequence[Target]) -> None:
    """Raise WrongUsage unless all are of one cloud: one process must not hold tokens of a rehearsal and of Azure."""
    first = next(iter(targets), None)
    other = next((target for target in targets if first and target.parameters.cloud != first.parameters.cloud), None)
    if first and other:
        clouds = f"{first.file} says cloud: {first.parameters.cloud}, {other.file} says cloud: {other.parameters.cloud}"
        raise WrongUsage(f"{clouds}; a fleet is of one cloud")


def _refuse_again(seen: dict[str, str], file: str, parameters: Parameters) -> None:
    """Raise WrongUsage for a target that an earlier file is about; names are compared as Azure does."""
    said = parameters.model_dump(mode="json")
    what = json.dumps([said[name] for name in _SAME], sort_keys=True).lower()
    first = seen.setdefault(what, file)
    if first is not file:
        raise WrongUsage(f"{file}: the same target as {first}; each is given once")
