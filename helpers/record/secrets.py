"""What a secret looks like, a type that does not show one, and looking for both in a text."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from helpers.record.decoded import readings

SHORTEST = 8
"""A secret in use that is shorter would be found anywhere by chance, so it is not looked for."""
LONGEST_SHOWN = 100
"""A traceback shows a longer value without its middle. Source: pydoc.cram, as IPython's %xmode Verbose uses it."""


@dataclass(frozen=True)
class Shape:
    """What secrets of one kind look like. `mark` is in every one of them, and quick to look for."""

    kind: str
    mark: str
    pattern: re.Pattern[str]


SHAPES = (
    Shape("an Anthropic API key", "sk-ant-", re.compile(r"sk-ant-[A-Za-z0-9_-]{16,}(?:\.\.\.[A-Za-z0-9_-]+)?")),
    Shape(
        "a private key",
        "PRIVATE KEY-----",
        re.compile(
            r"-----BEGIN [A-Z ]*PRIVATE KEY-----"
            r"(?:(?:(?!-----).)*-----END [A-Z ]*PRIVATE KEY-----|[A-Za-z0-9+/=\s]*)",
            re.DOTALL,
        ),
    ),
    Shape("a private key", '"d"', re.compile(r'"d"\s*:\s*"[A-Za-z0-9_-]{43,}"')),  # a JSON web key
    Shape(
        "a token (JWT)",
        "eyJ",
        re.compile(r"eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]*(?:\.[A-Za-z0-9_-]+)*"),
    ),
    Shape("a refresh token", ".Ag", re.compile(r"[01]\.A[\w-]{50,}(?:\.\d)?\.Ag[\w-]{100,}(?:\.A[\w-]+)?", re.ASCII)),
    Shape("a shared access signature", "sig=", re.compile(r"(?<![A-Za-z0-9])sig=[A-Za-z0-9%+/=]{16,}")),
    Shape("a shared access signature", "sig=", re.compile(r"sig=[A-Za-z0-9%+/=]{40,}")),
    Shape("a storage account key", "Key=", re.compile(r"(?:Account|SharedAccess)Key=[A-Za-z0-9+/=]{20,}")),
    Shape("a storage account key", "+ASt", re.compile(r"[A-Za-z0-9+/]{76}\+ASt[A-Za-z0-9+/]{5}[AQgw]==")),
    Shape("an Entra client secret", "Q~", re.compile(r"[A-Za-z0-9_~.-]{3}[0-9]Q~[A-Za-z0-9_~.-]{30,}")),
    Shape("a bearer token", "earer ", re.compile(r"[Bb]earer [A-Za-z0-9._~+/-]{20,}=*")),
    Shape("a password in an address", "://", re.compile(r"://[^\s/:@\"'<>]*:[^\s/@\"'<>]{3,}@")),
)
"""Secrets this suite could meet, whole: nothing of one is left where it is taken out. General scanners miss most.

Sources: Anthropic's documented prefixes; RFC 7468, 7517, 7519; Microsoft's published forms of identifiable keys and of
client secrets; TruffleHog's form of an Entra refresh token.
"""


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


@dataclass(frozen=True)
class Sought:
    """What is looked for in a text: every shape, and the secrets in use, of which only the kind is ever said."""

    known: tuple[tuple[str, str], ...] = field(default=(), repr=False)

    @classmethod
    def of(cls, secrets: Iterable[Secret]) -> Sought:
        """The longest first, so that of a secret in another one nothing is left."""
        values = sorted({secret.reveal() for secret in secrets}, key=lambda value: (-len(value), value))
        whole = [(_kind(value), value) for value in values if len(value) >= SHORTEST]
        cut = [(kind, f"{value[:48]}...{value[-49:]}") for kind, value in whole if len(value) > LONGEST_SHOWN]
        return cls((*whole, *cut))

    def kinds(self, text: str) -> tuple[str, ...]:
        """The kinds of secrets a text holds, as they are or hidden in a form that `decoded` reads."""
        return tuple(dict.fromkeys(kind for reading in readings(text) for kind in self.plain(reading)))

    def plain(self, text: str) -> list[str]:
        """The kinds of secrets a text holds as they are."""
        known = [kind for kind, value in self.known if value in text]
        return known + [shape.kind for shape in SHAPES if shape.mark in text and shape.pattern.search(text)]

    def replaced(self, text: str) -> str:
        """A text without the secrets that it holds as they are."""
        for kind, value in self.known:
            text = text.replace(value, placeholder(kind))
        for shape in SHAPES:
            if shape.mark in text:
                text = shape.pattern.sub(placeholder(shape.kind), text)
        return text


def placeholder(*kinds: str) -> str:
    """What stands where a secret was."""
    return f"(a secret was here: {', '.join(kinds)})"


def looks_like(text: str) -> str | None:
    """What kind of secret a text holds by its shape, or None. A net, not a proof: unknown shapes pass through."""
    return next(iter(Sought().kinds(text)), None)


def _kind(value: str) -> str:
    return next(iter(Sought().plain(value)), "a secret in use")
