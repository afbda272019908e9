"""Proposals and impasses in plain sentences, from the titles that the parties gave."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from brightline.analysis.brief import Option, Requirement
from brightline.analysis.propose.cases import Case
from brightline.terms.explain import both


@dataclass(frozen=True, slots=True)
class Side:
    """What one party has of its own requirements: `kept` are met over all uses, `given` (wishes only) are not."""

    party: str
    kept: tuple[Requirement, ...]
    given: tuple[Requirement, ...]

    def to_json(self) -> dict[str, Any]:
        return {"kept": [r.to_json() for r in self.kept], "given": [r.to_json() for r in self.given]}


MANY = 6  # clauses named in one sentence


def proposal(a: Side, b: Side, cases: Sequence[Case], left_out: Sequence[Option]) -> str:
    """What either side keeps and gives. `left_out`: the clauses of one pack that the text has not, and that no brief
    words, each as the option that was not taken."""
    return " ".join([_side(a), _side(b), *_left_out(left_out), *_cases(a.party, b.party, cases)])


def _left_out(some: Sequence[Option]) -> Iterator[str]:
    if some:
        named = [f"{o.menu} {o.name}" for o in some[:MANY]]
        named += [f"{len(some) - MANY} more"] if len(some) > MANY else []
        yield f"It leaves out what no brief words and no demand needs: {both(named)}."


def _side(side: Side) -> str:
    hard = sum(r.is_hard for r in side.kept)
    wishes = [r for r in side.kept if not r.is_hard]
    if not side.kept and not side.given:
        return f"The {side.party} has no brief here."
    said = [f"has {'its one demand' if hard == 1 else f'all its {hard} demands'}"] if hard else []
    said += [f"keeps {_titles(wishes)}"] if wishes else []
    said += [f"gives {_titles(side.given)}"] if side.given else []
    *first, last = said
    return f"The {side.party} {', '.join(first)}{' and ' if first else ''}{last}."


def _cases(a: str, b: str, cases: Sequence[Case]) -> Iterator[str]:
    """Who gives in the written cases, and where the text says more than either."""
    differ = [c for c in cases if not c.agreed]
    if differ:
        only_a = sum(c.gives == (a,) for c in differ)
        only_b = sum(c.gives == (b,) for c in differ)
        both_give = len(differ) - only_a - only_b
        yield (
            f"Of the {len(differ)} written case{'s' * (len(differ) > 1)} on which the two texts differ, "
            f"the {a} gives in {only_a}, the {b} in {only_b} and both in {both_give}."
        )
    for how in ("stricter", "freer"):
        if count := sum(c.beyond == how for c in cases):
            yield f"In {count} written case{'' if count == 1 else 's'} it is {how} than both."


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
