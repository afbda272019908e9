"""Vectors for identifiers: what is one, and above all what is none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brightline.screen import identifiers as rules
from brightline.screen.features import words
from brightline.screen.rows import longest_list


def identifiers(texts: list[str]) -> dict[str, int]:
    return rules.identifiers((t, words(t).digits) for t in texts)


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("SSN 536-22-1234 on file", {"ssn": 1}),
        ("social security number: 536221234", {"ssn": 1}),
        ("536-22-1234, again 536-22-1234", {"ssn": 1}),
        ("part 536221234 in stock", {}),
        ("000-22-1234 666-22-1234 912-22-1234 536-00-1234 536-22-0000", {}),
        ("the old advertisement said 078-05-1120", {}),
        ("1536-22-1234 and 536-22-12345", {}),
        ("write to ana.diaz@example.org or ANA.DIAZ@example.org", {"email": 1}),
        ("a@b and @home and user@host", {}),
        ("call +1 650-253-0000 or (650) 253-0000", {"phone": 1}),
        ("Tel. +44 20 7031 3000", {"phone": 1}),
        ("from 2024-05-01 to 2024-06-30, 1 200 000 units", {}),
        ("version 10.2.33.4, pages 120-140", {}),
        ("passport no. X1234567", {"passport": 1}),
        ("a passport costs 130 dollars", {}),
        ("she lives at 1600 Pennsylvania Avenue", {"address": 1}),
        ("12 new streets were paved", {}),
    ],
)
def test_vectors(text: str, kinds: dict[str, int]) -> None:
    assert identifiers([text]) == kinds


@pytest.mark.parametrize("kind", ["ssn", "email", "phone", "passport", "address"])
def test_no_value_leaves(kind: str) -> None:
    values = ["536-22-1234", "ana@example.org", "+1 650-253-0000", "passport X1234567", "1600 Pennsylvania Avenue"]
    found = identifiers([" / ".join(values)])
    assert found[kind] == 1
    assert all(isinstance(n, int) for n in found.values())


def test_without_the_tables_of_numbers_the_shape_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "_tables", lambda: None)
    assert identifiers(["call +1 650-253-0000 on 2024-05-01"]) == {"phone": 1}


def test_many_numbers_are_counted_all_and_looked_up_few() -> None:
    text = "\n".join(f"+1 650-253-{n:04}" for n in range(3000))
    assert identifiers([text])["phone"] >= 2900


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("name,city\n" + "\n".join(f"Person {i},Town" for i in range(40)), 41),
        ("\n".join(f"P{i}\t{i}\tx" for i in range(12)), 12),
        ('{"names": [' + ", ".join(f'"Ann B{i}"' for i in range(50)) + "]}", 50),
        ("[" + ",".join('{"n": 1}' for _ in range(9)) + "]", 9),
        ("\n".join(f"- item {i} of the list" for i in range(7)), 7),
        ("\n".join(f"Ann Brown{i}" for i in range(20)), 20),
        ("Dear all,\n\nthe meeting is on Monday, as agreed.\nPlease bring the minutes, and the plan.\n\nJo", 0),
        ("one, two\nthree, four", 0),
        ("", 0),
    ],
)
def test_rows_of_lists(text: str, rows: int) -> None:
    assert longest_list(text) == rows


@given(st.text(max_size=300))
def test_total(text: str) -> None:
    assert all(n > 0 for n in identifiers([text]).values())
    assert longest_list(text) >= 0
