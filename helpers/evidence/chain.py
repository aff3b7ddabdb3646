"""The chain of sealed runs: each names the one before it of the same target, and of the same world in a rehearsal."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from helpers.errors import WrongUsage
from helpers.evidence.files import SEAL, STATEMENT, Unreadable, content
from helpers.evidence.statement import Previous, Statement, Target, digest, parse
from helpers.evidence.strict_json import NotStrict
from helpers.record.ledger import NAME


@dataclass(frozen=True)
class Link:
    """One sealed run as its statement tells it."""

    folder: Path
    statement: Statement
    digest: str

    @property
    def subject(self) -> tuple[Target, str | None]:
        """What runs of one chain share."""
        return self.statement.target, self.statement.rehearsal

    @property
    def named(self) -> Previous:
        """How the next run names it."""
        return Previous(self.statement.run, self.digest)


def link(folder: Path) -> Link:
    """The sealed run in a folder. Raises NotStrict and Unreadable."""
    data = content(folder / STATEMENT)
    return Link(folder, parse(data), digest(data))


def run_folders(archive: Path) -> tuple[Path, ...]:
    """The folders in a folder that are runs, sealed or not. Raises OSError where it cannot be listed."""
    return tuple(sorted(path for path in archive.iterdir() if path.is_dir() and _is_run(path)))


def _is_run(folder: Path) -> bool:
    return any((folder / name).exists() for name in (NAME, *SEAL, "notebooks"))


@dataclass(frozen=True)
class Head:
    """The newest sealed run of a chain, if there is one, and which sealed runs could not be read."""

    link: Link | None
    unread: tuple[str, ...] = ()

    @property
    def sequence(self) -> int:
        """The number that the next run has."""
        return self.link.statement.sequence + 1 if self.link else 1

    @property
    def previous(self) -> Previous | None:
        return self.link.named if self.link else None


def head(runs: Path, target: Target, rehearsal: str | None) -> Head:
    """The newest sealed run of this target among the run folders of a folder."""
    found, unread = [], []
    for folder in run_folders(runs):
        try:
            if (folder / STATEMENT).exists():
                found.append(link(folder))
        except (NotStrict, Unreadable) as error:
            unread.append(f"{folder.name}: its statement is left out of the chain: {error}")
    mine = [one for one in found if one.subject == (target, rehearsal)]
    newest = max(mine, key=lambda one: (one.statement.sequence, one.statement.sealed_at, one.digest), default=None)
    return Head(newest, tuple(unread))


def named(folder: Path, target: Target, rehearsal: str | None) -> Link:
    """The run that somebody names as the previous one. Raises WrongUsage unless it is sealed and of this target."""
    try:
        found = link(folder)
    except (NotStrict, Unreadable) as error:
        raise WrongUsage(f"previous: {folder}: its statement cannot be read: {error}") from None
    if found.subject != (target, rehearsal):
        raise WrongUsage(f"previous: {found.statement.run} is about another target, or another world")
    return found


def given(folder: Path, runs: Path, target: Target, rehearsal: str | None) -> Head:
    """The run that is named as the previous one, or a newer one of the folder of runs, which followed on it.

    Raises as `named` does.
    """
    found = named(folder, target, rehearsal)
    here = head(runs, target, rehearsal)
    return here if here.sequence > Head(found).sequence else Head(found, here.unread)


def breaks(links: tuple[Link, ...]) -> Iterator[tuple[Link, str]]:
    """What is wrong with the chain that these runs of one target are, and at which run."""
    by_number: dict[int, list[Link]] = {}
    for one in links:
        by_number.setdefault(one.statement.sequence, []).append(one)
    for number, here in sorted(by_number.items()):
        for other in here[1:]:
            yield other, f"two runs have the number {number}: {here[0].statement.run} and {other.statement.run}"
        before = by_number.get(number - 1, [])
        for one in here:
            yield from ((one, why) for why in _breaks_at(one, before))


def _breaks_at(one: Link, before: list[Link]) -> Iterator[str]:
    previous = one.statement.previous
    if previous is None:
        return
    if not before:
        yield f"run {one.statement.sequence - 1} of this target, {previous.run}, is not here"
    elif previous not in [other.named for other in before]:
        yield f"the previous run it names, {previous.run}, is not the one that is here"
