"""How pages look: on a screen in light and dark, narrow and wide, and on paper. All colours are in two palettes."""

from __future__ import annotations

from collections.abc import Mapping

LIGHT: Mapping[str, str] = {
    "ink": "#1b1d21",
    "paper": "#ffffff",
    "quiet": "#555b66",
    "shade": "#f3f4f6",
    "line": "#8a909c",
    "link": "#0b4fb3",
    "right": "#146c2e",
    "wrong": "#b3131f",
    "note": "#7a4a00",
    "alarm": "#ffffff",
    "alarm-paper": "#9b1c31",
}
DARK: Mapping[str, str] = {
    "ink": "#e8eaed",
    "paper": "#15171b",
    "quiet": "#aab0bb",
    "shade": "#22252b",
    "line": "#7d8490",
    "link": "#8ab4f8",
    "right": "#7ddc95",
    "wrong": "#ff9a94",
    "note": "#f2c062",
    "alarm": "#ffffff",
    "alarm-paper": "#9b1c31",
}


def _palette(colours: Mapping[str, str]) -> str:
    return "".join(f"--{name}:{value};" for name, value in colours.items())


CSS = f"""
:root{{color-scheme:light dark;{_palette(LIGHT)}}}
@media screen and (prefers-color-scheme:dark){{:root{{{_palette(DARK)}}}}}
*{{box-sizing:border-box}}
body{{margin:0;background:var(--paper);color:var(--ink);font:16px/1.5 system-ui,"Segoe UI",Roboto,Arial,sans-serif}}
main,.top{{max-width:78rem;margin:0 auto;padding:0 1.25rem}}
main{{padding-bottom:4rem}}
.banner{{position:sticky;top:0;z-index:1;background:var(--alarm-paper);color:var(--alarm)}}
.banner{{padding:.5rem 1.25rem;font-weight:700}}
h1{{font-size:1.7rem;line-height:1.25;margin:1.5rem 0 .25rem}}
h2{{font-size:1.3rem;margin:2.75rem 0 .5rem;padding-top:.75rem;border-top:2px solid var(--line);scroll-margin-top:3rem}}
h3{{font-size:1.08rem;margin:1.75rem 0 .4rem}}
h4,h5,h6{{font-size:1rem;margin:1.25rem 0 .3rem}}
p{{margin:.5rem 0}}
p,li{{max-width:56rem}}
ul,ol{{margin:.5rem 0;padding-left:1.5rem}}
a{{color:var(--link)}}
blockquote{{margin:.75rem 0;padding:.1rem 1rem;border-left:4px solid var(--line)}}
.result{{border:2px solid var(--line);border-left-width:10px;padding:.75rem 1.1rem;margin:1rem 0;font-size:1.12rem}}
.result p{{margin:.25rem 0}}
.quiet{{color:var(--quiet)}}
.right{{color:var(--right)}}
.wrong{{color:var(--wrong)}}
.note{{color:var(--note)}}
.wide{{overflow-x:auto;margin:1rem 0 1.5rem}}
table{{border-collapse:collapse;width:100%;font-size:.9rem;line-height:1.4}}
caption{{text-align:left;font-weight:600;padding:.25rem 0 .4rem}}
th,td{{text-align:left;vertical-align:top;padding:.35rem .6rem;border:1px solid var(--line);overflow-wrap:break-word}}
.long{{overflow-wrap:anywhere;min-width:8rem}}
th:has(code),td:has(code){{min-width:11rem}}
time span{{white-space:nowrap}}
thead th{{background:var(--shade)}}
tbody th{{font-weight:600}}
.pairs tbody th{{width:14rem}}
code,pre{{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace}}
code,pre{{font-size:.86em;unicode-bidi:isolate}}
code{{overflow-wrap:anywhere}}
pre{{background:var(--shade);border:1px solid var(--line);padding:.6rem .8rem;margin:.5rem 0 1rem}}
pre{{white-space:pre-wrap;overflow-wrap:anywhere}}
pre code{{font-size:1em}}
summary{{cursor:pointer;color:var(--quiet);overflow-wrap:anywhere}}
details{{margin:.5rem 0}}
.cell{{margin:.75rem 0}}
.output{{border-left:4px solid var(--line);padding-left:1rem;margin:.5rem 0 1.25rem}}
td ul{{margin:0;padding-left:1rem}}
td li{{margin:0 0 .35rem;max-width:none}}
.heading{{font-weight:700}}
@media (max-width:45rem){{
body{{font-size:15px}}
main,.top{{padding:0 .8rem}}
.pairs tbody th{{width:8rem}}
}}
@page{{margin:14mm 12mm 16mm;@bottom-right{{content:"Page " counter(page) " of " counter(pages);font:8pt sans-serif}}}}
@media print{{
body{{font-size:10pt}}
.banner{{position:static;print-color-adjust:exact;-webkit-print-color-adjust:exact}}
main,.top{{max-width:none;padding:0}}
.wide{{overflow:visible}}
table{{font-size:8pt}}
th,td,.long{{min-width:0;padding:.2rem .35rem}}
th:has(code),td:has(code){{min-width:6.5rem}}
tr,pre,.result{{break-inside:avoid}}
h2,h3,caption{{break-after:avoid}}
thead{{display:table-header-group}}
details::details-content{{content-visibility:visible;block-size:auto}}
}}
"""
REHEARSAL_CSS = """
@page{@top-center{content:"REHEARSAL: nothing in this record is real";font:bold 9pt sans-serif}}
"""
