"""The stories of a hold: granted and used once, refused, expired, withdrawn, appealed; K2, K16, K19, A05 to A16."""

from __future__ import annotations

import pytest

from brightline.approvals import Act, Appeal, Desk, Grant, Look, Overturn, Refuse, Rule, State, Uphold, Withdraw
from brightline.errors import ApprovalError
from brightline.terms import Outcome
from tests.approvals.scene import NOON, SECOND, act, decided, desk, put, says, tell, use


def outcome(on: Desk, what: object = None, now: int = NOON, **facts: object) -> Outcome:
    """As the gateway decides it: approvals and tempo from the desk."""
    a = act(of=use(**facts))
    with_desk = use(**facts, approvals=sorted(on.approvals(a, now)), approval_tempo=on.tempo(a, now))
    return decided(with_desk).outcome


def state(on: Desk, what: Act, now: int) -> State | None:
    found = on.find(what, now)
    return found.state if found is not None else None


def test_a06_held_granted_used_once() -> None:
    on, what = desk(), act()
    hold = put(on, what)
    assert hold.state is State.WAITING
    assert hold.needs == (frozenset({"operator"}),)
    assert on.approvals(what, NOON) == frozenset()
    tell(on, says(Grant, "lee", hold), index=12)
    assert on.approvals(what, NOON + 1) == {"operator"}
    assert outcome(on, now=NOON + 1) is Outcome.PERMIT
    assert on.entries(what, NOON + 1) == (12,)
    spent = on.use(what, {"operator"}, NOON + 2)
    assert spent.entries == (12,)
    assert on.approvals(what, NOON + 2) == frozenset()
    assert on.entries(what, NOON + 2) == ()
    with pytest.raises(ApprovalError, match="not on the desk"):
        on.use(what, {"operator"}, NOON + 3)


def test_sent_again_it_is_the_same_hold_and_after_use_a_new_one() -> None:
    on, what = desk(), act()
    first = put(on, what)
    assert on.hold(what, decided(what.use), NOON + 5, bytes(15) + b"x").event is None
    tell(on, says(Grant, "lee", first))
    on.use(what, {"operator"}, NOON)
    again = put(on, what, NOON + 1, bytes(15) + b"x")
    assert again.id != first.id
    assert again.state is State.WAITING


def test_a_grant_serves_only_the_act_that_was_shown() -> None:
    on, what = desk(), act(b"track 41")
    tell(on, says(Grant, "lee", put(on, what)))
    for other in (
        act(b"track 42"),
        act(tool="effector.fire"),
        act(of=use(target="person")),
        act(of=use(screen="flagged")),
        act(agent=False),
        act(selected_by="lee"),
    ):
        assert other.digest != what.digest
        assert on.approvals(other, NOON) == frozenset()
    assert on.approvals(act(b"track 41", of=use(approvals=["operator"], distinct_persons=9)), NOON) == {"operator"}


def test_it_lapses_and_the_hold_waits_again_until_its_deadline() -> None:
    on, what = desk(), act()
    hold = put(on, what)
    tell(on, says(Grant, "lee", hold))
    assert on.approvals(what, NOON + 29_999) == {"operator"}
    assert on.approvals(what, NOON + 30_000) == frozenset()
    assert state(on, what, NOON + 30_000) is State.WAITING
    tell(on, says(Grant, "lee", hold, NOON + 40_000), NOON + 40_000)
    assert state(on, what, NOON + 40_000) is State.GRANTED
    assert state(on, what, NOON + 3600 * SECOND) is State.EXPIRED
    (closed,) = on.due(NOON + 3600 * SECOND)
    on.apply(closed)
    assert on.due(NOON + 3600 * SECOND) == []


def test_a05_nobody_can_grant_what_the_terms_deny() -> None:
    on, what = desk(), act(of=use(target_selected_by="model"))
    hold = put(on, what)
    assert hold.state is State.DENIED
    with pytest.raises(ApprovalError, match="no grant of what is denied"):
        on.receive(says(Grant, "lee", hold), NOON)


def test_a07_a_group_needs_the_commander_too() -> None:
    on = desk()
    what = act(of=use(target_selected_by="operator_group"))
    hold = put(on, what)
    assert hold.needs == (frozenset({"operator", "commander"}),)
    tell(on, says(Grant, "lee", hold))
    assert state(on, what, NOON) is State.WAITING
    tell(on, says(Grant, "may", hold, role="commander"))
    assert state(on, what, NOON) is State.GRANTED
    assert outcome(on, target_selected_by="operator_group") is Outcome.PERMIT


def test_a_refusal_voids_what_was_granted_and_sticks() -> None:
    on, what = desk(), act()
    hold = put(on, what)
    tell(on, says(Grant, "lee", hold))
    tell(on, says(Refuse, "ortiz", hold))
    assert on.approvals(what, NOON) == frozenset()
    assert put(on, what, NOON + 5).state is State.REFUSED
    assert put(on, what, NOON + 8 * 86_400 * SECOND).state is State.WAITING


