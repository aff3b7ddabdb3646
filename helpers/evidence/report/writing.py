"""Writing the pages of a run: the report, and one page for each executed notebook."""

from __future__ import annotations

from helpers.evidence import files
from helpers.evidence.files import PAGES, REPORT
from helpers.record.runs import Run


def write(run: Run) -> None:
    """Write report.html and html/ into a run's folder, from its ledger and its notebooks alone.

    Raises NotARecord and Unreadable for a ledger that does not say what it must.
    """
    for name, data in pages(run).items():
        path = run.folder / name
        path.parent.mkdir(exist_ok=True)
        files.write(path, data)


def pages(run: Run) -> dict[str, bytes]:
    """The pages by their names in the run's folder."""
    from helpers.evidence.report.notebook_files import found  # here, so that sealing pays for it only where it writes
    from helpers.evidence.report.notebook_page import notebook_page
    from helpers.evidence.report.report import report
    from helpers.evidence.report.told import read

    told, notebooks = read(run.ledger), found(run.folder)
    drawn = {f"{PAGES}/{one.name}.html": notebook_page(one, told.world) for one in notebooks}
    return {**drawn, REPORT: report(told, notebooks)}
