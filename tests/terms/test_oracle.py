"""The Cedar engine as judge: `confirm` bears out right decisions and no wrong ones (src/brightline/terms/oracle.py)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from brightline.errors import OracleError
from brightline.terms import Decision, Need, Outcome, Terms, confirm, decide, read_terms
from brightline.terms.cedar import Oracle
from brightline.vocabulary import Use, read_use
from tests.terms.generated import SCOPE

TERMS = read_terms(
    SCOPE,
    """
    @id("P") permit (principal, action, resource);
    @id("H") forbid (principal, action, resource) when { context.place == "abroad" }
        unless { context.approvals.containsAll(["official", "inspector"]) && context.duties.contains("note") };
    @id("N") forbid (principal, action, resource) when { context.place == "home" }
        unless { context.duties.contains("note") };
    @id("X") forbid (principal, action, resource) when { context.place == "unknown" }
        unless { context.exceptions.contains("waiver_1") };
    """,
    "t.cedar",
)


def use(**facts: str) -> Use:
    return read_use(SCOPE.vocabulary, {"activity": "gen.office", "facts": facts})


def need(**parts: object) -> tuple[Need, ...]:
    return (Need(**parts),)  # type: ignore[arg-type]


NOTE = ("note",)
BOTH = ("official", "inspector")
WRONG = [
    ("home", {"duties": ()}, "does not allow it with"),
    ("home", {"duties": ("note", "redact")}, "allows it without redact"),
    ("home", {"outcome": Outcome.DENY, "duties": ()}, "allows it once all is supplied"),
    ("home", {"outcome": Outcome.ASK, "duties": ()}, "allows it once all is supplied"),
    ("home", {"outcome": Outcome.HOLD, "needs": need(approvals=BOTH, duties=NOTE)}, "allows it without official"),
    ("abroad", {"outcome": Outcome.PERMIT, "needs": ()}, "does not allow it with"),
    ("abroad", {"needs": need(approvals=("official",), duties=NOTE)}, "does not allow it with"),
    ("abroad", {"needs": need(approvals=BOTH)}, "does not allow it with"),
    ("abroad", {"needs": need(approvals=(*BOTH, "second_reader"), duties=NOTE)}, "allows it without second_reader"),
    ("abroad", {"outcome": Outcome.DENY, "needs": ()}, "allows it once all is supplied"),
    ("unknown", {"needs": need(exceptions=("waiver_2",))}, "does not allow it with"),
    ("unknown", {"needs": need(exceptions=("waiver_1", "waiver_2"))}, "allows it without waiver_2"),
]


@pytest.mark.parametrize("place", ["home", "abroad", "unknown"])
def test_right_decisions_are_borne_out(place: str) -> None:
    confirm(TERMS, use(place=place), decide(TERMS, use(place=place)))


@pytest.mark.parametrize(("place", "change", "text"), WRONG)
def test_wrong_decisions_are_not(place: str, change: dict[str, object], text: str) -> None:
    it = use(place=place)
    wrong: Decision = replace(decide(TERMS, it), **change)  # type: ignore[arg-type]
    with pytest.raises(OracleError) as e:
        confirm(TERMS, it, wrong)
    assert text in e.value.text


def test_what_the_gateway_cannot_perform_is_not_held_against_a_denial() -> None:
    decision = decide(TERMS, use(place="home"), ("redact",))
    assert decision.outcome is Outcome.DENY
    confirm(TERMS, use(place="home"), decision, ("redact",))
    with pytest.raises(OracleError, match="once all is supplied"):
        confirm(TERMS, use(place="home"), decision)


def test_an_engine_that_reads_other_words_is_found_out() -> None:
    """Closures of one text, engine of another: what a compiler's bug or a changed file would look like."""
    other = read_terms(SCOPE, '@id("P") permit (principal, action, resource);', "t.cedar")
    torn: Terms = replace(TERMS)
    torn.__dict__["oracle"] = other.oracle
    with pytest.raises(OracleError, match="allows it without note"):
        confirm(torn, use(place="home"), decide(torn, use(place="home")))


def test_an_error_in_evaluation_raises_and_so_denies() -> None:
    """A forbid that errs is skipped by Cedar, which would allow; none that passes the profile can err."""
    erring = """permit (principal, action, resource);
                forbid (principal, action, resource) when { context.distinct_persons * 2 > 5 };"""
    oracle = Oracle(SCOPE, [erring], TERMS.adoption)
    v = SCOPE.encode(Use("gen.office", {"distinct_persons": 2**63 - 1}))
    with pytest.raises(OracleError, match="error in a clause"):
        oracle.allows("gen.office", v, "", "")
