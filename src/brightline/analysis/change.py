"""What a counter-offer changes against the draft before it: in words, and in meaning.

Law: two drafts say the same iff all their fields are equal but the words of the terms, and `compare` proves that the
terms decide every use alike. So a text put into another order, renamed or rewritten is no new offer; a comparison
that was not completed proves nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from brightline.agreement import Agreement
from brightline.agreement.difference import Difference, difference
from brightline.agreement.show import show_difference
from brightline.analysis.compare import compare
from brightline.analysis.difference import Comparison
from brightline.errors import TermsError
from brightline.terms import read_pack

NAMES = ("the draft before", "this draft")
_TERMS = "terms.digest"


@dataclass(frozen=True, slots=True)
class Change:
    """`meaning` is None where the clauses are the same to the letter, or where `unread` says why they could not be
    compared."""

    words: Difference
    meaning: Comparison | None
    unread: str = ""

    @property
    def same(self) -> bool:
        """Whether the two drafts are one offer."""
        if any(f.path != _TERMS for f in self.words.fields):
            return False
        if not self.words.fields:
            return True
        return self.meaning is not None and self.meaning.equivalent and not self.meaning.notes

    def sentences(self) -> Sequence[str]:
        """For people: what it means for uses, most serious first."""
        if self.unread:
            return (f"What it means for uses was not compared: {self.unread}.",)
        if self.meaning is None:
            return ("The terms are the same.",)
        if self.meaning.equivalent:
            same = "The terms are worded otherwise and decide every use as before."
            return (same, *(f"Note: {n}." for n in self.meaning.notes))
        told = [*(f"Not proven: {o}." for o in self.meaning.open), *(f"Note: {n}." for n in self.meaning.notes)]
        return (*(c.text for c in self.meaning.cards), *told)

    def to_json(self) -> dict[str, Any]:
        meaning = None if self.meaning is None else self.meaning.to_json()
        return {"same": self.same, "words": show_difference(self.words), "meaning": meaning, "unread": self.unread}


def change(before: Agreement, after: Agreement) -> Change:
    """What `after` changes. Drafts whose terms cannot be read, or not together, are compared by their words alone."""
    words = difference(before, after)
    if before.terms.digest == after.terms.digest:
        return Change(words, None)
    try:
        a, b = (read_pack(name, draft.terms.files).terms for name, draft in zip(NAMES, (before, after), strict=True))
        return Change(words, compare(a, b, names=NAMES))
    except TermsError as e:
        return Change(words, None, str(e))
