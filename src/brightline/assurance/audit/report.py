"""What an audit showed: every decision drawn is counted, and whatever was not shown to be right is a failure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from brightline.assurance.audit.bounds import Bound, bound
from brightline.assurance.audit.challenge import Drawn
from brightline.assurance.audit.statements import Judged, Letter, Verdict, Why


class Shown(StrEnum):
    """What became of one decision. All but `right` are failures."""

    RIGHT = "right"
    WRONG = "wrong"
    UNCLEAR = "unclear"
    ERASED = "erased"
    REFUSED = "refused"
    UNJUDGED = "unjudged"


@dataclass(frozen=True, slots=True)
class Report:
    """`shown`: of each decision drawn, by entry."""

    drawn: Drawn
    shown: Mapping[int, Shown]
    bound: Bound

    @property
    def counts(self) -> dict[str, int]:
        return {str(s): sum(found is s for found in self.shown.values()) for s in Shown}

    @property
    def failed(self) -> dict[int, Shown]:
        return {entry: found for entry, found in self.shown.items() if found is not Shown.RIGHT}

    def to_json(self) -> dict[str, Any]:
        found, challenge = self.bound, self.drawn.challenge
        return {
            "agreement": challenge.agreement,
            "origin": challenge.origin,
            "epoch": challenge.epoch,
            "first": challenge.first,
            "size": self.drawn.signed.size,
            "auditor": challenge.auditor,
            "decisions": found.population,
            "drawn": found.sample,
            "counts": self.counts,
            "failed": [{"entry": e, "shown": str(s)} for e, s in self.failed.items()],
            "confidence": "95 %",
            "at_most": found.most,
            "per_1000": f"{found.tenths // 10}.{found.tenths % 10}",
            "clopper_pearson_millionths": found.binomial,
            "text": found.text,
        }


def report(drawn: Drawn, said: Mapping[int, Why | Letter] | None, judged: Mapping[int, Judged]) -> Report:
    """The report on a challenge.

    `said`: what the customer opened, None where it answered nothing: all is refused then. `judged`: the auditor's
    verdicts by entry, each signed and about this challenge. Law: verdicts on what was not opened count for nothing.
    """
    shown = {entry: _shown(entry, said, judged) for entry in drawn.entries}
    failures = sum(found is not Shown.RIGHT for found in shown.values())
    return Report(drawn, shown, bound(drawn.decisions, len(drawn.entries), failures))


def _shown(entry: int, said: Mapping[int, Why | Letter] | None, judged: Mapping[int, Judged]) -> Shown:
    answer = Why.REFUSED if said is None else said[entry]
    if isinstance(answer, Why):
        return Shown.ERASED if answer is Why.ERASED else Shown.REFUSED
    if entry not in judged:
        return Shown.UNJUDGED
    return _VERDICTS[judged[entry].verdict]


_VERDICTS = {Verdict.RIGHT: Shown.RIGHT, Verdict.WRONG: Shown.WRONG, Verdict.UNCLEAR: Shown.UNCLEAR}
