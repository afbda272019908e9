"""The part of `terms lint` that needs the solver: what no reading of one clause by itself can show.

Every finding that can have a use has the least one, borne out by closures and Cedar engine before it is shown. What
the solver leaves open is a finding too, never silence.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from brightline.analysis.shadows import Reach, Shadow, never, shadows
from brightline.analysis.smt import RLIMIT
from brightline.analysis.supplies import idle, unperformed
from brightline.analysis.withholding import Cell, withholding
from brightline.errors import OracleError
from brightline.terms import DEFAULT_DENY, DUTIES, Clause, Decision, Finding, Outcome, Pack, confirm, decide
from brightline.terms.cubes import cubes
from brightline.terms.explain import both
from brightline.terms.lint import Severity, pack_place, place_of
from brightline.terms.supplying import Given
from brightline.vocabulary import Use, use_json

MANY = 6
_KIND = {"approvals": "the approval of", "duties": "the duty to", "exceptions": "the certificate"}


def lint_meaning(pack: Pack, rlimit: int = RLIMIT) -> list[Finding]:
    """All findings about what the clauses of `pack` mean together, the same on every run.

    `rlimit`: Z3's count of work for one question. Raises OracleError where a use does not bear its finding out.
    """
    found = _Findings(pack, Reach(pack.terms, rlimit))
    return [
        *found.never(),
        *found.shadowed(),
        *found.contradictions(),
        *found.supplies(),
        *found.withheld(),
        *found.undecided(),
        *found.unsettled(),
    ]


class _Findings:
    """Findings about one pack, each made from what the questions' modules found."""

    def __init__(self, pack: Pack, reach: Reach) -> None:
        self.pack, self.terms, self.reach = pack, pack.terms, reach

    def never(self) -> Iterator[Finding]:
        for c in never(self.reach):
            if cubes(c.condition, 64) != []:  # what contradicts itself fact by fact is said without a solver
                text = "no use can meet its condition, as components, models and claims are: correct it, or take it out"
                yield self.finding("never-applies", c, Severity.ERROR, text)

    def shadowed(self) -> Iterator[Finding]:
        for s in shadows(self.reach):
            code, severity, text = _shadow(s)
            use = self.reach.least(s.term)
            self.bear_out(use, [s.clause], s.by)
            yield self.finding(code, s.clause, severity, text, use)

    def contradictions(self) -> Iterator[Finding]:
        """Forbids that leave no use of an activity between them, though each alone leaves some."""
        reach = self.reach
        groups: dict[tuple[str, ...], tuple[Sequence[Clause], list[str]]] = {}
        for activity in self.terms.scope.vocabulary.activities:
            some = reach.space.logic.every([reach.space.activity([activity]), reach.some(reach.permits)])
            if reach.ever(some) and reach.never(some, reach.none(reach.forbids)):
                found = reach.covering(some, reach.forbids)
                if len(found) > 1:
                    groups.setdefault(tuple(c.id for c in found), (found, []))[1].append(activity)
        for by, activities in groups.values():
            use = reach.least(reach.space.activity(activities[:1]), reach.some(reach.permits))
            self.bear_out(use, [], by)
            text = (
                f"contradicts {_named(by[1:])}: together they forbid every use of {_summed(activities)}, which none "
                "does alone: let one say so alone, or leave some use open"
            )
            yield self.finding("contradicts", by[0], Severity.WARNING, text, use)

    def supplies(self) -> Iterator[Finding]:
        for c, duty in unperformed(self.reach):
            text = f"no gateway performs the duty {duty!r} that it asks for: ask for one that is performed"
            yield self.finding("opens-nothing", c, Severity.ERROR, text)
        for found in idle(self.reach):
            use = self.reach.least(found.lifted)
            self.bear_out(use, [], [])
            text = (
                f"{_KIND[found.fact]} {found.word!r} that it asks for opens no use: other clauses deny each that "
                "it could open; take the word out, or let it open something"
            )
            yield self.finding("opens-nothing", found.clause, Severity.WARNING, text, use)

    def withheld(self) -> Iterator[Finding]:
        for cell in withholding(self.reach):
            silent, told = self.decided(cell.silent), self.decided(cell.open_)
            if not _worse(silent, told):
                raise self.contradicted(f"{cell.fact.name} withheld")
            bites, cure = f"{cell.clause.id} bites" if cell.clause else "no clause permits it", _cure(cell)
            text = (
                f"withholding pays: {_said(silent)} while {cell.fact.name} is not stated, {_said(told)} where it is "
                f"{cell.value}, for then {bites}; {cure}"
            )
            yield self.finding("withholding-pays", cell.clause, Severity.WARNING, text, cell.silent)

    def undecided(self) -> Iterator[Finding]:
        """Activities about which clauses speak, and still leave uses that none decides."""
        reach, index = self.reach, self.terms.scope.vocabulary.index
        every = Given(*(self.terms.scope.full[index[name]] for name in ("approvals", "duties")))
        deciding = [reach.space.condition(c, every) for c in (*reach.permits, *reach.forbids)]
        none = reach.space.logic.no(reach.space.logic.some(deciding))
        spoken = [a for a in self.terms.scope.vocabulary.activities if self.terms.applicable(a)]
        silent = [a for a in spoken if reach.ever(reach.space.activity([a]), none)]
        use = reach.least(reach.space.activity(silent), none) if silent else None
        if use is not None:
            if self.decided(use).clauses != (DEFAULT_DENY,):
                raise self.contradicted(DEFAULT_DENY)
            text = (
                f"some uses of {_summed(silent)} are decided by no clause, so they are denied by default: permit them, "
                "or say in a forbid that this is meant"
            )
            yield self.finding("undecided-cells", None, Severity.NOTE, text, use)

    def unsettled(self) -> Iterator[Finding]:
        if count := self.reach.unsettled:
            text = f"{count} questions about its meaning are not settled: the solver reached its limit; split the text"
            yield self.finding("not-known", None, Severity.WARNING, text)

    def finding(
        self, code: str, clause: Clause | None, severity: Severity, text: str, use: Use | None = None
    ) -> Finding:
        place = place_of(self.pack, clause) if clause else pack_place(self.pack)
        return Finding(code, clause.id if clause else "", severity, text, place, use_json(use) if use else None)

    def decided(self, use: Use) -> Decision:
        """The decision that closures and engine agree on."""
        decision = decide(self.terms, use)
        confirm(self.terms, use, decision, [d for d in DUTIES if d in self.terms.scope.vocabulary.bits["duties"]])
        return decision

    def bear_out(self, use: Use | None, every: Sequence[Clause], some: Sequence[Clause]) -> None:
        """Raises OracleError unless closures and engine agree on `use`, all of `every` apply to it, and if there are
        `some`, one of those."""
        if use is None:  # not settled, and counted as that
            return
        self.decided(use)
        permits, forbids = self.terms.match[use.activity](self.terms.scope.encode(use))
        found = {c.id for r, c in enumerate(self.terms.clauses) if (permits | forbids) >> r & 1}
        if not found.issuperset(c.id for c in every) or (some and found.isdisjoint(c.id for c in some)):
            raise self.contradicted(_named([*every, *some]))

    def contradicted(self, what: str) -> OracleError:
        return OracleError(f"the solver's use for {what} does not bear it out", cure="report the terms' digest")


