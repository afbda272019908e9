"""The Cedar engine as judge of a decision (DESIGN section 1, reading `cedar`).

The use as it is, with each need supplied, is allowed; with one item less, it is not. `ask` counts as deny.
"""

from __future__ import annotations

from collections.abc import Sequence

from brightline.errors import OracleError
from brightline.terms.decide import alternate
from brightline.terms.outcome import Decision, Outcome
from brightline.terms.terms import Terms
from brightline.vocabulary import Use


def confirm(terms: Terms, use: Use, decision: Decision) -> None:
    """Raises OracleError where the Cedar engine does not bear `decision` out.

    A use with alternatives is allowed iff each of its readings is.
    """
    readings = [use, *(alternate(use, a) for a in use.alternatives)]
    encoded = [(u, terms.scope.encode(u)) for u in readings]

    def allowed(items: Sequence[tuple[str, str]]) -> bool:
        return all(
            terms.oracle.allows(u.activity, _supplied(terms, v, items), use.component, use.model) for u, v in encoded
        )

    match decision.outcome:
        case Outcome.PERMIT:
            _check(allowed, [("duties", d) for d in decision.duties], decision)
        case Outcome.HOLD:
            for n in decision.needs:
                items = [*(("approvals", a) for a in n.approvals), *(("duties", d) for d in n.duties)]
                _check(allowed, items, decision)
        case Outcome.ASK | Outcome.DENY:
            words = terms.scope.vocabulary
            if allowed([(f, n) for f in ("approvals", "duties") for n in words.facts[f].names]):
                raise _disagree(decision, "the engine allows it once all is supplied")
            for n in decision.needs:
                if not n.facts:
                    everything = [("exceptions", e) for e in n.exceptions]
                    everything += [("approvals", a) for a in n.approvals] + [("duties", d) for d in n.duties]
                    _check(allowed, everything, decision)


def _check(allowed, items: Sequence[tuple[str, str]], decision: Decision) -> None:  # type: ignore[no-untyped-def]
    if not allowed(items):
        raise _disagree(decision, f"the engine does not allow it with {[n for _, n in items]}")
    for item in items:
        if allowed([i for i in items if i != item]):
            raise _disagree(decision, f"the engine allows it without {item[1]}")


def _supplied(terms: Terms, v: Sequence[int], items: Sequence[tuple[str, str]]) -> list[int]:
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
