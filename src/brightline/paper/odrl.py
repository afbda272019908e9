"""Terms as an ODRL 2.2 policy (W3C Recommendation of 15 February 2018), inside a documented fragment.

The fragment: rules whose constraints are a conjunction, each on a single fact. A clause whose condition is a choice
between conjunctions is as many rules: it applies iff one of them does. A clause outside the fragment is listed with the
reason, never dropped in silence. What of the terms ODRL cannot say is in docs/reference/odrl.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, assert_never

from brightline.terms import Pack, Terms
from brightline.terms.clause import MAX_CUBES, Clause
from brightline.terms.cubes import Members, Part, cubes
from brightline.terms.formula import MAX_NUMBER, Between, In
from brightline.terms.scope import Scope

CONTEXT = "http://www.w3.org/ns/odrl.jsonld"
DUBLIN_CORE = "http://purl.org/dc/terms/"
XML_SCHEMA = "http://www.w3.org/2001/XMLSchema#"
PREFIX = "brightline"
NAMESPACE = "urn:brightline:odrl:"
PROFILE = f"{NAMESPACE}profile-1"


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A clause that is not in the policy. `effect`: what it would be there."""

    clause: str
    effect: str
    reason: str

    def to_json(self) -> dict[str, str]:
        return {"clause": self.clause, "effect": self.effect, "reason": self.reason}


@dataclass(frozen=True, slots=True)
class Policy:
    """`document`: JSON-LD, with what was left out in it. `left_out`: clauses that decide nothing."""

    document: Mapping[str, Any]
    rules: int
    left_out: Sequence[LeftOut]


def odrl(pack: Pack) -> Policy:
    """The policy of a pack.

    Law: on a use with the approvals and duties that it has in hand, a clause applies iff the constraints of one of its
    rules are met. So the terms allow a use iff some permission applies and no prohibition does.
    """
    terms = pack.terms
    permissions: list[dict[str, Any]] = []
    prohibitions: list[dict[str, Any]] = []
    left_out: list[LeftOut] = []
    for clause in terms.clauses:
        found = _rules(terms, clause)
        if isinstance(found, LeftOut):
            left_out.append(found)
        else:
            (permissions if clause.permits else prohibitions).extend(found)
    about = {
        "dc:title": pack.about.get("title"),
        "dc:creator": pack.about.get("party"),
        "dc:date": pack.about.get("date"),
    }
    document = {
        "@context": [CONTEXT, {PREFIX: NAMESPACE, "dc": DUBLIN_CORE, "xsd": XML_SCHEMA}],
        "@type": "Set",
        "uid": f"urn:brightline:terms:{terms.digest}",
        "profile": PROFILE,
        "conflict": "prohibit",
        **{k: v for k, v in about.items() if v},
        f"{PREFIX}:cedarDigest": terms.digest,
        f"{PREFIX}:vocabulary": [
            {f"{PREFIX}:module": m.name, f"{PREFIX}:digest": m.digest} for m in terms.scope.vocabulary.modules
        ],
        f"{PREFIX}:leftOut": [{f"{PREFIX}:{k}": v for k, v in one.to_json().items()} for one in left_out],
        **({"permission": permissions} if permissions else {}),
        **({"prohibition": prohibitions} if prohibitions else {}),
    }
    return Policy(document, len(permissions) + len(prohibitions), left_out)


def _rules(terms: Terms, clause: Clause) -> list[dict[str, Any]] | LeftOut:
    """The clause as rules, of which one applies iff it does; or why it is none."""
    effect = "permission" if clause.permits else "prohibition"
    if not clause.decides:
        return LeftOut(clause.id, effect, "it decides nothing: words taken literally against what their party means")
    found = cubes(clause.condition, MAX_CUBES)
    if not found or not clause.activities:
        return LeftOut(clause.id, effect, "it applies to no use")
    name = f"urn:brightline:terms:{terms.digest}#{clause.id}"
    said = {"dc:title": clause.title, "dc:description": clause.text, "dc:source": clause.annotations.get("source")}
    out = []
    for n, cube in enumerate(found, 1):
        constraints = [c for i, part in sorted(cube.items()) for c in _constraints(terms.scope, i, part)]
        rule = {
            "uid": f"{name}/{n}" if len(found) > 1 else name,
            f"{PREFIX}:clause": clause.id,
            "target": f"{NAMESPACE}models",
            "action": [f"{PREFIX}:{a}" for a in terms.scope.vocabulary.activities if a in clause.activities],
        }
        out.append(rule | ({"constraint": constraints} if constraints else {}) | {k: v for k, v in said.items() if v})
    return out


def _constraints(scope: Scope, i: int, part: Part) -> Iterator[dict[str, Any]]:
    """One fact's part of a conjunction."""
    name, values = _fact(scope, i)
    match part:
        case In(_, mask):
            yield _constraint(name, "isAnyOf", _values(values, mask))
        case Members(_, has, lacks):
            if has:
                yield _constraint(name, "isAllOf", _values(values, has))
            if lacks:
                yield _constraint(name, "isNoneOf", _values(values, lacks))
        case Between(_, low, high):
            if low > 0:
                yield _constraint(name, "gteq", {"@value": str(low), "@type": "xsd:integer"})
            if high < MAX_NUMBER:
                yield _constraint(name, "lteq", {"@value": str(high), "@type": "xsd:integer"})
        case _:
            assert_never(part)


def _fact(scope: Scope, i: int) -> tuple[str, Sequence[str]]:
    """The fact at a place of an encoded use, and its values."""
    if i == scope.component_place:
        return "component", scope.components
    if i == scope.model_place:
        return "model", list(scope.models)
    fact = list(scope.vocabulary.facts.values())[i]
    return fact.name, fact.names


def _constraint(name: str, operator: str, right: Any) -> dict[str, Any]:
    return {"leftOperand": f"{PREFIX}:{name}", "operator": operator, "rightOperand": right}


def _values(names: Sequence[str], mask: int) -> list[str]:
    return [n for bit, n in enumerate(names) if mask >> bit & 1]
