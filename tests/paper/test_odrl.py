"""The ODRL policy: shaped as the specification asks, and saying of every use what the terms say."""

import json
import random
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from brightline.paper.odrl import odrl
from brightline.storage.packs import SHIPPED
from brightline.terms import Terms, read_pack
from brightline.vocabulary import FactKind
from tests.analysis.gaps import random_uses
from tests.paper.texts import ATTACKS, bare_pack, hostile_pack, packs

SHAPES = json.loads(Path(__file__).with_name("odrl.schema.json").read_text("utf-8"))
CHECK = jsonschema.Draft202012Validator(SHAPES)
NUMBERS = """@id("N") permit (principal in Component::"army", action, resource)
when { context.distinct_persons >= 3 && context.distinct_persons < 100 };
@id("M") forbid (principal, action == Action::"gen.office", resource)
when { context.distinct_persons == 7 || !context.approvals.contains("operator") };
"""


def allowed(policy: Any, terms: Terms, activity: str, v: list[int]) -> bool:
    """Whether a reader of the policy, who knows nothing of Cedar, would allow the use."""
    facts: dict[str, Any] = {}
    for f, x in zip(terms.scope.vocabulary.facts.values(), v, strict=False):
        some = {n for i, n in enumerate(f.names) if x >> i & 1}
        facts[f.name] = x if f.kind is FactKind.NUMBER else some
    for name, bits, every in (("component", v[-2], terms.scope.components), ("model", v[-1], list(terms.scope.models))):
        facts[name] = {n for i, n in enumerate(every) if bits >> i & 1}

    def met(constraint: Any) -> bool:
        left = facts[constraint["leftOperand"].removeprefix("brightline:")]
        right = constraint["rightOperand"]
        match constraint["operator"]:
            case "isAnyOf":
                return bool(left & set(right))
            case "isAllOf":
                return left >= set(right)
            case "isNoneOf":
                return not left & set(right)
            case "gteq":
                return left >= int(right["@value"])
            case "lteq":
                return left <= int(right["@value"])
        raise AssertionError(constraint)

    def applies(rule: Any) -> bool:
        return f"brightline:{activity}" in rule["action"] and all(map(met, rule.get("constraint", [])))

    return any(map(applies, policy.get("permission", []))) and not any(map(applies, policy.get("prohibition", [])))


@pytest.mark.parametrize("name", SHIPPED)
def test_shape_and_meaning_of_shipped_packs(name: str) -> None:
    (pack,) = packs(name)
    policy = odrl(pack)
    CHECK.validate(json.loads(json.dumps(policy.document)))
    assert policy.document["brightline:cedarDigest"] == pack.terms.digest
    # every clause is in it, or named with its reason
    rules = [*policy.document.get("permission", []), *policy.document.get("prohibition", [])]
    assert len(rules) == policy.rules == len({r["uid"] for r in rules})
    named = {r["brightline:clause"] for r in rules} | {one.clause for one in policy.left_out}
    assert named == {c.id for c in pack.terms.clauses}
    assert {one.clause for one in policy.left_out} == {c.id for c in pack.terms.clauses if not c.decides}
    assert says_the_same(pack.terms, policy.document, 600) == {True, False}


def test_numbers_components_and_what_must_be_absent() -> None:
    toml = packs("vendor")[0].files["terms.toml"]
    pack = read_pack("numbers", {"terms.toml": toml, "terms.cedar": NUMBERS})
    policy = odrl(pack)
    CHECK.validate(policy.document)
    operators = {c["operator"] for r in policy.document["permission"] for c in r["constraint"]}
    assert operators == {"gteq", "lteq", "isAllOf"}
    assert [c["operator"] for c in policy.document["prohibition"][1]["constraint"]] == ["isNoneOf"]
    assert [r["uid"][-2:] for r in policy.document["prohibition"]] == ["/1", "/2"]
    assert says_the_same(pack.terms, policy.document, 3000) == {True, False}


def says_the_same(terms: Terms, document: Any, count: int) -> set[bool]:
    """The answers met on random uses, each that of policy and terms alike."""
    answers = set()
    for activity, v in random_uses(terms.scope, [terms], count, random.Random(7)):
        permits, forbids = terms.match[activity](v)
        expected = bool(permits) and not forbids
        assert allowed(document, terms, activity, v) is expected, (activity, v)
        answers.add(expected)
    return answers


WRONG = {
    "no digest": lambda d: d.pop("brightline:cedarDigest"),
    "a rule without an action": lambda d: d["permission"][0].pop("action"),
    "a rule without a target": lambda d: d["prohibition"][0].pop("target"),
    "an operator that ODRL has not": lambda d: d["prohibition"][0]["constraint"][0].update(operator="contains"),
    "a word of no vocabulary": lambda d: d["prohibition"][0]["action"].append("engage"),
    "no rule": lambda d: (d.pop("permission"), d.pop("prohibition")),
    "no context": lambda d: d["@context"].pop(0),
}


@pytest.mark.parametrize("spoil", WRONG.values(), ids=WRONG)
def test_the_shapes_see(spoil: Any) -> None:
    document = json.loads(json.dumps(odrl(packs("vendor")[0]).document))
    CHECK.validate(document)
    spoil(document)
    assert not CHECK.is_valid(document)


def test_what_decides_nothing_is_named_with_the_reason() -> None:
    never = (
        '@id("N") permit (principal, action, resource) when { context.place == "home" && context.place == "abroad" };'
    )
    policy = odrl(bare_pack(f'{never}\n@id("A") @reading("literal") forbid (principal, action, resource);'))
    assert [(one.clause, one.effect, one.reason) for one in policy.left_out] == [
        ("A", "prohibition", "it decides nothing: words taken literally against what their party means"),
        ("N", "permission", "it applies to no use"),
    ]
    assert [r["brightline:clause"] for r in policy.document["brightline:leftOut"]] == ["A", "N"]


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
def test_hostile_words_stay_strings(attack: str) -> None:
    document = odrl(hostile_pack(attack)).document
    CHECK.validate(document)
    assert document["dc:title"] == attack
    assert document["permission"][0]["dc:title"] == attack
