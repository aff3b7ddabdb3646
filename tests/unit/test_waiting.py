"""Waiting says what for and how long is left, and ends: timed with a clock that only sleeping moves."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from helpers.errors import ServiceFailed
from helpers.waiting import NotYet, Waiter


@dataclass
class Time:
    """Seconds that pass by sleeping, and by each look where looking takes time."""

    now: float = 100.0
    slept: list[float] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    looks: list[float] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    def look(self, there_after: float, takes: float = 0.0) -> str | NotYet:
        self.looks.append(self.now - 100.0)
        self.now += takes
        number = len(self.looks)
        return "found" if self.looks[-1] >= there_after else NotYet(f"reason {number}.", f"req-{number}")

    @property
    def waiter(self) -> Waiter:
        return Waiter(self.said.append, self.sleep, lambda: self.now)


def test_what_is_there_is_found_without_a_word() -> None:
    """The first look costs nothing and says nothing."""
    time = Time()
    assert time.waiter.until("the role", lambda: time.look(0), at_most=60) == "found"
    assert (time.slept, time.said) == ([], [])


def test_each_wait_says_what_why_and_how_long() -> None:
    """Every pause is announced with its reason, its length and what is left; the find with how long it took."""
    time = Time()
    time.waiter.until("the role", lambda: time.look(1.5), at_most=60)
    assert time.said == [
        "Waiting for the role: reason 1. Looking again in 0.5 s, 60 s left.",
        "Waiting for the role: reason 2. Looking again in 1 s, 60 s left.",
        "the role: seen after 2 s.",
    ]


def test_pauses_grow_to_a_longest_one() -> None:
    """Further and further apart, but never too far."""
    time = Time()
    with pytest.raises(ServiceFailed):
        time.waiter.until("x", lambda: time.look(1e9), at_most=200)
    assert time.slept[:8] == [0.5, 1, 2, 4, 8, 16, 30, 30]


@pytest.mark.parametrize("bound", [0.1, 0.5, 7, 60, 900])
@pytest.mark.parametrize("takes", [0.0, 0.3, 45.0])
def test_it_never_sleeps_past_the_bound(bound: float, takes: float) -> None:
    """However long a look takes, sleeping ends at the bound; the last look comes when the bound has passed."""
    time = Time()
    with pytest.raises(ServiceFailed):
        time.waiter.until("x", lambda: time.look(1e9, takes), at_most=bound)
    assert time.now - 100.0 - takes * len(time.looks) == pytest.approx(sum(time.slept))
    assert time.looks[-1] + takes >= bound - 0.001
    assert time.looks[-1] <= max(bound, 0) + 0.001


def test_a_bound_of_nothing_looks_once() -> None:
    """With no time there is one look and no sleep."""
    time = Time()
    with pytest.raises(ServiceFailed):
        time.waiter.until("x", lambda: time.look(1e9), at_most=0)
    assert (len(time.looks), time.slept) == (1, [])


def test_what_comes_at_the_very_bound_is_found() -> None:
    """The last look is after the last sleep, so the whole bound is used."""
    time = Time()
    assert time.waiter.until("x", lambda: time.look(10.0), at_most=10) == "found"


def test_giving_up_says_how_long_and_what_next() -> None:
    """The error names what was waited for, the time, the last reason and its request id."""
    time = Time()
    with pytest.raises(ServiceFailed) as failed:
        time.waiter.until("the role", lambda: time.look(1e9), at_most=3)
    assert failed.value.what == f"waited 3 s for the role: reason {len(time.looks)}."
    assert failed.value.request_id == f"req-{len(time.looks)}"
    assert failed.value.next_step


def test_or_else_the_last_answer_is_the_answer() -> None:
    """Where the last answer is worth judging, it is returned in place of an error."""
    time = Time()
    assert time.waiter.until_or("x", lambda: time.look(1e9), lambda: "last", at_most=3) == "last"
    assert time.waiter.until_or("x", lambda: time.look(0), lambda: "last", at_most=3) == "found"


def test_what_a_look_raises_goes_through() -> None:
    """An error is not something to wait for."""
    time = Time()

    def look() -> str | NotYet:
        raise ServiceFailed("no")

    with pytest.raises(ServiceFailed, match="no"):
        time.waiter.until("x", look, at_most=60)
    assert time.slept == []
