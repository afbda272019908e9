"""One-vs-rest logistic regression in plain numpy: full batches, so that the same data give the same weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from brightline.screen.features import BITS, buckets, words
from brightline.screen.heads import NAMES
from brightline.screen.model import LEAST

Floats = npt.NDArray[np.float32]
RATE, DECAY = 0.1, 1e-5


@dataclass(frozen=True, slots=True)
class Labelled:
    """Texts with a target (0 or 1) and a weight (0: not asked) for each head."""

    texts: Sequence[str]
    targets: Floats
    weights: Floats


@dataclass(frozen=True, slots=True)
class Fitted:
    weights: Floats  # 2^BITS × heads
    bias: Floats


def fit(data: Labelled, keep: npt.NDArray[np.bool_], steps: int) -> Fitted:
    """Weights by Adam from zero on the rows of `data` that are kept."""
    # 1. each row's buckets, each worth 1/sqrt(words), as the screen scores a window
    rows, worth, columns = [], [], []
    targets, weights = data.targets[keep], data.weights[keep]
    for i, at in enumerate(np.flatnonzero(keep).tolist()):
        found = words(data.texts[at])
        b = buckets(found, 0, len(found))
        columns.append(b)
        rows.append(np.full(len(b), i))
        worth.append(np.full(len(b), 1 / max(len(found), LEAST) ** 0.5, np.float32))
    row, value = np.concatenate(rows), np.concatenate(worth)
    used, column = np.unique(np.concatenate(columns), return_inverse=True)
    # 2. the same entries by row and by column, so that both products are sums of runs
    row_starts = np.searchsorted(row, np.arange(len(targets)))
    order = np.argsort(column, kind="stable")
    column_starts = np.searchsorted(column[order], np.arange(len(used)))
    value, by_column = value[:, None], (row[order], value[order][:, None])
    # 3. Adam; positives weigh as the square root of their rarity
    positive, negative = (weights * targets).sum(0), (weights * (1 - targets)).sum(0)
    weights = weights * np.where(targets > 0, np.sqrt(negative / np.maximum(positive, 1)), 1).astype(np.float32)
    weights /= np.maximum(weights.sum(0), 1)
    w, bias = np.zeros((len(used), len(NAMES)), np.float32), np.full(len(NAMES), -2, np.float32)
    adam_w, adam_bias = _Adam(w), _Adam(bias)
    for step in range(1, steps + 1):
        z = np.add.reduceat(w[column] * value, row_starts, axis=0) + bias
        error = weights * (1 / (1 + np.exp(-np.clip(z, -30, 30))) - targets)
        slope = np.add.reduceat(error[by_column[0]] * by_column[1], column_starts, axis=0)
        adam_w.step(step, slope + DECAY * w)
        adam_bias.step(step, error.sum(0))
    out = np.zeros((1 << BITS, len(NAMES)), np.float32)
    out[used] = w
    return Fitted(out, bias)


class _Adam:
    """Adam (Kingma and Ba 2014) on one array, in place."""

    def __init__(self, part: Floats) -> None:
        self._part, self._mean, self._square = part, np.zeros_like(part), np.zeros_like(part)

    def step(self, number: int, slope: Floats) -> None:
        self._mean += 0.1 * (slope - self._mean)
        self._square += 0.01 * (slope * slope - self._square)
        root = np.sqrt(self._square / (1 - 0.99**number)) + 1e-8
        self._part -= RATE * self._mean / (1 - 0.9**number) / root
