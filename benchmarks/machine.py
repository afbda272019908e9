"""The machine that a figure belongs to, and what a process of it spends."""

from __future__ import annotations

import os
import platform
import subprocess
import sysconfig
import time
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

_CORES = sorted(os.sched_getaffinity(0))
GATEWAY_CORE, TRAFFIC_CORE = _CORES[-1], _CORES[0]
"""What is measured has a core of its own, clients and mock upstream share another (where there are two)."""


def pinned(*argv: str) -> list[str]:
    """The command line `argv`, kept on the gateway's core."""
    return ["taskset", "-c", str(GATEWAY_CORE), *argv]


def tree(pid: int) -> list[int]:
    """A process and all that descend from it."""
    found = [pid]
    for parent in found:
        for children in Path(f"/proc/{parent}/task").glob("*/children"):
            found += [int(child) for child in children.read_text().split()]
    return found


def cpu_seconds(pids: Sequence[int]) -> float:
    """CPU time of these processes, all their threads included, to the nanosecond (Linux: a clock for each process)."""
    return sum(time.clock_gettime((~pid << 3) | 2) for pid in pids)


def memory(pids: Sequence[int]) -> float:
    """Resident memory of these processes in MB; pages that they share are counted for each."""
    return (
        sum(int(Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in pids) * os.sysconf("SC_PAGE_SIZE") / 1e6
    )


def description() -> list[str]:
    """Machine, load, interpreter build and the libraries that matter, a line each."""
    settings = sysconfig.get_config_var("CONFIG_ARGS") or ""
    built = [n for n, flag in (("PGO", "--enable-optimizations"), ("LTO", "--with-lto")) if flag in settings]
    missing = [n for n in ("PGO", "LTO") if n not in built]
    how = "; ".join(
        (["with " + " and ".join(built)] if built else []) + (["without " + " or ".join(missing)] if missing else [])
    )
    libraries = ("uvloop", "httptools", "msgspec", "numpy", "cryptography", "cedarpy")
    one, five, fifteen = os.getloadavg()
    return [
        f"{_processor()}, {os.cpu_count()} cores, {_gibibytes():.0f} GiB, {platform.system()} {platform.release()}",
        f"{platform.python_implementation()} {platform.python_version()}, built {how} ({platform.python_compiler()})",
        ", ".join(f"{name} {version(name)}" for name in libraries),
        f"Brightline at commit {_commit()}",
        f"load of the machine when the run began: {one:.2f} {five:.2f} {fifteen:.2f} (1, 5, 15 minutes)",
    ]


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return next((line.partition(": ")[2] for line in lines if line.startswith("model name")), platform.machine())


def _gibibytes() -> float:
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30


def _commit() -> str:
    """Short, with a plus where files of the package differ from it."""
    try:
        name = subprocess.run(
            ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=True
        ).stdout
        changed = subprocess.run(
            ["git", "status", "--porcelain", "src"], capture_output=True, text=True, check=True
        ).stdout
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return name.strip() + ("+" if changed.strip() else "")
