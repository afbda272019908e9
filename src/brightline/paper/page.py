"""A comparison as one page: who permits what, the differences as cards, the exact kinds of use behind them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from brightline.analysis.cards import groups_in_order
from brightline.analysis.difference import KEYS, Card, Comparison, Difference
from brightline.analysis.joint import joint
from brightline.analysis.sentence import what, where
from brightline.paper.sheet import page
from brightline.paper.wording import ClauseWords, Example, capital, clause_words, example, given, headline, named
from brightline.terms import Pack, Terms
from brightline.terms.outcome import Outcome
from brightline.terms.scope import Scope

MOST_FACTS = 5  # on which an activity is said to turn


@dataclass(frozen=True, slots=True)
class Row:
    """One activity. `cells`: for each party, how often it says which outcome; `tone`: the colour of `who`."""

    name: str
    text: str
    cells: tuple[tuple[tuple[str, int], ...], ...]
    who: str
    tone: str
    facts: str


@dataclass(frozen=True, slots=True)
class Group:
    title: str
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class SideWords:
    name: str
    outcome: str
    given: str
    clauses: Sequence[ClauseWords]


@dataclass(frozen=True, slots=True)
class RegionWords:
    id: str
    act: str
    where: Sequence[str]
    given: Sequence[str]
    any: str
    example: Example


@dataclass(frozen=True, slots=True)
class CardWords:
    id: str
    title: str
    text: str
    example: Example
    sides: Sequence[SideWords]
    regions: Sequence[RegionWords]


def comparison_page(compared: Comparison, packs: Sequence[Pack]) -> str:
    """The page of `compared`. `packs`: in the order compared; one, compared within itself, stands for both.

    The same comparison gives the same bytes; there is no time in it but the dates of the packs.
    """
    within = len(packs) == 1
    terms = joint([p.terms for p in packs])
    scope = terms[0].scope
    spoken = [terms[0]] * len(compared.names) if within else terms
    texts = [_text(compared.names[0] if not within else packs[0].party, packs[0])]
    texts += [_text(n, p) for n, p in zip(compared.names[1:], packs[1:], strict=False)]
    return page(
        "page.html.j2",
        title=f"{packs[0].about.get('title', packs[0].name)}: against its own words"
        if within
        else f"Where {' and '.join(compared.names)} differ",
        headline=headline(compared),
        open=compared.open,
        names=[named(n) for n in compared.names],
        rows=list(matrix(scope, compared)),
        alike=_alike(scope, compared),
        cards=[_card(scope, spoken, compared.names, c) for c in compared.cards],
        within=within,
        texts=texts,
        vocabulary=[(m.name, m.digest) for m in scope.vocabulary.modules],
    )


def matrix(scope: Scope, compared: Comparison) -> Iterator[Group]:
    """The activities on which the parties differ, by group."""
    words = scope.vocabulary
    reached: dict[str, list[Difference]] = {}
    for d in compared.differences:
        for activity in d.activities or words.activities:
            reached.setdefault(activity, []).append(d)
    for group in groups_in_order(words):
        rows = [_row(scope, compared.names, a, reached[a]) for a in words.in_group(group) if a in reached]
        if rows:
            yield Group(capital(words.groups[group]), tuple(rows))


def _alike(scope: Scope, compared: Comparison) -> list[str]:
    words = scope.vocabulary
    reached = {a for d in compared.differences for a in d.activities or words.activities}
    return [words.activities[a].text for a in words.activities if a not in reached]


def _row(scope: Scope, names: Sequence[str], activity: str, some: Sequence[Difference]) -> Row:
    cells = []
    for n in range(len(names)):
        count = Counter(d.views[n].signature.outcome for d in some)
        cells.append(tuple((str(o), count[o]) for o in (Outcome.PERMIT, Outcome.HOLD, Outcome.DENY) if count[o]))
    who, tone = _freest(names, some)
    facts = Counter(f for d in some for f in d.region if f != "activity")
    order = list(scope.vocabulary.facts)
    first = sorted(facts, key=lambda f: (-facts[f], order.index(f) if f in order else len(order)))
    more = len(first) - MOST_FACTS
    listed = ", ".join(f.replace("_", " ") for f in first[:MOST_FACTS])
    text = scope.vocabulary.activities[activity].text
    return Row(activity, capital(text), tuple(cells), who, tone, f"{listed} and {more} more" if more > 0 else listed)


def _freest(names: Sequence[str], some: Sequence[Difference]) -> tuple[str, str]:
    """(who allows more, its colour)."""
    winners = set()
    for d in some:
        strict = [v.signature.outcome.strictness for v in d.views]
        winners.add(tuple(n for n, s in enumerate(strict) if s == min(strict)))
    winners.discard(tuple(range(len(names))))
    if not winners:
        return "the same, on other conditions", "same"
    if len(winners) > 1:
        return "each in some uses", "mixed"
    (who,) = winners
    return " and ".join(names[n] for n in who), KEYS[who[0]] if len(who) == 1 and who[0] < 3 else "mixed"


def _card(scope: Scope, terms: Sequence[Terms], names: Sequence[str], card: Card) -> CardWords:
    words = scope.vocabulary
    first = card.differences[0]
    sides = [
        SideWords(named(n), str(v.signature.outcome), given(words, v.signature), clause_words(t, list(v.clauses)))
        for n, t, v in zip(names, terms, first.views, strict=True)
    ]
    whole = len(card.groups) == len(words.groups)
    return CardWords(
        id=card.id,
        title="Any activity" if whole else capital("; ".join(words.groups[g] for g in card.groups)),
        text=card.text,
        example=example(scope, first.use),
        sides=sides,
        regions=[_region(scope, names, d) for d in card.differences],
    )


def _region(scope: Scope, names: Sequence[str], d: Difference) -> RegionWords:
    words = scope.vocabulary
    texts = [words.activities[a].text for a in d.activities]
    asked = [f"{named(n)}: {given(words, v.signature)}" for n, v in zip(names, d.views, strict=True)]
    return RegionWords(
        id=d.id,
        act=f"{capital('; or '.join(texts) if texts else what(words, ()))}.",
        where=where(scope, d.region),
        given=[line for line in asked if not line.endswith(": ")],
        any=", ".join(f.replace("_", " ") for f in d.any) or "none, every fact matters",
        example=example(scope, d.use),
    )


@dataclass(frozen=True, slots=True)
class TextWords:
    name: str
    title: str
    date: str
    clauses: int
    digest: str


def _text(name: str, pack: Pack) -> TextWords:
    about = pack.about
    return TextWords(
        named(name),
        about.get("title", pack.name),
        about.get("date", "none stated"),
        len(pack.terms.clauses),
        pack.terms.digest,
    )
