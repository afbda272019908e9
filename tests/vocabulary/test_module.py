"""Modules of the vocabulary: what they must say, and how they join (src/brightline/vocabulary/{module,words}.py)."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from brightline.errors import InputError, VocabularyError
from brightline.vocabulary import SHIPPED, UNKNOWN, FactKind, Module, Vocabulary, module, read_module, shipped
from tests.terms.small import CORE, MORE

SMALL = read_module("core", CORE)


def test_the_shipped_modules_join() -> None:
    words = shipped()
    assert [m.name for m in words.modules] == list(SHIPPED)
    assert shipped("core").activities.keys() < words.activities.keys()
    assert not [a for a in shipped("core").activities if a.startswith("weapon")]
    assert "kinetic" not in shipped("core").facts["effect"].names


def test_unknown_is_the_last_value_of_every_enumeration_and_always_open() -> None:
    for fact in shipped().facts.values():
        if fact.kind is FactKind.ENUM:
            assert fact.names[-1] == UNKNOWN
            assert UNKNOWN in fact.open
            assert fact.names.count(UNKNOWN) == 1
        else:
            assert not fact.open


def test_every_word_outside_the_core_leads_by_its_parents_to_one_in_it() -> None:
    words = shipped()
    parents = {a.name: a.parent for a in words.activities.values() if a.module != "core"}
    assert {first(name, parents) for name in parents} <= shipped("core").activities.keys()
    for fact in shipped("core").facts.values():
        parents = {v.name: v.parent for v in words.facts[fact.name].values if v.module == "defence"}
        assert {first(name, parents) for name in parents} <= set(fact.names)


def first(name: str, parents: Mapping[str, str]) -> str:
    while name in parents:
        name = parents[name]
    return name


def test_ranks_bits_and_places_do_not_move_when_a_module_is_added() -> None:
    """Entries of a record hold ranks; `unknown` alone moves its bit, which no entry holds."""
    core, both = shipped("core"), shipped()
    assert {a: r for a, r in both.ranks.items() if a in core.ranks} == dict(core.ranks)
    assert {f: i for f, i in both.index.items() if f in core.index} == dict(core.index)
    assert min(both.ranks.values()) == 1
    assert max(both.ranks.values()) == len(both.ranks) < 1 << 16


def test_the_digest_is_of_what_is_said_and_not_of_how_it_is_written() -> None:
    again = read_module("core", "# a remark\n" + CORE.replace("\n[groups]", "\n\n[groups]"))
    assert again.digest == SMALL.digest
    assert read_module("core", CORE.replace("who asks", "who is asking")).digest != SMALL.digest
    assert module("core").digest != module("defence").digest


def test_the_digest_fixes_the_order_on_which_the_ranks_in_entries_depend() -> None:
    lines = CORE.splitlines()
    i = lines.index("[activities]") + 1
    swapped = [*lines[:i], lines[i + 1], lines[i], *lines[i + 2 :]]
    other = read_module("core", "\n".join(swapped))
    assert [a.name for a in other.activities] != [a.name for a in SMALL.activities]
    assert {a.name for a in other.activities} == {a.name for a in SMALL.activities}
    assert other.digest != SMALL.digest


def more(old: str = "", new: str = "") -> Module:
    assert old in MORE
    return read_module("more", MORE.replace(old, new, 1))


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (("title", "titel"), "unknown key 'titel'"),
        (("title = ", "title "), "not TOML"),
        (('title = "more"', "title = 1.5"), "a float"),
        (('"force.strike"', '"strike"'), "'strike' has no group"),
        (('"force.strike"', '"force.Strike"'), "'Strike' is no word"),
        (('{ parent = "gen.unknown", text = "striking" }', '"striking"'), "names its parent"),
        (("orbit = {", "unknown = {"), "'unknown' is no word"),
        (('force = "force"', "force = 1\nforce = 2"), "not TOML"),
        (("[values.place]", "[values]\nplace = 3\n[values.place2]"), "place is a table"),
        (("[roles]", "roles = 3\n[role]"), "unknown key 'role'"),
        (("[roles]", '[facts]\nx = "y"\n[roles]'), "a fact is a table"),
        (("[roles]", '[facts.x]\nkind = "enumm"\n[roles]'), "kind = enum, set or number"),
        (("[roles]", '[facts.x]\nknid = "enum"\n[roles]'), "unknown key 'knid'"),
        (("[roles]", '[facts.x]\nkind = "number"\nvalues = { a = "a" }\n[roles]'), "a number has no values"),
        (("[roles]", '[facts.x]\nkind = "enum"\nopen = ["a"]\n[roles]'), "not all of them values"),
    ],
)
def test_a_module_that_cannot_be_read(change: tuple[str, str], text: str) -> None:
    with pytest.raises(VocabularyError) as e:
        more(*change)
    assert text in e.value.text
    assert e.value.place.startswith("more.toml")
    assert e.value.cure


@pytest.mark.parametrize(
    ("change", "text", "cure"),
    [
        (('"force.strike"', '"work.read"'), "'work.read' stands twice", "keep one"),
        (('parent = "gen.unknown", text = "str', 'parent = "gen.unknwon", text = "str'), "no parent", "'gen.unknown'"),
        (('parent = "gen.unknown", text = "str', 'parent = "force.feint", text = "str'), "no parent", "known:"),
        (('parent = "gen.unknown", text = "str', 'parent = "force.strike", text = "str'), "no parent", "known:"),
        (('"force.strike"', '"farce.strike"'), "no group 'farce'", "did you mean 'force'?"),
        (("orbit = {", "home = {"), "'home' stands twice", "keep one"),
        (('parent = "abroad"', 'parent = "abraod"'), "no parent 'abraod'", "did you mean 'abroad'?"),
        (('parent = "abroad"', 'parent = "moon"'), "no parent 'moon'", "known:"),
        (("[values.place]", "[values.plaec]"), "values for 'plaec'", "did you mean 'place'?"),
        (("[values.place]", "[values.persons]"), "values for 'persons'", "known:"),
        (("[values.place]", "[values.lanes]"), "values for 'lanes'", "did you mean"),
        (("[roles]", '[facts.place]\nkind = "set"\n[roles]'), "'place' stands twice", "keep one"),
        (("[roles]", '[facts.x]\nkind = "set"\nfrom = "rolls"\n[roles]'), "no table 'rolls'", "did you mean 'roles'?"),
    ],
)
def test_modules_that_do_not_join(change: tuple[str, str], text: str, cure: str) -> None:
    with pytest.raises(VocabularyError) as e:
        Vocabulary.join([SMALL, more(*change)])
    assert text in e.value.text
    assert cure in e.value.cure
    assert e.value.place == "more.toml"


def test_a_vocabulary_starts_from_the_core() -> None:
    with pytest.raises(VocabularyError, match="no set of approvals"):
        Vocabulary.join([read_module("core", 'title = "nothing"')])
    with pytest.raises(VocabularyError, match="no module is called 'defense'") as e:
        module("defense")
    assert "'defence'" in e.value.cure


def test_names_that_a_pack_declares_become_values() -> None:
    words = shipped().with_names({"enclaves": {"high": "the high side"}, "roles": {"judge": "a judge"}})
    assert words.facts["enclave"].names == ("high", UNKNOWN)
    assert "judge" in words.facts["approvals"].names
    assert "official" in words.facts["approvals"].names
    assert words.digest == shipped().digest


@pytest.mark.parametrize("kind", ["fact", "activity"])
def test_a_word_outside_is_an_error_with_the_nearest(kind: str) -> None:
    lookup = {"fact": shipped().fact, "activity": shipped().activity}[kind]
    wrong, right = {"fact": ("efect", "effect"), "activity": ("gen.ofice", "gen.office")}[kind]
    with pytest.raises(InputError, match=wrong) as e:
        lookup(wrong, "here", InputError)
    assert (e.value.place, e.value.cure) == ("here", f"did you mean {right!r}?")
