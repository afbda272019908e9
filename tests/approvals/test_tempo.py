"""A16: an approver who clicks two hundred times in six minutes. Simulations with seeds; the truth is known."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brightline.approvals import Given, Grant, Limits, State, tempo
from brightline.approvals.tempo import took
from brightline.terms import Outcome
from tests.approvals.scene import NOON, SECOND, act, decided, desk, put, says, tell, use

SIX_MINUTES = 360 * SECOND


def clicks(median_seconds: float, count: int, seed: int) -> list[Given]:
    """One person's grants, each taking a time about the median; every act was shown long before."""
    rng, at, out = random.Random(seed), NOON, []
    for _ in range(count):
        thought = max(1, int(1000 * rng.lognormvariate(0, 0.6) * median_seconds))
        at += thought
        out.append(Given(at, "lee", "operator", thought))
    return out


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize(
    ("median", "count", "word"),
    [(1.2, 200, "hurried"), (1.2, 12, "hurried"), (30.0, 200, "normal"), (8.0, 200, "normal"), (1.2, 9, "normal")],
)
def test_simulated_approvers(median: float, count: int, word: str, seed: int) -> None:
    history = clicks(median, count, seed)
    assert tempo(history, history[-1].at, Limits()) == word


def test_it_passes_with_the_window() -> None:
    history = clicks(1.2, 200, 1)
    assert tempo(history, NOON, Limits()) == "normal"  # what comes later is not known yet
    assert tempo(history, history[-1].at + SIX_MINUTES, Limits()) == "normal"


@given(st.lists(st.tuples(st.integers(0, SIX_MINUTES), st.integers(0, 60_000)), max_size=40), st.integers(0, 60_000))
def test_taking_longer_never_makes_it_hurried(grants: list[tuple[int, int]], more: int) -> None:
    now = NOON + SIX_MINUTES
    quick = [Given(NOON + at, "lee", "operator", took) for at, took in sorted(grants)]
    slow = [g._replace(took=g.took + more) for g in quick]
    assert tempo(slow, now, Limits()) == "normal" or tempo(quick, now, Limits()) == "hurried"


def test_a_grant_takes_from_its_showing_or_from_the_grant_before() -> None:
    history = [Given(NOON, "lee", "operator", 9), Given(NOON + 5000, "may", "operator", 9)]
    assert took(history, "lee", NOON - 1000, NOON + 7000) == 7000
    assert took(history, "lee", NOON + 6000, NOON + 7000) == 1000
    assert took(history, "ortiz", NOON - 1000, NOON) == 1000


def test_a16_the_two_hundredth_click_needs_a_second_approver() -> None:
    on, rng, at = desk(), random.Random(16), NOON
    acts = [act(b"track %d" % i) for i in range(200)]
    holds = [put(on, a) for a in acts]
    for a, hold in zip(acts[:-1], holds, strict=False):
        at += int(1000 * rng.lognormvariate(0, 0.6) * 1.2)
        tell(on, says(Grant, "lee", hold, at), at)
        if on.tempo(a, at) == "normal":
            on.use(a, {"operator"}, at)
    last, hold = acts[-1], holds[-1]
    at += 1200
    tell(on, says(Grant, "lee", hold, at), at)
    assert on.tempo(last, at) == "hurried"
    facts = {"approvals": sorted(on.approvals(last, at)), "approval_tempo": on.tempo(last, at)}
    decision = decided(use(**facts))
    assert decision.outcome is Outcome.HOLD
    assert [n.approvals for n in decision.needs] == [("operator_2",)]
    ticket = on.hold(last, decision, at, bytes(16))
    assert ticket.hold.needs == (frozenset({"operator", "operator_2"}),)
    assert ticket.hold.state is State.WAITING
    assert ticket.event is not None
    tell(on, says(Grant, "ortiz", hold, at + 9000, role="operator_2"), at + 9000)
    both = on.approvals(last, at + 9000)
    assert both == {"operator", "operator_2"}
    assert decided(use(approvals=sorted(both), approval_tempo=on.tempo(last, at + 9000))).outcome is Outcome.PERMIT
    assert on.use(last, both, at + 9000).event.roles == ("operator", "operator_2")


def test_waiting_out_the_window_does_not_help() -> None:
    slow = {"roles": {}, "tempo": Limits(window_seconds=60)}
    on, at = desk(**slow), NOON
    holds = [put(on, act(b"%d" % i)) for i in range(12)]
    for hold in holds:
        at += 1000
        tell(on, says(Grant, "lee", hold, at, until=at + 300 * SECOND), at)
    assert on.tempo(holds[-1].held.act, at + 120 * SECOND) == "hurried"
    assert on.approvals(holds[-1].held.act, at + 120 * SECOND) == {"operator"}


def test_a_careful_approver_is_not_told_to_hurry_less() -> None:
    on, at = desk(), NOON
    for i in range(12):
        what = act(b"%d" % i)
        hold = put(on, what, at)
        at += 20 * SECOND
        tell(on, says(Grant, "lee", hold, at), at)
        assert on.tempo(what, at) == "normal"
