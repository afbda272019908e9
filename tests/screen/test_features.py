"""Words and buckets: what must not change them, and what no text may do to them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from brightline.screen import features
from brightline.screen.features import BITS, KINDS, buckets, words

LATIN = st.text(alphabet="abcXYZ059 .,\n-", max_size=400)


def test_words_and_stems() -> None:
    found = words("Surveillance, surveilled: SURVEILLANCE!")
    assert len(found) == 3
    assert found.whole[0] == found.whole[2] != found.whole[1]
    assert len(set(found.stems.tolist())) == 1


def test_digits_count_as_one() -> None:
    assert words("unit 4471").whole.tolist() == words("unit 9020").whole.tolist()
    assert words("unit 4471").whole.tolist() != words("unit 447").whole.tolist()


@given(LATIN, st.integers(45, 200))
def test_blocks_change_nothing(text: str, size: int) -> None:
    text = " ".join(w[:40] for w in text.split(" "))  # a word longer than a block is cut: no language has any
    whole = words(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(features, "BLOCK", size)
        cut = words(text)
    if max((len(w) for w in text.replace("\n", " ").split()), default=0) < size:
        assert cut.whole.tolist() == whole.whole.tolist()
        assert cut.stems.tolist() == whole.stems.tolist()


@given(LATIN)
def test_case_marks_and_what_is_invisible_change_nothing(text: str) -> None:
    plain = words(text)
    for other in (text.upper(), "\u202e" + text.replace("a", "a\u200b\u0301"), text.replace("X", "Ｘ")):
        assert words(other).whole.tolist() == plain.whole.tolist()


def test_look_alike_letters_are_read_as_latin() -> None:
    assert words("trасk еvеrу сitizеn").whole.tolist() == words("track every citizen").whole.tolist()


@pytest.mark.parametrize(
    ("text", "legible"),
    [
        ("Bericht über die Übung in Köln", True),
        ("Проследить передвижения всех жителей города по телефонам", False),
        ("追踪城市中每一个居民的位置并列出他们的姓名和地址以及他们所有的联系人", False),
        ("a" * 1_000_000, False),
        ("\0" * 1000, True),
        ("", True),
        ("aGVsbG8" * 200, False),
        ("see commit " + "3f" * 20 + " and the notes", True),
    ],
    ids=["german", "russian", "chinese", "one letter", "nulls", "empty", "base64", "a digest"],
)
def test_what_is_no_text_to_read_is_said_to_be_none(text: str, legible: bool) -> None:
    assert words(text).legible is legible


@given(st.text(max_size=300))
def test_total_and_bounded(text: str) -> None:
    found = words(text)
    out = buckets(found, 0, len(found))
    assert len(out) == KINDS * len(found)
    assert ((out >= 0) & (out < 1 << BITS)).all()


@given(LATIN, st.integers(0, 50))
def test_a_part_has_the_buckets_that_it_has_in_the_whole(text: str, start: int) -> None:
    found = words(text)
    start = min(start, len(found))
    whole = buckets(found, 0, len(found)).reshape(KINDS, -1)[:, start:]
    assert np.array_equal(whole, buckets(found, start, len(found)).reshape(KINDS, -1))
