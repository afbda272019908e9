"""One scope: exact up to the limit, and never larger."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from brightline.meters.counter import NEVER, Counter

STEPS = st.lists(st.tuples(st.integers(0, 6), st.lists(st.integers(0, 12), max_size=6, unique=True)), max_size=60)


def name(person: int) -> bytes:
    return person.to_bytes(16, "big")


@given(STEPS, st.integers(1, 9), st.integers(1, 20))
def test_the_least_of_count_and_limit_is_exact_at_every_time(steps: list[Any], hard: int, seconds: int) -> None:
    counter, last, now = Counter(), {}, 100
    for wait, persons in steps:
        now += wait
        truth = {p for p, at in last.items() if at > now - seconds}
        assert min(counter.with_use([], now - seconds), hard) == min(len(truth), hard)
        if len(truth) < hard:
            # Not saturated: with any use counted it is exact, however many the use brings.
            assert counter.with_use(list(map(name, persons)), now - seconds) == len(truth | set(persons))
        counter.expire(now - seconds)
        counter.touch(map(name, persons), now, hard)
        last |= dict.fromkeys(persons, now)
        assert len(counter.seen) <= hard


@given(STEPS, st.lists(st.lists(st.integers(0, 12), max_size=6, unique=True), max_size=8), st.integers(1, 20))
def test_who_is_held_counts_once_and_leaves_no_trace(steps: list[Any], held: list[Any], seconds: int) -> None:
    counter, now, last = Counter(), 100, {}
    for group in held:
        counter.hold(list(map(name, group)))
    everybody = {p for group in held for p in group}
    for wait, persons in steps:
        now += wait
        counter.expire(now - seconds)
        counter.touch(map(name, persons), now, 1000)
        last |= dict.fromkeys(persons, now)
        seen = {p for p, at in last.items() if at > now - seconds}
        assert counter.count == len(seen | everybody)
    before = dict(counter.seen)
    for group in held:
        counter.let_go(list(map(name, group)))
    assert counter.count == len(counter.seen)
    assert counter.seen == before


def test_a_person_leaves_when_the_window_has_passed_and_not_before() -> None:
    counter = Counter()
    counter.touch([name(1)], 100, 10)
    assert counter.with_use([], 99) == 1
    assert counter.with_use([], 100) == 0
    counter.expire(99)
    assert counter.count == 1
    counter.expire(100)
    assert counter.count == 0
    assert counter.idle


def test_reading_ahead_changes_nothing() -> None:
    counter = Counter()
    counter.touch([name(1), name(2)], 100, 10)
    assert counter.with_use([name(2), name(3)], 10**9) == 2
    assert counter.count == 2


def test_what_was_dropped_is_known_to_have_been() -> None:
    counter = Counter()
    counter.touch([name(1), name(2)], 100, 2)
    assert counter.forgotten == NEVER
    counter.touch([name(3)], 105, 2)
    assert counter.forgotten == 100
    assert list(counter.seen) == [name(2), name(3)]
