"""The third reading agrees with the other two on outcome, needs and duties (DESIGN section 1); unknown is no answer."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from brightline.analysis.smt import UNKNOWN, Outcomes, Search, Space, Term, find, least
from brightline.errors import TermsError
from brightline.storage.packs import open_pack
from brightline.terms import Decision, Need, Outcome, Scope, Terms, confirm, decide, read_scenarios, read_terms
from brightline.terms.formula import And, Between, Formula, Has, In, Or, holds
from brightline.terms.supplying import Given
from brightline.vocabulary import Use, read_use, use_json
from tests.terms.generated import SCOPE, SUPPLIES, policies, random_use

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


def mixed(seed: int, count: int) -> Iterator[Use]:
    """Uses with anything in hand."""
    rng = random.Random(seed)
    return (read_use(SCOPE.vocabulary, random_use(rng, SCOPE, stated=rng.random())) for _ in range(count))


@settings(repeatable, max_examples=30)
@given(policies(), st.integers(0, 2**32 - 1))
def test_every_clause_means_what_its_formula_means(text: str, seed: int) -> None:
    """Approvals and duties as the use has them, or just those given, with certificates added."""
    terms, rng = terms_of(text), random.Random(seed)
    space, index = Space(SCOPE), SCOPE.vocabulary.index
    some = [Given(*(rng.getrandbits(12) & SCOPE.full[index[n]] for n in SUPPLIES)) for _ in range(2)]
    formulas = {(c.id, g): space.condition(c, g) for c in terms.clauses for g in (None, *some)}
    formulas |= {("", g): space.allowed(terms, g) for g in (None, *some)}
    names = {key: space.logic.bit(f"test {i}") for i, key in enumerate(formulas)}
    search = Search(space, *(space.logic.same(names[k], f) for k, f in formulas.items()))
    for use in mixed(seed, 30):
        assert search.check(*space.exactly(use)) is True
        for given_ in (None, *some):
            v = SCOPE.encode(use)
            if given_ is not None:
                v[index["approvals"]], v[index["duties"]] = given_.approvals, given_.duties
                v[index["exceptions"]] |= given_.exceptions
            for c in terms.clauses:
                assert search.true(names[c.id, given_]) is (use.activity in c.activities and holds(c.condition, v))
            permits, forbids = terms.match[use.activity](v)
            assert search.true(names["", given_]) is (bool(permits) and not forbids)


def test_every_use_is_in_the_space_and_what_is_found_is_a_use() -> None:
    space = Space(SCOPE)
    search = Search(space)
    for use in mixed(3, 300):
        assert search.check(*space.exactly(use)) is True
        again = read_use(SCOPE.vocabulary, use_json(search.use()))
        assert (again.activity, SCOPE.encode(again)) == (use.activity, SCOPE.encode(use))


def test_what_can_not_be_is_not_in_the_space() -> None:
    space = Space(SCOPE)
    words, logic = SCOPE.vocabulary, space.logic
    search = Search(space)

    def term(fact: str, value: str) -> Term:
        return space.values[words.index[fact]][words.facts[fact].names.index(value)]

    def lies(place: int, bit: int) -> Term:
        return space.formula(Has(place, bit))

    army, g2, navy = (lies(SCOPE.component_place, SCOPE.component_bit(c)) for c in SCOPE.components)
    smol, tuned, other = (lies(SCOPE.model_place, SCOPE.model_bit(m)) for m in ("smol", "smol-2-tuned", "other"))
    persons = space.numbers[words.index["distinct_persons"]]
    for impossible in (
        [term("place", "home"), term("place", "abroad")],
        [logic.no(t) for t in space.values[words.index["place"]]],
        [term("claimed", "place"), term("place", "unknown")],
        [army, navy],
        [g2, logic.no(army)],
        [tuned, logic.no(smol)],
        [smol, other],
        [persons < 0],
        [persons > 2**63 - 1],
        [space.activity(["gen.office"]), space.activity(["gen.unknown", "surv.profile"])],
    ):
        assert search.check(*impossible) is False
    for possible in (
        [term("claimed", "lanes"), *(logic.no(t) for t in space.values[words.index["lanes"]])],
        [term("place", "home"), logic.no(term("claimed", "place"))],
        [army, logic.no(g2), smol, logic.no(tuned)],
        [logic.no(army), logic.no(navy), logic.no(smol), logic.no(other)],
        [persons >= 2**63 - 1],
    ):
        assert search.check(*possible) is True
    assert "end_user" not in space.claims


def test_the_least_use_states_the_fewest_facts_and_of_several_the_first() -> None:
    space = Space(SCOPE)
    words = SCOPE.vocabulary

    def shown(formula: Formula) -> dict[str, object]:
        found = least(space, space.formula(formula))
        return {k: v for k, v in use_json(found).items() if v and k != "alternatives"}

    place, roles, persons = (words.index[n] for n in ("place", "approvals", "distinct_persons"))
    home, abroad, unknown = (words.bits["place"][v] for v in ("home", "abroad", "unknown"))
    first = {"activity": next(iter(words.activities))}
    assert shown(And(())) == first
    assert shown(In(place, home | abroad | unknown)) == first
    assert shown(In(place, home | abroad)) == first | {"facts": {"place": "home"}}
    assert shown(Or((Has(roles, 1), Has(roles, 2)))) == first | {
        "facts": {"approvals": [words.facts["approvals"].names[0]]}
    }
    assert shown(Between(persons, 7, 9)) == first | {"facts": {"distinct_persons": 7}}
    assert shown(Or((Between(persons, 7, 9), Has(SCOPE.component_place, SCOPE.component_bit("army/g2"))))) in (
        first | {"facts": {"distinct_persons": 7}},
        first | {"component": "army/g2"},
    )
    phase, audience = (words.index[n] for n in ("phase", "audience"))
    two_later = And((In(place, home), In(audience, 1)))
    assert shown(Or((In(phase, 1), two_later))) == first | {"facts": {"phase": words.facts["phase"].names[0]}}
    unclaimed = And((In(place, home), Has(words.index["claimed"], words.bits["claimed"]["place"], absent=True)))
    assert shown(unclaimed) == first | {"facts": {"place": "home"}, "sources": {"place": "attested"}}
    assert least(space, space.formula(Or(()))) is None


def test_answers_are_the_same_whatever_was_asked_before() -> None:
    terms = open_pack("compromise").terms
    fresh = least(space := Space(terms.scope), Outcomes(space, terms).held)
    used = Space(terms.scope)
    for activity in list(used.activities)[:5]:
        find(used, used.activity([activity]), used.allowed(terms))
    assert least(used, Outcomes(used, terms).held) == fresh
    assert decide(terms, fresh).outcome is Outcome.HOLD


def test_a_limit_that_is_reached_is_a_third_answer() -> None:
    terms = open_pack("compromise").terms
    space = Space(terms.scope)
    for ask in (find, least):
        assert ask(space, space.allowed(terms), rlimit=1) is UNKNOWN
    with pytest.raises(TypeError, match="neither yes nor no"):
        assert not find(space, space.allowed(terms), rlimit=1)


def test_a_thousand_names_of_one_kind() -> None:
    many = Scope(SCOPE.vocabulary, tuple(f"c{i}" for i in range(1024)))
    space = Space(many)
    last = space.formula(Has(many.component_place, many.component_bit("c1023")))
    found = find(space, last)
    assert isinstance(found, Use)
    assert found.component == "c1023"
    assert find(space, last, space.formula(Has(many.component_place, many.component_bit("c7")))) is None


@pytest.mark.parametrize("name", ["vendor", "customer", "compromise"])
def test_the_founding_packs_read_alike_on_their_scenarios(name: str) -> None:
    pack = open_pack(name)
    reading = Reading(pack.terms)
    for scenario in read_scenarios(pack):
        if not scenario.use.alternatives and not set(SUPPLIED) & set(scenario.use.facts):
            assert reading.of(scenario.use) == meant(pack.terms, decide(pack.terms, scenario.use)), scenario.id
