"""Nonce chain, draws and bounds: laws, published figures, and the ways in which somebody would steer a sample."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from hashlib import sha256
from math import comb, prod

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brightline.assurance.audit.bounds import bound
from brightline.assurance.audit.chain import check_nonce, commitment, nonce
from brightline.assurance.audit.sample import drawn, seed
from brightline.errors import RecordError

SECRET = bytes(range(32))


@given(st.binary(min_size=32, max_size=32), st.integers(1, 60), st.data())
def test_each_epoch_has_one_nonce_that_hashes_to_the_end(secret: bytes, epochs: int, data: st.DataObject) -> None:
    end = commitment(secret, epochs)
    epoch = data.draw(st.integers(1, epochs))
    check_nonce(nonce(secret, epochs, epoch), epoch, end, epochs)
    other = data.draw(st.integers(-1, epochs + 1).filter(lambda e: e != epoch))
    with pytest.raises(RecordError, match="not the nonce of epoch"):
        check_nonce(nonce(secret, epochs, epoch), other, end, epochs)


def test_a_vendor_that_grinds_has_no_second_nonce() -> None:
    """Whatever it tries, only its one value of the epoch passes."""
    end = commitment(SECRET, 12)
    tried = [bytes([i]) * 32 for i in range(256)] + [nonce(SECRET, 12, e) for e in range(1, 13)]
    passed = []
    for value in tried:
        try:
            check_nonce(value, 5, end, 12)
        except RecordError:
            continue
        passed.append(value)
    assert passed == [nonce(SECRET, 12, 5)]


def test_what_was_revealed_tells_no_later_nonce() -> None:
    """One hash leads back to the epoch before, and none leads on."""
    revealed = nonce(SECRET, 12, 5)
    later = {nonce(SECRET, 12, e) for e in range(6, 13)}
    seen = set()
    for _ in range(1000):
        seen.add(revealed)
        revealed = sha256(revealed).digest()
    assert not later & seen
    assert nonce(SECRET, 12, 4) in seen


@pytest.mark.parametrize(("size", "epochs", "epoch"), [(31, 5, 1), (33, 5, 1), (32, 0, 1), (32, 10_001, 1), (32, 5, 6)])
def test_a_chain_has_bounds(size: int, epochs: int, epoch: int) -> None:
    with pytest.raises(RecordError):
        nonce(bytes(size), epochs, epoch)


def test_the_sample_turns_on_checkpoint_and_nonce_and_on_nothing_else() -> None:
    population = range(1000, 3000)
    first = drawn(seed("a\n1\nx\n", SECRET), population, 50)
    assert first == drawn(seed("a\n1\nx\n", SECRET), population, 50)
    assert len(set(first)) == 50
    assert set(first) <= set(population)
    assert first == sorted(first)
    for other in (seed("a\n2\nx\n", SECRET), seed("a\n1\nx\n", bytes(32))):
        assert drawn(other, population, 50) != first


def test_every_decision_is_drawn_as_often_as_any_other() -> None:
    """10,000 samples of 10 from 100: each is drawn 1000 times, give or take six standard deviations (30 each)."""
    seen = Counter(i for n in range(10_000) for i in drawn(seed(str(n), SECRET), range(100), 10))
    assert all(abs(seen[i] - 1000) < 180 for i in range(100))


def test_a_small_population_is_drawn_whole() -> None:
    assert drawn(seed("", SECRET), [4, 9], 299) == [4, 9]
    assert drawn(seed("", SECRET), [], 299) == []


# Published: with no failure, 299 show fewer than 1 in 100, 2,995 fewer than 1 in 1000 (FINDINGS; rule of three).
@pytest.mark.parametrize(("sample", "millionths"), [(299, 10_000), (2995, 1000), (1, 950_000), (10, 258_866)])
def test_clopper_and_pearson_without_a_failure(sample: int, millionths: int) -> None:
    found = bound(10**9, sample, 0).binomial
    assert found <= millionths < found + (100 if sample > 10 else 2)
    assert Fraction(10**6 - found, 10**6) ** sample <= Fraction(1, 20) < Fraction(10**6 - found + 1, 10**6) ** sample


@settings(max_examples=60)
@given(st.data())
def test_the_hypergeometric_bound_is_exact(data: st.DataObject) -> None:
    """Against the definition, written out with fractions: one more failure in the population would be too unlikely."""
    population = data.draw(st.integers(1, 120))
    sample = data.draw(st.integers(1, population))
    failures = data.draw(st.integers(0, sample))
    found = bound(population, sample, failures)

    def tail(k: int) -> Fraction:
        ways = sum(comb(k, i) * comb(population - k, sample - i) for i in range(min(failures, k) + 1))
        return Fraction(ways, comb(population, sample))

    assert tail(found.most) > Fraction(1, 20)
    possible = population - (sample - failures)
    assert all(tail(k) <= Fraction(1, 20) for k in range(found.most + 1, possible + 1))
    assert failures <= found.most <= possible
    assert Fraction(found.tenths, 10_000) >= Fraction(found.most, population)


def test_no_bound_is_rounded_in_the_vendors_or_the_customers_favour() -> None:
    found = bound(1_000_000, 299, 0)
    assert prod(Fraction(10**6 - found.most - 1 - i, 10**6 - i) for i in range(299)) <= Fraction(1, 20)
    assert found.text.startswith(
        "With 95 % confidence fewer than 10.0 in 1000 decisions fail (at most 9967 of 1000000)"
    )
    assert bound(10, 10, 0).text == "Every decision was drawn: 0 of 10 failed."
    assert bound(0, 0, 0).text == "There was no decision to draw: nothing is shown."
    assert "nothing is shown about the rest" in bound(10, 0, 0).text
    assert bound(1000, 100, 1).most > bound(1000, 100, 0).most
    with pytest.raises(ValueError, match="population"):
        bound(10, 11, 0)
