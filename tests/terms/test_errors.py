"""What is refused: every error names the place and a cure, and its wording is fixed by the vectors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from brightline.errors import InputError, TermsError, UseError
from brightline.terms import read_pack, read_terms
from brightline.vocabulary import module, read_use
from tests.terms.generated import SCOPE
from tests.terms.vectors import Case, cases, cedar, toml


def check(error: InputError, data: Mapping[str, Any]) -> None:
    assert error.place == data["place"]
    assert data["text"] in error.text
    assert data["cure"] in error.cure
    assert error.cure


@pytest.mark.parametrize("case", [*cases("use-errors")], ids=lambda c: c.data["id"])
def test_uses(case: Case) -> None:
    words = read_pack("p", {"terms.toml": toml(case.data), "terms.cedar": ""}).terms.scope.vocabulary
    with pytest.raises(UseError) as e:
        read_use(words, case.data["use"])
    check(e.value, case.data)


@pytest.mark.parametrize("case", [*cases("terms-errors")], ids=lambda c: c.data["id"])
def test_clauses(case: Case) -> None:
    with pytest.raises(TermsError) as e:
        read_pack("p", {"terms.toml": toml(case.data), "terms.cedar": cedar(case.data)})
    check(e.value, case.data)


@pytest.mark.parametrize("case", [*cases("toml-errors")], ids=lambda c: c.data["id"])
def test_terms_toml(case: Case) -> None:
    text = case.data["terms.toml"].replace("CORE", module("core").digest).replace("DEFENCE", module("defence").digest)
    with pytest.raises(TermsError) as e:
        read_pack("p", {"terms.toml": text, "terms.cedar": ""})
    check(e.value, case.data)


def test_limits_on_the_whole_text() -> None:
    one = '@id("C{}") permit (principal, action == Action::"gen.office", resource);\n'
    full = "".join(one.format(i) for i in range(512))
    assert len(read_terms(SCOPE, full, "t.cedar").clauses) == 512
    with pytest.raises(TermsError, match="513 clauses") as e:
        read_terms(SCOPE, full + one.format(512), "t.cedar")
    assert (e.value.place, "512" in e.value.cure) == ("t.cedar", True)
    with pytest.raises(TermsError, match="over 1 MiB") as e:
        read_terms(SCOPE, one.format(1) + "//" + "x" * (1 << 20), "t.cedar")
    assert e.value.cure == "split the text"


def test_two_lists_of_64_are_refused_before_they_are_multiplied() -> None:
    """4,096 cubes, none inside another: sorting them out took 43 seconds."""
    numbers = " || ".join(f"context.distinct_persons == {2 * i}" for i in range(64))
    lanes = {f"l{i}": "a lane" for i in range(64)}
    condition = f"({numbers}) && context.lanes.containsAny([{', '.join(map(repr, lanes))}])".replace("'", '"')
    case = {"terms": f"permit (principal, action, resource) when {{ {condition} }};", "toml": {"lanes": lanes}}
    with pytest.raises(TermsError, match="more than 64 cubes"):
        read_pack("p", {"terms.toml": toml(case), "terms.cedar": cedar(case)})


def test_at_most_eight_approvals_and_duties_can_matter() -> None:
    roles = {f"r{i}": f"role {i}" for i in range(9)}
    lines = [
        f'@id("C{r}") forbid (principal, action, resource) unless {{ context.approvals.contains("{r}") }};'
        for r in roles
    ]
    eight = {"terms": lines[:8], "toml": {"roles": roles}}
    assert len(read_pack("p", {"terms.toml": toml(eight), "terms.cedar": cedar(eight)}).terms.clauses) == 8
    for extra in (lines[8], 'forbid (principal, action, resource) unless { context.duties.contains("note") };'):
        nine = eight | {"terms": [*lines[:8], extra]}
        with pytest.raises(TermsError, match="9 approvals and duties") as e:
            read_pack("p", {"terms.toml": toml(nine), "terms.cedar": cedar(nine)})
        assert e.value.place == "p/terms.cedar"
        assert "at most 8" in e.value.cure


@pytest.mark.parametrize(
    ("files", "place", "text", "cure"),
    [
        ({}, "p", "no terms.cedar", "brightline terms new"),
        ({"terms.cedar": "", "term.toml": ""}, "p", "no pack holds a file 'term.toml'", "terms.toml"),
        ({"terms.cedar": "permit (principal, action, resource)"}, "p:1", "not Cedar", "terms.md"),
    ],
)
def test_packs(files: dict[str, str], place: str, text: str, cure: str) -> None:
    with pytest.raises(TermsError) as e:
        read_pack("p", files)
    check(e.value, {"place": place, "text": text, "cure": cure})
