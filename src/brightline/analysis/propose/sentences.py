"""Proposals and impasses in plain sentences, from the titles that the parties gave."""

from __future__ import annotations

from collections.abc import Sequence

from brightline.analysis.brief import Requirement
from brightline.analysis.propose.cases import Case


def proposal(
    a: str,
    a_kept: Sequence[Requirement],
    a_given: Sequence[Requirement],
    b: str,
    b_kept: Sequence[Requirement],
    b_given: Sequence[Requirement],
    cases: Sequence[Case],
) -> str:
    """What either side keeps and gives."""
    return " ".join([_side(a, a_kept, a_given), _side(b, b_kept, b_given), *_cases(a, b, cases)])


def _side(party: str, kept: Sequence[Requirement], given: Sequence[Requirement]) -> str:
    hard = sum(r.is_hard for r in kept)
    wishes = [r for r in kept if not r.is_hard]
    if not kept and not given:
        return f"The {party} has no brief here."
    said = (
        [f"The {party} has {'its one demand' if hard == 1 else f'all its {hard} demands'}"]
        if hard
        else [f"The {party}"]
    )
    if wishes:
        said.append(f"{'and ' if hard else ''}keeps {_titles(wishes)}")
    if given:
        said.append(f"{'and ' if hard or wishes else ''}gives {_titles(given)}")
    return " ".join(said) + "."


def _cases(a: str, b: str, cases: Sequence[Case]) -> list[str]:
    if not cases:
        return []
    only_a = sum(c.gives == (a,) for c in cases)
    only_b = sum(c.gives == (b,) for c in cases)
    both = len(cases) - only_a - only_b
    beyond = sum(c.beyond for c in cases)
    said = (
        f"Of {len(cases)} written cases on which the two texts differ, the {a} gives in {only_a}, the {b} in {only_b} "
        f"and both in {both}"
    )
    worse = f"; {beyond} of these lie outside what the two say" if beyond else "; none lies outside what the two say"
    return [said + worse + "."]


def impasse(core: Sequence[Requirement]) -> str:
    """Why there is no text, and what would open the way."""
    if len(core) == 1:
        r = core[0]
        return f"No text on the table meets the {r.party}'s demand {_quoted(r)}: no choice of options does."
    whose = " and ".join(f"the {r.party}'s {_quoted(r)}" for r in core)
    return (
        f"No text on the table meets these {len(core)} demands together: {whose}. Each of them but one can be met: "
        "one gives way, or a menu gets another option."
    )


def _titles(some: Sequence[Requirement]) -> str:
    return ", ".join(map(_quoted, some))


def _quoted(r: Requirement) -> str:
    return f"“{r.title}”"
