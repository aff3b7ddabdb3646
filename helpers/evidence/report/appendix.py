"""What the run worked with: parameters, the suite, the rights looked at beforehand, and every fact as last read."""

from __future__ import annotations

from helpers.evidence.report.facts import names_read, objects, title_of
from helpers.evidence.report.markup import Html, Shown, bullets, code, joined, lines, mark, paragraph, table, text
from helpers.evidence.report.told import Row, Told, are_rows, outcome, rows_of, words


def shown(told: Told) -> Html:
    """The whole part."""
    return joined((_parameters(told), _suite(told), *_rights(told), *_facts(told)))


def _parameters(told: Told) -> Html:
    """Those of every part of the run; where parts differ, each part's own."""
    parts = [row.at("parameters") for row in told.begun]
    names = dict.fromkeys(name for given in parts if isinstance(given, dict) for name in given)
    rows: list[tuple[Shown, ...]] = []
    for name in names:
        said = [words(given.get(name)) if isinstance(given, dict) else "not recorded" for given in parts]
        one = len(set(said)) == 1
        rows.append(
            (name, said[0] if one else lines(f"{row.time}: {v}" for row, v in zip(told.begun, said, strict=True)))
        )
    times = ", ".join(row.time for row in told.begun)
    return table(f"Parameters, as the run was begun with on {times}", ("Parameter", "Value"), rows, "pairs")


def _suite(told: Told) -> Html:
    said = told.run.suite
    if said is None:
        return paragraph("This record does not say which version of the suite made it.")
    packages = said.get("packages")
    rows: list[tuple[Shown, ...]] = [
        (name.replace("_", " "), code(_known(said.get(name)))) for name in said if name != "packages"
    ]
    listed = [f"{name} {_known(version)}" for name, version in packages.items()] if isinstance(packages, dict) else []
    rows.append(("packages", ", ".join(listed) or "not known"))
    return table("The suite that made this record", ("What", "As recorded"), rows, "pairs")


def _known(value: object) -> str:
    return "not known" if value is None else words(value)


def _rights(told: Told) -> tuple[Html, ...]:
    found = [row for row in told.of("facts") if isinstance(row.at("preflight"), dict)]
    return tuple(_looked(row) for row in found)


def _looked(row: Row) -> Html:
    title = f"Rights looked at on {row.time} in {row.step}"
    if not are_rows(row.at("preflight", "rows")):
        return paragraph(f"{title}: ", mark("CANNOT BE READ", "wrong"))
    rows = [
        (
            words(right.get("steps")),
            words(right.get("right")),
            words(right.get("for")),
            _have(words(right.get("have"))),
            ", ".join(words(right[name]) for name in ("role", "scope", "note", "reason") if right.get(name)),
        )
        for right in rows_of(row.at("preflight", "rows"))
    ]
    return table(title, ("Step", "Right", "For", "There", "By"), rows) if rows else paragraph(f"{title}: none.")


def _have(said: str) -> Html:
    return mark(said, {"yes": "right", "no": "wrong"}.get(said, "note"))


def _facts(told: Told) -> tuple[Html, ...]:
    """Every fact as it was last read."""
    rows = [_fact(told, name) for name in names_read(told)]
    return (
        (table("Everything that was read, as last read", ("What", "As last read", "On (UTC)", "In"), rows),)
        if rows
        else ()
    )


def _fact(told: Told, name: str) -> tuple[Shown, ...]:
    row, found = list(told.facts(name))[-1]
    if found.get("outcome") == "known" and found.get("value") not in (None, []):
        said: Shown = bullets(_object(label, properties) for label, properties in objects(found).items())
    else:
        said = mark(outcome(found), "wrong") if outcome(found).startswith("UNKNOWN") else outcome(found)
    return title_of(name), said, row.time, row.step


def _object(label: str, properties: dict[str, str]) -> Html:
    others = {name: value for name, value in properties.items() if value != label}
    told = "; ".join(f"{name}: {value}" if name else value for name, value in others.items())
    return joined((code(label), f": {told}" if told else "")) if label else text(told)
