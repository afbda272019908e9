"""The tool registry: exact names, digests of what a model sees and of where a call goes, look-alikes named."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brightline.canonical import digest
from brightline.errors import InputError
from brightline.registry import Kind, Standing, definition_digest, endpoint_digest, look_alike, skeleton, tool
from tests.registry.made import DEFINITION, ENDPOINT, ITEMS, full

REGISTRY = full().read()


def test_a_registered_tool() -> None:
    found = tool(REGISTRY, "send_order", DEFINITION, ENDPOINT)
    assert found.standing is Standing.REGISTERED
    assert found.needs_person
    assert found.activity == "decide.benefits_rights"
    assert found.facts == {"effect": "administrative", "actuation": "act", "phase": "simulate", "integrity": "intact"}
    assert (found.text, found.warning) == ("", "")
    assert found.item == ITEMS[Kind.TOOLS]["send_order"]


DRIFTED = {
    "another definition": (ENDPOINT, ENDPOINT, "The tool's definition differs"),
    "the live bus (A10)": (
        DEFINITION,
        endpoint_digest({"url": "https://live.example/mcp"}),
        "The tool's endpoint differs",
    ),
    "wiring that nobody can show": (DEFINITION, None, "The tool's endpoint differs"),
    "both": (None, None, "The tool's definition and endpoint differ "),
}


@pytest.mark.parametrize(("definition", "endpoint", "text"), DRIFTED.values(), ids=DRIFTED)
def test_a10_a_drifted_tool(definition: str | None, endpoint: str | None, text: str) -> None:
    found = tool(REGISTRY, "send_order", definition, endpoint)
    assert found.standing is Standing.DRIFTED
    assert found.facts == {"effect": "unknown", "actuation": "unknown", "phase": "unknown", "integrity": "drifted"}
    assert found.text.startswith(text)


def test_a_tool_without_registered_wiring_is_not_asked_for_it() -> None:
    assert tool(REGISTRY, "search", DEFINITION, None).standing is Standing.REGISTERED
    assert tool(REGISTRY, "search", DEFINITION, ENDPOINT).standing is Standing.REGISTERED


UNLISTED = {
    "s\u0435arch": "search",  # Cyrillic
    "ｓearch": "search",  # full width
    "search\u200b": "search",  # zero width space
    "searсh": "search",
    "Search": "search",
    "send-order": "send_order",
    "send_0rder": "send_order",
    "ѕеnd_оrdеr": "send_order",
    "sеаrсh": "search",
    "se\u0301arch": "search",
    "search2": "",
    "sear": "",
    "send_order_now": "",
    "": "",
}


@pytest.mark.parametrize(("name", "like"), UNLISTED.items())
def test_only_the_exact_name_is_the_tool_and_a_look_alike_is_named(name: str, like: str) -> None:
    found = tool(REGISTRY, name, DEFINITION, ENDPOINT)
    assert found.standing is Standing.UNLISTED
    assert found.facts["integrity"] == found.facts["actuation"] == "unknown"
    assert ("looks like" in found.warning) is bool(like)
    assert repr(like) in found.warning or not like
    assert found.warning.isascii()


@given(st.text(max_size=30))
def test_no_other_name_is_ever_registered(name: str) -> None:
    registered = name in ITEMS[Kind.TOOLS]
    assert (tool(REGISTRY, name, DEFINITION, ENDPOINT).standing is Standing.REGISTERED) is registered
    assert look_alike(name, [name]) is None


@given(st.text(max_size=30))
def test_a_skeleton_is_one_for_all_cases(name: str) -> None:
    assert skeleton(name.casefold()) == skeleton(name)


def test_a_removed_tool_is_unlisted() -> None:
    folder = full()
    folder.sign(Kind.TOOLS, "search", None)
    found = tool(folder.read(), "search", DEFINITION)
    assert found.standing is Standing.UNLISTED
    assert "removed" in found.text


# ---- digests --------------------------------------------------------------------------------------------------

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"n": {"type": "number", "minimum": 0.5, "maximum": 10}},
    "required": ["n"],
}


def test_the_digest_is_of_canonical_json() -> None:
    parameters = {"type": "object", "properties": {}}
    expected = digest({"name": "f", "description": "d", "parameters": parameters})
    assert definition_digest("f", "d", parameters) == expected
    assert definition_digest("f", "d", dict(reversed(parameters.items()))) == expected


def test_anything_that_the_model_sees_is_in_the_digest() -> None:
    others = [definition_digest("g", "d", SCHEMA), definition_digest("f", "D", SCHEMA)]
    for path, value in (("minimum", 0.25), ("minimum", "0.5"), ("maximum", 11), ("maximum", "10"), ("maximum", True)):
        changed = deepcopy(SCHEMA)
        changed["properties"]["n"][path] = value
        others.append(definition_digest("f", "d", changed))
    digests = {definition_digest("f", "d", SCHEMA), *others}
    assert len(digests) == len(others) + 1


def test_one_number_has_one_digest() -> None:
    assert definition_digest("f", "d", {"maximum": 10.0}) == definition_digest("f", "d", {"maximum": 10})


NUMBERS = st.integers(-(2**53) + 1, 2**53 - 1) | st.floats(-1e15, 1e15)
LEAVES = st.none() | st.booleans() | NUMBERS | st.text(max_size=5)
SCHEMAS = st.recursive(
    LEAVES, lambda c: st.lists(c, max_size=3) | st.dictionaries(st.text(max_size=5), c, max_size=3), max_leaves=8
)


def unlike(value: object) -> object:
    """With its kind beside each leaf, so that 1 and True, 0.5 and "0.5" differ; 1.0 and 1 are one number."""
    match value:
        case dict():
            return {k: unlike(v) for k, v in value.items()}
        case list():
            return [unlike(v) for v in value]
        case bool() | None | str():
            return (type(value).__name__, value)
        case _:
            return ("number", value)


@given(SCHEMAS, SCHEMAS)
def test_two_schemas_have_one_digest_only_if_they_say_the_same(a: object, b: object) -> None:
    same = definition_digest("f", "", a) == definition_digest("f", "", b)
    assert same == (unlike(a) == unlike(b))


def test_what_no_json_can_say() -> None:
    with pytest.raises(InputError):
        definition_digest("f", "d", {"a": "\ud800"})
