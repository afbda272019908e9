"""Boxes mean what clauses mean, and the arithmetic on them is that of sets."""

from __future__ import annotations

import itertools
import random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from brightline.analysis.boxes import Space
from brightline.analysis.covering import Exhausted, Steps, covers, uncovered
from brightline.analysis.sides import labels, side, ways
from brightline.terms import DUTIES
from tests.analysis.gaps import drawn, random_uses, terms
from tests.terms.generated import SCOPE, policies
from tests.terms.small import SMALL

PLAIN = settings(deadline=None, max_examples=30, suppress_health_check=list(HealthCheck))


def spot(space: Space, activity: str, v: list[int]) -> int:
    """The box of one encoded use."""
    out = 0
    for f in space.fields:
        code = activity if f.fact == "activity" else v[f.place]
        match f.kind.name:
            case "ACTIVITY":
                i = f.values.index(activity)
            case "NUMBER":
                i = sum(low <= code for low in f.codes) - 1
            case "MEMBER":
                i = int(bool(code & f.codes[1]))
            case _:
                i = f.codes.index(code)
        out |= 1 << (f.at + i)
    return out


@PLAIN
@given(policies(SCOPE), st.integers(0, 99))
def test_a_use_lies_in_a_clauses_boxes_iff_the_closures_say_that_it_applies(text: str, seed: int) -> None:
    t = drawn(SCOPE, text)
    space = Space(SCOPE, [t])
    mine = side(space, t, DUTIES)
    index = SCOPE.vocabulary.index
    everything = sum(SCOPE.vocabulary.bits["duties"].values())
    for activity, v in random_uses(SCOPE, [t], 60, random.Random(seed)):
        permits, forbids = mine.around(spot(space, activity, v))
        assert {b.rank for b in forbids} == {
            r for r in t.applicable(activity) if not t.clauses[r].permits and t.condition(r)(v)
        }
        v[index["approvals"]], v[index["duties"]] = SCOPE.full[index["approvals"]], everything
        assert {b.rank for b in permits} == {
            r for r in t.applicable(activity) if t.clauses[r].permits and t.condition(r)(v)
        }


SPACE = Space(
    SMALL,
    [
        terms(
            SMALL,
            """@id("p") permit (principal, action, resource) when { context.place == "home" &&
context.basis == "none" && context.persons > 3 && context.lanes.contains("a") };""",
        )
    ],
)


@st.composite
def box(draw: st.DrawFn) -> int:
    return sum(draw(st.integers(1, (1 << f.width) - 1)) << f.at for f in SPACE.fields)


def points(some: int) -> set[int]:
    return {sum(p) for p in itertools.product(*[[1 << (f.at + i) for i in f.chosen(some)] for f in SPACE.fields])}


@PLAIN
@given(box(), box())
def test_meeting_and_what_stands_apart(a: int, b: int) -> None:
    assert SPACE.meets(a, b) == bool(points(a) & points(b))
    apart = {f.fact for f in SPACE.fields if not f.of(a) & f.of(b)}
    assert {f.fact for f in SPACE.fields_in(SPACE.apart(a, b))} == apart
    assert {f.fact for f in SPACE.fields_in(SPACE.outside(a, b))} == {
        f.fact for f in SPACE.fields if f.of(a) & ~f.of(b)
    }


@PLAIN
@given(box(), st.lists(box(), max_size=5))
def test_what_holes_leave_is_all_that_they_leave_and_no_more(a: int, holes: list[int]) -> None:
    left = points(a).difference(*map(points, holes))
    found = [points(p) for p in uncovered(SPACE, a, list(holes), Steps(10_000))]
    assert set().union(*found) == left
    assert sum(map(len, found)) == len(left)
    assert covers(SPACE, holes, a, Steps(10_000)) == (not left)


def test_steps_that_run_out_are_no_answer() -> None:
    steps = Steps(1)
    steps.take()
    for spent in (steps, Steps(513, lambda: True)):
        try:
            for _ in range(3):
                spent.take()
        except Exhausted:
            continue
        raise AssertionError("it went on")


@PLAIN
@given(st.frozensets(st.integers(0, 31), max_size=3), st.frozensets(st.integers(0, 31), max_size=4))
def test_ways_are_the_least_supplies_that_do(permits: frozenset[int], forbids: frozenset[int]) -> None:
    enough = [s for s in range(32) if any(p & s == p for p in permits) and all(f & s for f in forbids)]
    least = {s for s in enough if not any(o != s and o & s == o for o in enough)}
    assert set(ways(permits, forbids)) == least
    assert labels([]) == frozenset()
