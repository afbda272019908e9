"""Sites without a link: what a merge counts exactly, and what it refuses or says it does not know."""

from __future__ import annotations

import pytest
from hypothesis import given as forall
from hypothesis import strategies as st

from brightline.errors import BrightlineError, InputError
from brightline.meters import Export, MeterKey, Meters, Where, Window, bounds, export, given, merge, summary

SECRET = bytes(range(32))
KEY = MeterKey(SECRET, "sha256:" + "0" * 64)
WINDOW = Window(seconds=100, soft=2, hard=5, counted_by=(("purpose",),))
WHERE = Where("p")
SCOPE = ("p", None, None, None)


def site(*touches: tuple[int, str], key: MeterKey = KEY, window: Window = WINDOW, until: int = 1000) -> Export:
    m = Meters.begin(key, window, 900)
    for now, persons in touches:
        m.settle(m.reserve(WHERE, given(persons), now), now)
    m.release(m.reserve(Where("q"), given([]), until), until)
    return export(m.state)


def test_an_overlap_counts_once() -> None:
    totals = merge([site((1000, "ab")), site((1000, "bc"))], 1000)
    assert (totals[SCOPE].persons, totals[SCOPE].exact) == (3, True)


def test_the_latest_touch_at_any_site_keeps_a_person_in_the_window() -> None:
    sites = [site((910, "ab")), site((990, "a"))]
    assert merge(sites, 1009)[SCOPE].persons == 2
    assert merge(sites, 1010)[SCOPE].persons == 1
    assert merge(sites, 1090)[SCOPE].persons == 0


def test_an_older_export_makes_a_lower_bound() -> None:
    sites = [site((1000, "a")), site((1000, "b"), until=1001)]
    assert merge(sites, 1000)[SCOPE].exact is False
    assert merge([site((1000, "abc")), site((1000, "de"), until=1001)], 1000)[SCOPE].exact  # at the limit all the same


def test_a_site_past_the_limit_is_at_least_at_it() -> None:
    totals = merge([site((1000, "abcdefgh")), site((1000, "a"))], 1000)
    assert totals[SCOPE].persons >= 5
    assert totals[SCOPE].exact
    assert summary([site(), site()], totals).highest == 5


def test_a_site_that_does_not_know_its_own_count_says_so() -> None:
    m = Meters.begin(KEY, WINDOW, 1000)
    m.settle(m.reserve(WHERE, given("abcdefgh"), 1000), 1000)
    later = MeterKey(SECRET, "sha256:" + "1" * 64)
    wider = Window(seconds=100, soft=2, hard=50, counted_by=(("purpose",),))
    m.rotate(later, wider, 1000)
    alone = Export.from_bytes(export(m.state).to_bytes())
    assert alone.unknown == {SCOPE}
    totals = merge([alone, site((1000, "x"), key=later, window=wider)], 1000)
    assert not totals[SCOPE].exact
    assert not summary([alone], totals).exact


def test_open_reservations_are_not_exported() -> None:
    m = Meters.begin(KEY, WINDOW, 1000)
    m.reserve(WHERE, given("a"), 1000)
    assert export(m.state).scopes[SCOPE] == {}


def test_other_keys_windows_or_nothing_are_refused() -> None:
    other = MeterKey(bytes(32), KEY.agreement)
    wide = Window(seconds=101, soft=2, hard=5, counted_by=(("purpose",),))
    for wrong in ([], [site(), site(key=other)], [site(), site(window=wide)]):
        with pytest.raises(InputError):
            merge(wrong, 1000)


def test_a_summary_has_no_name_and_no_hash() -> None:
    sites = [site((1000, "abc")), site((1000, "cd"))]
    told = summary(sites, merge(sites, 1000))
    assert repr(told) == "Summary(sites=2, scopes=2, soft=2, hard=5, at_soft=1, at_hard=0, highest=4, exact=True)"


@forall(st.lists(st.frozensets(st.integers(0, 40), max_size=12), min_size=1, max_size=5))
def test_the_least_of_union_and_limit_is_exact_and_within_the_bounds(sites: list[frozenset[int]]) -> None:
    totals = merge([site((1000, [str(p) for p in named])) for named in sites], 1000)
    truth = len(frozenset().union(*sites))
    total = totals[SCOPE]
    assert total.exact
    assert min(total.persons, 5) == min(truth, 5)
    assert total.persons <= truth
    least, most = bounds(map(len, sites))
    assert least <= truth <= most


@forall(st.binary(max_size=100))
def test_what_is_no_export_is_refused(data: bytes) -> None:
    with pytest.raises(InputError, match="no export of meters"):
        Export.from_bytes(data)


@forall(st.data())
def test_a_damaged_export_is_refused_or_is_another_export(data: st.DataObject) -> None:
    bad = bytearray(site((1000, "ab")).to_bytes())
    bad[data.draw(st.integers(0, len(bad) - 1))] = data.draw(st.integers(0, 255))
    try:
        read = Export.from_bytes(bytes(bad))
    except BrightlineError:
        return
    assert read.to_bytes()


def test_a_hash_of_another_length_and_a_scope_that_stands_twice_are_refused() -> None:
    whole = site((1000, "ab"))
    short = Export(whole.key, whole.window, whole.time, {SCOPE: {b"short": 1}})
    with pytest.raises(InputError, match="another length"):
        Export.from_bytes(short.to_bytes())
