"""Proposals against brute force: all choices of options, all uses of a few facts (DESIGN section 4, `propose`)."""

from __future__ import annotations

from hypothesis import HealthCheck, event, given, settings

from brightline.analysis.check import check, read_property
from brightline.analysis.propose import propose
from brightline.analysis.propose.menus import lay
from tests.analysis.bargains import Bargain, Brute, bargains

repeatable = settings(max_examples=40, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))


@repeatable
@given(bargains())
def test_the_front_is_exact_and_an_impasse_is_the_smallest(bargain: Bargain) -> None:
    table = lay(bargain.a, bargain.b, bargain.briefs)
    requirements = [r for brief in bargain.briefs for r in brief.requirements]
    brute = Brute(table, requirements)
    found = propose(bargain.a, bargain.b, bargain.briefs)
    assert found.complete
    assert not found.unproven
    expected = brute.front()
    event(f"{len(expected)} points")
    if not expected:
        assert not found.proposals
        assert found.impasse is not None
        number = {id(r): n for n, r in enumerate(requirements)}
        assert tuple(number[id(r)] for r in found.impasse.core) == next(brute.cores())
        return
    assert found.impasse is None
    numbers = {(o.menu, o.name): n for n, o in enumerate(table.options)}
    chosen = [tuple(numbers[pair] for pair in p.options.items()) for p in found.proposals]
    worths = [brute.worth(brute.texts[c]) for c in chosen]
    # 1. every point of the front once, each by the text that changes least
    assert sorted(worths) == sorted(expected)
    assert chosen == [brute.best(w) for w in worths]
    # 2. what is said to be kept is kept, and nothing else; all that is hard is
    for proposal, choice in zip(found.proposals, chosen, strict=True):
        kept = {id(r) for side in (proposal.a, proposal.b) for r in side.kept}
        assert kept == {id(requirements[n]) for n in brute.texts[choice]}
        assert not any(r.is_hard for side in (proposal.a, proposal.b) for r in side.given)
    # 3. best balanced first
    most = [max(w[side] for w in worths) for side in (0, 1)]
    shares = [min(w[side] / most[side] if most[side] else 1 for side in (0, 1)) for w in worths]
    assert shares == sorted(shares, reverse=True)


@repeatable
@given(bargains())
def test_a_proposal_as_written_keeps_what_it_says(bargain: Bargain) -> None:
    """`check`, another's reading of the same law, on the words that would be signed."""
    for proposal in propose(bargain.a, bargain.b, bargain.briefs).proposals:
        for side in (proposal.a, proposal.b):
            for r in side.kept + side.given:
                terms = proposal.pack.terms
                (answer,) = check(terms, read_property(terms.scope, r.clause.cedar, "requirement"))
                assert answer.holds is (r in side.kept)
