"""The kernel fails or kills at each call of erase, purge, hold, export, release, copy, rotation, and of the files
beside the record: a witness's, the registry's, the desk's (`strace --inject`; short writes without it).

Each verb is one story. Law: a fault is said in one sentence with its cure; what is left is whole; and the same verb,
given again, ends well or says that all was done.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from brightline.record.body import ErasureBody
from brightline.record.body import unpack as unpack_body
from brightline.record.checkpoint import Checkpoint
from brightline.record.entry import Kind
from brightline.record.merkle import hash_leaves
from brightline.storage.doctor import examine_record
from tests.cli.shell import Said, Shell
from tests.cli.sites import KEYS, recorded
from tests.live.signed import signed_site
from tests.live.stage import LOG_KEY, SITE_KEY, Site
from tests.storage.logs import mth, read_published
from tests.storage.statefiles import CHECKS, STORIES
from tests.storage.verbs import VERBS

AT = 200  # more than any story makes of any call
CALLS = {
    "erase": ("pwrite64", "fdatasync", "rename"),
    "purge": ("fdatasync",),
    "hold": ("fdatasync",),
    "export": ("write", "fsync"),
    "thin": ("write", "fsync"),
    "release": ("write", "fsync"),
    "copy": ("fsync",),
    "site key": ("pwrite64", "rename", "fsync"),
    "log key": ("pwrite64", "rename", "fsync"),
    "witnessed": ("pwrite64", "fdatasync", "rename"),
    "registry": ("pwrite64", "rename"),
    "desk": ("pwrite64", "rename", "fsync"),
}
FAULTS = {"pwrite64": ("KILL", "ENOSPC"), "write": ("KILL", "ENOSPC"), "mkdir": ("KILL", "ENOSPC")}
CASES = [(story, call, fault) for story, calls in CALLS.items() for call in calls
         for fault in FAULTS.get(call, ("KILL", "EIO"))]  # fmt: skip
CASES += [(story, "short", "ENOSPC") for story in CALLS if story not in ("export", "thin", "release", "copy")]
DONE = ("was carried out before", "is erased, or they never had any", "is in force already", "such a file already")
COUNTED: dict[str, int] = {}


class Ended(NamedTuple):
    status: int  # of the process
    sentence: str  # where the verb ended 2
    good: bool  # it ended 0


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site with a record of three calls, long ago, and all that the stories need."""
    folder = tmp_path_factory.mktemp("made") / "site"
    here = recorded(folder, calls=3, at=1_500_000_000)
    signed_site(folder / "signed", "http://127.0.0.1:9")
    (folder / "officer.key").write_text(KEYS["ito"].secret_text())
    assert here.shell("evidence", "export", "-o", "good.bundle").status == 0
    return folder


@contextmanager
def worker(story: str, call: str, fault: str) -> Iterator[subprocess.Popen[str]]:
    how = f"signal={fault}" if fault == "KILL" else f"error={fault}"
    strace = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={call}", "-e", f"inject={call}:{how}:when={AT}"]
    command = [sys.executable, "-B", "-m", "tests.storage.verbs", call, str(AT), story]
    pipe, environment = subprocess.PIPE, {**os.environ, "PYTHONPATH": "src:."}
    command = command if call == "short" else [*strace, *command]
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, env=environment) as process:
        assert process.stdin is not None
        try:
            yield process
        finally:
            process.stdin.close()
    assert process.returncode == 0


def run(process: subprocess.Popen[str], number: int, folder: Path) -> Ended:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(f"{number} {folder}\n")
    process.stdin.flush()
    sentence, good = "", False
    for line in process.stdout:
        word, _, rest = line.rstrip("\n").partition(" ")
        match word:
            case "failed":
                sentence = rest
            case "ended":
                good = rest == "0"
            case "end":
                return Ended(int(rest), sentence, good or (rest != "9" and not sentence))
    raise AssertionError("the worker died")


