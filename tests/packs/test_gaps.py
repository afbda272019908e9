"""Rows F01 to F06 and F12 of the founding case: by decide on each written use, and by compare over all uses."""

from collections.abc import Sequence
from functools import cache

import pytest

from brightline.analysis.compare import compare, compare_within, signature
from brightline.analysis.difference import Comparison
from brightline.terms import DEFAULT_DENY, Outcome, Scenario, Terms, decide, lint
from tests.packs.positions import lies_in, reworded, scenarios_of, shipped_pack, without

O1, O2 = "openai-2026-02-28", "openai-2026-03-02"
PURCHASED = {"B04", "B07", "B18"}  # B18 is B04 under a false label


@cache
def gap(*names: str) -> Comparison:
    return compare(*(shipped_pack(n).terms for n in names), names=names)


@cache
def uses(name: str = O1) -> tuple[Scenario, ...]:
    """The written uses to which a region can be put: one case each, and nothing in hand."""
    given = {"approvals", "duties"}
    return tuple(s for s in scenarios_of(name) if not s.use.alternatives and not given & set(s.use.facts))


def listed(found: Comparison, s: Scenario, terms: Terms) -> bool:
    return any(lies_in(terms.scope, s.use, d.region) for d in found.differences)


def agrees(found: Comparison, all_terms: Sequence[Terms], some: Sequence[Scenario]) -> set[str]:
    """The ids of the uses that are listed; asserts that these are just those on which the terms differ."""
    out = set()
    for s in some:
        first, *others = (signature(decide(t, s.use)) for t in all_terms)
        differ = any(other != first for other in others)
        assert listed(found, s, all_terms[0]) is differ, s.id
        if differ:
            out.add(s.id)
    return out


def outcomes(terms: Terms, some: Sequence[Scenario]) -> dict[str, Outcome]:
    return {s.id: decide(terms, s.use).outcome for s in some}


def packs(*names: str) -> list[Terms]:
    return [shipped_pack(n).terms for n in names]


# ---- F01 ----

F01 = {
    "A05-reviewed": ("V-R2", "C-1"),
    "A07-materiel": ("V-R2", "C-1"),
    "A08": ("V-R2", "C-1"),
    "A11": ("V-W2", "C-1"),
    "A14": ("V-W1-nuclear", "C-1"),
    "B04": ("V-R3", "C-1"),
    "B07": ("V-R3", "C-1"),
    "B12": ("V-R1", "C-1"),
    "C02-uncited": ("V-X2-cyber", "C-1"),
}


def test_f01_vendor_and_customer_differ_on_the_rows_and_nothing_is_listed_on_which_they_agree() -> None:
    found = gap("vendor", "customer")
    assert found.complete
    assert set(F01) <= agrees(found, packs("vendor", "customer"), uses())


@pytest.mark.parametrize("row", F01)
def test_f01_each_row_with_its_example_and_the_clauses_responsible(row: str) -> None:
    vendor, customer = packs("vendor", "customer")
    (s,) = (s for s in uses() if s.id == row)
    mine, theirs = F01[row]
    assert mine in decide(vendor, s.use).clauses
    assert theirs in decide(customer, s.use).clauses
    around = [d for d in gap("vendor", "customer").differences if lies_in(vendor.scope, s.use, d.region)]
    assert any(mine in d.a.clauses and theirs in d.b.clauses for d in around)
    for d in around:
        assert lies_in(vendor.scope, d.use, d.region)
        assert (signature(decide(vendor, d.use)), signature(decide(customer, d.use))) == (d.a.signature, d.b.signature)


def test_f01_every_difference_names_clauses_of_both() -> None:
    ids = [{c.id for c in t.clauses} | {DEFAULT_DENY} for t in packs("vendor", "customer")]
    for d in gap("vendor", "customer").differences:
        for view, known in zip(d.views, ids, strict=True):
            assert set(view.clauses)
            assert set(view.clauses) <= known


