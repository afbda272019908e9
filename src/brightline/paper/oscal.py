"""A verification in OSCAL 1.2.1 (JSON): what Brightline does as a component-definition, what `verify` found as
assessment-results. The same verification gives the same bytes: every UUID is derived (RFC 9562, version 5).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.metadata import version
from typing import Any, Final
from uuid import NAMESPACE_URL, uuid5

from brightline.paper.verified import Verified

OSCAL_VERSION: Final = "1.2.1"
CATALOG: Final = (
    "https://raw.githubusercontent.com/usnistgov/oscal-content/main/nist.gov/SP800-53/rev5/json/"
    "NIST_SP-800-53_rev5_catalog.json"
)
_NAMESPACE: Final = "urn:brightline:ns:oscal"
_CONTROLS: Final[Mapping[str, str]] = {
    "ac-3": "Each model call and tool call is decided on the agreed terms before it happens. What was declared of a "
    "use may be false; a claim is marked as one.",
    "au-2": "Every decision and every end of a call is an entry; calls that never pass the gateway are not, and the "
    "grade of completeness says how much is known of them.",
    "au-3": "An entry names activity, outcome, clauses, terms, model and time; who asked and what was said stay with "
    "the customer under a commitment.",
    "au-9": "Entries are leaves of a signed, append-only Merkle log: what is changed or left out after signing is "
    "found. A log that was made up as a whole is not, without a kept checkpoint, a witness or an audit.",
    "au-10": "Agreement, checkpoints and approvals are signed with Ed25519; the private keys' custody is the parties'.",
    "au-12": "The record is durable before any byte goes to the model; without a durable record nothing is answered, "
    "but in break-glass, which is counted.",
    "cm-3": "A decision under other terms than those agreed, announced or not, fails step 7 of `verify`.",
}
"""NIST SP 800-53 rev. 5 controls to which the record bears evidence, each with its limit."""

_STEP_CONTROL: Final[Mapping[int, str]] = {
    1: "au-9", 2: "au-10", 3: "au-10", 4: "au-9", 5: "au-3", 6: "au-9", 7: "cm-3", 8: "ac-3",
}  # fmt: skip


def component_definition(verified: Verified) -> dict[str, Any]:
    """What Brightline does, as a component that a system security plan can refer to."""
    requirements = [
        {"uuid": _uuid(verified, f"requirement {control}"), "control-id": control, "description": text}
        for control, text in _CONTROLS.items()
    ]
    implementation = {
        "uuid": _uuid(verified, "implementation"),
        "source": CATALOG,
        "description": "Controls of NIST SP 800-53 rev. 5 to which the gateway and its record bear evidence.",
        "implemented-requirements": requirements,
    }
    component = {
        "uuid": _uuid(verified, "component"),
        "type": "software",
        "title": f"Brightline {version('brightline')}",
        "description": "Terms of use for AI models: a gateway that decides each use, and a record that shows it.",
        "props": [_prop("terms", verified.agreement.terms.digest), _prop("agreement", verified.digest)],
        "control-implementations": [implementation],
    }
    body = {
        "uuid": _uuid(verified, "component-definition"),
        "metadata": _metadata(verified, "Brightline, as agreed"),
        "components": [component],
    }
    return {"component-definition": body}


def assessment_results(verified: Verified) -> dict[str, Any]:
    """What `verify` found: one observation a step, one finding a control, one observation a finding of the record."""
    result = verified.result
    steps = [_observation(verified, f"step {s.n}", f"Step {s.n}: {s.name}", s.text, _shown(s.ok)) for s in result.steps]
    others = [
        _observation(verified, f"finding {i} {f.code}", f.code, f"{f.text} {f.follows}".strip(), "finding")
        for i, f in enumerate(result.findings)
    ]
    plan = _uuid(verified, "plan")
    made: dict[str, Any] = {
        "uuid": _uuid(verified, "result"),
        "title": f"Verification of {verified.bundle}",
        "description": f"{'Verified' if result.verified else 'NOT verified'}. {verified.grade_words}",
        "start": verified.time,
        "end": verified.time,
        "props": [_prop("bundle-sha256", verified.sha256), _prop("verified", str(result.verified).lower())],
        "reviewed-controls": {"control-selections": [{"include-controls": [{"control-id": c} for c in _CONTROLS]}]},
        "observations": [*steps, *others],
        "findings": [_finding(verified, control) for control in sorted(set(_STEP_CONTROL.values()))],
    }
    if result.grade:
        made["props"].append(_prop("grade", result.grade))
    text = "The plan is the agreement, which both parties signed, and the steps of docs/reference/evidence.md."
    body = {
        "uuid": _uuid(verified, "assessment-results"),
        "metadata": _metadata(verified, f"Verification of {verified.bundle}"),
        "import-ap": {"href": f"#{plan}"},
        "results": [made],
        "back-matter": {"resources": [{"uuid": plan, "title": verified.agreement.title, "description": text}]},
    }
    return {"assessment-results": body}


def to_bytes(document: Mapping[str, Any]) -> bytes:
    return json.dumps(document, ensure_ascii=False, indent=2).encode() + b"\n"


def _finding(verified: Verified, control: str) -> dict[str, Any]:
    """A control is satisfied iff every step that bears on it passed."""
    steps = [s for s in verified.result.steps if _STEP_CONTROL.get(s.n) == control]
    satisfied = all(s.ok for s in steps)
    status: dict[str, Any] = {"state": "satisfied" if satisfied else "not-satisfied"}
    if any(s.ok is None for s in steps):
        status["reason"] = "other"
        status["remarks"] = "A step was not checked, because one that it stands on did not pass."
    return {
        "uuid": _uuid(verified, f"control {control}"),
        "title": f"{control}: evidence of the record",
        "description": _CONTROLS[control],
        "target": {"type": "objective-id", "target-id": f"{control}_obj", "status": status},
        "related-observations": [{"observation-uuid": _uuid(verified, f"step {s.n}")} for s in steps],
    }


def _observation(verified: Verified, name: str, title: str, text: str, shown: str) -> dict[str, Any]:
    return {
        "uuid": _uuid(verified, name),
        "title": title,
        "description": text,
        "props": [_prop("answer", shown)],
        "methods": ["TEST"],
        "collected": verified.time,
    }


def _shown(ok: bool | None) -> str:
    return {True: "passed", False: "failed", None: "not-checked"}[ok]


def _metadata(verified: Verified, title: str) -> dict[str, Any]:
    return {
        "title": title,
        "last-modified": verified.time,
        "version": version("brightline"),
        "oscal-version": OSCAL_VERSION,
    }


def _prop(name: str, value: str) -> dict[str, str]:
    return {"name": name, "ns": _NAMESPACE, "value": value}


def _uuid(verified: Verified, name: str) -> str:
    return str(uuid5(NAMESPACE_URL, f"{_NAMESPACE}:{verified.sha256}:{verified.digest}:{verified.time}:{name}"))
