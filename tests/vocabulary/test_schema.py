"""What the vocabulary generates for machines agrees with what it reads (src/brightline/vocabulary/schema.py)."""

from __future__ import annotations

import copy
import json
import random
from typing import Any

import cedarpy
import pytest
from jsonschema import Draft202012Validator

from brightline.errors import UseError
from brightline.terms import read_pack
from brightline.vocabulary import read_use, shipped
from brightline.vocabulary.schema import cedar_schema, use_schema
from tests.terms.generated import SCOPE, random_alternative, random_use
from tests.terms.vectors import cases, toml

WORDS = SCOPE.vocabulary
VALIDATOR = Draft202012Validator(use_schema(WORDS))
BEYOND = ("which is not stated", "contradicts the sources")  # what one field says of another


def test_the_schema_is_a_json_schema() -> None:
    for names in ((), ("core",)):
        Draft202012Validator.check_schema(use_schema(shipped(*names)))


def test_it_accepts_what_is_read_and_refuses_what_is_refused() -> None:
    rng = random.Random(3)
    seen = {True: 0, False: 0}
    while min(seen.values()) < 400:
        obj = random_use(rng, SCOPE, stated=0.2) | {"actor": "a"}
        obj["alternatives"] = [random_alternative(rng, SCOPE) for _ in range(rng.randint(0, 2))]
        if rng.random() < 0.8:
            obj = spoiled(rng, obj)
        try:
            read_use(WORDS, obj)
            accepted = True
        except UseError as e:
            if any(b in e.text for b in BEYOND):
                continue
            accepted = False
        assert VALIDATOR.is_valid(obj) is accepted, obj
        seen[accepted] += 1


ODD: list[Any] = [None, True, 0, -1, 1, 2**63, "", "home", "unknown", "bukl", "x" * 257, [], ["a"], ["note"], [[]], {}]


KEYS = ["place", "activity", "facts", "approvals", "claimed", "odd", "screen"]


def spoiled(rng: random.Random, obj: dict[str, Any]) -> dict[str, Any]:
    """`obj` with one value anywhere in it replaced, added or taken away."""
    out = copy.deepcopy(obj)
    node: Any = out
    while True:
        keys = list(node) if isinstance(node, dict) else list(range(len(node)))
        key = rng.choice(keys) if keys else None
        if key is not None and isinstance(node[key], dict | list) and rng.random() < 0.8:
            node = node[key]
            continue
        match rng.choice(["change", "add", "drop"]):
            case "drop" if key is not None:
                del node[key]
            case "add" if isinstance(node, dict):
                node[rng.choice(["place", "activity", "facts", "approvals", "claimed", "odd", "screen"])] = rng.choice(
                    ODD
                )
            case "add":
                node.append(rng.choice(ODD))
            case _ if key is not None:
                node[key] = rng.choice(ODD)
        return out


@pytest.mark.parametrize("case", [*cases("use-errors")], ids=lambda c: c.data["id"])
def test_it_refuses_every_error_of_the_vectors(case: Any) -> None:
    words = read_pack("p", {"terms.toml": toml(case.data), "terms.cedar": ""}).terms.scope.vocabulary
    refused = not Draft202012Validator(use_schema(words)).is_valid(case.data["use"])
    assert refused is not any(b in case.data["text"] for b in BEYOND)


@pytest.mark.parametrize("names", [(), ("core",)])
def test_the_cedar_schema_parses_and_is_strict(names: tuple[str, ...]) -> None:
    schema = cedarpy.Schema.from_json_str(json.dumps(cedar_schema(shipped(*names))))

    def passes(condition: str) -> bool:
        text = f"permit (principal, action, resource) when {{ {condition} }};"
        return cedarpy.validate_policies(text, schema).validation_passed

    assert passes('context.place == "home" && context.distinct_persons < 5 && context.approvals.contains("official")')
    assert not passes('context.plaec == "home"')
    assert not passes("context.place == 5")
    assert not passes("context.approvals.contains(5)")
    assert not passes("context.distinct_persons == context.place")
    assert passes('action in Action::"surv"')
    assert passes('action == Action::"weapon.engage"') is (not names)
