"""The verifier in Go, written from the pages of docs/reference, gives every answer (make test-extras)."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tools.conformance.__main__ import PATH

pytestmark = pytest.mark.extras


def test_the_go_verifier_gives_every_answer(tmp_path: Path) -> None:
    assert shutil.which("go"), "apt-get install golang-go"
    program = tmp_path / "verify"
    quiet = {**os.environ, "GOFLAGS": "-mod=mod", "GOPROXY": "off", "GOCACHE": str(tmp_path / "cache")}
    subprocess.run(["go", "build", "-o", program, "."], cwd=PATH.parent / "go", env=quiet, check=True, timeout=240)
    done = subprocess.run([PATH.parent / "run", program], check=False, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stdout
    assert done.stdout.endswith(" 0 differences\n")
