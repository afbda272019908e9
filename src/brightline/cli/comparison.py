"""A comparison on a terminal: headline, who permits what, then cards, most serious first."""

from __future__ import annotations

from brightline.analysis.difference import Comparison
from brightline.cli.printing import say


def show(compared: Comparison, *, every: bool) -> None:
    """The comparison in at most 100 columns; with `every`, each region of each card."""
    say(f"{len(compared.differences)} kinds of use differ")
    for card in compared.cards:
        say(f"  {card.text}")
        if every:
            for d in card.differences:
                say(f"    {d.text}")
