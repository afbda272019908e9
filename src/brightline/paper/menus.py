"""Proposals as one page: menus against options, and what either side keeps and gives.

Unlike the brief for principals this page holds demands and wishes of the briefs: it is for whoever was given them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from brightline.analysis.brief import Requirement
from brightline.analysis.propose import Proposals, Side
from brightline.paper.sheet import page
from brightline.paper.wording import capital
from brightline.terms import Pack


@dataclass(frozen=True, slots=True)
class MenuRow:
    """One option of a menu that proposals settle differently; `taken`: for each proposal whether it takes it."""

    menu: str
    span: int
    option: str
    taken: Sequence[bool]


@dataclass(frozen=True, slots=True)
class SideWords:
    """`hard`: demands, all met by every proposal."""

    party: str
    hard: int
    keeps: Sequence[str]
    gives: Sequence[str]


@dataclass(frozen=True, slots=True)
class ProposalWords:
    text: str
    digest: str
    sides: Sequence[SideWords]


def proposals_page(found: Proposals, packs: Sequence[Pack]) -> str:
    """The page of what `propose` found for two packs. The same proposals give the same bytes."""
    menus = {
        menu: list(dict.fromkeys(p.options[menu] for p in found.proposals))
        for menu in (found.proposals[0].options if found.proposals else ())
    }
    parties = " and ".join(f"the {p.party}" for p in packs)
    return page(
        "menus.html.j2",
        title=f"What could join {parties}",
        headline=_headline(found),
        open=[f"{r.party} {r.id}: neither shown nor refuted" for r in found.unproven],
        complete=found.complete,
        alike=[(menu, some[0]) for menu, some in menus.items() if len(some) == 1],
        rows=[row for menu, some in menus.items() if len(some) > 1 for row in _rows(found, menu, some)],
        numbers=range(1, len(found.proposals) + 1),
        proposals=[ProposalWords(p.text, p.pack.terms.digest, [_side(s) for s in (p.a, p.b)]) for p in found.proposals],
        core=[(capital(r.party), r.id, r.title) for r in (found.impasse.core if found.impasse else ())],
        impasse=found.impasse.text if found.impasse else "",
        texts=[(capital(p.party), p.about.get("title", p.name), p.terms.digest) for p in packs],
    )


def _headline(found: Proposals) -> str:
    if found.impasse:
        return "No text on the table meets all that both sides demand."
    count = len(found.proposals)
    if not count:
        return "Nothing could be shown or refuted."
    if count == 1:
        return "One proposal, proven to meet every demand of both sides."
    return f"{count} proposals, best balanced first, each proven to meet every demand of both sides."


def _rows(found: Proposals, menu: str, options: Sequence[str]) -> list[MenuRow]:
    return [
        MenuRow(menu if n == 0 else "", len(options), option, [p.options[menu] == option for p in found.proposals])
        for n, option in enumerate(options)
    ]


def _side(side: Side) -> SideWords:
    def titles(some: Sequence[Requirement]) -> list[str]:
        return [r.title for r in some if not r.is_hard]

    hard = sum(r.is_hard for r in side.kept)
    return SideWords(capital(f"the {side.party}"), hard, titles(side.kept), titles(side.given))
