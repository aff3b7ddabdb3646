"""Where to see in a browser what was done. The addresses of portal pages are not documented, and were not tried."""

from __future__ import annotations

from helpers import published
from helpers.parameters import Parameters
from helpers.plan import Done

PORTAL = "https://portal.azure.com/"
CONSOLE = "https://platform.claude.com/"
Link = tuple[str, str]


def where_to_look(step: str, parameters: Parameters, done: tuple[Done, ...]) -> tuple[Link, ...]:
    """Text and address for what a step changed; nothing where nothing was changed."""
    if not done:
        return ()
    if step.startswith("01"):
        return tuple(_principal(parameters, one.facts["object ID"]) for one in done if "object ID" in one.facts)
    if step.startswith("05"):
        return (("The Claude Console", CONSOLE),)
    page = f"{PORTAL}#@{parameters.tenant_id}/resource{parameters.vault_id}"
    return ((f"{parameters.vault_name} in the Azure portal", page),)


def _principal(parameters: Parameters, object_id: str) -> Link:
    page = f"objectId/{object_id}/appId/{published.APP_ID}"
    return (
        "The enterprise application in the Azure portal",
        f"{PORTAL}#@{parameters.tenant_id}/view/Microsoft_AAD_IAM/ManagedAppMenuBlade/~/Overview/{page}",
    )
