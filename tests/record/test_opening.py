"""Openings have one spelling, show what was committed to, and nothing of what stays closed."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brightline.errors import RecordError
from brightline.record.commitment import commit
from brightline.record.opening import Field, Opened, open_fields, read_openings, write_openings

KEY = bytes(range(32))
FIELDS = (("meters", b"{}"), ("prompt", b"yes"), ("audit", b"[]"))
MADE = open_fields(7, KEY, FIELDS, ("meters",))
assert MADE is not None
ONE: Opened = MADE
DATA = ONE.to_bytes()

names = st.text("abcdef._", min_size=1, max_size=6)
private = st.lists(st.tuples(names, st.binary(max_size=40)), min_size=1, max_size=6, unique_by=lambda f: f[0])


@given(private, st.data())
def test_any_choice_of_fields_gives_the_commitment(fields: list[tuple[str, bytes]], data: st.DataObject) -> None:
    chosen = data.draw(st.sets(st.sampled_from([name for name, _ in fields]), min_size=1))
    opened = open_fields(3, KEY, fields, chosen)
    assert opened is not None
    assert opened.commitment() == commit(KEY, fields)
    assert {f.name: f.value for f in opened.shown} == {n: v for n, v in fields if n in chosen}
    assert read_openings(opened.to_bytes()) == [opened]


def test_what_stays_closed_is_not_in_the_bytes() -> None:
    assert b"yes" not in DATA
    assert b"prompt" not in DATA
    assert len(DATA) == 8 + 2 + (1 + 16 + 2 + 6 + 4 + 2) + 2 * 33


def test_an_entry_without_such_a_field_is_not_opened() -> None:
    assert open_fields(7, KEY, FIELDS, ("clock",)) is None


def test_they_stand_in_the_order_of_their_entries() -> None:
    other = Opened(2, ONE.fields)
    assert read_openings(write_openings([ONE, other])) == [other, ONE]


def test_every_shorter_text_is_refused() -> None:
    for cut in range(1, len(DATA)):
        with pytest.raises(RecordError, match="openings"):
            read_openings(DATA[:cut])


CLOSED = Opened(7, (bytes(32),)).to_bytes()
TWICE = Opened(7, (Field("a", b"", bytes(16)), Field("a", b"1", bytes(16)))).to_bytes()


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (DATA + b"\0", "ends within"),
        (DATA + DATA, "do not ascend"),
        (write_openings([ONE, Opened(9, ONE.fields)])[len(DATA) :] + DATA, "do not ascend"),
        (DATA[:8] + b"\0\0" + DATA[10:], "1 to 1024 fields"),
        (DATA[:8] + b"\4\1" + DATA[10:], "1 to 1024 fields"),
        (DATA[:10] + b"\2" + DATA[11:], "neither opened nor closed"),
        (DATA[:27] + b"\0\0" + DATA[29:], "1 to 255 bytes"),
        (DATA[:29] + b"\x1b" + DATA[30:], "printable ASCII"),
        (DATA[:29] + b"\x7f" + DATA[30:], "printable ASCII"),
        (DATA[:29] + b" " + DATA[30:], "printable ASCII"),
        (CLOSED, "shows no field"),
        (TWICE, "or one twice"),
        (DATA[:35] + b"\xff" * 4 + DATA[39:], "ends within"),
    ],
)
def test_another_spelling_is_refused(data: bytes, text: str) -> None:
    with pytest.raises(RecordError, match=text) as refused:
        read_openings(data)
    assert refused.value.place == "openings"


@given(st.binary(max_size=200))
def test_what_is_read_is_written_the_same(data: bytes) -> None:
    with suppress(RecordError):
        assert write_openings(read_openings(data)) == data
