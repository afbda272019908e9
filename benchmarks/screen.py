"""Screening: 1.5 KB of ordinary text, beside one SHA-256 and one typed decode of the same bytes.

The text has the words of office and defence work and no identifiers; a second one has a few numbers and addresses in
it, so that the rules for identifiers run too. CPU time of this process; rounds of the rows are interleaved.
"""

from __future__ import annotations

import hashlib
import json
import statistics
import time
from collections.abc import Callable, Iterator, Mapping

import msgspec

from benchmarks.measure import SHORT, Figure, of_rounds
from brightline.screen import shipped_screen
from brightline.screen.features import words
from brightline.screen.identifiers import identifiers
from brightline.vocabulary import shipped

ROUNDS = 5 if SHORT else 25
CALLS = 20 if SHORT else 400
BUDGET = 100.0
PROSE = (
    "Please summarise the attached after-action report of the air defence exercise in ten lines. Keep the order of "
    "sections, name the unit that raised each point, and list what is still open at the end. The report was written by "
    "three people, so expect repetitions; where two passages disagree, say so and quote both in a few words. "
)
NUMBERS = "Call +1 650-253-0000 or write to ana@example.org; the office is at 12 Mill Street, file 536-22-1234. "


class Message(msgspec.Struct):
    role: str
    content: str


class Body(msgspec.Struct):
    model: str
    messages: list[Message]


def run() -> Iterator[Figure]:
    screen = shipped_screen(shipped())
    plain = (PROSE * 5)[:1500]
    mixed = (NUMBERS + PROSE * 5)[:1500]
    body = json.dumps({"model": "m", "messages": [{"role": "user", "content": plain}]}).encode()
    decoder, raw = msgspec.json.Decoder(Body), plain.encode()
    read = words(plain)
    found = interleaved({
        "screen, 1.5 KB without identifiers": lambda: screen("gen.office", {}, (plain,)),
        "screen, 1.5 KB with four identifiers": lambda: screen("gen.office", {}, (mixed,)),
        "of it: words": lambda: words(plain),
        "of it: scores": lambda: screen.model.scores(read),
        "of it: identifiers, where there are none": lambda: identifiers(((plain, 0),)),
        "SHA-256 of the same bytes": lambda: hashlib.sha256(raw).digest(),
        "typed decode (msgspec) of the same text": lambda: decoder.decode(body),
    })  # fmt: skip
    for name, rounds in found.items():
        yield of_rounds(name, rounds, "µs", BUDGET if name.startswith("screen, 1.5 KB without") else None)
    first, *_, sha, decode = found
    for other in (sha, decode):
        ratios = [a / b for a, b in zip(found[first], found[other], strict=True)]
        yield of_rounds(f"screen, as a multiple of: {other}", ratios, "×")


def interleaved(calls: Mapping[str, Callable[[], object]]) -> dict[str, list[float]]:
    """Of each call the CPU time in µs, round by round, all calls in each round."""
    out: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(ROUNDS):
        for name, call in calls.items():
            start = time.process_time_ns()
            for _ in range(CALLS):
                call()
            out[name].append((time.process_time_ns() - start) / CALLS / 1e3)
    return {name: [statistics.median(rounds[i : i + 5]) for i in range(0, ROUNDS, 5)] for name, rounds in out.items()}
