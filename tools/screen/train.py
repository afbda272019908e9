"""`python -m tools.screen.train PUBLIC`: the screen's weights, the digest pinned in the code, and the card.

Deterministic: the same texts and the same numpy give the same bytes. What is held out is read once, at the end, for the
card alone; thresholds come from texts of training families and sources that the scoring model had not seen.
"""

from __future__ import annotations

import hashlib
import re
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from brightline.canonical import dump, parse
from brightline.screen import shipped
from brightline.screen.features import words
from brightline.screen.heads import GROUPS, NAMES, SIGNS
from brightline.screen.model import Model, read_model, write_model
from brightline.screen.screening import Screen
from brightline.vocabulary import shipped as vocabulary
from tools.screen.card import write_card
from tools.screen.fit import Fitted, fit
from tools.screen.grammar import composed
from tools.screen.labels import Training, training
from tools.screen.public import public
from tools.screen.situations import Text, situations

VERSION = "1"
FOLDS, STEPS = 3, 150
ROOT = Path(__file__).parents[2]
# Shares of benign texts over a group's threshold, out of fold; six groups together stay under one in a hundred.
OURS, THEIRS, PERMITTED, LONG = 0.999, 0.999, 0.99, 0.99
SIGN = 0.99  # of permitted twins of its own groups: a sign counts beside those only, so it may be less strict
RAISE = 0.25  # log-odds
LONG_TEXTS, LONG_PARTS = 300, 12


def main(arguments: Sequence[str]) -> int:
    if len(arguments) != 1 or not Path(arguments[0]).is_file():
        print("usage: make train-screen DATA=path/to/public.jsonl.gz", file=sys.stderr)
        return 2
    began = time.monotonic()
    # 1. texts
    ours, theirs = list(situations()), list(public(Path(arguments[0])))
    data = training([*ours, *composed()], theirs, FOLDS)
    # 2. thresholds, from what the model of each fold had not seen
    thresholds = _thresholds(data)
    # 3. weights, from everything that is not held out
    everything = fit(data.data, np.ones(len(data.fold), np.bool_), STEPS)
    raw = write_model(everything.weights, everything.bias.tolist(), thresholds, VERSION)
    # 4. thresholds again: no ordinary text that trained no weight comes within a margin of them
    raw, digest = raised(raw, ours)
    folder = Path(shipped.__file__).parent
    (folder / shipped.FILE).write_bytes(raw)
    code = Path(shipped.__file__)
    code.write_text(re.sub(r'DIGEST = "[^"]*"', f'DIGEST = "{digest}"', code.read_text("utf-8")), "utf-8")
    # 5. the card, on what is held out
    write_card(ROOT / "docs/screen.md", read_model(raw, digest), ours, theirs, data)
    print(f"trained in {time.monotonic() - began:.0f} s: {digest}", file=sys.stderr)
    return 0


def _thresholds(data: Training) -> dict[str, float]:
    scores = np.zeros((len(data.fold), len(NAMES)), np.float32)
    long = []
    for fold in range(FOLDS):
        model = _model(fit(data.data, data.fold != fold, STEPS))
        mine = np.flatnonzero(data.fold == fold).tolist()
        for i in mine:
            scores[i] = model.scores(words(data.data.texts[i]))
        parts = [i for i in mine if data.ours[i] and data.benign[i] and not data.data.targets[i].any()]
        long += [model.scores(words(text)) for text in _long(data, parts, fold)]
    seen, ordinary = data.fold >= 0, data.ours & data.benign & (data.data.targets.sum(axis=1) == 0)
    theirs = seen & data.benign & ~data.ours
    stated = (data.twin == 0) & data.ours & (data.data.targets.sum(axis=1) > 0)  # declared as the group that it is
    out = {}
    for at, head in enumerate(NAMES):
        permitted = seen & ((data.twin > 0) | stated) & (data.data.targets[:, at] == 0) & (data.data.weights[:, at] > 0)
        if head in {g.name for g in GROUPS}:
            bounds = [
                np.quantile(scores[seen & ordinary, at], OURS),
                np.quantile(scores[theirs, at], THEIRS),
                np.quantile(scores[permitted, at], PERMITTED),
                np.quantile(np.array(long)[:, at], LONG),
            ]
        else:
            groups = [NAMES.index(g) for s in SIGNS if s.name == head for g in s.groups]
            beside = permitted & (data.data.targets[:, groups] > 0).any(axis=1)
            bounds = [np.quantile(scores[m, at], SIGN) for m in (permitted, beside) if m.any()]
        out[head] = round(float(max(bounds)) + 0.001, 3)
    return out


def raised(raw: bytes, ours: Sequence[Text]) -> tuple[bytes, str]:
    """The model's file with thresholds by RAISE over every calibrating text that they would flag, and its digest."""
    model = read_model(raw, "sha256:" + hashlib.sha256(raw).hexdigest())
    screen = Screen(vocabulary(), model, model.thresholds)
    texts = [t for t in ours if t.calibrating]
    joined = [
        replace(part[0], text="\n\n".join(t.text for t in part))
        for family in sorted({t.family for t in texts})
        for mine in [[t for t in texts if t.family == family]]
        for part in (mine[i : i + LONG_PARTS] for i in range(0, len(mine), LONG_PARTS))
    ]
    highest = dict(model.thresholds)
    for text in (*texts, *joined):
        found = screen(text.activity, text.facts, (text.text,))
        for group in GROUPS:
            if not screen.fits(text.activity, group.name):
                highest[group.name] = max(highest[group.name], round(found.scores[group.name] + RAISE, 3))
    # Signs last: one counts beside a group that fits and that the text is nearly about.
    screen = screen.with_thresholds(highest)
    for text in (*texts, *joined):
        found = screen(text.activity, text.facts, (text.text,))
        for name in set(found.flagged) & {s.name for s in SIGNS}:
            highest[name] = max(highest[name], round(found.scores[name] + RAISE, 3))
    line, _, weights = raw.partition(b"\n")
    head = parse(line)
    for item in head["heads"]:
        item["threshold"] = repr(highest[item["name"]])
    raw = dump(head) + b"\n" + weights
    return raw, "sha256:" + hashlib.sha256(raw).hexdigest()


def _long(data: Training, ordinary: Sequence[int], seed: int) -> list[str]:
    """Long ordinary texts: some that belong to the fold, one after the other."""
    rng = np.random.default_rng(seed)
    picks: list[npt.NDArray[np.int64]] = [
        rng.choice(np.array(ordinary), LONG_PARTS, replace=False) for _ in range(LONG_TEXTS // FOLDS)
    ]
    return ["\n\n".join(data.data.texts[i] for i in pick) for pick in picks]


def _model(fitted: Fitted) -> Model:
    """As it would be shipped: rounding to bytes included."""
    raw = write_model(fitted.weights, fitted.bias.tolist(), dict.fromkeys(NAMES, 0.0), VERSION)
    return read_model(raw, "sha256:" + hashlib.sha256(raw).hexdigest())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
