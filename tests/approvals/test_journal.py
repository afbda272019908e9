"""The desk as a fold: whatever is asked in whatever order, after a crash anywhere nothing more is granted than was.

The machine keeps its own, simpler book: each grant that came in, of which act, by whom, until when. The desk may give
less than the book, never more; a use spends what it rests on, once.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from brightline.approvals import (
    Act,
    Appeal,
    Desk,
    Event,
    Grant,
    Hold,
    Overturn,
    Refuse,
    Ticket,
    Uphold,
    Withdraw,
    decode,
    encode,
)
from brightline.errors import ApprovalError
from brightline.keys import Envelope
from brightline.terms import Decision, Need, Outcome
from tests.approvals.scene import CUSTOMER, NOON, SECOND, TERMS, act, desk, put, rostered, says, tell

ACTS = [act(b"%d" % i) for i in range(3)]
SAYS = st.sampled_from([Grant, Grant, Grant, Refuse, Appeal, Overturn, Uphold, Withdraw])
NAMES = st.sampled_from(["ortiz", "lee", "may", "quinn", "rao", "asker"])
ROLES = st.sampled_from(["operator", "operator_2", "official"])


@dataclass
class Book:
    """What truly came in for a hold: (person, role, until), and whether it was used or closed."""

    grants: list[tuple[str, str, int]] = field(default_factory=list)
    closed: bool = False


def holding(*roles: str) -> Decision:
    return Decision(Outcome.HOLD, ("K2",), (Need(approvals=roles),), (), TERMS.digest, "held")


class Machine(RuleBasedStateMachine):
    """Any order of asking, saying, using, waiting and crashing."""

    def __init__(self) -> None:
        super().__init__()
        self.now, self.count = NOON, 0
        self.journal: list[tuple[int, bytes]] = []
        self.books: dict[str, Book] = {}
        self.sent: list[Envelope] = []
        self.uses: dict[str, int] = {}
        self.desk = Desk(TERMS, CUSTOMER.public)

    @initialize()
    def begin(self) -> None:
        event = rostered()
        self.desk.apply(event, 1)
        self.write(event)

    def write(self, event: Event) -> int:
        self.journal.append((len(self.journal) + 1, encode(event)))
        return len(self.journal)

    @rule(what=st.sampled_from(ACTS), second=st.booleans())
    def asks(self, what: Act, second: bool) -> None:
        self.count += 1
        decision = holding("operator", "operator_2") if second else holding("operator")
        ticket: Ticket = self.desk.hold(what, decision, self.now, self.count.to_bytes(16, "big"))
        if ticket.event is not None:
            self.write(ticket.event)
        self.books.setdefault(ticket.hold.id, Book())

    def holds(self) -> list[Hold]:
        return self.desk.holds(self.now)

    @precondition(lambda self: self.books)
    @rule(kind=SAYS, by=NAMES, role=ROLES, data=st.data(), key=st.sampled_from(["", "", "", "may"]))
    def says(self, kind: type, by: str, role: str, data: st.DataObject, key: str) -> None:
        hold = data.draw(st.sampled_from(self.holds()))
        fields = {"role": role} if kind in (Grant, Refuse) else {}
        self.send(says(kind, by, hold, self.now, key=key, **fields))

    @precondition(lambda self: self.sent)
    @rule(data=st.data())
    def replays(self, data: st.DataObject) -> None:
        envelope = data.draw(st.sampled_from(self.sent))
        with pytest.raises(ApprovalError):
            self.desk.receive(envelope, self.now)

    def send(self, envelope: Envelope) -> None:
        from brightline.approvals import read_statement  # noqa: PLC0415 - keeps the list above short

        said = read_statement(envelope)
        assert isinstance(said, Grant | Refuse | Appeal | Overturn | Uphold | Withdraw)
        try:
            event = self.desk.receive(envelope, self.now)
        except ApprovalError:
            return
        self.desk.apply(event, self.write(event))
        self.sent.append(envelope)
        book = self.books[said.hold]
        if isinstance(said, Grant):
            assert not book.closed
            assert said.person not in [p for p, _, until in book.grants if self.now < until]
            book.grants.append((said.person, said.role, said.until))
        elif isinstance(said, Refuse | Withdraw):
            book.grants.clear()

    @rule(what=st.sampled_from(ACTS), roles=st.sets(ROLES, min_size=1))
    def uses_it(self, what: Act, roles: set[str]) -> None:
        hold = self.desk.find(what, self.now)
        allowed = self.truly(hold) if hold is not None else frozenset()
        try:
            spent = self.desk.use(what, roles, self.now)
        except ApprovalError:
            return
        assert hold is not None
        assert roles <= allowed, "used without its grants"
        assert all(spent.entries), "each grant stands in an entry"
        self.uses[hold.id] = self.uses.get(hold.id, 0) + 1
        assert self.uses[hold.id] == 1, "a grant served twice"
        self.books[hold.id].grants.clear()
        self.books[hold.id].closed = True
        self.write(spent.event)

    def truly(self, hold: Hold) -> frozenset[str]:
        return frozenset(role for _, role, until in self.books[hold.id].grants if self.now < until)

    @rule(seconds=st.sampled_from([-40, 0, 1, 29, 31, 3600, 604_800]))
    def waits(self, seconds: int) -> None:
        """A clock may run back, too: the machine's own stands still then, as the desk's does."""
        self.now = max(self.now + seconds * SECOND, self.now if seconds >= 0 else NOON)
        self.now = max(self.now, decode(self.journal[-1][1])[0].at)

    @rule()
    def closes(self) -> None:
        for event in self.desk.due(self.now):
            self.desk.apply(event, self.write(event))

    @rule()
    def crashes(self) -> None:
        """All of the journal is there: the desk is what it was."""
        after, void = Desk.rebuild(TERMS, CUSTOMER.public, self.journal)
        assert void == []
        assert [(h.id, h.state, h.approvals, h.needs) for h in after.holds(self.now)] == [
            (h.id, h.state, h.approvals, h.needs) for h in self.holds()
        ]
        self.desk = after

    @rule(data=st.data())
    def loses_some(self, data: st.DataObject) -> None:
        """From any prefix follows a desk that grants only what had come in, and used up what it used."""
        cut = data.draw(st.integers(0, len(self.journal)))
        after, _ = Desk.rebuild(TERMS, CUSTOMER.public, self.journal[:cut])
        came = [e for _, data_ in self.journal[:cut] for e in decode(data_)]
        grants = sum(type(e).__name__ == "Said" for e in came)
        assert sum(len(h.approvals) for h in after.holds(self.now)) <= grants

    @rule(data=st.data())
    def erases_one(self, data: st.DataObject) -> None:
        """An entry whose private side was erased is a hole: what is left grants no more than before."""
        if len(self.journal) < 2:
            return
        hole = data.draw(st.integers(1, len(self.journal) - 1))
        kind = type(decode(self.journal[hole][1])[0]).__name__
        after, _ = Desk.rebuild(TERMS, CUSTOMER.public, self.journal[:hole] + self.journal[hole + 1 :])
        if kind == "Held":
            for what in ACTS:
                assert after.approvals(what, self.now) <= self.desk.approvals(what, self.now)

    @invariant()
    def never_more_than_was_granted(self) -> None:
        if not self.journal:
            return
        for what in ACTS:
            hold = self.desk.find(what, self.now)
            approvals = self.desk.approvals(what, self.now)
            assert approvals <= (self.truly(hold) if hold is not None else frozenset())


Machine.TestCase.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
TestMachine = Machine.TestCase


def test_two_sendings_at_once_happen_once() -> None:
    on, what = desk(), ACTS[0]
    tell(on, says(Grant, "lee", put(on, what)))
    both = [on.approvals(what, NOON), on.approvals(what, NOON)]  # both read before either spends
    on.use(what, both[0], NOON)
    with pytest.raises(ApprovalError):
        on.use(what, both[1], NOON)


def test_two_holds_of_one_act_at_once_are_one() -> None:
    """Two sendings whose events are both in the journal: the first stands, and only it can be granted."""
    one, other = desk(), desk()
    first = one.hold(ACTS[0], holding("operator"), NOON, bytes(16)).event
    second = other.hold(ACTS[0], holding("operator"), NOON, bytes(15) + b"x").event
    assert first is not None
    assert second is not None
    both, void = Desk.rebuild(
        TERMS, CUSTOMER.public, [(1, encode(rostered())), (2, encode(first)), (3, encode(second))]
    )
    assert void == []
    assert len(both.holds(NOON)) == 1
    assert both.holds(NOON)[0].entry == 2


def test_what_cannot_stand_in_a_journal_does_nothing_and_is_named() -> None:
    on = desk()
    hold = put(on, ACTS[0])
    stolen = on.receive(says(Grant, "lee", hold), NOON)
    held = on.hold(ACTS[0], holding("operator"), NOON, bytes(16)).hold.held
    journal = [(1, encode(rostered())), (2, encode(stolen)), (3, encode(held)), (4, b"{}"), (5, encode(stolen))]
    after, void = Desk.rebuild(TERMS, CUSTOMER.public, journal)
    assert [index for index, _ in void] == [2, 4]
    assert after.approvals(ACTS[0], NOON) == {"operator"}
    again, void = Desk.rebuild(TERMS, CUSTOMER.public, [*journal, (6, encode(stolen))])
    assert [index for index, _ in void] == [2, 4, 6]
    assert len(again.holds(NOON)[0].approvals) == 1


def test_a_clock_set_back_revives_nothing() -> None:
    on, what = desk(), ACTS[0]
    tell(on, says(Grant, "lee", put(on, what)))
    on.apply(rostered(at=NOON + 31 * SECOND, number=1), 9)
    assert on.approvals(what, NOON) == frozenset()


@given(st.binary(max_size=400))
def test_no_bytes_break_the_reading(data: bytes) -> None:
    try:
        decode(data)
    except ApprovalError as e:
        assert e.cure  # noqa: PT017 - most bytes are no event


def test_what_is_written_is_read() -> None:
    on = desk()
    hold = put(on, ACTS[0])
    events = [rostered(), hold.held, on.receive(says(Grant, "lee", hold), NOON)]
    assert decode(encode(*events)) == events
    assert encode(hold.held).count(b"\n") == 0
