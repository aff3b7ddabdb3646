"""Lines for a POSIX shell from values of a record, each quoted; none that a page cannot show as it is."""

from __future__ import annotations

import shlex

from helpers import published

ADMIN_KEY = "ANTHROPIC_ADMIN_KEY"
"""The variable that holds the Admin API key. Its value never stands in a command, nor in a process's arguments."""


class NotShown(Exception):
    """A value that is missing, or that holds what a page cannot show as it is: no command can be made from it."""


def az(*words: str, **options: str | tuple[str, ...]) -> str:
    """One call of the Azure CLI, with an option a line."""
    lines = [" ".join(("az", *words))]
    for name, value in options.items():
        values = (value,) if isinstance(value, str) else value
        lines.append(" ".join((f"  --{name.replace('_', '-')}", *map(quoted, values))))
    return " \\\n".join(lines)


def admin_api(method: str, path: str) -> str:
    """One call of the Admin API by curl. The key goes in by standard input, so that no list of processes shows it."""
    return (
        f"""printf 'header = "x-api-key: %s"\\n' "${ADMIN_KEY}" | curl --config - --silent --show-error --fail \\\n"""
        f"  --request {method} \\\n"
        f"  --header 'anthropic-version: {published.ADMIN_VERSION}' \\\n"
        f"  {quoted(published.ADMIN_API + path)}"
    )


def quoted(value: str) -> str:
    """A value as one word of a shell, which az takes for no option and for no file to read. Raises NotShown."""
    if not value or not value.isprintable() or value[0] in "-@":
        raise NotShown
    return shlex.quote(value)
