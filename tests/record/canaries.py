"""Secrets to be looked for, one of every kind, and the forms in which one may stand somewhere. None is anybody's."""

from __future__ import annotations

import base64
import html
import json
import random
import string
import textwrap
from collections.abc import Callable
from urllib.parse import quote

WORDS = string.ascii_letters + string.digits


def _made(length: int, letters: str = WORDS, seed: int = 1) -> str:
    return "".join(random.Random(seed).choices(letters, k=length))


def _part(said: str) -> str:
    return base64.urlsafe_b64encode(said.encode()).decode().rstrip("=")


SHAPED = {
    "an Anthropic API key": f"sk-ant-admin01-{_made(93)}AA",
    "a token (JWT)": f"{_part(json.dumps({'typ': 'JWT', 'alg': 'RS256', 'kid': _made(27)}))}."
    f"{_part(json.dumps({'aud': 'https://vault.azure.net', 'oid': _made(36)}))}.{_made(342)}",
    "a refresh token": f"1.A{_made(86)}.Ag{_made(700)}",
    "an Entra client secret": f"{_made(3)}8Q~{_made(34)}",
    "a shared access signature": f"sig={_made(43)}%3D",
    "a storage account key": f"AccountKey={_made(86)}==",
    "a private key": f"-----BEGIN PRIVATE KEY-----\n{textwrap.fill(_made(800), 64)}\n-----END PRIVATE KEY-----",
    "a bearer token": f"Bearer {_made(40)}",
    "a password in an address": f"https://{_made(5)}:{_made(12)}@proxy.invalid:3128",
}
"""Of each kind that is recognised by its shape, one."""

KNOWN = {
    "a password": "Tr0ub4dor&3 <horse>",
    "the shortest": "hunter2x",
    "a long one": _made(120, seed=2),
    "with quotes": 'it\'s "so" \\ secret/now',
    "as a rehearsal has it": "rehearsal-only-operator-secret",
}
"""Of no kind: they are found only by who knows them."""


def _pieces(text: str, size: int, between: str) -> str:
    return between.join(text[start : start + size] for start in range(0, len(text), size))


def _b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


Form = Callable[[str], str]
ESCAPED: dict[str, Form] = {
    "JSON": json.dumps,
    "JSON in JSON": lambda text: json.dumps({"said": json.dumps([text])}),
    "JSON, every letter": lambda text: "".join(f"\\u{ord(letter):04x}" for letter in text),
    "Python's repr of bytes": lambda text: repr(text.encode("utf-16-le")),
    "HTML": html.escape,
    "HTML, every letter": lambda text: "".join(f"&#{ord(letter)};" for letter in text),
    "HTML, every letter, in hex": lambda text: "".join(f"&#x{ord(letter):X};" for letter in text),
    "HTML of JSON": lambda text: html.escape(json.dumps(text)),
    "percent-encoding": lambda text: quote(text, safe=""),
    "percent-encoding, every letter": lambda text: "".join(f"%{ord(letter):02X}" for letter in text),
    "percent-encoding, twice": lambda text: quote(quote(text, safe=""), safe=""),
    "base64": _b64,
    "base64url": lambda text: base64.urlsafe_b64encode(text.encode()).decode().rstrip("="),
    "base64 of user:secret": lambda text: _b64(f"ada:{text}"),
    "base64url of user:secret": lambda text: base64.urlsafe_b64encode(f"ad:{text}".encode()).decode(),
    "base64 over lines": lambda text: base64.encodebytes(text.encode()).decode(),
    "base64 in a word": lambda text: "AuthBasic" + _b64(text),
    "base64 of base64": lambda text: _b64(_b64(text)),
    "base64 in JSON in HTML": lambda text: html.escape(json.dumps({"header": f"Basic {_b64('x:' + text)}"})),
    "hex": lambda text: text.encode().hex(),
    "UTF-16": lambda text: text.encode("utf-16").decode("latin-1"),
    "ANSI": lambda text: f"\x1b[31m{_pieces(text, 5, chr(27) + '[1;32m')}\x1b[0m",
    "ANSI in JSON": lambda text: json.dumps(_pieces(text, 5, "\x1b[39m")),
    "tags": lambda text: "<span>" + _pieces(html.escape(text), 200, '</span><span class="x">') + "</span>",
}
SPLIT: dict[str, Form] = {
    "lines": lambda text: _pieces(text, 20, "\n"),
    "indented lines": lambda text: _pieces(text, 20, "\r\n    "),
    "lines in JSON": lambda text: json.dumps(_pieces(text, 20, "\n")),
    "tags between letters": lambda text: "<b>" + _pieces(text, 3, "</b><b>") + "</b>",
}
"""Forms that take a secret apart wherever it is: for secrets of letters and digits."""

FORMS: dict[str, Form] = {"as it is": str, **ESCAPED}
