"""A reviewer's own attempt to catch `compare` out: packs, uses and the reading of regions are made here from the
reference alone, and judged by nothing but `decide`. It shares no code with the other tests of `compare`."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from brightline.analysis.compare import compare, compare_within
from brightline.errors import TermsError
from brightline.terms import Pack, decide, read_pack
from brightline.vocabulary import Use, read_use
from brightline.vocabulary.shipped import SHIPPED, module

TOP = 2**63 - 1
NUMBERS = (0, 1, 2, 99, 100, TOP - 1, TOP)
COMPONENTS = ("army", "army/g2", "army/g2/cell", "navy", "army-reserve")
ELSEWHERE = ("", "army/g3", "army/g2x", "armyx", "army/g2/cell/desk", "navy/hq", "town")
FAMILIES: Mapping[str, tuple[str, ...]] = {
    "lm": (),
    "stock": (),
    "lm-2": ("lm",),
    "lm-2-tuned": ("lm-2",),
    "both": ("lm", "stock"),
    "lone": (),
}
LANES, CERTIFICATES, AUTHORITIES, ROLES, ENCLAVES = (
    ("l1", "l2", "l3"), ("x1", "x2"), ("au1", "au2"), ("matron", "major"), ("red", "blue")
)  # fmt: skip
DUTIES = ("note", "redact", "minimise", "sample")
GATEWAYS_OWN = {
    "actuation", "end_user", "distinct_persons", "meter", "approvals", "approval_tempo", "exceptions",
    "duties", "screen", "integrity", "claimed",
}  # fmt: skip


# ---- packs at random, as their files ----


@dataclass
class Names:
    """What a pack declares."""

    modules: tuple[str, ...]
    adopted: tuple[str, ...]
    components: tuple[str, ...] = COMPONENTS
    models: tuple[str, ...] = tuple(FAMILIES)
    lanes: tuple[str, ...] = LANES
    certificates: tuple[str, ...] = CERTIFICATES
    authorities: tuple[str, ...] = AUTHORITIES
    roles: tuple[str, ...] = ROLES
    enclaves: tuple[str, ...] = ENCLAVES

    def toml(self) -> str:
        out = ["[vocabulary]"] + [f'{m} = "{module(m).digest}"' for m in self.modules if m not in self.adopted]
        out += ["[adopted]"] + [f'{m} = "{module(m).digest}"' for m in self.adopted]
        for table in ("components", "lanes", "certificates", "roles", "enclaves"):
            out += [f"[{table}]"] + [f'"{n}" = "the {n}"' for n in getattr(self, table)]
        out += ["[models]"] + [f'"{m}" = {{ text = "the {m}", in = {_words(FAMILIES[m])} }}' for m in self.models]
        for n in self.authorities:
            out += [f"[authorities.{n}]", f'title = "{n}"', 'date = "2025-01-01"', f'digest = "sha256:{"0" * 64}"']
        return "\n".join(out) + "\n"


@dataclass
class Draw:
    """Clauses at random over few facts, so that they meet. `hints`: facts and values at the edges they draw."""

    rng: random.Random
    names: Names
    facts: Mapping[str, tuple[str, tuple[str, ...]]]
    activities: Sequence[str]
    groups: Sequence[str]
    asked: Sequence[str]
    supplies: Sequence[tuple[str, str]]
    hints: list[tuple[str, object]] = field(default_factory=list)

    def atom(self) -> str:
        rng, name = self.rng, self.rng.choice(self.asked)
        if name == "component":
            c = rng.choice(self.names.components)
            self.hints.append((name, c))
            return f'principal in Component::"{c}"'
        if name == "model":
            m = rng.choice(self.names.models)
            self.hints.append((name, m))
            leaf = not any(m in FAMILIES[n] for n in FAMILIES)
            return f'resource {rng.choice(["==", "!="]) if leaf and rng.random() < 0.5 else "in"} Model::"{m}"'
        kind, values = self.facts[name]
        if kind == "number":
            n = rng.choice(NUMBERS)
            self.hints += [(name, min(TOP, max(0, n + d))) for d in (-1, 0, 1)]
            op = rng.choice(["<", "<=", ">", ">=", "==", "!="])
            return f"{n} {op} context.{name}" if rng.random() < 0.5 else f"context.{name} {op} {n}"
        if kind == "enum":
            some = rng.sample(values, min(len(values), rng.choice([1, 1, 2, 3])))
            self.hints += [(name, v) for v in some]
            if len(some) == 1:
                return f'context.{name} {rng.choice(["==", "!="])} "{some[0]}"'
            return f"{_words(some)}.contains(context.{name})"
        some = rng.sample(values, min(len(values), rng.choice([1, 2, 2])))
        self.hints += [(name, (v,)) for v in some] + [(name, tuple(some))]
        if len(some) == 1:
            return f'context.{name}.contains("{some[0]}")'
        return f"context.{name}.{rng.choice(['containsAny', 'containsAll'])}({_words(some)})"

    def formula(self, depth: int = 2) -> str:
        roll = self.rng.random()
        if not depth or roll < 0.45:
            return self.atom()
        if roll < 0.6:
            return f"!({self.formula(depth - 1)})"
        return f"({self.formula(depth - 1)} {self.rng.choice(['&&', '||'])} {self.formula(depth - 1)})"

    def supplied(self) -> str:
        """Approvals, duties and certificates in several minimal sets."""

        def one() -> str:
            fact, name = self.rng.choice(self.supplies)
            same = [n for f, n in self.supplies if f == fact]
            if self.rng.random() < 0.4 and len(same) > 1:
                return f"context.{fact}.contains{self.rng.choice(['Any', 'All'])}({_words(self.rng.sample(same, 2))})"
            return f'context.{fact}.contains("{name}")'

        parts = [one() for _ in range(self.rng.choice([1, 1, 2, 3]))]
        return "(" + f" {self.rng.choice(['&&', '||'])} ".join(parts) + ")"

    def claim(self) -> str:
        about = [n for n in self.asked if n in self.facts and n not in GATEWAYS_OWN] or ["place"]
        some = self.rng.sample(about, min(len(about), self.rng.choice([1, 1, 2])))
        self.hints += [("claim", n) for n in some]
        if len(some) == 1:
            return f'context.claimed.contains("{some[0]}")'
        return f"context.claimed.contains{self.rng.choice(['Any', 'All'])}({_words(some)})"

    def scope(self) -> str:
        rng = self.rng
        who, what = "principal", "resource"
        if "component" in self.asked and rng.random() < 0.3:
            who = f'principal in Component::"{rng.choice(self.names.components)}"'
        if "model" in self.asked and rng.random() < 0.3:
            what = f'resource in Model::"{rng.choice(self.names.models)}"'
        roll = rng.random()
        if roll < 0.3:
            act = "action"
        elif roll < 0.5:
            act = f'action in Action::"{rng.choice(self.groups)}"'
        elif roll < 0.8:
            act = f'action == Action::"{rng.choice(self.activities)}"'
        else:
            some = [*rng.sample(self.activities, 2), rng.choice(self.groups)]
            act = "action in [" + ", ".join(f'Action::"{a}"' for a in some) + "]"
        return f"{who}, {act}, {what}"

    def clause(self, number: int, *, literal: bool) -> str:
        rng = self.rng
        permit = rng.random() < (0.15 if number else 1)
        mark = ' @reading("literal")' if literal else ""
        head = f'@id("c{number}"){mark}\n{"permit" if permit else "forbid"} ({self.scope()})'
        when = [self.formula() for _ in range(rng.choice([0, 1, 1, 2]))]
        unless = [self.formula(1) for _ in range(rng.choice([0, 0, 1]))]
        if not number and rng.random() < 0.6:
            head, when, unless = '@id("c0")\npermit (principal, action, resource)', [], []
        elif rng.random() < 0.45:
            (when if permit else unless).append(self.supplied())
        if rng.random() < 0.2:
            (unless if permit else when).append(self.claim())
        return "".join([head, *(f"\n  when {{ {x} }}" for x in when), *(f"\n  unless {{ {x} }}" for x in unless), ";"])


def _words(some: Sequence[str]) -> str:
    return "[" + ", ".join(f'"{s}"' for s in some) + "]"


def _facts(modules: Sequence[str], own: Names) -> dict[str, tuple[str, tuple[str, ...]]]:
    """Fact → its kind and values, by the vocabulary's words."""
    files = {"terms.toml": own.toml(), "terms.cedar": '@id("z") permit (principal, action, resource);'}
    words = read_pack("probe", files).terms.scope.vocabulary
    skip = ("approvals", "duties", "exceptions", "claimed")
    return {n: (str(f.kind).lower().split(".")[-1], tuple(f.names)) for n, f in words.facts.items() if n not in skip}


