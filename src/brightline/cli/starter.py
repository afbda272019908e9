"""The pack that `terms new` makes: small, commented, lint-clean and tested by its own scenarios."""

from __future__ import annotations

import json
from collections.abc import Collection

from brightline.vocabulary import SHIPPED, module

_TOML = """\
# What these terms are, whose, and in which words they are written.
title = "Terms of use of our models"
party = "vendor"                # vendor or customer
date = 2026-01-31
protected_persons = "clients of the house"
home = "the country of the head office"

# The vocabulary, pinned: both parties sign these digests. `brightline vocabulary` shows the words.
[vocabulary]
{modules}

# Names of your own that clauses may use. Roles of the modules need not be declared again.
[roles]
supervisor = "the supervisor of the person who asks"

[lanes]
# fraud-desk = "the fraud desk's casework"

# Documents that clauses or uses cite, each as it stood on a day.
# [authorities.data-protection-act]
# title = "Data Protection Act"
# date = 2018-05-23
# digest = "sha256:…"
"""

_CEDAR = """\
// A use is permitted when a permit applies and no forbid does. `unless` lifts a forbid.
// Facts nobody stated are `unknown`: a forbid that bites on a bad value should bite on `unknown` too,
// or leaving the fact out would pay. The gateway then asks for the fact instead of refusing.

@id("T1") @title("Ordinary work is allowed")
@text("The models may be used for the customer's work unless a clause below says otherwise.")
@source("own draft")
permit (principal, action, resource);

@id("T2") @title("Nobody is profiled without a legal basis")
@text("No person is profiled or tracked unless an individual legal basis is stated; the privacy officer approves each.")
@source("own draft")
forbid (principal, action in [Action::"surv.profile", Action::"surv.person_track"], resource)
unless { context.legal_basis == "individual" && context.approvals.contains("privacy_officer") };

@id("T3") @title("Decisions about people are noted and counted")
@text("A use that is the principal or sole basis of a decision about a person is noted and counted.")
@source("own draft")
forbid (principal, action in Action::"decide", resource)
when   { !["none", "advice"].contains(context.decision_role) }
unless { context.duties.contains("note") };

@id("T4") @title("What nobody can map is not done")
@text("An act that cannot be mapped to an activity is not done until a supervisor approves it.")
@source("own draft")
forbid (principal, action == Action::"gen.unknown", resource)
unless { context.approvals.contains("supervisor") };
"""

_SCENARIOS = (
    ("S1", "Draft a memo.", {"activity": "gen.office"}, {"outcome": "permit", "duties": []}),
    (
        "S2",
        "Build a profile of a client without any basis.",
        {"activity": "surv.profile", "facts": {"legal_basis": "none"}},
        {"outcome": "deny"},
    ),
    (
        "S3",
        "The same with an individual legal basis.",
        {"activity": "surv.profile", "facts": {"legal_basis": "individual"}},
        {"outcome": "hold", "approvals": [["privacy_officer"]]},
    ),
    ("S4", "The same, and nobody said on what basis.", {"activity": "surv.profile"}, {"outcome": "ask"}),
    (
        "S5",
        "Rank applications; a person decides mainly on the ranking.",
        {"activity": "decide.benefits_rights", "facts": {"decision_role": "principal_basis"}},
        {"outcome": "permit", "duties": ["note"]},
    ),
)


def starter_pack(modules: Collection[str]) -> dict[str, str]:
    """File name → text, in the words of the core and `modules`. Raises VocabularyError."""
    chosen = sorted({"core", *(module(n).name for n in modules)}, key=SHIPPED.index)
    pins = "\n".join(f'{n} = "{module(n).digest}"' for n in chosen)
    lines = [
        json.dumps({"id": i, "text": text, "use": use, "expect": expect}, ensure_ascii=False)
        for i, text, use, expect in _SCENARIOS
    ]
    return {
        "terms.toml": _TOML.format(modules=pins),
        "terms.cedar": _CEDAR,
        "scenarios.jsonl": "\n".join(lines) + "\n",
    }
