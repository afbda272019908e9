"""Documents that verbs write for people: asked for, refused, and never half written."""

import io
import json
import zipfile

import pytest

from tests.cli.shell import Shell

FIRST = '@id("A") @title("Office work") permit (principal, action == Action::"gen.office", resource);\n'
SECOND = (
    FIRST.replace("work", "work and reading")
    .replace("== Action", 'in [Action::"intel.osint", Action')
    .replace('e", r', 'e"], r')
)


@pytest.fixture
def two(shell: Shell) -> Shell:
    """Two small packs, neither of which has a date."""
    shell.write("first.cedar", FIRST)
    shell.write("second.cedar", SECOND)
    return shell


def files(shell: Shell) -> set[str]:
    return {p.relative_to(shell.folder).as_posix() for p in shell.folder.rglob("*") if p.is_file()}


def test_a_page_and_a_document(two: Shell) -> None:
    options = ("--html", "page.html", "--docx", "out/text.docx", "--date", "2026-02-03", "--author", "Counsel")
    said = two("compare", "first.cedar", "second.cedar", *options)
    assert said.status == 1
    assert said.out.endswith("wrote page.html\nwrote out/text.docx\n")
    page = (two.folder / "page.html").read_text("utf-8")
    assert page.startswith("<!doctype html>")
    with zipfile.ZipFile(io.BytesIO((two.folder / "out/text.docx").read_bytes())) as archive:
        body = archive.read("word/document.xml").decode()
    assert 'w:author="Counsel" w:date="2026-02-03T00:00:00Z"' in body
    # the same bytes again, and the same document on stdout as without
    again = two("compare", "first.cedar", "second.cedar", "--html", "again.html", "--json")
    assert (two.folder / "again.html").read_text("utf-8") == page
    assert again.document == two("compare", "first.cedar", "second.cedar", "--json").document


def test_words_against_themselves(shell: Shell) -> None:
    assert shell("compare", "--within", "vendor", "--html", "page.html").status == 1
    assert "at its word" in (shell.folder / "page.html").read_text("utf-8")


REFUSED = {
    "a page that is there": (("--html", "first.cedar"), "first.cedar: there is such a file already — choose another"),
    "a document that is there": (("--docx", "second.cedar", "--date", "2026-01-01"), "second.cedar: there is such a"),
    "one file twice": (("--html", "x", "--docx", "x"), "x: one file for two documents — name two files"),
    "no day": (("--docx", "x.docx"), "--docx: tracked changes need a day — add --date YYYY-MM-DD, or a date to"),
    "no such day": (("--docx", "x.docx", "--date", "2026-02-30"), "--date: '2026-02-30' is no day — write --date 2026"),
    "an author of nothing": (("--author", "me"), "--author: nothing that it is for — name a Word document with --docx"),
    "a day of nothing": (("--html", "x.html", "--date", "2026-01-01"), "--date: nothing that it is for — name a Word"),
    "a folder that is none": (("--html", "first.cedar/x.html"), "first.cedar/x.html: cannot be written"),
    "a second file that cannot be": (
        ("--html", "x.html", "--docx", "first.cedar/x.docx", "--date", "2026-01-01"),
        "first.cedar/x.docx: cannot be written",
    ),
}


@pytest.mark.parametrize(("options", "sentence"), REFUSED.values(), ids=REFUSED)
def test_refused_and_nothing_written(two: Shell, options: tuple[str, ...], sentence: str) -> None:
    before = {name: (two.folder / name).read_bytes() for name in files(two)}
    assert two.fails("compare", "first.cedar", "second.cedar", *options).startswith(sentence)
    assert {name: (two.folder / name).read_bytes() for name in files(two)} == before


@pytest.mark.parametrize("packs", [("--within", "vendor"), ("vendor", "customer", "s4113")], ids=["one", "three"])
def test_a_document_shows_two_texts(shell: Shell, packs: tuple[str, ...]) -> None:
    sentence = shell.fails("compare", *packs, "--docx", "x.docx")
    assert sentence.startswith("--docx: a Word document shows one text as changes to another, and ")
    assert not files(shell)


