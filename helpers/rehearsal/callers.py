"""Who sends a request: the identity behind its bearer token, or why there is none."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum

from helpers.rehearsal.tokens import bearer, claims
from helpers.rehearsal.wire import Request
from helpers.rehearsal.world import World


@dataclass(frozen=True)
class Caller:
    """A signed-in identity."""

    object_id: str
    app_id: str
    tenant_id: str


class Stranger(Enum):
    """Why nobody is signed in; each service says it in its own words."""

    MISSING = "no bearer token"
    FOREIGN = "a credential that is not of this world"
    EXPIRED = "an expired token"
    OTHER_AUDIENCE = "a token for another audience"


def caller(world: World, request: Request, audience: str) -> Caller | Stranger:
    """The caller, if its token was issued by this world for this audience and has not expired."""
    token = bearer(request)
    if token is None:
        return Stranger.MISSING
    said = claims(world, token)
    if said is None:
        return Stranger.FOREIGN
    if str(said["aud"]).rstrip("/") != audience.rstrip("/"):
        return Stranger.OTHER_AUDIENCE
    if world.now().timestamp() >= said["exp"]:
        return Stranger.EXPIRED
    return Caller(said["oid"], said["appid"], said["tid"])


def expiry(world: World, request: Request) -> datetime:
    """When the request's token of this world ends, or ended. Raises ValueError where there is none."""
    said = claims(world, bearer(request) or "")
    if said is None:
        raise ValueError("the request has no token of this world")
    return datetime.fromtimestamp(said["exp"], UTC)
