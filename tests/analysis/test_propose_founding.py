"""The founding dispute: F08 of domain/SCENARIOS.md, on the shipped packs and example briefs."""

from __future__ import annotations

from functools import cache

import pytest

from brightline.analysis.check import check, read_property
from brightline.analysis.lint import lint_meaning
from brightline.analysis.propose import Proposals, propose
from brightline.analysis.smt import Space, find
from brightline.storage.briefs import open_brief
from brightline.storage.packs import open_pack
from brightline.terms import Outcome, Terms, lint, read_pack, run_scenarios
from brightline.terms.lint import Severity

GAP = ("A05-reviewed", "A07-materiel", "A08", "A11", "A14", "B04", "B07", "B12")
"""The cases of F01 on which the packs differ. C02 both permit as the packs read them (`C02` in the test below)."""


@cache
def found() -> Proposals:
    a, b = open_pack("vendor"), open_pack("customer")
    return propose(a, b, [open_brief(name, a.terms.scope) for name in ("vendor", "customer")])


def alike(a: Terms, b: Terms) -> bool:
    """Proven: on every use, with whatever approvals, duties and certificates, both allow or neither does."""
    space = Space(a.scope)
    same = space.logic.same(space.allowed(a), space.allowed(b))
    return find(space, space.logic.no(same)) is None


def test_the_best_balanced_proposal_is_the_compromise() -> None:
    first, *others = found().proposals
    compromise = open_pack("compromise").terms
    assert alike(first.pack.terms, compromise)
    assert not any(alike(p.pack.terms, compromise) for p in others)


def test_the_whole_front_is_there() -> None:
    assert found().complete
    assert not found().unproven
    kept = [tuple(sum(r.weight for r in side.kept) for side in (p.a, p.b)) for p in found().proposals]
    assert kept[0] == (12, 12)
    assert not any(p[0] >= q[0] and p[1] >= q[1] for p in kept for q in kept if p != q)
    assert [min(p) for p in kept] == sorted((min(p) for p in kept), reverse=True)


def test_every_demand_holds_in_every_proposal() -> None:
    for p in found().proposals:
        hard = [r for side in (p.a, p.b) for r in side.kept if r.is_hard]
        assert len(hard) == 37
        text = "\n".join(r.clause.cedar.replace(f'@id("{r.id}")', f'@id("{r.party}-{r.id}")') for r in hard)
        assert all(c.holds is True for c in check(p.pack.terms, read_property(p.pack.terms.scope, text, "demands")))


@pytest.mark.parametrize("case", GAP)
def test_who_gives_in_each_case_of_the_gap(case: str) -> None:
    """F08: somebody gives, and gets the other's going no further; nothing is stricter or freer than both."""
    for p in found().proposals:
        (it,) = [c for c in p.cases if c.id == case]
        assert not it.agreed
        assert it.gives
        assert not it.beyond


def test_what_lies_outside_both_positions() -> None:
    """No written case is freer than both have it. Where it is stricter, the vendor's position permits what its
    brief demands to be held or denied, or the compromise's safeguards do."""
    first = found().proposals[0]
    assert not [c.id for p in found().proposals for c in p.cases if c.beyond == "freer"]
    stricter = {c.id: c.proposal for c in first.cases if c.beyond}
    assert all(c.agreed for c in first.cases if c.beyond)
    assert len(stricter) == 19
    assert stricter["A06"] is stricter["C02"] is Outcome.HOLD
    assert stricter["C07"] is Outcome.DENY
    assert len([c for c in first.cases if not c.agreed]) == 70


def test_every_proposal_is_a_pack_like_any_other() -> None:
    for p in found().proposals:
        pack = read_pack("read/again", p.pack.files)
        assert pack.terms.digest == p.pack.terms.digest
        assert not [f.text for f in lint(pack) if f.severity is Severity.ERROR]
        results = list(run_scenarios(pack))
        assert len(results) == 146
        assert not [r.scenario.id for r in results if r.wrong]
    assert len({p.pack.terms.digest for p in found().proposals}) == len(found().proposals)


def test_the_best_balanced_passes_the_linter_that_needs_the_solver() -> None:
    assert not [f.text for f in lint_meaning(found().proposals[0].pack) if f.severity is Severity.ERROR]


def test_nothing_of_the_briefs_is_in_a_proposal() -> None:
    scope = open_pack("vendor").terms.scope
    briefs = [open_brief(name, scope) for name in ("vendor", "customer")]
    private = [r.title for b in briefs for r in b.requirements]
    private += ["@menu", "@option", "@weight", "brief"]
    for p in found().proposals:
        whole = "".join(p.pack.files.values())
        assert not [words for words in private if words in whole]
        ids = {c.id for c in p.pack.terms.clauses}
        assert not ids & {r.id for b in briefs for r in b.requirements}
