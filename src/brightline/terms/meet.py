"""What two sets of terms both allow, as one text: the interim agreement on what is undisputed.

Law: under `meet(a, b)` a use with some approvals, duties and exceptions is allowed iff `a` and `b` both allow it with
them. So what both permit is permitted, what either holds is held for the approvals of both, and the rest is denied.
Cedar has no "and" between policies, so every permit of one is joined with every permit of the other.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from brightline.errors import TermsError
from brightline.terms.cedar import policy_text
from brightline.terms.clause import Clause
from brightline.terms.formula import TRUE
from brightline.terms.terms import MAX_CLAUSES, Terms

_MAX_ID = 64


def meet(a: Terms, b: Terms) -> str:
    """Cedar text of what `a` and `b` both allow, each clause once, other clauses of one id told apart (`K4`, `K4.2`).

    Both are read in one vocabulary, with no adopted modules (their words are bound otherwise than written). Clauses
    read literally decide nothing and are left out. Raises TermsError where it takes more than MAX_CLAUSES clauses.
    """
    if a.scope.vocabulary.digest != b.scope.vocabulary.digest or a.adopted or b.adopted:
        cure = "let both name the same modules under [vocabulary] and none under [adopted]"
        raise TermsError("the two packs are not written in one vocabulary", cure=cure)
    # 1. what both permit, pair by pair
    pairs = (_both(x, y) for x in _deciding(a, permits=True) for y in _deciding(b, permits=True))
    permits = [p for p in pairs if p is not None]
    # 2. whatever either forbids
    forbids = [_named(c) for terms in (a, b) for c in _deciding(terms, permits=False)]
    policies = _told_apart([*permits, *forbids])
    if len(policies) > MAX_CLAUSES:
        cure = f"at most {MAX_CLAUSES} fit: let fewer clauses of either permit"
        raise TermsError(f"what both allow takes {len(policies)} clauses", cure=cure)
    return "\n".join(policy_text(p) for p in policies)


def _deciding(terms: Terms, *, permits: bool) -> list[Clause]:
    return [c for c in terms.clauses if c.decides and c.permits is permits]


def _named(clause: Clause) -> dict[str, Any]:
    return _renamed(clause.policy, clause.id)


def _both(x: Clause, y: Clause) -> dict[str, Any] | None:
    """The permit of what both permit; None where they share no activity."""
    activities = x.activities & y.activities
    if not activities:
        return None
    for one, other in ((x, y), (y, x)):
        if one.condition == TRUE and one.activities >= other.activities:
            return _named(other)  # the one adds nothing
    conditions = [c for clause in (x, y) for c in (*_scope(clause), *clause.policy.get("conditions", []))]
    return {
        "effect": "permit",
        "principal": {"op": "All"},
        "action": {"op": "in", "entities": [{"type": "Action", "id": a} for a in sorted(activities)]},
        "resource": {"op": "All"},
        "conditions": conditions,
        "annotations": {
            "id": f"{x.id}_{y.id}"[:_MAX_ID],
            "title": f"{x.title}; {y.title}",
            "text": f"{x.text} {y.text}",
            "source": f"{x.id} and {y.id}",
        },
    }


def _scope(clause: Clause) -> Iterator[dict[str, Any]]:
    """The clause's principal and resource scope as conditions, for a joined permit has one scope of its own."""
    for var in ("principal", "resource"):
        part = clause.policy[var]
        entity = part.get("entity") or part.get("in", {}).get("entity")
        if entity:
            op = "==" if part["op"] == "==" else "in"
            yield {"kind": "when", "body": {op: {"left": {"Var": var}, "right": {"Value": {"__entity": entity}}}}}


def _told_apart(policies: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each policy once; where another has taken its id, the id with a number."""
    out: dict[str, dict[str, Any]] = {}
    for p in policies:
        name = p["annotations"]["id"]
        ids = (name, *(f"{name[: _MAX_ID - 4]}.{n}" for n in range(2, MAX_CLAUSES + 2)))
        free = next((i for i in ids if i not in out or out[i] == _renamed(p, i)), None)
        if free is not None:
            out[free] = _renamed(p, free)
    return list(out.values())


def _renamed(policy: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {**policy, "annotations": {**policy.get("annotations", {}), "id": name}}
