"""A whole page: one file, nothing loaded, no script, REHEARSAL before everything else where it is one."""

from __future__ import annotations

import base64
import hashlib
from html import escape

from helpers.evidence.report.markup import Html, Shown, joined, tag, visible
from helpers.evidence.report.style import CSS, REHEARSAL_CSS


def page(title: str, world: str | None, *inner: Shown) -> bytes:
    """The bytes of a page. `world` is the rehearsal it is about, or None for a live run."""
    style = CSS + (REHEARSAL_CSS if world is not None else "")
    named = f"REHEARSAL: {title}" if world is not None else title
    head = (
        '<meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_policy(style)}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark">'
        '<meta name="referrer" content="no-referrer">'
        f"<title>{escape(visible(named, kept=''))}</title><style>{style}</style>"
    )
    body = joined((*_banner(world), tag("main", *inner)))
    return f'<!DOCTYPE html>\n<html lang="en"><head>{head}</head>\n<body>{body}</body></html>\n'.encode()


def _banner(world: str | None) -> tuple[Html, ...]:
    if world is None:
        return ()
    said = f"REHEARSAL ({world}): a cloud on one machine. Nothing in this record is real."
    return (tag("header", said, class_="banner"),)


def _policy(style: str) -> str:
    """Nothing may be loaded, run or sent; the one style is named by its digest."""
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
