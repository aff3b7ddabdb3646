"""Verdicts that differ: before, now, what that means for the data, and how to mend it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

Json = Mapping[str, Any]
Group = Literal["use", "safety", "hygiene", "same", "better"]
GROUPS: tuple[Group, ...] = ("use", "safety", "hygiene", "same", "better")
"""In the order they are told: first what keeps Anthropic from the key, last what got better."""

_JUDGED = ("pass", "fail", "unknown", "accepted")
_NOT_JUDGED: Json = {"verdict": "not judged"}
_FAILS = {
    "use": "Use: it can keep Anthropic from using the key, now or soon, and without the key the data cannot be read.",
    "safety": "Safety: the key or the data could be lost, or used by others.",
    "hygiene": "Hygiene: neither use nor safety hangs on it, but it is not as it should be.",
}
_UNREAD = {
    "use": "Use: whether Anthropic can use the key hangs on it, and it is not known now.",
    "safety": "Safety: whether the key or the data could be lost, or used by others, hangs on it; it is not known now.",
    "hygiene": "Hygiene: neither use nor safety hangs on it, and it is not known now.",
}


@dataclass(frozen=True)
class Row:
    """One thing that differs: a check's verdict, or a fact. `checks` are those it is about or that look at it."""

    kind: Literal["check", "fact"]
    group: Group
    what: str
    before: str
    now: str
    means: str
    mend: str
    checks: tuple[str, ...]


@dataclass(frozen=True)
class Compared:
    """Every verdict that differs, told in rows and by number, and the ids of what only one of the two judged."""

    rows: tuple[Row, ...]
    changed: Mapping[str, tuple[str, str]]
    """Check id to the verdicts before and now."""
    only_now: tuple[str, ...]
    only_before: tuple[str, ...]

    def group(self, check: str) -> Group:
        """How the change of a check's verdict is grouped."""
        return next(row.group for row in self.rows if check in row.checks)


def compared(before: Iterable[Json], now: Iterable[Json]) -> Compared:
    """Two sets of verdicts as JSON, by check. What is not right now counts, even where it was not judged before."""
    then = {row["id"]: row for row in before if row["verdict"] in _JUDGED}
    today = {row["id"]: row for row in now if row["verdict"] in _JUDGED}
    new = [number for number, row in today.items() if number not in then and row["verdict"] in ("pass", "accepted")]
    differ = [
        (then.get(number, _NOT_JUDGED), row)
        for number, row in today.items()
        if number not in new and then.get(number, _NOT_JUDGED)["verdict"] != row["verdict"]
    ]
    unread = [(was, row) for was, row in differ if row["verdict"] == "unknown"]
    alone = [pair for pair in differ if pair not in unread]
    alone.sort(key=lambda pair: bool(pair[1]["verdict"] != "fail"))
    return Compared(
        rows=(*(_row(was, row) for was, row in alone), *_unread_rows(unread)),
        changed={row["id"]: (was["verdict"], row["verdict"]) for was, row in differ},
        only_now=tuple(new),
        only_before=tuple(number for number in then if number not in today),
    )


def _row(was: Json, now: Json) -> Row:
    group = _group(was, now)
    return Row(
        kind="check",
        group=group,
        what=f"{now['id']} {now['title']}",
        before=_told(was),
        now=_told(now),
        means=_means(was, now, group),
        mend="" if now["verdict"] == "pass" else str(now["mend"]),
        checks=(now["id"],),
    )


def _unread_rows(pairs: list[tuple[Json, Json]]) -> tuple[Row, ...]:
    """What could not be read any more: those that one reason and one way to mend it are common to, in one row."""
    together: dict[tuple[Group, str, str], list[tuple[Json, Json]]] = {}
    for was, now in pairs:
        together.setdefault((now["effect"], _told(now), str(now["mend"])), []).append((was, now))
    return tuple(
        Row(
            kind="check",
            group=group,
            what="\n".join(f"{now['id']} {now['title']}" for _, now in rows),
            before="\n".join(dict.fromkeys(was["verdict"] for was, _ in rows)),
            now=told,
            means=_UNREAD[group],
            mend=mend,
            checks=tuple(now["id"] for _, now in rows),
        )
        for (group, told, mend), rows in together.items()
    )


def _group(was: Json, now: Json) -> Group:
    accepted = now["verdict"] == "accepted" and was["verdict"] in ("fail", "unknown")
    group: Group = "better" if now["verdict"] == "pass" or accepted else now["effect"]
    return group


def _means(was: Json, now: Json, group: Group) -> str:
    by = now.get("accepted")
    if now["verdict"] == "accepted" and by:
        covered = f"Accepted by {by['owner']} until {by['expires']}: {by['reason']}."
        return f"{covered} That does not mend it." if group == "better" else f"{_FAILS[now['effect']]} {covered}"
    if group == "better":
        return "Better: it passes now."
    ended = " It was accepted, and that no longer counts." if was["verdict"] == "accepted" else ""
    return f"{_FAILS[now['effect']]} {now['why']}{ended}"


def _told(row: Json) -> str:
    """A verdict with what was seen; loud, with its weight, where it is not right."""
    verdict = row["verdict"]
    if row is _NOT_JUDGED:
        return str(verdict)
    loud = f"{verdict.upper()} ({row['severity']})" if verdict in ("fail", "unknown") else verdict
    return f"{loud}: {row['seen']}"
