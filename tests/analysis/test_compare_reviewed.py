"""A reviewer's own attempt to catch `compare` out: packs, uses and the reading of regions are made here from the
reference alone, and judged by nothing but `decide`. It shares no code with the other tests of `compare`."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest

from brightline.analysis.compare import compare, compare_within
from brightline.errors import TermsError
from brightline.terms import Pack, decide
from brightline.vocabulary import Use, read_use
from tests.analysis.reviewed_packs import DECLARED, ELSEWHERE, GATEWAYS_OWN, NUMBERS, TOP, Names, Pair, draw_pair

# ---- uses ----


def random_value(rng: random.Random, p: Pair, name: str) -> object:
    if name == "activity":
        return rng.choice(p.activities)
    if name == "component":
        return rng.choice([*p.everything.components, *ELSEWHERE])
    if name == "model":
        return rng.choice([*p.everything.models, "", "gpt-0", "lm-"])
    if name == "exceptions":
        return tuple(c for c in p.everything.certificates if rng.random() < 0.5)
    kind, values = p.facts[name]
    if name in DECLARED:
        values = (*p.everything.enclaves, "unknown") if name == "enclave" else getattr(p.everything, name)
    if kind == "number":
        return rng.choice([*NUMBERS, rng.randint(0, TOP)])
    if kind == "enum":
        return rng.choice(values)
    return tuple(v for v in values if rng.random() < 0.5)


SOURCES = ("declared", "declared", "inferred", "attested", "observed")


def make(rng: random.Random, base: Mapping[str, Any], name: str, value: object) -> dict[str, Any]:
    """`base` with one thing otherwise."""
    use = {**base, "facts": dict(base["facts"]), "sources": dict(base["sources"])}
    if name in ("activity", "component", "model"):
        use[name] = value
    elif name == "claim":
        about = str(value)
        if about in use["facts"]:
            use["sources"][about] = rng.choice(SOURCES)
    else:
        use["facts"][name] = list(value) if isinstance(value, tuple) else value
        if rng.random() < 0.7:
            use["sources"][name] = rng.choice(SOURCES)
    return use


def random_use(rng: random.Random, p: Pair, names: Sequence[str]) -> dict[str, Any]:
    use: dict[str, Any] = {
        "activity": rng.choice(p.activities),
        "component": "",
        "model": "",
        "facts": {},
        "sources": {},
    }
    for name in names:
        if rng.random() < 0.5:
            use = make(rng, use, name, random_value(rng, p, name))
    for name, value in rng.sample(p.hints, min(len(p.hints), rng.randint(0, 5))):
        use = make(rng, use, name, value)
    return use


def inside(rng: random.Random, p: Pair, region: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    """A use that ought to lie in a region: its corners, the rest at random."""
    use = random_use(rng, p, names)
    for name, part in region.items():
        if name == "claimed":
            continue
        if name in ("activity", "component", "model"):
            use[name] = _near(rng, name, rng.choice(part["in"]))
        elif "in" in part:
            use["facts"][name] = rng.choice(part["in"])
        elif "has" in part:
            had = set(use["facts"].get(name, [])) | set(part["has"])
            use["facts"][name] = sorted(had - set(part["lacks"]))
        else:
            low, high = part.get("min", 0), part.get("max", TOP)
            use["facts"][name] = rng.choice([low, high, rng.randint(low, high)])
    claim = region.get("claimed", {"has": [], "lacks": []})
    for n in claim["has"]:
        if use["facts"].get(n, "unknown") == "unknown":
            use["facts"][n] = [] if p.facts[n][0] == "set" else random_known(rng, p, n, region)
        use["sources"].pop(n, None)
    for n in claim["lacks"]:
        use["sources"][n] = rng.choice(SOURCES[2:])
    use["sources"] = {k: v for k, v in use["sources"].items() if k in use["facts"]}
    return use


def _near(rng: random.Random, name: str, value: str) -> str:
    """Something that a region means by `value`, declared or not."""
    if name == "component":
        return rng.choice([value, "army-reserve/hq" if value == "army-reserve" else value and f"{value}/sub"])
    return rng.choice(["", "gpt-0"]) if name == "model" and not value else value


def random_known(rng: random.Random, p: Pair, name: str, region: Mapping[str, Any]) -> str:
    some = region.get(name, {}).get("in") or list(p.facts[name][1])
    if name == "enclave":
        some = region.get(name, {}).get("in") or list(p.everything.enclaves)
    return str(rng.choice([v for v in some if v != "unknown"] or some))


def uses(rng: random.Random, p: Pair, document: Mapping[str, Any], count: int) -> Iterator[dict[str, Any]]:
    names = list(dict.fromkeys([*(n for n, _ in p.hints if n != "claim"), "exceptions"]))
    regions = [d["region"] for d in document["differences"]]
    for n in range(count):
        if regions and n % 3:
            region = rng.choice(regions)
            use = inside(rng, p, region, names)
            if n % 3 == 2:  # one fact otherwise: just outside, or at another place inside
                name = rng.choice([*region, *names]) if region else rng.choice(names)
                part = region.get(name, {})
                if name == "claimed":
                    name, value = "claim", rng.choice([*part["has"], *part["lacks"]])
                elif "min" in part or "max" in part:
                    edges = [part.get("min", 0) - 1, part.get("min", 0), part.get("max", TOP) + 1, part.get("max", TOP)]
                    value = rng.choice([e for e in edges if 0 <= e <= TOP])
                else:
                    value = random_value(rng, p, name)
                use = make(rng, use, name, value)
        else:
            use = random_use(rng, p, names)
        use["sources"] = {k: v for k, v in use["sources"].items() if k in use["facts"]}
        yield use


# ---- what the document says, read from the document alone ----


def claimed(use: Mapping[str, Any]) -> set[str]:
    return {
        n
        for n, v in use["facts"].items()
        if n not in GATEWAYS_OWN and v != "unknown" and use["sources"].get(n, "declared") == "declared"
    }


def lies_in(use: Mapping[str, Any], region: Mapping[str, Any], declared: Names) -> bool:
    return all(_meets(use, name, part, declared) for name, part in region.items())


def _meets(use: Mapping[str, Any], name: str, part: Mapping[str, Any], declared: Names) -> bool:
    if name == "component":
        chain = [c for c in declared.components if use[name] == c or use[name].startswith(c + "/")]
        return max(chain, key=len, default="") in part["in"]
    if name == "model":
        return (use[name] if use[name] in declared.models else "") in part["in"]
    if name == "activity":
        return use[name] in part["in"]
    if "in" in part:
        return use["facts"].get(name, "unknown") in part["in"]
    if "has" in part:
        held = claimed(use) if name == "claimed" else set(use["facts"].get(name, []))
        return set(part["has"]) <= held and not held & set(part["lacks"])
    return part.get("min", 0) <= use["facts"].get(name, 0) <= part.get("max", TOP)


def contains(outer: Mapping[str, Any], inner: Mapping[str, Any]) -> bool:
    for name, part in outer.items():
        other = inner.get(name)
        if other is None:
            return False
        if "in" in part:
            if not set(other["in"]) <= set(part["in"]):
                return False
        elif "has" in part:
            if not (set(part["has"]) <= set(other["has"]) and set(part["lacks"]) <= set(other["lacks"])):
                return False
        elif not (part.get("min", 0) <= other.get("min", 0) and other.get("max", TOP) <= part.get("max", TOP)):
            return False
    return True


def say(pack: Pack, use: Mapping[str, Any]) -> tuple[str, Any, Any]:
    """Outcome, needs and duties; an ask is a deny, and a denial's needs are not compared."""
    scope = pack.terms.scope
    read: Use = read_use(scope.vocabulary, dict(use))
    d = decide(pack.terms, read)
    if d.outcome in ("ask", "deny"):
        return "deny", (), ()
    needs = frozenset((frozenset(n.approvals), n.duties) for n in d.needs)
    return str(d.outcome), needs, d.duties


