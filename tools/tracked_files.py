"""What must not be tracked: the host of a package registry, a resolver's lock file, a secret key.

A host in a file ties every build to one mirror; lock files carry hosts. `python -m tools.tracked_files`
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

from tools.tracked import tracked

ROOT = Path(__file__).parent.parent
LOCK_FILES = {
    "Cargo.lock", "Pipfile.lock", "bun.lockb", "go.sum", "npm-shrinkwrap.json", "package-lock.json", "pdm.lock",
    "pnpm-lock.yaml", "poetry.lock", "pylock.toml", "uv.lock", "yarn.lock",
}  # fmt: skip
# Spelled in pieces, so that this file keeps its own rule.
_NAMES = ("py" + "pi", "test.py" + "pi", "files.python" + "hosted", "registry.np" + "mjs", "deb.deb" + "ian", "crates")
HOST = re.compile(rb"\b(?:%s)\.(?:org|com|io|net)\b" % b"|".join(re.escape(n.encode()) for n in _NAMES), re.IGNORECASE)
OPTION = re.compile(rb"^\s*(?:-i|--(?:extra-)?index-url|--find-links|--trusted-host)\b", re.MULTILINE)
SECRET = re.compile(rb"PRIVATE\+KEY\+[^\s+]+\+[0-9a-f]{8}\+[A-Za-z0-9+/]{40}")


def findings(root: Path) -> Iterator[str]:
    """One line for each file that breaks a rule: place, what, cure."""
    for path in tracked(root):
        data = (root / path).read_bytes()
        if path.name in LOCK_FILES:
            yield f"{path}: a lock file is tracked — pin in requirements/ and run `git rm --cached {path}`"
        if found := HOST.search(data):
            yield f"{path}:{_line(data, found)}: names a registry's host — name the package alone"
        if path.parts[0] == "requirements" and (found := OPTION.search(data)):
            yield f"{path}:{_line(data, found)}: chooses an index — leave that to the machine's pip settings"
        if path.parts[0] != "tests" and (found := SECRET.search(data)):
            yield f"{path}:{_line(data, found)}: holds a signing key — remove it and make a new one"


def _line(data: bytes, found: re.Match[bytes]) -> int:
    return data.count(b"\n", 0, found.start()) + 1


def main() -> int:
    lines = list(findings(ROOT))
    for line in lines:
        print(line, file=sys.stderr)
    return int(bool(lines))


if __name__ == "__main__":
    sys.exit(main())
