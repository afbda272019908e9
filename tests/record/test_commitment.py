"""Commitments over salted leaves: hiding, binding, one field at a time."""

from __future__ import annotations

import dataclasses
from hashlib import sha256, shake_256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brightline.errors import RecordError
from brightline.record.commitment import check_opening, commit, open_field
from tests.record.drafts import KEY

FIELDS = (("prompt", b"text of the prompt"), ("place", b"home"), ("scale", b""))
fields = st.lists(
    st.tuples(st.text(min_size=1, max_size=8).filter(lambda t: t.isprintable()), st.binary(max_size=20)),
    min_size=1,
    max_size=8,
    unique_by=lambda f: f[0],
)


def test_the_formula_of_the_reference() -> None:
    salts = shake_256(KEY + b"brightline/salts/v1").digest(32)
    first = sha256(b"\0" + salts[:16] + b"\0\1a" + b"x").digest()
    second = sha256(b"\0" + salts[16:] + b"\0\2bc" + b"").digest()
    assert commit(KEY, (("a", b"x"), ("bc", b""))) == sha256(b"\1\0\2" + first + second).digest()


@given(fields, st.data())
def test_one_field_opens_and_shows_no_other(made: list[tuple[str, bytes]], data: st.DataObject) -> None:
    name, value = data.draw(st.sampled_from(made))
    opening = open_field(KEY, made, name)
    assert (opening.name, opening.value) == (name, value)
    check_opening(commit(KEY, made), opening)
    shown = opening.salt + b"".join(opening.others)
    salts = shake_256(KEY + b"brightline/salts/v1").digest(16 * len(made))
    assert [i for i in range(len(made)) if salts[16 * i : 16 * i + 16] in shown] == [opening.index]


def test_every_change_of_an_opening_is_refused() -> None:
    root, good = commit(KEY, FIELDS), open_field(KEY, FIELDS, "place")
    for change in (
        {"index": 0},
        {"index": 3},
        {"index": -1},
        {"name": "plac"},
        {"name": "placeh", "value": b"ome"},
        {"value": b"abroad"},
        {"salt": bytes(16)},
        {"salt": good.salt + b"\0"},
        {"others": good.others[:1]},
        {"others": good.others[::-1]},
        {"others": (good.others[0], good.others[1][:31])},
    ):
        with pytest.raises(RecordError, match="opening"):
            check_opening(root, dataclasses.replace(good, **change))
    with pytest.raises(RecordError):
        check_opening(bytes(32), good)


@given(fields, st.binary(min_size=32, max_size=32))
def test_equal_fields_under_another_key_look_different(made: list[tuple[str, bytes]], key: bytes) -> None:
    assert (commit(key, made) == commit(KEY, made)) == (key == KEY)


@pytest.mark.parametrize(
    "key, made",
    [
        (KEY[:31], FIELDS),
        (KEY, ()),
        (KEY, (("a", b""), ("a", b"x"))),
        (KEY, (("", b""),)),
        (KEY, (("n" * 256, b""),)),
        (KEY, tuple((str(i), b"") for i in range(1025))),
    ],
)
def test_unfit_input_is_refused(key: bytes, made: tuple[tuple[str, bytes], ...]) -> None:
    with pytest.raises(RecordError, match="commitment"):
        commit(key, made)


def test_a_field_that_is_not_there_cannot_be_opened() -> None:
    with pytest.raises(RecordError, match="no private field 'wind'"):
        open_field(KEY, FIELDS, "wind")
