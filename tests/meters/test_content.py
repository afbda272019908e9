"""Counting by content: forms, what cannot be counted, and hostile input."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brightline.meters import NOBODY, Counted, How, PersonFields, count_arguments, count_text, together
from brightline.meters import given as known
from brightline.meters import persons as persons_module
from brightline.meters.counted import MAX_PERSONS
from brightline.meters.persons import normalised, persons_in

NAME = PersonFields((("name",),))
MANY = [f"Ann{i} Lee" for i in range(40)]


def mails(prose: str) -> list[str]:
    """Stands for the screen's identifiers."""
    return re.findall(r"[\w.]+@[\w.]+", prose)


FORMS = {
    "a name a line": "\n".join(MANY),
    "bullets": "\n".join(f"- {n}" for n in MANY),
    "numbers before": "\n".join(f"{i + 1}. {n}" for i, n in enumerate(MANY)),
    "blank lines between": "\n\n".join(MANY),
    "other ends of line": "\u2028".join(MANY),
    "one line, commas": ", ".join(MANY),
    "one line, semicolons": "; ".join(MANY),
    "one line, a mixture": "".join(n + ";,|\t"[i % 4] for i, n in enumerate(MANY)),
    "CSV": "\n".join(f"{n},{i},x" for i, n in enumerate(MANY)),
    "CSV with quotes": "\n".join(f'"{n}","{i}","x"' for i, n in enumerate(MANY)),
    "TSV": "\n".join(f"{n}\t{i}\tx" for i, n in enumerate(MANY)),
    "rows with separators that change": "\n".join(f"{n}{';,|'[i % 3]}{i}" for i, n in enumerate(MANY)),
    "names in rows of five": "\n".join(",".join(MANY[i : i + 5]) for i in range(0, 40, 5)),
    "JSON array of texts": json.dumps(MANY),
    "JSON array, indented": json.dumps(MANY, indent=2),
    "JSON array of objects": json.dumps([{"n": n, "age": 3} for n in MANY]),
    "JSON arrays within each other": json.dumps([[n] for n in MANY]),
    "JSON lines": "\n".join(json.dumps({"n": n}) for n in MANY),
    "JSON deep in an object": json.dumps({"a": {"b": [{"n": n} for n in MANY]}}),
    "JSON map by name": json.dumps({n: {"age": 3} for n in MANY}),
    "JSON maps by name": json.dumps([{n: {"age": 3} for n in MANY[i : i + 4]} for i in range(0, 40, 4)]),
    "JSON with one key for all": "{" + ",".join(f'"n": [{json.dumps(n)}]' for n in MANY) + "}",
    "JSON list in a text": json.dumps({"q": "; ".join(MANY)}),
    "JSON that is no JSON": "[" + ",\n".join(MANY) + "]",
}


@pytest.mark.parametrize("form", FORMS)
def test_nobody_is_missed_in(form: str) -> None:
    counted = count_text(FORMS[form])
    assert counted.complete
    assert len(counted.persons) >= len(MANY), counted.ways
    assert len(counted.persons) <= 2 * len(MANY) + 1


def test_prose_around_a_list_does_not_hide_it() -> None:
    text = (
        "Dear colleague,\nplease look up all of the following people for me today:\n\n" + FORMS["CSV"] + "\n\nThanks."
    )
    assert len(count_text(text, identifiers=mails).persons) >= len(MANY)
    fenced = f"Look these up, would you be so kind:\n```json\n{json.dumps(MANY)}\n```\nand tell me what they have done."
    assert len(count_text(fenced, identifiers=mails).persons) >= len(MANY)


def test_prose_is_uncountable_without_somebody_who_reads_it() -> None:
    text = "Who has written to ann@x.org and to bob@x.org in the last week, and about which of the matters at hand?"
    assert not count_text(text).complete
    counted = count_text(text, identifiers=mails)
    assert counted.persons == ("ann@x.org", "bob@x.org")
    assert counted.complete
    assert counted.by_prose
    assert counted.to_bytes() == b"identifiers=2"


def test_nothing_names_nobody() -> None:
    assert count_text("") == NOBODY
    assert count_text(" \n\t\n") == NOBODY
    assert count_arguments("", NAME) == NOBODY
    assert count_arguments("{}") == NOBODY


