"""Exact bounds, against published values."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brightline.screen.bounds import lower, upper


def test_none_found_is_the_rule_of_three_exactly() -> None:
    assert upper(0, 299) == pytest.approx(1 - 0.05 ** (1 / 299), rel=1e-9)
    assert upper(0, 299) < 0.01 <= upper(0, 298) + 1e-5  # FINDINGS: 299 samples for 1 %


def test_published_value() -> None:
    # Two-sided 90 % Clopper-Pearson interval of 5 of 100 (one-sided 95 % each): 1.991 % to 10.226 %
    assert lower(5, 100) == pytest.approx(0.01991, abs=5e-5)
    assert upper(5, 100) == pytest.approx(0.10226, abs=5e-5)


def test_ends() -> None:
    assert upper(0, 0) == 1
    assert lower(0, 0) == 0
    assert upper(7, 7) == 1
    assert lower(0, 7) == pytest.approx(0, abs=1e-12)


@given(st.integers(0, 60), st.integers(1, 60))
def test_they_enclose_the_share(found: int, more: int) -> None:
    of = found + more
    assert lower(found, of) <= found / of < upper(found, of)
