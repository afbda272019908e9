"""`terms lint`: each finding is triggered by just what it is about (DESIGN section 3, "Lint")."""

from __future__ import annotations

import pytest

from brightline.terms import Finding, Pack, decide, lint, read_pack
from brightline.terms.lint import Severity
from brightline.vocabulary import module, read_use

TOML = f"""title = "A pack"
[vocabulary]
core = "{module("core").digest}"
"""
GOOD = '@id("K1") @title("All") @text("Every use is permitted.") @source("us") '
ALL = "permit (principal, action, resource);"


def pack(cedar: str, toml: str = TOML) -> Pack:
    return read_pack("p", {"terms.toml": toml, "terms.cedar": cedar})


def found(cedar: str, toml: str = TOML) -> list[tuple[str, str, str, str]]:
    return [(f.code, f.clause, str(f.severity), f.place) for f in lint(pack(cedar, toml))]


def test_good_words_have_no_findings() -> None:
    assert found(GOOD + ALL) == []


@pytest.mark.parametrize("name", ["title", "text", "source"])
def test_a_clause_that_cannot_be_read_or_traced(name: str) -> None:
    without = "\n\n" + GOOD.replace(f"@{name}(", "@note(") + ALL
    assert found(without) == [(f"no-{name}", "K1", "warning", "p/terms.cedar:3")]


def test_a_clause_that_cannot_be_cited() -> None:
    assert found(GOOD.replace('@id("K1") ', "") + ALL) == [("no-id", "policy0", "warning", "p/terms.cedar:1")]


@pytest.mark.parametrize(
    ("condition", "dead"),
    [
        ('context.place == "home" && context.place == "abroad"', True),
        ("context.distinct_persons < 5 && context.distinct_persons > 5", True),
        ("context.distinct_persons < 0", True),
        ('!(context.place == "home" || context.place != "home")', True),
        ('context.place == "home" && context.audience == "home"', False),
        ("context.distinct_persons <= 5 && context.distinct_persons >= 5", False),
    ],
)
def test_a_clause_that_no_use_can_meet(condition: str, dead: bool) -> None:
    second = GOOD.replace("K1", "K2") + f"forbid (principal, action, resource) when {{ {condition} }};"
    assert found(f"{GOOD}{ALL}\n{second}") == [("never-applies", "K2", "error", "p/terms.cedar:2")] * dead


@pytest.mark.parametrize(
    "text",
    [
        "It shall not intentionally be used.",
        "No deliberate tracking.",
        "No unconstrained monitoring.",
        "No private data.",
        "As appropriate.",
        "Not to independently direct weapons.",
        "In any case where law, regulation, or Department policy requires human control.",
        "It is not intended for that.",
        "It should not be used for that.",
        "Use is consistent with applicable law.",
        "No mass collection.",
        "No bulk data.",
        "No domestic use.",
        "Under the directive, as amended.",
    ],
)
def test_weak_words(text: str) -> None:
    clause = GOOD.replace("Every use is permitted.", text) + ALL
    assert {(code, place) for code, _, _, place in found(clause)} == {("weak-words", "p/terms.cedar:1")}


@pytest.mark.parametrize(
    "text", ["Bulk means more than 1,000 persons.", "A massive, bulky tome.", "Law requires it.", "Unintended."]
)
def test_words_that_are_not_weak(text: str) -> None:
    assert found(GOOD.replace("Every use is permitted.", text) + ALL) == []


def test_activities_on_which_nothing_decides() -> None:
    some = lint(pack(GOOD + 'permit (principal, action in [Action::"gen", Action::"surv"], resource);'))
    assert {f.code for f in some} == {"undecided"}
    assert "gen.office" not in [f.use["activity"] for f in some]
    assert {f.severity for f in some} == {Severity.WARNING}
    assert all(is_denied_by_default(f) for f in some)


def is_denied_by_default(f: Finding) -> bool:
    terms = pack(GOOD + 'permit (principal, action in [Action::"gen", Action::"surv"], resource);').terms
    return decide(terms, read_use(terms.scope.vocabulary, f.use)).clauses == ("default-deny",)


def test_every_set_of_terms_must_decide_on_what_cannot_be_mapped() -> None:
    but_one = [a for a in module("core").activities if a.name != "gen.unknown"]
    scope = ", ".join(f'Action::"{a.name}"' for a in but_one)
    (only,) = lint(pack(f"{GOOD}permit (principal, action in [{scope}], resource);"))
    assert (only.code, only.severity, only.use) == ("undecided", "error", {"activity": "gen.unknown", "facts": {}})


def test_words_taken_literally_decide_nothing() -> None:
    codes = [code for code, *_ in found(GOOD + '@reading("literal") ' + ALL)]
    assert set(codes) == {"undecided"}


@pytest.mark.parametrize(
    ("lines", "text", "line"),
    [
        ('[authorities.memo]\ntitle = "Memo"', "no date and no digest", 4),
        ('[authorities.memo]\ntitle = "Memo"\ndate = "2025-01-25"', "no digest", 4),
        ('[authorities]\nmemo = { title = "Memo", digest = "sha256:' + "0" * 64 + '" }', "no date", 5),
    ],
)
def test_an_authority_that_floats(lines: str, text: str, line: int) -> None:
    (only,) = lint(pack(GOOD + ALL, TOML + lines))
    assert (only.code, only.severity, only.place) == ("unpinned-authority", "error", f"p/terms.toml:{line}")
    assert text in only.text


def test_an_authority_that_is_pinned() -> None:
    pinned = f'[authorities.memo]\ntitle = "Memo"\ndate = "2025-01-25"\ndigest = "sha256:{"0" * 64}"\n'
    assert found(GOOD + ALL, TOML + pinned) == []


@pytest.mark.parametrize("party", ["vendor", "customer", "vendor and customer", "legislator"])
def test_a_party_that_is_known(party: str) -> None:
    assert found(GOOD + ALL, f'{TOML.partition("[")[0]}party = "{party}"\n[{TOML.partition("[")[2]}') == []


@pytest.mark.parametrize("party", ["vendr", "vendor and custmer", "Vendor", ""])
def test_a_party_that_nobody_is(party: str) -> None:
    toml = f'{TOML.partition("[")[0]}party = "{party}"\n[{TOML.partition("[")[2]}'
    (only,) = lint(pack(GOOD + ALL, toml))
    assert (only.code, str(only.severity), only.place) == ("unknown-party", "error", "p/terms.toml:2")
    assert "did you mean" in only.text or "known: customer" in only.text


def test_findings_are_json_and_name_a_bare_file() -> None:
    bare = read_pack("my.cedar", {"terms.cedar": 'permit (principal, action == Action::"gen.unknown", resource);'})
    for f in lint(bare):
        assert set(f.to_json()) == {"code", "clause", "severity", "use", "text", "place"}
        assert f.place.startswith("my.cedar")
        assert "terms.cedar" not in f.place
