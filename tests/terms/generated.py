"""Policies and uses at random, over all that the profile allows (DESIGN section 3, "Profile").

Cedar text is made, not JSON, so that parser, profile and validator are exercised too. Supplies (`approvals`, `duties`,
`exceptions`) and `claimed` occur only with their right polarity: what breaks it is in test_profile.py.
"""

from __future__ import annotations

import random
from typing import Any

from hypothesis import strategies as st

from brightline.terms import Scope
from brightline.vocabulary import Fact, FactKind, shipped

NAMES = {
    "enclaves": {"high": "the high side", "low": "the low side"},
    "authorities": {"memo_1": "Memo 1", "memo_2": "Memo 2"},
    "lanes": {"logistics": "logistics", "maps": "maps", "med": "medicine"},
    "roles": {"second_reader": "a second reader"},
    "certificates": {"waiver_1": "waiver 1", "waiver_2": "waiver 2"},
}
COMPONENTS = ("army", "army/g2", "navy")
MODELS = {"smol": (), "smol-2": ("smol",), "smol-2-tuned": ("smol-2",), "other": ()}
SCOPE = Scope(shipped().with_names(NAMES), COMPONENTS, MODELS)

SUPPLIES = ("approvals", "duties", "exceptions")
NUMBERS = (0, 1, -1, 2, 100, 101, 2**63 - 1, 2**63 - 2, -(2**63), 2**53)
COMPARISONS = ("==", "!=", "<", "<=", ">", ">=")


def quoted(names: list[str]) -> str:
    return "[" + ", ".join(f'"{n}"' for n in names) + "]"


@st.composite
def leaf(draw: st.DrawFn, scope: Scope, *, more: bool) -> str:
    """One test of one fact. `more`: it stands where having more can only help, so supplies may be named; where it
    stands otherwise, `claimed` may."""
    facts = [f for f in scope.vocabulary.facts.values() if f.values or f.kind is FactKind.NUMBER]
    facts = [f for f in facts if f.name not in (("claimed",) if more else SUPPLIES)]
    special = [f for f in facts if f.name in (*SUPPLIES, "claimed")]
    kind = draw(
        st.sampled_from(["enum"] * 4 + ["set", "special", "special", "number", "principal", "resource", "bool"])
    )
    if kind == "principal" and scope.components:
        return f'principal in Component::"{draw(st.sampled_from(scope.components))}"'
    if kind == "resource" and scope.models:
        return draw(resource(scope))
    if kind == "bool":
        return draw(st.sampled_from(["true", "false"]))
    chosen = special if kind == "special" else [f for f in facts if f.kind == kind and f not in special]
    fact = draw(st.sampled_from(chosen or facts))
    match fact.kind:
        case FactKind.ENUM:
            return draw(enum_leaf(fact))
        case FactKind.SET:
            return draw(set_leaf(fact))
        case FactKind.NUMBER:
            a, b = f"context.{fact.name}", str(draw(st.sampled_from(NUMBERS)))
            left, right = draw(st.permutations([a, b]))
            return f"{left} {draw(st.sampled_from(COMPARISONS))} {right}"


@st.composite
def enum_leaf(draw: st.DrawFn, fact: Fact) -> str:
    a = f"context.{fact.name}"
    if draw(st.booleans()):
        some = draw(st.lists(st.sampled_from(fact.names), min_size=1, max_size=3))
        return f"{quoted(some)}.contains({a})"
    left, right = draw(st.permutations([a, f'"{draw(st.sampled_from(fact.names))}"']))
    return f"{left} {draw(st.sampled_from(['==', '!=']))} {right}"


@st.composite
def set_leaf(draw: st.DrawFn, fact: Fact) -> str:
    some = draw(st.lists(st.sampled_from(fact.names), min_size=1, max_size=3))
    how = draw(st.sampled_from(["contains", "containsAny", "containsAll"]))
    return (
        f"context.{fact.name}.{how}({quoted(some) if how != 'contains' else repr(some[0]).replace(chr(39), chr(34))})"
    )


@st.composite
def resource(draw: st.DrawFn, scope: Scope) -> str:
    leafless = [m for m in scope.models if not any(m in up for up in scope.models.values())]
    how = draw(st.sampled_from(["in", "==", "!="]))
    return f'resource {how} Model::"{draw(st.sampled_from(list(scope.models) if how == "in" else leafless))}"'


@st.composite
def condition(draw: st.DrawFn, scope: Scope, depth: int, *, more: bool) -> str:
    if depth == 0 or draw(st.integers(0, 2)) == 0:
        return draw(leaf(scope, more=more))
    match draw(st.sampled_from(["&&", "||", "!", "!!"])):
        case "!":
            return f"!({draw(condition(scope, depth - 1, more=not more))})"
        case "!!":
            return f"!(!({draw(condition(scope, depth - 1, more=more))}))"
        case op:
            parts = draw(st.lists(condition(scope, depth - 1, more=more), min_size=2, max_size=3))
            return "(" + f" {op} ".join(parts) + ")"