# ---- F02 to F04: the agreed text ----


def test_f02_private_and_unconstrained_leave_bought_and_published_data_open() -> None:
    mine, vendor = outcomes(packs(O1)[0], uses()), outcomes(packs("vendor")[0], uses())
    for row in ("B04", "B04-profile", "B12", "B12-dissent", "B12-profile"):
        assert (mine[row], vendor[row]) == (Outcome.PERMIT, Outcome.DENY), row
    assert mine["B04-own-sensors"] is Outcome.DENY  # private: what one's own sensors gather
    weak = {f.text.split("'")[1] for f in lint(shipped_pack(O1)) if f.clause == "O1-5"}
    assert weak == {"private", "unconstrained"}


def test_f02_compare_lists_them_and_no_use_on_which_both_agree() -> None:
    found = gap(O1, "vendor")
    assert {"B04", "B12"} <= agrees(found, packs(O1, "vendor"), uses())


def test_f03_the_second_text_denies_what_is_on_purpose_and_nothing_else() -> None:
    before, after = outcomes(packs(O1)[0], uses()), outcomes(packs(O2)[0], uses())
    moved = {row for row in before if before[row] is not after[row]}
    assert moved == {"B04-deliberate", "B07-deliberate", "B12-deliberate", "B02-deliberate"}
    assert {after[row] for row in moved} == {Outcome.DENY}
    assert after["B04"] is after["B04-incidental"] is after["B02"] is Outcome.PERMIT


def test_f03_compare_finds_the_one_clause_and_intent_in_every_region() -> None:
    found = gap(O1, O2)
    assert found.complete
    assert found.differences
    for d in found.differences:
        assert (d.a.signature.outcome, d.b.signature.outcome) == (Outcome.PERMIT, Outcome.DENY)
        assert list(d.b.clauses) == ["O2-9"]
        assert d.region["intent"] == {"in": ["deliberate"]}
        assert set(d.region["place"]["in"]) <= {"home", "unknown"}
        assert all(a.startswith("surv.") or a == "gen.unknown" for a in d.region["activity"]["in"])
    assert agrees(found, packs(O1, O2), uses()) == {f"{row}-deliberate" for row in ("B02", "B04", "B07", "B12")}


def test_f04_without_intentionally_what_is_incidental_is_denied_too() -> None:
    plain = reworded(shipped_pack(O2), ' &&\n  context.intent == "deliberate"', "").terms
    before, after = outcomes(packs(O2)[0], uses()), outcomes(plain, uses())
    denied, more = ({row for row in said if said[row] is Outcome.DENY} for said in (before, after))
    assert denied < more
    assert {"B02", "B02-intent-unsaid", "B04", "B04-incidental", "B12"} <= more - denied
    found = compare(packs(O2)[0], plain, names=(O2, "the same without intentionally"))
    assert found.complete
    for d in found.differences:
        assert (d.a.signature.outcome, d.b.signature.outcome) == (Outcome.PERMIT, Outcome.DENY)
        assert list(d.b.clauses) == ["O2-9"]
        assert set(d.region["intent"]["in"]) <= {"incidental", "unknown"}
    assert any("incidental" in c.text for c in found.cards)
    closed = {row for row in after if before[row] is Outcome.PERMIT is not after[row]}  # an ask counts as a deny
    assert closed == agrees(found, [packs(O2)[0], plain], uses())
    assert {"B02", "B04", "B04-incidental", "B12"} <= closed


# ---- F05: should not ----


def test_f05_should_not_denies_nothing_and_warns() -> None:
    google = shipped_pack("google-2026-04")
    said = {s.id: decide(google.terms, s.use) for s in uses()}
    for row in ("A05-reviewed", "A07-materiel", "A08", "B04", "B07", "B12"):
        assert said[row].outcome is Outcome.PERMIT, row
    law = {c.id for c in google.terms.clauses if c.is_law}
    for d in said.values():
        assert d.outcome is Outcome.PERMIT or set(d.clauses) <= law | {"G-1-user"}
    warned = {f.clause for f in lint(google) if "should not" in f.text and f.severity == "warning"}
    assert warned == {"G-2", "G-3"}