def listed(view: Mapping[str, Any]) -> tuple[str, Any, Any]:
    needs = frozenset((frozenset(n["approvals"]), tuple(n["duties"])) for n in view["needs"])
    return view["outcome"], needs or (), tuple(view["duties"])


def norm(x: tuple[str, Any, Any]) -> tuple[str, Any, Any]:
    return x[0], x[1] or (), tuple(x[2])


def kind(views: Sequence[tuple[str, Any, Any]]) -> str:
    if len({v[0] for v in views}) > 1:
        return "outcome"
    if len({frozenset(a for a, _ in v[1]) if v[1] else () for v in views}) > 1:
        return "needs"
    return "duties"


def check(
    p: Pair, document: Mapping[str, Any], judges: Sequence[Pack], rng: random.Random, count: int
) -> tuple[int, int]:
    """All laws on the document and on `count` uses; (uses that differ, differences)."""
    keys = "abcdefgh"[: len(judges)]
    found = document["differences"]
    names = [*_words_of(judges[0]), "component", "model"]
    for i, d in enumerate(found):
        shown = {"component": "", "model": "", **d["use"]}
        assert lies_in(shown, d["region"], p.everything), ("use not in its region", d)
        views = [norm(say(j, d["use"])) for j in judges]
        assert [listed(d[k]) for k in keys] == views, ("use decided otherwise", d, views)
        assert len(set(views)) > 1, ("no difference", d)
        assert d["kind"] == kind(views), ("kind", d)
        assert set(d["any"]) | set(d["region"]) == {"activity", *names} - {"approvals", "duties"}, ("any", d)
        assert not set(d["any"]) & set(d["region"])
        for j, k in zip(judges, keys, strict=True):
            decided = decide(j.terms, read_use(j.terms.scope.vocabulary, d["use"]))
            assert set(d[k]["clauses"]) == set(decided.clauses), ("clauses", d, decided.clauses)
        for other in found[:i]:
            assert not contains(d["region"], other["region"]), (d, other)
            assert not contains(other["region"], d["region"]), (d, other)
    assert document["equivalent"] == (document["complete"] and not found)
    differ = 0
    for use in uses(rng, p, document, count):
        views = [norm(say(j, use)) for j in judges]
        homes = [d for d in found if lies_in(use, d["region"], p.everything)]
        for d in homes:
            assert [listed(d[k]) for k in keys] == views, ("unsound", use, d, views)
        if len(set(views)) > 1:
            differ += 1
            assert homes or not document["complete"], ("missed", use, views)
            assert not document["equivalent"], ("equivalent", use, views)
    return differ, len(found)


