"""The written cases: the scenarios of both packs, what the positions and a proposal make of them, and who gives."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from brightline.analysis.cover import Ground, Point
from brightline.terms import Decision, Outcome, Pack, Scenario, Terms, decide, read_scenarios
from brightline.vocabulary.use import use_json


@dataclass(frozen=True, slots=True)
class Case:
    """A scenario on which the positions differ, or the proposal says otherwise than both. `gives`: the parties whose
    own text says otherwise than the proposal. An `ask` counts as the deny that it is."""

    id: str
    text: str
    a: Outcome
    b: Outcome
    proposal: Outcome
    gives: tuple[str, ...]

    @property
    def agreed(self) -> bool:
        """Both positions say the same."""
        return plain(self.a) is plain(self.b)

    @property
    def beyond(self) -> str:
        """`stricter` or `freer` where the proposal is so than both positions; else empty."""
        low, high = sorted(plain(o).strictness for o in (self.a, self.b))
        said = plain(self.proposal).strictness
        return "stricter" if said > high else "freer" if said < low else ""

    def to_json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "text": self.text,
            "a": str(self.a),
            "b": str(self.b),
            "proposal": str(self.proposal),
            "gives": list(self.gives),
            "beyond": self.beyond,
        }


@dataclass(frozen=True, slots=True)
class Points:
    """A case as points: a text permits it iff it allows `permitted`; else it holds it iff it allows `held`."""

    permitted: Point
    held: Point
    a: Outcome
    b: Outcome


class Written:
    """The scenarios of both packs, each use once, decided by both once for all proposals."""

    def __init__(self, a: Pack, b: Pack) -> None:
        self._parties, self._scope = (a.party, b.party), a.terms.scope
        found: dict[str, Scenario] = {}
        for scenario in (s for pack in (a, b) for s in read_scenarios(pack)):
            found.setdefault(json.dumps(use_json(scenario.use), sort_keys=True), scenario)
        self._scenarios = list(found.values())
        self._a, self._b = (self.decided(p.terms) for p in (a, b))

    def decided(self, terms: Terms) -> list[Decision]:
        """What `terms` make of each."""
        return [decide(terms, s.use) for s in self._scenarios]

    def cases(self, decided: Sequence[Decision]) -> Iterator[Case]:
        """Those on which the positions differ, or a proposal says otherwise than both, with what it decides."""
        for s, mine, other, said in zip(self._scenarios, self._a, self._b, decided, strict=True):
            own = [plain(d.outcome) for d in (mine, other)]
            each = zip(self._parties, own, strict=True)
            gives = tuple(party for party, outcome in each if outcome is not plain(said.outcome))
            if gives or own[0] is not own[1]:
                yield Case(s.id, s.text, mine.outcome, other.outcome, said.outcome, gives)

    def points(self) -> Iterator[Points]:
        """Every scenario as what least change is counted in; one with alternatives is left aside."""
        scope = self._scope
        index = scope.vocabulary.index
        duties = Ground(scope).performed
        for s, mine, other in zip(self._scenarios, self._a, self._b, strict=True):
            if s.use.alternatives:
                continue
            v = scope.encode(s.use)
            v[index["duties"]] |= duties
            permitted = Point(s.use.activity, tuple(v))
            v[index["approvals"]] = scope.full[index["approvals"]]
            yield Points(permitted, Point(s.use.activity, tuple(v)), plain(mine.outcome), plain(other.outcome))

    def lines(self, decided: Sequence[Decision]) -> str:
        """The scenarios.jsonl of a proposal: every use with what the text makes of it."""
        out = []
        for number, (s, decision) in enumerate(zip(self._scenarios, decided, strict=True), 1):
            expect: dict[str, Any] = {"outcome": str(decision.outcome)}
            if decision.outcome is Outcome.PERMIT:
                expect["duties"] = list(decision.duties)
            use = {k: v for k, v in use_json(s.use).items() if v or k == "facts"}
            line = {"id": f"{number:03d}-{s.id}"[:64], "text": s.text, "use": use, "expect": expect}
            out.append(json.dumps(line, ensure_ascii=False) + "\n")
        return "".join(out)


def plain(outcome: Outcome) -> Outcome:
    """The outcome, an ask as the deny that it is."""
    return Outcome.DENY if outcome is Outcome.ASK else outcome
