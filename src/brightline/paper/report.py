"""A verification as a PDF for people: one page that says whether and how far, then the figures, then the steps.

The same verification gives the same bytes. Every value is escaped before it is set: a title cannot bring markup,
a picture or a link. The fonts are the standard ones, so letters outside Windows-1252 are written as escapes.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final
from xml.sax.saxutils import escape

from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, KeepTogether, Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

from brightline.paper.seen import seen
from brightline.paper.verified import Verified

_INK, _LINE, _SHADE = colors.HexColor("#1c2430"), colors.HexColor("#b8c0cc"), colors.HexColor("#eef1f5")
_GOOD, _BAD = colors.HexColor("#1d6b3a"), colors.HexColor("#a32020")
_BODY: Final = ParagraphStyle("body", fontName="Helvetica", fontSize=9, leading=12.5, textColor=_INK)
_CELL: Final = ParagraphStyle("cell", parent=_BODY, fontSize=8, leading=10)
_HEAD: Final = ParagraphStyle("head", parent=_CELL, fontName="Helvetica-Bold")
_NUMBER: Final = ParagraphStyle("number", parent=_CELL, alignment=2)
_NUMBER_HEAD: Final = ParagraphStyle("number head", parent=_HEAD, alignment=2)
_SMALL: Final = ParagraphStyle("small", parent=_BODY, fontSize=8, leading=10.5)
_TITLE: Final = ParagraphStyle("title", parent=_BODY, fontName="Helvetica-Bold", fontSize=17, leading=21)
_SECTION: Final = ParagraphStyle(
    "section", parent=_BODY, fontName="Helvetica-Bold", fontSize=11.5, leading=15, spaceBefore=11, spaceAfter=3
)
_WIDTH: Final = A4[0] - 40 * mm
_OUTCOMES: Final = ("permit", "hold", "ask", "deny")
_MARKS: Final[Mapping[str, str]] = {
    "not_screened": "The screen did not read it",
    "claimed": "Some fact rests on a claim alone",
    "screen_flagged": "The screen doubted what was declared",
    "unidentified": "The person behind the key is not identified",
    "meter_missing": "No reading of the meter",
    "drifted": "A tool or model is not what was registered",
    "hurried": "Approvals came faster than a person reads",
    "observed": "Decided and not enforced",
    "break_glass": "Under a customer official's break-glass",
    "failed": "Deciding raised an error",
    "disagreed": "Two readings of the terms disagreed",
}
"""What a reader should know of permitted uses, in this order; other marks follow under their own names."""


_NEUTRAL: Final = frozenset({"streamed", "sampled"})
"""Marks that say nothing of what is known of a use."""


def report(verified: Verified) -> bytes:
    """The PDF's bytes."""
    out = io.BytesIO()
    margin = 20 * mm
    title = f"Verification of {_plain(verified.bundle)}"
    document = SimpleDocTemplate(
        out, pagesize=A4, leftMargin=margin, rightMargin=margin, topMargin=18 * mm, bottomMargin=18 * mm,
        title=title, author="brightline verify", invariant=1,
    )  # fmt: skip
    foot = _foot(f"{title} · {verified.time} · SHA-256 {verified.sha256[:16]}…")
    document.build(list(_story(verified)), onFirstPage=foot, onLaterPages=foot)
    return out.getvalue()


def _story(verified: Verified) -> Iterator[Flowable]:
    yield from _summary(verified)
    if verified.result.totals:
        yield from _months(verified)
        yield from _clauses(verified)
        yield from _exceptions(verified.result.totals)
        yield from _coverage(verified.result.totals)
        yield from _meters(verified)
    yield from _audits(verified)
    yield from _findings(verified)
    yield from _steps(verified)


def _summary(verified: Verified) -> Iterator[Flowable]:
    result, totals = verified.result, verified.result.totals
    parties = verified.agreement.parties
    yield Paragraph("What the record shows", _TITLE)
    yield Spacer(1, 4)
    yield _say(f"{verified.agreement.title}, between {parties.vendor.name} and {parties.customer.name}.")
    yield Spacer(1, 6)
    verdict = f"Verified, grade {result.grade}" if result.verified else "NOT VERIFIED"
    style = ParagraphStyle("verdict", parent=_TITLE, fontSize=14, textColor=_GOOD if result.verified else _BAD)
    yield Paragraph(_text(verdict), style)
    yield Spacer(1, 4)
    yield _say(verified.grade_words)
    yield Spacer(1, 8)
    rows = [("Bundle", verified.bundle), ("SHA-256 of its file", verified.sha256), ("Agreement", verified.digest)]
    rows.append(("Terms", verified.agreement.terms.digest))
    if totals:
        period = f"{totals['from'] or 'no entries'} to {totals['to'] or '-'}"
        rows += [("Period", period), ("Entries", f"{totals['entries']:,}"), ("Decisions", f"{totals['decisions']:,}")]
        tokens = totals["tokens"]
        rows.append(("Tokens", f"{tokens['input']:,} in, {tokens['output']:,} out, rounded as agreed"))
    rows.append(("Verified at", f"{verified.time}, by the clock of who verified"))
    yield _table([], [(name, value) for name, value in rows], [42 * mm, _WIDTH - 42 * mm])


