"""What the vocabulary generates for machines: the Cedar schema (strict) and the JSON Schema of a use."""

from __future__ import annotations

from typing import Any

from brightline.vocabulary.module import Fact, FactKind
from brightline.vocabulary.use import MAX_ALTERNATIVES, MAX_NUMBER, Source
from brightline.vocabulary.words import ALWAYS, Vocabulary


def cedar_schema(vocabulary: Vocabulary) -> dict[str, Any]:
    """The Cedar schema in its JSON form.

    Every fact is a required attribute of the context, so no condition can raise an error for want of one
    (FINDINGS: an erring `forbid` is skipped by Cedar, which would fail open).
    """
    context = {f.name: _attribute(f) for f in vocabulary.facts.values()}
    applies = {"principalTypes": ["Actor"], "resourceTypes": ["Model"], "context": {"type": "Use"}}
    actions: dict[str, Any] = {g: {} for g in vocabulary.groups}
    for a in vocabulary.activities.values():
        actions[a.name] = {"memberOf": [{"id": a.group}], "appliesTo": applies}
    return {
        "": {
            "commonTypes": {"Use": {"type": "Record", "attributes": context}},
            "entityTypes": {
                "Component": {"memberOfTypes": ["Component"]},
                "Actor": {"memberOfTypes": ["Component"]},
                "Model": {"memberOfTypes": ["Model"]},
            },
            "actions": actions,
        }
    }


def use_schema(vocabulary: Vocabulary) -> dict[str, Any]:
    """The JSON Schema (2020-12) of a use; it accepts what `read_use` accepts.

    What one field says of another is beyond it: a source for a fact that is not stated, `claimed` against the sources.
    It takes 1.0 for a whole number, as JSON Schema does; `read_use` does not.
    """
    facts: dict[str, Any] = {
        "type": "object",
        "additionalProperties": False,
        "properties": {f.name: _property(f) for f in vocabulary.facts.values()},
    }
    inferable = {k: v for k, v in facts["properties"].items() if k not in ALWAYS}
    activity = {"enum": list(vocabulary.activities)}
    text = {"type": "string", "maxLength": 256}
    alternative = {
        "type": "object",
        "additionalProperties": False,
        "properties": {"activity": activity, "facts": {**facts, "properties": inferable}},
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A use",
        "type": "object",
        "required": ["activity"],
        "additionalProperties": False,
        "properties": {
            "activity": activity,
            "actor": text,
            "component": text,
            "model": text,
            "facts": facts,
            "sources": {
                "type": "object",
                "propertyNames": {"enum": list(vocabulary.facts)},
                "additionalProperties": {"enum": [str(s) for s in Source]},
            },
            "alternatives": {"type": "array", "maxItems": MAX_ALTERNATIVES, "items": alternative},
        },
    }


def _attribute(fact: Fact) -> dict[str, Any]:
    match fact.kind:
        case FactKind.ENUM:
            return {"type": "String"}
        case FactKind.SET:
            return {"type": "Set", "element": {"type": "String"}}
        case FactKind.NUMBER:
            return {"type": "Long"}


def _property(fact: Fact) -> dict[str, Any]:
    match fact.kind:
        case FactKind.ENUM:
            return {"description": fact.text, "enum": list(fact.names)}
        case FactKind.SET:
            return {"description": fact.text, "type": "array", "items": {"enum": list(fact.names)}}
        case FactKind.NUMBER:
            return {"description": fact.text, "type": "integer", "minimum": 0, "maximum": MAX_NUMBER}
