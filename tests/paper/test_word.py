"""The Word document: accepting all changes gives the text after, rejecting all the text before, word for word."""

import io
import os
import subprocess
import sys
import xml.etree.ElementTree as ET
import zipfile
from pathlib import Path
from typing import Any

import pytest
from docx import Document
from hypothesis import given
from hypothesis import strategies as st

from brightline.analysis.compare import compare
from brightline.paper.seen import seen
from brightline.paper.tracking import Change, Paragraph, Role, paragraphs, tracked, written
from brightline.paper.word import STYLES, word_document
from brightline.terms import Pack
from tests.paper.texts import ATTACKS, BARE, DAY, PAIRS, bare_pack, compared, hostile_pack, packs, shipped_document

ROOT = Path(__file__).parents[2]
W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
STORY = """@id("{}") @title("{}") @text("{}")
permit (principal, action == Action::"{}", resource);
"""


def body(data: bytes) -> Any:
    """The document's body, parsed by another reader than what wrote it."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return ET.fromstring(archive.read("word/document.xml")).find(f"{W}body")


def both(element: Any, *names: str) -> list[Any]:
    """The elements of either name in it, in the order of the document."""
    return [e for e in element.iter() if e.tag in [f"{W}{n}" for n in names]]


def settled(data: bytes, accept: bool) -> list[Paragraph]:
    """The clauses once all changes are accepted, or rejected, as ISO/IEC 29500-1 section 17.13.5 has it."""
    gone, stays = ("del", "ins") if accept else ("ins", "del")
    roles = {name.replace(" ", ""): role for role, name in STYLES.items()}
    out: list[Paragraph] = []
    pending = ""
    inside = False
    for p in body(data).findall(f"{W}p"):
        style = p.find(f"{W}pPr/{W}pStyle")
        name = style.get(f"{W}val") if style is not None else "Normal"
        words = "".join(t.text or "" for t in both(p, "t", "delText"))
        if name == "Heading1":
            inside = words == "Clauses"
            continue
        if not inside:
            continue
        # 1. the runs that remain
        text = pending
        for child in p:
            if child.tag in (f"{W}r", f"{W}{stays}"):
                text += "".join(t.text or "" for t in both(child, "t", "delText"))
        # 2. a paragraph whose mark goes is joined with the next
        marked = p.find(f"{W}pPr/{W}rPr/{W}{gone}") is not None
        if marked:
            pending = text
            continue
        pending = ""
        out.append(Paragraph(roles[name], text))
    assert pending == ""
    return out


def plain(pack: Pack) -> list[Paragraph]:
    return [p for c in written(pack.terms) for p in paragraphs(c)]


@pytest.mark.parametrize("names", PAIRS, ids=" ".join)
def test_accept_all_and_reject_all(names: tuple[str, ...]) -> None:
    before, after = packs(*names)
    data = shipped_document(*names)
    assert settled(data, accept=True) == plain(after)
    assert settled(data, accept=False) == plain(before)
    assert settled(data, accept=True) != settled(data, accept=False)


clause_lists = st.lists(
    st.tuples(
        st.sampled_from("ABCDEF"),
        st.sampled_from(["One thing", "One other thing", "Nothing at all"]),
        st.text("ab cd", max_size=12),
        st.sampled_from(["gen.office", "gen.unknown", "intel.osint"]),
    ),
    unique_by=lambda c: c[0],
    max_size=6,
)


@given(clause_lists, clause_lists)
def test_whatever_changes(before: Any, after: Any) -> None:
    mine, other = (bare_pack("".join(STORY.format(*c) for c in some)) for some in (before, after))
    found = tracked(mine.terms, other.terms)
    for keep, pack in ((Change.DELETED, mine), (Change.INSERTED, other)):
        stays = (Change.KEPT, keep)
        left = [
            Paragraph(t.role, "".join(r.text for r in t.runs if r.change in stays)) for t in found if t.mark in stays
        ]
        assert left == plain(pack)
    # what both have in the same place is not touched
    if before == after:
        assert {t.mark for t in found} | {r.change for t in found for r in t.runs} <= {Change.KEPT}


def test_one_word_changed_is_one_word_tracked() -> None:
    other = BARE.replace("Ordinary work may be done", "Ordinary work shall be done")
    runs = [r for t in tracked(bare_pack(BARE).terms, bare_pack(other).terms) for r in t.runs]
    assert [(r.change, r.text) for r in runs if r.change is not Change.KEPT] == [
        (Change.DELETED, "may"),
        (Change.INSERTED, "shall"),
    ]
    assert {t.mark for t in tracked(bare_pack(BARE).terms, bare_pack(other).terms)} == {Change.KEPT}


def test_another_paragraph_is_replaced_whole() -> None:
    other = BARE.replace("Ordinary work may be done.", "Nothing here stands as it stood before today.")
    found = [t for t in tracked(bare_pack(BARE).terms, bare_pack(other).terms) if t.mark is not Change.KEPT]
    assert [(t.mark, t.runs[0].text) for t in found] == [
        (Change.INSERTED, "Nothing here stands as it stood before today."),
        (Change.DELETED, "Ordinary work may be done."),
    ]


def test_a_renamed_clause_is_not_a_new_one() -> None:
    before, after = packs("openai-2026-02-28", "openai-2026-03-02")
    found = tracked(before.terms, after.terms)
    heads = [t for t in found if t.role is Role.HEADING and t.mark is not Change.KEPT]
    assert len(heads) <= abs(len(after.terms.clauses) - len(before.terms.clauses)) + 2


def test_every_change_has_author_day_and_a_number_of_its_own() -> None:
    root = body(shipped_document("vendor", "customer"))
    changes = both(root, "ins", "del")
    assert len(changes) > 100
    assert {c.get(f"{W}author") for c in changes} == {DAY.name}
    assert {c.get(f"{W}date") for c in changes} == {"2026-03-31T00:00:00Z"}
    numbers = [c.get(f"{W}id") for c in changes]
    assert len(numbers) == len(set(numbers))
    # deleted words are delText and no others are
    gone = [r for d in root.iter(f"{W}del") for r in d]
    for run in root.iter(f"{W}r"):
        deleted = run in gone
        assert (run.find(f"{W}delText") is not None) is deleted
        assert (run.find(f"{W}t") is None) or not deleted


def test_the_differences_stand_in_a_table() -> None:
    document = Document(io.BytesIO(shipped_document("vendor", "customer")))
    (table,) = document.tables
    found = compared("vendor", "customer")
    assert [c.text for c in table.rows[0].cells] == ["No.", "Difference", "The vendor", "The customer"]
    assert body(shipped_document("vendor", "customer")).find(f"{W}tbl/{W}tr/{W}trPr/{W}tblHeader") is not None
    assert len(table.rows) == 1 + len(found.cards)
    for row, card in zip(table.rows[1:], found.cards, strict=True):
        assert row.cells[1].text.startswith(seen(card.text))
        assert [c.text for c in row.cells[2:]] == list(card.outcomes)
    words = "\n".join(p.text for p in document.paragraphs)
    for pack in packs("vendor", "customer"):
        assert pack.terms.digest in words
    assert "Proven complete" in words


def test_nothing_of_this_machine_or_hour() -> None:
    data = shipped_document("vendor", "customer")
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert {i.date_time for i in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert not [n for n in archive.namelist() if "thumbnail" in n]
    about = Document(io.BytesIO(data)).core_properties
    assert about.author == about.last_modified_by == DAY.name
    assert about.created == about.modified
    assert about.created.date() == DAY.day
    run = "from tests.paper.texts import *; import sys; sys.stdout.buffer.write(shipped_document('vendor', 'customer'))"
    settings = {
        **os.environ,
        "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}",
        "PYTHONHASHSEED": "7",
        "TZ": "Asia/Tokyo",
    }
    again = subprocess.run([sys.executable, "-c", run], env=settings, capture_output=True, check=True, cwd=ROOT).stdout
    assert again == data


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
def test_hostile_words_are_words(attack: str) -> None:
    vendor, other = packs("vendor")[0], hostile_pack(attack)
    found = compare(vendor.terms, other.terms, names=("the vendor", f"the {attack}"))
    data = word_document(vendor, other, found, DAY)
    assert settled(data, accept=True) == plain(other)
    assert settled(data, accept=False) == plain(vendor)
    words = "".join(body(data).itertext())
    assert not set(words) & set("\u202e\u2066\x07\x1b\x00\x9b\u200b\ufeff\U000e0041\ufffe")
    # `seen`, and white space as one space
    assert words.count(" ".join(seen(attack).split())) >= 4
    Document(io.BytesIO(data))
