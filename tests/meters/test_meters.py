"""The seam: reserve, settle, release; limits; clocks; a new agreement."""

from __future__ import annotations

from typing import Any

import pytest

from brightline.errors import InputError, KeyFileError, RecordError, StorageError
from brightline.meters import NOBODY, Counted, How, MeterKey, Meters, Where, Window, given
from brightline.meters import state as states

SECRET = bytes(range(32))
KEY = MeterKey(SECRET, "sha256:" + "0" * 64)
ADTECH = Where("pattern-of-life", "adtech", "army/g2", "dod")
WINDOW = Window(seconds=100, soft=3, hard=5)


def meters(window: Window = WINDOW) -> Meters:
    return Meters.begin(KEY, window, 1000)


def touch(m: Meters, now: int, *persons: str, where: Where = ADTECH) -> int:
    reservation = m.reserve(where, given(persons), now)
    m.settle(reservation, now)
    return reservation.reading.persons


def test_the_reading_counts_this_use() -> None:
    m = meters()
    assert touch(m, 1000, "a", "b") == 2
    assert touch(m, 1001, "b", "c") == 3
    assert m.read(ADTECH, given(["c", "d"]), 1002).facts() == {"distinct_persons": 4, "meter": "counted"}
    assert m.read(ADTECH, NOBODY, 1002).persons == 3


def test_one_of_two_at_the_last_place_passes() -> None:
    m = meters()
    touch(m, 1000, "a", "b", "c")
    first, second = m.reserve(ADTECH, given(["x"]), 1001), m.reserve(ADTECH, given(["y"]), 1001)
    assert (first.reading.persons, second.reading.persons) == (4, 5)
    m.release(second, 1001)
    m.release(first, 1002)
    assert m.read(ADTECH, given(["y"]), 1003).persons == 4


def test_a_release_takes_back_only_what_it_alone_reserved() -> None:
    m = meters()
    one, two = m.reserve(ADTECH, given(["a", "b"]), 1000), m.reserve(ADTECH, given(["b", "c"]), 1000)
    m.release(two, 1000)
    assert m.read(ADTECH, NOBODY, 1000).persons == 2
    m.settle(one, 1000)
    three = m.reserve(ADTECH, given(["a", "d"]), 1001)
    m.release(three, 1001)
    assert m.read(ADTECH, NOBODY, 1001).persons == 2


def test_an_answer_adds_persons_and_settling_never_refuses() -> None:
    m = meters()
    r = m.reserve(ADTECH, given(["a"]), 1000)
    m.settle(r, 1000, given("bcdefgh"))
    assert m.read(ADTECH, NOBODY, 1000).persons >= WINDOW.hard


def test_whoever_is_touched_again_stays_a_whole_window_more() -> None:
    m = meters()
    touch(m, 1000, "a", "b")
    touch(m, 1050, "a")
    assert m.read(ADTECH, NOBODY, 1099).persons == 2
    assert m.read(ADTECH, NOBODY, 1100).persons == 1
    assert m.read(ADTECH, NOBODY, 1150).persons == 0


def test_a_clock_put_back_frees_nobody_and_counts_on() -> None:
    m = meters()
    touch(m, 1000, "a", "b")
    assert touch(m, 5, "c") == 3
    assert m.read(ADTECH, NOBODY, 0).persons == 3
    assert m.read(ADTECH, NOBODY, 1099).persons == 3
    touch(m, 1050, "d")
    assert touch(m, 1000, "e") == 5  # a and b have not left: the latest second seen is 1050


def test_a_clock_put_back_does_not_bring_back_who_has_left() -> None:
    m = meters()
    touch(m, 1000, "a")
    touch(m, 1200, "b")
    assert m.read(ADTECH, NOBODY, 1050).facts() == {"distinct_persons": 1, "meter": "counted"}


def test_a_look_ahead_frees_nobody() -> None:
    m = meters()
    touch(m, 1000, "a")
    assert m.read(ADTECH, NOBODY, 10**9).persons == 0
    assert m.read(ADTECH, NOBODY, 1001).persons == 1


def test_what_cannot_be_counted_is_missing_whatever_else_was_counted() -> None:
    m = meters()
    some = Counted(("a",), {How.ROWS: 1, How.UNCOUNTABLE: 1})
    assert m.reserve(ADTECH, some, 1000).reading.facts() == {"distinct_persons": 1, "meter": "missing"}
    assert m.read(ADTECH, some, 1000).missing


def test_fifty_thousand_names_in_one_request_count_so_many_and_keep_no_more_than_the_limit() -> None:
    m = Meters.begin(KEY, Window(), 1000)
    r = m.reserve(ADTECH, given(f"person {i}" for i in range(50_000)), 1000)
    assert r.reading.persons == 50_000
    assert all(len(o.persons) == 500 for o in m.state.open.values())
    m.settle(r, 1000)
    assert {len(c.seen) for c in m.state.counters.values()} == {500}
    assert m.read(ADTECH, given(["somebody else"]), 1001).persons >= 500
    assert m.read(ADTECH, NOBODY, 1000 + 30 * 86_400 - 1).persons == 500
    assert m.read(ADTECH, NOBODY, 1000 + 30 * 86_400).persons == 0


def test_scopes_of_others_are_not_touched() -> None:
    m = meters()
    touch(m, 1000, "a", "b", "c")
    assert m.read(Where("leave-roster", "adtech", "army/g1", "dod"), given(["x"]), 1001).persons == 1
    assert m.read(ADTECH._replace(component="navy"), given(["x"]), 1001).persons == 4  # the same purpose and data
    assert m.read(ADTECH._replace(dataset="another"), given(["x"]), 1001).persons == 4  # the same purpose and component


