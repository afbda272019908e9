"""A Word document in which one text stands as tracked changes to another, so that lawyers go on in their own tool.

Office Open XML (ISO/IEC 29500-1, section 17.13.5): `w:ins` and `w:del` round runs, and in the properties of a
paragraph's mark. Accepting all changes leaves the clauses of the text after, rejecting all those of the text before.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from itertools import count
from typing import Any

from docx import Document
from docx.enum.style import WD_STYLE_TYPE
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Cm, Pt, RGBColor

from brightline.analysis.difference import Comparison
from brightline.analysis.joint import joint
from brightline.paper.seen import seen
from brightline.paper.tracking import Change, Role, Run, Tracked, tracked
from brightline.paper.wording import example, headline, named
from brightline.terms import Pack
from brightline.terms.scope import Scope

STYLES = {Role.HEADING: "Heading 2", Role.TEXT: "Normal", Role.SOURCE: "Clause source", Role.CODE: "Clause code"}
_MONO = "Courier New"
_SERIF = "Times New Roman"
ROWS = 40
"""Differences listed: about fifteen pages. A document of ninety is read by nobody."""
_TABLES = ("Normal Table", "Table Grid")
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the first time that a zip knows: no file of the archive has one of its own


@dataclass(frozen=True, slots=True)
class Author:
    """Who is said to have made the changes, and on which day."""

    name: str
    day: date


def word_document(before: Pack, after: Pack, compared: Comparison, author: Author) -> bytes:
    """The document. `compared`: the same two packs. The same arguments give the same bytes."""
    document = Document()
    _prepare(document, author, f"{_title(before)}: changes proposed")
    # 1. what it is
    document.add_heading(seen(f"{_title(before)}: changes proposed"), 0)
    for line in _opening(before, after, author):
        document.add_paragraph(seen(line))
    for which, pack in (("First text", before), ("Second text", after)):
        document.add_paragraph(f"{which}: {pack.terms.digest}", style=STYLES[Role.CODE])
    # 2. the clauses, as tracked changes
    document.add_heading("Clauses", 1)
    numbers = count(1)
    for paragraph in tracked(before.terms, after.terms):
        _add(document, paragraph, author, numbers)
    # 3. what the changes do
    document.add_heading("What the changes do", 1)
    for line in (*headline(compared), *(f"Not proven: {seen(o)}." for o in compared.open)):
        document.add_paragraph(seen(line))
    if len(compared.cards) > ROWS:
        document.add_paragraph(f"The {ROWS} most serious of {len(compared.cards)} follow; `compare --html` shows all.")
    if compared.cards:
        _differences(document, compared, joint([before.terms, after.terms])[0].scope)
    return _archive(document)


def _title(pack: Pack) -> str:
    return pack.about.get("title", pack.name)


def _opening(before: Pack, after: Pack, author: Author) -> Iterator[str]:
    yield (
        f"This is the text “{_title(before)}” ({before.party}). The text “{_title(after)}” ({after.party}) stands in "
        f"it as tracked changes of {author.name}, {author.day.isoformat()}. Accept all changes and the clauses are the "
        "second text; reject all and they are the first."
    )
    yield (
        "Under each clause stands the code that software decides by. Words changed here change no code: the text to be "
        "signed is the pack of files, which this document shows."
    )


def _prepare(document: Any, author: Author, title: str) -> None:
    """Page, styles and properties: nothing of this machine or this hour."""
    section = document.sections[0]
    section.page_width, section.page_height = Cm(21), Cm(29.7)
    section.left_margin = section.right_margin = Cm(2.3)
    section.top_margin = section.bottom_margin = Cm(2)
    for name, font, size, colour in (
        ("Normal", _SERIF, 11, None),
        ("Title", _SERIF, 20, "1A1D21"),
        ("Heading 1", _SERIF, 15, "1A1D21"),
        ("Heading 2", _SERIF, 12, "1A1D21"),
        ("Clause source", _SERIF, 9, "49545F"),
        ("Clause code", _MONO, 8, "49545F"),
    ):
        known = name in [s.name for s in document.styles]
        style = document.styles[name] if known else document.styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH)
        style.font.name, style.font.size = font, Pt(size)
        fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
        for key in list(fonts.attrib):  # a theme's font would win over the one that is named
            del fonts.attrib[key]
        for key in ("ascii", "hAnsi", "cs", "eastAsia"):
            fonts.set(qn(f"w:{key}"), font)
        if colour:
            style.font.color.rgb = RGBColor.from_string(colour)
    document.styles["Clause code"].paragraph_format.space_after = Pt(0)
    document.styles["Clause code"].paragraph_format.left_indent = Cm(0.6)
    # what the template of python-docx brings along: a picture of an empty page, and styles for tables that are not here
    for styles in [s for s in document.styles if s.type is WD_STYLE_TYPE.TABLE and s.name not in _TABLES]:
        styles.delete()
    for part in (document.part, document.part.package):
        for key in [k for k, rel in part.rels.items() if rel.reltype.endswith(("/thumbnail", "/stylesWithEffects"))]:
            del part.rels[key]
    about = document.core_properties
    about.title, about.author, about.last_modified_by = seen(title), seen(author.name), seen(author.name)
    about.created = about.modified = datetime.combine(author.day, time(), UTC).replace(tzinfo=None)
    about.comments, about.revision, about.language = "", 1, "en"


def _add(document: Any, paragraph: Tracked, author: Author, numbers: Iterator[int]) -> None:
    """One paragraph of a clause with its runs, each marked."""
    p = document.add_paragraph(style=STYLES[paragraph.role])
    if paragraph.mark is not Change.KEPT:
        properties = p._p.get_or_add_pPr()  # noqa: SLF001 - the only door to raw XML that python-docx has
        mark = OxmlElement("w:rPr")
        mark.append(_change(paragraph.mark, author, numbers))
        properties.append(mark)
    for run in paragraph.runs:
        p._p.append(_run(run, author, numbers))  # noqa: SLF001 - as above


def _run(run: Run, author: Author, numbers: Iterator[int]) -> Any:
    r = OxmlElement("w:r")
    text = OxmlElement("w:delText" if run.change is Change.DELETED else "w:t")
    text.text = run.text
    text.set(qn("xml:space"), "preserve")
    r.append(text)
    if run.change is Change.KEPT:
        return r
    change = _change(run.change, author, numbers)
    change.append(r)
    return change


def _change(change: Change, author: Author, numbers: Iterator[int]) -> Any:
    element = OxmlElement("w:del" if change is Change.DELETED else "w:ins")
    element.set(qn("w:id"), str(next(numbers)))
    element.set(qn("w:author"), seen(author.name))
    element.set(qn("w:date"), f"{author.day.isoformat()}T00:00:00Z")
    return element


def _differences(document: Any, compared: Comparison, scope: Scope) -> None:
    """A row for each card, the most serious first: its number, its sentence, an example, and what either side says."""
    names = [named(seen(n)) for n in compared.names]
    table = document.add_table(rows=1, cols=2 + len(names), style="Table Grid")
    table.autofit = False
    widths = [Cm(1.1), Cm(16.4 - 1.1 - 2.1 * len(names)), *(Cm(2.1) for _ in names)]
    rows: list[Sequence[str]] = [["No.", "Difference", *names]]
    for n, card in enumerate(compared.cards[:ROWS], 1):
        sentence = f"{card.text}\nFor example: {example(scope, card.differences[0].use).text}"
        rows.append([str(n), seen(sentence), *card.outcomes])
    for column, width in zip(table.columns, widths, strict=True):
        column.width = width
    for n, row in enumerate(rows):
        cells = table.rows[0].cells if n == 0 else table.add_row().cells
        table.rows[n]._tr.get_or_add_trPr().append(OxmlElement("w:cantSplit"))  # noqa: SLF001 - as above
        for cell, text, width in zip(cells, row, widths, strict=True):
            cell.width, cell.text = width, text
            for run in (r for p in cell.paragraphs for r in p.runs):
                run.font.size, run.font.bold = Pt(9), n == 0
    properties = table.rows[0]._tr.get_or_add_trPr()  # noqa: SLF001 - as above
    properties.append(OxmlElement("w:tblHeader"))


def _archive(document: Any) -> bytes:
    """The file: entries in one order, without times, stored as they are, so that no zlib makes other bytes of them."""
    saved = io.BytesIO()
    document.save(saved)
    out = io.BytesIO()
    with zipfile.ZipFile(saved) as source, zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as target:
        for name in sorted(source.namelist(), key=lambda n: (n != "[Content_Types].xml", n)):
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.create_system = 0
            target.writestr(entry, source.read(name))
    return out.getvalue()
