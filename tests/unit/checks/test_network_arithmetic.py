"""Whether rules let a range in is arithmetic on addresses: compared here, address by address, with the slow way."""

from __future__ import annotations

import itertools
from ipaddress import IPv4Network

import pytest

from helpers import published
from helpers.checks import Finding, Verdict, judge
from helpers.checks.network import uncovered
from helpers.model import NetworkRules
from tests.cases.building import facts, known, parameters

WANTED = IPv4Network("10.0.0.8/29")
SMALL = [
    net
    for length in (28, 29, 30, 31, 32)
    for net in IPv4Network("10.0.0.0/27").subnets(new_prefix=length)
    if net.overlaps(IPv4Network("10.0.0.4/30")) or net.overlaps(WANTED)
]


def missing(wanted: IPv4Network, rules: tuple[IPv4Network, ...]) -> set[int]:
    allowed = {int(address) for rule in rules for address in rule}
    return {int(address) for address in wanted} - allowed


def test_every_pair_of_small_rules() -> None:
    """For one rule and any two, in both orders, what is left uncovered is exactly the addresses nobody allows."""
    for rules in itertools.chain([()], itertools.product(SMALL, repeat=1), itertools.product(SMALL, repeat=2)):
        parts = uncovered(WANTED, rules)
        left = [int(address) for part in parts for address in part]
        assert len(left) == len(set(left))
        assert set(left) == missing(WANTED, rules), rules


def test_every_split_of_a_range_covers_it() -> None:
    """The parts of a range at any length cover it together, and no longer when one is taken away."""
    for length in (29, 30, 31, 32):
        parts = list(WANTED.subnets(new_prefix=length))
        for order in (parts, parts[::-1]):
            assert uncovered(WANTED, order) == ()
        for one in parts:
            assert uncovered(WANTED, [part for part in parts if part != one]) == (one,)


def finding(rules: NetworkRules | None, check: str = "V09", **given: object) -> Finding:
    rows = judge(facts(vault=known("vault", network=rules)), parameters(**given), "azure").rows
    return next(row.finding for row in rows if row.check.id == check)


FIRST = published.EGRESS_RANGE
HALVES = tuple(map(str, FIRST.subnets()))


@pytest.mark.parametrize(
    ("rules", "told"),
    [
        ((str(FIRST),), None),
        (("160.79.0.0/16",), None),
        (("0.0.0.0/0",), None),
        (HALVES, None),
        (HALVES[::-1], None),
        (tuple(map(str, FIRST.subnets(new_prefix=24))), None),
        ((*HALVES, str(FIRST)), None),
        (("160.79.104.0/22", "160.79.106.0/23", "160.79.108.0/22"), None),
        (("160.79.104.9/21",), None),
        (tuple(f"{address}/32" for address in FIRST), None),
        (tuple(str(address) for address in FIRST), None),
        ((), "160.79.104.0/21"),
        (("10.0.0.0/8",), "160.79.104.0/21"),
        (HALVES[:1], "160.79.108.0/22"),
        (HALVES[1:], "160.79.104.0/22"),
        (("160.79.105.0/24", "160.79.106.0/23", "160.79.108.0/22"), "160.79.104.0/24"),
        (tuple(f"{address}/32" for address in list(FIRST)[:-1]), "160.79.111.255/32"),
    ],
)
def test_deny_needs_rules_that_cover_every_address(rules: tuple[str, ...], told: str | None) -> None:
    """One rule, adjacent, overlapping or single ones: what counts is what they allow together."""
    judged = finding(NetworkRules("Deny", rules))
    assert judged.verdict is (Verdict.FAIL if told else Verdict.PASS)
    if told:
        add = "Run 04_verify with remediate: [network_rules], or az keyvault network-rule add --name … --ip-address"
        assert judged.mend == f"{add} {FIRST} (not let in now: {told})"


@pytest.mark.parametrize("action", ["Deny", "deny", "DENY"])
def test_the_case_of_the_action_does_not_count(action: str) -> None:
    """Azure varies it."""
    assert finding(NetworkRules(action)).verdict is Verdict.FAIL
    assert finding(NetworkRules(action, (str(FIRST),))).verdict is Verdict.PASS


@pytest.mark.parametrize("action", ["Allow", "allow"])
def test_allow_lets_everybody_in(action: str) -> None:
    """Rules beside Allow do not count."""
    assert finding(NetworkRules(action, ("10.0.0.0/8",))).verdict is Verdict.PASS


@pytest.mark.parametrize("rule", ["", "everywhere", "160.79.104.0/33", "2001:db8::/32"])
def test_a_rule_that_cannot_be_read_is_unknown(rule: str) -> None:
    """Even where the other rules would cover it, what is not understood is not taken for right."""
    assert finding(NetworkRules("Deny", (rule, str(FIRST)))).verdict is Verdict.UNKNOWN


def test_ranges_in_the_parameters_are_wanted_as_well() -> None:
    """Given ranges are added to the first published one, which is wanted in any case; the added one only warns."""
    more = {"egress_ranges": {"checked_on": "2026-11-23", "ranges": ["192.0.2.0/24"]}}
    both = NetworkRules("Deny", (str(FIRST), "192.0.2.0/24"))
    assert finding(both, **more).verdict is Verdict.PASS
    assert finding(NetworkRules("Deny", (str(FIRST),)), **more).verdict is Verdict.FAIL
    assert finding(NetworkRules("Deny", ("192.0.2.0/24",)), **more).verdict is Verdict.FAIL
    assert finding(both, "V09b", **more).verdict is Verdict.FAIL


def test_the_added_range_is_judged_by_itself() -> None:
    """V09 does not want the range known from one copy, and V09b wants only it."""
    added = NetworkRules("Deny", (str(published.EGRESS_RANGE_ADDED),))
    first = NetworkRules("Deny", (str(FIRST),))
    assert (finding(added).verdict, finding(added, "V09b").verdict) == (Verdict.FAIL, Verdict.PASS)
    assert (finding(first).verdict, finding(first, "V09b").verdict) == (Verdict.PASS, Verdict.FAIL)


def test_the_mend_names_each_range_that_is_wanted_and_not_what_is_right() -> None:
    """What is to be added are whole ranges as they are published or given; beside them stands what is shut out now."""
    more = {"egress_ranges": {"checked_on": "2026-11-23", "ranges": ["192.0.2.0/24", "198.51.100.0/24"]}}
    judged = finding(NetworkRules("Deny", (HALVES[0], "192.0.2.0/24")), **more)
    assert judged.mend.endswith(f"--ip-address {FIRST} 198.51.100.0/24 (not let in now: {HALVES[1]}, 198.51.100.0/24)")