def _shadow(s: Shadow) -> tuple[str, Severity, str]:
    """(code, severity, text) of a clause that changes nothing."""
    if not s.by:
        text = "no clause permits any use that it forbids, which would be denied anyway: take it out, or permit more"
        return "shadowed", Severity.NOTE, text
    if all(c.permits is s.clause.permits for c in s.by):
        severity = Severity.NOTE if s.clause.permits else Severity.WARNING
        does, done = ("permits", "permitted") if s.clause.permits else ("forbids", "forbidden")
        text = f"every use that it {does} is {done} by {_named(s.by)} too: take it out, or say what it adds"
        return "shadowed", severity, text
    if len(s.by) == 1:
        text = f"contradicts {_named(s.by)}, which forbids every use that it permits: narrow one, or take it out"
        return "contradicts", Severity.ERROR, text
    text = (
        f"every use that it permits is forbidden, by {_named(s.by)}: it never takes effect; narrow them, or take it out"
    )
    return "shadowed", Severity.ERROR, text


def _worse(before: Decision, after: Decision) -> bool:
    """Whether some way that `before` leaves is asked more, or closed, in `after`."""
    return any(not any(less <= more for less in _ways(after)) for more in _ways(before))


def _ways(decision: Decision) -> list[set[str]]:
    if decision.outcome is Outcome.PERMIT:
        return [set(decision.duties)]
    held = decision.outcome is Outcome.HOLD
    return [{*n.approvals, *n.duties} for n in decision.needs if held]


def _said(decision: Decision) -> str:
    """`hold for official or chief`."""
    if decision.outcome is not Outcome.HOLD:
        return str(decision.outcome)
    return f"hold for {' or '.join(' and '.join(n.approvals) for n in decision.needs)}"


def _cure(cell: Cell) -> str:
    if cell.clause is None:
        return "permit that value too, or forbid what is not stated"
    return f'let it bite where {cell.fact.name} is "unknown" too'


def _named(clauses: Sequence[Clause]) -> str:
    return both([f"{c.id} (line {c.line})" for c in clauses])


def _summed(activities: Sequence[str]) -> str:
    """The activities; of many, how many in which groups."""
    if len(activities) <= MANY:
        return both(activities)
    groups = Counter(a.partition(".")[0] for a in activities)
    return f"{len(activities)} activities ({', '.join(f'{n} in {g}' for g, n in groups.items())})"
