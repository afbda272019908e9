"""Texts composed of phrases: they teach the models words that the situations lack. Trained on, never tested on."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator

from tools.screen.situations import FOLDER, FRAMES, Text, read_heading

FILE = FOLDER / "grammar.gen"
EACH = 40  # texts a line
_SLOT = re.compile("<([a-z]+)>")


def composed() -> Iterator[Text]:
    """EACH texts for every line of the grammar; the same ones on every run. Raises ValueError naming the line."""
    slots: dict[str, list[str]] = {}
    heading = None
    number = 0
    for at, line in enumerate(FILE.read_text("utf-8").splitlines(), 1):
        if line.startswith("@"):
            heading = read_heading(line, f"{FILE}:{at}")
        elif line[:1] in ("!", "=") and heading:
            number += 1
            rng = random.Random(number)
            family, activity, facts, fits = heading
            for i in range(EACH):
                text = _filled(line[1:].strip(), slots, rng)
                framed = FRAMES[0 if i % 2 else rng.randrange(len(FRAMES))].format(t=text)
                name = f"grammar:{number}:{i}"
                yield Text(framed, family, fits[line[0]], line[0] == "!", -1, activity, facts, name)
        elif line and not line.startswith("#"):
            name, _, phrases = line.partition(":")
            slots[name] = [p.strip() for p in phrases.split("|")]


def _filled(template: str, slots: dict[str, list[str]], rng: random.Random) -> str:
    return _SLOT.sub(lambda found: rng.choice(slots[found[1]]), template)
