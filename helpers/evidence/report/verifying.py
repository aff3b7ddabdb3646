"""How a reader checks this record: by hand with openssl and the core utilities, and with this suite."""

from __future__ import annotations

import shlex

from helpers.evidence import by_hand
from helpers.evidence.by_hand import NAMES, Command
from helpers.evidence.files import BUNDLE, PUBLIC_KEY, STATEMENT, TOKEN
from helpers.evidence.report.markup import Html, bullets, code, joined, paragraph, sentence, tag, verbatim
from helpers.evidence.report.told import Told

KEY, TSA_ROOT = "signer-public-key.pem", "tsa-root.pem"
"""What the reader's own copies are called in the lines to be copied."""

COMMAND = "command"


def shown(told: Told) -> Html:
    """The whole part."""
    run = told.run.run
    first = (
        paragraph(
            "This page was made before the seal, so it cannot show the seal's digest. It is itself one of the sealed "
            "files: what is said here is as good as the seal. A page that was changed afterwards no longer fits it."
        ),
        tag("h3", "By hand, without this suite"),
        paragraph(
            "In a POSIX shell with the core utilities and openssl, in the folder that holds the run's folder. Put your "
            "own copy of the signer's public key there as ",
            code(KEY),
            ". You must have had it before: the ",
            code(PUBLIC_KEY),
            " in the folder could have come with a forgery. Each command ends with exit code 0 only where it is so.",
        ),
        verbatim(by_hand.begin(run, KEY, TSA_ROOT), COMMAND),
    )
    kinds = [
        part
        for kind, name in NAMES.items()
        for part in (
            tag("h4", f"Only where {BUNDLE} is there, and the key is {name}"),
            *_commands(by_hand.signature(kind)),
        )
    ]
    parts = (
        *first,
        tag("h4", "The files"),
        *_commands(by_hand.files()),
        *kinds,
        tag("h4", f"Only where {TOKEN} is there, after the commands of the signature"),
        paragraph("With your own copy of the time-stamping authority's root certificate as ", code(TSA_ROOT), "."),
        *_commands(by_hand.timestamp()),
        paragraph(
            f"Where {BUNDLE} is not there, nobody signed. Then the digest that was noted when the run was sealed, and "
            f"kept elsewhere, has to be the SHA-256 of {STATEMENT}."
        ),
        tag("h3", "With this suite"),
        paragraph("It checks the same and more: the form of every part, the notebooks, and the runs before this one."),
        verbatim(_suite(told), "suite"),
        paragraph(
            "Where nobody signed, ",
            code("--expect-digest DIGEST"),
            " takes the place of the key. To have the time proven as well: ",
            code(f"--require-timestamp --tsa-root {TSA_ROOT}"),
            ".",
        ),
        tag("h3", "What no check can show"),
        bullets(
            (
                "That no newer run was deleted: nothing in a folder shows it.",
                "That the record was true when it was sealed: that is the word of whoever held the key.",
                "That the cloud is still as it was: only looking again shows that.",
            )
        ),
    )
    return joined(parts)


def _commands(commands: tuple[Command, ...]) -> list[Html]:
    return [part for one in commands for part in (paragraph(f"{sentence(one.proves)}:"), verbatim(one.shell, COMMAND))]


def _suite(told: Told) -> str:
    live = "" if told.world else " --require-live"
    run = shlex.quote(told.run.run)
    return f"python runbook.py evidence verify {run} --key {KEY} --run-id {run}{live}"
