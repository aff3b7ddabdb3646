"""The report as a whole: its parts in their order."""

from __future__ import annotations

from collections.abc import Sequence

from helpers.evidence.report import (
    appendix,
    approvals,
    decision,
    objects,
    permanent,
    steps,
    timeline,
    undo_page,
    verdicts,
    verifying,
)
from helpers.evidence.report.markup import Html, joined, section, tag
from helpers.evidence.report.notebook_files import Notebook
from helpers.evidence.report.page import page
from helpers.evidence.report.told import Told

PARTS = (
    ("decision", "Decision", decision.shown),
    ("approvals", "Who approved what, and how sure this is", approvals.shown),
    ("objects", "Before and after", objects.shown),
    ("verdicts", "Verdicts", verdicts.shown),
    ("timeline", "Everything that happened, in order", timeline.shown),
    ("permanent", "What cannot be undone", permanent.shown),
    ("undo", "Undo sheet", undo_page.shown),
    ("verify", "How to check this record", verifying.shown),
    ("appendix", "What the run worked with", appendix.shown),
)


def report(told: Told, notebooks: Sequence[Notebook]) -> bytes:
    """The bytes of report.html."""
    title = f"Key {told.given('key_name')} in {told.given('vault_name')}: record of run {told.run.run}"
    drawn = [section(name, heading, shown(told)) for name, heading, shown in PARTS]
    drawn.insert(1, section("steps", "Steps and notebooks", steps.shown(told, notebooks)))
    return page(title, told.world, tag("h1", title), _contents(), *drawn)


def _contents() -> Html:
    names = [("decision", "Decision"), ("steps", "Steps and notebooks"), *((n, t) for n, t, _ in PARTS[1:])]
    links = joined((tag("a", title, href=f"#{name}") for name, title in names), " · ")
    return tag("nav", tag("p", links, class_="quiet"), aria_label="Contents")
