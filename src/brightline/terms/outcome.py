"""The four outcomes, and the Decision that carries one with its reasons."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Outcome(StrEnum):
    """In order of strictness: what a use with alternatives gets is the strictest of theirs."""

    PERMIT = "permit"
    HOLD = "hold"
    ASK = "ask"
    DENY = "deny"

    @property
    def strictness(self) -> int:
        return _ORDER.index(self)


_ORDER = tuple(Outcome)
DEFAULT_DENY = "default-deny"


@dataclass(frozen=True, slots=True)
class Need:
    """One way to more: all of it together. `facts`: fact → the source it must have, never a value."""

    approvals: tuple[str, ...] = ()
    facts: Mapping[str, str] = field(default_factory=dict)
    exceptions: tuple[str, ...] = ()
    duties: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        return {
            "approvals": list(self.approvals),
            "facts": dict(self.facts),
            "exceptions": list(self.exceptions),
            "duties": list(self.duties),
        }


@dataclass(frozen=True, slots=True)
class Decision:
    """What the terms say of a use. `clauses`: ids that decided, `default-deny` where none did; `terms`: digest."""

    outcome: Outcome
    clauses: tuple[str, ...]
    needs: tuple[Need, ...]
    duties: tuple[str, ...]
    terms: str
    text: str

    def to_json(self) -> dict[str, Any]:
        """The JSON form of DESIGN section 4."""
        return {
            "outcome": str(self.outcome),
            "clauses": list(self.clauses),
            "needs": [n.to_json() for n in self.needs],
            "duties": list(self.duties),
            "terms": self.terms,
            "text": self.text,
        }
