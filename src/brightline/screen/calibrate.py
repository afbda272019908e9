"""Thresholds for a customer's own traffic, which is benign as far as the customer says.

Laws: texts are read and forgotten, the file of thresholds holds numbers only. Thresholds are only ever raised, since
lowering them would flag what was shipped as ordinary. They are fitted on one half of the traffic and the share of false
flags is measured on the other, so that the bound is honest; a text that stands twice is in one half only.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from brightline.canonical import digest, dump, parse
from brightline.errors import ConfigError, InputError
from brightline.screen.bounds import upper
from brightline.screen.finding import Seen
from brightline.screen.heads import NAMES
from brightline.screen.report import Labelled
from brightline.screen.screening import Screen

TYPE = "brightline/screen-thresholds/v1"
SHARE = 0.01  # of benign texts that may be flagged
STEP = 0.1  # log-odds, by which a threshold is raised at least
LEAST = 100  # texts, below which a half is too small to say anything


@dataclass(frozen=True, slots=True)
class Calibrated:
    """`thresholds`; how many texts they were fitted on, and on how many others they were tried and flagged how many."""

    thresholds: Mapping[str, float]
    fitted: int
    tried: int
    flagged: int

    @property
    def at_most(self) -> float:
        """The share of false flags is at most this, with 95 % confidence, if the traffic stays what it is."""
        return upper(self.flagged, self.tried)


def calibrate(screen: Screen, texts: Iterable[Labelled], share: float = SHARE) -> Calibrated:
    """Thresholds at which at most `share` of the half that they are fitted on is flagged.

    Heads whose flags cost most ordinary texts are raised first, each just over its highest flagged text, so that those
    which flag nothing stay as they were shipped. Raises InputError where there are too few texts.
    """
    # 1. two halves, by a hash of the text
    halves: tuple[list[Labelled], list[Labelled]] = ([], [])
    for item in texts:
        halves[hashlib.sha256(item.text.encode()).digest()[0] & 1].append(item)
    if min(map(len, halves)) < LEAST:
        cure = f"give at least {2 * LEAST + LEAST // 2} different benign texts; thousands are better"
        raise InputError(
            f"{sum(map(len, halves))} texts are too few to fit on one half and try on the other", cure=cure
        )
    # 2. raise the head that flags most until few enough are flagged
    thresholds = dict(screen.thresholds)
    while True:
        raised = screen.with_thresholds(thresholds)
        flags = [(i, f) for i in halves[0] if (f := raised(i.activity, i.facts, (i.text,))).screen is Seen.FLAGGED]
        if len(flags) <= share * len(halves[0]):
            break
        tally = {n: sum(n in f.flagged for _, f in flags) for n in NAMES}
        worst = max(tally, key=lambda n: tally[n])
        scores = sorted(f.scores[worst] for _, f in flags if worst in f.flagged)
        # Over the middle one, and always higher than before: a doubtful group is flagged below its threshold too.
        thresholds[worst] = round(max(scores[len(scores) // 2] + 0.001, thresholds[worst] + STEP), 3)
    # 3. try them on the other half
    flagged = sum(raised(i.activity, i.facts, (i.text,)).screen is Seen.FLAGGED for i in halves[1])
    return Calibrated(thresholds, len(halves[0]), len(halves[1]), flagged)


def write_thresholds(screen: Screen, thresholds: Mapping[str, float]) -> tuple[bytes, str]:
    """A file of thresholds and its digest, which the record pins."""
    document = {"type": TYPE, "model": screen.model.digest, "thresholds": {n: repr(thresholds[n]) for n in NAMES}}
    return dump(document) + b"\n", digest(document)


def read_thresholds(screen: Screen, data: bytes, place: str) -> tuple[Screen, str]:
    """The screen with the thresholds of a file, and their digest. Raises ConfigError."""
    document: Any = parse(data, place, error=ConfigError)
    cure = "make it again with `brightline screen calibrate`"
    if (
        not isinstance(document, dict)
        or document.get("type") != TYPE
        or document.keys() != {"type", "model", "thresholds"}
    ):
        raise ConfigError("no file of thresholds", place=place, cure=cure)
    if document["model"] != screen.model.digest:
        raise ConfigError("fitted to another model of the screen", place=f"{place}: model", cure=cure)
    stated = document["thresholds"]
    if not isinstance(stated, dict) or set(stated) != set(NAMES):
        raise ConfigError(f"thresholds are needed for {', '.join(NAMES)}", place=f"{place}: thresholds", cure=cure)
    out = {}
    for name, text in stated.items():
        try:
            value = float(text)
        except (TypeError, ValueError):
            value = float("nan")
        # Lower than shipped would flag ordinary work; not-a-number and infinity would silence a head.
        if not screen.model.thresholds[name] <= value <= 100:
            least = f"a number from {screen.model.thresholds[name]} to 100, as text"
            raise ConfigError(f"{name} is {least}", place=f"{place}: thresholds.{name}", cure=cure)
        out[name] = value
    return screen.with_thresholds(out), digest(document)
