"""Parameter and world files as text, bent in every way that YAML and an editor allow."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from hypothesis import strategies as st

from tests.drills.hostile import texts

DEEP, MANY = 1200, 2000

WORDS = (
    "no", "Yes", "on", "OFF", "true", "~", "null", "", "y", "n",
    "0123", "0o17", "0x0C00", "06000", "0b110000000000", "51:12", "3_072", "+3072", "-3072", "3072.0", "3072.", "3.072e+3", "3.072e3",
    "1_000", "1e3", ".inf", "-.INF", ".nan", "1.0e+400", "12:30", "12:30:45", "190:20:30.15", "2026-11-23", "2026-11-23T10:00:00Z",
    "2026-13-45", "2026-11-23 25:00:00", "9999-12-31", "0001-01-01T00:00:00+14:00", "=", "<<", "3072", "4096", "2048", "vault", "apply",
)  # fmt: skip
TAGGED = (
    "!!str 3072", "!!int '3072'", "!!int 3_072", "!!int x", "!!int ''", "!!int '-'", "!!bool yes", "!!bool maybe", "!!bool ''", "!!float ''",
    "!!float x", "!!float '1e3'", "!!null x", "!!timestamp 2026-11-23", "!!timestamp x", "!!timestamp '2026-99-99'", "!!binary aGVsbG8=",
    "!!binary \u00e9", "!!set {a, b}", "!!omap [a: 1]", "!!omap [a]", "!!pairs [a: 1]", "!!pairs x", "!!map []", "!!seq {}", "!!seq x", "!!str [a]", "!!str {a: b}",
    "!!python/object/apply:os.system [id]", "!!python/name:os.system", "!!python/tuple [a]", "!<tag:yaml.org,2002:python/object:x> {}", "!custom x", "! x", "!<> x",
)  # fmt: skip
SHAPES = (
    "[]", "{}", "[a]", "{a: b}", "{id: wrkspc_01AbCdEf}", "{create: contoso}", "{create: contoso, default: yes}", "{id: [x]}", "[[[[a]]]]", "[delete_lock]",
    "[delete_lock, delete_lock]", "[{check: V27}]", "{? [a] : b}", "{[a]: b}", "{1: 2}", "{null: 1}", "{yes: 1}", "{a: 1, a: 2}", "{<<: {a: 1}}", "{a}",
    "{ranges: [160.79.104.0/21]}", "{ranges: [0/0]}", "{ranges: [::/0]}", "{checked_on: 20261123}", "{checked_on: 2026-W48-1}", "{checked_on: '2026-11-23'}",
)  # fmt: skip
BROKEN = ("[", "]", "{", "}", "'", '"', '"\\q"', "|", ">-", "&a x", "*a", "&a [*a]", "@x", "`x", "%x", "- x", "? x", ": x", "x: y", "x #c", "\tx", '"\\ud800"', '"\\U00110000"', '"\\x1b"', "|\n    x\n    y", "# only a comment", ", x", "!", "'a'b", "a\x00b", "\x1b[31m", "\ufeffx", "a\x85b", "a\u2028b")  # fmt: skip
LARGE = (
    "[" * DEEP + "]" * DEEP,
    "{a: " * DEEP + "}" * DEEP,
    "[" * 60 + "]" * 60,
    "0x" + "f" * 9000,
    "-0x" + "f" * 9000,
    "1" * 5000,
    "1" * 4000,
    "0b" + "1" * 15_000,
    "1" + ":59" * 3000,
    "1" + ":59" * 300 + ".5",
    "[" + "a, " * MANY + "]",
    "{" + ", ".join(f"k{number}" for number in range(MANY)) + "}",
    "[delete_lock" + ", delete_lock" * 1000 + "]",
    "x" * 250_000,
)


def quoted(text: str) -> str:
    """A text in double quotes; what cannot stand in a file as it is, is escaped."""
    whole = "".join(c if c.isprintable() and c not in '"\\' else _escaped(c) for c in text)
    return f'"{whole}"'


def _escaped(c: str) -> str:
    return f"\\x{ord(c):02x}" if ord(c) < 256 else f"\\u{ord(c):04x}" if ord(c) < 65536 else f"\\U{ord(c):08x}"


def _single(text: str) -> str:
    return "'" + text.replace("'", "''") + "'" if all(c.isprintable() for c in text) else quoted(text)


secret = st.sampled_from(texts.SECRETS).flatmap(lambda s: st.sampled_from((s, quoted(s), f"my {s}", f"[{s}]", f"{{a: {quoted(s)}}}", f"{{{quoted(s)}: 1}}", f"!{s} x")))  # fmt: skip
literal = st.one_of(
    st.sampled_from(WORDS),
    st.sampled_from(TAGGED),
    st.sampled_from(SHAPES),
    st.sampled_from(BROKEN),
    texts.hostile.map(quoted),
    texts.hostile.map(_single),
    texts.hostile,
    secret,
    st.integers(0, 3).flatmap(lambda turn: st.sampled_from(LARGE) if turn == 3 else st.sampled_from(WORDS)),
)
"""A value as it is spelled in the file."""
ODD = (*WORDS, *TAGGED, *SHAPES, *BROKEN, *LARGE)


@dataclass
class Draft:
    """A file in the making: what is below its one top-level key, each spelled, and which of it was touched."""

    values: list[tuple[str, str]]
    top: str = "parameters"
    touched: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, values: Mapping[str, object], top: str = "parameters") -> Draft:
        return cls(
            [(name, value if isinstance(value, str) else json.dumps(value)) for name, value in values.items()], top
        )

    def put(self, name: str, spelled: str) -> None:
        """Set a value, or add it at the end."""
        self.touched.add(name)
        at = [number for number, (held, _) in enumerate(self.values) if held == name]
        if at:
            self.values[at[0]] = (name, spelled)
        else:
            self.values.append((name, spelled))

    def text(self, indent: str = "  ") -> str:
        """The file."""
        return f"{self.top}:\n" + "".join(f"{indent}{name}: {value}\n" for name, value in self.values)


@dataclass(frozen=True)
class File:
    """A file's bytes, what in it was touched, and how it was bent as a whole."""

    data: bytes
    touched: frozenset[str]
    bent: str = ""

    def __repr__(self) -> str:
        return f"File(data={self.data[:3000]!r}, {len(self.data)} bytes, {sorted(self.touched)}, {self.bent!r})"


