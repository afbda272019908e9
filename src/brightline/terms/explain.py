"""Decisions in one plain sentence, from the clauses' titles and the vocabulary's words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from brightline.terms.outcome import DEFAULT_DENY, Need, Outcome
from brightline.vocabulary import Source

if TYPE_CHECKING:
    from brightline.terms.terms import Terms


def explain(
    terms: Terms, outcome: Outcome, clauses: Sequence[str], needs: Sequence[Need], duties: Sequence[str]
) -> str:
    """What was decided, by which clauses, and what would change it."""
    why = _clauses(terms, clauses)
    match outcome:
        case Outcome.PERMIT:
            done = f" The gateway will {both([_meaning(terms, 'duties', d) for d in duties])}." if duties else ""
            return f"Permitted by {why}.{done}"
        case Outcome.HOLD:
            ways = either([both([_meaning(terms, "approvals", a) for a in n.approvals]) for n in needs])
            return f"Held under {why} until approved by {ways}."
        case Outcome.ASK:
            return f"Cannot be decided yet under {why}: it turns on {either([both(_facts(terms, n)) for n in needs])}."
        case Outcome.DENY:
            if not needs:
                return f"Denied by {why}."
            names = [[_meaning(terms, "exceptions", e) for e in n.exceptions] + _facts(terms, n) for n in needs]
            cure = either(list(dict.fromkeys(both(n) for n in names)))
            return f"Denied by {why}. A certificate in force would change that: {cure}."


def _clauses(terms: Terms, ids: Sequence[str]) -> str:
    if list(ids) == [DEFAULT_DENY]:
        return "default: no clause permits it"
    return both([f"{i} ({terms.titles[i]})" if terms.titles.get(i) else i for i in ids])


def _facts(terms: Terms, need: Need) -> list[str]:
    facts = terms.scope.vocabulary.facts
    how = {Source.ATTESTED: ", attested in a registry", Source.OBSERVED: ", observed by the gateway"}
    return [f"{facts[name].text} ({name}){how.get(Source(source), '')}" for name, source in need.facts.items()]


def _meaning(terms: Terms, fact: str, name: str) -> str:
    return next((v.text or name for v in terms.scope.vocabulary.facts[fact].values if v.name == name), name)


def both(parts: Sequence[str]) -> str:
    """`a, b and c`."""
    return _listed(parts, "and")


def either(parts: Sequence[str]) -> str:
    """`a, b or c`."""
    return _listed(parts, "or")


def _listed(parts: Sequence[str], last: str) -> str:
    return f"{', '.join(parts[:-1])} {last} {parts[-1]}" if len(parts) > 1 else "".join(parts)
