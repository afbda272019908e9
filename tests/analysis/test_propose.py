"""Proposals against brute force: all choices of options, all uses of a few facts (DESIGN section 4, `propose`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from brightline.analysis.brief import Brief, Requirement, read_brief
from brightline.analysis.check import check, read_property
from brightline.analysis.cover import Ground
from brightline.analysis.propose import propose
from brightline.analysis.propose.menus import Table, lay
from brightline.analysis.propose.proof import Proof
from brightline.analysis.propose.refute import Refuter
from brightline.analysis.smt import UNKNOWN, Unknown
from brightline.analysis.smt.choosing import Choosing
from brightline.errors import MachineError
from brightline.terms import Pack
from tests.analysis.bargains import ALL, SCOPE, Bargain, Brute, bargains, pack

repeatable = settings(max_examples=40, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))


@repeatable
@given(st.one_of(bargains(), bargains(haggling=True)))
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
    assert chosen == [brute.best(w, (bargain.a, bargain.b)) for w in worths]
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


@given(bargains())
@settings(repeatable, max_examples=8)
def test_where_cubes_come_to_their_bound_the_solver_answers(bargain: Bargain) -> None:
    known = propose(bargain.a, bargain.b, bargain.briefs).to_json()
    with pytest.MonkeyPatch.context() as patch:
        blind(patch)
        assert propose(bargain.a, bargain.b, bargain.briefs).to_json() == known


class Blind(Ground):
    """Comes to its bound at once."""

    def uncovered(self, *_: object) -> Literal[Unknown.UNKNOWN]:
        return UNKNOWN


def blind(patch: pytest.MonkeyPatch) -> None:
    """Cubes tell the search nothing; the table is laid as ever."""
    made = Refuter.__init__

    def init(self: Refuter, table: Table, requirements: Sequence[Requirement]) -> None:
        made(self, table, requirements)
        self.ground = Blind(table.ground.scope)

    patch.setattr(Refuter, "__init__", init)


def bargain_of_one() -> tuple[Pack, Pack, list[Brief]]:
    """One menu, one demand that half of it meets, one wish that none does."""
    office = 'action == Action::"gen.office"'
    packs = [pack(p, ALL.format(p)) for p in ("one", "two")]
    asked = (
        f'@id("R") forbid (principal, {office}, resource);\n@id("W") @weight("1") permit (principal, action, resource);'
    )
    options = (
        f'@menu("m") @option("never") @id("never") forbid (principal, {office}, resource);\n'
        f'@menu("m") @option("home") @id("home") forbid (principal, {office}, resource) '
        'when { context.place == "home" };'
    )
    return packs[0], packs[1], [read_brief("one", {"requirements.cedar": asked, "options.cedar": options}, SCOPE)]


def test_what_nobody_knows_is_said_and_proposed_by_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    blind(monkeypatch)
    monkeypatch.setattr(Proof, "breach", lambda *_: UNKNOWN)
    found = propose(*bargain_of_one())
    assert not found.complete
    assert not found.proposals
    assert found.impasse is None
    assert "R" in [r.id for r in found.unproven]
    assert found.to_json()["unproven"]


def test_a_proposal_that_the_solver_does_not_prove_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(propose(*bargain_of_one()).proposals) == 1
    monkeypatch.setattr(Proof, "broken", lambda *_: UNKNOWN)
    found = propose(*bargain_of_one())
    assert not found.complete
    assert not found.proposals
    assert [r.id for r in found.unproven] == ["R"]


def test_search_and_solver_must_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    """A search that overlooks what breaks a demand is found out by the solver."""
    real = Refuter.breach
    monkeypatch.setattr(Refuter, "breach", lambda self, r, chosen: real(self, r, chosen) if r else None)
    a, b, (brief,) = bargain_of_one()
    never, home = brief.options
    with pytest.raises(MachineError, match="the search and the solver disagree on R"):
        propose(a, b, [replace(brief, options=(home, never))])


def test_a_chooser_that_gives_up_proves_no_impasse(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Choosing, "pick", lambda *_, **__: UNKNOWN)
    found = propose(*bargain_of_one())
    assert not found.complete
    assert not found.proposals
    assert found.impasse is None
