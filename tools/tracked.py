"""The files that git tracks: what the checks of this folder read."""

from __future__ import annotations

import subprocess
from pathlib import Path


def tracked(root: Path) -> list[Path]:
    """Paths relative to `root`, sorted. Files that are deleted but not yet committed are left out."""
    listing = subprocess.run(["git", "ls-files", "-z"], cwd=root, check=True, capture_output=True).stdout
    paths = [Path(name) for name in listing.decode().split("\0") if name]
    return sorted(p for p in paths if (root / p).is_file())