def test_a_date_that_is_no_day(shell: Shell) -> None:
    said = shell.fails("compare", "customer", "google-2026-04", "--docx", "x.docx")
    assert said == "google-2026-04/terms.toml: date: '2026-04' is no day — write --date 2026-03-31"


HEALTH = ("health-vendor", "health-hospital", "--briefs", "health-vendor", "health-hospital")


def test_proposals_as_papers(shell: Shell) -> None:
    said = shell("propose", *HEALTH, "--html", "page.html", "--docx", "text.docx")
    assert said.status == 0
    assert said.out.endswith("wrote page.html\nwrote text.docx\n")
    with zipfile.ZipFile(shell.folder / "text.docx") as archive:
        body = archive.read("word/document.xml").decode()
    assert 'w:author="Proposal 1"' in body
    assert shell.fails("propose", *HEALTH, "--html", "page.html").startswith("page.html: there is such a file already")


def test_an_impasse_has_no_document(shell: Shell) -> None:
    shell.write("one/brief.toml", 'party = "vendor"\n')
    shell.write(
        "one/requirements.cedar",
        '@id("R1") @title("never office work") forbid (principal, action == Action::"gen.office", resource);\n',
    )
    shell.write("two/brief.toml", 'party = "customer"\n')
    shell.write(
        "two/requirements.cedar",
        '@id("R1") @title("office work always") permit (principal, action == Action::"gen.office", resource);\n',
    )
    names = ("vendor", "customer", "--briefs", "one", "two")
    before = files(shell)
    said = shell("propose", *names, "--html", "page.html", "--docx", "text.docx")
    assert said.status == 1
    assert files(shell) == before | {"page.html"}
    page = (shell.folder / "page.html").read_text("utf-8")
    assert "never office work" in page
    # principals read that there is none, not whose demands clash
    said = shell("brief", *names, "--html", "brief.html")
    assert "no text gives both sides all that they demand" in said.out
    whole = (shell.folder / "brief.html").read_text("utf-8") + said.out
    assert "never office work" not in whole
    assert "office work always" not in whole


def test_a_brief(shell: Shell) -> None:
    said = shell("brief", "vendor", "customer", "--html", "page.html")
    assert said.status == 1
    for head in ("Agreed", "Disputed", "Options", "The decision asked"):
        assert f"\n{head}\n" in said.out
        assert f"<h2>{head}" in (shell.folder / "page.html").read_text("utf-8")
    assert shell("brief", "vendor", "vendor").status == 0
    assert shell.fails("brief", "vendor", "customer", "--html", "page.html").startswith(
        "page.html: there is such a file"
    )
    assert "there is no such brief" in shell.fails("brief", "vendor", "customer", "--briefs", "nobody")
    assert "its vocabulary is" in shell.fails("brief", "vendor", "health-vendor")
    assert files(shell) == {"page.html"}


def test_terms_as_odrl(user: Shell) -> None:
    said = user("terms", "odrl", "vendor", "vendor.jsonld")
    assert said.status == 0
    lines = said.out.splitlines()
    assert lines[0].startswith("wrote vendor.jsonld: ")
    assert [line.split(",")[0] for line in lines[1:]] == [
        "not in it: V-S1-literal", "not in it: V-W1-literal", "not in it: V-X2-literal",
    ]  # fmt: skip
    policy = json.loads((user.folder / "vendor.jsonld").read_text("utf-8"))
    document = user("terms", "odrl", "vendor", "again.jsonld", "--json").document
    assert policy["brightline:cedarDigest"] == document["terms"]
    assert len(policy["permission"]) + len(policy["prohibition"]) == document["rules"]
    assert user.fails("terms", "odrl", "vendor", "vendor.jsonld").startswith("vendor.jsonld: there is such a file")
