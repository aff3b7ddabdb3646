"""What changed between an earlier look and this one, whether it touches use, safety or only hygiene, how to mend it.

Works on facts and verdicts as they stand in a ledger, so that those of earlier versions of this suite can be compared.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from helpers.display import Shown
from helpers.drift.judging import GROUPS, Compared, Group, Row, compared
from helpers.drift.leaves import Leaf, differing, no_longer_looked_at, value
from helpers.drift.rotation import Rotation, lost, rotation
from helpers.drift.subjects import looking_at
from helpers.view import Table, View

__all__ = ["GROUPS", "Drift", "Group", "Look", "Row", "compare"]

_COLUMNS = ("What", "Before", "Now", "What it means", "What to do")
_HEADINGS: dict[Group, str] = {
    "use": "use",
    "safety": "safety",
    "hygiene": "hygiene",
    "same": "judged the same",
    "better": "better",
}


@dataclass(frozen=True)
class Look:
    """What one run saw and how it judged that, as JSON; `at` is when (ISO 8601)."""

    run: str
    at: str
    facts: Mapping[str, Any]
    verdicts: Mapping[str, Any]


@dataclass(frozen=True)
class Drift(Shown):
    """Everything that differs from an earlier look, the worst first; `notes` say what was not compared, and why."""

    run: str
    at: str
    rows: tuple[Row, ...] = ()
    verdicts: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """Of every check whose verdict differs: before and now."""
    rotation: Rotation | None = None
    lost_versions: tuple[str, ...] = ()
    """Versions that are not listed any more: what was encrypted under them cannot be read."""
    whole: bool = True
    """Whether everything that was looked at then was looked at now."""
    notes: tuple[str, ...] = ()

    @property
    def is_none(self) -> bool:
        """Whether nothing that both looked at differs."""
        return not self.rows and self.rotation is None

    def of(self, group: Group) -> tuple[Row, ...]:
        """The rows of one group."""
        return tuple(row for row in self.rows if row.group == group)

    def view(self) -> View:
        lines = self.rotation.sentences if self.rotation else ()
        rows = tuple((row.what, row.before, row.now, row.means, row.mend) for row in self.rows)
        data: dict[str, Any] = {
            "baseline": {"run": self.run, "at": self.at},
            "changed": not self.is_none,
            "rotation": list(lines),
            "lost_versions": list(self.lost_versions),
            "verdicts": {number: {"before": was, "now": now} for number, (was, now) in self.verdicts.items()},
            "rows": [{**asdict(row), "checks": list(row.checks)} for row in self.rows],
            "notes": list(self.notes),
        }
        return View("drift", self._heading(), lines, [Table(_COLUMNS, rows)] if rows else [], self.notes, data)

    def _heading(self) -> str:
        since = f"since {self.run} of {self.at[:16].replace('T', ' ')} UTC"
        if self.is_none:
            return f"Nothing changed {since}" + ("" if self.whole else ", in what both looked at")
        told = ["the key was rotated"] if self.rotation else []
        told += [f"{_HEADINGS[group]}: {_few(self.of(group))}" for group in GROUPS if self.of(group)]
        return "; ".join([f"Drift {since}", *told])


def compare(before: Look, now: Look, tag: tuple[str, str], notes: tuple[str, ...] = ()) -> Drift:
    """What differs between two looks at one target. `tag` is the organization's tag, name and value."""
    checks = now.verdicts["checks"]
    judged = compared(before.verdicts["checks"], checks)
    turned, gone = rotation(before.facts, now.facts, tag), lost(before.facts, now.facts)
    told = {f"versions[{version}]" for version in gone}
    leaves = [leaf for leaf in differing(before.facts, now.facts) if leaf.path not in told]
    facts = [_fact(leaf, judged, checks) for leaf in leaves if not (turned and turned.tells(leaf))]
    rows = sorted((*judged.rows, *map(_lost, gone), *facts), key=lambda row: GROUPS.index(row.group))
    unseen = no_longer_looked_at(before.facts, now.facts)
    return Drift(
        run=before.run,
        at=before.at,
        rows=tuple(rows),
        verdicts=judged.changed,
        rotation=turned,
        lost_versions=gone,
        whole=not unseen and not judged.only_before,
        notes=(*_notes(before, now, judged, unseen), *notes),
    )


def _lost(version: str) -> Row:
    means = "Use: what was encrypted under this version cannot be read without it. The key was replaced, not rotated."
    mend = "Recover the key that has this version, or restore it from a backup; delete nothing before that."
    return Row("fact", "use", f"versions[{version}]", "there", "not listed any more", means, mend, ())


def _fact(leaf: Leaf, judged: Compared, checks: Sequence[Mapping[str, Any]]) -> Row:
    looking = looking_at(leaf.path, checks)
    changed = tuple(number for number in looking if number in judged.changed)
    if changed:
        group = min((judged.group(number) for number in changed), key=GROUPS.index)
        means = f"Looked at by {', '.join(changed)}."
        return Row("fact", group, leaf.path, leaf.before, leaf.now, means, "", changed)
    verdicts = {check["id"]: check["verdict"] for check in checks}
    same = [f"{number} {verdicts[number]}" for number in looking if verdicts[number] != "not applicable"]
    means = f"Judged the same: {', '.join(same)}." if same else "No check looks at it."
    return Row("fact", "same", leaf.path, leaf.before, leaf.now, means, "", looking)


def _notes(before: Look, now: Look, judged: Compared, unseen: tuple[str, ...]) -> tuple[str, ...]:
    """What only one of the two looked at or judged, and who looked, where that is somebody else."""
    who = tuple((value(look.facts, "caller") or {}).get("object_id", "nobody") for look in (before, now))
    named = (
        ("Judged now and not then, passing or accepted", judged.only_now),
        ("Judged then and not now", judged.only_before),
        ("Looked at then and not now", unseen),
        ("Signed in then and now", who if who[0] != who[1] else ()),
    )
    return tuple(f"{what}: {', '.join(rows)}." for what, rows in named if rows)


def _few(rows: tuple[Row, ...]) -> str:
    """Checks by their ids, facts by their number."""
    ids = [number for row in rows if row.kind == "check" for number in row.checks]
    facts = sum(row.kind == "fact" for row in rows)
    return ", ".join([*ids, *([f"{facts} fact{'s' if facts > 1 else ''}"] if facts else [])])