def test_a_refusal_is_appealed_and_overturned() -> None:
    on, what = desk(), act()
    hold = put(on, what)
    tell(on, says(Grant, "lee", hold))
    tell(on, says(Refuse, "rao", hold))
    tell(on, says(Appeal, "asker", hold))
    with pytest.raises(ApprovalError, match="nobody judges what they decided"):
        on.receive(says(Overturn, "rao", hold), NOON)
    tell(on, says(Overturn, "quinn", hold))
    assert state(on, what, NOON) is State.WAITING
    assert on.approvals(what, NOON) == frozenset()


def test_an_appeal_that_nobody_answers_is_upheld() -> None:
    on, what = desk(), act()
    hold = put(on, what)
    tell(on, says(Refuse, "lee", hold))
    tell(on, says(Appeal, "asker", hold))
    assert state(on, what, NOON + 7 * 86_400 * SECOND - 1) is State.APPEALED
    assert state(on, what, NOON + 7 * 86_400 * SECOND) is State.UPHELD


def test_g11_a_denial_is_appealed_with_a_clock_of_its_own() -> None:
    on, what = desk(), act(of=use(target_selected_by="model"))
    hold = put(on, what)
    on.apply(on.appeal(hold.id, "army/agent-1", "a person did choose it", NOON + 5))
    assert state(on, what, NOON + 5) is State.CONTESTED
    tell(on, says(Overturn, "quinn", hold, NOON + 6), NOON + 6)
    assert [h.state for h in on.holds(NOON + 6)] == [State.OVERTURNED]
    assert on.approvals(what, NOON + 6) == frozenset()
    late = put(on, act(b"another", of=use(target_selected_by="model")))
    with pytest.raises(ApprovalError, match="time for an appeal has passed"):
        on.appeal(late.id, "army/agent-1", "too late", NOON + 7 * 86_400 * SECOND + 6)
    with pytest.raises(ApprovalError, match="not theirs"):
        on.appeal(late.id, "army/somebody", "mine", NOON)


def test_only_who_asked_withdraws() -> None:
    on, what = desk(), act()
    hold = put(on, what)
    with pytest.raises(ApprovalError, match="did not ask"):
        on.receive(says(Withdraw, "lee", hold), NOON)
    with pytest.raises(ApprovalError, match="not theirs"):
        on.withdraw(hold.id, "army/other", NOON)
    tell(on, says(Withdraw, "asker", hold))
    assert [h.state for h in on.holds(NOON)] == [State.WITHDRAWN]
    again = put(on, what, NOON, bytes(15) + b"x")
    on.apply(on.withdraw(again.id, "army/agent-1", NOON))
    assert on.find(what, NOON) is None


def test_a_look_is_for_those_who_may_decide() -> None:
    on, what = desk(), act()
    hold = put(on, what)
    assert on.receive(says(Look, "lee", hold), NOON)
    with pytest.raises(ApprovalError, match="commander is not asked"):
        on.receive(says(Look, "may", hold, role="commander"), NOON)
    tell(on, says(Refuse, "lee", hold))
    with pytest.raises(ApprovalError, match="nothing is to decide"):
        on.receive(says(Look, "lee", hold, time=NOON + 1), NOON)


def test_the_fact_of_an_appeal_upheld_sticks() -> None:
    on, what = desk(), act()
    hold = put(on, what)
    tell(on, says(Refuse, "lee", hold))
    tell(on, says(Appeal, "asker", hold))
    tell(on, says(Uphold, "quinn", hold))
    assert put(on, what, NOON + 1).state is State.UPHELD


def test_a_quorum_takes_so_many_persons() -> None:
    on, what = desk(roles={"operator": Rule(quorum=2, grant_seconds=30)}), act()
    hold = put(on, what)
    tell(on, says(Grant, "lee", hold))
    assert on.approvals(what, NOON) == frozenset()
    tell(on, says(Grant, "ortiz", hold))
    assert on.approvals(what, NOON) == {"operator"}


def test_a_permit_or_an_ask_is_not_for_the_desk() -> None:
    on, what = desk(), act(of=use(approvals=["operator"]))
    with pytest.raises(ApprovalError, match="a permit is not for the desk"):
        put(on, what)


def test_an_appeal_of_what_expired_does_not_hide_what_waits() -> None:
    on, what = desk(), act()
    old = put(on, what)
    later = NOON + 3600 * SECOND
    new = put(on, what, later, bytes(15) + b"x")
    tell(on, says(Appeal, "asker", old, later), later)
    tell(on, says(Grant, "lee", new, later), later)
    assert on.approvals(what, later) == {"operator"}
    tell(on, says(Overturn, "quinn", old, later), later)
    assert on.use(what, {"operator"}, later).event.hold == new.id
    assert on.approvals(what, later) == frozenset()
