"""Cedar JSON read into formulas; whatever is outside the profile is an error with its cure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Never

from brightline.errors import TermsError, nearest
from brightline.terms.adoption import Adoption
from brightline.terms.formula import (
    FALSE,
    MAX_NUMBER,
    TRUE,
    Formula,
    Has,
    between,
    conjunction,
    disjunction,
    negation,
    within,
)
from brightline.terms.scope import Scope
from brightline.vocabulary import Fact, FactKind

CURE = (
    "a condition combines ==, !=, contains, containsAny, containsAll, <, <=, >, >= over context facts and constants "
    "with &&, || and !"
)
_CURES = {
    "like": 'name the values: ["a", "b"].contains(context.fact)',
    "has": 'every fact is always there; compare it with "unknown"',
    "if-then-else": "write (a && b) || (!a && c), or two clauses",
    "in": 'name activities in the clause\'s scope (action in [Action::"a"]), and one Component or Model at a time',
    "is": "write it in the clause's scope: principal is Actor",
    "isEmpty": 'name the members: !context.set.containsAny(["a", "b"])',
    "Value": "write true or false",
    ".": 'compare the fact with a constant: context.fact == "value"',
}
MAX_NESTING = 100
NESTING = f'nest at most {MAX_NESTING} levels; for many values write ["a", "b"].contains(context.fact)'
_KIND = {"principal": "Actor", "resource": "Model"}
_A = {FactKind.ENUM: "an enumeration", FactKind.SET: "a set", FactKind.NUMBER: "a number"}
_SWAPPED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads the parts of one policy; `place` names file, line and clause in every error."""

    scope: Scope
    place: str
    adoption: Adoption = field(default_factory=Adoption)

    def activities(self, action: Mapping[str, Any]) -> frozenset[str]:
        """The activities that a policy's action scope covers."""
        words = self.scope.vocabulary
        if action["op"] == "All":
            return frozenset(words.activities)
        entities = action["entities"] if "entities" in action else [action["entity"]]
        if not entities:
            self.bad("no activity in scope", "name one, or write `action` alone for all")
        found: set[str] = set()
        for e in entities:
            members = words.in_group(e["id"])
            if action["op"] == "==" and e["id"] in words.groups:
                self.bad(f"{e['id']} is a group of activities", f'write action in Action::"{e["id"]}"')
            if e["type"] != "Action" or not members:
                near = nearest(e["id"], [*words.activities, *words.groups])
                self.bad(f"no activity or group is called {e['id'][:60]!r}", near)
            found.update(members)
        return frozenset(found)

    def scoped(self, var: str, part: Mapping[str, Any]) -> Formula:
        """What a policy's principal or resource scope asks."""
        match part:
            case {"op": "All"}:
                return TRUE
            case {"op": "in" | "==" as op, "entity": entity}:
                return self.lies_in(var, op, entity)
            case {"op": "is", "entity_type": "Actor" | "Model" as kind, **rest} if kind == _KIND[var]:
                inner = rest.get("in")
                return self.lies_in(var, "in", inner["entity"]) if inner else TRUE
            case _:
                self.bad(f"{var} is always of the type {_KIND[var]}", f"write {var} is {_KIND[var]}, or {var} alone")

    def lies_in(self, var: str, op: str, entity: Mapping[str, str]) -> Formula:
        """`principal in Component::"x"`, `resource == Model::"m"`, `resource in Model::"family"`."""
        kind, name = entity["type"], entity["id"]
        if var == "principal" and kind == "Component" and op == "in":
            if name not in self.scope.components:
                near = nearest(name, self.scope.components)
                self.bad(f"no component {name[:60]!r}", f"declare it under [components]; {near}")
            return Has(self.scope.component_place, self.scope.component_bit(name))
        if var == "resource" and kind == "Model":
            if name not in self.scope.models:
                self.bad(f"no model {name[:60]!r}", f"declare it under [models]; {nearest(name, self.scope.models)}")
            if op == "==" and any(name in above for above in self.scope.models.values()):
                self.bad(f"other models lie in {name}", f'write resource in Model::"{name}"')
            return Has(self.scope.model_place, self.scope.model_bit(name))
        self.bad(f'{var} {op} {kind}::"{name[:60]}"', 'write principal in Component::"…" or resource in Model::"…"')

    def formula(self, body: Mapping[str, Any], depth: int = 0) -> Formula:
        """The condition in one Cedar JSON expression."""
        if depth > MAX_NESTING:
            self.bad("nested too deeply", NESTING)
        op, args = next(iter(body.items()))
        match body:
            case {"Value": bool(value)}:
                return TRUE if value else FALSE
            case {"!": {"arg": arg}}:
                return negation(self.formula(arg, depth + 1), self.scope.full)
            case {"&&": {"left": left, "right": right}}:
                return conjunction([self.formula(left, depth + 1), self.formula(right, depth + 1)])
            case {"||": {"left": left, "right": right}}:
                return disjunction([self.formula(left, depth + 1), self.formula(right, depth + 1)])
            case {"in": {"left": {"Var": "principal" | "resource" as var}, "right": {"Value": {"__entity": entity}}}}:
                return self.lies_in(var, "in", entity)
            case _ if op in _SWAPPED:
                return self.compared(op, args["left"], args["right"])
            case _ if op in ("contains", "containsAny", "containsAll"):
                return self.contained(op, args["left"], args["right"])
            case _:
                self.bad(f"{op!r} is outside the profile", _CURES.get(op, CURE))

    def compared(self, op: str, left: Mapping[str, Any], right: Mapping[str, Any]) -> Formula:
        """A fact against a constant, in either order."""
        match left, right:
            case {"Value": value}, {".": {"left": {"Var": "context"}, "attr": name}}:
                op = _SWAPPED[op]
            case {".": {"left": {"Var": "context"}, "attr": name}}, {"Value": value}:
                pass
            case {"Var": "resource" as var}, {"Value": {"__entity": entity}} if op in ("==", "!="):
                same = self.lies_in(var, "==", entity)
                return same if op == "==" else negation(same, self.scope.full)
            case _:
                self.bad(f"{op} compares something else than a fact with a constant", CURE)
        fact = self.fact(name)
        i = self.scope.vocabulary.index[fact.name]
        if fact.kind is FactKind.ENUM and op in ("==", "!="):
            same = self.one_of(fact, [value])
        elif fact.kind is FactKind.NUMBER and isinstance(value, int) and not isinstance(value, bool):
            low, high = {
                "==": (value, value),
                "!=": (value, value),
                "<": (0, value - 1),
                "<=": (0, value),
                ">": (value + 1, MAX_NUMBER),
                ">=": (value, MAX_NUMBER),
            }[op]
            same = between(i, low, high)
        else:
            self.bad(f"{op} does not fit the fact {fact.name}, {_A[fact.kind]}", CURE)
        return negation(same, self.scope.full) if op == "!=" else same

    def contained(self, op: str, left: Mapping[str, Any], right: Mapping[str, Any]) -> Formula:
        """`context.set.contains("x")`, `context.set.containsAny(["x"])`, `["a", "b"].contains(context.enum)`."""
        match left, right:
            case {"Set": list(items)}, {".": {"left": {"Var": "context"}, "attr": name}} if op == "contains":
                fact = self.fact(name)
                if fact.kind is not FactKind.ENUM:
                    self.bad(f"[…].contains(context.{name}) does not fit {_A[fact.kind]}", CURE)
                return self.one_of(fact, [self.constant(x) for x in items])
            case {".": {"left": {"Var": "context"}, "attr": name}}, {"Value": value} if op == "contains":
                members = [value]
            case {".": {"left": {"Var": "context"}, "attr": name}}, {"Set": list(items)} if op != "contains":
                members = [self.constant(x) for x in items]
            case _:
                self.bad(f"{op} is used otherwise than on a fact and constants", CURE)
        fact = self.fact(name)
        if fact.kind is not FactKind.SET:
            self.bad(f"context.{name} is {_A[fact.kind]}, not a set", f'write ["…"].contains(context.{name})')
        i = self.scope.vocabulary.index[name]
        each = [disjunction(Has(i, bit) for bit in self.bits(fact, m)) for m in members]
        return disjunction(each) if op == "containsAny" else conjunction(each)

    def one_of(self, fact: Fact, values: list[object]) -> Formula:
        i = self.scope.vocabulary.index[fact.name]
        bits = {bit for v in values for bit in self.bits(fact, v)}
        return within(i, sum(bits), self.scope.full[i])

    def fact(self, name: str) -> Fact:
        return self.scope.vocabulary.fact(name, self.place, TermsError)

    def bits(self, fact: Fact, value: object) -> list[int]:
        """The bit of `value`, then of each adopted value for which it stands."""
        if not isinstance(value, str):
            self.bad(f"{fact.name} holds words", f"known: {', '.join(fact.names)}")
        words = self.scope.vocabulary
        name = words.value(fact, value, self.place, TermsError)
        return [words.bits[fact.name][v] for v in self.adoption.standing_for(fact.name, name)]

    def constant(self, item: Mapping[str, Any]) -> object:
        if "Value" not in item:
            self.bad("a set with something else than constants", CURE)
        return item["Value"]

    def bad(self, text: str, cure: str) -> Never:
        raise TermsError(text, place=self.place, cure=cure)
