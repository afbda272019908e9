"""Pages and documents in the tools that people have: a real browser, a real word processor (make test-extras)."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from brightline.analysis.compare import compare
from brightline.paper.brief import brief, brief_page
from brightline.paper.menus import proposals_page
from brightline.paper.page import comparison_page
from brightline.paper.word import ROWS, word_document
from tests.paper.texts import (
    ATTACKS,
    DAY,
    PAIRS,
    compared,
    hostile_pack,
    packs,
    proposed,
    shipped_brief,
    shipped_document,
    shipped_page,
)

pytestmark = pytest.mark.extras
QUIET = ("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking")
WORDS = re.compile(r"\s+")


def ran(*command: str | Path) -> str:
    return subprocess.run([*map(str, command)], capture_output=True, check=True, timeout=240).stdout.decode()


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, ...]:
    home = tmp_path_factory.mktemp("chromium")
    assert shutil.which("chromium"), "apt-get install chromium"
    return "chromium", *QUIET, f"--user-data-dir={home}", "--hide-scrollbars"


def printed(browser: tuple[str, ...], folder: Path, page: str) -> tuple[int, str]:
    """(pages, words) of a page printed on paper."""
    (folder / "page.html").write_text(page, "utf-8")
    pdf = folder / "page.pdf"
    ran(*browser, "--no-pdf-header-footer", f"--print-to-pdf={pdf}", (folder / "page.html").as_uri())
    about = ran("pdfinfo", pdf)
    assert "Page size:      594.96 x 841.92 pts (A4)" in about or "(A4)" in about, about
    found = re.search(r"Pages:\s+(\d+)", about)
    assert found
    return int(found[1]), WORDS.sub(" ", ran("pdftotext", "-layout", pdf, "-"))


BRIEFS = [
    ("vendor", "customer"),
    ("vendor", "customer", "vendor", "customer"),
    ("vendor", "customer", "vendor"),
    ("vendor", "s4113"),
    ("vendor", "compromise"),
    ("customer", "google-2026-04"),
    ("openai-2026-02-28", "openai-2026-03-02"),
    ("health-vendor", "health-hospital", "health-vendor", "health-hospital"),
]


@pytest.mark.parametrize("names", BRIEFS, ids=" ".join)
def test_a_brief_is_one_page(browser: tuple[str, ...], tmp_path: Path, names: tuple[str, ...]) -> None:
    found = shipped_brief(*names)
    pages, words = printed(browser, tmp_path, brief_page(found))
    assert pages == 1
    assert "The decision asked" in words
    assert words.rstrip().endswith(found.digests[-1])


@pytest.mark.parametrize("attack", ["long " * 2000, "W" * 9000, "協定" * 4000, ATTACKS["style"], ATTACKS["bidi"]])
def test_a_hostile_brief_is_one_page_too(browser: tuple[str, ...], tmp_path: Path, attack: str) -> None:
    pair = [packs("vendor")[0], hostile_pack(attack)]
    found = brief(pair, compare(*(p.terms for p in pair), names=("the vendor", "the other")), None)
    assert printed(browser, tmp_path, brief_page(found))[0] == 1


def test_a_comparison_prints(browser: tuple[str, ...], tmp_path: Path) -> None:
    pages, words = printed(browser, tmp_path, shipped_page("vendor", "customer"))
    assert 5 < pages < 30
    for p in packs("vendor", "customer"):
        assert p.terms.digest[:30] in words.replace(" ", "")
    assert "No engagement unless an operator" in words
    # the exact kinds are printed where they are open
    more, opened = printed(browser, tmp_path, shipped_page("vendor", "customer").replace("<details>", "<details open>"))
    assert more > pages
    assert "target selected by, exceptions" not in words or "Any:" not in words
    assert "Any:" in opened


def test_proposals_print(browser: tuple[str, ...], tmp_path: Path) -> None:
    names = ("vendor", "customer")
    pages, words = printed(browser, tmp_path, proposals_page(proposed(*names, *names), packs(*names)))
    assert pages < 12
    assert "Proposal 1" in words


@pytest.mark.parametrize("attack", ATTACKS)
def test_nothing_runs_and_nothing_is_fetched(browser: tuple[str, ...], tmp_path: Path, attack: str) -> None:
    """The browser's own reading of a hostile page: no element, title or handler that is not ours."""
    pair = [packs("vendor")[0], hostile_pack(ATTACKS[attack])]
    page = comparison_page(compare(*(p.terms for p in pair), names=("the vendor", f"the {ATTACKS[attack]}")), pair)
    (tmp_path / "page.html").write_text(page, "utf-8")
    dom = ran(*browser, "--dump-dom", (tmp_path / "page.html").as_uri())
    assert not re.search(r"<(script|img|svg|iframe|object|link)\b", dom)
    assert len(re.findall(r"<style>", dom)) == 1
    assert not re.search(r"<[^>]+\son\w+=", dom)


