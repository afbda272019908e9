"""Rows E of the scenarios as SIMULATIONS: seeded, made-up people and calls, whose truth is therefore known.

They show that the meter and the compromise's clauses find a pattern that was put there. They do not show how often real
people do such things, nor that every way of hiding one is found. E05 (weapon code in sixty innocuous steps) is not a
pattern of persons: this meter does not count it.
"""

from __future__ import annotations

import random
from collections import Counter

import pytest

from brightline.errors import RecordError, StorageError
from brightline.meters import (
    DAY,
    Export,
    Meters,
    PersonFields,
    Where,
    bounds,
    count_arguments,
    count_text,
    export,
    given,
    merge,
    replay,
    summary,
)
from brightline.terms import Outcome
from tests.meters.gate import KEY, Gate, window

PERMIT, HOLD, DENY = Outcome.PERMIT, Outcome.HOLD, Outcome.DENY
WHERE = Where("pattern-of-life", "adtech", "army/g2", "dod")
OFFICER = ("privacy_officer",)


def people(count: int, seed: int) -> list[str]:
    """Distinct made-up persons."""
    letters = random.Random(seed)
    return [f"{''.join(letters.choices('abcdefghijklmnop', k=7))} {i}" for i in range(count)]


@pytest.mark.parametrize("seed", range(2))
def test_e01_two_thousand_single_look_ups_in_a_night(seed: int) -> None:
    gate, clock = Gate(), random.Random(seed)
    now, said = 0, Counter()
    for person in people(2000, seed):
        now += clock.randint(1, 20)
        outcome = gate.use(WHERE, given([person]), now)
        if outcome is HOLD:  # an officer who grants whatever is asked
            said[HOLD] += 1
            outcome = gate.use(WHERE, given([person]), now + 1, approvals=OFFICER)
            assert outcome is PERMIT
        else:
            said[outcome] += 1
    assert said == {PERMIT: 99, HOLD: 400, DENY: 1501}


def test_e01_without_an_officer_the_soft_limit_holds_the_rest() -> None:
    gate = Gate()
    said = Counter(gate.use(WHERE, given([p]), i) for i, p in enumerate(people(2000, 1)))
    assert said == {PERMIT: 99, HOLD: 1901}


@pytest.mark.parametrize("seed", range(2))
def test_e02_forty_accounts_and_three_components_are_one_purpose(seed: int) -> None:
    gate, dice = Gate(), random.Random(seed)
    said = Counter()
    for i, person in enumerate(people(2000, seed)):
        where = WHERE._replace(component=dice.choice(["army/g2", "army/g3", "navy"]))
        said[gate.use(where, given([person]), i, account=f"account {dice.randrange(40)}")] += 1
    assert len(gate.accounts) == 40
    assert said == {PERMIT: 99, HOLD: 1901}


def test_one_purpose_over_ten_keys_and_ten_data_sets() -> None:
    gate = Gate()
    said = Counter()
    for i, person in enumerate(people(1000, 3)):
        where = WHERE._replace(dataset=f"slice {i % 10}")
        said[gate.use(where, given([person]), i, account=f"key {i % 10}")] += 1
    assert said == {PERMIT: 99, HOLD: 901}


def test_another_purpose_is_counted_apart() -> None:
    gate = Gate()
    for i, person in enumerate(people(99, 4)):
        assert gate.use(WHERE, given([person]), i) is PERMIT
    assert gate.use(WHERE, given(["one more"]), 100) is HOLD
    assert gate.use(WHERE._replace(purpose="next-of-kin"), given(["one more"]), 100) is PERMIT


@pytest.mark.parametrize("seed", range(3))
def test_e03_one_person_asked_five_hundred_times_raises_no_alarm(seed: int) -> None:
    gate, dice = Gate(), random.Random(seed)
    for i in range(500):
        asked = dice.choice(["Ann Lee", "ann  lee", " ANN LEE"])
        counted = count_arguments(f'{{"name": "{asked}", "since": {i}}}', PersonFields((("name",),)))
        reservation = gate.meters.reserve(WHERE, counted, i)
        assert reservation.reading.persons == 1
        gate.meters.settle(reservation, i)


@pytest.mark.parametrize("form", ["lines", "CSV", "JSON"])
def test_e04_fifty_thousand_names_in_one_file(form: str) -> None:
    names = people(50_000, 5)
    text = {
        "lines": "\n".join(names),
        "CSV": "name,seen\n" + "\n".join(f"{n},2024" for n in names),
        "JSON": "[" + ",".join(f'{{"name": "{n}"}}' for n in names) + "]",
    }[form]
    gate, counted = Gate(), count_text(text)
    reservation = gate.meters.reserve(WHERE, counted, 0)
    assert 50_000 <= reservation.reading.persons <= 50_001  # the header is not known to be one
    gate.meters.release(reservation, 0)
    assert gate.use(WHERE, counted, 1, approvals=OFFICER) is DENY
    assert gate.use(WHERE, given(["Ann Lee"]), 2) is PERMIT  # what was denied touched nobody


