"""What no region of a comparison shows, and what joint scopes refuse: found by a reviewer (D1 to D5 of the review)."""

from __future__ import annotations

import pytest

from brightline.analysis.compare import compare
from brightline.errors import TermsError
from brightline.terms import Pack, Terms, decide, read_pack, read_terms
from brightline.vocabulary import module, read_use
from tests.terms.generated import SCOPE

ALL = '@id("A") permit (principal, action, resource);\n'
DUTY = 'forbid (principal, action == Action::"gen.office", resource) unless { context.duties.containsAny([%s]) };\n'
OTHER = (
    '@id("C") forbid (principal, action == Action::"surv.profile", resource) '
    'unless { context.duties.contains("redact") };'
)
VOCABULARY = "\n".join(f'{name} = "{module(name).digest}"' for name in ("core", "defence"))


def terms(text: str) -> Terms:
    return read_terms(SCOPE, ALL + text, "text")


def pack(name: str, toml: str, text: str) -> Pack:
    return read_pack(name, {"terms.toml": f"{toml}\n[vocabulary]\n{VOCABULARY}\n", "terms.cedar": ALL + text})


def test_duties_that_would_do_are_noted_for_uses_of_several_readings() -> None:
    a = terms('@id("B") ' + DUTY % '"note", "redact"' + OTHER)
    b = terms('@id("B") ' + DUTY % '"note"' + OTHER)
    compared = compare(a, b)
    assert compared.equivalent
    assert "several readings" in compared.notes[0]
    use = read_use(
        SCOPE.vocabulary, {"activity": "gen.office", "alternatives": [{"activity": "surv.profile", "facts": {}}]}, "use"
    )
    assert decide(a, use).duties != decide(b, use).duties


def test_terms_that_ask_for_the_very_same_have_no_note() -> None:
    a = terms('@id("B") ' + DUTY % '"note"' + OTHER)
    assert compare(a, terms('@id("Z") ' + DUTY % '"note"' + OTHER)).notes == ()


def test_who_is_protected_and_which_document_are_noted() -> None:
    law = '[authorities.law]\ntitle = "The law"\ndate = %s\ndigest = "sha256:%s"'
    forbid = '@id("F") forbid (principal, action, resource) unless { context.authorities.contains("law") };'
    a = pack("a", 'home = "France"\n' + law % ("2024-01-01", "0" * 64), forbid)
    b = pack("b", 'home = "Mars"\n' + law % ("2025-01-01", "1" * 64), forbid)
    compared = compare(a.terms, b.terms, names=("a", "b"))
    assert compared.equivalent
    assert compared.notes == (
        "home is not the same to all: to a France; to b Mars",
        "the authority law is not the same document to all: to a that of 2024-01-01; to b that of 2025-01-01",
    )


@pytest.mark.parametrize(
    ("clause", "place"),
    [('resource in Model::"f"', "resource in the family"), ('resource == Model::"f"', "resource is the family")],
)
def test_a_model_that_one_pack_alone_puts_into_a_family_of_both_is_refused(clause: str, place: str) -> None:
    forbid = f'@id("F") forbid (principal, action, resource) when {{ {clause} }};'
    both = '[models]\nf = "a family"\n[models.m]\ntext = "a model"\nin = ["f"]'
    a, b = pack("a", both, ""), pack("b", '[models]\nf = "a family"', forbid)
    with pytest.raises(TermsError, match=r"^b: terms\.toml: models: declares the model f and not m") as caught:
        compare(a.terms, b.terms, names=("a", "b"))
    assert "[models.m]" in caught.value.cure, place
