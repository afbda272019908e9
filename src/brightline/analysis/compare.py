"""compare(a, b, …) -> Comparison: every kind of use on which terms differ (DESIGN section 4).

Laws. Sound: everywhere in a region each party says what is listed. Complete: every use on which outcome, needs or
duties differ lies in some region, unless `open` says what was not proven. No region contains another, none is covered
by the others. The same terms give the same bytes on every run and machine.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from brightline.analysis.boxes import Space
from brightline.analysis.cards import cards, ordered
from brightline.analysis.confirming import confirm_gap
from brightline.analysis.difference import KEYS, Comparison, Difference, RegionJson, View, free, kind, region_json
from brightline.analysis.example import example
from brightline.analysis.gap import Stop, gap
from brightline.analysis.joint import joint, notes
from brightline.analysis.regions import Region
from brightline.analysis.sentence import says, sentence
from brightline.analysis.sides import Side, Signature, side
from brightline.canonical import digest
from brightline.errors import OracleError
from brightline.terms.decide import DUTIES, decide
from brightline.terms.oracle import confirm
from brightline.terms.outcome import Decision, Need, Outcome
from brightline.terms.terms import Terms
from brightline.vocabulary import Use

MAX_STEPS = 500_000
"""How far the search goes before it says what it could not prove. Three shipped packs at once take up to 180,000."""


def _go_on(text: str) -> bool:  # noqa: ARG001 - who watches may want it
    return False


def compare(
    a: Terms,
    b: Terms,
    *more: Terms,
    names: Sequence[str] = (),
    performable: Sequence[str] = DUTIES,
    steps: int = MAX_STEPS,
    stop: Stop = _go_on,
) -> Comparison:
    """Where the terms differ. `names`: what to call the parties in sentences ("the vendor"). `stop` is told how far
    the work is, and ends it by answering true: what was found until then is shown, and what is missing is said.

    Raises TermsError where the terms do not share a vocabulary, OracleError where two readings of one of them disagree.
    """
    names = tuple(names) or tuple(f"party {key.upper()}" for key in KEYS[: 2 + len(more)])
    terms = joint([a, b, *more], names)
    differences, unproven, hidden = _differences(terms, names, performable, steps, stop)
    some, told = tuple(cards(a.scope, differences)), (*notes(terms, names), *hidden)
    return Comparison(names, tuple(differences), some, terms[0].scope, tuple(unproven), told)


def compare_within(terms: Terms, name: str = "the text", *, steps: int = MAX_STEPS, stop: Stop = _go_on) -> Comparison:
    """Where one party contradicts itself: its terms as meant, against the same with `@reading("literal")` deciding. A
    card for each such clause."""
    names = (f"{name} as it means it", f"{name} at its word")
    differences, unproven, hidden = _differences([terms, within(terms)], names, DUTIES, steps, stop)
    some = cards(terms.scope, differences, by_group=False)
    return Comparison(names, tuple(differences), tuple(some), terms.scope, tuple(unproven), tuple(hidden))


def _differences(
    terms: Sequence[Terms], names: Sequence[str], performable: Sequence[str], steps: int, stop: Stop
) -> tuple[list[Difference], list[str], list[str]]:
    """(the differences of terms in one scope, in order; what was not proven; what no region shows)."""
    # 1. all terms as boxes
    space = Space(terms[0].scope, terms)
    performable = [d for d in performable if d in space.scope.vocabulary.bits["duties"]]
    sides = [side(space, t, performable) for t in terms]
    # 2. the regions on which they differ
    found = gap(space, sides, steps, stop)
    # 3. the solver's second opinion on all of them
    unproven = [] if found.complete else [STOPPED]
    unproven += confirm_gap(space, sides, (*found.regions, *found.same), whole=found.complete)
    # 4. one use for each, put to both readings of every party's terms
    some = [_difference(space, sides, names, r, performable) for r in found.regions]
    return ordered(space.scope.vocabulary, some), unproven, [OTHER_SUPPLIES] if found.same else []


OTHER_SUPPLIES = (
    "some uses are decided alike as they come, yet other approvals or duties would do for them: with an approval in "
    "hand, or as one of several readings that the screen sees, they may be decided differently"
)
STOPPED = "the search was stopped: uses outside these regions may differ too"


def _difference(
    space: Space, sides: Sequence[Side], names: Sequence[str], region: Region, performable: Sequence[str]
) -> Difference:
    use = example(space, sides, region)
    listed = [s.signature(w) for s, w in zip(sides, region.ways, strict=True)]
    views = [_view(s.terms, use, said, performable) for s, said in zip(sides, listed, strict=True)]
    document = region_json(space, region.box)
    words = space.scope.vocabulary
    spoken = [says(words, who, v.signature, v.clauses) for who, v in zip(names, views, strict=True)]
    name = digest(
        [_plain(document), [[str(s.outcome), [n.to_json() for n in s.needs], list(s.duties)] for s in listed]]
    )
    return Difference(
        id=f"d-{name[7:19]}",
        kind=kind(listed),
        use=use,
        region=document,
        any=free(space, document),
        views=tuple(views),
        text=sentence(space.scope, document, use.activity, spoken),
    )


def _plain(document: RegionJson) -> Any:
    """Numbers as texts: canonical JSON has none past 2**53 - 1 (RFC 8785)."""
    return {k: {how: v if isinstance(v, list) else str(v) for how, v in part.items()} for k, part in document.items()}


def _view(terms: Terms, use: Use, listed: Signature, performable: Sequence[str]) -> View:
    """What the terms say of `use`, once closures and engine have borne out what was found."""
    decision = decide(terms, use, performable)
    if signature(decision) != listed:
        raise OracleError(
            f"boxes say {listed.outcome}, closures {decision.outcome} by {', '.join(decision.clauses)}",
            cure="the comparison is not shown; report the terms' digest and this message",
        )
    confirm(terms, use, decision, performable)
    return View(listed, {i: terms.titles.get(i, "") for i in decision.clauses})


def signature(decision: Decision) -> Signature:
    """What of a decision is compared: an ask is a deny, and what a denial would need is no part of it."""
    if decision.outcome in (Outcome.ASK, Outcome.DENY):
        return Signature(Outcome.DENY)
    needs = tuple(Need(approvals=n.approvals, duties=n.duties) for n in decision.needs)
    return Signature(decision.outcome, needs, decision.duties)


def within(terms: Terms) -> Terms:
    """The same terms taken at their word: clauses marked `@reading("literal")` decide like any other."""
    clauses = tuple(
        replace(
            c,
            annotations={k: v for k, v in c.annotations.items() if k != "reading"},
            policy={**c.policy, "annotations": {k: v for k, v in c.policy["annotations"].items() if k != "reading"}},
        )
        if not c.decides
        else c
        for c in terms.clauses
    )
    return replace(terms, clauses=clauses)
