"""`brightline compare A B [C…]`, `compare --within A`: every kind of use on which terms differ."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import PurePath
from types import FrameType
from typing import TYPE_CHECKING, Annotated

import typer

from brightline.cli.opening import open_pack
from brightline.cli.papers import (
    AuthorOption,
    DateOption,
    Docx,
    Html,
    author_of,
    check_papers,
    second,
    write_comparison,
)
from brightline.cli.printing import Json, print_json, progress, say
from brightline.errors import ConfigError
from brightline.terms import Pack

if TYPE_CHECKING:
    from brightline.analysis.difference import Comparison
    from brightline.analysis.gap import Stop


def add(app: typer.Typer) -> None:
    app.command("compare")(compare)


def compare(
    packs: Annotated[list[str], typer.Argument(help="Packs: folders, .cedar files, or shipped packs' names.")],
    within: Annotated[
        bool, typer.Option("--within", help="Of one pack: its words as meant, against the same at their word.")
    ] = False,
    every: Annotated[bool, typer.Option("--all", "-v", help="Show every region, not only each card's first.")] = False,
    html: Html = None,
    docx: Docx = None,
    author: AuthorOption = None,
    date: DateOption = None,
    as_json: Json = False,
) -> None:
    """Every kind of use on which terms differ, each with one use and the clauses that make it so. Ends 1 where they
    differ, or where it is not proven that they do not."""
    some = [open_pack(p) for p in _wanted(packs, within)]
    check_papers(html, docx, author, date)
    signed = author_of(second(some), author, date) if docx else None
    compared = _compared(some, within)
    written = write_comparison(compared, some, html, docx, signed)
    if as_json:
        print_json(compared.to_json())
    else:
        from brightline.cli.comparison import show  # noqa: PLC0415 - as below

        show(some[0].terms.scope.vocabulary, compared, every=every)
        for path in written:
            say(f"wrote {path}")
    raise typer.Exit(0 if compared.equivalent else 1)


def _wanted(packs: Sequence[str], within: bool) -> Sequence[str]:
    if within and len(packs) > 1:
        raise ConfigError(f"--within looks at one pack, here are {len(packs)}", cure="name one, or leave --within out")
    if not within and len(packs) < 2:
        raise ConfigError(
            "one pack is not enough", cure="name two or more; --within shows what one contradicts in itself"
        )
    return packs


def _compared(packs: Sequence[Pack], within: bool) -> Comparison:
    from brightline.analysis.compare import compare, compare_within  # noqa: PLC0415 - a solver that other verbs need not load

    with _stop() as stop:
        if within:
            return compare_within(packs[0].terms, who(packs)[0], stop=stop)
        a, b, *more = (p.terms for p in packs)
        return compare(a, b, *more, names=who(packs), stop=stop)


def who(packs: Sequence[Pack]) -> tuple[str, ...]:
    """What to call each in sentences: its party where that is one word and no other's, else its pack."""
    parties = [p.about.get("party", "") for p in packs]
    names = [PurePath(p.name).name for p in packs]
    names = names if len(set(names)) == len(names) else [p.name for p in packs]
    alone = [party.isalpha() and parties.count(party) == 1 for party in parties]
    return tuple(f"the {party}" if a else name for party, a, name in zip(parties, alone, names, strict=True))


@contextmanager
def _stop() -> Iterator[Stop]:
    """What tells the work how it goes on a terminal, and to stop at Ctrl-C: what was found by then is shown."""
    stopped: list[int] = []
    last = time.monotonic()

    def interrupted(number: int, frame: FrameType | None) -> None:
        if stopped:  # twice: at once
            signal.default_int_handler(number, frame)
        stopped.append(number)

    def stop(text: str) -> bool:
        nonlocal last
        if time.monotonic() - last > 1:
            last = time.monotonic()
            progress(text)
        return bool(stopped)

    before = signal.signal(signal.SIGINT, interrupted)
    try:
        yield stop
    finally:
        signal.signal(signal.SIGINT, before)
