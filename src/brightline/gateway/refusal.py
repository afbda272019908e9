"""Refusals teach: the `brightline` object in a refusal, and the headers that every answer carries."""

from __future__ import annotations

from typing import Any

from brightline.gateway.codec.reply import Refusal
from brightline.gateway.standing import Standing
from brightline.gateway.wire import Header
from brightline.terms import Decision, Outcome

_CODES = {Outcome.DENY: Refusal.DENIED, Outcome.HOLD: Refusal.HELD, Outcome.ASK: Refusal.FACT_REQUIRED}
_NEXT = {
    Outcome.HOLD: "Whoever holds one of the roles in needs[].approvals can approve it, and this gateway has no desk.",
    Outcome.ASK: "State the facts in needs[].facts in the header Brightline-Facts (name=value, name=value), or use a "
    "purpose whose owner attests them, and send the call again.",
    Outcome.DENY: "If this is wrong, name the decision to the official whom your agreement names for appeals.",
}


def code_of(decision: Decision) -> Refusal:
    """The refusal's code. Only for decisions that are no permit."""
    return _CODES[decision.outcome]


def brightline_object(standing: Standing, decision: Decision, index: int, origin: str) -> dict[str, Any]:
    """What was decided, by which words, what would change it, and where to turn."""
    clauses = {c.id: c for c in standing.pack.terms.clauses}
    named = [clauses[i] for i in decision.clauses if i in clauses]
    return {
        "decision": index,
        "log": origin,
        "outcome": str(decision.outcome),
        "text": decision.text,
        "clauses": [
            {"id": c.id, "title": c.title, "text": c.text, "source": c.annotations.get("source", "")} for c in named
        ],
        "needs": [n.to_json() for n in decision.needs],
        "terms": decision.terms,
        "next": _NEXT[decision.outcome],
    }


def tool_refusal(standing: Standing, decision: Decision, tool: str, index: int, advice: str = "") -> str:
    """What stands in an answer where a denied tool call stood: which, by which words, what would change it.

    Whoever reads it is a program as often as a person: plain sentences, the words of the clauses, one next step.
    """
    clauses = {c.id: c for c in standing.pack.terms.clauses}
    words = [f"{c.id}, {c.title}: {c.text}" for i in decision.clauses if (c := clauses.get(i))]
    said = [f"[Brightline] The tool call {tool} was not released (decision {index}). {decision.text}", *words]
    return " ".join([*said, advice or _NEXT[decision.outcome]])


def decision_headers(standing: Standing, decision: Decision, index: int, origin: str) -> list[Header]:
    """`Brightline-Decision` and `Brightline-Receipt` as RFC 8941 items; `mode=observe` where nothing is blocked;
    `mode=break-glass`, and no receipt, where there is no record."""
    mode = ";mode=observe" if standing.observing else ""
    duties = f';duties="{" ".join(decision.duties)}"' if decision.duties else ""
    if not index:  # entry 0 is no decision: this one stands in no record
        return [(b"brightline-decision", f"{decision.outcome}{duties};mode=break-glass".encode())]
    said = f"{decision.outcome};id={index}{duties}{mode}"
    receipt = f'"{origin}";index={index};terms="{decision.terms}"'
    return [(b"brightline-decision", said.encode()), (b"brightline-receipt", receipt.encode())]
