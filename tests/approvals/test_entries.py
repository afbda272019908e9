"""Each event in the record: which entry, what it shows, and that the desk comes back from a real log."""

from __future__ import annotations

from pathlib import Path

import pytest

from brightline.approvals import (
    FIELD,
    Appeal,
    BreakGlass,
    Desk,
    Event,
    Grant,
    Look,
    Mend,
    Overturn,
    Refuse,
    Revoke,
    Uphold,
    Withdraw,
    draft,
    field,
    identity,
    raise_concern,
    sign,
    unheeded,
)
from brightline.keys import Envelope, SigningKey
from brightline.record.body import ChangeSubject, DecisionBody, ExceptionAct, Verdict
from brightline.record.entry import OutcomeCode
from brightline.record.log import Disclosure, Draft
from brightline.storage.record import Receipt, Record
from tests.approvals.scene import (
    CUSTOMER,
    KEYS,
    NOON,
    SECOND,
    SITE,
    TERMS,
    act,
    decided,
    desk,
    put,
    rostered,
    says,
    use,
)
from tests.cli.desks import certificate

AGREEMENT = bytes([7]) * 32
ROLES = TERMS.scope.vocabulary.facts["approvals"].names


@pytest.fixture
def record(tmp_path: Path) -> Record:
    key = SigningKey.new("department.example/g1", bytes([4]) * 32)
    return Record.open(tmp_path / "r", key, SITE, Disclosure(), clock=lambda: NOON / 1000)


def write(record: Record, *drafts: Draft) -> list[int]:
    out = []
    for receipt in record.write(drafts):
        assert isinstance(receipt, Receipt)
        out.append(receipt.index)
    return out


def say(record: Record, on: Desk, envelope: Envelope, now: int = NOON) -> int:
    """As the gateway: checked, made durable, applied."""
    event = on.receive(envelope, now)
    (index,) = write(record, draft(event, on, AGREEMENT))
    on.apply(event, index)
    return index


def decision(*events: Event, outcome: OutcomeCode = OutcomeCode.HOLD, **body: int) -> Draft:
    return Draft(DecisionBody(**body), outcome=outcome, fields=(("content", b"secret"), field(*events)))


def events(record: Record) -> list[tuple[int, bytes]]:
    """What the gateway reads at its start: the field `desk` of every entry that has one."""
    out = []
    for index, there in enumerate(record.vault.has(0, record.journal.log.size)):
        fields = dict(record.vault.fields(index)) if there else {}
        out += [(index, fields[FIELD])] if FIELD in fields else []
    return out


def test_a_desk_comes_back_from_the_record(record: Record) -> None:
    on, what = Desk(TERMS, CUSTOMER.public), act()
    start = rostered()
    write(record, draft(start, on, AGREEMENT))
    on.apply(start, 1)
    ticket = on.hold(what, decided(what.use), NOON, bytes(16))
    assert ticket.event is not None
    (entry,) = write(record, decision(ticket.event))
    on.recorded(ticket.hold.id, entry)
    granted = say(record, on, says(Grant, "lee", ticket.hold))
    say(record, on, sign(certificate(NOON), KEYS["quinn"]))
    # before the use: what was granted is granted still
    after, void = Desk.rebuild(TERMS, CUSTOMER.public, events(record))
    assert void == []
    assert after.approvals(what, NOON) == {"operator"}
    assert after.holds(NOON) == on.holds(NOON)
    assert after.certificates() == on.certificates()
    # after it: never again
    spent = on.use(what, {"operator"}, NOON)
    assert spent.entries == (granted,)
    write(record, decision(spent.event, outcome=OutcomeCode.PERMIT, approval=granted))
    again, void = Desk.rebuild(TERMS, CUSTOMER.public, events(record))
    assert void == []
    assert again.approvals(what, NOON) == frozenset()
    assert again.holds(NOON) == on.holds(NOON)
    record.close()


