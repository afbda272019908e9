"""The state is a fold: what lived and what is rebuilt are the same, and no event can be lost, moved or changed."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given as forall
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from brightline.errors import BrightlineError, RecordError, StorageError
from brightline.meters import Mark, MeterKey, Meters, State, Where, Window, given, replay
from tests.meters.naive import Naive

SECRET = bytes(range(32))
KEY = MeterKey(SECRET, "sha256:" + "0" * 64)
WINDOW = Window(seconds=50, soft=2, hard=6)
WHERE = [Where("p", "d", "c", "o"), Where("p", "d", "c2", "o"), Where("p", "d2", "c", "o"), Where("q", "", "", "")]
PERSONS = st.lists(st.sampled_from("abcdefghij"), max_size=8)


class Life(RuleBasedStateMachine):
    """Anything in any order; clocks run as they like. Compared after each step with the truth and with a replay."""

    @initialize()
    def begin(self) -> None:
        self.meters = Meters.begin(KEY, WINDOW, 100)
        self.batches: list[bytes] = []
        self.naive = Naive(WINDOW.seconds)
        self.now = self.latest = 100
        self.open: dict[int, tuple[Where, list[str]]] = {}
        self.lost: set[Where] = set()

    @rule(step=st.integers(-30, 30))
    def wait(self, step: int) -> None:
        self.now = max(0, self.now + step)

    @rule(where=st.sampled_from(WHERE), persons=PERSONS)
    def reserve(self, where: Where, persons: list[str]) -> None:
        self.latest = max(self.latest, self.now)
        truth = self._truth(where, set(persons))
        ahead = self.meters.read(where, given(persons), self.now)
        reservation = self.meters.reserve(where, given(persons), self.now)
        assert ahead == reservation.reading
        assert min(reservation.reading.persons, WINDOW.hard) == min(truth, WINDOW.hard)
        assert reservation.reading.persons <= truth
        assert not reservation.reading.missing
        self.open[reservation.number] = (where, persons)

    @rule(data=st.data(), more=PERSONS)
    def settle(self, data: st.DataObject, more: list[str]) -> None:
        if self.open:
            number = data.draw(st.sampled_from(sorted(self.open)))
            where, persons = self.open.pop(number)
            self.latest = max(self.latest, self.now)
            self.meters.settle(number, self.now, given(more))
            for scope in WINDOW.scopes(where):
                self.naive.touches += [(scope, p, self.latest) for p in {*persons, *more}]

    @rule(data=st.data())
    def release(self, data: st.DataObject) -> None:
        if self.open:
            number = data.draw(st.sampled_from(sorted(self.open)))
            del self.open[number]
            self.latest = max(self.latest, self.now)
            self.meters.release(number, self.now)

    @rule()
    def record(self) -> None:
        self.batches += [batch] if (batch := self.meters.events()) else []

    @invariant()
    def rebuilt_it_is_the_same(self) -> None:
        self.record()
        mark, snapshot = self.meters.view()
        state, again = replay(self.batches)
        assert (again, state.snapshot()) == (mark, snapshot)
        assert State.of_snapshot(snapshot).snapshot() == snapshot
        assert sorted(state.open) == sorted(self.open)

    def _truth(self, where: Where, persons: set[str]) -> int:
        counts = []
        for scope in WINDOW.scopes(where):
            held = [p for other, p in self.open.values() if scope in WINDOW.scopes(other)]
            counts.append(len(persons.union(self.naive.persons(scope, self.latest), *held)))
        return max(counts)


TestLife = Life.TestCase
TestLife.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)


def batches() -> list[bytes]:
    """Four batches of a short life, one with a reservation still open."""
    m = Meters.begin(KEY, WINDOW, 100)
    out = [m.events()]
    r = m.reserve(WHERE[0], given("ab"), 101)
    out.append(m.events())
    m.settle(r, 102, given("c"))
    out.append(m.events())
    m.reserve(WHERE[0], given("d"), 103)
    return [*out, m.events()]


def test_a_restart_in_mid_window_rebuilds_exactly_and_open_uses_count() -> None:
    m = Meters.resume(KEY, batches())
    assert m.open == (1,)
    for number in m.open:
        m.settle(number, 104)
    assert m.read(WHERE[0], given("abcd"), 104).persons == 4
    assert m.open == ()
    assert replay([*batches(), m.events()])[0].snapshot() == m.view()[1]


def test_a_batch_lost_repeated_or_moved_is_noticed() -> None:
    whole = batches()
    for wrong in (whole[1:], whole[:1] + whole[2:], [*whole[:2], *whole[1:]], [whole[0], whole[2], whole[1]]):
        with pytest.raises(RecordError, match="missing, moved or altered"):
            replay(wrong)


def test_a_batch_changed_is_noticed_at_the_next_or_by_the_mark() -> None:
    whole = batches()
    changed = bytearray(whole[2])
    changed[-2] ^= 1  # within the hash of a person
    with pytest.raises(RecordError, match="events were changed"):
        replay([*whole[:2], bytes(changed), whole[3]])
    assert replay([*whole[:2], bytes(changed)])[1] != replay(whole[:3])[1]


def test_a_tail_cut_off_shows_in_the_mark() -> None:
    whole = batches()
    marks = {replay(whole[:n])[1] for n in range(5)}
    assert len(marks) == 5


class TestAView:
    def test_of_the_record_s_own_mark_is_taken(self) -> None:
        m = Meters.resume(KEY, batches())
        mark, snapshot = m.view()
        again = Meters.of_view(KEY, snapshot, mark, replay(batches())[1])
        assert again.view() == (mark, snapshot)

    def test_that_is_older_is_noticed(self) -> None:
        m = Meters.resume(KEY, batches()[:2])
        mark, snapshot = m.view()
        with pytest.raises(StorageError, match=r"2 events behind.*older"):
            Meters.of_view(KEY, snapshot, mark, replay(batches())[1])

    def test_of_another_record_is_noticed(self) -> None:
        record = replay(batches())[1]
        mark, snapshot = Meters.resume(KEY, batches()).view()
        with pytest.raises(StorageError, match="not the record's"):
            Meters.of_view(KEY, snapshot, mark, Mark(record.events, bytes(16)))

    def test_is_not_made_while_events_wait(self) -> None:
        m = Meters.begin(KEY, WINDOW, 100)
        with pytest.raises(StorageError, match="wait to be recorded"):
            m.view()


@forall(st.data())
def test_damaged_bytes_raise_what_is_documented_and_nothing_else(data: st.DataObject) -> None:
    whole = batches()
    at = data.draw(st.integers(0, len(whole) - 1))
    bad = bytearray(whole[at])
    for _ in range(data.draw(st.integers(1, 4))):
        bad[data.draw(st.integers(0, len(bad) - 1))] = data.draw(st.integers(0, 255))
    whole[at] = bytes(bad[: data.draw(st.integers(0, len(bad)))])
    with contextlib.suppress(BrightlineError):
        replay(whole)


@forall(st.binary(max_size=200))
def test_any_bytes_are_refused_as_batch_and_as_snapshot(data: bytes) -> None:
    with pytest.raises(RecordError):
        replay([data])
    with pytest.raises(BrightlineError):
        State.of_snapshot(data)


@forall(st.data())
def test_a_damaged_snapshot_raises_what_is_documented(data: st.DataObject) -> None:
    bad = bytearray(Meters.resume(KEY, batches()).view()[1])
    bad[data.draw(st.integers(0, len(bad) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(BrightlineError):
        State.of_snapshot(bytes(bad))


def test_a_reservation_before_any_agreement_is_refused() -> None:
    m = Meters(KEY, State(), Mark())
    with pytest.raises(RecordError, match="before any agreement"):
        m.reserve(WHERE[0], given("a"), 1)
