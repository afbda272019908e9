"""A governed call and a governed stream, beside gateways that only forward.

Every gateway stands in front of one mock upstream on loopback and is pinned to one core; clients and upstream are on
the other. Calls: 1.5 KB up, 0.7 KB down, 32 connections. Streams: 100 chunks, one every 2 ms, 32 at a time. The figure
is the CPU of the gateway's whole process tree per call. Rounds are interleaved, so that noise hits all alike.
Ours does what no other here does: it authenticates, decides on the signed terms, and makes decision and outcome,
with content sealed, durable before the last byte of the answer leaves; one decision in a hundred is checked by the
Cedar engine too.
"""

from __future__ import annotations

import multiprocessing
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.machine import cpu_seconds, pinned, tree
from benchmarks.measure import SHORT, Figure, of_rounds
from benchmarks.peers import PEERS, Peer, UnavailableError, free_port
from benchmarks.stage import agree, governed
from benchmarks.traffic import CONNECTIONS, Target, load, serve_mock

ROUNDS = 2 if SHORT else 7
CALLS, STREAMS, ALONE = (500, 64, 50) if SHORT else (3_000, 96, 200)
START_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Runner:
    """A gateway that answers. `calls`, `streams`: CPU in µs of one, by round; `alone`: ms of one call at a time."""

    name: str
    does: str
    pid: int
    target: Target
    peer: bool = False
    calls: list[float] = field(default_factory=list)
    streams: list[float] = field(default_factory=list)
    alone: list[float] = field(default_factory=list)


def run() -> Iterator[Figure]:
    """Start all, measure in turns, stop all."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="brightline-bench-")))
        upstream = stack.enter_context(mock())
        runners, missing = _start(stack, folder, upstream)
        for _ in range(ROUNDS):
            for runner in runners:
                runner.calls.append(_spent(runner, CALLS))
        for _ in range(ROUNDS):
            for runner in runners:
                runner.streams.append(_spent(runner, STREAMS, stream=True))
        for _ in range(3):
            for runner in runners:
                runner.alone.append(load(runner.target, ALONE, connections=1) * 1e3)
    peers = [_median(r.calls) for r in runners if r.peer and r.does != "forwards"]
    yield from _rows("call", runners, lambda r: r.calls, "µs", 100, missing)
    if peers:
        ratio = _median(runners[0].calls) / min(peers)
        yield Figure("call: ours, as a multiple of the leanest LLM gateway's here", ratio, "×", 1)
    yield from _rows("stream", runners, lambda r: [us / 1e3 for us in r.streams], "ms", 3.5, missing)
    yield from _rows("wait for one call alone", runners, lambda r: r.alone, "ms", None, missing)


@contextmanager
def mock() -> Iterator[int]:
    """The port of a mock upstream that runs."""
    context = multiprocessing.get_context("spawn")
    near, far = context.Pipe()
    process = context.Process(target=serve_mock, args=(far,), daemon=True)
    process.start()
    try:
        yield near.recv()
    finally:
        near.send(None)
        process.join(10)


def _start(stack: ExitStack, folder: Path, upstream: int) -> tuple[list[Runner], list[tuple[str, str]]]:
    """Ours first, then our bare forward, then the peers that can be had; and why the others cannot."""
    runners: list[Runner] = []
    for name, python in _builds().items():
        ours = folder / f"ours-{len(runners)}"
        ours.mkdir()
        agree(ours)
        running = stack.enter_context(governed(ours, upstream, python))
        runners.append(Runner(name, "governs", running.pid, running.target))
    port = free_port()
    command = pinned(sys.executable, "-m", "benchmarks.forward", str(port), str(upstream))
    bare = stack.enter_context(_stopped_after(subprocess.Popen(command)))
    runners.append(Runner("Brightline's data plane alone", "forwards", bare.pid, Target(port)))
    missing = []
    for peer in PEERS:
        name = f"{peer.name} {peer.version}"
        try:
            child, target = _peer(peer, folder, upstream)
            stack.enter_context(_stopped_after(child))
            runner = Runner(name, peer.does, child.pid, target, peer=True)
            _answers(runner, child)
            runners.append(runner)
        except UnavailableError as e:
            missing.append((name, str(e)))
    for runner in runners:
        if not runner.peer:
            _answers(runner, None)
    return runners, missing


def _builds() -> dict[str, str]:
    """This build of Python, and the system's where it has another of the same version."""
    found = {"Brightline, governed": sys.executable}
    system = Path(f"/usr/bin/python{sys.version_info.major}.{sys.version_info.minor}")
    if system.exists() and system.resolve() != Path(sys.executable).resolve():
        found[f"Brightline, governed, on {system}"] = str(system)
    return found


def _peer(peer: Peer, folder: Path, upstream: int) -> tuple[subprocess.Popen[bytes], Target]:
    return peer.start(peer.installed(), folder / peer.name.lower().replace(" ", "-"), upstream)


@contextmanager
def _stopped_after(child: subprocess.Popen[bytes]) -> Iterator[subprocess.Popen[bytes]]:
    try:
        yield child
    finally:
        child.terminate()
        try:
            child.wait(10)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def _answers(runner: Runner, child: subprocess.Popen[bytes] | None) -> None:
    """Try until calls and streams come back whole; then warm up. Raises UnavailableError."""
    until = time.monotonic() + START_SECONDS
    while True:
        try:
            load(runner.target, 1, connections=1)
            load(runner.target, 1, stream=True, connections=1)
            break
        except RuntimeError as e:
            if time.monotonic() > until or (child is not None and child.poll() is not None):
                raise UnavailableError(f"it does not answer: {e}"[:300]) from None
            time.sleep(0.5)
    load(runner.target, CALLS // 4)
    load(runner.target, CONNECTIONS, stream=True)


def _spent(runner: Runner, count: int, *, stream: bool = False) -> float:
    """CPU of the process tree in µs a call."""
    pids = tree(runner.pid)
    before = cpu_seconds(pids)
    load(runner.target, count, stream=stream)
    return (cpu_seconds(pids) - before) / count * 1e6


def _rows(
    what: str,
    runners: list[Runner],
    rounds: Callable[[Runner], list[float]],
    unit: str,
    budget: float | None,
    missing: list[tuple[str, str]],
) -> Iterator[Figure]:
    for i, runner in enumerate(runners):
        yield of_rounds(f"{what}: {runner.name}", rounds(runner), unit, budget if i == 0 else None, runner.does)
    for name, why in missing:
        yield Figure(f"{what}: {name}", None, note=why)


def _median(values: list[float]) -> float:
    return sorted(values)[len(values) // 2]
