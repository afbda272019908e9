"""screen(what was declared, text that is new) -> Finding: does the content fit the declared use? (DESIGN section 5)

Laws: what the screen infers never replaces what was said, it only adds alternatives; no declaration or attestation
silences it, except that content under the activity which it is does not contradict it; what it could not read is
`not_screened`, never `clear`; nothing of the text leaves it but counts and scores. Pure: the same words give the same
finding, in time linear in the text, and at most MAX_TEXT characters are read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from operator import ge

import numpy as np

from brightline.screen.features import Words, once, words
from brightline.screen.finding import Finding, Seen
from brightline.screen.heads import GROUPS, NAMES, SIGNS, Group, Sign
from brightline.screen.identifiers import identifiers
from brightline.screen.model import Model
from brightline.screen.rows import longest_list
from brightline.vocabulary import Alternative, FactValue, Vocabulary

MAX_TEXT = 1 << 20
MARGIN = 1.0  # log-odds below a threshold that count as doubtful
SUPPORT = 2
_AT = {name: i for i, name in enumerate(NAMES)}


@dataclass(frozen=True)
class Screen:
    """The screen for one vocabulary. `thresholds` by head: those shipped, or a customer's own."""

    vocabulary: Vocabulary
    model: Model
    thresholds: Mapping[str, float]

    def __call__(self, activity: str, facts: Mapping[str, FactValue], texts: Sequence[str]) -> Finding:
        """What `texts`, new since the last decided turn, show beside the declared `activity` and `facts`."""
        # 1. read what there is room for
        whole, texts, found = self._read(texts)
        # 2. score: of each head the highest over all texts
        best = np.max([self.model.scores(once(text)) for text in found], axis=0) if found else self.model.bias
        # To a thousandth, as thresholds are, so that what is recorded is what was compared.
        scores: list[float] = (np.rint(best.astype(np.float64) * 1000) / 1000).tolist()
        # 3. what of it does not fit; mostly no group is even near, and then nothing can
        if any(map(ge, scores, self._near)):
            alternatives, flagged, doubtful = self._compared(activity, facts, scores)
        else:
            alternatives, flagged, doubtful = (), (), ()
        # 4. one word for it: what was not read may hold anything
        return Finding(
            Seen.FLAGGED if alternatives else Seen.CLEAR if whole else Seen.NOT_SCREENED,
            alternatives,
            flagged,
            doubtful,
            identifiers(zip(texts, [f.digits for f in found], strict=True)),
            max(map(longest_list, texts), default=0),
            dict(zip(NAMES, scores, strict=True)),
        )

    def fits(self, activity: str, group: str) -> bool:
        """Is content of the group what the activity admits to?"""
        return group in self._fits[activity]

    def with_thresholds(self, thresholds: Mapping[str, float]) -> Screen:
        """The same screen with other thresholds."""
        return replace(self, thresholds=thresholds)

    def _read(self, texts: Sequence[str]) -> tuple[bool, list[str], list[Words]]:
        """Whether all of `texts` could be read, what of them there was room for, and its words."""
        left, kept = MAX_TEXT, []
        for text in texts:
            kept.append(text[:left])
            left -= len(kept[-1])
        found = [words(text) for text in kept]
        return all(f.legible for f in found) and sum(map(len, texts)) <= MAX_TEXT, kept, found

    def _compared(
        self, activity: str, facts: Mapping[str, FactValue], scores: Sequence[float]
    ) -> tuple[tuple[Alternative, ...], tuple[str, ...], tuple[str, ...]]:
        """Alternatives, the heads behind them, and doubtful groups; all empty where no group is within the margin."""
        # Groups under which the declared activity does not stand, and facts that bind beside a group that the text is
        # about, or nearly: a sign alone says little, and a use that was declared honestly is not doubted for it.
        over = self._over(scores)
        fits = self._fits[activity]
        groups = [g for g in GROUPS if g.name in over and g.name not in fits]
        near = {g.name for g, score, least in zip(GROUPS, scores, self._near, strict=False) if score >= least}
        about = {g.name for g in groups} | (fits & near)
        signs = [s for s in SIGNS if s.name in over and not about.isdisjoint(s.groups)]
        alternatives = self._alternatives(activity, facts, groups, signs)
        flagged = (*(g.name for g in groups), *(s.name for s in signs)) if alternatives else ()
        return alternatives, flagged, self._doubtful(scores, fits, over)

    def _over(self, scores: Sequence[float]) -> set[str]:
        """Heads at or over their thresholds; and a doubtful group where SUPPORT of its signs are over theirs."""
        over = {n for n, s, least in zip(NAMES, scores, self._least, strict=True) if s >= least}
        for group in GROUPS:
            near = scores[_AT[group.name]] >= self.thresholds[group.name] - MARGIN
            if near and sum(s.name in over and group.name in s.groups for s in SIGNS) >= SUPPORT:
                over.add(group.name)
        return over

    def _doubtful(self, scores: Sequence[float], fits: frozenset[str], over: set[str]) -> tuple[str, ...]:
        near = (g.name for g in GROUPS if g.name not in fits and g.name not in over)
        return tuple(n for n in near if scores[_AT[n]] >= self.thresholds[n] - MARGIN)

    def _alternatives(
        self, activity: str, facts: Mapping[str, FactValue], groups: Sequence[Group], signs: Sequence[Sign]
    ) -> tuple[Alternative, ...]:
        """What the use may be instead: one for each group that does not fit, one of facts."""
        out = []
        for group in groups:
            mine = [s for s in signs if group.name in s.groups]
            named = next((s.activity for s in mine if s.activity), "")
            inferred = {k: v for k, v in group.facts.items() if facts.get(k) not in ("named", "bulk")}
            out.append(self._alternative(self._activity((named, *group.activities)), facts, inferred, mine))
        fitting = self._fits[activity] - {g.name for g in groups}
        mine = [s for s in signs if not fitting.isdisjoint(s.groups)]
        if added := self._alternative("", facts, {}, mine).facts:
            out.append(Alternative(added))
        return tuple(out)

    def _alternative(
        self, activity: str, facts: Mapping[str, FactValue], start: Mapping[str, str], signs: Sequence[Sign]
    ) -> Alternative:
        inferred = dict(start)
        for sign in signs:
            for name, value in sign.facts.items():
                if facts.get(name) not in sign.enough[name]:
                    inferred[name] = value
        known = {k: v for k, v in inferred.items() if v in self.vocabulary.bits.get(k, ())}
        return Alternative(known, activity)

    def _activity(self, names: Sequence[str]) -> str:
        return next((n for n in names if n in self.vocabulary.activities), "gen.unknown")

    @cached_property
    def _least(self) -> list[float]:
        return [self.thresholds[n] for n in NAMES]

    @cached_property
    def _near(self) -> list[float]:
        """Of each group, in the order of NAMES, the score from which on it is doubtful."""
        return [self.thresholds[g.name] - MARGIN for g in GROUPS]

    @cached_property
    def _fits(self) -> Mapping[str, frozenset[str]]:
        """Activity → the groups of content that it admits to; what a module's word stands under, its parent says."""
        return {name: frozenset(g.name for g in GROUPS if self._under(name, g)) for name in self.vocabulary.activities}

    def _under(self, name: str, group: Group) -> bool:
        while name:
            if name in group.fits or name.partition(".")[0] in group.fits:
                return True
            name = self.vocabulary.activities[name].parent
        return False
