"""Packs at random for the reviewer's own check of `compare` (test_compare_reviewed.py), from the reference alone."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from brightline.terms import Pack, read_pack
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
        seen = {n: (kd, getattr(own, f"{n}s" if n == "enclave" else n)) if n in DECLARED else (kd, v)
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


DECLARED = ("lanes", "authorities", "enclave")
