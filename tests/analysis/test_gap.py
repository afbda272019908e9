"""The laws of `compare` on texts at random over a vocabulary small enough to try every use."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from brightline.analysis.compare import compare, signature
from brightline.analysis.difference import Comparison
from brightline.terms import Scope, decide_case
from tests.analysis.gaps import check, drawn, every_use, random_uses, said
from tests.terms.generated import SCOPE, policies
from tests.terms.small import CORE_ONLY, SMALL

PLAIN = settings(deadline=None, max_examples=25, suppress_health_check=list(HealthCheck))
SCOPED = Scope(CORE_ONLY, ("army", "army/g2"), {"big": (), "big-1": ("big",)})


@PLAIN
@given(st.data())
@pytest.mark.parametrize("scope", [SMALL, SCOPED], ids=["facts", "components and models"])
def test_every_use_that_differs_lies_in_a_region_and_no_other_does(scope: Scope, data: st.DataObject) -> None:
    a, b = (drawn(scope, data.draw(policies(scope, most=3, depth=1))) for _ in range(2))
    compared = compare(a, b)
    assert compared.complete
    uses = list(every_use(scope, [a, b]))
    if len(uses) > 3_000:
        uses = list(random_uses(scope, [a, b], 2_000, random.Random(0)))
    differ = check(compared, [a, b], iter(uses))
    assert compared.equivalent == (not differ) or len(uses) == 2_000
    assert compared.equivalent == (not compared.differences)
    assert_minimal(compared)


@settings(PLAIN, max_examples=10)
@given(policies(SCOPE, most=4), policies(SCOPE, most=4), st.integers(0, 9))
def test_texts_at_random_over_the_whole_vocabulary(one: str, other: str, seed: int) -> None:
    a, b = drawn(SCOPE, one), drawn(SCOPE, other)
    compared = compare(a, b, steps=2_000)
    if compared.complete:
        check(compared, [a, b], random_uses(SCOPE, [a, b], 2_000, random.Random(seed)))
    assert_minimal(compared)


@settings(PLAIN, max_examples=5)
@given(policies(SCOPE, most=4), st.integers(0, 9))
def test_the_quick_judge_is_decide(text: str, seed: int) -> None:
    t = drawn(SCOPE, text)
    for activity, v in random_uses(SCOPE, [t], 200, random.Random(seed)):
        assert said(t, activity, v) == signature(decide_case(t, activity, v))


def assert_minimal(compared: Comparison) -> None:
    """No region contains another; each lists the facts that do not matter in it."""
    regions = [d.region for d in compared.differences]
    for one in regions:
        for other in regions:
            assert one is other or not contains(one, other)
    assert len({d.id for d in compared.differences}) == len(regions)
    for d in compared.differences:
        assert not set(d.any) & set(d.region)


def contains(big: Mapping[str, Any], small: Mapping[str, Any]) -> bool:
    """Whether every use in region `small` lies in `big`, as far as single facts show."""
    for name, part in big.items():
        inner = small.get(name)
        match part:
            case {"in": values}:
                if inner is None or not set(inner["in"]) <= set(values):
                    return False
            case {"has": has, "lacks": lacks}:
                if inner is None or not (set(has) <= set(inner["has"]) and set(lacks) <= set(inner["lacks"])):
                    return False
            case _:
                low, high = part.get("min", 0), part.get("max", 2**63)
                if inner is None or inner.get("min", 0) < low or inner.get("max", 2**63) > high:
                    return False
    return True
