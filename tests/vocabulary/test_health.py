"""The health module beside the core: a hospital's vocabulary shows no weapon, and nothing of older modules moves."""

from __future__ import annotations

import re

import pytest

from brightline.terms import read_pack
from brightline.vocabulary import SHIPPED, module, shipped
from brightline.vocabulary.reference import page

DEFENCE = re.compile(
    r"weapon|kinetic|munition|effector|militar|combat|commander|engagement|swarm|foreign intelligence|U\.S\. person",
    re.IGNORECASE,
)
HOSPITAL = shipped("core", "health")
BEFORE = shipped("core", "defence")


def test_a_hospitals_vocabulary_shows_no_weapon() -> None:
    assert DEFENCE.search(page(BEFORE))
    assert DEFENCE.findall(page(HOSPITAL)) == []
    theirs = {*module("defence").groups, *module("defence").roles, *(a.name for a in module("defence").activities)}
    theirs |= {f.name for f in module("defence").facts}
    assert not theirs & {*HOSPITAL.groups, *HOSPITAL.names["roles"], *HOSPITAL.activities, *HOSPITAL.facts}


def test_the_modules_are_pinned() -> None:
    """Agreements hold these digests. A change of a module that was signed is a new module, not another digest."""
    assert {name: module(name).digest[7:15] for name in SHIPPED} == {
        "core": "99544897",
        "defence": "822ff75e",
        "health": "22f58efb",
    }


def test_no_rank_place_or_bit_of_an_older_word_moves() -> None:
    everything = shipped()
    for older in (shipped("core"), BEFORE):
        assert {a: everything.ranks[a] for a in older.ranks} == dict(older.ranks)
        assert {f: everything.index[f] for f in older.index} == dict(older.index)
        for fact, bits in older.bits.items():
            known = {v: b for v, b in bits.items() if v != "unknown"}  # stays last, and is in no entry
            if fact != "claimed":
                assert {v: everything.bits[fact][v] for v in known} == known
    assert [HOSPITAL.ranks[a] for a in shipped("core").activities] == list(range(1, 25))


@pytest.mark.parametrize("fact", ["effect", "purpose", "legal_basis"])
def test_the_modules_give_the_same_fact_words_of_their_own(fact: str) -> None:
    mine = {v.name for v in module("health").values[fact]}
    theirs = {v.name for v in module("defence").values.get(fact, ())}
    assert mine
    assert not mine & theirs
    assert mine <= set(HOSPITAL.facts[fact].names)
    assert not mine & set(BEFORE.facts[fact].names)


def test_health_brings_a_fact_of_its_own() -> None:
    assert HOSPITAL.facts["sensitivity"].names == ("none", "ordinary", "special", "unknown")
    assert "sensitivity" in HOSPITAL.facts["claimed"].names


def test_a_bare_text_of_before_keeps_its_words_and_its_digest() -> None:
    """Agreements hold texts without a terms.toml: a module that is added later must not change what was signed."""
    bare = read_pack("bare.cedar", {"terms.cedar": '@id("a") permit (principal, action, resource);'})
    assert [m.name for m in bare.terms.scope.vocabulary.modules] == ["core", "defence"]
    assert bare.terms.digest == "sha256:23ee3e66645d953501db0fef57c2be88ef6881b7a3324deccd7858bc85d4b8aa"
