"""decide(terms, use) -> Decision: the one idea (DESIGN section 1).

Everything that can change a decision is a fact of the use, so an approval is a fact and an audit is a replay.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from brightline.terms.alternatives import joined, readings
from brightline.terms.asking import Asking
from brightline.terms.explain import explain
from brightline.terms.outcome import DEFAULT_DENY, Decision, Need, Outcome
from brightline.terms.supplying import Case, Given, subsets
from brightline.terms.terms import Terms
from brightline.vocabulary import Use

DUTIES = ("note", "redact", "minimise", "sample")
"""What a whole gateway can perform; one that can do less passes its own."""

MAX_REMEMBERED = 4096


def decide(terms: Terms, use: Use, performable: Sequence[str] = DUTIES) -> Decision:
    """What `terms` say of `use` and of every alternative it may be; the strictest outcome stands, needs are joined.

    Total on uses that `read_use` let through. DESIGN section 3, "Outcome".
    """
    if not use.alternatives:
        return decide_case(terms, use.activity, terms.scope.encode(use), performable)
    return _together(terms, [(u.activity, terms.scope.encode(u)) for u in readings(use)], performable)


def decide_case(terms: Terms, activity: str, v: Sequence[int], performable: Sequence[str] = DUTIES) -> Decision:
    """The decision on one encoded use, no alternatives."""
    permits, forbids = terms.match[activity](v)
    # 1. permit, as it is or with the fewest duties
    if permits and not forbids:
        return _decision(terms, Outcome.PERMIT, permits)
    case = Case(terms, activity, v, _bits(terms, "duties", performable), permits, forbids)
    reach = case.reach
    everything = Given(reach.approvals, reach.duties)
    if case.allows(everything):
        ways = list(case.ways())
        first = ways[0]
        if not first.approvals:
            return _decision(terms, Outcome.PERMIT, case.permitting(first) | forbids, duties=first.duties)
        # 2. hold, for each minimal set of approvals
        return _decision(terms, Outcome.HOLD, forbids or case.permitting(first), ways=ways)
    # 3. ask, where the denial turns on what is not known
    stubborn, asking = case.stubborn(everything), Asking(case)
    if facts := asking.ways():
        return _decision(terms, Outcome.ASK, stubborn, needs=[Need(facts=way) for way in facts])
    # 4. deny, by the clauses that bite whatever is not known, naming certificates that would change it
    clauses = asking.regardless(stubborn) or stubborn
    return _decision(terms, Outcome.DENY, clauses, needs=list(_certificates(case, everything, asking)))


def _certificates(case: Case, everything: Given, asking: Asking) -> Iterator[Need]:
    """Every minimal set of missing certificates that would lift the denial, with what it would need besides."""
    every = case.terms.supply(case.applicable).exceptions
    if not every or not _lifts(case, everything, asking, every):
        return
    found: list[int] = []
    for some in subsets(every):
        if not some or any(f & some == f for f in found):
            continue
        if case.allows(Given(everything.approvals, everything.duties, some)):
            needs = [_need(case.terms, w) for w in case.ways(some)]
        else:
            names = _names(case.terms, "exceptions", some)
            needs = [Need(exceptions=names, facts=way) for way in asking.ways(some)]
        if needs:
            found.append(some)
            yield from needs


def _lifts(case: Case, everything: Given, asking: Asking, exceptions: int) -> bool:
    given = Given(everything.approvals, everything.duties, exceptions)
    return case.allows(given) or bool(asking.ways(exceptions))


def _together(terms: Terms, encoded: Sequence[tuple[str, Sequence[int]]], performable: Sequence[str]) -> Decision:
    """The decision on all readings of one use at once."""
    words, able = terms.scope.vocabulary, _bits(terms, "duties", performable)
    decisions = [decide_case(terms, activity, v, performable) for activity, v in encoded]
    cases = [Case(terms, activity, v, able, *terms.match[activity](v)) for activity, v in encoded]

    def fewest(need: Need) -> tuple[str, ...]:
        approvals, exceptions = _bits(terms, "approvals", need.approvals), _bits(terms, "exceptions", need.exceptions)
        each = (Given(approvals, duties, exceptions) for duties in subsets(able))
        return _names(terms, "duties", next(g for g in each if all(c.allows(g) for c in cases)).duties)

    order = {fact: words.facts[fact].names for fact in ("approvals", "exceptions", "duties")}
    outcome, ids, needs = joined(decisions, order, fewest)
    clauses = tuple(sorted(ids, key=[*(c.id for c in terms.clauses), DEFAULT_DENY].index))
    duties = needs[0].duties if outcome is Outcome.PERMIT else ()
    needs = () if outcome is Outcome.PERMIT else needs
    return Decision(outcome, clauses, needs, duties, terms.digest, explain(terms, outcome, clauses, needs, duties))


def _decision(
    terms: Terms,
    outcome: Outcome,
    clauses: int,
    *,
    duties: int = 0,
    ways: Sequence[Given] = (),
    needs: Sequence[Need] = (),
) -> Decision:
    """The decision in words; made once where no facts are asked for. `needs` stand beside those of `ways`."""
    key = (outcome, clauses, duties, *ways)
    if not needs and (known := terms.decided.get(key)):
        return known
    ids = terms.ids(clauses) or (DEFAULT_DENY,)
    names = _names(terms, "duties", duties)
    every = (*(_need(terms, w) for w in ways), *needs)
    decision = Decision(outcome, ids, every, names, terms.digest, explain(terms, outcome, ids, every, names))
    if not needs and len(terms.decided) < MAX_REMEMBERED:
        terms.decided[key] = decision
    return decision


def _need(terms: Terms, given: Given) -> Need:
    return Need(
        approvals=_names(terms, "approvals", given.approvals),
        exceptions=_names(terms, "exceptions", given.exceptions),
        duties=_names(terms, "duties", given.duties),
    )


def _names(terms: Terms, fact: str, bits: int) -> tuple[str, ...]:
    return tuple(n for n, bit in terms.scope.vocabulary.bits[fact].items() if bits & bit)


def _bits(terms: Terms, fact: str, names: Sequence[str]) -> int:
    return sum(terms.scope.vocabulary.bits[fact].get(n, 0) for n in set(names))
