"""Names that a person takes for one another. Only exact bytes ever count: this serves warnings and refusals alone."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

# Letters of other scripts that look like Latin ones: the usual ones of Cyrillic and Greek (after UTS 39, confusables).
_OTHER_SCRIPTS = str.maketrans(
    "авьсԁеѕіјкӏмнһорԛгтуѵԝхзпαβεηικμνορτυχωγϲɡıɩʟոօѻᴄ",
    "abbcdesijklmhhopqrtyvwx3nabenikuvoptuxwycgiilnooc",
)
_DASHES = str.maketrans(dict.fromkeys("‐‑‒–—―−﹘", "-"))
_DRAWN_ALIKE = str.maketrans({"0": "o", "1": "l", "i": "l", "|": "l", "5": "s", "-": "_", ".": "_", ":": "_", " ": "_"})


def skeleton(name: str) -> str:
    """What is left of a name without what the eye passes over: case, width, script, marks, what is invisible."""
    folded = unicodedata.normalize("NFKD", name).casefold()
    seen = "".join(c for c in folded if unicodedata.category(c)[0] not in "CM")
    return (
        seen.translate(_DASHES).translate(_OTHER_SCRIPTS).translate(_DRAWN_ALIKE).replace("rn", "m").replace("vv", "w")
    )


def look_alike(name: str, names: Iterable[str]) -> str | None:
    """The first of `names`, sorted, that looks like `name` without being it."""
    wanted = skeleton(name)
    return next((n for n in sorted(names) if n != name and skeleton(n) == wanted), None)
