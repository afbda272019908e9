"""Packs for documents, and what was compared of them, each once."""

import datetime
import re
from dataclasses import replace
from functools import cache

from brightline.analysis.compare import compare, compare_within
from brightline.analysis.difference import Comparison
from brightline.analysis.joint import joint
from brightline.analysis.propose import Proposals, propose
from brightline.cli.compare import who
from brightline.paper.brief import Brief, brief
from brightline.paper.page import comparison_page
from brightline.paper.word import Author, word_document
from brightline.storage.briefs import open_brief
from brightline.storage.packs import open_pack
from brightline.terms import Pack, read_pack

DAY = Author("A. Lawyer & Partners <counsel>", datetime.date(2026, 3, 31))
PAIRS = [("vendor", "customer"), ("openai-2026-02-28", "openai-2026-03-02"), ("health-vendor", "health-hospital")]
ATTACKS = {
    "script": "</script><script>alert(1)</script>",
    "title": "</title><img src=x onerror=alert(1)>",
    "style": "</style><style>*{display:none}</style>",
    "quote": "\" onfocus=alert(1) x='",
    "comment": "--><!-- <svg/onload=alert(1)>",
    "template": "{{ 7*7 }}{% include '/etc/passwd' %}",
    "bidi": "permit \u202e tnega \u2066x",
    "control": "bell \x07 escape \x1b[2J nul \x00 csi \x9b",
    "hidden": "zero\u200bwidth tag\U000e0041 mark\ufeff",
    "xml": "&amp; &#x41; ]]> <w:p/> \ufffe",
}
BARE = """@id("A1") @title("Office work is permitted")
@text("Ordinary work may be done.")
permit (principal, action == Action::"gen.office", resource);
@id("A2") @title("Code is written")
@text("Software may be written and changed.")
permit (principal, action == Action::"intel.osint", resource);
"""


@cache
def packs(*names: str) -> tuple[Pack, ...]:
    return tuple(open_pack(n) for n in names)


@cache
def compared(*names: str) -> Comparison:
    some = packs(*names)
    if len(some) == 1:
        return compare_within(some[0].terms, who(some)[0])
    a, b, *more = (p.terms for p in some)
    return compare(a, b, *more, names=who(some))


@cache
def shipped_page(*names: str) -> str:
    return comparison_page(compared(*names), packs(*names))


@cache
def shipped_document(*names: str) -> bytes:
    a, b = packs(*names)
    return word_document(a, b, compared(*names), DAY)


def cedar_string(text: str) -> str:
    """A Cedar string that says exactly `text`."""
    return "".join(c if (c.isascii() and c.isalnum()) or c == " " else f"\\u{{{ord(c):x}}}" for c in text)


def hostile_pack(attack: str) -> Pack:
    """A pack of another party that tries `attack` wherever it may write words."""
    own = open_pack("vendor").files["terms.toml"]
    table = own[own.index("[vocabulary]") : own.index("[components]")]
    toml = "".join(f'{k} = "{toml_string(attack)}"\n' for k in ("title", "party", "protected_persons", "home"))
    toml += f'date = "2026-01-02"\n{table}[lanes]\nlane = "{toml_string(attack)}"\n'
    said = cedar_string(attack)
    clause = f'@id("H1") @title("{said}") @text("{said}") @source("{said}")\npermit (principal, action, resource)'
    cedar = f'{clause}\nwhen {{ context.lanes.contains("lane") }};\n'
    return read_pack(attack_name(attack), {"terms.toml": toml, "terms.cedar": cedar})


def attack_name(attack: str) -> str:
    return re.sub(r"\s", " ", attack)


def toml_string(text: str) -> str:
    return "".join(c if (c.isascii() and c.isalnum()) or c == " " else f"\\U{ord(c):08x}" for c in text)


def bare_pack(cedar: str, name: str = "bare") -> Pack:
    return read_pack(name, {"terms.cedar": cedar})


@cache
def proposed(a: str, b: str, *briefs: str) -> Proposals:
    mine, other = packs(a, b)
    terms = joint([mine.terms, other.terms])
    wanted = [open_brief(name, terms[0].scope) for name in briefs]
    return propose(replace(mine, terms=terms[0]), replace(other, terms=terms[1]), wanted)


@cache
def shipped_brief(a: str, b: str, *briefs: str) -> Brief:
    return brief(packs(a, b), compared(a, b), proposed(a, b, *briefs) if briefs else None)
