"""How many failures there may be, given how many a sample showed: exact, in whole numbers, never better than shown.

The sample is drawn without replacement from a population that is counted, so the hypergeometric bound is exact; the
binomial one (Clopper and Pearson 1934, one-sided) is for whoever thinks of the decisions as drawn from endless ones,
and is never smaller. Every result is rounded up: towards more failures.
"""

from __future__ import annotations

from math import comb
from typing import NamedTuple

CONFIDENCE = (95, 100)
_GRID = 1_000_000


class Bound(NamedTuple):
    """With 95 % confidence at most `most` of `population` are failures: `per_1000` tenths of a thousandth, rounded up.

    `binomial`: the Clopper–Pearson bound in millionths, rounded up.
    """

    population: int
    sample: int
    failures: int
    most: int
    binomial: int

    @property
    def tenths(self) -> int:
        """The smallest whole number T of which the bound makes it true: fewer than T / 10 in 1000 are failures.

        Where the whole population was looked at there is no "fewer than": it is that share itself, rounded up.
        """
        above = self.most if self.sample == self.population else self.most + 1
        return -(-10_000 * above // self.population) if self.population else 0

    @property
    def text(self) -> str:
        """One sentence."""
        n, size = self.sample, self.population
        seen = f"{self.failures} of {n} drawn decisions failed, of {size} in all"
        if not size:
            return "There was no decision to draw: nothing is shown."
        if n == size:
            return f"Every decision was drawn: {self.failures} of {size} failed."
        if self.most == size:
            return f"{seen}: nothing is shown about the rest."
        in_1000 = f"{self.tenths // 10}.{self.tenths % 10}"
        shown = f"With 95 % confidence fewer than {in_1000} in 1000 decisions fail"
        return f"{shown} (at most {self.most} of {size}); {seen}."


def bound(population: int, sample: int, failures: int) -> Bound:
    """What `failures` in a sample of `sample` from `population` show. Raises ValueError where the numbers cannot be."""
    if not 0 <= failures <= sample <= population:
        raise ValueError("failures <= sample <= population")
    return Bound(population, sample, failures, _most(population, sample, failures), _binomial(sample, failures))


def _most(population: int, sample: int, failures: int) -> int:
    """The largest number K of failures in the population with P(at most as many in the sample | K) > 5 %.

    That probability falls as K grows, so a binary search finds it.
    """
    low, high = failures, population - (sample - failures)
    whole = comb(population, sample)
    while low < high:
        k = (low + high + 1) // 2
        tail = sum(comb(k, i) * comb(population - k, sample - i) for i in range(failures + 1))
        if tail * CONFIDENCE[1] > whole * (CONFIDENCE[1] - CONFIDENCE[0]):
            low = k
        else:
            high = k - 1
    return low


def _binomial(sample: int, failures: int) -> int:
    """The smallest p in millionths with P(at most `failures` of `sample` | p) <= 5 %; a million where there is none."""
    low, high = 0, _GRID
    whole = _GRID**sample * (CONFIDENCE[1] - CONFIDENCE[0])
    while low < high:
        p = (low + high) // 2
        q = _GRID - p
        tail = sum(comb(sample, i) * p**i * q ** (sample - i) for i in range(failures + 1))
        if tail * CONFIDENCE[1] <= whole:
            high = p
        else:
            low = p + 1
    return low
