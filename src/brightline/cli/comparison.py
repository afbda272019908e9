"""A comparison on a terminal: headline, who permits what, then cards, most serious first."""

from __future__ import annotations

from collections import Counter

from rich.text import Text

from brightline.analysis.difference import Card, Comparison, Difference
from brightline.analysis.sides import Signature
from brightline.cli.printing import outcome, quote, say, table
from brightline.paper.wording import headline
from brightline.vocabulary import Use, Vocabulary

CARDS = 12
"""Cards shown unless all are asked for: what fits on two screens."""


def show(words: Vocabulary, compared: Comparison, *, every: bool) -> None:
    """The comparison within 100 columns; with `every`, all cards and each region of them."""
    # 1. the answer, and how sure it is
    for line in answer(compared):
        say(line)
    if not compared.differences:
        return
    # 2. who says what, by activity group
    say()
    table(["", *compared.names, "kinds of use"], _matrix(words, compared))
    # 3. the cards
    shown = compared.cards if every else compared.cards[:CARDS]
    for n, card in enumerate(shown, 1):
        _card(words, compared, n, card, every=every)
    if len(shown) < len(compared.cards):
        say()
        say(f"{len(compared.cards) - len(shown)} more cards, less serious: add --all, or --json for every region")


def answer(compared: Comparison) -> list[str]:
    """The answer in a sentence or two, and what was not proven."""
    return [*headline(compared), *([f"Not proven: {'; '.join(compared.open)}."] if compared.open else [])]


def _matrix(words: Vocabulary, compared: Comparison) -> list[list[str | Text]]:
    """A row for each activity group and what the parties say there, with the number of regions that reach into it."""
    count: Counter[tuple[str, tuple[str, ...]]] = Counter()
    for d in compared.differences:
        said = tuple(_word(v.signature) for v in d.views)
        for group in dict.fromkeys(words.activities[a].group for a in d.activities or words.activities):
            count[group, said] += 1
    rows: list[list[str | Text]] = []
    last = ""
    for (group, said), n in sorted(count.items(), key=lambda item: (list(words.groups).index(item[0][0]), -item[1])):
        rows.append([words.groups[group] if group != last else "", *map(outcome, said), str(n)])
        last = group
    return rows


def _word(said: Signature) -> str:
    """`permit`, or `permit (note)` where the gateway has to do something for it."""
    return f"{said.outcome} ({', '.join(said.duties)})" if said.duties else str(said.outcome)


def _card(words: Vocabulary, compared: Comparison, n: int, card: Card, *, every: bool) -> None:
    say()
    groups = ", ".join(words.groups[g] for g in card.groups) if len(card.groups) < len(words.groups) else "any activity"
    say(Text(f"{n}  {groups}", style="bold"))
    quote(card.text, "   ")
    quote(f"for example: {plainly(card.differences[0].use)}", "   ")
    for d in card.differences if every else ():
        _region(compared, d)


def _region(compared: Comparison, d: Difference) -> None:
    views = [f"{who} {v.signature.outcome}" for who, v in zip(compared.names, d.views, strict=True)]
    say(f"   {d.id}  {d.kind}: {', '.join(views)}")
    quote(d.text, "      ")
    quote(f"for example: {plainly(d.use)}", "      ")


def plainly(use: Use) -> str:
    """A use on one line."""
    parts = [use.activity]
    parts += [f"{k} {v}" for k, v in (("component", use.component), ("model", use.model)) if v]
    for name, value in use.facts.items():
        stated = ", ".join(sorted(value)) or "none" if isinstance(value, frozenset) else str(value)
        source = f" ({use.sources[name]})" if name in use.sources else ""
        parts.append(f"{name} = {stated}{source}")
    return "; ".join(parts)
