"""What the terms ask of the meter, read off their clauses, so that it cannot be set otherwise than was signed."""

from __future__ import annotations

from brightline.terms import Terms
from brightline.terms.formula import MAX_NUMBER, Between, Formula, In, leaves


def limits_of(terms: Terms) -> tuple[int, ...]:
    """The numbers of distinct persons from which on some clause says something else, ascending: the first is the soft
    limit, the last the hard one. Empty where no clause asks."""
    place = list(terms.scope.vocabulary.facts).index("distinct_persons")
    found: set[int] = set()
    for clause in terms.clauses:
        for leaf in leaves(clause.condition):
            if isinstance(leaf, Between) and leaf.i == place:
                found |= {leaf.low, leaf.high + 1}
    return tuple(sorted(number for number in found if 0 < number <= MAX_NUMBER))


def metered(terms: Terms) -> frozenset[str]:
    """The activities of which some clause asks the meter. No other use need be counted, and none should be: hashes of
    people that decide nothing are not worth keeping."""
    facts = list(terms.scope.vocabulary.facts)
    places = {facts.index("distinct_persons"), facts.index("meter")}
    asking = [clause for clause in terms.clauses if _asks(clause.condition, places)]
    return frozenset().union(*(clause.activities for clause in asking))


def _asks(condition: Formula, places: set[int]) -> bool:
    return any(isinstance(leaf, Between | In) and leaf.i in places for leaf in leaves(condition))
