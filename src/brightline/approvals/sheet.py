"""What the desk shows of an act: enough to decide it, in words; the JSON of `desk show`, the console and the endpoint.

Nothing here is content: that is sealed, and opened beside it by somebody who may decide, which is recorded.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from brightline.approvals.act import LEFT_OUT, Act, Call
from brightline.approvals.hold import Hold
from brightline.approvals.roster import Person, Roster
from brightline.approvals.table import LIVE, check_who
from brightline.errors import ApprovalError
from brightline.terms import Decision, Terms, decide
from brightline.vocabulary import UNKNOWN, FactValue, Source

_TOLD = ("phase", "effect", "autonomy", "target", "target_selected_by", "protected_persons", "scale", "legal_basis")
_SILENT = ("none", UNKNOWN)


def will_happen(act: Act, terms: Terms) -> str:
    """One plain sentence: who has what done by which model and tool, and the facts that weigh most."""
    words = terms.scope.vocabulary
    activity = words.activities.get(act.activity)
    what = activity.text if activity is not None else act.activity
    who = f"{act.actor or 'somebody'}{f' of {act.component}' if act.component else ''}"
    if act.agent:
        who = f"the agent {who}"
    if act.call is Call.MODEL:
        head = f"{who} asks the model {act.model or 'unnamed'} to {what}"
    else:
        head = f"{act.model or 'the model'}, asked by {who}, calls the tool {act.tool or 'unnamed'} to {what}"
    told = [_meaning(terms, f, v) for f in _TOLD if (v := act.facts.get(f)) not in (None, *_SILENT)]
    head += f"; {', '.join(told)}" if told else ""
    if act.selected_by:
        head += f"; chosen by {act.selected_by}"
    # A name is written as it is, at the beginning of a sentence too.
    return f"T{head[1:]}." if head.startswith("the ") else f"{head}."


def if_granted(act: Act, roles: frozenset[str], terms: Terms) -> Decision:
    """What is decided on the act once these roles have approved."""
    return decide(terms, replace(act.use, facts={**act.use.facts, "approvals": roles}))


def may_decide(hold: Hold, role: str, roster: Roster) -> list[Person]:
    """The persons of a role who may grant this act: not who asked, not who granted it already."""
    done = {a.person for a in hold.approvals}
    return [p for p in roster.holders(role) if p.name not in done and _may(hold.held.act, p, role, roster)]


def sheet(hold: Hold, roster: Roster, terms: Terms, now: int) -> dict[str, Any]:
    """The whole of it as JSON. `hold`: settled at `now`."""
    act, held = hold.held.act, hold.held
    clauses = {c.id: c for c in terms.clauses}
    facts = {**act.facts, **act.beside}
    return {
        "hold": hold.id,
        "act": act.digest,
        "state": str(hold.state),
        "will": will_happen(act, terms),
        "call": str(act.call),
        "tool": act.tool,
        "actor": act.actor,
        "agent": act.agent,
        "component": act.component,
        "model": act.model,
        "selected_by": act.selected_by,
        "activity": act.activity,
        "facts": [
            {
                "name": name,
                "value": value,
                "text": _meaning(terms, name, value),
                "source": act.sources.get(name, str(_source(terms, name))),
                "bound": name not in LEFT_OUT,
            }
            for name, value in facts.items()
        ],
        "alternatives": act.alternatives,
        "clauses": [{"id": c.id, "title": c.title, "text": c.text} for i in held.clauses if (c := clauses.get(i))],
        "text": held.text,
        "if_granted": [_granted(act, need, terms) for need in sorted(hold.needs, key=sorted)],
        "who": [_who(hold, role, roster, terms) for role in sorted(hold.roles)] if hold.state in LIVE else [],
        "granted": [{"role": a.role, "person": a.person, "until": a.until} for a in hold.live(now)],
        "held": held.at,
        "since": hold.since,
        "deadline": hold.deadline,
        "reason": hold.reason,
        "entry": hold.entry,
    }


def _granted(act: Act, need: frozenset[str], terms: Terms) -> dict[str, Any]:
    decision = if_granted(act, need, terms)
    return {
        "approvals": sorted(need),
        "outcome": str(decision.outcome),
        "duties": list(decision.duties),
        "text": decision.text,
    }


def _who(hold: Hold, role: str, roster: Roster, terms: Terms) -> dict[str, Any]:
    return {
        "role": role,
        "text": terms.scope.vocabulary.names["roles"].get(role, ""),
        "persons": [p.name for p in may_decide(hold, role, roster)],
        "quorum": hold.quorums.get(role, 1),
        "grant_seconds": roster.rule(role).grant_seconds,
    }


def _may(act: Act, person: Person, role: str, roster: Roster) -> bool:
    try:
        check_who(act, person, role, roster.selects)
    except ApprovalError:
        return False
    return True


def _meaning(terms: Terms, name: str, value: FactValue | list[str]) -> str:
    """A fact's value in the vocabulary's own words."""
    fact = terms.scope.vocabulary.facts.get(name)
    if fact is None:
        return str(value)
    texts = {v.name: v.text for v in fact.values}
    if isinstance(value, str):
        return texts.get(value) or f"{fact.text}: {value}"
    if isinstance(value, int):
        return f"{fact.text}: {value}"
    return ", ".join(texts.get(v) or v for v in sorted(value)) or "none"


def _source(terms: Terms, name: str) -> Source:
    """Of a fact that names no source: the gateway's own are observed, others are claims."""
    fact = terms.scope.vocabulary.facts.get(name)
    return Source.OBSERVED if fact is not None and fact.gateway else Source.DECLARED
