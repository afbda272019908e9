"""What two sets of terms both allow (src/brightline/terms/meet.py)."""

from __future__ import annotations

import json
import random

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from brightline.errors import TermsError
from brightline.storage.packs import open_pack
from brightline.terms import Outcome, Scope, Terms, decide, read_terms
from brightline.terms.meet import meet
from brightline.vocabulary import read_use, shipped
from tests.terms.generated import SCOPE, policies, random_use


def allowed(terms: Terms, activity: str, v: list[int]) -> bool:
    permits, forbids = terms.match[activity](v)
    return bool(permits) and not forbids


@given(policies(), policies(), st.integers(0, 2**32))
def test_allowed_exactly_where_both_allow(one: str, other: str, seed: int) -> None:
    try:
        a, b = read_terms(SCOPE, one, "a"), read_terms(SCOPE, other, "b")
        both = read_terms(SCOPE, meet(a, b), "both")
    except TermsError as e:
        assume("matter to" not in e.text and "cubes" not in e.text)  # the profile's own bounds
        raise
    rng = random.Random(seed)
    for _ in range(40):
        use = read_use(SCOPE.vocabulary, random_use(rng, SCOPE), "use")
        v = SCOPE.encode(use)
        want = allowed(a, use.activity, v) and allowed(b, use.activity, v)
        assert allowed(both, use.activity, v) == want


def test_clauses_that_both_share_stand_once_and_clashing_ids_are_told_apart() -> None:
    one = '@id("P") permit (principal, action, resource);\n@id("F") forbid (principal, action, resource) when {{ {} }};'
    a = read_terms(SCOPE, one.format('context.place == "home"'), "a")
    b = read_terms(SCOPE, one.format('context.place == "abroad"'), "b")
    both = read_terms(SCOPE, meet(a, b), "both")
    assert [c.id for c in both.clauses] == ["F", "F.2", "P"]
    assert meet(a, a).count("@id") == 2


def test_the_founding_dispute_has_an_undisputed_part() -> None:
    """What vendor and customer both permit is permitted; what either denies is denied; a hold of either holds."""
    v, c = open_pack("vendor"), open_pack("customer")
    assert v.terms.scope == c.terms.scope
    interim = read_terms(v.terms.scope, meet(v.terms, c.terms), "interim")
    seen = set()
    for line in (*v.files["scenarios.jsonl"].splitlines(), *c.files["scenarios.jsonl"].splitlines()):
        use = read_use(interim.scope.vocabulary, json.loads(line)["use"], "use")
        each = {decide(t, use).outcome for t in (v.terms, c.terms)}
        got = decide(interim, use).outcome
        if each <= {Outcome.PERMIT}:
            assert got is Outcome.PERMIT
        if Outcome.DENY in each:
            assert got is Outcome.DENY
        seen.add(got)
    assert seen >= {Outcome.PERMIT, Outcome.DENY}


def test_another_vocabulary_is_refused() -> None:
    text = '@id("P") permit (principal, action, resource);'
    a, b = read_terms(SCOPE, text, "a"), read_terms(Scope(shipped("core")), text, "b")
    with pytest.raises(TermsError, match="one vocabulary"):
        meet(a, b)
