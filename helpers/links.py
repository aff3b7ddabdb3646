"""Where to see in a browser what was done. The addresses of portal pages are not documented, and were not tried."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from helpers import published
from helpers.parameters import Parameters
from helpers.plan import Done
from helpers.steps import attach, consent, key, rbac, register, remedy

PORTAL = "https://portal.azure.com/"
CONSOLE = "https://platform.claude.com/"
Link = tuple[str, str]


def where_to_look(step: str, parameters: Parameters, done: tuple[Done, ...]) -> tuple[Link, ...]:
    """Text and address for what a step changed, by the name of its plan; nothing where nothing was changed."""
    return PAGES[step](parameters, done) if done and step in PAGES else ()


def _principal(parameters: Parameters, done: tuple[Done, ...]) -> tuple[Link, ...]:
    tenant = f"{PORTAL}#@{parameters.tenant_id}/view/Microsoft_AAD_IAM/ManagedAppMenuBlade/~/Overview"
    ids = [one.facts["object ID"] for one in done if "object ID" in one.facts]
    text = "The enterprise application in the Azure portal"
    return tuple((text, f"{tenant}/objectId/{object_id}/appId/{published.APP_ID}") for object_id in ids)


def _vault(parameters: Parameters, done: tuple[Done, ...]) -> tuple[Link, ...]:
    page = f"{PORTAL}#@{parameters.tenant_id}/resource{parameters.vault_id}"
    return ((f"{parameters.vault_name} in the Azure portal", page),)


def _console(parameters: Parameters, done: tuple[Done, ...]) -> tuple[Link, ...]:
    return (("The Claude Console", CONSOLE),)


PAGES: Mapping[str, Callable[[Parameters, tuple[Done, ...]], tuple[Link, ...]]] = {
    consent.STEP: _principal,
    key.STEP: _vault,
    rbac.STEP: _vault,
    remedy.STEP: _vault,
    remedy.FOR_GOOD: _vault,
    register.STEP: _console,
    attach.STEP: _console,
}
"""Where each plan's changes are seen."""