def _months(verified: Verified) -> Iterator[Flowable]:
    rows: list[Sequence[str]] = []
    for name, month in verified.months.items():
        counts = [month.outcomes[o] for o in _OUTCOMES]
        rows.append((name, *(f"{n:,}" for n in (sum(counts), *counts, month.calls, month.tokens))))
    head = ("Month (UTC)", "Decisions", *(o.capitalize() for o in _OUTCOMES), "Ended calls", "Tokens")
    yield _section("By month", _table(head, rows, [25 * mm, *[(_WIDTH - 25 * mm) / 7] * 7]))


def _clauses(verified: Verified) -> Iterator[Flowable]:
    """Every agreed clause: one that never decided is worth seeing. At most six months stand beside the total."""
    clauses, months = verified.result.totals["clauses"], verified.months
    shown = list(months)[-6:]
    rows = []
    for name, outcomes in clauses.items():
        by_month = [months[m].clauses.get(name, 0) for m in shown]
        rows.append((name, *(f"{n:,}" for n in (sum(outcomes.values()), *(outcomes[o] for o in _OUTCOMES), *by_month))))
    head = ("Clause", "Decisions", *(o.capitalize() for o in _OUTCOMES), *shown)
    width = (_WIDTH - 32 * mm) / (len(head) - 1)
    yield _section("By clause and month", _table(head, rows, [32 * mm, *[width] * (len(head) - 1)]))
    note = "A decision can name more than one clause. default-deny: no clause permitted it."
    if len(months) > len(shown):
        note += f" The last {len(shown)} of {len(months)} months are shown; the totals are of all."
    yield Paragraph(_text(note), _SMALL)


def _exceptions(totals: Mapping[str, Any]) -> Iterator[Flowable]:
    rows = []
    for kind in ("exceptions", "approvals", "changes", "releases", "clock"):
        rows += [(kind.capitalize(), word.replace("_", " "), f"{n:,}") for word, n in totals.get(kind, {}).items()]
    rows.append(("Erasures", "content made unreadable for good", f"{totals['erasures']:,}"))
    yield _section("Exceptions, approvals, changes, erasures", _counts(("Kind", "What", "Entries"), rows))


def _coverage(totals: Mapping[str, Any]) -> Iterator[Flowable]:
    flags = totals["flags"]
    names = [*_MARKS, *(name for name in flags if name not in _MARKS and name not in _NEUTRAL)]
    rows = []
    for name in names:
        counts = flags.get(name, {})
        of_all, permitted = sum(counts.values()), counts.get("permit", 0)
        if of_all or name in ("not_screened", "claimed"):
            rows.append((_MARKS.get(name, name.replace("_", " ")), f"{permitted:,}", f"{of_all:,}"))
    estimated = totals["tokens"]["estimated_calls"]
    if estimated:
        rows.append(("Calls whose tokens are estimated", "-", f"{estimated:,}"))
    yield _section(
        "Coverage: what was not screened, only claimed, or otherwise in doubt",
        _counts(("Of the decisions", "Permitted", "All"), rows),
    )


def _meters(verified: Verified) -> Iterator[Flowable]:
    """What the customer stated of its meters, epoch by epoch; at most the last twelve."""
    rows = []
    for epoch in verified.result.totals["epochs"][-12:]:
        stated = epoch["statements"].get("meters")
        if stated:
            bound = "exact" if stated["exact"] else "at least"
            figures = (stated["highest"], stated["soft"], stated["hard"], stated["at_hard"])
            rows.append((f"Epoch {epoch['number']} ({bound})", *(f"{n:,}" for n in figures)))
    if rows:
        head = ("Meters", "Highest reading", "Soft limit", "Hard limit", "At the hard limit")
        table: Flowable = _table(head, rows, [50 * mm, *[(_WIDTH - 50 * mm) / 4] * 4])
    else:
        table = _say("The bundle states nothing of the meters: no epoch opened a statement of them.")
    yield _section("Meters against limits", table)


