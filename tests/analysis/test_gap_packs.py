"""`compare` on the shipped packs, and on texts that differ in one known thing."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from functools import cache
from itertools import combinations
from typing import Any

import numpy as np
import pytest

from brightline.analysis.compare import compare, compare_within
from brightline.analysis.difference import Comparison
from brightline.storage.packs import open_pack
from brightline.terms import Scope, read_pack, read_scenarios
from brightline.vocabulary import read_use, shipped
from tests.analysis.gaps import MAX, check, homes, lies_in, random_uses, said, terms

PACKS = {name: open_pack(name) for name in ("vendor", "customer", "compromise")}
USES = 50_000


@cache
def compared(x: str, y: str) -> Comparison:
    return compare(PACKS[x].terms, PACKS[y].terms)


PAIRS = [
    pytest.param(x, y, marks=pytest.mark.extras if "compromise" in (x, y) else ())  # thousands of regions: minutes
    for x, y in combinations(PACKS, 2)
]


@pytest.mark.parametrize(("x", "y"), PAIRS)
def test_of_50000_uses_none_differs_outside_a_region_and_none_inside_agrees(x: str, y: str) -> None:
    a, b = PACKS[x].terms, PACKS[y].terms
    result = compared(x, y)
    assert result.complete
    assert not result.equivalent
    uses = list(random_uses(a.scope, [a, b], USES, random.Random(f"{x} {y}")))
    views = [tuple(said(t, activity, v) for t in (a, b)) for activity, v in uses]
    # 1. inside every region both say what is listed
    activities = np.array([activity for activity, _ in uses])
    facts = np.array([v for _, v in uses], dtype=np.int64)
    covered = np.zeros(USES, dtype=bool)
    for d in result.differences:
        inside = np.flatnonzero(inside_of(a.scope, d.region, activities, facts))
        covered[inside] = True
        listed = tuple(view.signature for view in d.views)
        assert all(views[n] == listed for n in inside), d.region
    # 2. outside all of them both say the same
    differ = np.array([one != other for one, other in views])
    assert (covered == differ).all(), uses[int(np.flatnonzero(covered != differ)[0])]
    assert USES // 100 < differ.sum() < USES


def inside_of(scope: Scope, region: Mapping[str, Any], activities: Any, facts: Any) -> Any:
    """Which of many encoded uses lie in a region: `gaps.lies_in` for all of them at once."""
    words = scope.vocabulary
    out = np.ones(len(facts), dtype=bool)
    for name, part in region.items():
        at = words.index.get(name, {"component": scope.component_place, "model": scope.model_place}.get(name))
        match name, part:
            case "activity", _:
                out &= np.isin(activities, part["in"])
            case "component", _:
                out &= np.isin(facts[:, at], [scope.components_of(c) for c in part["in"]])
            case "model", _:
                out &= np.isin(facts[:, at], [scope.models_of(m) for m in part["in"]])
            case _, {"in": values}:
                out &= np.isin(facts[:, at], [words.bits[name][v] for v in values])
            case _, {"has": has, "lacks": lacks}:
                some, none = (sum(words.bits[name][v] for v in members) for members in (has, lacks))
                out &= (facts[:, at] & (some | none)) == some
            case _:
                out &= (facts[:, at] >= part.get("min", 0)) & (facts[:, at] <= part.get("max", MAX))
    return out


@pytest.mark.parametrize("name", PACKS)
def test_terms_against_themselves_are_equivalent(name: str) -> None:
    pack = PACKS[name]
    assert compare(pack.terms, pack.terms).equivalent
    assert compare(pack.terms, pack.terms).to_json()["differences"] == []


def test_reordered_renamed_and_rewritten_equivalently_they_still_are() -> None:
    pack = PACKS["vendor"]
    text = pack.files["terms.cedar"]
    chunks = [c.cedar for c in pack.terms.clauses]
    random.Random(1).shuffle(chunks)
    reordered = "\n".join(chunks)
    renamed = re.sub(r'@id\("V-', '@id("Z-', text)
    rewritten = text.replace(
        'when { ["bulk", "unknown"].contains(context.protected_persons) && context.data_origin != '
        '"commercial_purchase" };',
        'when { context.data_origin != "commercial_purchase" } unless { context.protected_persons != "bulk" && '
        'context.protected_persons != "unknown" };',
    )
    assert len({text, reordered, renamed, rewritten}) == 4
    for other in (reordered, renamed, rewritten):
        again = read_pack("again", {**pack.files, "terms.cedar": other}).terms
        assert compare(pack.terms, again).equivalent


@pytest.mark.parametrize(
    "before, after, kind, region",
    [
        (
            '"nuclear", "unknown"].contains(context.effect) };',
            '"unknown"].contains(context.effect) };',
            "outcome",
            "effect",
        ),
        ("distinct_persons >= 500", "distinct_persons >= 400", "outcome", "distinct_persons"),
        ('approvals.contains("legal_adviser")', 'approvals.contains("inspector")', "needs", "effect_on_person"),
    ],
)
def test_a_planted_word_is_found_exactly_and_alone(before: str, after: str, kind: str, region: str) -> None:
    pack = PACKS["compromise"]
    text = pack.files["terms.cedar"]
    assert before in text
    other = read_pack("changed", {**pack.files, "terms.cedar": text.replace(before, after, 1)}).terms
    result = compare(pack.terms, other)
    assert result.complete
    assert not result.equivalent
    clause = next(c.id for c in pack.terms.clauses if before in c.cedar)
    for d in result.differences:
        assert region in d.region
        if kind == "needs":
            assert {d.kind} <= {"needs"} or d.kind == "outcome"
        assert clause in {*d.a.clauses, *d.b.clauses}
    uses = random_uses(pack.terms.scope, [pack.terms, other], 2_000, random.Random(0))
    check(result, [pack.terms, other], uses)


def test_f01_the_vendor_and_the_customer_differ_on_these_scenarios_and_on_no_others() -> None:
    """F01 of SCENARIOS.md: the gap holds the scenarios on which their packs are meant to differ, and only those."""
    vendor, customer = (PACKS[n] for n in ("vendor", "customer"))
    result = compared("vendor", "customer")
    differ = set()
    for one, other in zip(read_scenarios(vendor), read_scenarios(customer), strict=True):
        assert one.id == other.id
        encoded = vendor.terms.scope.encode(one.use)
        views = [said(t, one.use.activity, encoded) for t in (vendor.terms, customer.terms)]
        found = homes(vendor.terms.scope, result, one.use.activity, encoded)
        assert bool(found) == (views[0] != views[1]), one.id
        if found:
            differ.add(one.id[:3])
    assert {"A05", "A07", "A08", "A11", "A14", "B04", "B07", "B12", "C02"} <= differ


def test_f06_without_the_phrase_exactly_the_purchased_bulk_family_opens_again() -> None:
    pack = PACKS["vendor"]
    kept = "\n".join(c.cedar for c in pack.terms.clauses if c.id != "V-R3")
    without = read_pack("without", {**pack.files, "terms.cedar": kept}).terms
    result = compare(pack.terms, without)
    assert result.complete
    assert result.differences
    for d in result.differences:
        assert "commercial_purchase" in d.region["data_origin"]["in"]
        assert set(d.region["data_origin"]["in"]) <= {"commercial_purchase", "unknown"}
        assert list(d.a.clauses) == ["V-R3"]
        assert str(d.a.signature.outcome) == "deny"
        assert str(d.b.signature.outcome) == "permit"
    opened = {
        s.id[:3]
        for s in read_scenarios(pack)
        if homes(pack.terms.scope, result, s.use.activity, pack.terms.scope.encode(s.use))
    }
    assert {"B04", "B07"} <= opened <= {"B04", "B05", "B06", "B07"}


def test_the_vendor_contradicts_itself_in_three_places() -> None:
    result = compare_within(PACKS["vendor"].terms, "the vendor")
    assert result.complete
    assert len(result.cards) == 3
    literal = {"V-W1-literal", "V-S1-literal", "V-X2-literal"}
    assert {i for c in result.cards for i in c.clauses[1]} == literal
    for d in result.differences:
        assert [str(v.signature.outcome) for v in d.views] == ["permit", "deny"]


@pytest.mark.parametrize("name", ["customer", "compromise"])
def test_who_means_what_it_says_contradicts_itself_nowhere(name: str) -> None:
    assert compare_within(PACKS[name].terms).equivalent


def test_every_example_is_a_use_that_reads_back_and_lies_in_its_region() -> None:
    for x, y in combinations(PACKS, 2):
        scope = PACKS[x].terms.scope
        for d in compared(x, y).differences:
            use = read_use(scope.vocabulary, d.to_json()["use"])
            assert use == d.use
            assert lies_in(scope, d.region, use.activity, scope.encode(use))


def test_uses_of_a_bare_file_compare_without_components_or_models() -> None:
    scope = Scope(shipped())
    a, b = (
        terms(scope, f'@id("{i}") {effect} (principal, action, resource);')
        for i, effect in (("p", "permit"), ("f", "forbid"))
    )
    result = compare(a, b)
    assert [d.region for d in result.differences] == [{}]
    assert [d.use.facts for d in result.differences] == [{}]
