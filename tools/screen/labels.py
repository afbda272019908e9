"""What each training text teaches each head: target and weight, by the table here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from brightline.screen.heads import GROUPS, NAMES, SIGNS
from tools.screen.fit import Labelled
from tools.screen.public import OTHER_HARM_EVERY, Public
from tools.screen.situations import Text

_AT = {name: i for i, name in enumerate(NAMES)}
_GROUPS = [_AT[g.name] for g in GROUPS]
OURS, THEIRS = 3.0, 1.0  # weight of a text in institutional language, and of a public one
# Public label → heads that it shows, and heads of which it says nothing: those labels know no facts.
_SHOWS = {"W": ("arms", ("force",)), "S": ("surveillance", ("decisions", "cyber"))}
_SILENT_X = ("cyber", "influence", "decisions")  # other harm may be any of these
_SILENT_FORCE = ("arms",)


@dataclass(frozen=True, slots=True)
class Training:
    """`fold`: texts of one family or source are in the same fold; `benign`: no head fits; `ours`: institutional."""

    data: Labelled
    fold: npt.NDArray[np.int64]
    benign: npt.NDArray[np.bool_]
    ours: npt.NDArray[np.bool_]
    twin: npt.NDArray[np.int64]


def training(ours: Sequence[Text], theirs: Sequence[Public], folds: int) -> Training:
    """Everything that is not held out."""
    mine = [t for t in ours if not t.held_out]
    public, others = [], 0
    for p in theirs:
        others += p.label == "X"
        if not p.held_out and (p.label != "X" or others % OTHER_HARM_EVERY == 0):
            public.append(p)
    rows = [_of_ours(t) for t in mine] + [_of_public(p) for p in public]
    families = sorted({t.family for t in mine if t.twin >= 0})
    # Composed texts are learnt from in every fold and judged in none (-1). Public sources are few and unlike each
    # other: each is spread, so that every fold has something to learn from.
    fold = [-1 if t.twin < 0 else families.index(t.family) % folds for t in mine]
    fold += [i % folds for i in range(len(public))]
    return Training(
        Labelled(
            [t.text for t in mine] + [p.text for p in public],
            np.array([r[0] for r in rows], np.float32),
            np.array([r[1] for r in rows], np.float32),
        ),
        np.array(fold),
        np.array([t.twin == 0 for t in mine] + [p.benign for p in public]),
        np.array([True] * len(mine) + [False] * len(public)),
        np.array([t.twin for t in mine] + [0] * len(public)),
    )


def _of_ours(text: Text) -> tuple[list[float], list[float]]:
    target = [float(n in text.heads) for n in NAMES]
    weight = [OURS] * len(NAMES)
    if "force" in text.heads:
        _silence(weight, _SILENT_FORCE)
    if text.violating:
        # A violating text may show more facts than its family lists; its permitted twin shows none but those.
        _silence(weight, [s.name for s in SIGNS if s.name not in text.heads and not text.heads.isdisjoint(s.groups)])
    return target, weight


def _of_public(item: Public) -> tuple[list[float], list[float]]:
    target, weight = [0.0] * len(NAMES), [THEIRS] * len(NAMES)
    if shows := _SHOWS.get(item.label):
        target[_AT[shows[0]]] = 1.0
        _silence(weight, shows[1])
        _silence(weight, [s.name for s in SIGNS])
    elif item.label == "X":
        _silence(weight, _SILENT_X)
        _silence(weight, [s.name for s in SIGNS])
    return target, weight


def _silence(weight: list[float], names: Sequence[str]) -> None:
    for name in names:
        weight[_AT[name]] = 0.0
