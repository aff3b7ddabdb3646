"""Who gets to the vault: its firewall against the ranges Anthropic calls from, this machine, and what could close it.

Ranges are compared by arithmetic and not by their text.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from ipaddress import IPv4Network

from helpers import published
from helpers.checks.base import Check, Finding, Verdict, failed, on, passed, unknown, unread
from helpers.facts import Facts
from helpers.model import Known, NetworkRules, PolicyAssignment, Unknown, Vault
from helpers.parameters import Parameters

_FRESH_DAYS = 30
_NO_VAULT = failed("no such vault", "the vault", "Check vault_name.")
_CLOSED = {
    "ForbiddenByFirewall": "the vault's network rules keep this machine out",
    "ForbiddenByConnection": "the vault's public access is off, and this machine is not on a private endpoint",
}


def uncovered(wanted: IPv4Network, allowed: Iterable[IPv4Network]) -> tuple[IPv4Network, ...]:
    """The parts of a range that no allowed range covers."""
    left = [wanted]
    for rule in allowed:
        left = [part for piece in left for part in _without(piece, rule)]
    return tuple(sorted(left))


def _without(piece: IPv4Network, rule: IPv4Network) -> list[IPv4Network]:
    if piece.subnet_of(rule):
        return []
    return list(piece.address_exclude(rule)) if rule.subnet_of(piece) else [piece]


def lacking(rules: NetworkRules, ranges: Iterable[IPv4Network]) -> tuple[IPv4Network, ...]:
    """The ranges that rules do not let in whole. Raises ValueError for a rule that is not an IPv4 range."""
    allowed = [IPv4Network(rule, strict=False) for rule in rules.ip_rules]
    return tuple(wanted for wanted in ranges if uncovered(wanted, allowed))


def wanted_ranges(parameters: Parameters) -> tuple[IPv4Network, ...]:
    """Every range that should be let in: the first published one, and those of the parameters."""
    return tuple(sorted({published.EGRESS_RANGE, *_given(parameters)}))


def _covers(rules: NetworkRules | None, ranges: list[IPv4Network]) -> Finding:
    expected = "Allow, or Deny with every range: " + ", ".join(map(str, ranges))
    if rules is None:
        return passed("not set, which allows all (Azure leaves it out then)", expected)
    if (rules.default_action or "").lower() == "allow":
        return passed("Allow", expected)
    if (rules.default_action or "").lower() != "deny":
        return unknown(f"the default action {rules.default_action} is not one this suite knows")
    try:
        missing = lacking(rules, ranges)
    except ValueError as error:
        return unknown(f"an address rule is not an IPv4 range ({error})")
    seen = f"Deny, allowing {', '.join(rules.ip_rules) or 'nothing'}"
    if not missing:
        return passed(seen, expected)
    allowed = [IPv4Network(rule, strict=False) for rule in rules.ip_rules]
    parts = ", ".join(str(part) for wanted in missing for part in uncovered(wanted, allowed))
    add = f"az keyvault network-rule add --name … --ip-address {' '.join(map(str, missing))}"
    return failed(seen, expected, f"Run 04_verify with remediate: [network_rules], or {add} (not let in now: {parts})")


def _on_vault(found: Facts, ranges: list[IPv4Network]) -> Finding:
    def judge(vault: Vault) -> Finding:
        return _covers(vault.network, ranges)

    return on(found.vault, judge, absent=_NO_VAULT)


def _given(parameters: Parameters) -> list[IPv4Network]:
    return [IPv4Network(text) for text in parameters.egress_ranges.ranges]


def _established(found: Facts, parameters: Parameters) -> Finding:
    """Every range but the one known from a single copy of the vendor's page, and never less than the first."""
    return _on_vault(found, [r for r in wanted_ranges(parameters) if r != published.EGRESS_RANGE_ADDED])


def _added(found: Facts, parameters: Parameters) -> Finding:
    return _on_vault(found, [published.EGRESS_RANGE_ADDED])


def _this_machine(found: Facts, _: Parameters) -> Finding:
    """By whether the vault answered for the key; the address itself is not recorded."""
    expected = "an answer from the vault"
    match found.key:
        case Unknown(code=code) if code in _CLOSED:
            mend = "Run from a machine that is let in, or let this one in. It says nothing about Anthropic's access."
            return failed(_CLOSED[str(code)], expected, mend)
        case Unknown() as trouble:
            return unread(trouble)
    return passed("the vault answered this machine", expected)