@dataclass
class Pair:
    """Texts of some packs with the names each declares, and what there is to try."""

    texts: list[str]
    names: list[Names]
    hints: list[tuple[str, object]]
    everything: Names
    facts: Mapping[str, tuple[str, tuple[str, ...]]]
    activities: Sequence[str]

    def own(self) -> list[Pack]:
        return [read_pack(f"p{i}", _files(n, t)) for i, (n, t) in enumerate(zip(self.names, self.texts, strict=True))]

    def widened(self, literal: bool = False) -> list[Pack]:
        """The same texts, each declaring what any declares."""
        out = []
        for i, (n, t) in enumerate(zip(self.names, self.texts, strict=True)):
            wide = Names(**{**vars(self.everything), "adopted": n.adopted})
            out.append(read_pack(f"w{i}", _files(wide, t.replace(' @reading("literal")', "") if literal else t)))
        return out


def _files(names: Names, text: str) -> dict[str, str]:
    return {"terms.toml": names.toml(), "terms.cedar": text}


def draw_pair(rng: random.Random, packs: int = 2, *, literal: bool = False, size: int = 7) -> Pair:
    modules = tuple(m for m in SHIPPED if m == "core" or rng.random() < 0.5)
    every = Names(modules, ())
    facts = _facts(modules, every)
    words = {n: m for m in modules for n in (module(m).groups)}
    activities = [a.name for m in modules for a in module(m).activities]
    asked = rng.sample([*facts, "component", "model"], rng.choice([2, 3, 4, 5]))
    asked += rng.sample(["lanes", "authorities", "distinct_persons", "component", "model", "enclave"], 2)
    asked = list(dict.fromkeys(asked))
    pool = [("approvals", r) for r in ("privacy_officer", *ROLES)] + [("duties", d) for d in DUTIES]
    supplies = rng.sample(pool, rng.choice([2, 3, 4, 5])) + [("exceptions", c) for c in CERTIFICATES]
    few = rng.sample(activities, min(6, len(activities)))
    texts: list[str] = []
    names: list[Names] = []
    hints: list[tuple[str, object]] = []
    base: list[str] = []
    twin = rng.random() < 0.5
    differ = rng.random() < 0.4
    for k in range(packs):
        adopted = tuple(m for m in modules if m != "core" and rng.random() < 0.3)
        own = Names(modules, adopted)
        if differ and not (twin and k):
            for table in ("components", "lanes", "certificates", "authorities", "enclaves"):
                had = list(getattr(own, table))
                rng.shuffle(had)
                setattr(own, table, tuple(had[: rng.randint(1, len(had))]))
        elif twin and k:
            own = Names(**{**vars(names[0]), "adopted": adopted})
        seen = {n: (kd, getattr(own, f"{n}s" if n == "enclave" else n)) if n in _DECLARED else (kd, v)
                for n, (kd, v) in facts.items()}  # fmt: skip
        seen["enclave"] = ("enum", (*own.enclaves, "unknown"))
        mine = [(f, n) for f, n in supplies if f != "exceptions" or n in own.certificates]
        d = Draw(rng, own, seen, few, list(words), asked, mine)
        if twin and k:
            clauses = list(base)
            for _ in range(rng.choice([0, 1, 1, 2])):
                at = rng.randrange(1, len(clauses) + 1)
                new = d.clause(50 + at, literal=literal and rng.random() < 0.3)
                clauses[at : at + rng.randint(0, 1)] = [new.replace(f'"c{50 + at}"', f'"n{len(clauses)}_{at}_{_}"')]
        else:
            clauses = [
                d.clause(i, literal=literal and i > 0 and rng.random() < 0.4) for i in range(rng.randint(2, size))
            ]
            base = base or clauses
        texts.append("\n\n".join(clauses) + "\n")
        names.append(own)
        hints += d.hints
    union = {t: tuple(dict.fromkeys(x for n in names for x in getattr(n, t))) for t in
             ("components", "models", "lanes", "certificates", "authorities", "roles", "enclaves")}  # fmt: skip
    return Pair(texts, names, hints, Names(modules, (), **union), facts, activities)


_DECLARED = ("lanes", "authorities", "enclave")


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
    if name in _DECLARED:
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
