"""What two positions agree on, by group of activities: proven over all uses, and counted over the written cases."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from brightline.analysis.cards import groups_in_order
from brightline.analysis.difference import Comparison
from brightline.analysis.propose.cases import plain
from brightline.analysis.smt import UNKNOWN, Outcomes, Search, Space
from brightline.paper.wording import capital
from brightline.terms import Outcome, Pack, Terms, decide, read_scenarios
from brightline.vocabulary.use import use_json


@dataclass(frozen=True, slots=True)
class Agreed:
    """One group. `permit`: activities of which both permit some use; `hold`: of the rest, those of which both hold some
    (the approvals may differ); `deny`: those of which no use is permitted or held by both; `unsettled`: where the
    solver reached its limit. `undisputed`: activities on which no use at all is decided otherwise. `alike` of `cases`
    written cases are decided alike."""

    group: str
    title: str
    permit: Sequence[str]
    hold: Sequence[str]
    deny: Sequence[str]
    unsettled: Sequence[str]
    undisputed: Sequence[str]
    alike: int
    cases: int

    def to_json(self) -> dict[str, Any]:
        lists = ("permit", "hold", "deny", "unsettled", "undisputed")
        return {"group": self.group, **{k: list(getattr(self, k)) for k in lists}} | {
            "alike": self.alike,
            "cases": self.cases,
        }


def agreed(packs: Sequence[Pack], terms: Sequence[Terms], compared: Comparison) -> Iterator[Agreed]:
    """What two packs agree on. `terms`: theirs, in one scope. An activity is `undisputed` only where that is proven."""
    words = terms[0].scope.vocabulary
    found = _together(terms)
    reached = {a for d in compared.differences for a in d.activities or words.activities}
    undisputed = [a for a in words.activities if a not in reached] if compared.complete else []
    counted = _counted(packs, terms)
    for group in groups_in_order(words):
        some = words.in_group(group)
        ways = {way: [a for a in some if found[a] == way] for way in ("permit", "hold", "deny", "unsettled")}
        alike, cases = counted.get(group, (0, 0))
        whole = [a for a in some if a in undisputed]
        yield Agreed(group, capital(words.groups[group]), **ways, undisputed=whole, alike=alike, cases=cases)


def _together(terms: Sequence[Terms]) -> dict[str, str]:
    """Activity → the mildest that both say of one and the same use of it."""
    space = Space(terms[0].scope)
    mine, other = (Outcomes(space, t) for t in terms)
    ways = {"permit": (mine.permitted, other.permitted), "hold": (mine.held, other.held)}
    search = Search(space)
    out: dict[str, str] = {}
    for activity in terms[0].scope.vocabulary.activities:
        doing = space.activity([activity])
        out[activity] = "deny"
        for way, both in ways.items():
            search.push()
            search.add(doing, *both)
            answer = search.check()
            search.pop()
            if answer is UNKNOWN or answer:
                out[activity] = "unsettled" if answer is UNKNOWN else way
                break
    return out


def _counted(packs: Sequence[Pack], terms: Sequence[Terms]) -> dict[str, tuple[int, int]]:
    """Group → (cases decided alike, all), over the scenarios of both packs, each use once. An `ask` is a deny."""
    seen: dict[str, tuple[str, bool]] = {}
    words = terms[0].scope.vocabulary
    for scenario in (s for pack in packs for s in read_scenarios(pack)):
        key = json.dumps(use_json(scenario.use), sort_keys=True)
        if key not in seen:
            said: set[Outcome] = {plain(decide(t, scenario.use).outcome) for t in terms}
            seen[key] = (words.activities[scenario.use.activity].group, len(said) == 1)
    groups = {g for g, _ in seen.values()}
    return {
        g: (sum(same for h, same in seen.values() if h == g), sum(h == g for h, _ in seen.values())) for g in groups
    }
