"""The kernel fails or kills at each write, sync, rename … of the record path in turn (`strace --inject`)."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from brightline.record.merkle import hash_leaves, node_reader, subtree_root
from brightline.storage.doctor import examine_record
from brightline.storage.record import Record
from tests.record.drafts import decision
from tests.storage.logs import DISCLOSURE, LOG_KEY, read_published
from tests.storage.worker import SITE_KEY

AT = 100  # more than the worker makes of any call
LEAST = {"pwrite64": 70, "fdatasync": 50, "fsync": 40, "rename": 25, "unlink": 10, "mkdir": 10, "rmdir": 2}
FRESH = [(call, fault, LEAST[call]) for call in LEAST for fault in ("KILL", "EIO")]
FRESH += [(call, "ENOSPC", LEAST[call]) for call in ("pwrite64", "rename", "mkdir")]
TORN = [(call, fault, least) for call, least in (("pwrite64", 70), ("fdatasync", 50), ("ftruncate", 1))
        for fault in ("KILL", "EIO")]  # fmt: skip


@dataclass
class Told:
    """What a worker said before it ended."""

    entries: dict[int, str] = field(default_factory=dict)
    checkpoints: dict[int, str] = field(default_factory=dict)
    erased: set[int] = field(default_factory=set)
    erasing: set[int] = field(default_factory=set)
    failed: str = ""
    done: bool = False
    status: int = 0


class Worker:
    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process

    def run(self, number: int, folder: Path) -> Told:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{number} {folder}\n")
        self.process.stdin.flush()
        told = Told()
        for line in self.process.stdout:
            word, _, rest = line.rstrip("\n").partition(" ")
            match word:
                case "told" | "checkpoint":
                    at, value = rest.split(" ")
                    known = told.entries if word == "told" else told.checkpoints
                    assert known.setdefault(int(at), value) == value
                case "erasing":
                    told.erasing.add(int(rest))
                case "erased":
                    told.erased.add(int(rest))
                case "failed":
                    told.failed = rest
                case "done":
                    told.done = True
                case "end":
                    told.status = int(rest)
                    return told
        raise AssertionError("the worker died")


@contextmanager
def worker(call: str, fault: str) -> Iterator[Worker]:
    """One under strace, whose every fork meets `fault` at its AT-th `call`."""
    how = f"signal={fault}" if fault == "KILL" else f"error={fault}"
    strace = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={call}", "-e", f"inject={call}:{how}:when={AT}"]
    command = [*strace, sys.executable, "-B", "-m", "tests.storage.worker", call, str(AT)]
    environment = {**os.environ, "PYTHONPATH": "src:."}
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, env=environment) as process:
        try:
            yield Worker(process)
        finally:
            assert process.stdin is not None
            process.stdin.close()
    assert process.returncode == 0


@pytest.fixture(scope="module")
def torn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A record whose last batch was being written when the power went: a start has something to cut off."""
    folder = tmp_path_factory.mktemp("torn") / "data"
    record = Record.open(folder, LOG_KEY, SITE_KEY, DISCLOSURE)
    record.write([decision(fields=(("text", b"before"),)) for _ in range(5)])
    record.journal.publish()
    record.close()
    path = max(folder.glob("journal/*"))
    data = path.read_bytes()
    used = len(data.rstrip(b"\0")) + -len(data.rstrip(b"\0")) % 256
    path.write_bytes(data[:used] + (6).to_bytes(8, "big") + b"torn" + bytes(500))
    return folder


@pytest.mark.extras
@pytest.mark.parametrize(("call", "fault", "least"), FRESH)
def test_each_call_of_two_lives(tmp_path: Path, call: str, fault: str, least: int) -> None:
    each_call(tmp_path, None, call, fault, least)


@pytest.mark.extras
@pytest.mark.parametrize(("call", "fault", "least"), TORN)
def test_each_call_behind_a_torn_batch(tmp_path: Path, torn: Path, call: str, fault: str, least: int) -> None:
    each_call(tmp_path, torn, call, fault, least)


def each_call(tmp_path: Path, begun: Path | None, call: str, fault: str, least: int) -> None:
    """Hit the first such call of the work, the second, …, until there is none left to hit: at the least `least`."""
    hits, folder = 0, tmp_path / "data"
    with worker(call, fault) as process:
        while True:
            if begun:
                shutil.copytree(begun, folder)
            told = process.run(hits + 1, folder)
            if told.done:
                break
            hits += 1
            if fault == "KILL":
                assert told.status == 9
            else:
                assert_says_it(told.failed, fault, folder)
            assert_whole(folder, told)
            shutil.rmtree(folder)
    assert hits >= least, "the faults missed the record"
    assert len(told.entries) == 2 * (1 + 3 + 9 + 120)


def assert_says_it(sentence: str, fault: str, folder: Path) -> None:
    """File, reason, cure."""
    assert sentence.startswith(str(folder.parent)), sentence
    assert os.strerror(getattr(errno, fault)) in sentence
    assert " — " in sentence


def assert_whole(folder: Path, told: Told) -> None:
    """No answer without a record; no forked, unreadable or half-erased log; and it goes on from there."""
    # 1 The doctor, who changes nothing, finds nothing wrong: a fault of the disk is no damage.
    checks = examine_record(folder, LOG_KEY, SITE_KEY, lambda _: None).checks
    assert all(check.ok for check in checks), (checks, told)
    # 2 A start has everything that was told.
    record = Record.open(folder, LOG_KEY, SITE_KEY, DISCLOSURE)
    for index, text in told.entries.items():
        if index in told.erased:
            assert record.vault.opened(index) is None
        elif index not in told.erasing or record.vault.opened(index) is not None:
            assert record.vault.fields(index) == (("text", text.encode()),)
    # 3 It writes on, and what it publishes passes through every checkpoint that was told or published.
    record.write([decision(fields=(("text", b"after"),)) for _ in range(30)])
    record.journal.publish()
    record.close()
    _, entries = read_published(folder / "log")
    node = node_reader(hash_leaves(b"".join(entries), 256))
    for size, root in told.checkpoints.items():
        assert subtree_root(range(size), node).hex() == root
