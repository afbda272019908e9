"""What a replay takes and gives: uses of the past, and how their outcomes would change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from brightline.analysis.sentence import what, where
from brightline.record.entry import OutcomeCode
from brightline.terms import Decision, Outcome, Scope
from brightline.vocabulary import FactKind, Use, use_json

NOT_RECORDED = "not_recorded"
FOLDED = {
    OutcomeCode.NONE: NOT_RECORDED,
    OutcomeCode.PERMIT: "permit",
    OutcomeCode.HOLD: "hold",
    OutcomeCode.ASK: "deny",
    OutcomeCode.DENY: "deny",
}
"""An ask is a deny to SQL (DESIGN section 3), so it is one on both sides."""
CODES = {
    Outcome.PERMIT: OutcomeCode.PERMIT,
    Outcome.HOLD: OutcomeCode.HOLD,
    Outcome.ASK: OutcomeCode.DENY,
    Outcome.DENY: OutcomeCode.DENY,
}


class Past(NamedTuple):
    """A use of the past. `place`: its line, row or entry. `outcome`: NONE where none was recorded. `clauses`: the ids
    that decided then."""

    place: int
    use: Use
    outcome: int = OutcomeCode.NONE
    clauses: tuple[str, ...] = ()


@dataclass(slots=True)
class Counts:
    """How many uses had each outcome, and how many of each outcome each clause decided."""

    outcomes: dict[str, int] = field(default_factory=dict)
    clauses: dict[str, dict[str, int]] = field(default_factory=dict)

    def add(self, outcome: str, clauses: Sequence[str], count: int) -> None:
        self.outcomes[outcome] = self.outcomes.get(outcome, 0) + count
        for c in clauses:
            by_outcome = self.clauses.setdefault(c, {})
            by_outcome[outcome] = by_outcome.get(outcome, 0) + count

    def to_json(self) -> dict[str, Any]:
        clauses = {c: dict(sorted(self.clauses[c].items())) for c in sorted(self.clauses)}
        return {"outcomes": {"permit": 0, "hold": 0, "deny": 0, **self.outcomes}, "clauses": clauses}


@dataclass(frozen=True, slots=True)
class Change:
    """`count` uses were decided so and now are so; `use`, at `place`, is the one with the fewest stated facts, of those
    the first. `before_clauses` is empty where only the outcome was recorded; `text` says the use in words."""

    count: int
    before: str
    before_clauses: tuple[str, ...]
    after: Decision
    use: Use
    place: str
    text: str

    def to_json(self) -> dict[str, Any]:
        return {
            "count": self.count,
            "before": {"outcome": self.before, "clauses": list(self.before_clauses)},
            "after": self.after.to_json(),
            "use": use_json(self.use),
            "place": self.place,
            "text": self.text,
        }


@dataclass(frozen=True, slots=True)
class Replay:
    """`changed`: how many uses have another outcome; `kinds`: of how many kinds they are, by outcomes and clauses on
    both sides; `changes`: the most frequent kinds."""

    uses: int
    before: Counts
    after: Counts
    changed: int
    kinds: int
    changes: tuple[Change, ...]


def described(scope: Scope, use: Use) -> str:
    """The use in the vocabulary's words: what is done, then every fact that was stated."""
    region: dict[str, Any] = {}
    for name, value in use.facts.items():
        match scope.vocabulary.facts[name].kind:
            case FactKind.SET:
                if value:
                    region[name] = {"has": sorted(value), "lacks": []} if isinstance(value, frozenset) else {}
            case FactKind.NUMBER:
                region[name] = {"min": value, "max": value}
            case FactKind.ENUM:
                region[name] = {"in": [value]}
    for name, value, declared in (("component", use.component, scope.components), ("model", use.model, scope.models)):
        if value and declared:
            region[name] = {"in": [value if value in declared else ""]}
    return "; ".join([what(scope.vocabulary, [use.activity]), *where(scope, region)])
