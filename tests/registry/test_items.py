"""Items that cannot be signed: each would attest what is not its owner's to say, or say nothing."""

from __future__ import annotations

import dataclasses
import re
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brightline.agreement.reading import _members
from brightline.errors import RegistryError
from brightline.registry import ITEMS as REGISTERED
from brightline.registry import Kind, Nature, Owner
from brightline.registry.items import OF_OTHERS, among, covers
from tests.registry.made import ITEMS, OFFICIAL, begun

FOLDER = begun()
FAULTS = {
    "a purpose's word on the data": (Kind.PURPOSES, "files", {"facts": {"data_origin": "public"}}, "facts.data_origin"),
    "on a data set": (Kind.PURPOSES, "files", {"facts": {"dataset": "registered"}}, "facts.dataset"),
    "on being de-identified": (Kind.PURPOSES, "files", {"facts": {"deidentified": "yes"}}, "facts.deidentified"),
    "on the law": (Kind.PURPOSES, "files", {"facts": {"legal_basis": "individual"}}, "facts.legal_basis"),
    "on authorities": (Kind.PURPOSES, "files", {"facts": {"authorities": ("fisa",)}}, "facts.authorities"),
    "a purpose for nobody": (Kind.PURPOSES, "files", {"may_use": ()}, "may_use"),
    "a purpose that is a group": (Kind.PURPOSES, "files", {"activity": "surv"}, "activity"),
    "a tool on its integrity": (Kind.TOOLS, "search", {"facts": {"integrity": "intact"}}, "facts.integrity"),
    "a tool on the data": (Kind.TOOLS, "search", {"facts": {"data_origin": "public"}}, "facts.data_origin"),
    "a tool that acts, of no wiring": (Kind.TOOLS, "send_order", {"endpoint": None}, "endpoint"),
    "a tool that may act, of no wiring": (Kind.TOOLS, "send_order", {"endpoint": None, "actuation": "x"}, "endpoint"),
    "a data set on the law": (Kind.DATASETS, "personnel", {"facts": {"legal_basis": "consent"}}, "facts.legal_basis"),
    "a data set on a purpose": (Kind.DATASETS, "personnel", {"facts": {"lanes": ("a",)}}, "facts.lanes"),
    "persons and none": (Kind.DATASETS, "purchased", {"protected_persons": "none"}, "protected_persons"),
    "an authority for nothing": (Kind.AUTHORITIES, "warrant", {"activities": ()}, "activities"),
    "for nobody": (Kind.AUTHORITIES, "warrant", {"may_cite": ()}, "may_cite"),
    "that ends before its date": (
        Kind.AUTHORITIES,
        "warrant",
        {"until": date(2020, 1, 1)},
        "un",
    ),
    "an agent with a role": (Kind.ACTORS, "g2/official", {"nature": Nature.AGENT}, "roles"),
    "a role without a key": (Kind.ACTORS, "g2/official", {"key": None}, "key"),
    "an adapter of nothing": (Kind.MODELS, "harbor-k", {"base": None}, "adapter"),
    "an adapted stock model": (Kind.MODELS, "harbor-k", {"variant": "stock"}, "variant"),
    "a price of no currency": (Kind.PRICES, "harbor", {"currency": "dollars"}, "currency"),
    "33 facts": (Kind.PURPOSES, "files", {"facts": {f"f{i}": "x" for i in range(33)}}, "facts"),
    "257 names": (Kind.PURPOSES, "files", {"may_use": tuple(f"a{i}" for i in range(257))}, "may_use"),
    "an override of direction": (Kind.PURPOSES, "files", {"text": "a\u202eb"}, "text"),
}


@pytest.mark.parametrize(("kind", "name", "changed", "place"), FAULTS.values(), ids=FAULTS)
def test_an_item_that_says_what_is_not_its_own_cannot_be_signed(
    kind: Kind, name: str, changed: dict[str, object], place: str
) -> None:
    with pytest.raises(RegistryError) as caught:
        FOLDER.copy().sign(kind, name, replace(ITEMS[kind][name], **changed))
    assert caught.value.place.startswith(f"item.{place}")
    assert caught.value.cure


PAGE = (Path(__file__).parents[2] / "docs/reference/registry.md").read_text("utf-8")


@pytest.mark.parametrize("kind", Kind)
def test_every_field_stands_on_the_page_under_its_kind(kind: Kind) -> None:
    rows = PAGE.partition("## The items")[2].partition("## Who may sign")[0]
    (block,) = re.findall(rf"^\| `{kind}` (.*?)(?=^\| `\w+` \| `|\n\n)", rows, re.MULTILINE | re.DOTALL)
    fields = [f for line in block.splitlines() for f in re.findall(r"`(\w+)`", line.split("|")[-3])]
    cls = Owner if kind is Kind.OWNERS else REGISTERED[kind]
    assert sorted(fields) == sorted(_members(cls)[f.name][0] for f in dataclasses.fields(cls))


def test_facts_of_data_and_law_are_nobody_elses() -> None:
    for kind in (Kind.PURPOSES, Kind.TOOLS):
        assert {"data_origin", "dataset", "deidentified", "authorities", "legal_basis"} <= OF_OTHERS[kind]


NAMES = {
    Kind.PURPOSES: ("", "Files", "a b", "a/b", "fi\u0301les", "x" * 65, "../x", "a\n"),
    Kind.TOOLS: ("", "a b", "s\u0435arch", "search\u200b", "ｓearch", "-x", "x" * 201, "a\n", "*"),
    Kind.ACTORS: ("", "a b", "/g2", "а"),
}


@pytest.mark.parametrize(("kind", "name"), [(k, n) for k, names in NAMES.items() for n in names])
def test_a_name_that_could_be_taken_for_another_cannot_be_signed(kind: Kind, name: str) -> None:
    with pytest.raises(RegistryError):
        FOLDER.copy().sign(kind, name, next(iter(ITEMS[kind].values())))


def test_who_is_named() -> None:
    assert among(("army",), "x", "army/g2/cell")
    assert among(("army/g2",), "x", "army/g2")
    assert among(("g2/analyst-7",), "g2/analyst-7", "")
    assert not among(("army/g2", "arm"), "x", "army")
    assert not among(("army",), "army/g2", "navy")  # a component is no prefix of an actor's name
    assert not among((), "x", "")


def test_what_is_covered() -> None:
    assert covers(("surv",), "surv.profile")
    assert covers(("surv.profile",), "surv.profile")
    assert not covers(("sur", "surv.pro"), "surv.profile")


@given(st.sampled_from([(k, n) for k, of in ITEMS.items() for n in of]))
def test_an_item_reads_as_it_was_written(of: tuple[Kind, str]) -> None:
    kind, name = of
    assert FOLDER.copy().sign(kind, name, ITEMS[kind][name]).item == ITEMS[kind][name]
    assert OFFICIAL.public is not None
