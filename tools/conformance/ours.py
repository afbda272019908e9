"""Brightline's own verifier as a program: `conformance/run python -m tools.conformance.ours`."""

from __future__ import annotations

import base64
import json
import sys
from collections.abc import Mapping
from typing import Any

from brightline.agreement import Keys
from brightline.assurance.verify import verify
from brightline.assurance.verify.agreed import DEFAULT_DENY
from brightline.keys import VerifyKey
from brightline.keys.cosigning import WitnessKey
from brightline.record.body import OutcomeStatus
from brightline.record.entry import Kind


def answer(case: Mapping[str, Any]) -> dict[str, Any]:
    """Our answer to one case, in the words of the corpus."""
    keys = case["keys"] and Keys(**{who: VerifyKey.parse(text) for who, text in case["keys"].items()})
    result = verify(
        base64.b64decode(case["bundle"]),
        base64.b64decode(case["agreement"]),
        keys,
        earlier=[base64.b64decode(note) for note in case["earlier"]],
        witnesses=[WitnessKey.parse(text) for text in case["witnesses"]],
    )
    return {
        "verified": result.verified,
        "grade": result.grade,
        "steps": [step.ok for step in result.steps],
        "findings": sorted({f.code for f in result.findings}),
        "totals": _totals(result.totals),
    }


def _totals(found: Mapping[str, Any]) -> dict[str, Any]:
    if not found:
        return {}
    clauses = {}
    for place, (name, counts) in enumerate(found["clauses"].items()):
        rank = name.removeprefix("clause of rank ") if name.startswith("clause of rank ") else str(place)
        if name != DEFAULT_DENY and sum(counts.values()):
            clauses[rank] = sum(counts.values())
    return {
        "entries": found["entries"],
        "kinds": {str(int(Kind[k.upper()])): n for k, n in found["kinds"].items()},
        "clauses": clauses,
        "outcomes": found["outcomes"],
        "tokens": {k: found["tokens"][k] for k in ("input", "output")},
        "statuses": {str(int(OutcomeStatus[k.upper()])): n for k, n in found["statuses"].items()},
        "estimated": found["tokens"]["estimated_calls"],
        "epochs": len(found["epochs"]),
    }


if __name__ == "__main__":
    for line in sys.stdin:
        print(json.dumps(answer(json.loads(line))), flush=True)
