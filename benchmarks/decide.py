"""Deciding: closures, beside the Cedar engine by handle on the same uses.

Uses state half of the facts at random; clauses are forbids over three facts each, which an approval lifts, under one
permit for all. The figure is the median over the uses of the wall time of one decision, encoding included.
"""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Callable, Iterator, Sequence

from benchmarks.measure import SHORT, Figure, of_rounds
from brightline.storage.packs import open_pack
from brightline.terms import Scope, Terms, decide, read_scenarios, read_terms
from brightline.vocabulary import Use, read_use, shipped

ROUNDS = 5
USES = 50 if SHORT else 1000
BUDGETS = {15: 6.0, 200: 70.0}


def run() -> Iterator[Figure]:
    for count, budget in BUDGETS.items():
        terms = read_terms(Scope(shipped()), clauses(count), "benchmark.cedar")
        yield from pair(f"{count} clauses", terms, uses(USES), budget)
    pack = open_pack("compromise")
    scenarios = [s.use for s in read_scenarios(pack)]
    yield from pair(f"compromise, {len(pack.terms.clauses)} clauses, its scenarios", pack.terms, scenarios, None)


def pair(name: str, terms: Terms, some: Sequence[Use], budget: float | None) -> Iterator[Figure]:
    """Closures, then the engine; both warm."""

    def engine(use: Use) -> object:
        return terms.oracle.allows(use.activity, terms.scope.encode(use), use.component, use.model)

    yield of_rounds(f"decide, {name}", medians(lambda u: decide(terms, u), some), "µs", budget)
    yield of_rounds(
        f"Cedar engine, {name}", medians(engine, some[: max(50, USES // 5)]), "µs", note="allow or deny alone"
    )


def medians(call: Callable[[Use], object], some: Sequence[Use]) -> list[float]:
    """Of each round, the median of the times of one call."""
    for use in some:
        call(use)
    return [statistics.median(timed(call, use) for use in some) for _ in range(ROUNDS)]


def timed(call: Callable[[Use], object], use: Use) -> float:
    start = time.perf_counter_ns()
    call(use)
    return (time.perf_counter_ns() - start) / 1e3


def clauses(count: int) -> str:
    """Seeded; one permit for all and `count - 1` forbids."""
    rng, words = random.Random(1), shipped()
    enums = [f for f in words.facts.values() if len(f.open) and len(f.names) > 2]
    out = ['@id("all") permit (principal, action, resource);']
    for i in range(count - 1):
        a, b, c = (f'context.{f.name} == "{rng.choice(f.names[:-1])}"' for f in rng.sample(enums, 3))
        group = rng.choice(["", "", "", rng.choice(list(words.groups))])
        action = f'action in Action::"{group}"' if group else "action"
        when = f"when {{ {a} && ({b} || {c}) }}"
        lifted = 'unless { context.approvals.contains("official") }'
        out.append(f'@id("C{i}") forbid (principal, {action}, resource) {when} {lifted};')
    return "\n".join(out)


def uses(count: int) -> list[Use]:
    rng, words = random.Random(2), shipped()
    enums = [f for f in words.facts.values() if len(f.open) and len(f.names) > 1]
    return [
        read_use(
            words,
            {
                "activity": rng.choice(list(words.activities)),
                "facts": {f.name: rng.choice(f.names[:-1]) for f in enums if rng.random() < 0.5},
            },
        )
        for _ in range(count)
    ]
