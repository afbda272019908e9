"""What the screen says of a use: a word, alternatives, counts and numbers. Never text, never a hash of text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from brightline.vocabulary import Alternative


class Seen(StrEnum):
    """The values of the fact `screen`. Who did not run the screen states NOT_SCREENED himself."""

    CLEAR = "clear"
    FLAGGED = "flagged"
    NOT_SCREENED = "not_screened"


@dataclass(frozen=True, slots=True)
class Finding:
    """`scores`: the highest score of each head, in log-odds; `flagged`: the heads at or over their thresholds that
    mattered; `doubtful`: the groups less than the margin below theirs, for an embedder or a judge to look at;
    `identifiers`: how many of each kind, never which; `rows`: the lines of the longest structured list."""

    screen: Seen
    alternatives: tuple[Alternative, ...] = ()
    flagged: tuple[str, ...] = ()
    doubtful: tuple[str, ...] = ()
    identifiers: Mapping[str, int] = field(default_factory=dict)
    rows: int = 0
    scores: Mapping[str, float] = field(default_factory=dict)
