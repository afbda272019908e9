"""The Cedar engine: parser, strict validator, and the oracle that the closures must agree with.

The one door to `cedarpy`. Traps closed here (FINDINGS): every entity that a policy can name is given with every
request, so that no `forbid` errs and is skipped; any error in an answer raises OracleError, so that it denies. Text
that nests too deeply never reaches the parser, which would end the process: its stack is not guarded.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import cedarpy

from brightline.errors import OracleError, TermsError
from brightline.terms.adoption import Adoption
from brightline.terms.fault import fault
from brightline.terms.reading import NESTING
from brightline.terms.scope import Scope
from brightline.terms.source import Chunk, chunks
from brightline.vocabulary import Fact, FactKind
from brightline.vocabulary.schema import cedar_schema

MAX_BYTES = 1 << 20
MAX_PARSED = 256  # pairs of component and model whose entities the engine keeps
MAX_DEPTH = 128  # of brackets; the profile's 100 levels fit
MAX_OPERATORS = 2_000  # in one clause; `a || b || …` nests too. The engine's parser dies at about 10,000
BOM = "save the file as UTF-8 without a byte-order mark"
_LONE_CR = re.compile(r"\r(?!\n)")


def parse_policies(text: str, place: str) -> list[tuple[Chunk, Mapping[str, Any]]]:
    """The static policies of Cedar text with their places, in order. Raises TermsError naming the line."""
    return [(chunk, parse_policy(chunk, place)) for chunk in policies(text, place)]


def policies(text: str, place: str) -> list[Chunk]:
    """The texts of the policies, none of which can end the parser. Raises TermsError."""
    if len(text.encode()) > MAX_BYTES:
        raise TermsError("over 1 MiB of clauses", place=place, cure="split the text")
    if text.startswith("\ufeff"):
        raise TermsError("a byte-order mark", place=f"{place}:1", cure=BOM)
    # To Cedar a carriage return ends a comment; to `chunks`, and to an editor, it does not: a clause, or brackets that
    # end the process, could stand there unseen.
    if lone := _LONE_CR.search(text):
        here = f"{place}:{text.count(chr(10), 0, lone.start()) + 1}"
        raise TermsError("a carriage return without a line feed", place=here, cure="save the file with line ends \\n")
    return list(chunks(text))


def parse_policy(chunk: Chunk, place: str) -> Mapping[str, Any]:
    """The Cedar JSON of one policy of the file `place`. Raises TermsError naming its line."""
    here = f"{place}:{chunk.line}"
    if chunk.depth > MAX_DEPTH or chunk.operators > MAX_OPERATORS:
        raise TermsError("nested too deeply", place=here, cure=NESTING)
    try:
        parsed = json.loads(cedarpy.policies_to_json_str(chunk.text))
    except ValueError as e:
        line, cure = fault(chunk, str(e), _refusal)
        raise TermsError(f"not Cedar: {str(e)[:200]}", place=f"{place}:{line}", cure=cure) from None
    except RecursionError:
        raise TermsError("nested too deeply", place=here, cure=NESTING) from None
    if parsed["templates"] or len(parsed["staticPolicies"]) != 1:
        raise TermsError("not one plain policy", place=here, cure="write one permit or forbid without ?slots")
    policy: Mapping[str, Any] = parsed["staticPolicies"]["policy0"]
    return policy


def _refusal(text: str) -> str:
    """What the parser says of `text`; nothing where it takes it."""
    try:
        cedarpy.policies_to_json_str(text)
    except ValueError as e:
        return str(e)
    return ""


def policy_text(policy: Mapping[str, Any]) -> str:
    """Cedar text of one policy in Cedar JSON, laid out by Cedar's own formatter; `parse_policies` reads it back."""
    whole = {"templates": {}, "staticPolicies": {"policy0": policy}, "templateLinks": []}
    return cedarpy.format_policies(cedarpy.policies_from_json_str(json.dumps(whole)), 100, 2)


def validate(scope: Scope, clauses: Sequence[tuple[str, str]]) -> None:
    """Strict validation of (place, Cedar text) pairs. Raises TermsError with the place and the engine's own words."""
    schema = _schema(scope)

    def errors(text: str) -> list[str]:
        result = cedarpy.validate_policies(text, schema)
        return [] if result.validation_passed else [str(e) for e in result.errors] or ["no reason given"]

    if errors("\n".join(text for _, text in clauses)):
        for place, text in clauses:
            if found := errors(text):
                raise TermsError(f"not strictly valid: {found[0]}", place=place, cure="compare facts with their values")


