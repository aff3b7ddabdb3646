"""What a secret looks like, and a type that does not show one."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

SHAPES: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("an Anthropic API key", re.compile(r"sk-ant-[A-Za-z0-9_-]{16,}")),
    ("a private key", re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----")),
    ("a token (JWT)", re.compile(r"\beyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\.")),
    ("a shared access signature", re.compile(r"[?&]sig=[A-Za-z0-9%+/=]{16,}")),
    ("a storage account key", re.compile(r"AccountKey=[A-Za-z0-9+/=]{20,}")),
    ("an Entra client secret", re.compile(r"\b[A-Za-z0-9_~.-]{3}8Q~[A-Za-z0-9_~.-]{30,}")),
    ("a bearer token", re.compile(r"\b[Bb]earer [A-Za-z0-9._~+/-]{20,}")),
)
"""Names and shapes of secrets this suite could meet. Own patterns: general scanners miss most of these."""


def looks_like(text: str) -> str | None:
    """What kind of secret a text holds, or None. A net, not a proof: unknown shapes pass through."""
    return next((name for name, shape in SHAPES if shape.search(text)), None)


@dataclass(frozen=True)
class Secret:
    """A secret value; its repr and str are masked, and it is read only where it is sent."""

    _value: str = field(repr=False)

    def reveal(self) -> str:
        """The value itself, for the one call that needs it."""
        return self._value

    def __str__(self) -> str:
        return "(secret)"

    def __repr__(self) -> str:
        return "Secret(…)"
