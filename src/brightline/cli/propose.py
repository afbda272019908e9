"""`brightline propose A B --briefs DIR…`: texts that both can sign, or the demands that cannot stand together."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from brightline.analysis.propose import Proposal, Proposals, propose
from brightline.cli.opening import open_pack
from brightline.cli.papers import AuthorOption, DateOption, Docx, Html, author_of, check_papers, write_proposals
from brightline.cli.positions import A, B, Briefs, More, positions
from brightline.cli.printing import Json, print_json, progress, quote, refuse_existing, say, table, write_new
from brightline.terms import Pack

COLUMNS = 8  # proposals that a table at 100 columns has room for


def add(app: typer.Typer) -> None:
    app.command("propose")(run)


def run(
    a: A,
    b: B,
    more: More = None,
    briefs: Briefs = None,
    out: Annotated[Path | None, typer.Option(help="Write each proposal as a pack into this new folder.")] = None,
    html: Html = None,
    docx: Docx = None,
    author: AuthorOption = None,
    date: DateOption = None,
    as_json: Json = False,
) -> None:
    """Compromises between two positions, from what the parties' briefs ask for and could sign. Ends 1 at an impasse."""
    # 1. both packs in one scope, and the briefs in its words
    packs = [open_pack(a), open_pack(b)]
    mine, other, wanted = positions(packs, [*(briefs or ()), *(more or ())])
    if out is not None:
        refuse_existing(out)
    check_papers(html, docx, author, date)
    signed = author_of(_dated(packs), author or "Proposal 1", date) if docx else None
    # 2. the search
    found = propose(mine, other, wanted, progress)
    # 3. what was found, on disk and in words
    if out is not None:
        _write(out, found.proposals)
    written = write_proposals(found, packs, html, docx, signed)
    if as_json:
        print_json(found.to_json())
    else:
        _show(found, out)
        for path in written:
            say(f"wrote {path}")
    raise typer.Exit(0 if found.proposals else 1)


def _dated(packs: Sequence[Pack]) -> Pack:
    """The pack whose date tracked changes have: a proposal has none, and is no older than the later of the two."""
    return max(packs, key=lambda p: p.about.get("date", ""))


def _write(out: Path, proposals: Sequence[Proposal]) -> None:
    for p in proposals:
        for name, text in p.pack.files.items():
            write_new(out / p.pack.name / name, text.encode())


def _show(found: Proposals, out: Path | None) -> None:
    if found.impasse:
        say(Text("impasse", style="bold red"), f"  {found.impasse.text}")
        table(["party", "demand", "what it asks"], [[r.party, r.id, r.title] for r in found.impasse.core])
    shown = found.proposals[:COLUMNS]
    if shown:
        _show_menus(shown)
    for number, p in enumerate(shown, 1):
        say(Text(f"Proposal {number}", style="bold"), f"  written to {out / p.pack.name}/" if out else "")
        quote(p.text)
        say("")
    if found.proposals:
        count, rest = len(found.proposals), len(found.proposals) - len(shown)
        what = "1 proposal" if count == 1 else f"{count} proposals, best balanced first, each"
        say(f"{what} proven to meet every hard requirement")
        if rest:
            say(f"{rest} more: --json shows and --out writes them all")
    if found.unproven:
        say("neither shown nor refuted: " + ", ".join(f"{r.party} {r.id}" for r in found.unproven))
    if not found.complete:
        say("the search reached a limit before it had seen all: there may be more")


def _show_menus(shown: Sequence[Proposal]) -> None:
    """Menus settled alike in one table; of the others every option taken, marked for each proposal that takes it."""
    menus = {menu: list(dict.fromkeys(p.options[menu] for p in shown)) for menu in shown[0].options}
    alike = [[menu, options[0]] for menu, options in menus.items() if len(options) == 1]
    if alike:
        table(["menu", "option"], alike, title="In every proposal" if len(shown) > 1 else "")
    if len(alike) < len(menus):
        rows = [
            [menu if n == 0 else "", option, *("●" if p.options[menu] == option else "" for p in shown)]
            for menu, options in menus.items()
            if len(options) > 1
            for n, option in enumerate(options)
        ]
        table(["menu", "option", *(str(n) for n in range(1, len(shown) + 1))], rows, title="Where proposals differ")
