"""A use that may be something else as well: every reading of it is decided, and all must be content at once.

Law (DESIGN section 2): the strictest outcome stands (permit < hold < ask < deny) and needs are joined. A joined need is
minimal again: approvals and duties that serve several readings are counted once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from brightline.terms.outcome import Decision, Need, Outcome
from brightline.vocabulary import Alternative, Source, Use

MAX_NEEDS = 64
_STRENGTH = (Source.DECLARED, Source.INFERRED, Source.ATTESTED, Source.OBSERVED)


def alternate(use: Use, alternative: Alternative) -> Use:
    """The use as the screen infers it to be."""
    return replace(
        use,
        activity=alternative.activity or use.activity,
        facts={**use.facts, **alternative.facts},
        sources={**use.sources, **dict.fromkeys(alternative.facts, Source.INFERRED)},
        alternatives=(),
    )


def readings(use: Use) -> list[Use]:
    """The use as it was stated, then as each of its alternatives."""
    return [use, *(alternate(use, a) for a in use.alternatives)]


def joined(
    decisions: Sequence[Decision], order: Mapping[str, Sequence[str]], fewest: Callable[[Need], tuple[str, ...]]
) -> tuple[Outcome, set[str], tuple[Need, ...]]:
    """(outcome, ids of the clauses that decided, needs) of all readings at once; a permit has the one need of duties.

    `order`: vocabulary order of the supplies; `fewest(need)`: the fewest duties with which `need` is enough for all.
    """
    # 1. the strictest outcome stands, by its own clauses
    outcome = max((d.outcome for d in decisions), key=lambda o: o.strictness)
    ids = {c for d in decisions if d.outcome is outcome for c in d.clauses}
    # 2. each need of one reading with each of the others; a denial that nothing lifts leaves none
    needs: Sequence[Need] = [Need()]
    for d in decisions:
        mine = [Need(duties=d.duties)] if d.outcome is Outcome.PERMIT else d.needs
        needs = _minimal(_both(order, a, b) for a in needs for b in mine)
    # 3. duties are chosen for all readings together; what facts will turn out to ask is not known yet
    return outcome, ids, tuple(n if n.facts else replace(n, duties=fewest(n)) for n in needs)


def _both(order: Mapping[str, Sequence[str]], a: Need, b: Need) -> Need:
    facts = dict(a.facts)
    for name, source in b.facts.items():
        facts[name] = max(facts.get(name, source), source, key=lambda s: _STRENGTH.index(Source(s)))

    def both(fact: str, x: Sequence[str], y: Sequence[str]) -> tuple[str, ...]:
        return tuple(n for n in order[fact] if n in x or n in y)

    return Need(
        both("approvals", a.approvals, b.approvals),
        facts,
        both("exceptions", a.exceptions, b.exceptions),
        both("duties", a.duties, b.duties),
    )


def _minimal(needs: Iterable[Need]) -> Sequence[Need]:
    """`needs` without those that ask for as much as another and more; least first, at most MAX_NEEDS."""

    def size(n: Need) -> tuple[set[str], ...]:
        return set(n.exceptions), set(n.approvals), set(n.facts)

    out: list[Need] = []
    for n in sorted(needs, key=lambda n: [len(part) for part in (*size(n), n.duties)]):
        if not any(all(x <= y for x, y in zip(size(m), size(n), strict=True)) for m in out):
            out.append(n)
    return out[:MAX_NEEDS]
