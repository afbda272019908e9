"""Documents for people as options of verbs: a page (--html), a Word document with tracked changes (--docx)."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from brightline.cli.printing import refuse_existing, write_new
from brightline.errors import ConfigError
from brightline.terms import Pack

if TYPE_CHECKING:
    from brightline.analysis.difference import Comparison
    from brightline.analysis.propose import Proposals
    from brightline.paper.word import Author

Html = Annotated[Path | None, typer.Option(help="Write one page, to be read and printed, into this new file.")]
Docx = Annotated[
    Path | None,
    typer.Option(help="Write a Word document into this new file: the other text as tracked changes to A's."),
]
AuthorOption = Annotated[
    str | None, typer.Option("--author", help="Whose the tracked changes are; else the other text's party.")
]
DateOption = Annotated[
    str | None, typer.Option("--date", help="Their day, YYYY-MM-DD; else the date in the other text's terms.toml.")
]


def check_papers(html: Path | None, docx: Path | None, author: str | None, date: str | None) -> None:
    """Raises ConfigError where a file is there already, or an option is for a document that nobody asked for."""
    refuse_existing(*(path for path in (html, docx) if path))
    if html and html == docx:
        raise ConfigError("one file for two documents", place=str(html), cure="name two files")
    for option, value in (("--author", author), ("--date", date)):
        if value and not docx:
            raise ConfigError("nothing that it is for", place=option, cure="name a Word document with --docx FILE")


def author_of(pack: Pack, author: str | None, date: str | None) -> Author:
    """Who is said to have changed the text, and when. Raises ConfigError: a document never takes today's date."""
    from brightline.paper.word import Author  # noqa: PLC0415 - python-docx takes 0.2 s to load

    given = date or pack.about.get("date")
    if given is None:
        cure = f"add --date YYYY-MM-DD, or a date to the terms.toml of {pack.name}"
        raise ConfigError("tracked changes need a day", place="--docx", cure=cure)
    try:
        return Author(author or pack.party, datetime.date.fromisoformat(given))
    except ValueError:
        place = "--date" if date else f"{pack.name}/terms.toml: date"
        raise ConfigError(f"{given[:40]!r} is no day", place=place, cure="write --date 2026-03-31") from None


def second(packs: Sequence[Pack]) -> Pack:
    """The pack whose text stands in a Word document as changes to the other's. Raises ConfigError."""
    if len(packs) != 2:
        text = f"a Word document shows one text as changes to another, and {len(packs)} came"
        raise ConfigError(text, place="--docx", cure="name two packs, or use --html")
    return packs[1]


def write_comparison(
    compared: Comparison, packs: Sequence[Pack], html: Path | None, docx: Path | None, author: Author | None
) -> Sequence[Path]:
    """Write what was asked for, all made before the first is written; the files written."""
    made: list[tuple[Path, bytes]] = []
    if html:
        from brightline.paper.page import comparison_page  # noqa: PLC0415 - as above

        made.append((html, comparison_page(compared, packs).encode()))
    if docx and author:
        from brightline.paper.word import word_document  # noqa: PLC0415 - as above

        made.append((docx, word_document(packs[0], packs[1], compared, author)))
    write_all(made)
    return [path for path, _ in made]


def write_proposals(
    found: Proposals, packs: Sequence[Pack], html: Path | None, docx: Path | None, author: Author | None
) -> Sequence[Path]:
    """As `write_comparison`; the Word document is A's text with the first proposal as changes. At an impasse there is
    none, and none is written."""
    from brightline.paper.menus import proposals_page  # noqa: PLC0415 - as above

    made = [(html, proposals_page(found, packs).encode())] if html else []
    if docx and author and found.proposals:
        from brightline.analysis.compare import compare  # noqa: PLC0415 - as above
        from brightline.paper.word import word_document  # noqa: PLC0415 - as above

        first = found.proposals[0].pack
        compared = compare(packs[0].terms, first.terms, names=(f"the {packs[0].party}", "proposal 1"))
        made.append((docx, word_document(packs[0], first, compared, author)))
    write_all(made)
    return [path for path, _ in made]


def write_all(made: Sequence[tuple[Path, bytes]]) -> None:
    """Write new files, all of them or none. Raises ConfigError."""
    done: list[Path] = []
    try:
        for path, data in made:
            write_new(path, data)
            done.append(path)
    except ConfigError:
        for path in done:
            path.unlink()
        raise
