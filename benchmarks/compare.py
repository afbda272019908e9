"""Comparing: every kind of use on which two texts differ, complete and irredundant, over the whole vocabulary.

Texts are made like the shipped packs: a permit for all, and forbids on one to four activities of a group, each over two
or three facts; a third of them is lifted by an approval or a duty. The other text is its next draft: one clause in ten
is struck, one in ten has another value, one in ten is new. The figure is the work of one comparison in a running
process, each example confirmed by closures and engine and the whole proven by the solver.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Sequence

from benchmarks.measure import SHORT, Figure, of_rounds
from brightline.analysis.compare import compare
from brightline.storage.packs import open_pack
from brightline.terms import Scope, Terms, read_terms
from brightline.vocabulary import Fact, FactKind, shipped

WORDS = shipped("core", "defence")

ROUNDS = 1 if SHORT else 3
SIZES = (15, 25) if SHORT else (15, 25, 50, 100, 200, 400)
BUDGETS = {15: 0.5, 200: 5.0}
LIFTS = (
    'unless { context.approvals.contains("official") }',
    'unless { context.approvals.contains("privacy_officer") }',
    'unless { context.duties.contains("note") }',
)


def run() -> Iterator[Figure]:
    scope = Scope(WORDS)
    for size in SIZES:
        a, b = (read_terms(scope, "\n".join(text), "benchmark.cedar") for text in drafts(size, 1))
        yield measured(f"compare, {size} v {size} clauses", a, b, BUDGETS.get(size))
    for x, y in (("vendor", "customer"), ("vendor", "compromise"), ("customer", "compromise")):
        yield measured(f"compare, {x} v {y}", open_pack(x).terms, open_pack(y).terms, None)


def measured(name: str, a: Terms, b: Terms, budget: float | None) -> Figure:
    seconds, result = [], compare(a, b)  # the first compiles what every later one uses
    for _ in range(ROUNDS):
        start = time.perf_counter()
        result = compare(a, b)
        seconds.append(time.perf_counter() - start)
    note = f"{len(result.differences)} regions{'' if result.complete else ', not complete'}"
    return of_rounds(name, seconds, "s", budget, note=note)


def drafts(size: int, seed: int) -> tuple[Sequence[str], Sequence[str]]:
    """A text of `size` clauses and its next draft; the same for the same seed."""
    rng = random.Random(seed)
    first = ['@id("all") permit (principal, action, resource);', *(clause(rng, f"C{n}") for n in range(size - 1))]
    second = [first[0]]
    for n, text in enumerate(first[1:]):
        match rng.randrange(10):
            case 0:
                continue
            case 1:
                second.append(clause(rng, f"C{n}"))
            case 2:
                second.append(changed(rng, text))
            case _:
                second.append(text)
    return first, second


def clause(rng: random.Random, name: str) -> str:
    group = rng.choice(list(WORDS.groups))
    some = WORDS.in_group(group)
    action = ", ".join(f'Action::"{a}"' for a in rng.sample(some, rng.randint(1, min(4, len(some)))))
    facts = rng.sample(facts_of(group), rng.randint(2, 3))
    when = " && ".join(condition(rng, f) for f in facts)
    lift = rng.choice(LIFTS) if rng.random() < 1 / 3 else ""
    return f'@id("{name}") forbid (principal, action in [{action}], resource) when {{ {when} }} {lift};'


def facts_of(group: str) -> Sequence[Fact]:
    """The five facts that clauses on a group speak of: a text returns to the same few."""
    return random.Random(group).sample(enums(), 5)


def condition(rng: random.Random, fact: Fact) -> str:
    some = rng.sample(fact.names, rng.randint(1, 2))
    return "[" + ", ".join(f'"{v}"' for v in some) + f"].contains(context.{fact.name})"


def changed(rng: random.Random, text: str) -> str:
    """One word of a condition replaced by another of the same fact."""
    fact = rng.choice([f for f in enums() if f"context.{f.name})" in text])
    before = text[: text.index(f"].contains(context.{fact.name})")].rpartition("[")[2]
    return text.replace(f"[{before}].contains(context.{fact.name})", condition(rng, fact))


def enums() -> Sequence[Fact]:
    return [f for f in WORDS.facts.values() if f.kind is FactKind.ENUM and len(f.names) > 2]
