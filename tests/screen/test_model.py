"""What is cut short gives the same finding: scores by a plain sum, and the comparison that is left out mostly."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brightline.screen import shipped_model, shipped_screen
from brightline.screen.features import KINDS, buckets, words
from brightline.screen.heads import NAMES
from brightline.screen.model import HALF, LEAST, Scores
from brightline.screen.screening import MARGIN
from brightline.vocabulary import shipped

SCREEN = shipped_screen(shipped())
WORDS = (
    "target",
    "warrant",
    "track",
    "engage",
    "without",
    "approval",
    "protesters",
    "report",
    "the",
    "of",
    "summarise",
)
LEVELS = st.sampled_from([-30.0, -MARGIN - 0.001, -MARGIN, -0.001, 0.0, 3.0])


def plain(text: str) -> Scores:
    """The highest window of each head, window by window, in wide numbers."""
    model, found = shipped_model(), words(text)
    count = len(found)
    rows = model.weights[buckets(found, 0, count)].astype(np.int64).reshape(KINDS, count, -1).sum(axis=0)
    starts = range(0, max(count - HALF, 1), HALF)
    windows = [rows[i : i + 2 * HALF] for i in starts]
    best = np.max([w.sum(axis=0) / np.sqrt(np.float32(max(len(w), LEAST))) for w in windows], axis=0)
    return np.asarray(best * model.scale + model.bias, np.float32)


@given(st.lists(st.sampled_from(WORDS), min_size=1, max_size=5 * HALF))
@settings(deadline=None)
def test_scores_are_those_of_a_plain_sum(chosen: list[str]) -> None:
    text = " ".join(chosen)
    assert shipped_model().scores(words(text)) == pytest.approx(plain(text), abs=1e-4)


def test_a_window_of_the_gravest_word_does_not_overflow() -> None:
    for word in WORDS:
        text = " ".join([word] * (2 * HALF))
        assert shipped_model().scores(words(text)) == pytest.approx(plain(text), abs=1e-4)


@given(st.sampled_from(sorted(SCREEN.vocabulary.activities)), st.lists(LEVELS, min_size=13, max_size=13))
def test_where_no_group_is_within_the_margin_there_is_nothing_to_compare(activity: str, levels: list[float]) -> None:
    scores = [SCREEN.thresholds[n] + level for n, level in zip(NAMES, levels, strict=True)]
    near = any(level >= -MARGIN for level in levels[: len(SCREEN._near)])
    compared = SCREEN._compared(activity, {}, scores)
    assert near or compared == ((), (), ())
    if any(level >= 0 for level in levels[: len(SCREEN._near)]) and not SCREEN._fits[activity]:
        assert compared[0]
