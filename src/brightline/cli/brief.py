"""`brightline brief A B`: the one page that principals take into the room."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import typer
from rich.text import Text

from brightline.cli.opening import open_pack
from brightline.cli.papers import Html, check_papers
from brightline.cli.positions import A, B, Briefs, More, positions
from brightline.cli.printing import Json, outcome, print_json, progress, quote, say, table, write_new
from brightline.terms import Pack

if TYPE_CHECKING:
    from brightline.analysis.propose import Proposals
    from brightline.paper.brief import Brief


def add(app: typer.Typer) -> None:
    app.command("brief")(brief)


def brief(
    a: A,
    b: B,
    more: More = None,
    briefs: Briefs = None,
    html: Html = None,
    as_json: Json = False,
) -> None:
    """One page for principals: what is agreed, what is disputed, the options, the decision asked. Ends 1 where anything
    is disputed.

    Of briefs it shows only the names of the options chosen, for the page is read by the other side too.
    """
    from brightline.analysis.compare import compare  # noqa: PLC0415 - a solver that other verbs need not load
    from brightline.cli.compare import who  # noqa: PLC0415 - as above
    from brightline.paper.brief import brief as made  # noqa: PLC0415 - as above
    from brightline.paper.brief import brief_page  # noqa: PLC0415 - as above

    packs = [open_pack(a), open_pack(b)]
    check_papers(html, None, None, None)
    compared = compare(*(p.terms for p in packs), names=who(packs))
    found = made(packs, compared, _proposals(packs, [*(briefs or ()), *(more or ())]))
    if html is not None:
        write_new(html, brief_page(found).encode())
    if as_json:
        print_json(found.to_json())
    else:
        _show(found)
        if html is not None:
            say(f"wrote {html}")
    raise typer.Exit(0 if compared.equivalent else 1)


def _proposals(packs: Sequence[Pack], briefs: Sequence[str]) -> Proposals | None:
    from brightline.analysis.propose import propose  # noqa: PLC0415 - as above

    return propose(*positions(packs, briefs), progress) if briefs else None


def _show(found: Brief) -> None:
    for line in (*found.headline, *(f"Not proven: {o}." for o in found.open)):
        say(line)
    head("Agreed")
    rows = [[g.title, _plainly(g.permit), _plainly(g.deny), f"{g.alike} of {g.cases}"] for g in found.agreed]
    table(["", "both permit uses of", "no use permitted by both", "cases alike"], rows)
    head("Disputed")
    for n, d in enumerate(found.disputed, 1):
        say(f"{n}  ", *(part for o in d.outcomes for part in (outcome(o), " ")), d.example)
        for line in d.says:
            quote(line, "   ")
    say(f"{found.more} more: `brightline compare` shows them" if found.more else "")
    head("Options")
    for n, w in enumerate(found.ways, 1):
        quote(f"{n}  " + "; ".join(f"{menu}: {option}" for menu, option in w.options.items()), "   ")
        sides = zip(found.names, w.keeps, w.gives, strict=True)
        quote(
            "; ".join(f"{who} keeps its text in {k} disputed cases and gives in {g}" for who, k, g in sides), "      "
        )
    if not found.ways:
        say("no text gives both sides all that they demand" if found.impasse else "none worked out yet: see --briefs")
    head("The decision asked")
    for line in found.decision:
        quote(line, "   ")


def head(title: str) -> None:
    say("")
    say(Text(title, style="bold"))


def _plainly(activities: Sequence[str]) -> str:
    return ", ".join(a.partition(".")[2].replace("_", " ") for a in activities)
