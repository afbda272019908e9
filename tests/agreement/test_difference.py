"""What two drafts say differently, in plain words."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from brightline.agreement import Difference, FieldChange, Log, Model, Terms, clauses_by_id, difference
from brightline.agreement.difference import MAX_LINES
from tests.agreement.founding import CLAUSES, GATEWAY, K4, WORD, agreement, reworded


def silent(d: Difference) -> bool:
    return not (d.fields or d.added or d.removed or d.changed or d.text)


def test_a_draft_does_not_differ_from_itself() -> None:
    d = difference(agreement(), agreement())
    assert silent(d)
    assert d.a == d.b
    assert d.lines() == []


def test_fields_by_path_with_both_values() -> None:
    party = agreement().parties.customer
    officer = replace(party.signatories[0], title="Director")
    b = agreement(
        contract=None,
        interim=True,
        parties=replace(agreement().parties, customer=replace(party, signatories=(officer,))),
        ceiling=None,
    )
    assert difference(agreement(), b).fields == (
        FieldChange("ceiling", "currency USD, amount 200000000.00, funded 50000000", "none"),
        FieldChange("contract", "W900KK-26-9-0001", "none"),
        FieldChange("interim", "no", "yes"),
        FieldChange("parties.customer.signatories[J. Doe].title", "Contracting Officer", "Director"),
    )


def test_an_item_added_in_front_is_one_change() -> None:
    model = Model(name="alpha", digest=None, family="a")
    d = difference(agreement(), agreement(models=(model, *agreement().models)))
    assert [f.path for f in d.fields] == ["models[alpha]"]
    assert d.fields[0].a == "(absent)"


def test_order_alone_is_shown() -> None:
    logs = tuple(Log(origin=o, key=replace(GATEWAY, name=o).public) for o in "ab")
    d = difference(agreement(logs=logs), agreement(logs=logs[::-1]))
    assert d.fields == (FieldChange("logs", "order [a], [b]", "order [b], [a]"),)


def test_clauses_added_removed_and_changed() -> None:
    b = reworded(K4.replace("No bulk", "No mass") + '@id("K9") permit (principal, action, resource);\n')
    d = difference(agreement(), b)
    assert (d.added, d.removed, d.changed) == (("K9",), ("K1",), ("K4",))
    assert '-@id("K4") @title("No bulk")' in d.text
    assert d.text.startswith("--- a/terms.cedar\n+++ b/terms.cedar\n@@")
    assert "clauses added: K9" in d.lines()


def test_a_reordered_text_differs_in_its_lines_and_in_no_clause() -> None:
    first = CLAUSES.removesuffix(K4)
    d = difference(reworded(first + K4), reworded(K4 + first))
    assert (d.added, d.removed, d.changed) == ((), (), ())
    assert d.text


def test_a_reader_of_clauses_can_be_passed_in() -> None:
    d = difference(agreement(), reworded(K4), clauses=lambda text: {str(len(text)): text})
    assert (d.added, d.removed) == ((str(len(K4)),), (str(len(CLAUSES)),))


def test_clauses_are_split_outside_strings_and_comments() -> None:
    text = """// @id("not one"); a comment
@id("A") @text("ends; not // here \\" ; nor @id(") // said; so
forbid (principal, action, resource);
@id( "B" ) permit(principal,action,resource) ;
permit (principal, action, resource); @id("C") forbid"""
    assert clauses_by_id(text) == {
        "A": '@id("A") @text("ends; not // here \\" ; nor @id(") forbid (principal, action, resource)',
        "B": '@id( "B" ) permit(principal,action,resource)',
    }


def test_a_line_end_that_went_missing_is_shown() -> None:
    d = difference(reworded(CLAUSES), reworded(CLAUSES.removesuffix("\n")))
    assert d.text.endswith(" forbid (principal, action, resource);\n+\\ no line end\n")


TEXTS = st.text(st.sampled_from('a";\n /@id()'), max_size=30)


@given(TEXTS, TEXTS, st.sampled_from(["terms.toml", "notes.md"]))
def test_silent_iff_the_digests_are_equal(before: str, after: str, name: str) -> None:
    a = agreement(terms=Terms(digest=WORD, files={"t.cedar": before, "terms.toml": ""}))
    b = agreement(terms=Terms(digest=WORD, files={"t.cedar": after, name: ""}))
    d = difference(a, b)
    assert silent(d) == (a.digest == b.digest)
    assert silent(d) == (d.lines() == [])


def test_a_text_too_long_to_compare_says_so() -> None:
    long = "// x\n" * (MAX_LINES + 1)
    d = difference(agreement(), reworded(long))
    assert f"terms.cedar: 4 lines against {MAX_LINES + 1}: too long to show line by line" in d.text
    assert d.removed == ("K1", "K4")
