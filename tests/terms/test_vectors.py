"""The hand-written cases, through `decide` and the Cedar engine."""

from __future__ import annotations

import pytest

from brightline.terms import confirm, decide
from tests.terms.vectors import Case, cases

ONE = [*cases("operators", "outcomes", "ask", "adoption", "packs")]


@pytest.mark.parametrize("case", [*ONE, *cases("alternatives")], ids=lambda c: c.data["id"])
def test_decide(case: Case) -> None:
    terms = case.terms
    use = case.use(terms)
    decision = decide(terms, use, case.performable)
    said = decision.to_json()
    assert {key: said[key] for key in case.decision} == case.decision
    assert said["text"].endswith(".")
    confirm(terms, use, decision, case.performable)


@pytest.mark.parametrize("case", ONE, ids=lambda c: c.data["id"])
def test_the_engine_allows_what_is_permitted_and_nothing_else(case: Case) -> None:
    """Without `confirm`: the use with the duties of the vector, and no reading of it besides."""
    terms = case.terms
    use = case.use(terms)
    v = terms.scope.encode(use)
    for duty in case.decision.get("duties", ()):
        v[terms.scope.vocabulary.index["duties"]] |= terms.scope.vocabulary.bits["duties"][duty]
    allowed = terms.oracle.allows(use.activity, v, use.component, use.model)
    assert allowed is (case.decision["outcome"] == "permit")
