"""All uses that there can be under one scope, as finite domains, and formulas over them.

Law: a use satisfies `Space.domain` together with `Space.formula(f)` iff it is a use (`read_use` takes it) and `holds(f,
scope.encode(use))`. An enumeration, the activity, the component and the model each have one Boolean a value; a set has
one a member; a number is an integer. Components and models are the classes that clauses can tell apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property

from brightline.analysis.smt.logic import Logic, Term
from brightline.terms.clause import Clause
from brightline.terms.formula import MAX_NUMBER, And, Between, Formula, Has, In, Or, leaves
from brightline.terms.scope import Scope
from brightline.terms.supplying import Given
from brightline.terms.terms import Terms
from brightline.vocabulary import UNKNOWN, FactKind, Source, Use
from brightline.vocabulary.use import FactValue

OUTSIDE = ""
"""The component or model of a use that lies in none that is declared."""


class Space:
    """The uses of one scope. Every term is built once: keep a Space as long as its scope's terms are looked at."""

    def __init__(self, scope: Scope) -> None:
        self.scope, self.logic = scope, Logic()
        words, bit = scope.vocabulary, self.logic.bit
        self.facts = tuple(words.facts.values())
        # 1. one Boolean for each activity, value, member, component and model; one integer for each number
        self.activities: Mapping[str, Term] = {a: bit(f"activity={a}") for a in words.activities}
        self.components: Mapping[str, Term] = {c: bit(f"component={c}") for c in (OUTSIDE, *scope.components)}
        self.models: Mapping[str, Term] = {m: bit(f"model={m}") for m in (OUTSIDE, *scope.models)}
        self.values: Sequence[Sequence[Term]] = [[bit(f"{f.name}={v}") for v in f.names] for f in self.facts]
        self.numbers: Mapping[int, Term] = {
            i: self.logic.number(f.name) for i, f in enumerate(self.facts) if f.kind is FactKind.NUMBER
        }
        # 2. what each place's bits stand for: the last two places are sets of what the use lies in
        above = [(self.components[c], scope.components_of(c)) for c in scope.components]
        beyond = [(self.models[m], scope.models_of(m)) for m in scope.models]
        self._bits: Sequence[Sequence[Term]] = [
            *self.values,
            [self.logic.some([t for t, bits in above if bits >> k & 1]) for k in range(len(scope.components))],
            [self.logic.some([t for t, bits in beyond if bits >> k & 1]) for k in range(len(scope.models))],
        ]
        self._leaves: dict[Formula, Term] = {}
        self._built: dict[tuple[int, tuple[int, int, int] | None], tuple[Formula, Term]] = {}
        self._named: dict[int, tuple[Formula, Iterable[int]]] = {}
        self._supplies = tuple(words.index[n] for n in ("approvals", "duties", "exceptions"))
        self._scopes: dict[frozenset[str], Term] = {}

    @cached_property
    def domain(self) -> Term:
        """What is true of every use there can be."""
        logic, words = self.logic, self.scope.vocabulary
        # 1. one activity, component and model; one value for each enumeration; numbers within 63 bits
        out = [logic.one([*some.values()]) for some in (self.activities, self.components, self.models)]
        for i, f in enumerate(self.facts):
            match f.kind:
                case FactKind.ENUM:
                    out.append(logic.one(self.values[i]))
                case FactKind.NUMBER:
                    out.append(self._between(i, 0, MAX_NUMBER))
                case FactKind.SET:
                    pass
        # 2. only what is known can be claimed (`vocabulary.use.claimed`); the set names no fact of the gateway's
        for name, claim in self.claims.items():
            if words.facts[name].kind is FactKind.ENUM:
                out.append(logic.some([logic.no(claim), self._known(words.index[name])]))
        return logic.every(out)

    @cached_property
    def claims(self) -> Mapping[str, Term]:
        """Fact → that it rests on a claim alone; none of the gateway's own."""
        words = self.scope.vocabulary
        return dict(zip(words.facts["claimed"].names, self.values[words.index["claimed"]], strict=True))

    @cached_property
    def stated(self) -> Sequence[Term]:
        """One Boolean for each fact stated, member of a set, component and model: what `least` counts."""
        out = [self.logic.no(some[OUTSIDE]) for some in (self.components, self.models)]
        for i, f in enumerate(self.facts):
            match f.kind:
                case FactKind.ENUM | FactKind.NUMBER:
                    out.append(self._known(i))
                case FactKind.SET if f.name != "claimed":
                    out += self.values[i]
            if f.name in self.claims and f.kind is not FactKind.ENUM:  # stated as empty, or as 0
                out.append(self.logic.every([self.claims[f.name], self.logic.no(self._known(i))]))
        return out

    @cached_property
    def choices(self) -> Sequence[Sequence[Term]]:
        """Of each choice all ways, of which one is true, first what is not stated: the order of `least`."""
        logic = self.logic
        out: list[list[Term]] = [[*self.activities.values()], [*self.components.values()], [*self.models.values()]]
        for i, f in enumerate(self.facts):
            match f.kind:
                case FactKind.ENUM:
                    *known, unknown = self.values[i]
                    out.append([unknown, *known])
                case FactKind.SET if f.name != "claimed":
                    out += [[logic.no(t), t] for t in reversed(self.values[i])]  # so that the first are kept
        # what is stated is merely claimed, as a use is unless it says otherwise
        for name, claim in self.claims.items():
            usual = logic.same(claim, self._known(self.scope.vocabulary.index[name]))
            out.append([usual, logic.no(usual)])
        return out

    def _known(self, i: int) -> Term:
        """The fact is other than unknown, empty or 0."""
        match self.facts[i].kind:
            case FactKind.ENUM:
                return self.logic.no(self.values[i][-1])
            case FactKind.SET:
                return self.logic.some(self.values[i])
            case FactKind.NUMBER:
                return self.numbers[i] >= 1

    def activity(self, names: Iterable[str]) -> Term:
        """The activity is one of `names`."""
        some = frozenset(names)
        found = self._scopes.get(some)
        if found is None:
            inside = [t for a, t in self.activities.items() if a in some]
            outside = [t for a, t in self.activities.items() if a not in some]
            found = self._scopes[some] = self._one_of(inside, outside)
        return found

    def condition(self, clause: Clause, given: Given | None = None) -> Term:
        """`clause` applies: its activity and its condition, approvals and duties as in `formula`."""
        return self.logic.every([self.activity(clause.activities), self.formula(clause.condition, given)])

    def formula(self, f: Formula, given: Given | None = None) -> Term:
        """`f` holds. With `given`, the approvals and duties are just those and its exceptions are added to the use's
        own; without, all three are the use's own."""
        if isinstance(f, In | Has | Between):
            return self._leaf(f, given)
        key = (id(f), None if given is None else self._given(f, given))
        found = self._built.get(key)
        if found is None:
            found = self._built[key] = (f, self._term(f, given))  # with the formula, so that its id stays its own
        return found[1]

    def allowed(self, terms: Terms, given: Given | None = None) -> Term:
        """Some permit applies and no forbid does; only clauses that decide."""
        deciding = [c for c in terms.clauses if c.decides]
        return self.logic.every(
            [
                self.logic.some([self.condition(c, given) for c in deciding if c.permits]),
                self.logic.no(self.logic.some([self.condition(c, given) for c in deciding if not c.permits])),
            ]
        )

    def exactly(self, use: Use) -> list[Term]:
        """Literals that only `use` satisfies: without alternatives, its actor apart, which no clause can name."""
        v = self.scope.encode(use)
        parts = [self.activities[use.activity]]
        for i, f in enumerate(self.facts):
            match f.kind:
                case FactKind.NUMBER:
                    parts.append(self._between(i, v[i], v[i]))
                case FactKind.ENUM:
                    parts.append(self.values[i][v[i].bit_length() - 1])
                case FactKind.SET:
                    parts += [t if v[i] >> k & 1 else self.logic.no(t) for k, t in enumerate(self.values[i])]
        for i in (self.scope.component_place, self.scope.model_place):
            parts += [t if v[i] >> k & 1 else self.logic.no(t) for k, t in enumerate(self._bits[i])]
        return parts

    def use(self, model: Term) -> Use:
        """The use that a Z3 model of `domain` describes: nothing stated that need not be, sources that give just its
        `claimed`."""
        claimed = {n for n, claim in self.claims.items() if self.logic.true_in(model, claim)}
        facts: dict[str, FactValue] = {}
        sources: dict[str, Source] = {}
        for i, f in enumerate(self.facts):
            if f.name == "claimed":
                continue
            value = self._value(model, i)
            if value in (UNKNOWN, frozenset(), 0) and f.name not in claimed:
                continue
            facts[f.name] = value
            if not f.gateway and f.name not in claimed:
                sources[f.name] = Source.ATTESTED
        return Use(
            activity=self._true(model, self.activities)[0],
            facts=facts,
            sources=sources,
            component=self._true(model, self.components)[0],
            model=self._true(model, self.models)[0],
        )

    def _value(self, model: Term, i: int) -> FactValue:
        f = self.facts[i]
        if f.kind is FactKind.NUMBER:
            return int(model.eval(self.numbers[i], model_completion=True).as_long())
        true = self._true(model, dict(zip(f.names, self.values[i], strict=True)))
        return true[0] if f.kind is FactKind.ENUM else frozenset(true)

    def _true(self, model: Term, terms: Mapping[str, Term]) -> list[str]:
        return [name for name, term in terms.items() if self.logic.true_in(model, term)]

    def _term(self, f: Formula, given: Given | None) -> Term:
        match f:
            case And(parts):
                terms = [self._term(p, given) for p in parts]
                if any(t is self.logic.false for t in terms):
                    return self.logic.false
                return self.logic.every([t for t in terms if t is not self.logic.true])
            case Or(parts):
                terms = [self._term(p, given) for p in parts]
                if any(t is self.logic.true for t in terms):
                    return self.logic.true
                return self.logic.some([t for t in terms if t is not self.logic.false])
            case _:
                return self._leaf(f, given)

    def _leaf(self, f: In | Has | Between, given: Given | None) -> Term:
        if given is not None and isinstance(f, Has) and f.i in self._supplies:
            approvals, duties, _ = self._supplies
            bits = {approvals: given.approvals, duties: given.duties}.get(f.i, given.exceptions)
            if bits & f.bit:
                return self.logic.false if f.absent else self.logic.true
            if f.i in (approvals, duties):
                return self.logic.true if f.absent else self.logic.false
        found = self._leaves.get(f)
        if found is None:
            found = self._leaves[f] = self._plain(f)
        return found

    def _plain(self, f: In | Has | Between) -> Term:
        match f:
            case In(i, mask):
                inside = [t for k, t in enumerate(self.values[i]) if mask >> k & 1]
                outside = [t for k, t in enumerate(self.values[i]) if not mask >> k & 1]
                return self._one_of(inside, outside)
            case Has(i, bit, absent):
                term = self._bits[i][bit.bit_length() - 1]
                return self.logic.no(term) if absent else term
            case Between(i, low, high):
                return self._between(i, low, high)

    def _one_of(self, inside: Sequence[Term], outside: Sequence[Term]) -> Term:
        """Exactly one of all is true, so the shorter side says it."""
        if len(inside) <= len(outside):
            return self.logic.some(inside)
        return self.logic.every([self.logic.no(t) for t in outside])

    def _between(self, i: int, low: int, high: int) -> Term:
        x = self.numbers[i]
        return self.logic.every([x >= low, x <= high])

    def _given(self, f: Formula, given: Given) -> tuple[int, int, int]:
        """Of `given`, what `f` names: all that its term can depend on."""
        found = self._named.get(id(f))
        if found is None:
            masks = dict.fromkeys(self._supplies, 0)
            for leaf in leaves(f):
                if isinstance(leaf, Has) and leaf.i in masks:
                    masks[leaf.i] |= leaf.bit
            found = self._named[id(f)] = (f, masks.values())
        approvals, duties, exceptions = found[1]
        return given.approvals & approvals, given.duties & duties, given.exceptions & exceptions


def space(scope: Scope) -> Space:
    """The space of all uses under `scope`."""
    return Space(scope)