@st.composite
def supplied(draw: st.DrawFn, scope: Scope) -> str:
    """What makes holds and duties: supplies alone, the shape that most real clauses have."""
    facts = [f for f in scope.vocabulary.facts.values() if f.name in SUPPLIES]
    names = st.sampled_from(["approvals"] * 3 + ["duties"] * 2 + ["exceptions"])
    some = [draw(names) for _ in range(draw(st.integers(1, 2)))]
    return draw(st.sampled_from([" && ", " || "])).join(draw(set_leaf(f)) for n in some for f in facts if f.name == n)


@st.composite
def action(draw: st.DrawFn, scope: Scope) -> str:
    """An action scope; wide ones more often, so that uses meet clauses."""
    words = scope.vocabulary
    one = st.sampled_from(list(words.activities))
    group = st.sampled_from(list(words.groups))
    match draw(st.sampled_from(["all", "all", "group", "list", "one"])):
        case "all":
            return "action"
        case "group":
            return f'action in Action::"{draw(group)}"'
        case "one":
            return f'action == Action::"{draw(one)}"'
        case _:
            some = draw(st.lists(st.one_of(one, group), min_size=1, max_size=4, unique=True))
            return "action in [" + ", ".join(f'Action::"{a}"' for a in some) + "]"


@st.composite
def clause(draw: st.DrawFn, scope: Scope, number: int, depth: int = 2) -> str:
    permits = draw(st.sampled_from([True, False, False]))
    principals = ["principal", "principal is Actor"]
    resources = ["resource", "resource is Model"]
    if scope.components:
        name = draw(st.sampled_from(scope.components))
        principals += [f'principal in Component::"{name}"', f'principal is Actor in Component::"{name}"']
    if scope.models:
        resources.append(draw(resource(scope).filter(lambda r: "!=" not in r)))
    head = f"{draw(st.sampled_from(principals))}, {draw(action(scope))}, {draw(st.sampled_from(resources))}"
    tails = []
    for _ in range(draw(st.integers(0, 2))):
        kind = draw(st.sampled_from(["when", "unless"]))
        more = permits is (kind == "when")
        tails.append(f"{kind} {{ {draw(condition(scope, depth, more=more))} }}")
    if draw(st.booleans()):
        tails.append(f"{'when' if permits else 'unless'} {{ {draw(supplied(scope))} }}")
    return f'@id("C{number}")\n{"permit" if permits else "forbid"} ({head}) {" ".join(tails)};'


@st.composite
def policies(draw: st.DrawFn, scope: Scope = SCOPE, most: int = 6, depth: int = 2) -> str:
    """Cedar text of one to `most` clauses; the last often permits all, so that forbids matter."""
    many = [draw(clause(scope, i, depth)) for i in range(draw(st.integers(1, most)))]
    if draw(st.integers(0, 3)):
        many.append('@id("all") permit (principal, action, resource);')
    return "\n".join(many)


def random_use(rng: random.Random, scope: Scope, *, stated: float = 0.7) -> dict[str, Any]:
    """A use in JSON form, gateway's facts included; `stated`: how often a fact is."""
    words = scope.vocabulary
    facts = {f.name: _value(rng, f) for f in words.facts.values() if f.name != "claimed" and rng.random() < stated}
    sources = {f: rng.choice(["declared", "inferred", "attested", "observed"]) for f in facts if rng.random() < 0.5}
    return {
        "activity": rng.choice(list(words.activities)),
        "facts": facts,
        "sources": sources,
        "component": rng.choice([*scope.components, *(f"{c}/x" for c in scope.components), "armyx", "elsewhere", ""]),
        "model": rng.choice([*scope.models, "unheard-of", ""]),
    }


def random_alternative(rng: random.Random, scope: Scope) -> dict[str, Any]:
    words = scope.vocabulary
    able = [f for f in words.facts.values() if f.name not in (*SUPPLIES, "claimed")]
    facts = {f.name: _value(rng, f) for f in rng.sample(able, min(len(able), rng.randint(1, 3)))}
    return {"facts": facts} | ({"activity": rng.choice(list(words.activities))} if rng.random() < 0.4 else {})


def _value(rng: random.Random, fact: Fact) -> Any:
    match fact.kind:
        case FactKind.ENUM:
            return rng.choice(fact.names)
        case FactKind.SET:
            return [n for n in fact.names if rng.random() < 0.4]
        case FactKind.NUMBER:
            near = rng.choice(NUMBERS) + rng.choice((-1, 0, 0, 1))
            return min(max(near, 0), 2**63 - 1)
