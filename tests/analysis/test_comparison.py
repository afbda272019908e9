"""What `compare` answers besides regions: order, cards, sentences, ids, more than two parties, work that is stopped."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from brightline.analysis import compare as module
from brightline.analysis.boxes import Space
from brightline.analysis.compare import compare
from brightline.analysis.gap import Gap
from brightline.analysis.smt import UNKNOWN, Search
from brightline.errors import OracleError
from brightline.storage.packs import open_pack
from brightline.terms import Scope, Terms
from brightline.vocabulary import shipped
from tests.analysis.gaps import check, random_uses, terms

ROOT = Path(__file__).parents[2]
SCOPE = Scope(shipped())
ALL = '@id("p") @title("All") permit (principal, action, resource);'
NOTE = 'forbid (principal, action == Action::"gen.office", resource)'


def texts(*some: str) -> list[Terms]:
    return [terms(SCOPE, "\n".join([ALL, *t.split("\n")])) for t in some]


def test_kinds_are_told_apart() -> None:
    a, b = texts(
        f"""@id("1") {NOTE} when {{ context.place == "home" }};
@id("2") {NOTE} when {{ context.place == "abroad" }} unless {{ context.approvals.contains("official") }};
@id("3") {NOTE} when {{ context.phase == "plan" }} unless {{ context.duties.contains("note") }};""",
        f"""@id("2") {NOTE} when {{ context.place == "abroad" }} unless {{ context.approvals.contains("inspector") }};
@id("3") {NOTE} when {{ context.phase == "plan" }} unless {{ context.duties.contains("redact") }};""",
    )
    result = compare(a, b)
    kinds = {(d.kind, str(d.a.signature.outcome), str(d.b.signature.outcome)) for d in result.differences}
    assert kinds == {("outcome", "deny", "permit"), ("needs", "hold", "hold"), ("duties", "permit", "permit")}
    assert [d.kind for d in result.differences] == sorted(
        (d.kind for d in result.differences), key=["outcome", "needs", "duties"].index
    )
    hold = next(d for d in result.differences if d.kind == "needs" and "phase" in d.region).to_json()
    assert hold["a"]["needs"][0]["approvals"] == ["official"]


def test_a_sentence_is_silent_on_what_is_as_usual_at_the_gateway_and_the_region_is_not() -> None:
    a, b = texts(
        """@id("F") @title("F") forbid (principal, action == Action::"surv.bulk_analysis", resource)
when { context.integrity != "drifted" };
@id("G") @title("G") forbid (principal, action == Action::"surv.profile", resource)
when { context.integrity == "drifted" };""",
        "",
    )
    usual, drifted = sorted(compare(a, b).differences, key=lambda d: "drifted" in d.region["integrity"]["in"])
    assert usual.region["integrity"] == {"in": ["intact", "unknown"]}
    assert "wired" not in usual.text
    assert "wired otherwise than registered" in drifted.text


def test_the_sentence_is_made_of_the_vocabulary_and_the_titles() -> None:
    a, b = texts(
        """@id("F") @title("Not at home") forbid (principal, action == Action::"surv.bulk_analysis", resource)
when { context.place == "home" && ["bulk", "unknown"].contains(context.protected_persons) &&
       !(["none", "public"].contains(context.data_origin)) && context.distinct_persons >= 100 };""",
        "",
    )
    (d,) = compare(a, b, names=("the vendor", "the customer")).differences
    assert d.text == (
        "Search, join or score a data set mainly about many people who are not individually suspected, given protected "
        "persons in bulk or not known; where the persons concerned are: at home; distinct persons in the agreed "
        "window: 100 or more; where the data come from: anything but no data set or public sources — the vendor "
        "denies it by F “Not at home”; the customer permits it by p “All”."
    )
    assert d.use.facts == {"protected_persons": "bulk", "place": "home", "distinct_persons": 100}


def test_regions_are_as_wide_as_can_be() -> None:
    facts = ['context.scale == "bulk"', 'context.place == "abroad"', 'context.audience == "foreign"']
    both = [f'context.phase == "plan" && {f}' for f in facts]
    a, b = texts(
        f'@id("n") {NOTE};',
        "\n".join(f'@id("{n}") {NOTE} when {{ {when} }};' for n, when in enumerate([*both, *facts])),
    )
    (d,) = compare(a, b).differences
    assert set(d.region) == {"activity", "scale", "place", "audience"}
    assert {"bulk", "abroad", "foreign"}.isdisjoint(v for part in d.region.values() for v in part["in"])
    # two ways out of one clause are two regions, and there is no third
    a, b = texts(f'@id("n") {NOTE};', f'@id("1") {NOTE} when {{ {both[0]} }};')
    assert sorted(sorted(d.region) for d in compare(a, b).differences) == [["activity", "phase"], ["activity", "scale"]]


def test_the_use_shown_is_claimed_unless_that_would_bring_in_other_clauses() -> None:
    result = compare(open_pack("vendor").terms, open_pack("customer").terms)
    plain = [d for d in result.differences if list(d.a.clauses) == ["V-S1"] and d.use.activity == "surv.biometric_id"]
    assert plain
    assert all(not d.use.sources for d in plain)


def test_what_acts_harms_or_touches_liberty_comes_first() -> None:
    a, b = texts(
        """@id("1") forbid (principal, action, resource) when { context.place == "home" };
