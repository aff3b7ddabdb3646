"""A failed validation beside what was found here: Anthropic's words as they are, causes most likely first."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from helpers.checks import judge
from helpers.checks.explaining import Explanation, explain
from helpers.facts import Facts
from helpers.model import Absent, Known, NetworkRules, Unknown
from tests.cases.building import NOW, facts, known, parameters

FAILED = known("validation", status="failure", error="Something <b>odd</b> about the key")
OLD = NOW - timedelta(days=2)
NO_ROLE = {"assignments": Known(()), "at_key": Known(())}
NO_TAG = {"key": known("key", tags={})}
SHUT = {"vault": known("vault", network=NetworkRules("Deny"))}


def explained(found: Facts, **given: Any) -> Explanation:
    """What explains the validation in those facts."""
    return explain(found, judge(found, parameters(**given), "gate"))


def ids(**changes: Any) -> list[str]:
    """The ids of the causes of a failed validation, in order."""
    whole = {"assignments": known("assignments", created=OLD), "validation": FAILED, **changes}
    return [cause.id for cause in explained(facts(**whole)).causes]


@pytest.mark.parametrize(
    ("changes", "first"),
    [
        (NO_ROLE, "V31"),
        (SHUT, "V09"),
        ({"conditional_access": known("conditional_access", includes=["ServicePrincipalsInMyTenant"])}, "V19"),
        (NO_TAG, "V30"),
        ({"principals": known("principals", enabled=False)}, "V17"),
        ({"key": known("key", enabled=False)}, "V25"),
        ({"vault": known("vault", rbac=False)}, "V05"),
    ],
)
def test_what_is_wrong_here_is_named(changes: dict[str, Any], first: str) -> None:
    """The check that fails and bears on Anthropic's use of the key comes first."""
    assert ids(**changes)[0] == first


def test_the_most_likely_comes_first() -> None:
    """Role, then network, then tag: the order of the causes that Anthropic documents; hygiene is no cause."""
    assert ids(**NO_ROLE, **SHUT, **NO_TAG, locks=Known(())) == ["V31", "V32", "V09", "V09b", "V30"]


def test_a_young_role_is_a_cause_and_an_old_one_is_not() -> None:
    """A role assigned minutes ago may not count yet; after half an hour that explains nothing any more."""
    young = known("assignments", created=NOW - timedelta(minutes=4))
    (cause,) = explained(facts(assignments=young, validation=FAILED)).causes
    assert (cause.id, cause.seen) == ("V31", "assigned 4 minutes ago; it can take up to 30")
    assert ids(assignments=known("assignments", created=NOW - timedelta(minutes=30))) == []


def test_what_could_not_be_read_comes_after_what_is_wrong() -> None:
    """An unknown could explain it too, and is less likely than a failure that was seen."""
    assert ids(conditional_access=Unknown("403", "req-9"), **NO_TAG) == ["V30", "V19"]


def test_an_accepted_deviation_is_still_a_cause() -> None:
    """Somebody accepting that the added range is shut out does not let Anthropic in."""
    accepted = [{"check": "V09b", "owner": "Ada", "reason": "later", "expires": "2027-01-01"}]
    rules = known("vault", network=NetworkRules("Deny", ("160.79.104.0/21",)))
    old = known("assignments", created=OLD)
    found = facts(vault=rules, validation=FAILED, assignments=old)
    assert [cause.id for cause in explained(found, accepted_deviations=accepted).causes] == ["V09b"]


def test_anthropics_words_are_shown_as_they_are() -> None:
    """Its text is not read into, and is escaped for the page it is shown on."""
    shown = explained(facts(validation=FAILED, **NO_TAG))._repr_mimebundle_()
    assert "Something <b>odd</b> about the key (request id req_validate)" in shown["text/plain"]
    assert "Something &lt;b&gt;odd&lt;/b&gt; about the key" in shown["text/html"]


@pytest.mark.parametrize(
    ("answer", "heading"),
    [
        (known("validation"), "Anthropic could use the key: there is nothing to explain"),
        (Absent(), "Nothing was validated: the key is not registered yet"),
        (Unknown("no answer", "req-1"), "Anthropic says: UNKNOWN: no answer (request id req-1)"),
        (FAILED, "Anthropic says: failure: Something <b>odd</b> about the key (request id req_validate)"),
    ],
)
def test_each_outcome_has_its_heading(answer: Any, heading: str) -> None:
    """Success has nothing to explain; an answer that was not there is not taken for one; nothing found says so."""
    old = known("assignments", created=OLD)
    view = explained(facts(validation=answer, assignments=old)).view()
    assert view.heading == heading
    if answer is FAILED:
        assert view.lines == ["Nothing that can be seen from here explains it. Ask Anthropic, with the request id."]
