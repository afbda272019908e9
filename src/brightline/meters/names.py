"""Names of persons in prose, by their shape alone: evidence, and flagged as such.

Law: nothing here says that somebody is a person, or that a person was found by every name. Two or more words on end
that begin with a capital are taken for one; so places and firms count too, since over-counting is safe. A name in
small letters, of one word, or in a script without capitals is not found.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

MOST_WORDS = 4
_WORD = re.compile(r"[^\W\d_]+(?:['’.-][^\W\d_]+)*")
_BETWEEN = frozenset({" ", "\t", ". "})  # of two words of one name; the last after an initial
_PARTICLES = frozenset(("al", "bin", "da", "de", "del", "der", "di", "dos", "du", "el", "la", "le", "van", "von", "zu"))
_OPENINGS = (
    "a about after all also an and any as ask at before but by call check compare could describe did do does draft "
    "dr explain find for from get give has have how i if in is it list locate look may mr mrs ms my of on or please "
    "profile should show summarise summarize tell that the then there they this to track was we were what when where "
    "which who why will with would write you your"
)
_LEADING = frozenset(_OPENINGS.split())
"""Words that begin a sentence or a form of address far more often than a name."""


def names_in(prose: str) -> Iterator[str]:
    """What looks like the name of a person, as it is told apart from others: in small letters, single spaces."""
    run: list[str] = []
    end = 0
    for found in _WORD.finditer(prose):
        word, between = found[0], prose[end : min(found.start(), end + 3)]
        end = found.end()
        if run and between not in (_BETWEEN if len(run[-1]) == 1 else (" ", "\t")):
            yield from _ended(run)
            run = []
        if word[0].isupper() or (run and word in _PARTICLES):
            run.append(word.lower().removesuffix("'s").removesuffix("’s"))
        else:
            yield from _ended(run)
            run = []
    yield from _ended(run)


def _ended(words: list[str]) -> Iterator[str]:
    first, last = 0, len(words)
    while first < last and words[first] in _LEADING:
        first += 1
    while first < last and words[last - 1] in _PARTICLES:
        last -= 1
    if last - first < 2:
        return
    # A run of many capitals is several names with nothing between them: two words each, as most names have.
    step = last - first if last - first <= MOST_WORDS else 2
    for at in range(first, last, step):
        yield " ".join(words[at : at + step])