def test_the_policy_stops_what_an_escape_would_let_through(browser: tuple[str, ...], tmp_path: Path) -> None:
    """Were a word to reach the page unescaped, it would still not run, nor hide anything."""
    attack = "<script>document.title='owned'</script><style>body{display:none}</style><main"
    page = shipped_page("vendor", "customer").replace("<main", attack, 1)
    (tmp_path / "page.html").write_text(page, "utf-8")
    where = (tmp_path / "page.html").as_uri()
    assert "<title>owned" not in ran(*browser, "--dump-dom", where)
    words = printed(browser, tmp_path, page)[1]
    assert "Who permits what" in words
    # without the policy it does: the test sees what it looks for
    open_page = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", page)
    assert "Who permits what" not in printed(browser, tmp_path, open_page)[1]
    assert "<title>owned" in ran(*browser, "--dump-dom", where)


def as_pdf(folder: Path, data: bytes) -> tuple[int, str]:
    """(pages, words) of a Word document that LibreOffice opened."""
    (folder / "text.docx").write_bytes(data)
    home = (folder / "office").as_uri()
    ran(
        "soffice", f"-env:UserInstallation={home}", "--headless", "--convert-to", "pdf", "--outdir", folder,
        folder / "text.docx",
    )  # fmt: skip
    pages = re.search(r"Pages:\s+(\d+)", ran("pdfinfo", folder / "text.pdf"))
    assert pages
    return int(pages[1]), WORDS.sub(" ", ran("pdftotext", "-layout", folder / "text.pdf", "-"))


@pytest.mark.parametrize("names", PAIRS, ids=" ".join)
def test_a_word_processor_opens_it(tmp_path: Path, names: tuple[str, ...]) -> None:
    pages, words = as_pdf(tmp_path, shipped_document(*names))
    assert 3 < pages < 60
    # the text before and the text after are both to be seen, and the table
    for pack in packs(*names):
        assert pack.terms.digest in words
        first = min(pack.terms.clauses, key=lambda c: c.line)
        assert first.title[:30] in words
    assert "What the changes do" in words
    if len(compared(*names).cards) > ROWS:
        assert f"The {ROWS} most serious" in words


def test_libreoffice_sees_each_change(tmp_path: Path) -> None:
    """What LibreOffice itself writes back as changes: whose, of which day, and as many insertions as deletions."""
    (tmp_path / "text.docx").write_bytes(shipped_document("openai-2026-02-28", "openai-2026-03-02"))
    home = (tmp_path / "office").as_uri()
    ran(
        "soffice", f"-env:UserInstallation={home}", "--headless", "--convert-to", "fodt", "--outdir", tmp_path,
        tmp_path / "text.docx",
    )  # fmt: skip
    text = (tmp_path / "text.fodt").read_text("utf-8")
    changes = re.findall(r"<text:changed-region", text)
    assert len(changes) > 20
    assert len(re.findall(r"<text:deletion>", text)) > 10
    assert len(re.findall(r"<text:insertion>", text)) > 10
    authors = set(re.findall(r"<dc:creator>([^<]*)</dc:creator>", text.partition("<text:tracked-changes")[2]))
    assert authors == {"A. Lawyer &amp; Partners &lt;counsel&gt;"}
    assert set(re.findall(r"<dc:date>(\d{4}-\d\d-\d\d)", text.partition("<text:tracked-changes")[2])) == {"2026-03-31"}


@pytest.mark.parametrize("attack", ["control", "xml", "hidden", "bidi"])
def test_a_word_processor_opens_hostile_words(tmp_path: Path, attack: str) -> None:
    vendor, other = packs("vendor")[0], hostile_pack(ATTACKS[attack])
    found = compare(vendor.terms, other.terms, names=("the vendor", "the other"))
    pages, words = as_pdf(tmp_path, word_document(vendor, other, found, DAY))
    assert pages
    assert "What the changes do" in words
