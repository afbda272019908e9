"""The two tables, and that the reference page is drawn from them and names what the code has."""

from __future__ import annotations

import re
from itertools import product
from pathlib import Path

import pytest
from msgspec.structs import fields

from brightline.approvals import TABLE, WHO, Fault, Person, Roster, Signal, State, Statement
from brightline.approvals.act import Act
from brightline.approvals.table import Asked, Chose, check_who, diagram, step, who_page
from brightline.errors import ApprovalError
from tests.approvals.scene import act

DOCS = (Path(__file__).parents[2] / "docs/reference/approvals.md").read_text("utf-8")
ACTOR = {Asked.SELF: ("army/agent-1", False), Asked.AGENT: ("army/agent-1", True), Asked.OTHER: ("army/x", True)}
CHOSE = {Chose.SELF: "ortiz", Chose.OTHER: "lee", Chose.UNSAID: ""}
ORTIZ = Person(name="ortiz", key="k", roles=("operator", "commander"), actors=("army/agent-1",))


@pytest.mark.parametrize(("asked", "chose", "role"), list(product(Asked, Chose, ["operator", "commander"])))
def test_who_may_approve_is_what_the_table_says(asked: Asked, chose: Chose, role: str) -> None:
    actor, agent = ACTOR[asked]
    if asked is Asked.OTHER:
        ortiz = Person(name="ortiz", key="k", roles=ORTIZ.roles)
    else:
        ortiz = Person(name="ortiz", key="k", roles=ORTIZ.roles, actors=(actor,))
    what = act(agent=agent, selected_by=CHOSE[chose])
    if WHO[asked, chose][role != "operator"]:
        check_who(what, ortiz, role, ("operator",))
        return
    with pytest.raises(ApprovalError) as refused:
        check_who(what, ortiz, role, ("operator",))
    assert refused.value.fault == Fault.WRONG_PERSON


def test_the_laws_of_who() -> None:
    """Never who asked, but as the operator who chose; never an operator where another is known to have chosen."""
    assert len(WHO) == len(Asked) * len(Chose)
    for (asked, chose), (operator, other) in WHO.items():
        assert not (other and asked is not Asked.OTHER)
        assert not (operator and chose is Chose.OTHER)
        assert not (operator and asked is Asked.AGENT and chose is not Chose.SELF)


def test_a_person_who_asks_under_their_own_name_is_who_asked() -> None:
    with pytest.raises(ApprovalError, match="the person themselves asked for it"):
        check_who(act(agent=False), Person(name="army/agent-1", key="k"), "commander", ("operator",))


@pytest.mark.parametrize(("state", "signal"), list(product(State, Signal)))
def test_what_the_table_has_not_is_refused(state: State, signal: Signal) -> None:
    if (state, signal) in TABLE:
        assert step(state, signal) is TABLE[state, signal]
        return
    with pytest.raises(ApprovalError) as refused:
        step(state, signal)
    assert refused.value.cure


def test_no_way_leads_back_from_use_and_none_around_a_grant() -> None:
    assert not any(state is State.USED for state, _ in TABLE)
    assert {state for (state, signal), after in TABLE.items() if after is State.USED} == {State.WAITING, State.GRANTED}
    assert {signal for (_, signal), after in TABLE.items() if after is State.GRANTED} == {Signal.COMPLETE}
    assert not any(state is State.DENIED and signal is not Signal.APPEAL for state, signal in TABLE)


def test_the_page_is_drawn_from_the_tables() -> None:
    assert diagram() in DOCS
    assert who_page() in DOCS


def test_the_page_names_every_member_and_word() -> None:
    spans = set(re.findall(r"\w[\w-]*", " ".join(re.findall(r"`([^`\n]+)`", DOCS))))
    kinds = Statement.__args__
    named = {f.name for kind in (*kinds, Act, Roster, Person) for f in fields(kind)} - {"beside"}
    assert named - {"type"} <= spans
    assert {str(k.__struct_config__.tag) for k in kinds} <= spans
    assert {str(f) for f in Fault} <= spans
    assert len(named) > 40
