"""docs/reference/record.md says what the code does: its tables are compared, and what it shows a stranger is run."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from enum import IntEnum
from pathlib import Path

import pytest

from brightline.record import body as bodies
from brightline.record import checkpoint
from brightline.record.body import DTYPES, Act, Api, ChangeSubject, ErasureReason, ExceptionAct, OutcomeStatus, Verdict
from brightline.record.checkpoint import Checkpoint
from brightline.record.commitment import commit, open_field
from brightline.record.entry import ENTRY, ENTRY_BYTES, Flag, Kind, OutcomeCode
from brightline.record.log import Draft, Log
from brightline.record.merkle import Tree, hash_leaves
from brightline.record.tiles import encode_bundle, tiles_of
from tests.record.drafts import KEY, NOW, TERMS, fill
from tests.record.test_log import BROKEN, altered
from tests.storage.logs import DISCLOSURE, LOG_KEY

PAGE = (Path(__file__).parents[2] / "docs/reference/record.md").read_text(encoding="utf-8")
BLOCKS = dict(re.findall(r"^```python (\w+)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL))
HEAD, _, REST = PAGE.partition("### 1.1 Flags")


def table(text: str) -> dict[str, tuple[int, int, str]]:
    """Field → offset, size, meaning."""
    rows = re.findall(r"^\| (\d+) \| (\d+) \| `(\w+)` \| (.*) \|$", text, re.MULTILINE)
    return {name: (int(offset), int(size), meaning) for offset, size, name, meaning in rows}


def codes(meaning: str) -> dict[str, int]:
    return {name: int(code) for code, name in re.findall(r"\b(\d+) ([a-z_]+)", meaning)}


def names(words: type[IntEnum]) -> dict[str, int]:
    return {word.name.lower(): int(word) for word in words}


def test_the_entry() -> None:
    fields = table(HEAD)
    assert ENTRY.fields is not None
    assert {name: (offset, size) for name, (offset, size, _) in fields.items()} == {
        name: (ENTRY.fields[name][1], ENTRY.fields[name][0].itemsize) for name in ENTRY.fields
    }
    assert codes(fields["kind"][2]) == names(Kind)
    assert codes(fields["outcome"][2]) == {k: v for k, v in names(OutcomeCode).items() if v}


def test_the_flags() -> None:
    rows = re.findall(r"^\| (\d+) \| `([A-Z_]+)` \|", PAGE, re.MULTILINE)
    assert {name: 1 << int(bit) for bit, name in rows} == {flag.name: int(flag) for flag in Flag}


@pytest.mark.parametrize("kind", list(Kind))
def test_the_bodies(kind: Kind) -> None:
    found = re.search(rf"^\*\*{int(kind)} {kind.name.lower()}\*\*(.*?)(?=^\*\*\d|^## )", REST, re.MULTILINE | re.DOTALL)
    assert found
    dtype = DTYPES[kind]
    assert dtype.fields is not None
    fields = table(found.group(1))
    assert {name: (offset, size) for name, (offset, size, _) in fields.items()} == {
        name: (dtype.fields[name][1], dtype.fields[name][0].itemsize) for name in dtype.fields if name != "spare"
    }
    words: dict[str, type[IntEnum]] = {
        "api": Api, "status": OutcomeStatus, "subject": ChangeSubject,
        "event": bodies.ClockEvent, "source": bodies.ClockSource, "clock": bodies.ClockSource,
    }  # fmt: skip
    words |= {"verdict": bodies.ReleaseVerdict, "reason": bodies.ReleaseReason} if kind is Kind.RELEASE else {
        "verdict": Verdict, "reason": ErasureReason
    }  # fmt: skip
    words |= {"act": Act if kind is Kind.DECISION else ExceptionAct}
    for name, (_, _, meaning) in fields.items():
        if name in words:
            assert codes(meaning) == names(words[name])


def published(folder: Path, entries: bytes) -> Path:
    """Any entries as a log, signed, lawful or not."""
    tree = Tree()
    tree.extend(hash_leaves(entries, ENTRY_BYTES))
    for tile in tiles_of(tree.size):
        if tile.level < 0:
            path = folder / tile.path
            path.parent.mkdir(parents=True, exist_ok=True)
            start = tile.index * 256 * ENTRY_BYTES
            path.write_bytes(encode_bundle(entries[start : start + tile.width * ENTRY_BYTES]))
    note = checkpoint.sign(Checkpoint(LOG_KEY.name, tree.size, tree.root()), LOG_KEY)
    folder.mkdir(exist_ok=True)
    (folder / "checkpoint").write_bytes(bytes(note))
    return folder


def run(tmp_path: Path, block: str, *arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
    script = tmp_path / f"{block}.py"
    script.write_text(BLOCKS[block], encoding="utf-8")
    command = [sys.executable, "-I", str(script), *arguments]  # -I: no module of ours can be found
    return subprocess.run(command, input=given, cwd=tmp_path, capture_output=True, text=True, check=False)


def every_kind() -> bytes:
    log = Log(LOG_KEY.name, DISCLOSURE)
    batch = log.batch(NOW)
    fill(batch, 200)
    for body in (
        bodies.ApprovalBody(3, int(NOW), 0, Verdict.GRANTED),
        bodies.ExceptionBody(0, int(NOW), int(NOW), 0, 0, ExceptionAct.GRANTED),
        bodies.ChangeBody(ChangeSubject.TERMS, TERMS),
        bodies.ErasureBody(1, 0, ErasureReason.SPILL),
        bodies.EngineBody(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 1),
        bodies.EpochBody(1, 1, 0, int(NOW)),
        bodies.ClockBody(bodies.ClockEvent.BACK, bodies.ClockSource.BY_HAND, 7),
        bodies.ReleaseBody(200, bodies.ReleaseVerdict.REFUSED, bodies.ReleaseReason.LAW, TERMS),
        bodies.DecisionBody(1, 2, 3, 4, api=Api.CLI, act=Act.MCP_CALL),
    ):
        code = OutcomeCode.DENY if isinstance(body, bodies.DecisionBody) else OutcomeCode.NONE
        batch.add(Draft(body, outcome=code), KEY)
    batch.add(Draft(bodies.ChangeBody(ChangeSubject.THRESHOLDS), fields=(("digest", TERMS),)), KEY)
    return batch.data()


def test_the_verifier_by_hand_takes_what_is_lawful(tmp_path: Path) -> None:
    for i, entries in enumerate((every_kind(), every_kind()[: 256 * 256], every_kind()[:768], b"")):
        answer = run(tmp_path, "verify", str(published(tmp_path / str(i), entries)), str(LOG_KEY.public))
        assert answer.returncode == 0, answer.stderr
        assert f"{len(entries) // 256} entries, every law kept" in answer.stdout


@pytest.mark.parametrize("law", BROKEN)
def test_the_verifier_by_hand_keeps_every_law(tmp_path: Path, law: str, monkeypatch: pytest.MonkeyPatch) -> None:
    at, change, _ = BROKEN[law]
    folder = published(tmp_path / "log", altered(change, at))
    monkeypatch.setattr(sys, "argv", ["verify.py", str(folder), str(LOG_KEY.public)])
    with pytest.raises(AssertionError) as refused:
        exec(compile(BLOCKS["verify"], "verify.py", "exec"), {})
    assert refused.value.args == (256 if law.startswith("hidden") else at,)


def test_the_verifier_by_hand_refuses_other_entries_and_keys(tmp_path: Path) -> None:
    folder = published(tmp_path / "log", every_kind())
    note = (folder / "checkpoint").read_bytes()
    published(folder, altered({"flags": 1}, 1))
    (folder / "checkpoint").write_bytes(note)
    assert "other entries than were signed" in run(tmp_path, "verify", str(folder), str(LOG_KEY.public)).stderr
    size = note.split(b"\n")[1]
    (folder / "checkpoint").write_bytes(note.replace(b"\n%b\n" % size, b"\n%d\n" % (int(size) - 1), 1))
    assert "InvalidSignature" in run(tmp_path, "verify", str(folder), str(LOG_KEY.public)).stderr


def test_an_opening_by_hand(tmp_path: Path) -> None:
    fields = (("prompt", b"text"), ("place", b"home"), ("scale", b"bulk"))
    opening = open_field(KEY, fields, "place")
    shown = {
        "commitment": commit(KEY, fields).hex(),
        "index": opening.index,
        "name": opening.name,
        "value": opening.value.hex(),
        "salt": opening.salt.hex(),
        "others": [leaf.hex() for leaf in opening.others],
    }
    assert run(tmp_path, "opening", given=json.dumps(shown)).stdout == "opens\n"
    for change in ({"value": b"abroad".hex()}, {"name": "scale"}, {"index": 0}):
        answer = run(tmp_path, "opening", given=json.dumps(shown | change))
        assert (answer.stdout, answer.returncode) == ("does not open\n", 1)
