"""Every way in which a statement is refused: its fault, and that nothing has changed."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest

from brightline.approvals import (
    Appeal,
    Desk,
    Fault,
    Grant,
    Hold,
    Look,
    Mend,
    Overturn,
    Person,
    Refuse,
    Revoke,
    sign,
)
from brightline.approvals.saying import SKEW
from brightline.canonical import dump, parse
from brightline.errors import ApprovalError
from brightline.keys import Envelope
from tests.approvals.scene import KEYS, NOON, PERSONS, SECOND, act, decided, desk, put, rostered, says, tell, use

WORD = "sha256:" + "ab" * 32


@dataclass
class Scene:
    """A desk with one act that waits."""

    on: Desk
    hold: Hold


@pytest.fixture
def scene() -> Scene:
    on = desk()
    return Scene(on, put(on, act()))


def edited(envelope: Envelope, **changes: object) -> Envelope:
    """The same signatures over other words."""
    value = parse(envelope.payload) | changes
    return Envelope(envelope.payload_type, dump(value), envelope.signatures)


def used(s: Scene) -> Envelope:
    grant = says(Grant, "lee", s.hold)
    tell(s.on, grant)
    s.on.use(s.hold.held.act, {"operator"}, NOON)
    return grant


def came_in(s: Scene) -> Envelope:
    grant = says(Grant, "lee", s.hold)
    tell(s.on, grant)
    return grant


def twice(s: Scene) -> Envelope:
    tell(s.on, says(Grant, "lee", s.hold))
    hurry = s.on.hold(
        s.hold.held.act, decided(use(approvals=["operator"], approval_tempo="hurried")), NOON, bytes(16)
    ).hold
    return says(Grant, "lee", hurry, role="operator_2")


def other_signature(s: Scene) -> Envelope:
    """What came in before, its signature written once more: the same statement."""
    grant = came_in(s)
    return Envelope(grant.payload_type, grant.payload, (*grant.signatures, *grant.signatures))


CASES: dict[str, tuple[Fault, Callable[[Scene], Envelope]]] = {
    "signed by another": (Fault.FORGED, lambda s: says(Grant, "lee", s.hold, key="may")),
    "by a key of the desk's, in another's name": (Fault.FORGED, lambda s: says(Grant, "ortiz", s.hold, key="lee")),
    "a role changed after signing": (Fault.FORGED, lambda s: edited(says(Grant, "lee", s.hold), role="operator_2")),
    "a longer life written in": (Fault.FORGED, lambda s: edited(says(Grant, "lee", s.hold), until=NOON + 29 * SECOND)),
    "no signature": (
        Fault.FORGED,
        lambda s: Envelope(says(Grant, "lee", s.hold).payload_type, says(Grant, "lee", s.hold).payload),
    ),
    "a stranger": (Fault.UNKNOWN_SIGNER, lambda s: says(Grant, "stranger", s.hold, key="lee")),
    "the agent itself": (Fault.UNKNOWN_SIGNER, lambda s: says(Grant, "army/agent-1", s.hold, key="asker")),
    "another desk's": (Fault.WRONG_DESK, lambda s: says(Grant, "lee", s.hold, desk="navy")),
    "a role that the person has not": (Fault.WRONG_ROLE, lambda s: says(Grant, "may", s.hold)),
    "a refusal by a role not asked": (Fault.WRONG_ROLE, lambda s: says(Refuse, "may", s.hold, role="commander")),
    "a look by a role not asked": (Fault.WRONG_ROLE, lambda s: says(Look, "may", s.hold, role="commander")),
    "an operator judges an appeal": (Fault.WRONG_ROLE, lambda s: says(Overturn, "lee", s.hold, role="operator")),
    "an appeal by another": (Fault.WRONG_PERSON, lambda s: says(Appeal, "lee", s.hold)),
    "another act": (Fault.WRONG_ACT, lambda s: says(Grant, "lee", s.hold, act=WORD)),
    "no hold": (Fault.NO_HOLD, lambda s: says(Grant, "lee", replace(s.hold, id=WORD))),
    "a role not needed": (Fault.NOT_NEEDED, lambda s: says(Grant, "may", s.hold, role="commander")),
    "an appeal of what waits": (Fault.NOT_NOW, lambda s: says(Appeal, "asker", s.hold)),
    "an overturning of what waits": (Fault.NOT_NOW, lambda s: says(Overturn, "quinn", s.hold)),
    "one more, where all is granted": (Fault.NOT_NOW, lambda s: (came_in(s), says(Grant, "ortiz", s.hold))[1]),
    "one person as two": (Fault.SECOND, twice),
    "replayed": (Fault.REPLAYED, came_in),
    "replayed with another signature": (Fault.REPLAYED, other_signature),
    "replayed after its use": (Fault.USED, used),
    "a new grant after the use": (Fault.USED, lambda s: (used(s), says(Grant, "ortiz", s.hold))[1]),
    "expired": (Fault.EXPIRED, lambda s: says(Grant, "lee", s.hold, NOON - 30 * SECOND)),
    "signed long before it came": (Fault.EXPIRED, lambda s: says(Grant, "lee", s.hold, NOON - 90 * SECOND)),
    "a long life": (Fault.TOO_LONG, lambda s: says(Grant, "lee", s.hold, until=NOON + 30 * SECOND + 1)),
    "in the future": (Fault.EARLY, lambda s: says(Grant, "lee", s.hold, NOON + SKEW + 1)),
    "no such exception": (Fault.NOT_NOW, lambda s: sign(_revoke(), KEYS["quinn"])),
    "no such break-glass": (Fault.NOT_NOW, lambda s: sign(_mend(), KEYS["quinn"])),
    "not canonical": (Fault.MALFORMED, lambda s: _padded(says(Grant, "lee", s.hold))),
    "a field more": (Fault.MALFORMED, lambda s: edited(says(Grant, "lee", s.hold), more=1)),
    "of another type": (Fault.MALFORMED, lambda s: Envelope("text/plain", says(Grant, "lee", s.hold).payload)),
    "a hidden character": (Fault.MALFORMED, lambda s: edited(says(Grant, "lee", s.hold), reason="a\u202eb")),
    "an unknown word": (Fault.MALFORMED, lambda s: edited(says(Grant, "lee", s.hold), say="grants")),
}


def _revoke() -> Revoke:
    return Revoke(desk="army", person="quinn", role="official", time=NOON, exception=WORD, reason="r")


def _mend() -> Mend:
    return Mend(desk="army", person="quinn", role="official", time=NOON, started=WORD, reason="r")


def _padded(envelope: Envelope) -> Envelope:
    return Envelope(envelope.payload_type, envelope.payload + b" ", ()).signed(KEYS["lee"])


@pytest.mark.parametrize(("fault", "make"), CASES.values(), ids=CASES)
def test_it_is_refused_with_its_fault_and_changes_nothing(
    scene: Scene, fault: Fault, make: Callable[[Scene], Envelope]
) -> None:
    envelope = make(scene)
    before = copy.deepcopy(scene.on.__dict__)
    with pytest.raises(ApprovalError) as refused:
        scene.on.receive(envelope, NOON)
    assert refused.value.fault == fault
    assert refused.value.cure
    after = copy.deepcopy(scene.on.__dict__)
    for each in (before, after):
        each.pop("terms")
    assert before == after


def test_a_grant_in_time_is_not_refused(scene: Scene) -> None:
    """The twin of them all."""
    scene.on.receive(says(Grant, "lee", scene.hold), NOON)
    scene.on.receive(says(Grant, "lee", scene.hold, NOON - 29 * SECOND), NOON)


def test_a_fast_clock_lengthens_nothing(scene: Scene) -> None:
    tell(scene.on, says(Grant, "lee", scene.hold, NOON + 100 * SECOND))
    assert scene.on.approvals(scene.hold.held.act, NOON + 30 * SECOND - 1) == {"operator"}
    assert scene.on.approvals(scene.hold.held.act, NOON + 30 * SECOND) == frozenset()


def test_every_fault_of_a_statement_has_its_case() -> None:
    elsewhere = {Fault.UNKNOWN_WORD, Fault.FULL, Fault.ROLLED_BACK}  # rosters, exceptions, a full desk
    assert {fault for fault, _ in CASES.values()} == set(Fault) - elsewhere


WRONG = {
    "signed by another": (Fault.FORGED, {}),
    "a role that the terms do not know": (
        Fault.UNKNOWN_WORD,
        {"persons": (Person(name="a", key=str(KEYS["lee"].public), roles=("general",)),)},
    ),
    "a name twice": (
        Fault.UNKNOWN_WORD,
        {"persons": (PERSONS[0], Person(name="ortiz", key=PERSONS[1].key))},
    ),
    "a key twice": (Fault.UNKNOWN_WORD, {"persons": (PERSONS[0], Person(name="twin", key=PERSONS[0].key))}),
    "no key": (Fault.UNKNOWN_WORD, {"persons": (Person(name="a", key="b"),)}),
}


@pytest.mark.parametrize(("fault", "changes"), WRONG.values(), ids=WRONG)
def test_a_roster_that_cannot_stand(fault: Fault, changes: dict[str, object]) -> None:
    on = desk()
    event = rostered(number=1, **changes)
    if fault is Fault.FORGED:
        envelope = Envelope.from_bytes(event.envelope)
        event = type(event)(
            at=NOON, envelope=Envelope(envelope.payload_type, envelope.payload).signed(KEYS["lee"]).to_bytes()
        )
    with pytest.raises(ApprovalError) as refused:
        on.apply(event)
    assert refused.value.fault == fault
    assert on.roster.number == 0


def test_an_older_roster_is_not_put_back() -> None:
    on = desk()
    on.apply(rostered(number=5))
    with pytest.raises(ApprovalError, match="older than 5"):
        on.apply(rostered(number=4))


def test_who_loses_a_role_has_granted_nothing(scene: Scene) -> None:
    came_in(scene)
    assert scene.on.approvals(scene.hold.held.act, NOON) == {"operator"}
    others = tuple(p for p in PERSONS if p.name != "lee")
    scene.on.apply(rostered(at=NOON, number=1, persons=others))
    assert scene.on.approvals(scene.hold.held.act, NOON) == frozenset()


def test_one_actor_cannot_fill_the_desk_nor_all_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("brightline.approvals.desk.MAX_HOLDS", 10)
    monkeypatch.setattr("brightline.approvals.desk.MAX_HELD_BY_ACTOR", 4)
    on = desk()
    for i in range(4):
        put(on, act(b"%d" % i))
    with pytest.raises(ApprovalError, match="the desk is full"):
        put(on, act(b"more"))
    other, third = (replace(use(), actor=name) for name in ("army/other", "army/third"))
    for i in range(4):
        put(on, act(b"%d" % i, of=other))
    tell(on, says(Refuse, "lee", on.holds(NOON)[0]))
    for i in range(3):  # what was refused made room
        put(on, act(b"%d" % i, of=third))
    with pytest.raises(ApprovalError, match="the desk is full"):
        put(on, act(b"last", of=third))
