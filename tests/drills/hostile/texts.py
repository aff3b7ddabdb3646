"""Texts that somebody may put where a plain name belongs."""

from __future__ import annotations

from hypothesis import strategies as st

LOOK_ALIKES = (
    "kv-c\u043entoso-claude",  # Cyrillic o
    "\u0430\u0440\u0440\u04cf\u0435",
    "\uff11\uff11111111-2222-4333-8444-555555555555",  # full-width digits
    "\u0661\u0661111111-2222-4333-8444-555555555555",  # Arabic-Indic digits
    "log-\u212aontoso",  # the Kelvin sign
    "Micro\u017foft",  # the long s
    "rg\u200dclaude",  # a joiner nobody sees
    "rg\u034fclaude",
    "rg-claude\ufe0f",
    "contoso\u00a0cmek",  # a space that is not the plain one
    "contoso\u3000cmek",
    "contoso\u2010cmek",
    "contoso\u00adcmek",  # soft hyphen
)
HIDDEN = (
    "user\u202etxt.exe",
    "a\u2066b\u2069c",
    "a\u061cb",
    "a\u200bb",
    "a\u2060b",
    "a\u180eb",
    "a\ufeffb",
    "a\ufff9b\ufffbc",
    "a\U000e0041\U000e007fb",
    "a\u2028b",
    "a\x85b",
    "a\ud800b",
)
TERMINAL = (
    "\x1b[31mred\x1b[0m",
    "\x1b]0;title\x07",
    "\x1b]8;;http://x\x1b\\click\x1b]8;;\x1b\\",
    "\x9b2J",
    "a\rb",
    "a\x08b",
    "a\x00b",
    "a\nb",
    "\t",
    " ",
    "",
)
PATHS = (
    "..", "../..", "../../etc/passwd", "/etc/passwd", "a/../b", "~", "~root", "./x", "..\\..\\x", "C:\\x", "\\\\host\\x",
    "%2e%2e%2f", "..%2f", "%00", "file:///etc/passwd", "a;b", "a?b", "a#b", "a@b", "a:443", "rg/providers/x", "..;/",
)  # fmt: skip
PAGES = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</td></tr></table><h1>done</h1>",
    "<!--",
    "<style>*{display:none}</style>",
    "&lt;b&gt;",
    "&#x3c;b&#x3e;",
    "javascript:alert(1)",
    "$$\\href{javascript:alert(1)}{x}$$",
    "[click](javascript:alert(1))",
)
TEMPLATES = (
    "{{7*7}}", "${7*7}", "{0}", "{}", "{self.__class__}", "{x!r:>9999999}", "%s", "%(name)s", "%n", "$HOME", "`id`", "$(id)",
    "{% raw %}", "#{7*7}", "<%= 7*7 %>", "'; DROP TABLE x", '"""', "'''", "\\", "\\n", "\\x41", 'f"{1}"', "__import__('os')",
    "!!python/object/apply:os.system [id]",
)  # fmt: skip
SECRETS = (
    "sk-ant-admin01-not-a-real-key-of-anybody",
    "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJub2JvZHkifQ.c2lnbmF0dXJl",
    "-----BEGIN RSA PRIVATE KEY-----",
    "abc8Q~" + "x" * 34,
    "Bearer " + "x" * 24,
    "AccountKey=" + "A" * 24,
)
SIZES = (23, 24, 25, 89, 90, 91, 126, 127, 128, 254, 255, 256, 1000, 3000)

constants = st.sampled_from((*LOOK_ALIKES, *HIDDEN, *TERMINAL, *PATHS, *PAGES, *TEMPLATES))
enormous = st.builds(
    str.__mul__, st.sampled_from(("a", "A-", "é", "\u4e2d", "\U0001f511", "x ")), st.sampled_from(SIZES)
)
anything = st.text(max_size=40)
named = st.text(alphabet="abcxyzABC019-_. ()é", min_size=1, max_size=30)
mixed = st.builds(
    "{}{}{}".format, st.sampled_from(("", "contoso ", "kv-")), constants, st.sampled_from(("", "-x", " x"))
)
"""Texts of more than that are among the files' own (LARGE): they take seconds to read."""
hostile = st.one_of(constants, constants, mixed, anything, enormous)
