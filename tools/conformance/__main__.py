"""Write conformance/cases.jsonl."""

from __future__ import annotations

from pathlib import Path

from tools.conformance import agreements, epochs, files, forged, honest
from tools.conformance.case import Case, written
from tools.conformance.record import busy, file, mixed, vocabulary

PATH = Path(__file__).parent.parent.parent / "conformance" / "cases.jsonl"
_PARTS = (honest, files, agreements, forged, epochs)


def cases() -> list[Case]:
    """All cases, in their order. Names differ from one another."""
    made = [case for part in _PARTS for case in part.cases()]
    names = [case.name for case in made]
    if twice := {name for name in names if names.count(name) > 1}:
        raise ValueError(f"named twice: {sorted(twice)}")
    return made


def corpus() -> str:
    """The text of cases.jsonl."""
    bases = {r.name: (r.bundle(), file(r.payload)) for r in (mixed(), mixed(1), busy())}
    return written(bases, cases(), vocabulary())


if __name__ == "__main__":
    PATH.write_text(corpus(), encoding="utf-8")
