"""Each step: how often it was begun and by whom, how it ended, and its executed notebooks."""

from __future__ import annotations

from collections.abc import Sequence

from helpers.evidence.files import PAGES
from helpers.evidence.notebooks import Executed, step_of
from helpers.evidence.report.markup import Html, Shown, code, joined, lines, mark, paragraph, table, tag, text
from helpers.evidence.report.notebook_files import Notebook
from helpers.evidence.report.told import Row, Told

STEPS = ("01_consent", "02_key", "03_rbac", "04_verify", "05_register")
"""The steps of an onboarding, in order. Those that a run did not begin are named all the same."""


def shown(told: Told, notebooks: Sequence[Notebook]) -> Html:
    """The whole part."""
    names = (*STEPS, *(step for step in told.steps if step not in STEPS))
    ended = table("Steps", ("Step", "Begun", "By", "How it ended"), [_row(told, step) for step in names])
    if not notebooks:
        return joined((ended, paragraph("There is no executed notebook in this run.")))
    pages = table("Executed notebooks", ("Notebook", "Step", "Status", "Cells in order"), map(_notebook, notebooks))
    return joined((ended, pages))


def _row(told: Told, step: str) -> tuple[Shown, ...]:
    mine = [row for row in told.rows if row.step == step]
    if not mine:
        return step, "never", "nobody", "not begun in this run"
    times = [row.time for row in mine if row.event == "identity"]
    actors = dict.fromkeys(row.actor for row in mine)
    return step, lines(times or [mine[0].time]), lines(map(code, actors)), _end(mine)


def _end(mine: list[Row]) -> Html:
    """How a step ended the last time; earlier stops are said as well, for they are part of what happened."""
    begun = [row.line for row in mine if row.event == "identity"] or [0]
    last = [row for row in mine if row.line >= begun[-1]]
    earlier = [row for row in mine if row.event == "stopped" and row.line < begun[-1]]
    before = [joined(("Before that it stopped on ", row.time, ": ", _why(row))) for row in earlier]
    return lines((_last(last), *before))


def _last(rows: list[Row]) -> Html:
    ended = [row for row in rows if row.event in ("stopped", "step_finished")]
    if not ended:
        return joined(
            (mark("NOT FINISHED", "wrong"), f": the record of it ends on {rows[-1].time} with “{rows[-1].event}”")
        )
    row = ended[-1]
    if row.event == "stopped":
        return joined((mark("STOPPED", "wrong"), f" on {row.time}: ", _why(row)))
    done = sum(one.event == "receipt" for one in rows)
    made = f"{done} receipt{'s' if done != 1 else ''}" if done else "nothing was changed"
    return joined((mark("finished", "right"), f" on {row.time}; {made}"))


def _why(row: Row) -> Html:
    said = row.at("lines")
    told = [str(line) for line in said] if isinstance(said, list) else []
    return lines((joined((row.word("error"), ", exit code ", row.word("exit_code"))), *told))


def _notebook(one: Notebook) -> tuple[Shown, ...]:
    link, step = tag("a", f"{one.name}.ipynb", href=f"{PAGES}/{one.name}.html"), step_of(one.name)
    if one.executed is None:
        return link, step, mark("CANNOT BE READ", "wrong"), one.why
    kind = {"ok": "right", "error": "wrong"}.get(one.executed.status, "note")
    return link, step, mark(one.executed.status, kind), _order(one.executed)


def _order(executed: Executed) -> Html:
    if not executed.ran:
        return mark("none was run", "note")
    return text("yes") if executed.in_order else mark("NO", "wrong")
