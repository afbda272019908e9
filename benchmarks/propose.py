"""Proposing: the whole Pareto front between two parties' briefs, each text proven by the solver.

Thirty matters, each an activity or a group of them under two facts; of each a menu of four options: never, held for an
official, noted, nothing said. Of 56 requirements 36 are hard (half say what must be held at least, half what must be
possible with the official's approval) and 20 are wishes for never or for nothing, eight matters being wished both ways.
Both packs hold the permit for all alone. The figure is the work of one `propose` in a running process; reading packs
and briefs is apart.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Sequence

from benchmarks.measure import SHORT, Figure, of_rounds
from brightline.analysis.brief import Brief, read_brief
from brightline.analysis.propose import Proposals, propose
from brightline.storage.briefs import open_brief
from brightline.storage.packs import open_pack
from brightline.terms import Pack, read_pack
from brightline.vocabulary import shipped

ROUNDS = 1 if SHORT else 5
SIZES = (10,) if SHORT else (10, 20, 30, 60)
BUDGETS = {30: 1.0}
APPROVED = 'context.approvals.contains("official")'


def run() -> Iterator[Figure]:
    for size in SIZES:
        a, b = (pack(party) for party in ("one", "two"))
        briefs = [brief(party, size, a) for party in ("one", "two")]
        count = sum(len(x.requirements) for x in briefs)
        name = f"propose, {size} clauses, {4 * size} options, {count} requirements"
        yield measured(name, a, b, briefs, BUDGETS.get(size))
    for party, other in (("vendor", "customer"), ("health-vendor", "health-hospital")):
        a, b = open_pack(party), open_pack(other)
        briefs = [open_brief(x, a.terms.scope) for x in (party, other)]
        yield measured(f"propose, {party} and {other}", a, b, briefs, None)


def measured(name: str, a: Pack, b: Pack, briefs: Sequence[Brief], budget: float | None) -> Figure:
    seconds, found = [], propose(a, b, briefs)
    for _ in range(ROUNDS):
        start = time.perf_counter()
        found = propose(a, b, briefs)
        seconds.append(time.perf_counter() - start)
    return of_rounds(name, seconds, "s", budget, note=said(found))


def said(found: Proposals) -> str:
    count = len(found.proposals)
    return f"{count} proposal{'' if count == 1 else 's'}{'' if found.complete else ', not complete'}"


def pack(party: str) -> Pack:
    pins = "\n".join(f'{m.name} = "{m.digest}"' for m in shipped().modules)
    toml = f'party = "{party}"\n[vocabulary]\n{pins}\n'
    return read_pack(
        party, {"terms.toml": toml, "terms.cedar": f'@id("{party}") permit (principal, action, resource);'}
    )


def brief(party: str, size: int, of: Pack) -> Brief:
    """What `party` wants of `size` matters, and two of the four options of each; the same for the same size."""
    options, wanted = [], []
    for n, (action, facts) in enumerate(matters(size)):
        region = f"(principal, {action}, resource) when {{ {facts} }}"
        held = f"(principal, {action}, resource) when {{ {facts} && {APPROVED} }}"
        first = party == "one"
        if first:
            options += [
                f'@menu("m{n}") @option("never") @id("never-{n}") forbid {region};',
                f'@menu("m{n}") @option("held") @id("held-{n}") forbid {region} unless {{ {APPROVED} }};',
            ]
        else:
            noted = 'unless { context.duties.contains("note") }'
            options += [
                f'@menu("m{n}") @option("noted") @id("noted-{n}") forbid {region} {noted};',
                f'@menu("m{n}") @option("nothing") @id("nothing-{n}") forbid {region} when {{ false }};',
            ]
        if n < size * 0.6:
            lifted = f" unless {{ {APPROVED} }}"
            wanted.append(f'@id("hard-{n}") ' + (f"forbid {region}{lifted};" if first else f"permit {held};"))
        elif n < size * 0.85 or first is (n % 2 == 0):
            weight = n % 7 + 1 if first else n % 5 + 1
            wanted.append(f'@id("wish-{n}") @weight("{weight}") {"forbid" if first else "permit"} {region};')
    files = {"requirements.cedar": "\n".join(wanted), "options.cedar": "\n".join(options)}
    return read_brief(party, files, of.terms.scope)


def matters(size: int) -> Iterator[tuple[str, str]]:
    """(action scope, facts) of each: activities in turn, every third the whole group of its activity."""
    rng, words = random.Random(1), shipped()
    activities = list(words.activities)
    enums = [f for f in words.facts.values() if len(f.open) and len(f.names) > 3]
    for n in range(size):
        activity = activities[n % len(activities)]
        a, b = (f'context.{f.name} == "{rng.choice(f.names[:-1])}"' for f in rng.sample(enums, 2))
        scope = f'action in Action::"{activity.partition(".")[0]}"' if n % 3 == 0 else f'action == Action::"{activity}"'
        yield scope, f"{a} && {b}"
