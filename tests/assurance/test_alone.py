"""An auditor can run `verify` with little else loaded, and read it in an hour."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LOADED = "import sys, brightline.assurance.verify; print(*sorted(sys.modules))"


def test_verify_loads_nothing_that_could_lie_for_the_customer() -> None:
    answer = subprocess.run(
        [sys.executable, "-c", LOADED],
        env={"PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        check=True,
    )
    ours = {name.split(".")[1] for name in answer.stdout.split() if name.startswith("brightline.")}
    assert ours == {"agreement", "assurance", "canonical", "errors", "keys", "record", "vocabulary"}
    assert not {"cedarpy", "httptools", "typer", "sqlite3", "z3"} & set(answer.stdout.split())


def test_it_is_short_enough_to_read() -> None:
    # A thin export, an opening and a contradiction are files of their own, each read by one module.
    others = {"thin.py", "opening.py", "contradiction.py"}
    files = [f for f in (ROOT / "src/brightline/assurance/verify").glob("*.py") if f.name not in others]
    assert sum(len(f.read_text().splitlines()) for f in files) < 2150


CLAIMS = (ROOT / "docs/claims.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("named", sorted(set(re.findall(r"`(tests/[\w/]+\.py(?:::\w+)?)`", CLAIMS))))
def test_every_claim_names_a_test_that_is_there(named: str) -> None:
    path, _, one = named.partition("::")
    source = (ROOT / path).read_text(encoding="utf-8")
    assert re.search(rf"(class|def) {one}\b", source) if one else "def test_" in source