def _words_of(pack: Pack) -> list[str]:
    return list(pack.terms.scope.vocabulary.facts)


def drawn(rng: random.Random, packs: int, *, literal: bool = False, size: int = 7) -> tuple[Pair, list[Pack]]:
    while True:
        p = draw_pair(rng, packs, literal=literal, size=size)
        try:
            return p, p.own()
        except TermsError as e:  # more approvals and duties, or cubes, than the profile allows
            if "approvals and duties" not in e.text and "cubes" not in e.text and "alternatives" not in e.text:
                raise


@pytest.mark.parametrize("seed", range(24))
def test_two_packs(seed: int) -> None:
    rng = random.Random(seed)
    p, own = drawn(rng, 2)
    document = compare(own[0].terms, own[1].terms).to_json()
    check(p, document, p.widened(), rng, 150)


@pytest.mark.parametrize("seed", range(6))
def test_three_packs(seed: int) -> None:
    rng = random.Random(1000 + seed)
    p, own = drawn(rng, 3, size=5)
    document = compare(own[0].terms, own[1].terms, own[2].terms).to_json()
    check(p, document, p.widened(), rng, 100)


@pytest.mark.parametrize("seed", range(6))
def test_one_pack_at_its_word(seed: int) -> None:
    rng = random.Random(2000 + seed)
    p, own = drawn(rng, 1, literal=True)
    document = compare_within(own[0].terms).to_json()
    check(p, document, [p.widened()[0], p.widened(literal=True)[0]], rng, 100)


def test_a_region_left_out_or_too_wide_is_noticed() -> None:
    rng = random.Random(12)
    p, own = drawn(rng, 2)
    document = compare(own[0].terms, own[1].terms).to_json()
    found = document["differences"]
    assert len(found) > 1
    lacking = {**document, "differences": found[1:]}
    with pytest.raises(AssertionError, match="missed"):
        check(p, lacking, p.widened(), random.Random(1), 2000)
    narrow = dict(found[0]["region"])
    narrow.pop(next(iter(narrow)))
    everywhere = {**found[0], "region": narrow, "any": [*found[0]["any"], *(set(found[0]["region"]) - set(narrow))]}
    with pytest.raises(AssertionError):
        check(p, {**document, "differences": [everywhere]}, p.widened(), random.Random(1), 2000)
