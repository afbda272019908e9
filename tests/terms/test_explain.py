"""Decisions in one plain sentence (src/brightline/terms/explain.py)."""

from __future__ import annotations

import pytest

from brightline.terms import decide, read_terms
from brightline.vocabulary import read_use
from tests.terms.generated import SCOPE

TERMS = read_terms(
    SCOPE,
    """
    @id("P") @title("Work") permit (principal, action in [Action::"gen", Action::"surv"], resource);
    @id("H") @title("A person decides") forbid (principal, action, resource) when { context.place == "abroad" }
        unless { context.approvals.contains("official") ||
                 context.approvals.containsAll(["inspector", "second_reader"]) };
    @id("N") forbid (principal, action, resource) when { context.scale == "group" }
        unless { context.duties.containsAll(["note", "redact"]) };
    @id("X") @title("No masses") forbid (principal, action, resource) when { context.scale == "bulk" }
        unless { context.exceptions.containsAny(["waiver_1", "waiver_2"]) };
    @id("U") @title("Origin") forbid (principal, action in Action::"surv", resource)
        when { context.data_origin == "unknown" || context.claimed.contains("data_origin") ||
               context.screen == "unknown" };
    """,
    "t.cedar",
)


@pytest.mark.parametrize(
    ("activity", "facts", "text"),
    [
        ("gen.office", {}, "Permitted by P (Work)."),
        (
            "gen.office",
            {"scale": "group"},
            "Permitted by N and P (Work). The gateway will note the use and count it and redact personal data.",
        ),
        (
            "gen.office",
            {"place": "abroad"},
            (
                "Held under H (A person decides) until approved by an official whom the customer names for "
                "exceptions and emergencies or the inspector to whom anyone may turn and a second reader."
            ),
        ),
        (
            "gen.office",
            {"scale": "bulk"},
            "Denied by X (No masses). A certificate in force would change that: waiver 1 or waiver 2.",
        ),
        ("cyber.defence", {}, "Denied by default: no clause permits it."),
        (
            "surv.profile",
            {},
            (
                "Cannot be decided yet under U (Origin): it turns on where the data come from (data_origin), "
                "attested in a registry and what the screen saw (screen), observed by the gateway."
            ),
        ),
    ],
)
def test_sentences(activity: str, facts: dict[str, str], text: str) -> None:
    use = read_use(SCOPE.vocabulary, {"activity": activity, "facts": facts})
    assert decide(TERMS, use).text == text
