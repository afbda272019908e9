"""Small files: fails where a Python file has over 400 lines, and prints the median of the sources.

`python -m tools.file_lengths`
"""

from __future__ import annotations

import statistics
import sys
from pathlib import Path

from tools.tracked import tracked

LIMIT = 400  # lines
ROOT = Path(__file__).parent.parent


def lengths(root: Path) -> dict[Path, int]:
    """Lines of every tracked Python file."""
    return {p: len((root / p).read_bytes().splitlines()) for p in tracked(root) if p.suffix == ".py"}


def main() -> int:
    counted = lengths(ROOT)
    for path, lines in counted.items():
        if lines > LIMIT:
            print(f"{path}: {lines} lines, over {LIMIT} — split it by topic", file=sys.stderr)
    sources = [n for p, n in counted.items() if p.parts[0] == "src" and p.name != "__init__.py"]
    print(f"file lengths: {len(counted)} files, median of src {statistics.median(sources):.0f}, longest {max(sources)}")
    return int(any(n > LIMIT for n in counted.values()))


if __name__ == "__main__":
    sys.exit(main())
