"""Letters: the reader reads them, nobody else does, and nothing that was changed opens."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brightline.errors import KeyFileError
from brightline.keys import SigningKey, read_letter, write_letter
from brightline.keys.letter import OVERHEAD

READER = SigningKey.new("inspector", bytes(range(32)))
OTHER = SigningKey.new("administrator", bytes(range(1, 33)))
TEXT = b"what happened at night"


@given(st.binary(min_size=32, max_size=32), st.binary(max_size=300), st.text(max_size=30))
def test_what_was_written_is_read(seed: bytes, plain: bytes, subject: str) -> None:
    key = SigningKey.new("somebody", seed)
    letter = write_letter(key.public, plain, subject)
    assert len(letter) == len(plain) + OVERHEAD
    assert read_letter(key, letter, subject) == plain


def test_no_two_letters_are_alike() -> None:
    assert write_letter(READER.public, TEXT, "s") != write_letter(READER.public, TEXT, "s")


@given(st.integers(0, len(TEXT) + OVERHEAD - 1), st.integers(1, 255))
def test_a_changed_letter_does_not_open(place: int, flip: int) -> None:
    letter = bytearray(write_letter(READER.public, TEXT, "s"))
    letter[place] ^= flip
    with pytest.raises(KeyFileError, match="does not open"):
        read_letter(READER, bytes(letter), "s")


@pytest.mark.parametrize(
    ("reader", "cut", "subject"), [(OTHER, 0, "s"), (READER, 0, "t"), (READER, 1, "s"), (READER, 60, "s")]
)
def test_nobody_else_reads_it_and_no_part_of_it(reader: SigningKey, cut: int, subject: str) -> None:
    letter = write_letter(READER.public, TEXT, "s")
    with pytest.raises(KeyFileError, match="does not open"):
        read_letter(reader, letter[: len(letter) - cut], subject)
