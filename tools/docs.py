"""Reference pages that the code writes: `python -m tools.docs` fills them in, `--check` fails where one is stale.

In any page under docs/, the text between

    <!-- from brightline.vocabulary.reference:page -->
    <!-- end -->

is the answer of that function, which takes nothing and returns Markdown. The rest of the page is written by people.
"""

from __future__ import annotations

import importlib
import re
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
MARK = re.compile(
    r"^(<!-- from (?P<module>(?:brightline|tools)[\w.]*):(?P<function>\w+) -->\n).*?^(<!-- end -->)$",
    re.MULTILINE | re.DOTALL,
)


def filled(page: str) -> str:
    """`page` with each marked part written anew."""

    def part(found: re.Match[str]) -> str:
        written = getattr(importlib.import_module(found["module"]), found["function"])()
        return f"{found[1]}{written.strip()}\n{found[4]}"

    return MARK.sub(part, page)


def main(arguments: list[str]) -> int:
    stale = []
    for path in sorted((ROOT / "docs").rglob("*.md")):
        before = path.read_text(encoding="utf-8")
        after = filled(before)
        if before != after:
            stale.append(path.relative_to(ROOT))
            if "--check" not in arguments:
                path.write_text(after, encoding="utf-8")
    for name in stale:
        print(f"{name}: stale — run `make docs`" if "--check" in arguments else name, file=sys.stderr)
    return int(bool(stale) and "--check" in arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
