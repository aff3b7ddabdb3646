"""From parameters to services: which cloud, who we are, and one client for each service, made when first used."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from helpers.clock import Clock
from helpers.errors import Refused, WrongCloud
from helpers.model import Caller, same_id
from helpers.parameters import Parameters
from helpers.record import runs
from helpers.record.in_use import InUse, of_environment
from helpers.record.secrets import Secret
from helpers.record.target_lock import Holder, Target, held
from helpers.services import credentials, front, loopback
from helpers.services.noted import Noted
from helpers.services.one_token import OneToken
from helpers.services.together import together
from helpers.services.witness import Witness
from helpers.waiting import Waiter

if TYPE_CHECKING:
    from helpers.services.admin import Admin
    from helpers.services.keys import Keys
    from helpers.services.logs import Logs
    from helpers.services.permissions import Permissions
    from helpers.services.principals import Principals
    from helpers.services.remedies import Remedies
    from helpers.services.resources import Resources
    from helpers.services.roles import Roles
    from helpers.services.shared import Shared
    from helpers.services.vaults import Vaults

ARM = "https://management.azure.com"


class Services:
    """Every remote service of one onboarding. Modules are imported on first use: some SDKs take seconds."""

    def __init__(
        self,
        parameters: Parameters,
        *,
        credential: Noted,
        witness: Witness,
        clock: Clock,
        wait: Waiter,
        world: str | None,
        in_use: InUse,
        shared: Shared | None = None,
    ) -> None:
        self._shared = shared
        self._parameters = parameters
        self._credential = credential
        self.witness = witness
        self.clock = clock
        self.wait = wait
        self.world = world
        """The rehearsal's world id, or None on Azure."""
        self._in_use = in_use

    @property
    def credential(self) -> Noted:
        """Who is signed in; every token that it hands out is among the secrets in use."""
        return self._credential

    def secrets_in_use(self) -> tuple[Secret, ...]:
        """The secrets this process has in its hands by now: of its environment, its tokens, and the Admin API key."""
        return (*self._in_use(), *(self._shared.in_use() if self._shared else ()))

    @cached_property
    def caller(self) -> Caller:
        """Who we are. Raises Failed when signing in does not work, Refused for another tenant's token."""
        who = credentials.caller(self._credential)
        if not same_id(who.tenant_id, self._parameters.tenant_id):
            raise Refused(
                f"signed in to tenant {who.tenant_id}, and the parameters say tenant_id {self._parameters.tenant_id}",
                why="Consent and roles would end up in the wrong directory.",
                next_step="Sign in to the tenant that governs the vault, or correct tenant_id.",
            )
        return who

    @cached_property
    def vaults(self) -> Vaults:
        from helpers.services.vaults import Vaults

        return Vaults(self._credential, self._parameters.subscription_id, self.witness, **self._azure(ARM))

    @cached_property
    def resources(self) -> Resources:
        from helpers.services.resources import Resources

        return Resources(self.vaults.send)

    @cached_property
    def remedies(self) -> Remedies:
        from helpers.services.remedies import Remedies

        return Remedies(self.vaults, self.resources, self._parameters)

    @cached_property
    def keys(self) -> Keys:
        from helpers.services.keys import Keys

        vault = self._parameters.vault_uri
        return Keys(self._credential, vault, self.witness, **self._azure(vault))

    @cached_property
    def logs(self) -> Logs:
        from helpers.services.logs import Logs

        return Logs(self._credential, self.witness)

    @cached_property
    def principals(self) -> Principals:
        from helpers.services.principals import Principals

        if self._shared is None:
            return Principals(self._credential, self.witness)
        return self._shared.principals(_who(self.world, self._parameters))

    @cached_property
    def roles(self) -> Roles:
        from helpers.services.roles import Roles

        return Roles(self._credential, self._parameters.subscription_id, self.witness, **self._azure(ARM))

    @cached_property
    def permissions(self) -> Permissions:
        from helpers.services.permissions import Permissions

        return Permissions(self._credential, self.vaults.send, lambda: self.admin)

    @cached_property
    def admin(self) -> Admin:
        """Raises WrongUsage when the Admin API key cannot be had."""
        from helpers.services.admin import Admin
        from helpers.services.admin_key import fetch

        key = self._in_use.note(fetch(self._parameters.admin_key, self._credential, self.witness, self._azure))
        return Admin(key, self.witness, self._shared.backoff if self._shared else None)

    def together(self, **reads: Callable[[], Any]) -> dict[str, Any]:
        """What reads found that do not wait for one another. Clients are made before it: they are made once."""
        _ = (self.vaults, self.resources, self.keys, self.principals, self.roles)
        if self._shared is not None:  # targets are side by side already: more threads only get in the way
            return {name: read() for name, read in reads.items()}
        return together(**reads)

    def _azure(self, url: str) -> dict[str, Any]:
        return {} if self._shared is None else self._shared.azure(self.world, url)

    def alone(self, run: str, step: str) -> AbstractContextManager[None]:
        """For a block, nobody else on this machine changes this target. See record.target_lock for what it raises."""
        file = Target.of(self._parameters, self.world).file(runs.home())
        return held(file, Holder.me(run, step), self.wait)

    def close(self) -> None:
        """Close every connection that was opened."""
        for name in ("vaults", "keys", "logs", "roles", "admin"):
            if name in vars(self):
                getattr(self, name).close()
        self._credential.close()


def connect(
    parameters: Parameters, *, root: Path, say: Callable[[str], None], shared: Shared | None = None
) -> Services:
    """Find out which cloud is out there, refuse the wrong one, and get ready. Nothing is sent to a service yet.

    `shared` is what the targets of this process have in common, where it has many. In a rehearsal the process is
    limited to loopback and goes by the cloud's time. Raises WrongCloud.
    """
    os.environ["NETRC"] = os.devnull  # else requests puts a password of ~/.netrc in the place of a token
    found = front.identify()
    if parameters.cloud == "rehearsal" and found is None and (recorded := front.running(root)) is not None:
        front.attach(recorded)
        found = front.identify()
    front.check(parameters.cloud, found, os.environ)
    if found is not None:
        loopback.only_loopback()
    elif loopback.is_only_loopback():
        raise WrongCloud(
            "this process has rehearsed, so it does not go live",
            why="What it learned in the rehearsal must not leak into a real onboarding.",
            next_step="Restart the kernel, or start again.",
        )
    world = found.world if found else None
    witness = Witness(world, shared.backoff if shared else None)
    shift = found.now - datetime.now(UTC) if found else None
    in_use = InUse(of_environment())
    signed_in = _signed_in(parameters, world, witness, shared)
    return Services(
        parameters,
        credential=Noted(signed_in, in_use, owned=shared is None),
        witness=witness,
        clock=Clock(shift) if shift is not None else Clock(),
        wait=Waiter(say),
        world=world,
        in_use=in_use,
        shared=shared,
    )


def _signed_in(parameters: Parameters, world: str | None, witness: Witness, shared: Shared | None) -> OneToken:
    """The credential that the parameters name. One that is shared has a witness of its own, and waits with all."""
    _, way, tenant = who = _who(world, parameters)
    if shared is None:
        return OneToken(credentials.credential(way, tenant, witness.azure))
    backoff, hook = shared.backoff, shared.witness(world).azure

    def wait() -> None:
        backoff.wait(urlsplit(credentials.AUTHORITY).netloc)

    return shared.credential(who, lambda: OneToken(credentials.credential(way, tenant, hook), wait))


def _who(world: str | None, parameters: Parameters) -> tuple[str | None, str, str]:
    return world, parameters.credential or "environment", parameters.tenant_id
