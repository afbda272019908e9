"""An agreement as `agreement show` gives it: one JSON document (DESIGN section 4), and the same for people."""

from __future__ import annotations

import textwrap
from datetime import date
from typing import Any

from brightline.agreement.difference import Difference
from brightline.agreement.negotiation import Negotiation
from brightline.agreement.reading import fail, plain
from brightline.agreement.status import Status, in_force
from brightline.agreement.table import Role, State


def show_negotiation(negotiation: Negotiation, today: date | None = None) -> dict[str, Any]:
    """The document of a negotiation: its state, its messages, and the draft on the table or the agreement."""
    table = negotiation.signed_agreement
    if table is None:
        fail("negotiation", "nothing is on the table", "give its messages")
    status = in_force([table], keys=negotiation.keys if negotiation.keys_known else None, today=today)
    messages = [
        {
            "sequence": m.sequence,
            "message": str(m.message),
            "sender": str(m.sender),
            "time": plain(m.time),
            "digest": digest,
            "agreement": m.agreement.digest if m.agreement else None,
            "reason": m.reason,
        }
        for m, digest in zip(negotiation.messages, negotiation.digests, strict=True)
    ]
    return {**show(status, negotiation.state), "negotiation": negotiation.id, "messages": messages}


def show(status: Status, state: State | None = None) -> dict[str, Any]:
    """The document of a status. `state` is null where no messages tell it."""
    body = plain(status.agreement)
    parties = status.agreement.parties
    return {
        "state": str(state) if state else None,
        "in_force": status.in_force,
        "text": status.text,
        "digest": status.digest,
        **{k: body[k] for k in ("title", "contract", "interim", "supersedes", "from", "until", "prevails")},
        "parties": {str(r): {"name": parties.of(r).name, "key": str(parties.of(r).key)} for r in Role},
        "signatories": {str(r): body["parties"][str(r)]["signatories"] for r in Role},
        "terms": {"digest": body["terms"]["digest"], "files": sorted(body["terms"]["files"])},
        **{k: body[k] for k in ("vocabulary", "models", "logs", "ceiling", "disclosure", "retention", "audit")},
        "consequences": body["consequences"],
        "signatures": [
            {"party": s.party and str(s.party), "key": s.key, "over": s.over, "good": s.good, "text": s.text}
            for s in status.signatures
        ],
        "notes": [{"code": str(n.code), "text": n.text} for n in status.notes],
        "differences": [show_difference(d) for d in status.differences],
    }


def show_difference(d: Difference) -> dict[str, Any]:
    return {
        "a": d.a,
        "b": d.b,
        "fields": [{"path": f.path, "a": f.a, "b": f.b} for f in d.fields],
        "clauses": {"added": list(d.added), "removed": list(d.removed), "changed": list(d.changed)},
        "text": d.text,
        "lines": d.lines(),
    }


def show_text(doc: dict[str, Any]) -> str:
    """The document for people, at 100 columns for all but digests and keys."""
    lines = [doc["title"], doc["text"]]
    if doc["state"]:
        lines.append(f"State of the negotiation: {doc['state']}.")
    lines += ["", *_facts(doc), "", "Parties"]
    for role, party in doc["parties"].items():
        lines.append(f"  {role}: {party['name']}, key {party['key']}")
        lines += [f"    {s['name']}, {s['title']} ({s['authority']})" for s in doc["signatories"][role]]
    lines += ["", "Signatures over the agreement"]
    lines += [f"  {s['text']} (over {s['over'][:15]}…)" for s in doc["signatures"]] or ["  none"]
    if doc.get("messages"):
        lines += ["", "Messages"]
        lines += [f"  {m['sequence']:3} {m['time']} {m['sender']}: {m['message']}" for m in doc["messages"]]
    lines += ["", "What follows from what"]
    for code, row in doc["consequences"].items():
        cure = f" Cure within {row['cure_days']} days." if row["cure_days"] else ""
        lines.append(f"  {code}: {row['trigger']}. {row['text']}{cure}")
    for step in dict.fromkeys(row["dispute"] for row in doc["consequences"].values() if row["dispute"]):
        on = [code for code, row in doc["consequences"].items() if row["dispute"] == step]
        lines.append(f"  Where {', '.join(on)} is not cured: {step}")
    if doc["notes"]:
        lines += ["", "Notes", *(f"  {n['text']}" for n in doc["notes"])]
    lines = [part for line in lines for part in _wrapped(line)]
    for d in doc["differences"]:
        lines += ["", f"Difference between {d['a'][:15]}… and {d['b'][:15]}…", *(f"  {line}" for line in d["lines"])]
    return "\n".join(lines) + "\n"


def _wrapped(line: str) -> list[str]:
    return textwrap.wrap(line, 100, subsequent_indent="      ", break_long_words=False, break_on_hyphens=False) or [""]


def _facts(doc: dict[str, Any]) -> list[str]:
    ceiling = doc["ceiling"]
    money = ceiling and f"{ceiling['currency']} {ceiling['amount']}, funded {ceiling['funded']}"
    rows = {
        "agreement": doc["digest"],
        "contract": doc["contract"],
        "supersedes": doc["supersedes"],
        "runs": f"from {doc['from']}" + (f" until {doc['until']}" if doc["until"] else ""),
        "terms": f"{doc['terms']['digest']} ({', '.join(doc['terms']['files'])})",
        "prevails": f"the {doc['prevails']}, where words and code differ",
        "models": ", ".join(f"{m['name']} ({m['variant']})" for m in doc["models"]),
        "logs": ", ".join(log["origin"] for log in doc["logs"]),
        "ceiling": money,
    }
    return [f"{name + ':':12} {value}" for name, value in rows.items() if value]
