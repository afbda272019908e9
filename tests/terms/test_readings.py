"""The readings of one text agree: closures, formulas, cubes and the Cedar engine itself (DESIGN sections 1 and 3)."""

from __future__ import annotations

import random
from collections.abc import Iterator

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from brightline.errors import TermsError
from brightline.terms import Terms, alternate, confirm, decide, read_terms
from brightline.terms.clause import MAX_CUBES
from brightline.terms.cubes import cubes
from brightline.terms.formula import holds, negation, residual
from brightline.vocabulary import FactKind, read_use
from tests.terms.generated import SCOPE, policies, random_alternative, random_use
from tests.terms.lying import lies_in

EXAMPLES, USES = 100, 200
repeatable = settings(max_examples=EXAMPLES, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
seeds = st.integers(0, 2**32 - 1)


def terms_of(text: str) -> Terms:
    """The terms, or a case to skip where chance went over a limit of the profile (64 cubes, 8 supplies)."""
    try:
        return read_terms(SCOPE, text, "generated.cedar")
    except TermsError as e:
        assume("cubes" not in e.text and "can matter" not in e.text)
        raise


def encoded(terms: Terms, seed: int, count: int) -> Iterator[tuple[str, list[int], str, str]]:
    rng = random.Random(seed)
    for _ in range(count):
        use = read_use(SCOPE.vocabulary, random_use(rng, SCOPE))
        yield use.activity, SCOPE.encode(use), use.component, use.model


@repeatable
@given(policies(), seeds)
def test_closures_agree_with_the_engine_and_with_the_formulas(text: str, seed: int) -> None:
    terms = terms_of(text)
    for activity, v, component, model in encoded(terms, seed, USES):
        permits, forbids = terms.match[activity](v)
        assert (bool(permits) and not forbids) is terms.oracle.allows(activity, v, component, model)
        for rank, c in enumerate(terms.clauses):
            applies = activity in c.activities and holds(c.condition, v)
            assert ((permits if c.permits else forbids) >> rank & 1) == applies


@repeatable
@given(policies(most=3), seeds)
def test_cubes_negation_and_residual_mean_what_the_formula_means(text: str, seed: int) -> None:
    terms = terms_of(text)
    rng = random.Random(seed)
    enums = [i for i, f in enumerate(SCOPE.vocabulary.facts.values()) if f.kind is FactKind.ENUM]
    for _, v, _, _ in encoded(terms, seed, 20):
        free = {i: SCOPE.full[i] & rng.getrandbits(12) or SCOPE.full[i] for i in rng.sample(enums, rng.randint(0, 6))}
        w = [1 << rng.choice(bits(free[i])) if i in free else x for i, x in enumerate(v)]
        for c in terms.clauses:
            f = c.condition
            parts = cubes(f, MAX_CUBES)
            assert parts is not None
            assert any(lies_in(v, cube) for cube in parts) is holds(f, v)
            assert holds(negation(f, SCOPE.full), v) is not holds(f, v)
            assert holds(residual(f, v, free), w) is holds(f, w)


@settings(repeatable, max_examples=100)
@given(policies(), seeds)
def test_every_decision_is_borne_out_by_the_engine(text: str, seed: int) -> None:
    terms = terms_of(text)
    rng = random.Random(seed)
    for _ in range(12):
        obj = random_use(rng, SCOPE, stated=rng.choice([0.3, 0.9]))
        obj["alternatives"] = [random_alternative(rng, SCOPE) for _ in range(rng.choice([0, 0, 1, 2]))]
        use = read_use(SCOPE.vocabulary, obj)
        performable = rng.choice([("note", "redact", "minimise", "sample"), ("note",), ()])
        decision = decide(terms, use, performable)
        confirm(terms, use, decision, performable)
        each = [decide(terms, alternate(use, a), performable).outcome for a in use.alternatives]
        alone = decide(terms, alternate(use, use.alternatives[0]), performable).outcome if each else decision.outcome
        assert alone.strictness <= decision.outcome.strictness


def bits(mask: int) -> list[int]:
    return [i for i in range(mask.bit_length()) if mask >> i & 1]