@id("2") forbid (principal, action == Action::"weapon.engage", resource)
when { context.effect == "kinetic" && context.actuation == "act" };
@id("3") forbid (principal, action, resource) when { context.effect_on_person == "liberty" };""",
        "",
    )
    found = compare(a, b).differences
    assert [d.a.clauses for d in found] == [{"2": ""}, {"3": ""}, {"1": ""}]


def test_cards_hold_every_difference_once() -> None:
    result = compare(open_pack("vendor").terms, open_pack("customer").terms)
    ids = [d.id for c in result.cards for d in c.differences]
    assert sorted(ids) == sorted(d.id for d in result.differences)
    for card in result.cards:
        for d in card.differences:
            assert tuple(tuple(v.clauses) for v in d.views) == card.clauses
    document = result.to_json()
    assert [c["differences"] for c in document["cards"]] == [[d.id for d in c.differences] for c in result.cards]


def test_three_parties_and_who_agrees_with_whom() -> None:
    some = texts(
        '@id("1") forbid (principal, action, resource) when { context.place == "home" };',
        '@id("2") forbid (principal, action, resource) when { context.place == "abroad" };',
        '@id("3") forbid (principal, action, resource) when { context.place == "home" || context.phase == "plan" };',
    )
    result = compare(*some)
    assert result.complete
    assert check(result, some, random_uses(SCOPE, some, 3_000, random.Random(0)))
    agreed = {tuple(map(tuple, d.agree)) for d in result.differences}
    assert (("a", "c"), ("b",)) in agreed
    for d in result.to_json()["differences"]:
        assert {"a", "b", "c", "agree"} <= set(d)
        for group in d["agree"]:
            views = [{k: d[p][k] for k in ("outcome", "needs", "duties")} for p in group]
            assert all(v == views[0] for v in views)


def test_work_that_is_stopped_says_so_and_shows_what_it_found() -> None:
    a, b = (open_pack(n).terms for n in ("vendor", "customer"))
    for result in (compare(a, b, steps=500), compare(a, b, stop=lambda text: text.startswith("12 "))):
        assert not result.complete
        assert not result.equivalent
        assert 0 < len(result.differences) < 106
        assert "stopped" in result.open[0]
    nothing = compare(a, b, steps=0)
    assert (nothing.differences, nothing.equivalent, nothing.complete) == ((), False, False)


def test_a_solver_that_gives_up_is_a_third_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Search, "find", lambda self: UNKNOWN)
    a, b = (open_pack(n).terms for n in ("vendor", "customer"))
    assert not compare(a, a).equivalent
    result = compare(a, b)
    assert not result.complete
    assert len(result.open) == 2
    assert all("gave up" in text for text in result.open)


@pytest.mark.parametrize("damage", ["one missing", "one too wide", "one said otherwise"])
def test_the_solver_catches_what_boxes_would_get_wrong(monkeypatch: pytest.MonkeyPatch, damage: str) -> None:
    real = module.gap

    def damaged(space: Space, *rest: Any) -> Gap:
        found = real(space, *rest)
        first, *others = found.regions
        match damage:
            case "one missing":
                return replace(found, regions=tuple(others))
            case "one too wide":
                return replace(found, regions=(replace(first, box=space.full), *others))
            case _:
                return replace(found, regions=(replace(first, ways=first.ways[::-1]), *others))

    monkeypatch.setattr(module, "gap", damaged)
    with pytest.raises(OracleError, match="boxes and solver disagree"):
        compare(open_pack("vendor").terms, open_pack("customer").terms)


def test_the_same_bytes_under_every_hash_seed() -> None:
    code = (
        "import json; from brightline.storage.packs import open_pack; from brightline.analysis.compare import compare; "
        "print(json.dumps(compare(*[open_pack(n).terms for n in ('vendor', 'customer')]).to_json()))"
    )
    said = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT / "src")},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("0", "1", "4242")
    }
    assert len(said) == 1
    assert json.loads(said.pop())["complete"] is True
