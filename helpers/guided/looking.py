"""Looking around in the clouds for what can be picked. Reads only, makes no run folder, and asks nobody."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import chain, count
from typing import Any, TypeVar

from helpers.checks import refuse_deviations
from helpers.display import Shown
from helpers.errors import WrongUsage
from helpers.facts import Facts
from helpers.guided import choices, starting
from helpers.guided.choices import Choice
from helpers.guided.offers import Choices, offered
from helpers.guided.starting import Start, Values
from helpers.model import Absent, Found, Key, Known, Unknown, Vault, same_id
from helpers.parameters import Parameters
from helpers.record import kernel_outputs, runs
from helpers.record.in_use import of_environment
from helpers.services.connect import Services, connect
from helpers.services.keys import Keys
from helpers.services.subscriptions import Subscriptions
from helpers.services.together import together
from helpers.services.vaults import Vaults
from helpers.view import Table, View

T = TypeVar("T")
MOST_KEYS = 50
"""More keys than this of one vault are not opened one by one; the others stay unknown."""
NAME = "claude-cmek"
"""The name that is offered for what is new, where the parameters give none."""


@dataclass(frozen=True)
class Looking(Shown):
    """One look around. Shows itself as the banner: which cloud, and who we are."""

    start: Start
    services: Services
    _vaults: dict[str, Vaults] = field(default_factory=dict, repr=False)
    _keys: dict[str, Keys] = field(default_factory=dict, repr=False)

    def view(self) -> View:
        world, who = self.services.world, self.services.caller
        where = f"REHEARSAL ({world}): nothing here is real" if world else "LIVE: this is the real Azure"
        rows = (
            ("Starting from", self.start.source),
            ("Tenant", self.start.parameters.tenant_id),
            ("Signed in as", f"{who.kind} {who.object_id}"),
            ("Product", self.start.parameters.product),
            ("Anthropic organization", self.start.parameters.organization_id),
        )
        data = {"rehearsal": world, "rows": dict(rows)}
        return View(
            "banner", f"00_parameters  {where}", tables=[Table(("This looks around with", ""), rows)], data=data
        )

    @property
    def origin(self) -> str:
        """For the record: where the choices came from."""
        cloud = f"the rehearsal {self.services.world}" if self.services.world else "Azure"
        return f"{self.start.source}, and what {cloud} showed to {self.services.caller.object_id}"

    def subscriptions(self) -> Choices:
        """Every subscription that the caller sees, and that of the start where they cannot be listed."""
        found, given = self._subscriptions, self.start.values
        notes = _not_listed("The subscriptions", found)
        listed = found.value if isinstance(found, Known) else ()
        rows = [choices.of_subscription(row, given) for row in listed]
        if not rows and "subscription_id" in given:
            rows = [Choice(str(given["subscription_id"]), "as the start says", given, Facts())]
        return offered("Subscription", rows, _named(rows, given, "subscription_id"), notes)

    def vaults(self, subscription: Choice | None) -> Choices:
        """The vaults of a subscription, read now; only that of the start where they cannot be listed."""
        if subscription is None:
            return Choices("Vault", (), None, ("No subscription is picked.",))
        there = self._vaults_of(str(subscription.values["subscription_id"]))
        found = there.all()
        notes = _not_listed("The vaults of the subscription", found)
        listed = found.value if isinstance(found, Known) else self._own(subscription, there)
        seen = Facts(read_at=self.services.clock.now())
        rows = [choices.of_vault(vault, subscription.values, seen) for vault in listed]
        return offered("Vault", rows, _named(rows, self.start.values, "vault_name"), notes)

    def keys(self, vault: Choice | None) -> Choices:
        """The keys of a vault, read now, and one that is not there yet."""
        if vault is None:
            return Choices("Key", (), None, ("No vault is picked.",))
        if not _of_our_tenant(vault, self.start.parameters):
            return Choices("Key", (), None, ("The vault belongs to another tenant, so its keys are not looked at.",))
        keys = self._keys_of(vault)
        names = keys.names()
        notes = _not_listed("The keys of the vault", names)
        listed = names.value if isinstance(names, Known) else ()
        opened = together(**{name: (lambda name=name: keys.key(name)) for name in listed[:MOST_KEYS]})
        rest = Unknown(f"the vault holds more than {MOST_KEYS} keys, and this one was not opened")
        rows = [self._key(name, vault, opened.get(name, rest)) for name in listed]
        wanted = str(self.start.values.get("key_name", NAME))
        new = self.new_key(vault, _free(wanted, listed))
        return offered("Key", [*rows, new], _named(rows, {"key_name": wanted}, "key_name") or new, notes)

    def new_key(self, vault: Choice, name: str, **kind: Any) -> Choice:
        """A key of a name that is given: read now, as it may be there, or a deleted one may hold its name."""
        values = {**vault.values, **kind}
        if isinstance(wrong := starting.checked({**values, "key_name": name}), str):
            return Choice(name or "(no name)", "a new key", values, vault.found, "not fit", (wrong,), named=True)
        keys = self._keys_of(vault)
        found = keys.key(name)
        deleted = keys.deleted(name) if isinstance(found, Absent) else vault.found.deleted_key
        return replace(self._key(name, replace(vault, values=values), found, deleted_key=deleted), named=True)

    def workspaces(self, key: Choice | None) -> Choices:
        """The workspaces that are there, and a new one, judged for a key. None where the key is entered by hand."""
        if self.start.parameters.product == "claude_enterprise":
            return Choices("Workspace", (), None, ("Claude Enterprise: the key is entered by hand in 05.",))
        if key is None:
            return Choices("Workspace", (), None, ("No key is picked.",))
        found = Facts(**{**vars(key.found), **self._registered})
        notes = (*_not_listed("The workspaces", found.workspaces), *choices.organization(key.values, found))
        listed = found.workspaces.value if isinstance(found.workspaces, Known) else ()
        rows = [choices.of_workspace(row, key.values, found) for row in listed]
        given = self.start.values.get("workspace") or {}
        new = choices.new_workspace(str(given.get("create") or NAME), key.values, found)
        return offered("Workspace", [*rows, new], _named(rows, {"workspace": given}, "workspace") or new, notes)

    def new_workspace(self, key: Choice, name: str) -> Choice:
        """A workspace of a name that is given, judged for a key."""
        return choices.new_workspace(name, key.values, Facts(**{**vars(key.found), **self._registered}))

    def close(self) -> None:
        """Close every connection."""
        for vaults in self._vaults.values():
            vaults.close()
        for keys in self._keys.values():
            keys.close()
        self.services.close()

    def _key(self, name: str, vault: Choice, found: Found[Key], **more: Any) -> Choice:
        known = {**vars(vault.found), "read_at": self.services.clock.now(), "key": found, **more}
        return choices.of_key(name, vault.values, Facts(**known))

    def _own(self, subscription: Choice, there: Vaults) -> tuple[Vault, ...]:
        """The vault of the start, read by its name: whoever has rights at the vault alone cannot list them."""
        given = self.start.values
        if not {"resource_group", "vault_name"} <= set(given) or not _same(subscription, given, "subscription_id"):
            return ()
        found = there.vault(given["resource_group"], given["vault_name"])
        return (found.value,) if isinstance(found, Known) else ()

    @cached_property
    def _subscriptions(self) -> Found[Any]:
        return Subscriptions(self.services.vaults.send).all()

    @cached_property
    def _registered(self) -> dict[str, Found[Any]]:
        """What Anthropic holds, read once: it does not change with what is picked in Azure."""
        try:
            admin = self.services.admin
        except WrongUsage as error:
            return dict.fromkeys(("organization", "external_keys", "workspaces"), Unknown(error.what))
        return together(organization=admin.organization, external_keys=admin.external_keys, workspaces=admin.workspaces)

    def _vaults_of(self, subscription_id: str) -> Vaults:
        return _once(self._vaults, subscription_id, lambda: self.services.vaults.of_subscription(subscription_id))

    def _keys_of(self, vault: Choice) -> Keys:
        parameters = starting.checked(vault.values)
        if isinstance(parameters, str):
            raise WrongUsage(parameters)
        return _once(self._keys, parameters.vault_uri, lambda: self.services.keys.of_vault(parameters.vault_uri))


def begin(given: str | Mapping[str, Any]) -> Looking:
    """Sign in with what a start gives: cloud, credential, tenant_id; the rest may be missing. Raises RunbookError.

    Where organization_id is missing it is asked of the Admin API: every key and workspace is judged by it.
    """
    kernel_outputs.scrub_this_kernel(of_environment)
    begun = Looking(start := starting.of(given), _connected(start))
    if "organization_id" in start.values:
        return begun
    found = begun._registered["organization"]
    if isinstance(found, Known):
        return Looking(start.also(organization_id=found.value.id), begun.services)
    begun.close()
    reason = found.reason if isinstance(found, Unknown) else "there is none"
    raise WrongUsage(f"organization_id: not given, and the Admin API does not tell it: {reason}")


def _connected(start: Start) -> Services:
    services = connect(start.parameters, root=runs.project_root(), say=print)
    kernel_outputs.scrub_this_kernel(services.secrets_in_use)
    refuse_deviations(start.parameters, services.clock.now().date())
    _ = services.caller  # refuses a token of another tenant before anything is read
    return services


def _once(made: dict[str, T], name: str, make: Callable[[], T]) -> T:
    if name not in made:
        made[name] = make()
    return made[name]


def _not_listed(what: str, found: Found[Any]) -> tuple[str, ...]:
    match found:
        case Unknown(reason, request_id):
            by = f" (request id {request_id})" if request_id else ""
            return (f"{what} could not be listed, so there may be more. UNKNOWN: {reason}{by}",)
        case Absent():
            return (f"{what} could not be listed: the service says that there is no such thing.",)
    return ()


def _named(rows: list[Choice], given: Values, name: str) -> Choice | None:
    """The choice that the start itself names."""
    return next((row for row in rows if _same(row, given, name)), None)


def _same(row: Choice, given: Values, name: str) -> bool:
    one, other = row.values.get(name), given.get(name)
    return one == other or same_id(*(part if isinstance(part, str) else None for part in (one, other)))


def _free(name: str, taken: tuple[str, ...]) -> str:
    """A name that is not taken: itself, else with a number."""
    used = {row.lower() for row in taken}
    return next(one for one in chain([name], (f"{name}-{n}" for n in count(2))) if one.lower() not in used)


def _of_our_tenant(vault: Choice, parameters: Parameters) -> bool:
    there = vault.found.vault
    return isinstance(there, Known) and same_id(there.value.tenant_id, parameters.tenant_id)