class TestE06:
    """Restart in mid-window; an older state put back."""

    def test_at_any_point_the_meter_goes_on_where_it_was(self) -> None:
        whole, dice = Gate(), random.Random(6)
        persons = people(300, 6)
        uses = [(dice.sample(persons, dice.randint(1, 4)), i * DAY // 20) for i in range(400)]
        restarts = set(dice.sample(range(400), 25))
        broken, readings = Gate(), []
        for i, (named, now) in enumerate(uses):
            if i in restarts:
                broken = Gate(Meters.resume(KEY, broken.record), broken.record)
            readings.append([g.meters.read(WHERE, given(named), now).persons for g in (whole, broken)])
            assert whole.use(WHERE, given(named), now, approvals=OFFICER) is broken.use(
                WHERE, given(named), now, approvals=OFFICER
            )
        assert all(a == b for a, b in readings)
        assert max(a for a, _ in readings) > 250
        assert whole.meters.view() == broken.meters.view()

    def test_a_crash_while_a_call_runs_counts_it(self) -> None:
        gate = Gate()
        gate.begin(WHERE, given(["Ann Lee"]), 1)
        again = Meters.resume(KEY, gate.record)
        assert again.read(WHERE, given(["Bob Ray"]), 2).persons == 2
        for number in again.open:
            again.settle(number, 2)
        assert again.read(WHERE, given(["Bob Ray"]), 3).persons == 2

    def test_an_older_database_is_noticed_after_any_number_of_uses(self) -> None:
        gate, views = Gate(), []
        gate.write()
        for i, person in enumerate(people(30, 7)):
            views.append(gate.meters.view())
            gate.use(WHERE, given([person]), i)
        mark, snapshot = gate.meters.view()
        record = replay(gate.record)[1]
        Meters.of_view(KEY, snapshot, mark, record)
        for older, old in views:
            with pytest.raises(StorageError, match="behind"):
                Meters.of_view(KEY, old, older, record)
            with pytest.raises(StorageError, match="not the record's"):
                Meters.of_view(KEY, old, mark._replace(digest=older.digest), record)

    def test_a_use_taken_out_of_the_record_is_noticed(self) -> None:
        gate = Gate()
        for i, person in enumerate(people(30, 8)):
            gate.use(WHERE, given([person]), i)
        for i in range(len(gate.record) - 1):
            with pytest.raises(RecordError):
                Meters.resume(KEY, gate.record[:i] + gate.record[i + 1 :])

    def test_the_count_only_falls_when_the_window_has_passed(self) -> None:
        gate, dice, before, last = Gate(), random.Random(9), 0, 0
        for i, person in enumerate(people(400, 9)):
            now = dice.choice([i, 0, -1, i - 5, 10**6])  # a clock that jumps, within the window
            gate.use(WHERE, given([person]), max(0, now), approvals=OFFICER)
            last = max(last, now)
            count = gate.meters.read(WHERE, given([]), 0).persons
            assert count >= before
            before = count
        assert before == 400
        assert gate.meters.read(WHERE, given([]), last + 30 * DAY).persons == 0


@pytest.mark.parametrize("seed", range(4))
def test_e07_two_sites_without_a_link_each_under_the_limit(seed: int) -> None:
    dice, persons = random.Random(seed), people(700, seed)
    north, south = dice.sample(persons, 60), dice.sample(persons, 70)
    sites = []
    for named in (north, south):
        gate = Gate()
        assert {gate.use(WHERE, given([p]), i) for i, p in enumerate(named)} == {PERMIT}
        sites.append(Export.from_bytes(export(gate.meters.state).to_bytes()))
    totals = merge(sites, 100)
    truth = len({*north, *south})
    assert {t.persons for t in totals.values()} == {truth}
    told = summary(sites, totals)
    assert (told.highest, told.at_soft, told.at_hard) == (truth, 2 * (truth >= 100), 0)
    assert truth >= 100  # found on merge, and by neither alone
    least, most = bounds([len(north), len(south)])
    assert least <= truth <= most
    for site in sites:
        assert all(p.encode() not in site.to_bytes() for p in persons)


@pytest.mark.parametrize("limit", [100, 500])
@pytest.mark.parametrize("seed", range(4))
def test_e08_of_those_at_once_at_one_below_the_limit_exactly_one_passes(limit: int, seed: int) -> None:
    gate, dice = Gate(), random.Random(seed)
    for i, person in enumerate(people(limit - 2, seed)):
        assert gate.use(WHERE, given([person]), i, approvals=OFFICER) is PERMIT
    # fifty at once: each begins before any ends, and they end in any order
    approvals = OFFICER if limit == window().hard else ()
    begun = [gate.begin(WHERE, given([f"new {i}"]), 600, approvals=approvals) for i in range(50)]
    assert Counter(said for said, _ in begun) == {PERMIT: 1, DENY if limit == window().hard else HOLD: 49}
    running = [reservation for _, reservation in begun if reservation is not None]
    dice.shuffle(running)
    for reservation in running:
        gate.end(reservation, 601)
    assert gate.meters.read(WHERE, given([]), 602).persons == limit - 1


def test_e08_a_call_that_fails_gives_its_place_back() -> None:
    gate = Gate()
    for i, person in enumerate(people(98, 2)):
        gate.use(WHERE, given([person]), i)
    _, first = gate.begin(WHERE, given(["one"]), 100)
    assert gate.begin(WHERE, given(["two"]), 100)[0] is HOLD
    gate.meters.release(first, 101)  # nothing of it reached the model
    assert gate.use(WHERE, given(["two"]), 102) is PERMIT