def _audits(verified: Verified) -> Iterator[Flowable]:
    said: list[Flowable] = [_say(f"Epoch {a['epoch']}: {a['text']}") for a in verified.audits]
    nothing = "No report of a random audit was given: that the clauses were applied rightly to the facts is not shown."
    yield _section("Random audits", *(said or [_say(nothing)]))


def _findings(verified: Verified) -> Iterator[Flowable]:
    findings = verified.result.findings
    rows = [(f.code, f.text, f.follows or "-") for f in findings]
    if not rows:
        yield _section("Findings", _say("None."))
        return
    widths = [38 * mm, (_WIDTH - 38 * mm) * 0.55, (_WIDTH - 38 * mm) * 0.45]
    table = _table(("Code", "What", "What the agreement says follows"), rows, widths, numbers=False)
    yield Paragraph("Findings", _SECTION)
    yield table


def _steps(verified: Verified) -> Iterator[Flowable]:
    shown = {True: "passed", False: "FAILED", None: "not checked"}
    rows = [(str(s.n), shown[s.ok], s.name, s.text) for s in verified.result.steps[:-1]]
    last = verified.result.steps[-1]
    rows.append((str(last.n), shown[last.ok], last.name, "On the first page."))
    widths = [8 * mm, 20 * mm, 55 * mm, _WIDTH - 83 * mm]
    yield Paragraph("The steps", _SECTION)
    yield _table(("", "Answer", "Step", "What it says"), rows, widths, numbers=False)


def _counts(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    """Words in the first columns, numbers in the last."""
    words = sum(not row.replace(",", "").isdigit() and row != "-" for row in rows[0])
    number = 28 * mm
    width = (_WIDTH - number * (len(head) - words)) / words
    return _table(head, rows, [width] * words + [number] * (len(head) - words), words=words)


def _table(
    head: Sequence[str], rows: Sequence[Sequence[str]], widths: Sequence[float], *, words: int = 1, numbers: bool = True
) -> Table:
    """A table whose first `words` columns are text and the rest numbers, unless it has no numbers. Without a head the
    first column names the second."""

    def cell(text: str, column: int, heading: bool) -> Paragraph:
        right = numbers and head and column >= words
        plain, bold = (_NUMBER, _NUMBER_HEAD) if right else (_CELL, _HEAD)
        return Paragraph(_text(text), bold if heading or (not head and column == 0) else plain)

    data = [[cell(text, i, True) for i, text in enumerate(head)]] if head else []
    data += [[cell(text, i, False) for i, text in enumerate(row)] for row in rows]
    style = [
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("LINEBELOW", (0, 0), (-1, -1), 0.4, _LINE),
        ("TOPPADDING", (0, 0), (-1, -1), 2),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 2.5),
        ("LEFTPADDING", (0, 0), (-1, -1), 3),
        ("RIGHTPADDING", (0, 0), (-1, -1), 3),
    ]
    if head:
        style.append(("BACKGROUND", (0, 0), (-1, 0), _SHADE))
    return Table(data, colWidths=list(widths), repeatRows=1 if head else 0, style=TableStyle(style), hAlign="LEFT")


def _section(title: str, *content: Flowable) -> Flowable:
    """A heading that stays with what it heads, unless that is longer than a page."""
    return KeepTogether([Paragraph(_text(title), _SECTION), *content])


def _say(text: str) -> Paragraph:
    return Paragraph(_text(text), _BODY)


def _text(text: str) -> str:
    """Escaped for the setter's own markup."""
    return escape(_plain(text))


def _plain(text: str) -> str:
    """Only letters that the standard fonts have; others as escapes, never lost or replaced by another."""
    visible = seen(text).replace("−", "-")
    return "".join(c if _encodable(c) else c.encode("unicode_escape").decode() for c in visible)


def _encodable(character: str) -> bool:
    try:
        character.encode("cp1252")
    except UnicodeEncodeError:
        return False
    return True


def _foot(text: str) -> Any:
    def draw(canvas: Canvas, _: object) -> None:
        canvas.saveState()
        canvas.setFont("Helvetica", 7)
        canvas.setFillColor(colors.HexColor("#5a6472"))
        canvas.drawString(20 * mm, 10 * mm, text[:130])
        canvas.drawRightString(A4[0] - 20 * mm, 10 * mm, f"Page {canvas.getPageNumber()}")
        canvas.restoreState()

    return draw
