"""The gateway that is measured: the real command line, the shipped compromise signed by both, the mock upstream."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import sysconfig
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import brightline
from benchmarks.machine import pinned
from benchmarks.traffic import Target

_API_KEY = "bl-0123456789abcdef0123456789abcdef0123456789a"
_DRAFT = """\
title = "Use of a model, for a benchmark"
contract = "made up"
pack = "compromise"
from = 2026-11-01
prevails = "words"

[parties.vendor]
name = "The vendor"
key = "vendor.pub"
signatories = [{ name = "V. Endor", title = "head of safeguards", authority = "made up" }]

[parties.customer]
name = "The department"
key = "customer.pub"
signatories = [{ name = "C. Ustomer", title = "contracting officer", authority = "made up" }]

[[models]]
name = "smollm2-135m-instruct"
digest = "sha256:0f6f0db9a2b0b3d4c5e6f708192a3b4c5d6e7f8091a2b3c4d5e6f708192a3b4c"
family = "smollm2"
variant = "stock"

[[logs]]
origin = "department.example/gateway-1"
key = "log.pub"

[ceiling]
currency = "USD"
amount = "200000000"
funded = "50000000"
"""
_CONFIG = """\
listen = "127.0.0.1:0"
data = "data"
agreement = "talks/agreement.json"
log_key = "log.key"
site_key = "site.key"

[upstream]
url = "http://127.0.0.1:{upstream}"

[purposes.ordinary]
text = "Ordinary staff work"
activity = "gen.office"

[[actors]]
name = "g2/analyst-7"
component = "army/g2"
key_sha256 = "{key}"
purposes = ["ordinary"]
"""
_AT_ONCE = """\
max_concurrent = {calls}

[limits]
upstream_connections = {calls}
"""


@dataclass(frozen=True, slots=True)
class Governed:
    """A gateway that runs. `ready_seconds`: from its start to its ready line."""

    pid: int
    target: Target
    ready_seconds: float


def agree(folder: Path) -> None:
    """Keys and an agreement in force, in `folder`."""
    for name in ("vendor", "customer"):
        _brightline(folder, "key", "new", f"{name}.example", "-o", f"{name}.key")
    _brightline(folder, "key", "new", "department.example/gateway-1", "-o", "log.key")
    _brightline(folder, "key", "new", "department.example", "--site", "-o", "site.key")
    (folder / "draft.toml").write_text(_DRAFT, "utf-8")
    _brightline(folder, "agreement", "offer", "draft.toml", "talks", "--key", "vendor.key")
    _brightline(folder, "agreement", "accept", "talks", "--key", "customer.key")
    _brightline(folder, "agreement", "agree", "talks", "--key", "vendor.key")


@contextmanager
def governed(folder: Path, upstream: int, python: str = sys.executable, calls: int = 0) -> Iterator[Governed]:
    """`brightline serve` on the agreement, in front of the mock at the port `upstream`. Default settings.

    `python`: another build of this version of Python, which runs the same packages. `calls`: how many calls of the
    one key, and connections to the model, there may be at once, where more than usual.
    """
    key = hashlib.sha256(_API_KEY.encode()).hexdigest()
    more = _AT_ONCE.format(calls=calls) if calls else ""
    (folder / "brightline.toml").write_text(_CONFIG.format(upstream=upstream, key=key) + more, "utf-8")
    path = os.pathsep.join((str(Path(brightline.__file__).parent.parent), sysconfig.get_path("platlib")))
    command = pinned(python, "-m", "brightline.cli", "serve", "--config", "brightline.toml", "--json")
    began = time.perf_counter()
    with (folder / "gateway.log").open("ab") as log:
        child = subprocess.Popen(
            command, cwd=folder, stdout=subprocess.PIPE, stderr=log, env={**os.environ, "PYTHONPATH": path}
        )
    try:
        assert child.stdout is not None
        line = child.stdout.readline()
        if not line:
            raise RuntimeError((folder / "gateway.log").read_text("utf-8", "replace"))
        port = int(json.loads(line)["ready"].rpartition(":")[2])
        yield Governed(child.pid, Target(port, key=_API_KEY), time.perf_counter() - began)
    finally:
        child.terminate()
        child.wait(60)


def _brightline(folder: Path, *args: str) -> None:
    command = [sys.executable, "-m", "brightline.cli", *args]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr.strip())
