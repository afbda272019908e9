"""One text as tracked changes against another: clauses, then paragraphs, then words.

Law: the paragraphs that are kept or deleted, with their runs that are kept or deleted, are exactly the text before;
those kept or inserted are exactly the text after, in its order. A clause that moved is deleted here and inserted there.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum
from typing import TypeVar

from brightline.analysis.propose.writing import code
from brightline.paper.seen import seen
from brightline.terms import Terms
from brightline.terms.clause import Clause

ALIKE = 0.5  # how much of two paragraphs is the same before words are marked and not the whole
_WORD = re.compile(r"\s+|\w+|[^\w\s]")
_LETTERS = re.compile(r"\w+")
T = TypeVar("T")


class Role(StrEnum):
    """What a paragraph of a clause is."""

    HEADING = "heading"
    TEXT = "text"
    SOURCE = "source"
    CODE = "code"


class Change(StrEnum):
    KEPT = "kept"
    DELETED = "deleted"
    INSERTED = "inserted"


@dataclass(frozen=True, slots=True)
class Paragraph:
    role: Role
    text: str


@dataclass(frozen=True, slots=True)
class Run:
    change: Change
    text: str


@dataclass(frozen=True, slots=True)
class Tracked:
    """One paragraph; `mark`: what becomes of its end, and so of the paragraph itself."""

    role: Role
    mark: Change
    runs: tuple[Run, ...]


def tracked(before: Terms, after: Terms) -> list[Tracked]:
    """`after` as changes to `before`, both in the order in which they are written."""
    mine, other = written(before), written(after)
    out: list[Tracked] = []
    twins = _twins(mine, other)
    for change, x, y in _aligned([c.id for c in mine], [twins.get(c.id, f" {c.id}") for c in other]):
        match change:
            case Change.KEPT:
                for a, b in zip(mine[x], other[y], strict=True):
                    out += _paragraphs(paragraphs(a), paragraphs(b))
            case Change.DELETED:
                out += [_whole(p, change) for c in mine[x] for p in paragraphs(c)]
            case Change.INSERTED:
                out += [_whole(p, change) for c in other[y] for p in paragraphs(c)]
    return out


def written(terms: Terms) -> list[Clause]:
    """The clauses in the order of the file."""
    return sorted(terms.clauses, key=lambda c: c.line)


def paragraphs(clause: Clause) -> list[Paragraph]:
    """A clause as people read it: name and title, governing words, source, and the code line by line."""
    out = [Paragraph(Role.HEADING, _line(f"{clause.id}  {clause.title}" if clause.title else clause.id))]
    out += [Paragraph(Role.TEXT, _line(t)) for t in clause.text.splitlines() if t.strip()]
    law = "law of the party itself" if clause.is_law else ""
    literal = "" if clause.decides else "decides nothing: words taken literally against what their party means"
    said = [t for t in (clause.annotations.get("source", ""), law, literal) if t]
    if said:
        out.append(Paragraph(Role.SOURCE, _line(f"Source: {'; '.join(said)}")))
    return out + [Paragraph(Role.CODE, seen(line.expandtabs(2)).rstrip()) for line in code(clause).splitlines()]


def _twins(before: Sequence[Clause], after: Sequence[Clause]) -> dict[str, str]:
    """Clause after → clause before that it takes the place of: of the same id, else title, else of words much alike."""
    ids = {c.id for c in before}
    twins = {c.id: c.id for c in after if c.id in ids}
    for alike in (_same_title, _same_words):
        for c in after:
            free = [b for b in before if b.id not in twins.values()]
            if c.id not in twins and (scored := [(alike(b, c), -n, b.id) for n, b in enumerate(free)]):
                best, _, name = max(scored)
                if best >= ALIKE:
                    twins[c.id] = name
    return twins


def _same_title(before: Clause, after: Clause) -> float:
    return float(bool(after.title) and before.title == after.title)


def _same_words(before: Clause, after: Clause) -> float:
    """The share of words that both have, of those that either has, in title and governing text; as often as each."""
    mine, other = (Counter(_LETTERS.findall(f"{c.title} {c.text}".lower())) for c in (before, after))
    return (mine & other).total() / max((mine | other).total(), 1)


def _line(text: str) -> str:
    return seen(" ".join(text.split()))


def _paragraphs(before: Sequence[Paragraph], after: Sequence[Paragraph]) -> Iterator[Tracked]:
    """A clause that both have: words are marked where a paragraph is much the same, else the whole of it."""
    deleted: list[Paragraph] = []
    for change, x, y in _aligned(before, after):
        if change is Change.DELETED:
            deleted += before[x]
            continue
        inserted = list(after[y]) if change is Change.INSERTED else []
        yield from _changed(deleted, inserted)
        deleted = []
        if change is Change.KEPT:
            yield from (_whole(p, change) for p in before[x])
    yield from _changed(deleted, [])


def _changed(before: list[Paragraph], after: list[Paragraph]) -> Iterator[Tracked]:
    """Paragraphs in the place of others, in order."""
    rest = list(before)
    for p in after:
        twin = next((q for q in rest if q.role is p.role and _alike(q.text, p.text)), None)
        if twin is None:
            yield _whole(p, Change.INSERTED)
            continue
        while rest[0] is not twin:
            yield _whole(rest.pop(0), Change.DELETED)
        rest.pop(0)
        yield Tracked(p.role, Change.KEPT, tuple(_words(twin.text, p.text)))
    yield from (_whole(p, Change.DELETED) for p in rest)


def _alike(before: str, after: str) -> bool:
    return SequenceMatcher(None, _WORD.findall(before), _WORD.findall(after), autojunk=False).ratio() >= ALIKE


def _words(before: str, after: str) -> Iterator[Run]:
    mine, other = _WORD.findall(before), _WORD.findall(after)
    for change, x, y in _aligned(mine, other):
        yield Run(change, "".join(other[y] if change is Change.INSERTED else mine[x]))


def _whole(paragraph: Paragraph, change: Change) -> Tracked:
    return Tracked(paragraph.role, change, (Run(change, paragraph.text),))


def _aligned(before: Sequence[T], after: Sequence[T]) -> Iterator[tuple[Change, slice, slice]]:
    """Stretches of both sequences in order: kept in both, deleted from the one, inserted from the other."""
    for tag, a, b, c, d in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if tag == "equal":
            yield Change.KEPT, slice(a, b), slice(c, d)
            continue
        if b > a:
            yield Change.DELETED, slice(a, b), slice(c, c)
        if d > c:
            yield Change.INSERTED, slice(a, a), slice(c, d)
