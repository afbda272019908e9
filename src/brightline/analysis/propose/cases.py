"""The written cases: the scenarios of both packs, what the positions and a proposal make of them, and who gives."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from brightline.terms import Decision, Outcome, Pack, Scenario, Terms, decide, read_scenarios
from brightline.vocabulary.use import use_json


@dataclass(frozen=True, slots=True)
class Case:
    """A scenario on which the positions differ. `gives`: the parties whose own text says otherwise than the proposal.
    `beyond`: the proposal is stricter than both say, or freer."""

    id: str
    text: str
    a: Outcome
    b: Outcome
    proposal: Outcome
    gives: tuple[str, ...]

    @property
    def beyond(self) -> bool:
        low, high = sorted((self.a.strictness, self.b.strictness))
        return not low <= self.proposal.strictness <= high

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


class Written:
    """The scenarios of both packs, each use once, decided by both once for all proposals."""

    def __init__(self, a: Pack, b: Pack) -> None:
        self._parties = (a.party, b.party)
        found: dict[str, Scenario] = {}
        for scenario in (s for pack in (a, b) for s in read_scenarios(pack)):
            found.setdefault(json.dumps(use_json(scenario.use), sort_keys=True), scenario)
        self._scenarios = list(found.values())
        self._a, self._b = (self.decided(p.terms) for p in (a, b))

    def decided(self, terms: Terms) -> list[Decision]:
        """What `terms` make of each."""
        return [decide(terms, s.use) for s in self._scenarios]

    def cases(self, decided: Sequence[Decision]) -> Iterator[Case]:
        """Those on which the positions differ, with what a proposal decides."""
        for s, mine, other, said in zip(self._scenarios, self._a, self._b, decided, strict=True):
            if mine.outcome is not other.outcome:
                each = zip(self._parties, (mine, other), strict=True)
                gives = tuple(party for party, own in each if own.outcome is not said.outcome)
                yield Case(s.id, s.text, mine.outcome, other.outcome, said.outcome, gives)

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