@pytest.mark.extras
@pytest.mark.parametrize(("story", "call", "fault"), CASES)
def test_each_call_of_each_verb(tmp_path: Path, made: Path, story: str, call: str, fault: str) -> None:
    """Hit the first such call of the story, the second, …, until there is none left to hit."""
    hits, folder = 0, tmp_path / "site"
    with worker(story, call, fault) as process:
        while True:
            shutil.copytree(made, folder)
            before = (folder / "data" / "log" / "checkpoint").read_bytes()
            ended = run(process, hits + 1, folder)
            if ended.status == 0 and not ended.sentence:
                break
            hits += 1
            if ended.status == 0:
                assert ended.sentence.count(" — ") >= 1, ended  # what happened, and the cure
                assert "a defect" not in ended.sentence, ended
            else:
                assert (fault, ended.status) == ("KILL", 9)
            settle(story, folder, before)
            shutil.rmtree(folder)
            shutil.rmtree(tmp_path / "copy", ignore_errors=True)
    assert hits, "no fault hit this verb"
    COUNTED[f"{story}, {call} {fault}"] = hits
    print(f"{sum(COUNTED.values())} injections; {story}: {call} {fault}: {hits}")  # noqa: T201


def settle(story: str, folder: Path, before: bytes) -> None:
    """What is left is whole; the verb, given again, ends well; and the log went on from what was released."""
    site = Site(folder)
    if story in STORIES:
        CHECKS[story](folder)
        STORIES[story](folder)
        CHECKS[story](folder)
        return
    # 1 Nothing is damaged, and no key is gone that is not counted.
    if story not in ("site key", "log key"):
        assert_whole(site)
    for part in ("out.bundle", "out.thin", "out.json"):
        if (folder / part).exists():
            assert (folder / part).stat().st_size > 300, "whole, or not at all"
    # 2 Again.
    (folder / "rotation.json").unlink(missing_ok=True)
    said = again(story, site.shell)
    assert said.status == 0 or any(words in said.err for words in DONE), said
    if story == "site key":
        site.shell.change("brightline.toml", '"site.key"', '"new.site"')
    if story == "log key":
        site.shell.change("brightline.toml", '"log.key"', '"new.key"\nrotations = ["rotation.json"]')
    assert site.shell("evidence", "export", "-o", "all.bundle", "--json").status == 0
    if story == "erase":
        assert_erased(site)
    # 3 It goes on: nothing that was released is forked.
    checks = {c["name"]: c for c in site.shell("doctor", "--json").document["checks"]}
    assert checks["record"]["ok"], checks
    assert checks["private side"]["ok"], checks
    assert checks["log"]["ok"], checks
    assert_goes_on(site, before)
    if story == "log key":
        changes = [e for e in site.entries() if e.kind == Kind.CHANGE]
        assert len(changes) == 1, "the record says that the key was changed, once"


def again(story: str, shell: Shell) -> Said:
    for name in ("out.bundle", "out.thin", "out.json"):
        (shell.folder / name).unlink(missing_ok=True)
    shutil.rmtree(shell.folder.parent / "copy", ignore_errors=True)
    said = shell(*VERBS[story])
    return said if story != "copy" else Said(0, "", "")


def assert_whole(site: Site) -> None:
    checks = examine_record(site.data, LOG_KEY, SITE_KEY, lambda _: None).checks
    assert all(check.ok for check in checks), checks


def assert_erased(site: Site) -> None:
    """Each of the two is erased, and counted once."""
    found = [unpack_body(Kind.ERASURE, e.body) for e in site.entries() if e.kind == Kind.ERASURE]
    assert sorted(b.erased for b in found if isinstance(b, ErasureBody)) == [1, 2]


def assert_goes_on(site: Site, before: bytes) -> None:
    signed, entries = read_published(site.data / "log")
    text = before.decode().split("\n")
    leaves = hash_leaves(b"".join(entries), 256)
    assert mth(leaves[: int(text[1])]) == Checkpoint.parse("\n".join(text[:3]) + "\n").root
    assert signed.size >= int(text[1])
