"""The vault's firewall against the ranges Anthropic calls from, by arithmetic on ranges and not on their text."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from ipaddress import IPv4Network

from helpers import published
from helpers.checks.base import Check, Finding, failed, on, passed, unknown
from helpers.facts import Facts
from helpers.model import NetworkRules, Vault
from helpers.parameters import Parameters

_FRESH_DAYS = 30


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


def _covers(rules: NetworkRules | None, ranges: list[IPv4Network]) -> Finding:
    expected = "Allow, or Deny with every range: " + ", ".join(map(str, ranges))
    if rules is None:
        return passed("not set, which allows all (Azure leaves it out then)", expected)
    if (rules.default_action or "").lower() == "allow":
        return passed("Allow", expected)
    if (rules.default_action or "").lower() != "deny":
        return unknown(f"the default action {rules.default_action} is not one this suite knows")
    try:
        allowed = [IPv4Network(rule, strict=False) for rule in rules.ip_rules]
    except ValueError as error:
        return unknown(f"an address rule is not an IPv4 range ({error})")
    missing = [part for wanted in ranges for part in uncovered(wanted, allowed)]
    seen = f"Deny, allowing {', '.join(rules.ip_rules) or 'nothing'}"
    if not missing:
        return passed(seen, expected)
    lacking = [wanted for wanted in ranges if uncovered(wanted, allowed)]
    told = " ".join(map(str, lacking))
    mend = f"az keyvault network-rule add --name … --ip-address {told} (not let in now: {', '.join(map(str, missing))})"
    return failed(seen, expected, mend)


def _on_vault(found: Facts, ranges: list[IPv4Network]) -> Finding:
    def judge(vault: Vault) -> Finding:
        return _covers(vault.network, ranges)

    return on(found.vault, judge, absent=failed("no such vault", "the vault", "Check vault_name."))


def _given(parameters: Parameters) -> list[IPv4Network]:
    return [IPv4Network(text) for text in parameters.egress_ranges.ranges]


def _established(found: Facts, parameters: Parameters) -> Finding:
    """Every range but the one known from a single copy of the vendor's page, and never less than the first."""
    ranges = [r for r in _given(parameters) if r != published.EGRESS_RANGE_ADDED]
    return _on_vault(found, sorted({published.EGRESS_RANGE, *ranges}))


def _added(found: Facts, parameters: Parameters) -> Finding:
    return _on_vault(found, [published.EGRESS_RANGE_ADDED])


def _dated(found: Facts, parameters: Parameters) -> Finding:
    """The ranges were read from the vendor's page within 30 days, and hold none that was retired."""
    expected = f"read within {_FRESH_DAYS} days, and none retired"
    retired = [r for r in _given(parameters) if any(r.overlaps(old) for old in published.EGRESS_RETIRED)]
    if retired:
        return failed(f"retired: {', '.join(map(str, retired))}", expected, "Take it out of egress_ranges.")
    if found.read_at is None:
        return unknown("the time is not known")
    days = (found.read_at.date() - date.fromisoformat(parameters.egress_ranges.checked_on)).days
    if 0 <= days <= _FRESH_DAYS:
        return passed(f"read on {parameters.egress_ranges.checked_on}", expected)
    mend = "Read the vendor's page of outbound addresses, and set egress_ranges with today's date."
    return failed(f"read on {parameters.egress_ranges.checked_on}, {days} days ago", expected, mend)


CHECKS = (
    Check(
        "V09",
        "The network rules let Anthropic in",
        "blocks",
        "A vault that denies Anthropic's addresses cannot be used; public access and this are two separate gates.",
        _established,
    ),
    Check(
        "V09b",
        "The network rules let Anthropic's added range in",
        "warns",
        "The range was added in autumn 2026 and is known from one copy of the vendor's page.",
        _added,
        acceptable=True,
    ),
    Check(
        "V42",
        "The list of Anthropic's addresses is fresh",
        "warns",
        "Addresses are added and retired; an old list lets the wrong ones in, or keeps the right ones out.",
        _dated,
        acceptable=True,
    ),
)
