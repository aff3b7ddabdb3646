"""The shipped notebooks executed in this process: real code, real displays, a real ledger, and no kernel."""

from __future__ import annotations

import ast
import copy
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from helpers.evidence.report.steps import STEPS
from helpers.record.ledger import Ledger
from helpers.record.suite import suite
from tests.services.rehearsed import ROOT, Rehearsed, given


def line(run: Path, inside: Rehearsed, event: Any, **said: Any) -> None:
    """A line of the run as a whole, as the commands write it."""
    actor = inside.state.identities["operator"].object_id
    Ledger(run / "ledger.jsonl", run.name, "run", lambda: datetime(2026, 11, 23, 9, tzinfo=UTC), actor).write(
        event, **said
    )


def begun(run: Path, world: Rehearsed, **changes: Any) -> None:
    """A run's folder and its first line."""
    (run / "notebooks").mkdir(parents=True)
    (run / "ledger.jsonl").touch()
    said = given(**changes).model_dump(mode="json")
    line(run, world, "run_started", cloud="rehearsal", world=world.world.id, parameters=said, suite=suite())


def execute(run: Path, step: str) -> None:
    """One notebook from its source into the run's folder; the working directory has to be the run's notebooks."""
    notebook = json.loads((ROOT / "notebooks" / f"{step}.ipynb").read_text())
    names: dict[str, Any] = {}
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    for count, cell in enumerate(cells, 1):
        shown = _last(ast.parse("".join(cell["source"])), names)
        cell["execution_count"], cell["outputs"] = count, [] if shown is None else [_result(count, shown)]
    executed = copy.deepcopy(notebook)
    executed["metadata"]["papermill"] = {"start_time": f"2026-11-23T09:0{STEPS.index(step)}:00.000000"}
    (run / "notebooks" / f"{step}.ipynb").write_text(json.dumps(executed))


def _last(tree: ast.Module, names: dict[str, Any]) -> Any:
    """Run a cell; the value of its last expression, as a kernel shows it."""
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, "<cell>", "exec"), names)
    return eval(compile(ast.Expression(last.value), "<cell>", "eval"), names) if isinstance(last, ast.Expr) else None


def _result(count: int, shown: Any) -> dict[str, Any]:
    data = json.loads(json.dumps(shown._repr_mimebundle_()))
    return {"output_type": "execute_result", "execution_count": count, "metadata": {}, "data": data}