class Oracle:
    """The Cedar engine on the same words: `allows` is the second reading of the terms. `clauses`: their Cedar text.

    Adopted words are read here by asking the engine about their parents, not by rewriting clauses.
    """

    def __init__(self, scope: Scope, clauses: Iterable[str], adoption: Adoption) -> None:
        self._scope, self._adoption = scope, adoption
        self._schema = _schema(scope)
        self._policies = cedarpy.PolicySet.from_str("\n".join(clauses))
        self._models = [_entity("Model", m, [("Model", p) for p in up]) for m, up in scope.models.items()]
        self._facts = [(f.name, f.kind, self._spoken(f)) for f in scope.vocabulary.facts.values()]
        self._parsed: dict[tuple[str, str], cedarpy.Entities] = {}

    def allows(self, activity: str, v: Sequence[int], component: str, model: str) -> bool:
        """Whether Cedar allows the encoded use. Raises OracleError where evaluation errs in any clause."""
        allowed, because = self._asked(activity, v, component, model)
        parent = self._adoption.activities.get(activity)
        if parent is None:
            return allowed
        forbidden = because and not allowed
        return not forbidden and self.allows(parent, v, component, model)

    def _asked(self, activity: str, v: Sequence[int], component: str, model: str) -> tuple[bool, bool]:
        """(allowed, whether any clause is the reason: a denial without one is by default)."""
        result = cedarpy.is_authorized(
            {
                "principal": {"type": "Actor", "id": "actor"},
                "action": {"type": "Action", "id": activity},
                "resource": {"type": "Model", "id": model},
                "context": self._context(v),
            },
            self._policies,
            self._entities(component, model),
            self._schema,
        )
        if result.diagnostics.errors:
            raise OracleError("the Cedar engine met an error in a clause", cure="the use is denied; report the clause")
        return bool(result.allowed), bool(result.diagnostics.reasons)

    def _context(self, v: Sequence[int]) -> dict[str, Any]:
        out: dict[str, Any] = {}
        for x, (fact, kind, names) in zip(v, self._facts, strict=False):
            match kind:
                case FactKind.ENUM:
                    out[fact] = names[x.bit_length() - 1]
                case FactKind.SET:
                    out[fact] = [n for i, n in enumerate(names) if x >> i & 1] if x else []
                case FactKind.NUMBER:
                    out[fact] = x
        return out

    def _spoken(self, fact: Fact) -> Sequence[str]:
        """The values of a fact, adopted ones as their parents, which the engine is asked about."""
        elders = self._adoption.values.get(fact.name, {})
        return [elders.get(n, n) for n in fact.names]

    def _entities(self, component: str, model: str) -> cedarpy.Entities:
        """Everything that a policy can name, parsed once for each component and model.

        With the schema, or the groups of activities are not there and `action in` is silently false.
        """
        found = self._parsed.get((component, model))
        if found is None:
            if len(self._parsed) >= MAX_PARSED:  # names come with requests
                self._parsed.clear()
            text = json.dumps(self._named(component, model))
            found = self._parsed[component, model] = cedarpy.Entities.from_json_str(text, self._schema)
        return found

    def _named(self, component: str, model: str) -> list[dict[str, Any]]:
        declared = self._scope.components
        paths = [
            _entity("Component", c, [("Component", p) for p in declared if c.startswith(p + "/")])
            for c in {*declared, component}
        ]
        mine = [] if model in self._scope.models else [_entity("Model", model, [])]
        return [_entity("Actor", "actor", [("Component", component)]), *paths, *self._models, *mine]


def _entity(kind: str, name: str, parents: Iterable[tuple[str, str]]) -> dict[str, Any]:
    return {
        "uid": {"type": kind, "id": name},
        "attrs": {},
        "parents": [{"type": k, "id": n} for k, n in parents],
    }


def _schema(scope: Scope) -> cedarpy.Schema:
    return cedarpy.Schema.from_json_str(json.dumps(cedar_schema(scope.vocabulary)))