def test_what_each_statement_shows(record: Record) -> None:
    on = desk()
    hold = on.hold(act(), decided(use()), NOON, bytes(16)).hold
    (entry,) = write(record, decision(hold.held))
    on.recorded(hold.id, entry)
    shown = {
        Look: ("lee", Verdict.SEEN, "operator", 0),
        Grant: ("lee", Verdict.GRANTED, "operator", (NOON + 30 * SECOND) // 1000),
        Refuse: ("ortiz", Verdict.REFUSED, "operator", 0),
        Appeal: ("asker", Verdict.APPEALED, "official", 0),
        Overturn: ("quinn", Verdict.OVERTURNED, "official", 0),
        Withdraw: ("asker", Verdict.WITHDRAWN, None, 0),
    }
    for kind, (by, verdict, role, until) in shown.items():
        event = on.receive(says(kind, by, hold), NOON)
        made = draft(event, on, AGREEMENT)
        rank = ROLES.index(role) if role else 0
        assert made.body == (entry, until, rank, verdict), kind
        assert [name for name, _ in made.fields] == [FIELD]
        on.apply(event, *write(record, made))


def test_appeals_and_expiries_of_the_gateway_itself(record: Record) -> None:
    on = desk()
    denied = on.hold(act(of=use(target_selected_by="model")), decided(use(target_selected_by="model")), NOON, bytes(16))
    assert denied.event is not None
    appeal = on.appeal(denied.hold.id, "army/agent-1", "wrong", NOON)
    made = draft(appeal, on, AGREEMENT, denied.event)
    assert made.body == (0, 0, ROLES.index("official"), Verdict.APPEALED)
    assert made.fields[0][1].count(b"\n") == 1  # the denial comes onto the desk by its appeal
    on.apply(appeal)
    event = on.receive(says(Uphold, "quinn", denied.hold), NOON)
    assert draft(event, on, AGREEMENT).body[3] == Verdict.UPHELD
    put(on, act())
    (closed,) = on.due(NOON + 3600 * SECOND)
    assert draft(closed, on, AGREEMENT).body == (0, 0, 0, Verdict.EXPIRED)


def test_exceptions_and_break_glass_show_no_name_and_no_reason(record: Record) -> None:
    on = desk()
    envelope = sign(certificate(NOON), KEYS["quinn"])
    made = draft(on.receive(envelope, NOON), on, AGREEMENT)
    at, until, official = NOON // 1000, certificate(NOON).until // 1000, ROLES.index("official")
    assert made.body == (0, at, until, 0, official, ExceptionAct.GRANTED)
    index = say(record, on, envelope)
    by = {"desk": "army", "person": "quinn", "role": "official", "time": NOON, "reason": "r"}
    revoked = on.receive(sign(Revoke(**by, exception=identity(envelope)), KEYS["quinn"]), NOON)
    assert draft(revoked, on, AGREEMENT).body == (index, at, at, 0, official, ExceptionAct.REVOKED)
    started = sign(BreakGlass(**by, until=NOON + 60 * SECOND), KEYS["quinn"])
    index = say(record, on, started)
    ended = on.receive(sign(Mend(**by, started=identity(started)), KEYS["quinn"]), NOON)
    assert draft(ended, on, AGREEMENT).body == (index, at, at, 0, official, ExceptionAct.BREAK_GLASS_ENDED)


def test_g02_a_vendors_message_changes_nothing_and_is_on_record(record: Record) -> None:
    event = unheeded(b'{"disable": true}', "vendor.example", "not signed by the customer", NOON)
    made = draft(event, desk(), AGREEMENT)
    assert made.body == (ChangeSubject.AGREEMENT, AGREEMENT, AGREEMENT)
    (index,) = write(record, made)
    assert Desk.rebuild(TERMS, CUSTOMER.public, [(index, dict(record.vault.fields(index))[FIELD])])[1] == []


def test_a_concern_shows_that_there_is_one(record: Record) -> None:
    on = desk()
    made = draft(raise_concern(on.roster, "a concern", NOON), on, AGREEMENT)
    assert made.body == (0, 0, ROLES.index("inspector"), Verdict.APPEALED)
    assert b"a concern" not in made.fields[0][1]


def test_what_stands_in_a_decision_has_no_entry_of_its_own() -> None:
    on = desk()
    hold = on.hold(act(), decided(use()), NOON, bytes(16)).hold
    with pytest.raises(TypeError):
        draft(hold.held, on, AGREEMENT)
