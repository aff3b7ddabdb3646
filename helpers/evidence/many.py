"""Verifying all runs in a folder, and the chains they make: one for each target, and for each world in a rehearsal."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from helpers.evidence.asked import Asked
from helpers.evidence.chain import Link, breaks, link, run_folders
from helpers.evidence.files import STATEMENT, Unreadable
from helpers.evidence.findings import Finding, Report, broken, proven, sorted_out, unproven, worst
from helpers.evidence.statement import Target
from helpers.evidence.strict_json import NotStrict
from helpers.evidence.verifying import verify


@dataclass(frozen=True)
class Chain:
    """The sealed runs of one target, in their order, and what was found of how they follow on each other."""

    target: Target
    rehearsal: str | None
    runs: tuple[str, ...]
    findings: tuple[Finding, ...]

    def lines(self) -> tuple[str, ...]:
        where = f"REHEARSAL ({self.rehearsal})" if self.rehearsal else "Live"
        about = f"{where}: key {self.target.key_name} in {self.target.vault_id}"
        return (about, f"  organization {self.target.organization_id}", *(f"  {one}" for one in self.findings))

    def data(self) -> dict[str, Any]:
        about = {"target": vars(self.target), "rehearsal": self.rehearsal, "runs": list(self.runs)}
        return {**about, **sorted_out(self.findings)}


@dataclass(frozen=True)
class Archive:
    """Every run of a folder verified, and the chains."""

    reports: tuple[Report, ...]
    chains: tuple[Chain, ...]

    @property
    def exit_code(self) -> int:
        """The worst of all runs and chains; where there is no run, nothing is proven."""
        broke = any(one.state == "broken" for chain in self.chains for one in chain.findings)
        codes = [report.exit_code for report in self.reports] or [4]
        return worst((*codes, 1 if broke else 0))

    def lines(self) -> tuple[str, ...]:
        runs = tuple(line for report in self.reports for line in (*report.lines(), ""))
        chains = tuple(line for chain in self.chains for line in (*chain.lines(), ""))
        none = () if runs else (str(unproven("anything: there is no run here", needed=True)),)
        counted = f"Exit {self.exit_code}: {len(self.reports)} runs, {len(self.chains)} chains"
        return (*none, *runs, *chains, counted)

    def data(self) -> dict[str, Any]:
        runs, chains = [one.data() for one in self.reports], [one.data() for one in self.chains]
        return {"runs": runs, "chains": chains, "exit_code": self.exit_code}


def verify_all(archive: Path, asked: Asked) -> Archive:
    """Verify every run folder in a folder. Raises OSError where it cannot be listed."""
    folders = run_folders(archive)
    reports = tuple(replace(verify(folder, asked), folder=folder.name) for folder in folders)
    groups: dict[tuple[Target, str | None], list[Link]] = {}
    for found in _links(folders):
        groups.setdefault(found.subject, []).append(found)
    chains = (_chain(target, world, tuple(links)) for (target, world), links in groups.items())
    return Archive(reports, tuple(chains))


def _links(folders: tuple[Path, ...]) -> Iterator[Link]:
    """The runs with a statement that can be read; the others are in the reports as broken or not sealed."""
    for folder in folders:
        if (folder / STATEMENT).is_file():
            try:
                yield link(folder)
            except (NotStrict, Unreadable):
                continue


def _chain(target: Target, world: str | None, links: tuple[Link, ...]) -> Chain:
    ordered = tuple(sorted(links, key=lambda one: (one.statement.sequence, one.statement.run)))
    wrong = tuple(broken(one.folder.name, why) for one, why in breaks(ordered))
    newest = ordered[-1].statement
    whole = () if wrong else (proven(f"runs 1 to {newest.sequence} follow on each other without a gap"),)
    head = unproven(f"that no run after {newest.run} was deleted: nothing here shows it")
    return Chain(target, world, tuple(one.statement.run for one in ordered), (*wrong, *whole, head))
