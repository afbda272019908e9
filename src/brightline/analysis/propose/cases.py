"""The cases in dispute: what a proposal makes of scenarios on which the positions differ, and who gives there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from brightline.terms import Outcome, Pack, decide, read_scenarios
from brightline.vocabulary.use import use_json


@dataclass(frozen=True, slots=True)
class Case:
    """One scenario. `gives`: the parties whose own text says otherwise than the proposal. `beyond`: it is stricter than
    both say, or freer."""

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


def cases(a: Pack, b: Pack, proposal: Pack) -> Iterator[Case]:
    """The uses of both packs' scenarios whose outcome differs between the packs, each once."""
    seen = set()
    for s in (s for pack in (a, b) for s in read_scenarios(pack)):
        key = str(use_json(s.use))
        if key in seen:
            continue
        seen.add(key)
        mine, other, said = (decide(p.terms, s.use).outcome for p in (a, b, proposal))
        if mine is not other:
            gives = tuple(p.party for p, outcome in ((a, mine), (b, other)) if outcome is not said)
            yield Case(s.id, s.text, mine, other, said, gives)