class TestFieldsOfAnOwner:
    def test_one_person_over_many_rows_counts_once(self) -> None:
        rows = "Name,when,where\n" + "\n".join(f"Ann Lee,{i},cell {i}" for i in range(500))
        assert count_text(rows, NAME).persons == ("ann lee",)
        assert len(count_text(rows).persons) >= 500  # nobody said which column it is

    def test_make_json_and_tables_agree(self) -> None:
        table = count_text("id,name\n1,Ann Lee\n2,Bob Ray\n3,Cid Poe", NAME)
        objects = count_text(json.dumps([{"id": 1, "name": n} for n in ("Ann Lee", "Bob Ray", "Cid Poe")]), NAME)
        assert table.persons == objects.persons == ("ann lee", "bob ray", "cid poe")
        assert table.to_bytes() == objects.to_bytes() == b"fields=3"

    def test_several_fields_may_be_one_person_or_several(self) -> None:
        rows = json.dumps([{"family": "Lee", "given": "Ann", "callee": "555-1"}])
        assert len(count_text(rows, PersonFields((("family", "given"), ("callee",)))).persons) == 2
        assert len(count_text(rows, PersonFields((("family", "given"),))).persons) == 1

    def test_a_row_that_leaves_them_empty_counts_all_the_same(self) -> None:
        rows = "id,name\n1,Ann Lee\n2,\n3,\n4,Bob Ray"
        assert len(count_text(rows, NAME).persons) == 4
        assert len(count_text(json.dumps([{"name": ""}, {"x": 1}, {"name": "Ann Lee"}]), NAME).persons) == 3

    def test_a_quotation_mark_swallows_no_rows(self) -> None:
        rows = 'id,name\n1,"Ann Lee\n2,Bob Ray\n3,Cid Poe"\n4,Dan Fox'
        assert len(count_text(rows, NAME).persons) == 4

    def test_a_row_with_too_many_cells_counts_whole(self) -> None:
        assert len(count_text("name,x\nAnn Lee,1\nAnn Lee,1,Bob Ray\nAnn Lee,2", NAME).persons) == 2

    def test_spelled_otherwise_they_are_the_same_field(self) -> None:
        fields = PersonFields((("full_name",),))
        assert count_text('[{"Full-Name": "Ann Lee"}, {"full name": "Bob Ray"}]', fields).ways == {How.FIELDS: 2}


class TestArguments:
    def test_of_a_field_that_names_persons(self) -> None:
        counted = count_arguments('{"name": "Ann Lee", "since": "2024-01-01"}', NAME)
        assert counted == Counted(("ann lee",), {How.FIELDS: 1})
        assert len(count_arguments('{"name": ["Ann Lee", "Bob Ray"], "limit": 5}', NAME).persons) == 2
        assert len(count_arguments('{"filter": {"name": "Ann Lee; Bob Ray"}}', NAME).persons) == 2
        assert len(count_arguments('{"name": "Ann Lee", "name": "Bob Ray"}', NAME).persons) == 2

    def test_of_a_tool_that_names_nobody(self) -> None:
        assert count_arguments('{"city": "Oslo", "days": [1, 2], "tags": ["a"]}', PersonFields()) == NOBODY

    def test_of_a_tool_of_which_nobody_said_count_as_a_person_each(self) -> None:
        one, two = (count_arguments(json.dumps({"q": q})) for q in ("Ann Lee", "Bob Ray"))
        assert len(one.persons) == len(two.persons) == 1
        assert one.persons != two.persons
        assert count_arguments('{"q": "Ann Lee"}') == one

    def test_with_a_list_hidden_in_another_field(self) -> None:
        hidden = json.dumps({"name": "Ann Lee", "note": "\n".join(MANY)})
        assert len(count_arguments(hidden, NAME).persons) >= len(MANY)
        listed = json.dumps({"name": "Ann Lee", "note": [{"x": n} for n in MANY]})
        assert len(count_arguments(listed, NAME).persons) >= len(MANY)

    def test_with_long_prose_are_not_taken_for_nobody(self) -> None:
        prose = json.dumps({"name": "Ann Lee", "note": "please also find whoever she has met with " * 8})
        assert not count_arguments(prose, NAME).complete
        assert count_arguments(prose, NAME, mails).complete

    @pytest.mark.parametrize("wrong", ["{", '{"name": "Ann"} {"name": "Bob"}', "name=Ann", "[" * 100_000, "\0"])
    def test_that_are_not_json_are_uncountable(self, wrong: str) -> None:
        assert not count_arguments(wrong, NAME).complete


