"""The page for principals: what it says is so, and nothing of a brief is on it but the options' names."""

import json
import random
from dataclasses import replace

import pytest

from brightline.analysis.brief import Brief as PartyBrief
from brightline.analysis.compare import compare
from brightline.analysis.difference import Comparison
from brightline.analysis.joint import joint
from brightline.analysis.propose import Impasse, Proposals
from brightline.analysis.smt import UNKNOWN
from brightline.paper.agreed import agreed
from brightline.paper.brief import brief, brief_page
from brightline.paper.menus import proposals_page
from brightline.paper.seen import seen
from brightline.storage.briefs import open_brief
from brightline.terms import Outcome, Pack, Terms, decide, read_scenarios
from tests.analysis.gaps import random_uses
from tests.paper.accessible import Page, faults
from tests.paper.texts import ATTACKS, BARE, bare_pack, compared, hostile_pack, packs, proposed, shipped_brief

FOUNDING = ("vendor", "customer")
WITH_BRIEFS = (*FOUNDING, *FOUNDING)
HEALTH = ("health-vendor", "health-hospital")


def words(page: str) -> str:
    """What a reader sees of a page."""
    return "".join(Page(page).words)


def private(party: PartyBrief) -> set[str]:
    """Every word of a brief that could tell the other side what its party wants or would take."""
    return {word for r in party.requirements for word in (r.title, r.clause.text, r.id) if len(word) > 3}


@pytest.mark.parametrize("names", [FOUNDING, HEALTH], ids=" ".join)
def test_nothing_of_a_brief_is_on_it(names: tuple[str, str]) -> None:
    found = shipped_brief(*names, *names)
    shown = words(brief_page(found)) + json.dumps(found.to_json(), ensure_ascii=False)
    scope = joint([p.terms for p in packs(*names)])[0].scope
    briefs = [open_brief(n, scope) for n in names]
    secrets = {w for b in briefs for w in private(b)}
    assert len(secrets) > 20
    public = "".join(t for p in packs(*names) for t in p.files.values())
    assert [w for w in secrets if w in shown and w not in public] == []
    # options that no proposal on the page chose are not on it either
    chosen = {o for w in found.ways for o in w.options.values()} | set(found.alike.values())
    other = {o.name for b in briefs for o in b.options} - chosen
    assert [name for name in other if len(name) > 12 and f": {name}" in shown] == []
    # the check sees what it looks for: the other page has it
    assert any(w in words(proposals_page(proposed(*names, *names), packs(*names))) for w in secrets)


def test_an_impasse_does_not_tell_whose_demands_clash() -> None:
    scope = joint([p.terms for p in packs(*FOUNDING)])[0].scope
    core = tuple(r for n in FOUNDING for r in open_brief(n, scope).requirements[:1])
    found = brief(packs(*FOUNDING), compared(*FOUNDING), Proposals(impasse=Impasse(core, "These clash.")))
    page = brief_page(found)
    assert faults(page) == []
    assert found.impasse
    assert "no text gives both sides all that they demand" in page
    assert not [r for r in core if r.title in words(page)]
    assert "These clash" not in words(page) + json.dumps(found.to_json())


def test_what_is_agreed_is_agreed() -> None:
    terms = joint([p.terms for p in packs(*FOUNDING)])
    groups = list(agreed(packs(*FOUNDING), terms, compared(*FOUNDING)))
    listed = {a: how for g in groups for how in ("permit", "hold", "deny", "unsettled") for a in getattr(g, how)}
    assert set(listed) == set(terms[0].scope.vocabulary.activities)
    assert sum(map(len, (g.permit for g in groups)))
    assert sum(map(len, (g.deny for g in groups)))
    assert "unsettled" not in listed.values()
    # no scenario of either pack contradicts it, and what both permit has been seen to be so
    met = set()
    for s in (s for p in packs(*FOUNDING) for s in read_scenarios(p)):
        if not s.use.alternatives and not s.use.facts.get("approvals"):
            said = {decide(t, s.use).outcome for t in terms}
            if said == {Outcome.PERMIT}:
                assert listed[s.use.activity] == "permit"
                met.add(s.use.activity)
    assert len(met) > 10
    cases = [g for g in groups if g.cases]
    assert all(0 <= g.alike <= g.cases for g in cases)
    assert sum(g.cases for g in cases) == sum(g.cases for g in groups)


def test_agreed_over_random_uses() -> None:
    terms = joint([p.terms for p in packs(*HEALTH)])
    groups = list(agreed(packs(*HEALTH), terms, compared(*HEALTH)))
    denied = {a for g in groups for a in g.deny}
    assert denied
    for activity, v in random_uses(terms[0].scope, terms, 3000, random.Random(3)):
        answers = [t.match[activity](v) for t in terms]
        if activity in denied:
            assert not all(permits and not forbids for permits, forbids in answers)


def test_undisputed_only_where_proven() -> None:
    some = packs("openai-2026-02-28", "openai-2026-03-02")
    terms, found = joint([p.terms for p in some]), compared("openai-2026-02-28", "openai-2026-03-02")
    assert any(g.undisputed for g in agreed(some, terms, found))
    stopped = replace(found, open=("the search was stopped",))
    assert not any(g.undisputed for g in agreed(some, terms, stopped))
    page = brief_page(brief(some, stopped, None))
    assert "Not proven:" in page
    assert "Proven complete" not in page


