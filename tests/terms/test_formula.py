"""Laws of formulas and cubes, over few facts so that values meet: every use there is gets tried.

`src/brightline/terms/{formula,cubes,satisfying}.py`.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from functools import reduce
from itertools import permutations, product
from operator import or_
from types import FrameType

import pytest

from brightline.terms.cubes import _narrowing, cubes, meet
from brightline.terms.formula import (
    FALSE,
    MAX_NUMBER,
    TRUE,
    And,
    Formula,
    Has,
    In,
    Or,
    between,
    conjunction,
    disjunction,
    holds,
    leaves,
    negation,
    residual,
    within,
)
from brightline.terms.satisfying import satisfiable
from tests.terms.lying import lies_in

FULL = (0b111, 0b1111, 0b111, 0)
"""Two enumerations of three and four values, a set of three members, a number."""
NUMBERS = (0, 1, 2, 5, MAX_NUMBER - 1, MAX_NUMBER)
SETS = range(8)
USES = list(product([1, 2, 4], [1, 2, 4, 8], SETS, NUMBERS))


def formulas(seed: int, count: int, *, enumerations_only: bool = False) -> Iterator[Formula]:
    rng = random.Random(seed)
    for _ in range(count):
        yield made(rng, 3, enumerations_only)


def made(rng: random.Random, depth: int, enumerations_only: bool) -> Formula:
    if depth == 0 or rng.random() < 0.3:
        match rng.randrange(2 if enumerations_only else 4):
            case 2:
                return Has(2, 1 << rng.randrange(3), rng.random() < 0.5)
            case 3:
                return between(3, *sorted(rng.choice(NUMBERS) for _ in range(2)))
            case i:
                return within(i, rng.randrange(FULL[i] + 1), FULL[i])
    parts = [made(rng, depth - 1, enumerations_only) for _ in range(rng.randint(1, 3))]
    return rng.choice([conjunction, disjunction, lambda p: negation(conjunction(p), FULL)])(parts)


def test_conjunction_and_disjunction_are_all_and_any() -> None:
    rng = random.Random(1)
    for _ in range(300):
        parts = [made(rng, 2, False) for _ in range(rng.randint(0, 3))]
        for v in rng.sample(USES, 20):
            assert holds(conjunction(parts), v) is all(holds(p, v) for p in parts)
            assert holds(disjunction(parts), v) is any(holds(p, v) for p in parts)


def test_negation_is_true_where_the_formula_is_not() -> None:
    for f in formulas(2, 150):
        no = negation(f, FULL)
        assert all(holds(no, v) is not holds(f, v) for v in USES)
        assert all(holds(negation(no, FULL), v) is holds(f, v) for v in USES)


@pytest.mark.parametrize("limit", [4, 64])
def test_cubes_are_the_formula_and_none_is_empty_or_inside_another(limit: int) -> None:
    some = 0
    for f in formulas(3, 400):
        parts = cubes(f, limit)
        if parts is None:
            continue
        some += len(parts) > 1
        assert len(parts) <= limit
        for v in USES:
            assert any(lies_in(v, cube) for cube in parts) is holds(f, v)
        for cube in parts:
            assert any(lies_in(v, cube) for v in USES), "a cube that no use is in"
        bits = _narrowing(f)
        ruled = [reduce(or_, map(bits, cube.values()), 0) for cube in parts]
        assert not any(a & b == b for a, b in permutations(ruled, 2))
    assert some > 100


def test_a_cube_that_rules_out_more_is_inside_and_two_rule_out_what_they_meet_in() -> None:
    some = 0
    for f in formulas(5, 200):
        bits = _narrowing(f)
        pool = [(cube, reduce(or_, map(bits, cube.values()), 0)) for cube in cubes(f, 64) or []]
        for (a, x), (b, y) in permutations(pool, 2):
            both = meet(a, b)
            among = [v for v in USES if lies_in(v, a) and lies_in(v, b)]
            if both is None:
                assert not among
                continue
            assert reduce(or_, map(bits, both.values()), 0) == x | y
            for one, ruled in ((a, x), (b, y)):
                assert (x | y) & ruled == ruled  # what two meet in is inside each
                assert all(lies_in(v, one) for v in among)
                some += x | y != ruled
    assert some > 100


def test_a_clause_at_the_limit_takes_few_steps() -> None:
    """64 cubes of two sets of eight: each was compared with each by its parts, in 20,000 calls; 512 took 5 seconds."""
    f = And(tuple(Or(tuple(Has(2, 1 << bit) for bit in bits)) for bits in (range(8), range(8, 16))))
    calls = 0

    def count(_: FrameType, event: str, __: object) -> None:
        nonlocal calls
        calls += event == "call"

    sys.setprofile(count)
    try:
        found = cubes(f, 64)
    finally:
        sys.setprofile(None)
    assert found is not None
    assert len(found) == 64
    assert calls < 6_000


def test_a_formula_that_takes_more_cubes_than_the_limit_has_none() -> None:
    both = [disjunction([In(0, 1), In(1, 1)]), disjunction([Has(2, 1), Has(2, 2)])]
    assert len(cubes(conjunction(both), 4) or []) == 4
    assert cubes(conjunction(both), 3) is None
    assert cubes(TRUE, 64) == [{}]
    assert cubes(FALSE, 64) == []


def test_residual_is_the_formula_where_nothing_but_what_is_free_moves() -> None:
    rng = random.Random(6)
    for f in formulas(7, 300):
        v = rng.choice(USES)
        free = {i: rng.randrange(1, FULL[i] + 1) for i in rng.sample(range(3), rng.randint(0, 3))}
        left = residual(f, v, free)
        assert {leaf.i for leaf in leaves(left)} <= set(free)
        assert all(leaf.bit & free[2] for leaf in leaves(left) if isinstance(leaf, Has))
        for w in rng.sample(USES, 30):
            mixed = [w[i] if i in free else v[i] for i in range(4)]
            if 2 in free:
                mixed[2] = v[2] & ~free[2] | w[2] & free[2]
            if all(mixed[i] & free[i] for i in free if i < 2):
                assert holds(left, mixed) is holds(f, mixed)


def test_satisfiable_finds_values_if_and_only_if_there_are_some() -> None:
    rng = random.Random(8)
    seen = {True: 0, False: 0}
    for _ in range(600):
        constraints = [made(rng, 3, True) for _ in range(rng.randint(1, 4))]
        domains = {i: rng.randrange(1, FULL[i] + 1) for i in (0, 1)}
        pairs = product(bits(domains[0]), bits(domains[1]))
        there_are = any(all(holds(c, v) for c in constraints) for v in pairs)
        assert satisfiable(constraints, domains, [0], 10_000) is there_are
        seen[there_are] += 1
    assert min(seen.values()) > 100


def test_satisfiable_gives_up_with_no() -> None:
    """An answer of yes is always right; past its steps it says no, so that a denial stays one."""
    hard = [And((Or((In(0, 1), In(1, 1))), Or((In(0, 2), In(1, 2)))))]
    steps = [0]
    assert satisfiable(hard, dict(enumerate(FULL[:2])), steps, 10)
    assert steps[0] > 1
    assert not satisfiable(hard, dict(enumerate(FULL[:2])), [0], 1)


def bits(mask: int) -> list[int]:
    return [1 << i for i in range(mask.bit_length()) if mask >> i & 1]
