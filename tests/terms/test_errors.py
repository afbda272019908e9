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


def test_one_clause_at_fault_does_not_hide_the_next() -> None:
    lines = [
        '@id("A") permit (principal, action, resource) when { context.plase == "home" };',
        '@id("B") permit (principal, action, resource);',
        '@id("C") permit (principal, action, resource',
        '); @id("D") forbid (principal, action, resource) when { context.place == "hom" };',
        '@id("E") permit (principal, action resource);',
    ]
    with pytest.raises(TermsError) as e:
        read_terms(SCOPE, "\n".join(lines), "t.cedar")
    said = str(e.value)
    assert e.value.place == "t.cedar:1 (A)"
    assert "; and 2 more: t.cedar:4 (D): " in said
    assert "did you mean 'place'?" in said
    assert "did you mean 'home'?" in said
    assert "t.cedar:5: not Cedar" in said
    assert "(B)" not in said


def test_faults_without_end_are_counted_and_not_all_told() -> None:
    bad = '@id("C{}") permit (principal, action, resource) when {{ context.plase == "home" }};'
    with pytest.raises(TermsError) as e:
        read_terms(SCOPE, "\n".join(bad.format(i) for i in range(500)), "t.cedar")
    assert "; and 499 more: t.cedar:2 (C1): " in str(e.value)
    assert len(str(e.value)) < 5_000


@pytest.mark.parametrize(
    ("text", "place", "line"),
    [
        ("permit (principal, action, resource)", 1, 1),
        ("permit (principal, action, resource)\n\n// so\n", 1, 1),
        ('\npermit (principal, action, resource)\n\n@id("b")\nforbid (principal, action, resource);', 2, 5),
        ('@text("a; permit (x) b") permit (principal, action, resource)\nforbid (principal, action, resource);', 1, 2),
    ],
)
def test_a_clause_without_its_end(text: str, place: int, line: int) -> None:
    with pytest.raises(TermsError) as e:
        read_terms(SCOPE, text, "t.cedar")
    assert e.value.place == f"t.cedar:{place}"
    assert e.value.cure.startswith(f"a clause ends with a `;`, and this one has none by line {line}; ")


def test_a_clause_that_is_wrong_otherwise_is_not_told_to_end() -> None:
    with pytest.raises(TermsError) as e:
        read_terms(SCOPE, '@text("permit (a, b); forbid (c") permit (principal, action resource);', "t.cedar")
    assert ";" not in e.value.cure


@pytest.mark.parametrize("file", ["terms.cedar", "terms.toml", "scenarios.jsonl"])
def test_a_byte_order_mark(file: str) -> None:
    files = {"terms.cedar": "permit (principal, action, resource);", "terms.toml": toml({}), "scenarios.jsonl": ""}
    assert read_pack("p", files)
    with pytest.raises(TermsError) as e:
        read_pack("p", files | {file: "\ufeff" + files[file]})
    assert (e.value.place, e.value.text) == (f"p/{file}:1", "a byte-order mark")
    assert "without a byte-order mark" in e.value.cure
    with pytest.raises(TermsError, match="a byte-order mark"):
        read_terms(SCOPE, "\ufeff" + files["terms.cedar"], "t.cedar")
