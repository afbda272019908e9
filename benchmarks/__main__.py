"""`python -m benchmarks [NAME…]`: every benchmark into docs/benchmarks.md, or those named to the terminal."""

from __future__ import annotations

import importlib
import os
import sys
from pathlib import Path

from benchmarks.machine import description
from benchmarks.measure import SHORT, Figure

ORDER = (
    "gateways",
    "records",
    "verify",
    "decide",
    "compare",
    "propose",
    "replay",
    "screen",
    "meters",
    "start",
    "codec",
    "canonical",
)
PAGE = Path("docs/benchmarks.md")


def main(wanted: list[str]) -> int:
    if unknown := sorted(set(wanted) - set(ORDER)):
        print(f"no benchmark is called {', '.join(unknown)} — known: {', '.join(ORDER)}", file=sys.stderr)
        return 2
    machine = description()
    print("\n".join(machine))
    parts, missed = [], []
    for name in wanted or ORDER:
        module = importlib.import_module(f"benchmarks.{name}")
        title, _, text = (module.__doc__ or name).strip().partition("\n")
        print(f"\n{title}", flush=True)
        before, figures = os.getloadavg()[0], []
        for figure in module.run():
            print(figure, flush=True)
            figures.append(figure)
        load = (
            f"Load of the machine, this benchmark's own included: {before:.1f} before, {os.getloadavg()[0]:.1f} after."
        )
        print(load)
        parts.append(_section(title, [text.strip(), load], figures))
        missed += [
            f"- {figure.cells[0]}: {figure.cells[1]}, budget {figure.cells[3]}" for figure in figures if figure.over
        ]
    if not wanted and not SHORT:
        text = (Path(__file__).parent / "page.md").read_text("utf-8")
        text = text.replace("@machine@", "\n".join(f"- {line}" for line in machine))
        text = text.replace("@missed@", "\n".join(missed).replace(" **missed**", "") or "None was missed in this run.")
        PAGE.write_text(text.replace("@figures@", "\n\n".join(parts)), "utf-8")
        print(f"\nwrote {PAGE}")
    return 0


def _section(title: str, texts: list[str], figures: list[Figure]) -> str:
    rows = ["| what | median | rounds | budget | |", "| --- | ---: | ---: | ---: | --- |"]
    rows += [f"| {' | '.join(cell.replace('|', '/') for cell in figure.cells)} |" for figure in figures]
    return "\n\n".join([f"## {title.rstrip('.')}", *(t for t in texts if t), "\n".join(rows)])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
