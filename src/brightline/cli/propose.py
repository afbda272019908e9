"""`brightline propose A B --briefs DIR…`: texts that both can sign, or the demands that cannot stand together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from brightline.analysis.joint import joint
from brightline.analysis.propose import Proposal, Proposals, propose
from brightline.cli.printing import Json, print_json, progress, quote, refuse_existing, say, table, write_new
from brightline.storage.briefs import open_brief
from brightline.storage.packs import open_pack

_PACK = "A pack's folder, a .cedar file, or a shipped pack's name."


def add(app: typer.Typer) -> None:
    app.command("propose")(run)


def run(
    a: Annotated[str, typer.Argument(metavar="A", help=_PACK)],
    b: Annotated[str, typer.Argument(metavar="B", help=_PACK)],
    more: Annotated[list[str] | None, typer.Argument(metavar="[BRIEF]…", help="More briefs.")] = None,
    briefs: Annotated[
        list[str] | None, typer.Option("--briefs", help="A party's brief: its folder, or a shipped brief's name.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Write each proposal as a pack into this new folder.")] = None,
    as_json: Json = False,
) -> None:
    """Compromises between two positions, from what the parties' briefs ask for and could sign. Ends 1 at an impasse."""
    # 1. both packs in one scope, and the briefs in its words
    packs = [open_pack(a), open_pack(b)]
    terms = joint([p.terms for p in packs], [a, b])
    mine, other = (replace(p, terms=t) for p, t in zip(packs, terms, strict=True))
    wanted = [open_brief(name, mine.terms.scope) for name in (*(briefs or ()), *(more or ()))]
    if out is not None:
        refuse_existing(out)
    # 2. the search
    found = propose(mine, other, wanted, progress)
    # 3. what was found, on disk and in words
    if out is not None:
        _write(out, found.proposals)
    if as_json:
        print_json(found.to_json())
    else:
        _show(found, out)
    raise typer.Exit(0 if found.proposals else 1)


def _write(out: Path, proposals: Sequence[Proposal]) -> None:
    for p in proposals:
        for name, text in p.pack.files.items():
            write_new(out / p.pack.name / name, text.encode())


def _show(found: Proposals, out: Path | None) -> None:
    if found.impasse:
        say(Text("impasse", style="bold red"), f"  {found.impasse.text}")
        table(["party", "demand", "what it asks"], [[r.party, r.id, r.title] for r in found.impasse.core])
    for p in found.proposals:
        _show_one(p)
        if out is not None:
            say(f"    written to {out / p.pack.name}/")
    if found.unproven:
        say("not proven: " + ", ".join(f"{r.party} {r.id}" for r in found.unproven))
    if found.proposals:
        count = len(found.proposals)
        say(f"{count} proposal{'' if count == 1 else 's'}, each proven to meet every hard requirement")
    if not found.complete:
        say("there may be more: the search reached a limit before it had seen all")


def _show_one(p: Proposal) -> None:
    table(["menu", "option"], [[menu, option] for menu, option in p.options.items()], title=p.pack.about["title"])
    quote(p.text)
    say("")
