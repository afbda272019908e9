"""Uses: read strictly, written back alike, encoded as the engine's context says (src/brightline/vocabulary/use.py)."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from brightline.errors import UseError
from brightline.vocabulary import Source, Use, claimed, encode, read_use, shipped, use_json
from tests.terms.generated import SCOPE, random_alternative, random_use

WORDS = SCOPE.vocabulary


def test_the_use_of_the_design() -> None:
    """DESIGN section 2, the JSON form that CLI, tests and API share."""
    text = """{"activity": "surv.bulk_analysis", "actor": "g2/analyst-7", "component": "army/g2",
        "model": "smollm2-135m-instruct",
        "facts": {"protected_persons": "bulk", "data_origin": "commercial_purchase", "place": "home",
                  "legal_basis": "none"},
        "sources": {"data_origin": "attested"}, "alternatives": []}"""
    use = read_use(shipped(), json.loads(text))
    assert use.sources == {"data_origin": Source.ATTESTED}
    assert claimed(shipped(), use.facts, use.sources) == {"protected_persons", "place", "legal_basis"}
    assert use_json(use) == json.loads(text)


def test_a_use_is_written_and_read_alike() -> None:
    rng = random.Random(1)
    for _ in range(300):
        obj = random_use(rng, SCOPE) | {"actor": "g1/clerk"}
        obj["alternatives"] = [random_alternative(rng, SCOPE) for _ in range(rng.randint(0, 3))]
        use = read_use(WORDS, obj)
        assert read_use(WORDS, json.loads(json.dumps(use_json(use)))) == use


def test_claimed_follows_from_the_sources() -> None:
    facts: dict[str, Any] = {"place": "home", "lanes": ["maps"], "scale": "unknown", "screen": "clear", "approvals": []}
    sources = {"lanes": "inferred"}
    use = read_use(WORDS, {"activity": "gen.office", "facts": facts, "sources": sources})
    assert claimed(WORDS, use.facts, use.sources) == {"place"}
    stated = read_use(WORDS, {"activity": "gen.office", "facts": facts | {"claimed": ["place"]}, "sources": sources})
    assert stated == use
    for wrong in (["place", "lanes"], [], ["scale", "place"]):
        with pytest.raises(UseError, match="claimed contradicts"):
            read_use(WORDS, {"activity": "gen.office", "facts": facts | {"claimed": wrong}, "sources": sources})


def test_an_encoded_use_says_what_the_use_says() -> None:
    """Decoded from the documented form: one bit of a value, bits of members, a number itself; blanks where unstated."""
    rng = random.Random(2)
    for _ in range(300):
        use = read_use(WORDS, random_use(rng, SCOPE))
        v = encode(WORDS, use.facts, use.sources)
        assert len(v) == len(WORDS.facts)
        facts = dict(use.facts) | {"claimed": claimed(WORDS, use.facts, use.sources)}
        for x, fact in zip(v, WORDS.facts.values(), strict=True):
            match fact.kind:
                case "enum":
                    assert [n for i, n in enumerate(fact.names) if x == 1 << i] == [facts.get(fact.name, "unknown")]
                case "set":
                    assert {n for i, n in enumerate(fact.names) if x >> i & 1} == facts.get(fact.name, frozenset())
                    assert x < 1 << len(fact.names)
                case "number":
                    assert x == facts.get(fact.name, 0)


def test_components_and_models_are_encoded_as_what_they_lie_in() -> None:
    def lies_in(component: str, model: str) -> tuple[set[str], set[str]]:
        v = SCOPE.encode(Use("gen.office", component=component, model=model))
        places = {c for i, c in enumerate(SCOPE.components) if v[SCOPE.component_place] >> i & 1}
        return places, {m for i, m in enumerate(SCOPE.models) if v[SCOPE.model_place] >> i & 1}

    assert lies_in("army/g2/cell", "smol-2-tuned") == ({"army", "army/g2"}, {"smol", "smol-2", "smol-2-tuned"})
    assert lies_in("armyx", "smol") == (set(), {"smol"})
    assert lies_in("", "unheard-of") == (set(), set())
