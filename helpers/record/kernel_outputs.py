"""The one place that everything a kernel sends goes through: printed text, results, displays, updates, errors, comms.

A kernel puts each message into its wire form with its session's `serialize`. That is where secrets are taken out, so
that neither the page in front of a person nor the executed copy ever has them. As an IPython extension
(`helpers.record.kernel_outputs`) it is there before the first cell of a headless run; `begin` asks for it again, for
notebooks opened by hand and for the secrets that a step fetches.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from helpers.record.in_use import Known, of_environment
from helpers.record.scrubbing import Scrubber
from helpers.record.secrets import Secret

Serialize = Callable[..., list[bytes]]


class Outgoing:
    """Serializes messages without the secrets in their content."""

    def __init__(self, serialize: Serialize, known: Sequence[Known]) -> None:
        self.serialize = serialize
        self.known = known

    def __call__(self, message: dict[str, Any], ident: Any = None) -> list[bytes]:
        scrubber = Scrubber(self._all_known)
        return self.serialize({**message, "content": scrubber.content(message.get("content"))}, ident)

    def _all_known(self) -> Sequence[Secret]:
        return [secret for known in self.known for secret in known()]


def scrub(session: Any, known: Known) -> None:
    """From now on, what a kernel's session sends has neither these secrets nor anything shaped like one in it."""
    before = session.serialize
    if not isinstance(before, Outgoing):
        session.serialize = Outgoing(before, [known])
    elif known not in before.known:
        session.serialize = Outgoing(before.serialize, [*before.known, known])


def scrub_this_kernel(known: Known) -> None:
    """The same for the kernel that this runs in. Outside of a kernel there is nothing to do."""
    from IPython.core.getipython import get_ipython

    session = getattr(getattr(get_ipython(), "kernel", None), "session", None)
    if session is not None:
        scrub(session, known)


def load_ipython_extension(shell: Any) -> None:
    """What `%load_ext` and a kernel's `--ext` call."""
    scrub(shell.kernel.session, of_environment)
