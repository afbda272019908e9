"""decide(terms, use) -> Decision: the one idea (DESIGN section 1).

Everything that can change a decision is a fact of the use, so an approval is a fact and an audit is a replay.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import product

from brightline.terms.asking import missing_facts
from brightline.terms.explain import explain
from brightline.terms.outcome import DEFAULT_DENY, Decision, Need, Outcome
from brightline.terms.supplying import Case, Given, subsets
from brightline.terms.terms import Terms
from brightline.vocabulary import Alternative, Source, Use

DUTIES = ("note", "redact", "minimise", "sample")
"""What a whole gateway can perform; one that can do less passes its own."""


MAX_REMEMBERED = 4096


def decide(terms: Terms, use: Use, performable: Sequence[str] = DUTIES) -> Decision:
    """What `terms` say of `use` and of every alternative it may be; the strictest outcome stands, needs are joined.

    Total on uses that `read_use` let through. DESIGN section 3, "Outcome".
    """
    duties = _bits(terms, "duties", performable)
    decision = decide_case(terms, use.activity, terms.scope.encode(use), duties)
    for alternative in use.alternatives:
        other = alternate(use, alternative)
        decision = _strictest(terms, decision, decide_case(terms, other.activity, terms.scope.encode(other), duties))
    return decision


def alternate(use: Use, alternative: Alternative) -> Use:
    """The use as the screen infers it to be."""
    return replace(
        use,
        activity=alternative.activity or use.activity,
        facts={**use.facts, **alternative.facts},
        sources={**use.sources, **dict.fromkeys(alternative.facts, Source.INFERRED)},
        alternatives=(),
    )


def decide_case(terms: Terms, activity: str, v: Sequence[int], performable: int) -> Decision:
    """The decision on one encoded use, no alternatives. `performable`: duties as bits."""
    match = terms.match[activity]
    permits, forbids = match(v)
    # 1. permit, with the fewest duties
    if permits and not forbids:
        return _decision(terms, Outcome.PERMIT, permits)
    case = Case(terms, match, activity, v, performable)
    reach = case.within_reach(permits, forbids)
    everything = Given(reach.approvals, reach.duties)
    if case.allows(everything):
        ways = list(case.minimal(reach))
        if not ways[0].approvals:
            given, _ = case.applying(ways[0])
            return _decision(terms, Outcome.PERMIT, given | forbids, duties=ways[0].duties)
        # 2. hold, for each minimal set of approvals
        given, _ = case.applying(ways[0])
        return _decision(terms, Outcome.HOLD, forbids or given, needs=tuple(_need(terms, w) for w in ways))
    # 3. ask, where the denial turns on what is not known
    _, stubborn = case.applying(everything)
    facts = missing_facts(case, everything)
    if facts is not None:
        return _decision(terms, Outcome.ASK, stubborn, needs=(Need(facts=facts),))
    # 4. deny, naming certificates that would change it
    return _decision(terms, Outcome.DENY, stubborn, needs=tuple(_certificates(case, everything, reach.exceptions)))


def _certificates(case: Case, everything: Given, exceptions: int) -> list[Need]:
    """What the denial would need beside each minimal set of missing certificates."""
    out: list[Need] = []
    found: list[int] = []
    for some in subsets(exceptions):
        if not some or any(f & some == f for f in found):
            continue
        given = replace(everything, exceptions=some)
        if case.allows(given):
            permits, forbids = case.applying(Given(exceptions=some))
            ways = case.minimal(case.within_reach(permits, forbids), some)
            needs = [_need(case.terms, w) for w in ways]
        else:
            facts = missing_facts(case, given)
            needs = [] if facts is None else [replace(_need(case.terms, Given(exceptions=some)), facts=facts)]
        if needs:
            found.append(some)
            out.extend(needs)
    return out


def _strictest(terms: Terms, a: Decision, b: Decision) -> Decision:
    """The stricter of two decisions; where they are equal, both at once."""
    if a.outcome is not b.outcome:
        strict, mild = (a, b) if a.outcome.strictness > b.outcome.strictness else (b, a)
        if strict.outcome is Outcome.HOLD and mild.duties:
            needs = tuple(replace(n, duties=_joined(terms, "duties", n.duties, mild.duties)) for n in strict.needs)
            return replace(strict, needs=needs)
        return strict
    order = [c.id for c in terms.clauses] + [DEFAULT_DENY]
    clauses = tuple(sorted({*a.clauses, *b.clauses}, key=order.index))
    if a.outcome is Outcome.DENY and not (a.needs and b.needs):
        joined: tuple[Need, ...] = ()  # where no certificate lifts one of them, none lifts both
    else:
        joined = _minimal([_both(terms, x, y) for x, y in product(a.needs, b.needs)])
    duties = _joined(terms, "duties", a.duties, b.duties)
    return Decision(a.outcome, clauses, joined, duties, a.terms, explain(terms, a.outcome, clauses, joined, duties))


def _both(terms: Terms, a: Need, b: Need) -> Need:
    facts = dict(a.facts)
    for name, source in b.facts.items():
        facts[name] = Source.ATTESTED if Source.ATTESTED in (source, facts.get(name)) else source
    return Need(
        _joined(terms, "approvals", a.approvals, b.approvals),
        facts,
        _joined(terms, "exceptions", a.exceptions, b.exceptions),
        _joined(terms, "duties", a.duties, b.duties),
    )


def _minimal(needs: Sequence[Need]) -> tuple[Need, ...]:
    """`needs` without those that ask for as much as another and more; fewest approvals first."""

    def size(n: Need) -> tuple[set[str], ...]:
        return set(n.approvals), set(n.exceptions), set(n.facts), set(n.duties)

    out: list[Need] = []
    for n in sorted(needs, key=lambda n: (len(n.exceptions), len(n.approvals), len(n.facts), len(n.duties))):
        if not any(all(x <= y for x, y in zip(size(m), size(n), strict=True)) for m in out):
            out.append(n)
    return tuple(out)


def _joined(terms: Terms, fact: str, a: Sequence[str], b: Sequence[str]) -> tuple[str, ...]:
    return tuple(n for n in terms.scope.vocabulary.facts[fact].names if n in a or n in b)


def _decision(
    terms: Terms, outcome: Outcome, clauses: int, *, needs: tuple[Need, ...] = (), duties: int = 0
) -> Decision:
    key = (outcome, clauses, duties)
    if not needs and key in terms.decided:
        return terms.decided[key]
    ids = terms.ids(clauses) or (DEFAULT_DENY,)
    names = _names(terms, "duties", duties)
    decision = Decision(outcome, ids, needs, names, terms.digest, explain(terms, outcome, ids, needs, names))
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
    return sum(terms.scope.vocabulary.bits[fact].get(n, 0) for n in names)
