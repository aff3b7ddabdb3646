"""Showing an approval in a notebook, and the form for one that is missing. Outside a notebook nothing is shown."""

from __future__ import annotations

from collections.abc import Callable

from helpers.approval import Approval
from helpers.guided.front_end import takes_input


def show(approval: Approval, *, permanent: bool, answer: Callable[[str], Approval]) -> None:
    """Show an approval; one that is missing as a form, where a front end can show it and somebody can answer.

    One that takes signatures cannot be given by hand, so there is no form for it.
    """
    from IPython.core.getipython import get_ipython

    if get_ipython() is None:
        return
    if approval.granted or approval.signed or not takes_input():
        from IPython.display import display

        display(approval)
        return
    from helpers.guided import approval_form  # ipywidgets takes a moment, and is not needed headless

    approval_form.show(approval, permanent, answer)
