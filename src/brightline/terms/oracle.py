"""The Cedar engine as judge of a decision (DESIGN section 1, reading `cedar`).

The use as it is, with each need supplied, is allowed; with one item less, it is not. `ask` counts as deny.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from brightline.errors import OracleError
from brightline.terms.alternatives import readings
from brightline.terms.decide import DUTIES
from brightline.terms.outcome import Decision, Need, Outcome
from brightline.terms.terms import Terms
from brightline.vocabulary import Use

Item: TypeAlias = tuple[str, str]
"""A fact that holds a set, and one member of it."""


def confirm(terms: Terms, use: Use, decision: Decision, performable: Sequence[str] = DUTIES) -> None:
    """Raises OracleError where the Cedar engine does not bear `decision` out.

    A use with alternatives is allowed iff each of its readings is. `performable`: as given to `decide`.
    """
    encoded = [(u, terms.scope.encode(u)) for u in readings(use)]

    def allowed(items: Sequence[Item]) -> bool:
        return all(
            terms.oracle.allows(u.activity, _supplied(terms, v, items), use.component, use.model) for u, v in encoded
        )

    # 1. what is denied stays denied with every approval and duty
    if decision.outcome in (Outcome.ASK, Outcome.DENY):
        roles = terms.scope.vocabulary.facts["approvals"].names
        if allowed(_items(Need(approvals=roles, duties=tuple(performable)))):
            raise _disagree(decision, "the engine allows it once all is supplied")
    # 2. each need is enough, and with one item less it is not; facts are named without values, so none can be tried
    needs = [Need(duties=decision.duties)] if decision.outcome is Outcome.PERMIT else decision.needs
    for items in (_items(n) for n in needs if not n.facts):
        if not allowed(items):
            raise _disagree(decision, f"the engine does not allow it with {[n for _, n in items]}")
        for item in items:
            if allowed([i for i in items if i != item]):
                raise _disagree(decision, f"the engine allows it without {item[1]}")


def _items(need: Need) -> list[Item]:
    return [
        *(("exceptions", e) for e in need.exceptions),
        *(("approvals", a) for a in need.approvals),
        *(("duties", d) for d in need.duties),
    ]


def _supplied(terms: Terms, v: Sequence[int], items: Sequence[Item]) -> list[int]:
    words = terms.scope.vocabulary
    out = list(v)
    for fact, name in items:
        out[words.index[fact]] |= words.bits[fact][name]
    return out


def _disagree(decision: Decision, text: str) -> OracleError:
    return OracleError(
        f"closures say {decision.outcome} by {', '.join(decision.clauses)}, but {text}",
        cure="the use is denied; report the terms' digest and this message",
    )