def _nothing_closes(found: Facts, _: Parameters) -> Finding:
    expected = "no perimeter, and no policy that takes public access away"

    def by_policies(rows: tuple[PolicyAssignment, ...]) -> Finding:
        enforced = [row for row in rows if row.enforced]
        closing = [r for r in enforced if isinstance(r.definition, Known) and r.definition.value.closes_the_vault]
        unopened = [row for row in enforced if not _understood(row)]
        if closing:
            told = ", ".join(f"{row.name} at {row.scope}" for row in closing)
            return failed(told, expected, "Ask who assigned it for an exemption of this vault, before it takes effect.")
        if unopened:
            told = ", ".join(row.name for row in unopened)
            mend = "Look at what is in it, and accept V11 with an owner and an end if nothing closes the vault."
            return unknown(f"what {told} does was not opened", mend)
        return passed(f"no perimeter in force; {len(rows)} policies, none of which takes it away", expected)

    def judge(vault: Vault) -> Finding:
        if (vault.public_access or "").lower() == "securedbyperimeter":
            mend = "Take the vault out of the perimeter, or let Anthropic's ranges in by a rule of the perimeter."
            return failed("the vault is secured by a network security perimeter", expected, mend)
        return on(found.policies, by_policies, absent=_NO_VAULT)

    return on(found.vault, judge, absent=_NO_VAULT)


def _understood(row: PolicyAssignment) -> bool:
    """Whether it is known what the policy does to the vault's openness: nothing, or something by a known effect."""
    definition = row.definition.value if isinstance(row.definition, Known) else None
    if definition is None:
        return False
    return not definition.about_openness or definition.harmless or definition.closes_the_vault


def _private(found: Facts, _: Parameters) -> Finding:
    """The vendor needs public access, and every benchmark asks for the opposite: somebody has to own that."""
    expected = "closed to the public network, or this deviation accepted by somebody until a day"

    def judge(vault: Vault) -> Finding:
        if (vault.public_access or "").lower() in ("disabled", "securedbyperimeter"):
            return passed(f"{vault.public_access}: no deviation, and Anthropic cannot reach the vault (V08)", expected)
        rules = vault.network
        shut = rules is not None and (rules.default_action or "").lower() == "deny"
        seen = "public, for the addresses of the network rules only" if shut else "public, for every address"
        mend = "Let the owner of the benchmark accept V12 in accepted_deviations, with a reason and an end."
        return failed(seen, expected, mend)

    return on(found.vault, judge, absent=_NO_VAULT)


def _dated(found: Facts, parameters: Parameters) -> Finding:
    """The ranges were read from the vendor's page within 30 days, and hold none that was retired."""
    expected = f"read within {_FRESH_DAYS} days, and none retired"
    mend = "Read the vendor's page of outbound addresses, and set egress_ranges with today's date."
    retired = [r for r in _given(parameters) if any(r.overlaps(old) for old in published.EGRESS_RETIRED)]
    if retired:
        return failed(f"retired: {', '.join(map(str, retired))}", expected, "Take it out of egress_ranges.")
    if found.read_at is None:
        return failed("the day is not known", expected, mend)
    days = (found.read_at.date() - date.fromisoformat(parameters.egress_ranges.checked_on)).days
    if 0 <= days <= _FRESH_DAYS:
        return passed(f"read on {parameters.egress_ranges.checked_on}", expected)
    return failed(f"read on {parameters.egress_ranges.checked_on}, {days} days ago", expected, mend)


CHECKS = (
    Check(
        "V09",
        "The network rules let Anthropic in",
        "blocks",
        "A vault that denies Anthropic's addresses cannot be used; public access and this are two separate gates.",
        _established,
        looks_at="vault: networkAcls: defaultAction, ipRules",
        effect="use",
    ),
    Check(
        "V09b",
        "The network rules let Anthropic's added range in",
        "warns",
        "The range was added in autumn 2026 and is known from one copy of the vendor's page.",
        _added,
        looks_at="vault: networkAcls: defaultAction, ipRules",
        effect="use",
        acceptable=True,
    ),
    Check(
        "V10",
        "This machine is let in as well",
        "warns",
        "Else what this suite could not read is its own doing, and not the vault's.",
        _this_machine,
        looks_at="the vault's answer to reading the key",
        right="Key Vault Reader on the vault",
        acceptable=True,
    ),
    Check(
        "V11",
        "Nothing is set to close the vault later",
        "warns",
        "A perimeter or a policy that takes public access away would lock the data.",
        _nothing_closes,
        looks_at="vault: publicNetworkAccess; policy assignments at the vault and above, each opened",
        effect="use",
        acceptable=True,
    ),
    Check(
        "V12",
        "Being open to the public network is owned by somebody",
        "warns",
        "Anthropic needs what benchmarks forbid; an auditor will ask who decided it and until when.",
        _private,
        looks_at="vault: publicNetworkAccess and networkAcls; accepted_deviations",
        acceptable=True,
        controls={
            "CIS": "8.3.7, 8.3.8",
            "MCSB": "NS-2",
            "Prowler": "keyvault_access_only_through_private_endpoints, keyvault_private_endpoints",
        },
    ),
    Check(
        "V42",
        "The list of Anthropic's addresses is fresh",
        "warns",
        "Addresses are added and retired; an old list lets the wrong ones in, or keeps the right ones out.",
        _dated,
        looks_at="parameters: egress_ranges",
        acceptable=True,
        cannot={Verdict.UNKNOWN: "it is about the parameters and the calendar alone"},
    ),
)
