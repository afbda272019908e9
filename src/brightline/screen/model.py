"""The linear models: one file of weights, read from bytes whose digest is pinned, and the scores of a text.

Law: a score is the highest over the text's windows of 64 words (two blocks of 32), so that what is grave is found
wherever it stands; it depends on the words alone. Numbers only: no text and no hash of one can be read back from it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from brightline.canonical import dump, parse
from brightline.errors import ConfigError
from brightline.screen.features import BITS, KINDS, Words, buckets
from brightline.screen.heads import NAMES

TYPE = "brightline/screen-model/v1"
HALF = 32  # words in a block; a window is two
LEAST = 6  # words, as many as which a shorter text is taken to have: a word by itself is hardly evidence of anything
MAX_WORDS = 4096  # words scored at once, so that memory is bounded

Scores: TypeAlias = npt.NDArray[np.float32]
_ROOTS = tuple(np.sqrt(np.arange(2 * HALF + 1, dtype=np.float32)))


@dataclass(frozen=True, slots=True)
class Model:
    """`weights`: 2^BITS × heads, whole numbers times `scale`; `thresholds` by head, as they were shipped."""

    weights: npt.NDArray[np.int8]
    scale: Scores
    bias: Scores
    thresholds: Mapping[str, float]
    digest: str
    version: str

    def scores(self, found: Words) -> Scores:
        """The highest score of each head over all windows; the bias alone where there are no words."""
        # A chunk ends with the first block of the next one, so that no window is lost between two.
        best = self._windows(found, 0, min(MAX_WORDS + HALF, len(found)))
        for start in range(MAX_WORDS, len(found), MAX_WORDS):
            best = np.maximum(best, self._windows(found, start, min(start + MAX_WORDS + HALF, len(found))))
        return best

    def _windows(self, found: Words, start: int, end: int) -> Scores:
        count = end - start
        if not count:
            return self.bias
        rows = self.weights.take(buckets(found, start, end), axis=0)
        # Sixteen bits hold a window: 64 words of four kinds, each at most 127.
        each = np.add.reduce(rows.reshape(KINDS, count, -1), axis=0, dtype=np.int16)
        if count <= 2 * HALF:
            best = np.add.reduce(each, axis=0, dtype=np.int16) / _ROOTS[max(count, LEAST)]
            return np.asarray(best * self.scale + self.bias, np.float32)
        # Windows of two blocks; the last one may be shorter, and is then worth more.
        full, rest = count // HALF, count % HALF
        blocks = np.add.reduce(each[: full * HALF].reshape(full, HALF, -1), axis=1, dtype=np.int16)
        windows = blocks[:-1] + blocks[1:]
        best = np.maximum.reduce(windows, axis=0) / _ROOTS[2 * HALF]
        if rest:
            last = blocks[-1] + np.add.reduce(each[full * HALF :], axis=0, dtype=np.int16)
            best = np.maximum(best, last / _ROOTS[HALF + rest])
        return np.asarray(best * self.scale + self.bias, np.float32)


def write_model(
    weights: npt.NDArray[Any], bias: Sequence[float], thresholds: Mapping[str, float], version: str
) -> bytes:
    """The model's file: one line of canonical JSON, then the weights as signed bytes, bucket by bucket."""
    scale = np.maximum(np.abs(weights).max(axis=0), 1e-9) / 127
    head = {
        "type": TYPE,
        "version": version,
        "bits": BITS,
        "heads": [
            {"name": n, "scale": repr(float(s)), "bias": repr(float(b)), "threshold": repr(float(thresholds[n]))}
            for n, s, b in zip(NAMES, scale, bias, strict=True)
        ],
    }
    raw: bytes = np.rint(weights / scale).astype(np.int8).tobytes()
    return dump(head) + b"\n" + raw


def read_model(data: bytes, digest: str) -> Model:
    """The model in `data`. Raises ConfigError where it is not the one of that digest, or another program's."""
    place, cure = "the screen's model", "install Brightline again, or train it with `make train-screen`"
    found = "sha256:" + hashlib.sha256(data).hexdigest()
    if found != digest:
        raise ConfigError(f"its digest is {found}, not the one pinned", place=place, cure=cure)
    line, _, raw = data.partition(b"\n")
    head = parse(line, place, error=ConfigError)
    heads = head.get("heads", []) if isinstance(head, dict) else []
    right = isinstance(head, dict) and (head.get("type"), head.get("bits")) == (TYPE, BITS)
    if not right or [h["name"] for h in heads] != list(NAMES) or len(raw) != len(NAMES) << BITS:
        raise ConfigError("it was made for another version of the screen", place=place, cure=cure)
    return Model(
        np.frombuffer(raw, np.int8).reshape(1 << BITS, len(NAMES)),
        np.array([float(h["scale"]) for h in heads], np.float32),
        np.array([float(h["bias"]) for h in heads], np.float32),
        {h["name"]: float(h["threshold"]) for h in heads},
        digest,
        str(head["version"]),
    )
