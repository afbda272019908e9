"""The third reading agrees with the other two on outcome, needs and duties (DESIGN section 1); unknown is no answer."""

from __future__ import annotations

import random
from collections.abc import Iterator

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from brightline.analysis.smt import Outcomes, Search, Space
from brightline.errors import TermsError
from brightline.terms import Decision, Need, Outcome, Scope, Terms, confirm, decide, read_terms
from brightline.terms.supplying import Given
from brightline.vocabulary import Use, read_use
from tests.terms.generated import SCOPE, policies, random_use

PACKS, USES = 100, 200
SUPPLIED = ("approvals", "duties")
repeatable = settings(max_examples=PACKS, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))


def terms_of(text: str) -> Terms:
    """The terms, or a case to skip where chance went over a limit of the profile (64 cubes, 8 supplies)."""
    try:
        return read_terms(SCOPE, text, "generated.cedar")
    except TermsError as e:
        assume("cubes" not in e.text and "can matter" not in e.text)
        raise


def uses(scope: Scope, seed: int, count: int) -> Iterator[Use]:
    """Uses at random, no approvals or duties in hand."""
    rng = random.Random(seed)
    for _ in range(count):
        obj = random_use(rng, scope, stated=rng.choice([0.3, 0.7, 0.95]))
        for name in SUPPLIED:
            obj["facts"].pop(name, None)
            obj["sources"].pop(name, None)
        yield read_use(scope.vocabulary, obj)


class Reading:
    """What the formulas say of one use: the use is asserted, and each formula's name is read off the model."""

    def __init__(self, terms: Terms, space: Space | None = None) -> None:
        self.space = space or Space(terms.scope)
        self.outcomes = Outcomes(self.space, terms)
        logic = self.space.logic
        formulas = {"permit": self.outcomes.permitted, "hold": self.outcomes.held, "deny": self.outcomes.denied}
        self.formulas = formulas | {g: self.outcomes.need(g) for g in self.outcomes.candidates}
        self.names = {key: logic.bit(f"test {i}") for i, key in enumerate(self.formulas)}
        self.search = Search(self.space, *(logic.same(self.names[k], f) for k, f in self.formulas.items()))

    def of(self, use: Use) -> tuple[str, set[Given]]:
        assert self.search.check(*self.space.exactly(use)) is True
        true = [key for key, name in self.names.items() if self.search.true(name)]
        (outcome,) = [key for key in true if isinstance(key, str)]
        return outcome, {key for key in true if isinstance(key, Given)}


def meant(terms: Terms, decision: Decision) -> tuple[str, set[Given]]:
    """The same of a decision; ask counts as deny."""
    if decision.outcome in (Outcome.ASK, Outcome.DENY):
        return "deny", set()
    permit = decision.outcome is Outcome.PERMIT
    needs = [Need(duties=decision.duties)] if permit else decision.needs
    bits = terms.scope.vocabulary.bits

    def given(need: Need) -> Given:
        return Given(sum(bits["approvals"][a] for a in need.approvals), sum(bits["duties"][d] for d in need.duties))

    return str(decision.outcome), {given(n) for n in needs}


@repeatable
@given(policies(), st.integers(0, 2**32 - 1))
def test_formulas_closures_and_engine_agree_on_outcome_needs_and_duties(text: str, seed: int) -> None:
    terms = terms_of(text)
    reading = Reading(terms)
    for use in uses(SCOPE, seed, USES):
        decision = decide(terms, use)
        assert reading.of(use) == meant(terms, decision)
        confirm(terms, use, decision)
