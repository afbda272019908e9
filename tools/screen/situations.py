"""The texts that we wrote: violating and permitted twins, and ordinary work, in families of situations.

Law: a family stands whole on one side of the split, and the two sides use different frames, so that nothing which was
trained on returns in a test with other clothes on.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from brightline.screen.heads import NAMES

FOLDER = Path(__file__).parent / "situations"
HELD_OUT = frozenset({
    # twins
    "ship-defence", "counter-drone", "journalists", "biometrics", "browsing", "cameras", "travel", "section-702",
    "benefits", "ransom", "bots",
    # ordinary work
    "maintenance", "analysis", "wargame", "policy", "contracting", "ward", "bank-risk", "police-office", "it",
    "law-firm",
    # ordinary work on which thresholds are raised, as those above
    "signals", "logistics", "naval", "air-base", "intelligence-office", "clinic", "clinic-desk", "insurance-desk",
    "treasury", "town-hall", "court-office", "engineering",
    # ordinary work that is counted once
    "artillery-school", "engineers-corps", "air-defence-office", "embassy", "veterans", "emergency-room", "laboratory",
    "payments", "pensions", "library", "transport", "housing-office", "software-team",
    # work declared as deciding, watching or fighting: on which thresholds are raised, and that is counted once
    "board-desk", "detectives", "strategic-staff",
    "fellowships", "court-staff", "consulate", "inquiry", "oversight-desk", "fires-cell", "image-shop", "triage-desk",
})  # fmt: skip
FRAMES = (
    "{t}",
    "Hello, quick one for today: {t} Thanks, Jo",
    "TASK 3 of 5\n{t}\nReport back when complete.",
    "You are the assistant of our section. Answer briefly and in English.\n\n{t}",
    '{{"request": "{t}", "priority": "routine", "reply_by": "1700"}}',
    "From: duty desk\nTo: assistant\nSubject: as discussed\n\n{t}\n\nPlease keep the format of last week.",
    "Context: the team is small, the deadline is Friday, the file is attached. {t} List open questions at the end.",
    "{t} Use a table where that helps, and no more than one page.",
)
TEST_FRAMES = (
    "{t}",
    "pls: {t}",
    "Background: our office changes its systems in spring. What I need now: {t} Write it so that I can forward it.",
    "### Instruction\n{t}\n### Notes\nnone\n### Answer\n",
)


@dataclass(frozen=True, slots=True)
class Text:
    """One text. `heads`: which heads fit it; `twin`: its pair's number, 0 for ordinary work, -1 for composed texts."""

    text: str
    family: str
    heads: frozenset[str]
    violating: bool
    twin: int
    activity: str
    facts: Mapping[str, str]
    situation: str

    @property
    def last(self) -> bool:
        """Was it written after weights and thresholds were final?"""
        return self.situation.partition(":")[0].endswith("_blind")

    @property
    def calibrating(self) -> bool:
        """Is it ordinary work that raises thresholds, and trains no weight?"""
        return self.held_out and not self.twin and not self.last

    @property
    def held_out(self) -> bool:
        return self.family in HELD_OUT


def situations() -> Iterator[Text]:
    """Every text in each of its frames; twins share theirs. Raises ValueError naming file and line."""
    number = 0
    for path in sorted(FOLDER.glob("*.txt")):
        ordinary = path.stem.startswith(("ordinary", "work"))
        family, activity = "", ""
        facts: Mapping[str, str] = {}
        fits: Mapping[str, frozenset[str]] = {"!": frozenset[str](), "=": frozenset[str]()}
        counts = {"!": 0, "=": 0}
        for at, line in enumerate(path.read_text("utf-8").splitlines(), 1):
            if line.startswith("@"):
                number += 1
                counts = {"!": 0, "=": 0}
                family, activity, facts, fits = read_heading(line, f"{path}:{at}")
            elif line[:1] in counts:
                mark, counts[line[0]] = line[0], counts[line[0]] + 1
                twin = 0 if ordinary else number * 100 + counts[mark]
                situation = f"{path.stem}:{number}:{counts[mark]}"
                for framed in _framed(line[1:].strip(), situation, family in HELD_OUT):
                    yield Text(framed, family, fits[mark], mark == "!", twin, activity, facts, situation)
            elif line and not line.startswith("#"):
                raise ValueError(f"{path}:{at}: a line begins with @, !, = or #")


def read_heading(line: str, place: str) -> tuple[str, str, Mapping[str, str], Mapping[str, frozenset[str]]]:
    """Of an `@` line: family, activity, facts, and the heads of `!` and `=` lines below it."""
    family, activity, stated, *heads = (part.strip() for part in line[1:].split("|"))
    facts = dict(pair.split("=") for pair in stated.split(",") if pair)
    return family, activity, facts, {k: _heads(h, place) for k, h in zip("!=", heads or ["-", "-"], strict=True)}


def _heads(text: str, place: str) -> frozenset[str]:
    names = frozenset(text.replace("-", "").split())
    if wrong := names - set(NAMES):
        raise ValueError(f"{place}: no head is called {', '.join(sorted(wrong))}")
    return names


def _framed(text: str, situation: str, held_out: bool) -> Iterator[str]:
    """The text bare, and in two frames that its situation picks: the same for both twins."""
    frames = TEST_FRAMES if held_out else FRAMES
    pick = hashlib.sha256(situation.encode()).digest()[0]
    some = len(frames) - 1
    for i in (0, 1 + pick % some, 1 + (pick + 1) % some):
        yield frames[i].format(t=text.replace('"', "'") if frames[i].startswith("{{") else text)
