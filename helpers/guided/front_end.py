"""Whether somebody sits at the front end: what asks a person for something is only made where one can answer."""

from __future__ import annotations

from IPython.core.getipython import get_ipython


def takes_input() -> bool:
    """Whether the front end of the running cell takes input. False outside of a kernel.

    A front end says so with every cell that it sends (`allow_stdin` of an execute request). nbclient, papermill and
    nbval say no; JupyterLab says yes. Source: the Jupyter messaging protocol; measured with nbclient 0.11, nbval 0.11.
    """
    kernel = getattr(get_ipython(), "kernel", None)
    if kernel is None:
        return False
    request = kernel.get_parent("shell") or {}
    return (request.get("content") or {}).get("allow_stdin") is True
