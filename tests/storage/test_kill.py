"""kill -9 at random moments of a process that records as fast as it can: whatever it was told is there."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

from brightline.record.checkpoint import Checkpoint
from brightline.record.merkle import hash_leaves, node_reader, subtree_root
from brightline.storage.recorder import Recorder
from tests.record.drafts import decision
from tests.storage.logs import DISCLOSURE, LOG_KEY, read_published

SITE_KEY = bytes(range(50, 82))

# Writes a line for each entry that was acknowledged: its index, its prompt, and the size and root of a published
# checkpoint now and then. A line is one write to the pipe, so the parent sees whole lines only.
CHILD = """
import asyncio, os, sys
from pathlib import Path
from brightline.storage import journal
from brightline.storage.recorder import Recorder
from tests.record.drafts import decision
from tests.record.drafts import decision
from tests.storage.logs import DISCLOSURE, LOG_KEY

journal.SEGMENT_SLOTS = 600

async def call(recorder, run, name):
    for i in range(10**9):
        prompt = f"{run}-{name}-{i}"
        receipt = await recorder.append(decision(fields=(("prompt", prompt.encode()),)))
        os.write(1, f"entry {receipt.index} {prompt}\\n".encode())
        if name == 0 and i % 20 == 0:
            made = await recorder.publish()
            os.write(1, f"checkpoint {made.size} {made.root.hex()}\\n".encode())

async def main(folder, site_key, run):
    recorder = Recorder.open(folder, LOG_KEY, site_key, DISCLOSURE)
    os.write(1, b"ready\\n")
    await asyncio.gather(*[call(recorder, run, name) for name in range(8)])

asyncio.run(main(Path(sys.argv[1]), bytes.fromhex(sys.argv[2]), sys.argv[3]))
"""


def run_and_kill(folder: Path, run: int, chance: random.Random) -> list[str]:
    """What the child said before it was killed: at the least some lines, and in every third run a checkpoint."""
    command = [sys.executable, "-c", CHILD, str(folder), SITE_KEY.hex(), str(run)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": "src:."}) as child:
        assert child.stdout is not None
        lines = [child.stdout.readline() for _ in range(1 + chance.randrange(60))]
        while run % 3 == 0 and not lines[-1].startswith(b"checkpoint"):
            lines.append(child.stdout.readline())
        time.sleep(chance.uniform(0, 0.01))
        child.send_signal(signal.SIGKILL)
        lines += child.stdout.readlines()
    assert lines[0] == b"ready\n"
    return [line.decode() for line in lines[1:]]


async def test_kills_lose_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    chance = random.Random(20)
    entries: dict[int, str] = {}
    checkpoints: dict[int, str] = {}
    for run in range(22):
        for line in run_and_kill(tmp_path, run, chance):
            word, number, value = line.split()
            known = entries if word == "entry" else checkpoints
            assert known.setdefault(int(number), value) == value  # no index twice, no root changed
    recorder = Recorder.open(tmp_path, LOG_KEY, SITE_KEY, DISCLOSURE)
    for index, prompt in entries.items():
        assert recorder.vault.fields(index) == (("prompt", prompt.encode()),)
    assert (await recorder.append(decision())).index > max(entries)
    await recorder.close()
    published, data = read_published(tmp_path / "log")
    node = node_reader(hash_leaves(b"".join(data), 256))
    assert published == Checkpoint(LOG_KEY.name, published.size, subtree_root(range(published.size), node))
    for size, root in checkpoints.items():
        assert subtree_root(range(size), node).hex() == root
    assert len(entries) > 22 * 20
    assert len(checkpoints) >= 7