def test_a_reservation_ends_once() -> None:
    m = meters()
    r = m.reserve(ADTECH, given(["a"]), 1000)
    m.settle(r, 1000)
    for end in (m.settle, m.release):
        with pytest.raises(RecordError, match="reservation 0 is not open"):
            end(r, 1000)


class TestANewAgreement:
    LATER = MeterKey(SECRET, "sha256:" + "1" * 64)

    def test_frees_nobody(self) -> None:
        m = meters()
        touch(m, 1000, "a", "b")
        m.rotate(self.LATER, WINDOW, 1010)
        assert m.read(ADTECH, given(["c"]), 1010).persons == 3
        assert m.read(ADTECH, NOBODY, 1100).persons == 0

    def test_counts_a_person_of_before_twice_rather_than_not(self) -> None:
        m = meters()
        touch(m, 1000, "a")
        m.rotate(self.LATER, WINDOW, 1010)
        assert m.read(ADTECH, given(["a"]), 1010).persons == 2

    def test_with_a_higher_limit_does_not_pretend_to_know_whom_it_dropped(self) -> None:
        m = meters()
        touch(m, 1000, *"abcdefgh")
        m.rotate(self.LATER, Window(seconds=100, soft=3, hard=50), 1010)
        assert m.read(ADTECH, NOBODY, 1010).missing
        assert not m.read(ADTECH, NOBODY, 1100).missing

    def test_with_a_longer_window_does_not_pretend_to_know_who_had_left(self) -> None:
        m = meters()
        touch(m, 1000, "a")
        touch(m, 1100, "b")
        m.rotate(self.LATER, Window(seconds=500, soft=3, hard=5), 1110)
        assert m.read(ADTECH, NOBODY, 1110).missing
        assert not m.read(ADTECH, NOBODY, 1500).missing

    def test_with_a_lower_limit_keeps_no_more(self) -> None:
        m = meters()
        touch(m, 1000, *"abcde")
        m.rotate(self.LATER, Window(seconds=100, soft=1, hard=2), 1010)
        assert {len(c.seen) for c in m.state.counters.values()} == {2}
        assert m.read(ADTECH, NOBODY, 1010).persons >= 2

    def test_ends_what_was_open_all_the_same(self) -> None:
        m = meters()
        r = m.reserve(ADTECH, given(["a"]), 1000)
        m.rotate(self.LATER, Window(seconds=100, soft=1, hard=2, counted_by=(("purpose",),)), 1010)
        m.settle(r, 1020)
        assert m.open == ()


class TestTooManyScopes:
    def test_read_as_missing_and_not_as_nobody(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(states, "MAX_COUNTERS", 4)
        m = meters()
        for i in range(2):
            touch(m, 1000, "a", where=Where(f"p{i}", "d", "c", "o"))
        r = m.reserve(Where("p2", "d", "c", "o"), given(["a"]), 1001)
        assert r.reading.missing
        m.settle(r, 1001)
        assert len(m.state.counters) == 4
        # Later there is room again, but those who were not kept might still count.
        assert m.reserve(Where("p3", "d", "c", "o"), given(["a"]), 1100).reading.missing
        assert not m.reserve(Where("p4", "d", "c", "o"), given(["a"]), 1201).reading.missing

    def test_an_open_use_without_persons_gets_its_place_back(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(states, "MAX_COUNTERS", 2)
        m = meters()
        r = m.reserve(ADTECH, NOBODY, 1000)
        other = Where("other", "d", "c", "o")
        m.settle(m.reserve(other, given(["a"]), 1001), 1001)
        m.settle(r, 1002, given(["b"]))
        assert m.read(ADTECH, NOBODY, 1002).missing


class TestKeys:
    def test_the_secret_is_in_no_representation(self) -> None:
        assert SECRET.hex() not in repr(KEY)
        assert repr(SECRET) not in repr(KEY)

    def test_another_secret_or_agreement_knows_nobody(self) -> None:
        others = [MeterKey(bytes(32), KEY.agreement), MeterKey(SECRET, "sha256:" + "1" * 64)]
        hashes = {k.hash("Ann Lee") for k in [KEY, *others]}
        assert len(hashes) == 3
        assert len({k.id for k in [KEY, *others]}) == 3
        assert MeterKey(SECRET, KEY.agreement).hash("Ann Lee") in hashes

    def test_a_secret_of_another_length_is_refused(self) -> None:
        with pytest.raises(KeyFileError, match="32 bytes"):
            MeterKey(bytes(16), "sha256:00")

    def test_no_event_holds_a_name(self) -> None:
        m = meters()
        r = m.reserve(ADTECH, given(["Ann Lee"]), 1000)
        m.settle(r, 1000, given(["Bob Ray"]))
        batch = m.events()
        assert b"Ann" not in batch
        assert b"Bob" not in batch
        assert KEY.hash("Ann Lee") in batch

    def test_meters_of_another_key_are_refused(self) -> None:
        m = meters()
        with pytest.raises(StorageError, match="under another key"):
            Meters.resume(MeterKey(bytes(32), KEY.agreement), [m.events()])


@pytest.mark.parametrize(
    "wrong",
    [
        {"seconds": 0},
        {"soft": 0},
        {"soft": 501},
        {"hard": 100_001},
        {"counted_by": ()},
        {"counted_by": (("dataset",),)},
        {"counted_by": (("purpose", "account"),)},
    ],
)
def test_a_window_that_makes_no_sense_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        Window(**wrong)


def test_a_name_that_is_too_long_is_refused_before_anything_happened() -> None:
    m = meters()
    m.events()
    with pytest.raises(InputError, match="too long"):
        m.reserve(ADTECH._replace(dataset="d" * 201), given(["a"]), 2000)
    assert m.events() == b""
    assert m.state.time == 1000
