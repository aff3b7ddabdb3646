"""Markdown cells as HTML: by mistune, with raw HTML escaped, links shown as text and nothing loaded."""

from __future__ import annotations

from typing import Any

from mistune import HTMLRenderer, create_markdown

from helpers.evidence.report.markup import Html, tag, text, visible

_LOWEST = 6


class _Prose(HTMLRenderer):
    """Writes headings one level down (a page has one h1), and tables with a caption and without empty headers."""

    def __init__(self) -> None:
        super().__init__(escape=True)
        self._heading = "Table"

    def heading(self, text: str, level: int, **attrs: Any) -> str:
        self._heading = text
        return f"<h{min(level + 1, _LOWEST)}>{text}</h{min(level + 1, _LOWEST)}>\n"

    def link(self, text: str, url: str, title: str | None = None) -> str:
        return text if text == url else f"{text} ({tag('code', url)})"

    def image(self, text: str, url: str, title: str | None = None) -> str:
        return f"(an image, not shown: {text})"

    def table(self, text: str) -> str:
        caption = f'<caption class="quiet">{self._heading}</caption>'
        return f'<div class="wide" tabindex="0"><table>{caption}{text}</table></div>\n'

    def table_head(self, text: str) -> str:
        return f"<thead><tr>{text}</tr></thead>" if "<th" in text else ""

    def table_cell(self, text: str, align: str | None = None, head: bool = False) -> str:
        return f'<th scope="col">{text}</th>' if head and text.strip() else f"<td>{text}</td>"


def prose(source: str) -> Html:
    """A Markdown cell as HTML."""
    written = create_markdown(renderer=_Prose(), plugins=["table"])(visible(source))
    return Html(written) if isinstance(written, str) else text(source)
