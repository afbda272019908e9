"""The one page that principals take into the room: agreed, disputed, options, the decision asked.

What is carried into a room is read by the other side. So nothing of a brief stands on the page, the reader's own
included, but the names of the options that a proposal chose, which are what would be put on the table: no demand, no
wish, no weight, no word on which demands clash. What either side keeps and gives is counted over the written cases of
the two packs, which both have.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from unicodedata import east_asian_width

from brightline.analysis.difference import KEYS, Card, Comparison
from brightline.analysis.joint import joint
from brightline.analysis.propose import Proposal, Proposals
from brightline.analysis.sentence import says
from brightline.paper.agreed import Agreed, agreed
from brightline.paper.seen import seen
from brightline.paper.sheet import page
from brightline.paper.wording import answer, example, named
from brightline.terms import Pack
from brightline.terms.scope import Scope

OPTIONS = 3  # proposals on the page
LONGEST = 150  # letters of one name or title; what is longer ends in …
COLUMNS = 92  # letters that are sure to fit on a printed line; of the table's columns:
TITLE, PERMIT, DENY = 28, 36, 22
LINES = 54  # such lines on the page, less what every page has


@dataclass(frozen=True, slots=True)
class Dispute:
    """One card of the comparison, by its first example."""

    id: str
    outcomes: Sequence[str]
    example: str
    says: Sequence[str]
    kinds: int

    def to_json(self) -> dict[str, Any]:
        outcomes = dict(zip(KEYS, self.outcomes, strict=False))
        return {"id": self.id, **outcomes, "example": self.example, "says": list(self.says), "kinds": self.kinds}


@dataclass(frozen=True, slots=True)
class Way:
    """One proposal. `options`: menu → option, where the proposals differ. `keeps`, `gives`: for each party the number
    of disputed written cases in which its own text stands, or gives way."""

    options: Mapping[str, str]
    keeps: Sequence[int]
    gives: Sequence[int]
    stricter: int
    freer: int

    def to_json(self) -> dict[str, Any]:
        sides = {k: {"keeps": n, "gives": g} for k, n, g in zip(KEYS, self.keeps, self.gives, strict=False)}
        return {"options": dict(self.options), **sides, "stricter": self.stricter, "freer": self.freer}


@dataclass(frozen=True, slots=True)
class Brief:
    """`disputed`: as many as fit the page, the gravest of each group of activities first; `more`: how many do not.
    `ways`: proposals, where briefs were given; `alike`: what all that are shown settle alike; `impasse`: no text meets
    all that both parties demand."""

    names: Sequence[str]
    headline: Sequence[str]
    open: Sequence[str]
    agreed: Sequence[Agreed]
    disputed: Sequence[Dispute]
    more: int
    ways: Sequence[Way]
    more_ways: int
    alike: Mapping[str, str]
    impasse: bool
    decision: Sequence[str]
    digests: Sequence[str]

    def to_json(self) -> dict[str, Any]:
        return {
            "names": dict(zip(KEYS, self.names, strict=False)),
            "headline": list(self.headline),
            "open": list(self.open),
            "agreed": [a.to_json() for a in self.agreed],
            "disputed": [d.to_json() for d in self.disputed],
            "more": self.more,
            "options": [w.to_json() for w in self.ways],
            "more_options": self.more_ways,
            "alike": dict(self.alike),
            "impasse": self.impasse,
            "decision": list(self.decision),
        }


def brief(packs: Sequence[Pack], compared: Comparison, found: Proposals | None) -> Brief:
    """The page of two packs. `found`: what `propose` made of the briefs, where some were given."""
    terms = joint([p.terms for p in packs])
    # 1. what does not depend on how much fits
    groups = list(agreed(packs, terms, compared))
    ways = [_way(p, packs) for p in (found.proposals if found else ())]
    alike = _alike(ways[:OPTIONS])
    shown = [_named_where(w, alike) for w in ways[:OPTIONS]]
    impasse = bool(found and found.impasse)
    every = [_dispute(terms[0].scope, compared, c) for c in _abreast(compared.cards)]
    # 2. as many disputes as the rest of the page leaves room for
    room = LINES - sum(map(_row, groups))
    room -= sum(2 + _lines("; ".join(f"{m}: {o}" for m, o in w.options.items())) for w in shown)
    room -= _lines(", ".join(alike)) if alike else 0
    room -= sum(map(_lines, compared.open))
    fit: list[Dispute] = []
    for d in every:
        room -= _lines(f"{d.example} {' permits '.join(d.outcomes)}") + _lines(" ".join(d.says))
        if room < 0 and fit:
            break
        fit.append(d)
    return Brief(
        compared.names,
        answer(compared),
        compared.open,
        groups,
        fit,
        len(every) - len(fit),
        shown,
        len(ways) - len(shown),
        alike,
        impasse,
        list(_decision(compared, shown, found)),
        [p.terms.digest for p in packs],
    )


def brief_page(brief: Brief) -> str:
    """The page as HTML; one A4 sheet when printed."""
    return page(
        "brief.html.j2",
        title=f"{named(' and '.join(brief.names))}: where we stand",
        brief=brief,
        named=named,
    )


def _abreast(cards: Sequence[Card]) -> list[Card]:
    """The gravest card of each group of activities, then the rest, each in order: one group alone never fills the
    page."""
    first: dict[str, Card] = {}
    for c in cards:
        if not any(g in first for g in c.groups):
            first.update(dict.fromkeys(c.groups, c))
    ahead = {c.id for c in first.values()}
    return sorted(cards, key=lambda c: c.id not in ahead)


def _dispute(scope: Scope, compared: Comparison, card: Card) -> Dispute:
    first = card.differences[0]
    said = []
    for name, view in zip(compared.names, first.views, strict=True):
        titles = {i: short(t) for i, t in view.clauses.items()}
        said.append(f"{named(says(scope.vocabulary, name, view.signature, titles))}.")
    return Dispute(card.id, card.outcomes, short(example(scope, first.use).text, 2), said, len(card.differences))


def _way(proposal: Proposal, packs: Sequence[Pack]) -> Way:
    disputed = [c for c in proposal.cases if not c.agreed]
    gives = [sum(p.party in c.gives for c in disputed) for p in packs]
    beyond = [c.beyond for c in proposal.cases]
    keeps = [len(disputed) - g for g in gives]
    return Way(dict(proposal.options), keeps, gives, beyond.count("stricter"), beyond.count("freer"))


def _alike(ways: Sequence[Way]) -> dict[str, str]:
    """Menu → option, where all these proposals take the same."""
    if len(ways) < 2:
        return {}
    first = ways[0].options
    return {m: o for m, o in first.items() if all(w.options.get(m) == o for w in ways)}


def _named_where(way: Way, alike: Mapping[str, str]) -> Way:
    rest = {m: o for m, o in way.options.items() if m not in alike}
    return Way(rest, way.keeps, way.gives, way.stricter, way.freer)


def _row(group: Agreed) -> int:
    """The lines that the group's row of the table takes."""
    permit, deny = (len(", ".join(a.partition(".")[2] for a in some)) for some in (group.permit, group.deny))
    more = len(" ".join((*group.hold, *group.unsettled)))
    return 1 + max(len(group.title) // TITLE, permit // PERMIT, (deny + more) // DENY)


def _decision(compared: Comparison, ways: Sequence[Way], found: Proposals | None) -> Sequence[str]:
    if compared.equivalent:
        return ["Sign: the two texts decide every use alike. Agree which wording is signed."]
    out = []
    if ways:
        numbers = " or ".join(f"option {n}" for n in range(1, len(ways) + 1))
        out.append(f"Choose {numbers}, or say which of the disputed points neither may settle as proposed.")
    elif found and found.impasse:
        out.append(
            "No text on the table gives both sides all they demand: say which demand may give way, or what else."
        )
    else:
        out.append("For each disputed point: whose text stands, or what a third wording must secure.")
    out.append("Whether what is not disputed is signed now, as an interim agreement, while the rest is negotiated.")
    return out


def short(text: str, times: int = 1) -> str:
    """`text` as it will be seen, within LONGEST letters (`times` as many)."""
    plain = " ".join(seen(text).split())
    return plain if len(plain) <= LONGEST * times else f"{plain[: LONGEST * times - 1]}…"


def _lines(text: str) -> int:
    """Lines that a paragraph takes at most; capitals and the letters of East Asia are as wide as two."""
    wide = sum(c.isupper() or east_asian_width(c) in "WF" for c in text)
    return 1 + (len(text) + wide) // COLUMNS
