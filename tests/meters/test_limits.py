"""What the shipped terms ask of the meter."""

from __future__ import annotations

from brightline.meters import limits_of, metered
from brightline.storage.packs import open_pack
from brightline.terms import read_pack


def test_the_compromise_asks_from_100_and_from_500() -> None:
    terms = open_pack("compromise").terms
    assert limits_of(terms) == (100, 500)
    assert "surv.person_track" in metered(terms)
    assert "gen.office" not in metered(terms)


def test_terms_that_ask_nothing_meter_nothing() -> None:
    terms = open_pack("vendor").terms
    assert limits_of(terms) == ()
    assert metered(terms) == frozenset()


def test_every_comparison_counts_and_so_does_a_missing_meter() -> None:
    cedar = """
@id("p") permit (principal, action, resource);
@id("a") forbid (principal, action in Action::"surv", resource) when { context.distinct_persons > 10 };
@id("b") forbid (principal, action == Action::"gen.office", resource) unless { context.distinct_persons < 7 };
@id("c") forbid (principal, action == Action::"gen.unknown", resource) when { context.meter == "missing" };
"""
    terms = read_pack("t", {"terms.cedar": cedar}).terms
    assert limits_of(terms) == (7, 11)
    assert {"gen.office", "gen.unknown"} < metered(terms)
