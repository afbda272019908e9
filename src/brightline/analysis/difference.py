"""What `compare` answers: every kind of use on which terms differ (DESIGN section 4), as values that can be shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from brightline.analysis.boxes import Field, Kind, Space
from brightline.analysis.sides import Signature
from brightline.terms.formula import MAX_NUMBER
from brightline.terms.scope import Scope
from brightline.vocabulary import Use
from brightline.vocabulary.use import use_json

RegionJson: TypeAlias = Mapping[str, Mapping[str, Any]]
KEYS = "abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True, slots=True)
class View:
    """What one party's terms say: everywhere in the region, save that `clauses` (id → title) are those that decide on
    the use shown."""

    signature: Signature
    clauses: Mapping[str, str]

    def to_json(self) -> dict[str, Any]:
        return {
            "outcome": str(self.signature.outcome),
            "needs": [n.to_json() for n in self.signature.needs],
            "duties": list(self.signature.duties),
            "clauses": list(self.clauses),
        }


@dataclass(frozen=True, slots=True)
class Difference:
    """One region: `use` lies in it, every use in it is decided as `views` say. `any`: the facts that do not matter."""

    id: str
    kind: str
    use: Use
    region: RegionJson
    any: tuple[str, ...]
    views: tuple[View, ...]
    text: str

    @property
    def a(self) -> View:
        return self.views[0]

    @property
    def b(self) -> View:
        return self.views[1]

    @property
    def agree(self) -> list[list[str]]:
        """The parties (keys) that say the same, together."""
        out: list[tuple[View, list[str]]] = []
        for key, view in zip(KEYS, self.views, strict=False):
            together = next((keys for v, keys in out if v.signature == view.signature), None)
            if together is None:
                out.append((view, [key]))
            else:
                together.append(key)
        return [keys for _, keys in out]

    @property
    def activities(self) -> Sequence[str]:
        """The activities of the region; none stands for all."""
        return self.region["activity"]["in"] if "activity" in self.region else ()

    def to_json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "kind": self.kind,
            "use": use_json(self.use),
            "region": {k: dict(v) for k, v in self.region.items()},
            "any": list(self.any),
            **{key: view.to_json() for key, view in zip(KEYS, self.views, strict=False)},
            **({"agree": self.agree} if len(self.views) > 2 else {}),
            "text": self.text,
        }


@dataclass(frozen=True, slots=True)
class Card:
    """Differences that one sentence introduces: same activity groups, same clauses. Most serious first."""

    id: str
    groups: tuple[str, ...]
    clauses: tuple[tuple[str, ...], ...]
    outcomes: tuple[str, ...]
    differences: tuple[Difference, ...]
    text: str

    def to_json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "groups": list(self.groups),
            **{
                key: {"outcome": outcome, "clauses": list(ids)}
                for key, outcome, ids in zip(KEYS, self.outcomes, self.clauses, strict=False)
            },
            "differences": [d.id for d in self.differences],
            "text": self.text,
        }


@dataclass(frozen=True, slots=True)
class Comparison:
    """`names`: the parties, in the order given. `open`: what was not proven, a sentence each; none where `complete`.
    `notes`: what regions cannot show and a reader must know, likewise. `scope`: that in which all were read.

    `equivalent` is true only where that is proven: no use is decided otherwise by any of the parties.
    """

    names: tuple[str, ...]
    differences: tuple[Difference, ...]
    cards: tuple[Card, ...]
    scope: Scope
    open: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def complete(self) -> bool:
        return not self.open

    @property
    def equivalent(self) -> bool:
        return self.complete and not self.differences

    def to_json(self) -> dict[str, Any]:
        """The document of DESIGN section 4; `names`, `cards`, `open`, `notes`, `components` and `models` stand beside
        what it asks."""
        return {
            "equivalent": self.equivalent,
            "complete": self.complete,
            "names": dict(zip(KEYS, self.names, strict=False)),
            "differences": [d.to_json() for d in self.differences],
            "cards": [c.to_json() for c in self.cards],
            "open": list(self.open),
            "notes": list(self.notes),
            "components": list(self.scope.components),
            "models": {name: sorted(above) for name, above in self.scope.models.items()},
        }


def kind(signatures: Sequence[Signature]) -> str:
    """In what they differ: the outcome; else the approvals needed; else the duties alone."""
    if len({s.outcome for s in signatures}) > 1:
        return "outcome"
    if len({tuple(n.approvals for n in s.needs) for s in signatures}) > 1:
        return "needs"
    return "duties"


def region_json(space: Space, box: int) -> dict[str, dict[str, Any]]:
    """A box as DESIGN section 4 writes it; facts that it leaves free are absent."""
    out: dict[str, dict[str, Any]] = {}
    for f in space.fields:
        bits = f.of(box)
        if bits == (1 << f.width) - 1:
            continue
        chosen = f.chosen(box)
        match f.kind:
            case Kind.MEMBER:
                part = out.setdefault(f.fact, {"has": [], "lacks": []})
                part["has" if chosen == [1] else "lacks"].append(f.values[1])
            case Kind.NUMBER:
                out[f.fact] = _range(f, chosen)
            case _:
                out[f.fact] = {"in": [f.values[i] for i in chosen]}
    return out


def _range(f: Field, chosen: Sequence[int]) -> dict[str, int]:
    low, after = f.codes[chosen[0]], chosen[-1] + 1
    high = f.codes[after] - 1 if after < f.width else MAX_NUMBER
    return ({"min": low} if low else {}) | ({"max": high} if high < MAX_NUMBER else {})


def free(space: Space, region: RegionJson) -> tuple[str, ...]:
    """The facts absent from a region; approvals and duties are in none, for no use has them in hand."""
    words = space.scope.vocabulary
    facts = [f for f in words.facts if f not in ("approvals", "duties")]
    return tuple(n for n in ("activity", *facts, "component", "model") if n not in region)