class TestOnePerson:
    def test_is_one_however_it_is_spaced_cased_and_composed(self) -> None:
        assert normalised("  Ann \t Lee ") == normalised("ANN LEE") == "ann lee"
        assert normalised("José Díaz") == normalised("José Díaz")

    def test_is_another_with_look_alike_letters_or_where_case_may_tell(self) -> None:
        assert normalised("Аnn Lee") != normalised("Ann Lee")  # Cyrillic A
        assert normalised("Ann\u200b Lee") != normalised("Ann Lee")
        assert normalised("aBc") != normalised("abc")
        assert normalised("Case aB1") != normalised("Case ab1")

    def test_half_names_are_told_apart_by_the_whole_value(self) -> None:
        family, first = [f"Fam{c}" for c in "abcdefghij"], [f"Giv{c}" for c in "abcdefghij"]
        values = [f"{f}, {g}" for f in family for g in first]
        assert len({p for v in values for p in persons_in(v)}) >= 100
        assert persons_in("Ann Lee; Bob Ray and Cid Poe") == ["ann lee", "bob ray", "cid poe"]

    def test_with_a_comma_in_the_name_is_one_where_the_owner_says_so(self) -> None:
        fields = PersonFields((("name",),), whole=frozenset({"name"}))
        assert count_arguments('{"name": "Lee, Ann"}', fields).persons == ("Lee, Ann".lower(),)

    @given(st.lists(st.text(min_size=1), min_size=2, max_size=2, unique=True))
    def test_two_never_become_one_unless_space_case_and_composition_are_all_that_differs(self, pair: list[str]) -> None:
        def plain(text: str) -> str:
            return "".join(persons_module.unicodedata.normalize("NFC", " ".join(text.split())).lower())

        a, b = pair
        if plain(a) != plain(b):
            assert normalised(a) != normalised(b)


@given(st.lists(st.text("abcdefgh", min_size=2, max_size=9), min_size=3, max_size=30, unique=True), st.data())
def test_no_separator_and_no_shape_makes_fewer_persons(words: list[str], data: st.DataObject) -> None:
    separator = data.draw(st.sampled_from(["\n", "\r\n", "\n\n", "\n- ", "\x0b", "\u2029"]))
    people = [f"{w} {w}son" for w in words]
    assert len(count_text(separator.join(people)).persons) >= len(people)
    depth = data.draw(st.integers(0, 5))
    assert len(count_text("[" * depth + json.dumps(people) + "]" * depth).persons) == len(people)


@given(st.text(max_size=300), st.sampled_from([None, mails]), st.sampled_from([NAME, PersonFields()]))
def test_any_text_is_counted_or_said_not_to_be(text: str, reads: Any, fields: PersonFields) -> None:
    counted = count_text(text, fields, reads)
    assert len(counted.persons) == len(set(counted.persons))
    assert all(counted.persons)
    count_arguments(text, fields, reads)


class TestHostile:
    @pytest.mark.parametrize(
        "text",
        [
            "x" * 2_000_000,
            "[" * 1_000_000,
            '{"a":' * 200_000,
            ("[" * 100 + "\n") * 3_000,
            '"' * 1_000_000,
            "a" + "\u0301\u0316" * 400_000,
            ";|,\t" * 200_000,
            "[" + "9" * 1_000_000 + "]",
            " \t" * 300_000 + "x",
            "[" * 2_000 + '"Ann Lee","Bob Ray"' + "]" * 2_000,
            ('["' + "a" * 500_000 + "\n") * 8,
        ],
        ids=["line", "brackets", "objects", "many", "quotes", "marks", "cells", "digits", "spaces", "deep", "open"],
    )
    def test_ends(self, text: str) -> None:
        counted = count_text(text)
        assert len(counted.persons) <= 10

    def test_nesting_beyond_reading_is_uncountable(self) -> None:
        text = "[" * 100_000 + '"Ann Lee","Bob Ray"' + "]" * 100_000
        assert not count_text(text, identifiers=mails).complete

    def test_too_much_is_uncountable(self) -> None:
        assert not count_text("a\n" * 1_000_001, identifiers=mails).complete
        assert not count_text("a" * ((8 << 20) + 1), identifiers=mails).complete

    def test_more_persons_than_are_told_apart_are_at_least_so_many(self) -> None:
        counted = count_text("\n".join(f"id {i}" for i in range(MAX_PERSONS + 5)))
        assert len(counted.persons) == MAX_PERSONS

    def test_one_long_value_of_many_words_takes_no_square_of_memory(self) -> None:
        value = ";".join(f"w{chr(97 + i % 26)}" for i in range(50_000))
        assert sum(map(len, persons_in(value))) < 100 * 50_000


def test_parts_of_a_call_are_counted_together() -> None:
    whole = together([count_text(FORMS["CSV"]), known(["x"]), count_text(FORMS["CSV"])])
    assert len(whole.persons) == len(MANY) + 1
    assert whole.to_bytes() == b"given=1 rows=80"
