"""Terms of several packs in one scope: each decides as it did, and what cannot be joined says why."""

from __future__ import annotations

import random

import pytest

from brightline.analysis.compare import compare
from brightline.analysis.joint import joint
from brightline.errors import TermsError
from brightline.storage.packs import open_pack
from brightline.terms import Scope, decide
from brightline.vocabulary import read_use, shipped
from tests.analysis.gaps import terms
from tests.terms.generated import random_use

ONE = Scope(
    shipped().with_names({"lanes": {"maps": "maps"}, "roles": {"reader": "a reader"}}),
    ("army",),
    {"m": (), "m-1": ("m",)},
)
OTHER = Scope(
    shipped().with_names({"lanes": {"food": "food", "maps": "charts"}, "certificates": {"c": "c"}}),
    ("navy", "army"),
    {"n": ()},
)
EVERYTHING = '@id("p") permit (principal, action, resource);'
TEXT_1 = """@id("p") permit (principal, action, resource);
@id("f") forbid (principal in Component::"army", action, resource in Model::"m")
unless { context.lanes.contains("maps") || context.approvals.contains("reader") };"""
TEXT_2 = """@id("p") permit (principal, action, resource);
@id("g") forbid (principal in Component::"navy", action, resource)
unless { context.lanes.contains("food") || context.exceptions.contains("c") };"""


def test_each_decides_as_before_on_every_use_of_its_own_scope() -> None:
    before = [terms(ONE, TEXT_1), terms(OTHER, TEXT_2)]
    after = joint(before)
    assert after[0].scope.vocabulary.facts == after[1].scope.vocabulary.facts
    rng = random.Random(7)
    for old, new in zip(before, after, strict=True):
        for _ in range(400):
            obj = random_use(rng, old.scope)
            was = decide(old, read_use(old.scope.vocabulary, obj)).to_json()
            now = decide(new, read_use(new.scope.vocabulary, obj)).to_json()
            assert {**was, "terms": ""} == {**now, "terms": ""}


def test_what_one_declares_the_other_is_compared_on_too() -> None:
    result = compare(terms(ONE, TEXT_1), terms(OTHER, TEXT_2))
    assert result.complete
    assert {"army", "navy"} <= {c for d in result.differences for c in d.region["component"]["in"]}


def test_equal_scopes_leave_the_terms_as_they_are() -> None:
    some = [open_pack(n).terms for n in ("vendor", "customer")]
    assert all(a is b for a, b in zip(joint(some), some, strict=True))


def test_names_in_another_order_are_the_same_names() -> None:
    turned = Scope(
        shipped().with_names({"lanes": {"maps": "charts", "food": "food"}, "certificates": {"c": "c"}}),
        ("army", "navy"),
        {"n": ()},
    )
    assert compare(terms(OTHER, TEXT_2), terms(turned, TEXT_2)).equivalent


def test_other_modules_are_refused_with_both_lists_and_the_cure() -> None:
    core = terms(Scope(shipped("core")), EVERYTHING)
    with pytest.raises(TermsError, match="vocabulary is core, that of ours is core, defence — pin the same modules"):
        joint([terms(Scope(shipped("core", "defence")), EVERYTHING), core], ["ours", "theirs"])


def test_a_model_in_two_families_is_refused_by_name() -> None:
    other = Scope(shipped(), (), {"m-1": ()})
    with pytest.raises(TermsError, match=r"theirs: terms\.toml: models: the model m-1 lies in"):
        joint([terms(ONE, TEXT_1), terms(other, EVERYTHING)], ["ours", "theirs"])