def test_f05_the_gap_to_the_vendor_is_as_wide_as_without_these_words() -> None:
    google = shipped_pack("google-2026-04")
    silent = without(google.terms, "G-2", "G-3")
    assert compare(google.terms, silent).equivalent
    found = gap("google-2026-04", "vendor")
    assert {"A05-reviewed", "A08", "B04", "B12"} <= agrees(found, packs("google-2026-04", "vendor"), uses())


def test_f05_the_text_contradicts_itself_where_should_not_is_taken_to_bind() -> None:
    google = shipped_pack("google-2026-04").terms
    found = compare_within(google, "the text")
    assert {c for d in found.differences for c in d.b.clauses} == {"G-2", "G-3"}
    assert {d.a.signature.outcome for d in found.differences} == {Outcome.PERMIT}
    for row in ("A05-reviewed", "B04", "B12"):
        (s,) = (s for s in uses() if s.id == row)
        assert listed(found, s, google)


# ---- F06: the phrase ----


def test_f06_without_the_phrase_the_purchased_family_is_open_again_and_nothing_else() -> None:
    vendor = packs("vendor")[0]
    struck = without(vendor, "V-R3")
    every = scenarios_of("vendor")
    before, after = outcomes(vendor, every), outcomes(struck, every)
    moved = {row for row in before if before[row] is not after[row]}
    assert {row.partition("-")[0] for row in moved} == PURCHASED
    assert {after[row] for row in moved} == {Outcome.PERMIT}
    found = compare(vendor, struck, names=("the vendor", "the vendor without the phrase"))
    assert found.complete
    for d in found.differences:
        assert d.a.signature.outcome is Outcome.DENY
        assert list(d.a.clauses) == ["V-R3"]
        assert set(d.region["data_origin"]["in"]) <= {"commercial_purchase", "unknown"}
        assert set(d.region["protected_persons"]["in"]) <= {"bulk", "unknown"}
        assert all(a.startswith("surv.") or a == "gen.unknown" for a in d.region["activity"]["in"])
    assert {row.partition("-")[0] for row in agrees(found, [vendor, struck], uses("vendor"))} == PURCHASED - {"B18"}


# ---- F12: a third party ----


def test_f12_three_positions_at_once() -> None:
    three = packs("vendor", "customer", "s4113")
    found = gap("vendor", "customer", "s4113")
    assert found.complete
    assert all(len(d.views) == 3 for d in found.differences)
    rows = agrees(found, three, uses())
    assert {"A05-reviewed", "A08", "A11", "B04", "B12", "U26"} <= rows
    said = {row: tuple(o[row] for o in (outcomes(t, uses()) for t in three)) for row in ("B04", "A08", "A14", "U26")}
    assert said == {
        "B04": (Outcome.DENY, Outcome.PERMIT, Outcome.DENY),  # the bill sides with the vendor on purchased data
        "A08": (Outcome.DENY, Outcome.PERMIT, Outcome.PERMIT),  # and with the customer on defence against materiel
        "A14": (Outcome.DENY, Outcome.PERMIT, Outcome.PERMIT),
        "U26": (Outcome.PERMIT, Outcome.PERMIT, Outcome.DENY),  # it alone protects whoever is in the country
    }


def test_f12_the_bill_takes_from_the_customer_what_section_2b_names_and_gives_nothing() -> None:
    found = gap("s4113", "customer")
    assert found.complete
    for d in found.differences:
        assert (d.a.signature.outcome, d.b.signature.outcome) == (Outcome.DENY, Outcome.PERMIT)
        assert all(c.startswith("S-") and not c.startswith("S-L-") for c in d.a.clauses)
