"""Names of clauses by rank, read from the agreement's text without a Cedar parser, are the parser's own."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brightline.assurance.verify.agreed import clause_ids
from brightline.errors import TermsError
from brightline.storage.packs import SHIPPED, open_pack
from brightline.terms import Scope, read_terms
from brightline.vocabulary import shipped
from tests.assurance.records import CEDAR, RANKS

SCOPE = Scope(shipped())


def parsed(text: str) -> tuple[str, ...] | None:
    """The ids by rank as the Cedar engine reads them."""
    try:
        return tuple(c.id for c in read_terms(SCOPE, text, "terms.cedar").clauses)
    except TermsError:
        return None


def test_ranks_are_by_code_point() -> None:
    assert clause_ids(CEDAR) == RANKS == parsed(CEDAR)


@pytest.mark.parametrize("name", SHIPPED)
def test_the_shipped_packs(name: str) -> None:
    pack = open_pack(name)
    assert clause_ids(pack.files["terms.cedar"]) == tuple(c.id for c in pack.terms.clauses)


_TEXTS = st.sampled_from(
    [
        "plain",
        '@id(\\"Z\\")',
        "a ; b",
        "// no comment",
        "it's",
        "@id",
        "/",
        "\\\\",
        'ends \\"',
        "(",
        '\\"; @id(\\"X\\")',
    ]
)
_ID = st.sampled_from(["A", "B", "a", "K1", "K10", "K2", "x.y", "x:y", "x-y", "x_y"])
_BEFORE = st.sampled_from(["", '// @id("Q")\n', '// ; "\n', "\n\n", "//\n"])
_CLAUSE = st.builds(
    lambda before, name, text, order, gap: (
        before
        + gap.join([f'@id("{name}")', f'@text("{text}")'] if order else [f'@text("{text}")', f'@id("{name}")'])
        + f"{gap}permit (principal, action, resource);{gap}"
    ),
    _BEFORE,
    _ID,
    _TEXTS,
    st.booleans(),
    st.sampled_from([" ", "\n", "\n// x\n"]),
)
_PLAIN = st.builds(lambda before: f"{before}forbid (principal, action, resource);\n", _BEFORE)


@given(st.lists(_CLAUSE | _PLAIN, min_size=1, max_size=6), st.sampled_from(["", "// end", "\n", '// @id("R")\n']))
def test_what_it_names_is_what_the_engine_reads(clauses: list[str], tail: str) -> None:
    text = "".join(clauses) + tail
    assert clause_ids(text) == parsed(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "// nothing",
        "permit (principal, action, resource)",
        '@id("A") permit (principal, action, resource); rest',
        '@id("A") permit (principal, action, resource); "',
        '@id("A") permit (principal, action, resource); " ;',
        '@id("A") @id("B") permit (principal, action, resource);',
        '@id("\\u{41}") permit (principal, action, resource);',
        '@id("A") permit (principal, action, resource); @id("A") forbid (principal, action, resource);',
        '@id("a b") permit (principal, action, resource);',
        "@id permit (principal, action, resource);",
    ],
)
def test_where_there_is_a_doubt_it_names_nothing(text: str) -> None:
    assert clause_ids(text) is None
