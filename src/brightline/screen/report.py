"""How well a screen does on labelled texts: counts by what each text is, with exact bounds. Figures alone, no text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from brightline.canonical import parse
from brightline.errors import InputError, UseError, nearest
from brightline.screen.bounds import lower, upper
from brightline.screen.finding import Seen
from brightline.screen.screening import Screen
from brightline.vocabulary import FactValue, Vocabulary, read_use

EXPECTED = ("clear", "flagged")
MAX_FAMILY = 64


@dataclass(frozen=True, slots=True)
class Labelled:
    """A text with what was declared of it. `expect`: clear or flagged, empty where nobody says; `family`: its group."""

    text: str
    activity: str
    facts: Mapping[str, FactValue]
    expect: str = ""
    family: str = ""


@dataclass(frozen=True, slots=True)
class Counts:
    """Of `texts` that should have come out as `expect`, how many were flagged and how many could not be screened."""

    expect: str
    family: str
    texts: int
    flagged: int
    not_screened: int

    @property
    def share(self) -> float:
        return self.flagged / self.texts

    @property
    def between(self) -> tuple[float, float]:
        """The share flagged lies between these, each with 95 % confidence, if the texts are a fair sample."""
        return lower(self.flagged, self.texts), upper(self.flagged, self.texts)

    def to_json(self) -> dict[str, Any]:
        low, high = self.between
        return {
            "expect": self.expect,
            "family": self.family,
            "texts": self.texts,
            "flagged": self.flagged,
            "not_screened": self.not_screened,
            "share": self.share,
            "at_least": low,
            "at_most": high,
        }


def read_labelled(vocabulary: Vocabulary, line: bytes, place: str) -> Labelled:
    """One line {"text", "activity", "facts"?, "expect"?, "family"?}. Raises UseError naming the place, not the text."""
    item = parse(line, place, error=UseError)
    cure = 'write {"text": "…", "activity": "gen.office"}, one a line'
    known = ("text", "activity", "facts", "expect", "family")
    if not isinstance(item, dict) or not isinstance(item.get("text"), str):
        raise UseError("a line is an object with a text", place=place, cure=cure)
    if strange := sorted(set(item) - set(known)):
        raise UseError(f"no field is called {strange[0][:60]!r}", place=place, cure=nearest(strange[0], known))
    expect, family = item.get("expect", ""), item.get("family", "")
    if expect not in ("", *EXPECTED):
        raise UseError("expect is clear or flagged", place=f"{place}: expect", cure="or leave it out")
    if not isinstance(family, str) or len(family) > MAX_FAMILY:
        raise UseError(f"family is a text of at most {MAX_FAMILY} characters", place=place, cure="or leave it out")
    use = read_use(vocabulary, {k: item[k] for k in ("activity", "facts") if k in item}, place)
    return Labelled(item["text"], use.activity, use.facts, expect, family)


def count(screen: Screen, texts: Iterable[Labelled]) -> list[Counts]:
    """Counts of each expectation, all families together first, then by family. Raises InputError where none has one."""
    tally: dict[tuple[str, str], list[int]] = {}
    for item in texts:
        if not item.expect:
            continue
        seen = screen(item.activity, item.facts, (item.text,)).screen
        for family in dict.fromkeys(("", item.family)):
            counts = tally.setdefault((item.expect, family), [0, 0, 0])
            counts[0] += 1
            counts[1] += seen is Seen.FLAGGED
            counts[2] += seen is Seen.NOT_SCREENED
    if not tally:
        raise InputError("no line says what is expected", cure='add "expect": "clear" or "expect": "flagged" to lines')
    return [Counts(*key, *counts) for key, counts in sorted(tally.items())]
