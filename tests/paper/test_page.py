"""The page of a comparison: whole, accessible, the same bytes on every run, deaf to what hostile words ask for."""

import os
import re
import subprocess
import sys
from html import escape
from pathlib import Path

import pytest

from brightline.analysis.compare import compare
from brightline.paper.page import comparison_page
from brightline.paper.seen import seen
from tests.paper.accessible import Page, contrast, faults, palettes
from tests.paper.texts import ATTACKS, BARE, PAIRS, bare_pack, compared, hostile_pack, packs, shipped_page

ROOT = Path(__file__).parents[2]
STYLE = (ROOT / "src/brightline/paper/style.css").read_text("utf-8")
TEXTS = [*PAIRS, ("vendor",), ("vendor", "customer", "s4113")]


@pytest.mark.parametrize("names", TEXTS, ids=" ".join)
def test_a_page_is_whole_and_accessible(names: tuple[str, ...]) -> None:
    assert faults(shipped_page(*names)) == []


BROKEN = {
    "an element left open": ("</main>", ""),
    "a script": ("<main", "<script>1</script><main"),
    "a heading left out": ("<h3", "<h4"),
    "a header without scope": ('scope="col"', ""),
    "a link to nowhere": ('id="reading"', ""),
    "no language": (' lang="en"', ""),
    "a style of an element": ("<main", '<main style="x"'),
    "something fetched": ("<title>", '<link href="https://x.example"><title>'),
    "an id twice": ('id="differences"', 'id="who"'),
    "no skip link": ('href="#main"', 'href="#who"'),
    "no keyboard": ('tabindex="0"', ""),
}


@pytest.mark.parametrize(("old", "new"), BROKEN.values(), ids=BROKEN)
def test_the_checker_sees(old: str, new: str) -> None:
    page = shipped_page("vendor", "customer")
    assert old in page
    assert faults(page.replace(old, new, 1))


@pytest.mark.parametrize("names", TEXTS, ids=" ".join)
def test_everything_compared_is_on_it(names: tuple[str, ...]) -> None:
    page, found = shipped_page(*names), compared(*names)
    words = "".join(Page(page).words)
    for d in found.differences:
        assert page.count(f"<code>{d.id}</code>") == 1
    for card in found.cards:
        assert seen(card.text) in words
    terms = [p.terms for p in packs(*names)] * (3 - min(len(names), 2))
    for d in (c.differences[0] for c in found.cards):
        for t, view in zip(terms, d.views, strict=False):
            for i in view.clauses:
                if i in t.rank:
                    clause = t.clauses[t.rank[i]]
                    assert clause.text in words
                    assert clause.title in words
    for t in terms:
        assert t.digest in words


def test_the_matrix_counts_what_each_party_says() -> None:
    page, found = shipped_page("vendor", "customer"), compared("vendor", "customer")
    some = [d for d in found.differences if "weapon.engage" in (d.activities or ["weapon.engage"])]
    row = next(r for r in re.findall(r"<tr>.*?</tr>", page, re.DOTALL) if "<code>weapon.engage</code>" in r)
    chips = re.findall(r'<span class="chip (\w+)">([^<]+)</span>', row)
    assert chips == [("deny", f"deny {len(some)}"), ("permit", f"permit {len(some)}"), ("b", "the customer")]


def test_no_colour_without_its_word() -> None:
    for kind, word in re.findall(r'class="chip (\w+)">\s*([^<]*)<', shipped_page("vendor", "customer", "s4113")):
        assert word.startswith(kind) if kind in ("permit", "hold", "deny") else word.strip()


def test_colours_can_be_told_apart_by_everyone() -> None:
    light, dark = palettes(STYLE)
    pairs = sorted({k.removesuffix("-bg") for k in light if k.endswith("-bg")})
    assert len(pairs) == 11
    for palette in (light, dark):
        for name in pairs:
            assert contrast(palette[f"{name}-bg"], palette[f"{name}-fg"]) >= 4.5, name
        # quiet words, and links, stand on the page's ground and on the quiet one
        for ground in ("page-bg", "quiet-bg"):
            for words in ("page-fg", "quiet-fg", "link-fg"):
                assert contrast(palette[ground], palette[words]) >= 4.5, (ground, words)
    assert light != dark
    assert contrast("#777777", "#ffffff") < 4.5 < contrast("#767676", "#ffffff")


def test_the_same_text_and_what_is_not_proven() -> None:
    bare = bare_pack(BARE)
    same = comparison_page(compare(bare.terms, bare.terms), [bare, bare])
    assert "say the same of every use: proven" in same
    assert faults(same) == []
    assert 'id="who"' not in same
    other = bare_pack(BARE.replace("intel.osint", "gen.office"))
    stopped = compare(bare.terms, other.terms, stop=lambda _: True)
    assert not stopped.complete
    page = comparison_page(stopped, [bare, other])
    assert faults(page) == []
    assert escape(stopped.open[0]) in page
    assert "Proven complete" not in page
    assert "decided alike" not in page


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
def test_hostile_words_are_words(attack: str) -> None:
    pair = [packs("vendor")[0], hostile_pack(attack)]
    found = compare(*(p.terms for p in pair), names=("the vendor", f"the {attack}"))
    page = comparison_page(found, pair)
    assert faults(page) == []
    assert not set(page) & set("\u202e\u2066\x07\x1b\x00\x9b\u200b\ufeff\U000e0041\ufffe")
    # it is there to be read, every time
    words = "".join(Page(page).words)
    assert words.count(seen(attack)) >= 4


def test_the_same_bytes_on_every_run() -> None:
    run = "from tests.paper.texts import shipped_page; import sys; sys.stdout.write(shipped_page('vendor', 'customer'))"
    paths = f"{ROOT / 'src'}{os.pathsep}{ROOT}"
    out = [
        subprocess.run(
            [sys.executable, "-c", run],
            env={**os.environ, "PYTHONPATH": paths, "PYTHONHASHSEED": seed, "PYTHONIOENCODING": "utf-8"},
            capture_output=True, check=True, cwd=ROOT,
        ).stdout
        for seed in ("1", "2")
    ]  # fmt: skip
    assert out == [shipped_page("vendor", "customer").encode()] * 2


def test_the_policy_names_the_style_that_stands_there() -> None:
    page = shipped_page("vendor", "customer")
    assert "script-src" not in page
    assert "default-src &#39;none&#39;; style-src &#39;sha256-" in page
    assert seen("a\u202eb\tc\n") == "a\\u202eb\tc\n"