def _inserted(what: bytes, at: float, data: bytes) -> bytes:
    place = int(len(data) * at)
    return data[:place] + what + data[place:]


HARMLESS = ("BOM", "CRLF", "comments", "start mark", "end mark", "wide", "directive")
BENDS = (*HARMLESS, "CR", "tabs", "twice", "two documents", "anchors", "merge", "top twice", "more at the top", "not UTF-8", "UTF-16", "insert", "cut", "flow", "NUL")  # fmt: skip


def bend(draft: Draft, how: str, at: float, junk: bytes) -> bytes:
    """The bytes of a draft, bent in one of the ways."""
    text = draft.text()
    some, value = draft.values[int(at * (len(draft.values) - 1))]
    match how:
        case "BOM":
            return b"\xef\xbb\xbf" + text.encode(errors="surrogatepass")
        case "CRLF" | "CR":
            return text.replace("\n", "\r\n" if how == "CRLF" else "\r").encode(errors="surrogatepass")
        case "comments":
            text = "# {{7*7}} \u0430\n" + text.replace("\n", " # no: yes\n")
        case "start mark" | "end mark":
            text = f"---\n{text}" if how == "start mark" else f"{text}...\n"
        case "directive":
            text = f"%YAML 1.1\n---\n{text}"
        case "wide" | "tabs":
            text = draft.text("        " if how == "wide" else "\t")
        case "twice":
            text += f"  {some}: {value}\n"
        case "two documents":
            text += f"---\n{text}"
        case "anchors":
            text = text.replace("key_name: ", "key_name: &a ", 1).replace(
                "external_key_name: contoso-claude-cmek", "external_key_name: *a"
            )
        case "merge":
            text = f"other: &o\n  {some}: {value}\n" + text + "  <<: *o\n"
        case "top twice":
            text += text
        case "more at the top":
            text += f"{some}: {value}\n"
        case "flow":
            text = f"{draft.top}: {{" + ", ".join(f"{name}: {value}" for name, value in draft.values) + "}\n"
        case "not UTF-8":
            return _inserted(b"\xff\xfe", at, text.encode(errors="surrogatepass"))
        case "UTF-16":
            return text.encode("utf-16", errors="surrogatepass")
        case "NUL":
            return _inserted(b"\x00", at, text.encode(errors="surrogatepass"))
        case "insert":
            return _inserted(junk, at, text.encode(errors="surrogatepass"))
        case "cut":
            return text.encode(errors="surrogatepass")[: int(len(text) * at)]
    return text.encode(errors="surrogatepass")