def test_the_gravest_of_each_group_first_and_how_many_more() -> None:
    found, whole = shipped_brief(*WITH_BRIEFS), compared(*FOUNDING)
    order, shown = {c.id: n for n, c in enumerate(whole.cards)}, [d.id for d in found.disputed]
    assert shown[0] == whole.cards[0].id
    assert len(shown) >= 3
    cards = [whole.cards[order[i]] for i in shown]
    groups = {g for c in whole.cards for g in c.groups}
    seen_groups: set[str] = set()
    for card in cards[: len(groups)]:
        assert not seen_groups & set(card.groups) or seen_groups == groups
        seen_groups |= set(card.groups)
    assert "surv" in seen_groups, "not the weapons alone"
    assert len(found.disputed) + found.more == len(whole.cards)
    seen_words = words(brief_page(found))
    assert f"{len(found.disputed)} of {len(whole.cards)} points, the gravest of each group first" in seen_words
    for d in found.disputed:
        assert d.example in seen_words
        assert all(line in seen_words for line in d.says)


def test_what_either_side_keeps_and_gives() -> None:
    found, proposals = shipped_brief(*WITH_BRIEFS), proposed(*WITH_BRIEFS).proposals
    for way, p in zip(found.ways, proposals, strict=False):
        disputed = [c for c in p.cases if not c.agreed]
        assert [k + g for k, g in zip(way.keeps, way.gives, strict=True)] == [len(disputed)] * 2
        assert way.gives[0] == sum("vendor" in c.gives for c in disputed)
        assert {**found.alike, **way.options} == p.options
    assert len(found.ways) + found.more_ways == len(proposals)


def test_one_text_twice_is_signed() -> None:
    bare = bare_pack(BARE)
    found = brief([bare, bare], compare(bare.terms, bare.terms), None)
    assert faults(brief_page(found)) == []
    assert found.decision[0].startswith("Sign:")
    assert not found.disputed


@pytest.mark.parametrize("names", [(*FOUNDING,), WITH_BRIEFS, (*HEALTH, *HEALTH)], ids=" ".join)
def test_the_pages_are_whole_and_accessible(names: tuple[str, ...]) -> None:
    assert faults(brief_page(shipped_brief(*names))) == []
    if len(names) > 2:
        page = proposals_page(proposed(*names), packs(*names[:2]))
        assert faults(page) == []
        said = words(page)
        for p in proposed(*names).proposals:
            assert p.pack.terms.digest in said
            assert p.text in said
            assert all(menu in said and option in said for menu, option in p.options.items())


def test_an_impasse_on_the_page_of_proposals() -> None:
    scope = joint([p.terms for p in packs(*FOUNDING)])[0].scope
    core = tuple(r for n in FOUNDING for r in open_brief(n, scope).requirements[:1])
    page = proposals_page(Proposals(impasse=Impasse(core, "These clash.")), packs(*FOUNDING))
    assert faults(page) == []
    assert all(r.title in words(page) for r in core)
    assert "Not for the other side" in page
    nothing = proposals_page(Proposals(unproven=core, complete=False), packs(*FOUNDING))
    assert "Not complete:" in nothing
    assert faults(nothing) == []


@pytest.mark.parametrize("attack", [*ATTACKS.values(), "long " * 2000, "W" * 9000], ids=[*ATTACKS, "long", "wide"])
def test_hostile_words_are_words_and_stay_short(attack: str) -> None:
    pair = [packs("vendor")[0], hostile_pack(attack)]
    found = brief(pair, compare(*(p.terms for p in pair), names=("the vendor", "the other")), None)
    page = brief_page(found)
    assert faults(page) == []
    assert len(page) < 60_000
    assert seen(attack.strip())[:40] in words(page)
    assert not set(page) & set("\u202e\u2066\x07\x1b\x00\x9b\u200b\ufeff\U000e0041\ufffe")


HELD = 'permit (principal, action == Action::"surv.profile", resource) when { context.approvals.contains("operator") };'
MINE = 'permit (principal, action == Action::"gen.office", resource);'
THEIRS = 'permit (principal, action == Action::"intel.osint", resource);'


def small() -> tuple[list[Pack], list[Terms], Comparison]:
    both = f'@id("H") {HELD}\n@id("U") {MINE.replace("office", "unknown")}\n'
    some = [bare_pack(f'{both}@id("P") {text}\n') for text in (MINE, THEIRS)]
    terms = [p.terms for p in some]
    return some, terms, compare(*terms)


def test_what_both_say_of_one_use_and_not_each_of_its_own() -> None:
    some, terms, found = small()
    listed = {a: how for g in agreed(some, terms, found) for how in ("permit", "hold", "deny") for a in getattr(g, how)}
    assert listed.pop("gen.unknown") == "permit"
    assert listed.pop("surv.profile") == "hold"
    assert set(listed.values()) == {"deny"}
    undisputed = {a for g in agreed(some, terms, found) for a in g.undisputed}
    assert set(terms[0].scope.vocabulary.activities) - undisputed == {"gen.office", "intel.osint"}


def test_what_the_solver_cannot_settle_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    some, terms, found = small()
    monkeypatch.setattr("brightline.analysis.smt.Search.check", lambda _: UNKNOWN)
    for g in agreed(some, terms, found):
        assert [*g.permit, *g.hold, *g.deny] == []
        assert g.unsettled
    assert "not known: office" in words(brief_page(brief(some, found, None)))
