"""What goes wrong on order; what comes of it is in faults.py."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, PrivateAttr, model_validator

from helpers.rehearsal.state.part import Part

ANY = "*"
"""As an operation: every one but those of Entra, which clients ask in numbers of their own."""


class Fault(Part):
    """What requests of one operation meet instead of, or after, being carried out. What each field does: faults.py.

    It is one of seven kinds: a reply with `status` or `body`, `content_type`, `challenge`, `reset`, `hold`, or the true
    reply that only comes late (`delay_seconds`) or slowly (`drip_seconds`). The last two go with other kinds as well.
    """

    operation: str
    """As COVERAGE.md names it, or ANY."""
    skip: int = Field(default=0, ge=0)
    """So many good ones first; every request of the operation counts."""
    times: int | None = Field(default=None, ge=1)
    """None: for ever."""
    status: int | None = Field(default=None, ge=200, le=599)
    code: str = ""
    message: str = ""
    retry_after: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    """Seconds, for the header Retry-After."""
    body: Literal["error", "nonsense", "empty", "truncated", "malformed", "wrong_type"] = "error"
    content_type: str | None = Field(default=None, pattern=r"^[!-~]([ -~]*[!-~])?$")
    """Of the true reply, in the place of its own."""
    challenge: Literal["claims", "expired"] | None = None
    """401 for a token that is no longer enough, or no longer good."""
    carried_out: bool = False
    """Whether the request takes effect before the fault answers."""
    delay_seconds: float = Field(default=0, ge=0, le=3600)
    drip_seconds: float = Field(default=0, ge=0, le=3600)
    """How long it takes to write the reply, in small pieces."""
    reset: bool = False
    """The connection is closed without a reply."""
    hold: bool = False
    """The request is parked until it is released; then the connection is closed without a reply."""
    _met: int = PrivateAttr(default=0)

    @model_validator(mode="after")
    def _is_of_one_kind(self) -> Self:
        given = {
            "a status or a body": self._made_up,
            "content_type": self.content_type is not None,
            "challenge": self.challenge is not None,
            "reset": self.reset,
            "hold": self.hold,
        }
        kinds = [kind for kind, is_given in given.items() if is_given]
        if len(kinds) > 1:
            raise ValueError(f"a fault is of one kind: {' and '.join(kinds)} exclude each other")
        if not kinds and not self.delay_seconds and not self.drip_seconds:
            kinds_there_are = "content_type, challenge, delay_seconds, drip_seconds, reset or hold"
            raise ValueError(f"a fault needs a status, a body other than error, {kinds_there_are}")
        return self

    @model_validator(mode="after")
    def _has_what_fits_its_kind(self) -> Self:
        """What would be passed over in silence is refused, as it was meant to do something."""
        if (self.code or self.message) and (self.status is None or self.body != "error"):
            raise ValueError("code and message are those of an error: they need a status and no other body")
        if self.retry_after is not None and not self._made_up:
            raise ValueError("retry_after needs a status or a body other than error")
        if self.challenge is not None and self.carried_out:
            raise ValueError("a challenge comes before a request is carried out")
        if self.drip_seconds and self.sends_nothing:
            raise ValueError("drip_seconds needs a reply: a reset and a hold send none")
        if self.delay_seconds and self.hold:
            raise ValueError("a hold lasts until it is released: it has no delay_seconds")
        return self

    @property
    def _made_up(self) -> bool:
        """Whether it has a status or a body of its own."""
        return self.status is not None or self.body != "error"

    @property
    def sends_nothing(self) -> bool:
        """Whether the connection ends without a reply."""
        return self.reset or self.hold

    @property
    def replies_truly(self) -> bool:
        """Whether what it sends is the true reply, spoilt, late or slow."""
        if self.sends_nothing or self.challenge is not None:
            return False
        return self.body in ("truncated", "malformed") or not self._made_up

    def meets(self, *, can: bool = True) -> bool:
        """Whether a request of its operation, which this counts, meets it.

        One that cannot meet it (a challenge needs a token) leaves it to the next, so that none of `times` is lost.
        """
        if self._met >= self.skip and not can:
            return False
        self._met += 1
        return self.skip < self._met and (self.times is None or self._met <= self.skip + self.times)
