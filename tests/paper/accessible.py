"""What a page must be for everyone: our own small checker, so that it runs wherever the tests do (WCAG 2.2)."""

import re
from html.parser import HTMLParser
from itertools import pairwise

VOID = {"meta", "br", "hr", "img", "link", "input"}
KNOWN = set(
    re.findall(
        r"\w+",
        """html head meta title style body a header h1 h2 h3 h4 p nav main div section article ol ul li table caption
        thead tbody tr th td span code strong blockquote details summary dl dt dd footer""",
    )
)


class Page(HTMLParser):
    """Every element closed in its turn; what it saw is kept for the rules."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None], tuple[str, ...]]] = []
        self.words: list[str] = []
        self.comments: list[str] = []
        self.faults: list[str] = []
        self.feed(text)
        self.close()
        if self.open:
            self.faults.append(f"not closed: {self.open}")

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs), tuple(self.open)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open[-1] != tag:
            self.faults.append(f"</{tag}> closes {self.open[-1:]} at {self.getpos()}")
        else:
            self.open.pop()

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    def handle_comment(self, data: str) -> None:
        self.comments.append(data)

    def all(self, *tags: str) -> list[dict[str, str | None]]:
        return [a for tag, a, _ in self.elements if tag in tags]


def faults(text: str) -> list[str]:
    """What is wrong with a page for a reader with a screen reader, a keyboard, no network, or no trust in its words."""
    page = Page(text)
    out = [*page.faults, *(f"comment {c!r}" for c in page.comments)]
    out += [f"element {t}" for t, _, _ in page.elements if t not in KNOWN]
    # 1. language, title, skip link, one main
    out += ["no language"] if not page.all("html")[0].get("lang") else []
    out += ["no main"] if [a.get("id") for a in page.all("main")] != ["main"] else []
    out += ["no skip link"] if page.all("a")[0].get("href") != "#main" else []
    # 2. headings one step at a time, one first
    levels = [int(t[1]) for t, _, _ in page.elements if re.fullmatch("h[1-6]", t)]
    out += ["not one h1"] if levels.count(1) != 1 or levels[0] != 1 else []
    out += [f"h{a} then h{b}" for a, b in pairwise(levels) if b > a + 1]
    # 3. tables: each header says what it heads
    out += ["th without scope" for a in page.all("th") if a.get("scope") not in ("col", "row", "rowgroup")]
    out += ["a row without a header" for row in re.findall(r"<tr>.*?</tr>", text, re.DOTALL) if "<th" not in row]
    # 4. names once, links that lead somewhere on the page, regions that the keyboard can scroll and that are named
    ids = [i for _, a, _ in page.elements if (i := a.get("id"))]
    out += ["an id twice"] if len(ids) != len(set(ids)) else []
    out += [f"leads nowhere: {a.get('href')}" for a in page.all("a") if (a.get("href") or "")[1:] not in ids]
    for _, a, _ in page.elements:
        out += [f"labelled by nothing: {a['aria-labelledby']}" for k in a if k == "aria-labelledby" and a[k] not in ids]
        out += [f"attribute {k}" for k in a if k.startswith("on") or k in ("style", "src", "srcset", "data", "action")]
    out += [
        "scrolls without keyboard" for a in page.all("div") if a.get("class") == "scroll" and a.get("tabindex") != "0"
    ]
    # 5. nothing outside the page
    out += re.findall(r"(?:https?:)?//[^\s\"'<]+|@import|url\(", text.partition("<body")[0].replace("http-equiv", ""))
    return out


def palettes(style: str) -> list[dict[str, str]]:
    """The colours of each `:root`, light first; a later one stands on the first."""
    found = [
        dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", part))
        for part in re.findall(r":root \{(.*?)\}", style, re.DOTALL)
    ]
    return [{**found[0], **more} for more in found]


def contrast(a: str, b: str) -> float:
    """The contrast ratio of WCAG 2.2."""

    def light(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    high, low = sorted((light(a), light(b)), reverse=True)
    return (high + 0.05) / (low + 0.05)
