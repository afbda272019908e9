"""Differences in the order in which a principal should read them, and grouped so that each is read once.

Serious first: a denial against a permit, a denial against a hold, a hold against a permit, other needs, other duties.
Among equals those that are sure to act, to harm or to touch liberty: of `actuation`, `effect` and `effect_on_person`
the region leaves only the gravest value, which is the vocabulary's last, or its parents. Then by activity group, those
of the modules added for the case before those of the core and what reaches over many groups last; then by activity,
and then what takes the fewest facts to say.
"""

from __future__ import annotations

from collections.abc import Sequence

from brightline.analysis.difference import Card, Difference
from brightline.canonical import digest
from brightline.terms.outcome import Outcome
from brightline.terms.scope import Scope
from brightline.vocabulary import Vocabulary
from brightline.vocabulary.module import UNKNOWN

MANY = 3  # groups; what reaches over more is of no one's in particular
GRAVE = ("actuation", "effect", "effect_on_person")
_FAR = {Outcome.PERMIT: 0, Outcome.HOLD: 1, Outcome.ASK: 2, Outcome.DENY: 2}


def ordered(words: Vocabulary, differences: Sequence[Difference]) -> list[Difference]:
    """Most serious first; of equals the one with the plainest use, and nothing is left to chance."""
    return sorted(differences, key=lambda d: (*seriousness(words, d), *_plainness(words, d), d.id))


def _plainness(words: Vocabulary, d: Difference) -> tuple[int, int, int]:
    stated = sum(len(v) if isinstance(v, frozenset) else 1 for v in d.use.facts.values())
    return words.ranks[d.use.activity], stated + len(d.use.sources), len(d.region)


def seriousness(words: Vocabulary, d: Difference) -> tuple[int, int, int]:
    """(how far apart the outcomes are, how grave the facts are, place of the activity group); lower is more serious."""
    outcomes = sorted({v.signature.outcome for v in d.views}, key=_FAR.__getitem__)
    far = {
        (Outcome.PERMIT, Outcome.DENY): 0,
        (Outcome.HOLD, Outcome.DENY): 1,
        (Outcome.PERMIT, Outcome.HOLD): 2,
    }.get((outcomes[0], outcomes[-1]), 4 if d.kind == "duties" else 3)
    grave = sum(_is_grave(words, d, fact) for fact in GRAVE if fact in words.facts)
    some = groups(words, d)
    return far, -grave, groups_in_order(words).index(some[0]) if len(some) <= MANY else len(words.groups)


def groups_in_order(words: Vocabulary) -> list[str]:
    """The activity groups, those of the last module first."""
    modules = [m.name for m in words.modules]
    home = {g: n for n, m in enumerate(words.modules) for g in m.groups}
    return sorted(words.groups, key=lambda g: (len(modules) - home[g], list(words.groups).index(g)))


def groups(words: Vocabulary, d: Difference) -> tuple[str, ...]:
    """The activity groups of a difference, in order."""
    some = {words.activities[a].group for a in d.activities or words.activities}
    return tuple(g for g in groups_in_order(words) if g in some)


def _is_grave(words: Vocabulary, d: Difference, fact: str) -> bool:
    """Whether the region leaves only the gravest value of a fact: the last that is known, or one of its parents."""
    part, values = d.region.get(fact), {v.name: v for v in words.facts[fact].values if v.name != UNKNOWN}
    grave: set[str] = set()
    name = next(reversed(values), "")
    while name in values:
        grave.add(name)
        name = values[name].parent
    return part is not None and set(part["in"]) <= grave


def cards(scope: Scope, differences: Sequence[Difference], *, by_group: bool = True) -> list[Card]:
    """`differences` (in order) by activity groups and deciding clauses; a card stands where its first one does.

    Without `by_group`, by the clauses alone.
    """
    found: dict[tuple[object, ...], list[Difference]] = {}
    for d in differences:
        key = (
            groups(scope.vocabulary, d) if by_group else (),
            *((v.signature.outcome, tuple(v.clauses)) for v in d.views),
        )
        found.setdefault(key, []).append(d)
    return [_card(scope.vocabulary, some) for some in found.values()]


def _card(words: Vocabulary, some: Sequence[Difference]) -> Card:
    first, more = some[0], len(some) - 1
    others = f" The same clauses decide {more} more kind{'s' * (more > 1)} of use differently." if more else ""
    return Card(
        id=f"card-{digest([d.id for d in some])[7:17]}",
        groups=tuple(g for g in groups_in_order(words) if any(g in groups(words, d) for d in some)),
        clauses=tuple(tuple(v.clauses) for v in first.views),
        outcomes=tuple(str(v.signature.outcome) for v in first.views),
        differences=tuple(some),
        text=first.text + others,
    )
