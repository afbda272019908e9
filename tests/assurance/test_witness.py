"""Witnesses and contradictions: what is cosigned goes on from what was, and two histories are proof against the log."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import replace
from functools import cache
from http import HTTPStatus
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brightline.assurance.verify import Result, verify
from brightline.assurance.verify.contradiction import Contradiction, verify_contradiction
from brightline.assurance.witness import Answer, Request, Witness, attach
from brightline.errors import RecordError, StorageError
from brightline.keys import SigningKey, WitnessKey
from brightline.record import checkpoint, note
from brightline.record.checkpoint import Checkpoint
from brightline.record.entry import ENTRY_BYTES
from brightline.record.merkle import NodeReader, hash_leaves, node_reader, prove_consistency
from brightline.storage.witness import WitnessFolder
from tests.agreement.founding import KEYS, VENDOR
from tests.assurance.records import LOG_KEY, ORIGIN, Evidence, changed, founding, good, honest, mixed

W1 = SigningKey.new("witness.example/w1", bytes([21]) * 32)
W2 = SigningKey.new("witness.example/w2", bytes([22]) * 32)
KNOWN = [WitnessKey(W1.public), WitnessKey(W2.public)]
ENTRIES = mixed()
FORKED = changed(ENTRIES, 100, flags=1)
SIZE = len(ENTRIES) // ENTRY_BYTES


@cache
def nodes(entries: bytes) -> NodeReader:
    return node_reader(hash_leaves(entries, ENTRY_BYTES))


def signed(size: int, entries: bytes = ENTRIES, key: SigningKey = LOG_KEY) -> bytes:
    return bytes(checkpoint.sign(honest(entries[: size * ENTRY_BYTES]), key))


def request(old: int, size: int, entries: bytes = ENTRIES) -> bytes:
    proof = tuple(prove_consistency(old, size, nodes(entries))) if 0 < old <= size else ()
    return Request(old, proof, signed(size, entries)).to_bytes()


@pytest.fixture
def folder(tmp_path: Path) -> WitnessFolder:
    return WitnessFolder(tmp_path / "w", Witness(W1, {ORIGIN: LOG_KEY.public}))


def test_the_example_of_the_specification_has_its_key_id() -> None:
    """c2sp.org/tlog-cosignature: the id is SHA-256(name, newline, 0x04, key)[:4]."""
    key = WitnessKey(W1.public)
    raw = W1.name.encode() + b"\n\x04" + W1.public.public
    assert key.id == hashlib.sha256(raw).digest()[:4]
    assert str(key) == f"{W1.name}+{key.id.hex()}+" + base64.b64encode(b"\x04" + W1.public.public).decode()
    assert WitnessKey.parse(str(key)) == WitnessKey.parse(str(W1.public)) == key


def test_it_follows_a_log_and_its_cosignatures_verify(folder: WitnessFolder) -> None:
    old = 0
    for now, size in enumerate((1, 255, 256, 257, SIZE), start=1_800_000_000):
        answer = folder.add_checkpoint(request(old, size), now)
        assert answer.status is HTTPStatus.OK, answer
        made = attach(signed(size), answer.body, KNOWN[0])
        evidence = replace(good(), entries=ENTRIES[: size * ENTRY_BYTES], openings=b"")
        result = verify(bundle_with(evidence, made), evidence.file, KEYS, witnesses=KNOWN[:1])
        assert result.verified
        assert "cosigned by witness.example/w1 at 2027-01-15T08:00:0" in result.steps[2].text
        assert "witness.example/w1 saw no later or other state" in result.steps[10].text
        old = size
    again = folder.add_checkpoint(request(SIZE, SIZE), 1_800_000_009)
    assert again.status is HTTPStatus.OK


def bundle_with(evidence: Evidence, made: bytes) -> bytes:
    plain = evidence.note
    return evidence.bundle.replace(b"checkpoint %d\n%b" % (len(plain), plain), b"checkpoint %d\n%b" % (len(made), made))


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"", 400),
        (b"old 0\n\n", 400),
        (b"old 01\n\n" + signed(5), 400),
        (b"old -1\n\n" + signed(5), 400),
        (b"old 0\nAAAA\n\n" + signed(5), 400),
        (b"old 0\n" + (b"A" * 43 + b"=\n") * 64 + b"\n" + signed(5), 400),
        (b"old 6\n\n" + signed(5), 400),
        (b"old 0\n\n" + signed(5).replace(ORIGIN.encode(), b"other.example/log"), 404),
        (b"old 0\n\n" + signed(5).replace(b"\n5\n", b"\n6\n"), 403),
        (request(0, 5).replace(b"old 0\n", b"old 0\n" + b"A" * 43 + b"=\n"), 422),
        (request(300, 400), 409),
    ],
)
def test_what_a_witness_refuses(folder: WitnessFolder, data: bytes, status: int) -> None:
    answer = folder.add_checkpoint(data, 1)
    assert int(answer.status) == status, answer
    assert answer.keep is None
    assert folder.last(ORIGIN) is None


def test_it_says_where_it_stands_and_never_goes_back(folder: WitnessFolder) -> None:
    assert folder.add_checkpoint(request(0, 300), 1).status is HTTPStatus.OK
    for data in (request(0, 400), request(100, 400), request(0, 200), request(200, 300)):
        answer = folder.add_checkpoint(data, 2)
        assert (answer.status, answer.body) == (HTTPStatus.CONFLICT, b"300\n")
    wrong = Request(300, tuple(prove_consistency(300, 400, nodes(FORKED))), signed(400, FORKED)).to_bytes()
    assert folder.add_checkpoint(wrong, 2).status is HTTPStatus.UNPROCESSABLE_ENTITY
    assert folder.last(ORIGIN) == signed(300)


def test_a_witness_that_was_killed_goes_on_from_what_it_cosigned(tmp_path: Path) -> None:
    witness = Witness(W1, {ORIGIN: LOG_KEY.public})
    with WitnessFolder(tmp_path, witness) as first:
        first.add_checkpoint(request(0, 300), 1)
        with pytest.raises(StorageError):
            WitnessFolder(tmp_path, witness)
    with WitnessFolder(tmp_path, witness) as second:
        assert second.add_checkpoint(request(0, 301, FORKED), 2).body == b"300\n"
        (kept,) = (tmp_path / "logs").iterdir()
        kept.write_bytes(b"")
        with pytest.raises(StorageError, match="damaged"):
            second.add_checkpoint(request(300, 400), 3)


def test_a_note_that_cannot_be_kept_is_not_cosigned(folder: WitnessFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path, data: bytes) -> None:
        raise StorageError("no space", place=str(path), cure="free some")

    monkeypatch.setattr(folder._disk, "replace", full)
    with pytest.raises(StorageError):
        folder.add_checkpoint(request(0, 300), 1)
    assert folder.last(ORIGIN) is None


def test_a_split_view_is_kept_as_proof(folder: WitnessFolder, tmp_path: Path) -> None:
    folder.add_checkpoint(request(0, 300), 1)
    answer = folder.add_checkpoint(request(300, 300, FORKED), 2)
    assert answer.status is HTTPStatus.CONFLICT
    (path,) = (tmp_path / "w" / "contradictions").iterdir()
    result = judged(path.read_bytes())
    assert result.verified
    assert "two different histories of 300 entries" in result.steps[3].text


def judged(proof: bytes, evidence: Evidence | None = None) -> Result:
    evidence = evidence or Evidence(ENTRIES, founding())
    return verify_contradiction(proof, evidence.file, None, KEYS)


class TestContradictions:
    """Fork: an older checkpoint and a longer log that begins otherwise."""

    FOUND = Contradiction.find(signed(300), signed(SIZE, FORKED), nodes(FORKED))

    def test_anybody_can_verify_it(self) -> None:
        assert self.FOUND
        result = judged(self.FOUND.to_bytes())
        assert result.verified
        assert [f.code for f in result.findings] == ["record.forked"]
        assert result.findings[0].follows
        assert Contradiction.from_bytes(self.FOUND.to_bytes()) == self.FOUND

    @pytest.mark.parametrize("size", [1, 100, SIZE - 1, SIZE])
    def test_there_is_none_against_an_honest_log(self, size: int) -> None:
        assert Contradiction.find(signed(size), signed(SIZE), nodes(ENTRIES)) is None

    @given(st.integers(0, 10_000), st.integers(1, 255))
    def test_a_changed_byte_proves_nothing(self, at: int, bits: int) -> None:
        assert self.FOUND
        data = bytearray(self.FOUND.to_bytes())
        data[at % len(data)] ^= bits
        assert not judged(bytes(data)).verified

    def test_whoever_lacks_the_log_s_key_proves_nothing(self) -> None:
        stranger = SigningKey.new(ORIGIN, bytes([77]) * 32)
        made = Contradiction(signed(300), signed(300, FORKED, stranger))
        assert [s.ok for s in judged(made.to_bytes()).steps] == [True, True, False, None]

    def test_two_ways_to_frame_an_honest_log_fail(self) -> None:
        same = Contradiction(signed(300), signed(300))
        assert "nothing is shown" in judged(same.to_bytes()).steps[3].text
        proof = b"".join(prove_consistency(300, SIZE, nodes(ENTRIES)))
        goes_on = Contradiction(signed(300), signed(SIZE), honest(ENTRIES[: 300 * 256]).root + proof)
        assert "goes on" in judged(goes_on.to_bytes()).steps[3].text
        made_up = Contradiction(signed(300), signed(SIZE), bytes(32) + proof)
        assert not judged(made_up.to_bytes()).verified
        rolled_back = Contradiction(signed(SIZE), signed(300), self.FOUND.prefix if self.FOUND else b"")
        assert not judged(rolled_back.to_bytes()).verified

    @pytest.mark.parametrize("cut", [0, 10, 28, 40, 500])
    def test_a_shorter_file_is_refused(self, cut: int) -> None:
        assert self.FOUND
        assert judged(self.FOUND.to_bytes()[:cut]).steps[0].ok is False


class TestVerify:
    """Cosignatures in a bundle."""

    def cosigned(self, *keys: SigningKey, now: int = 1_800_000_000) -> bytes:
        made = good().note
        for key in keys:
            answer = Witness(key, {ORIGIN: LOG_KEY.public}).answer(*self.read(made), None, now)
            made = attach(made, answer.body, WitnessKey(key.public))
        return made

    def read(self, made: bytes) -> tuple[Request, Checkpoint]:
        return Request(0, (), made), good().checkpoint

    def test_known_witnesses_are_counted_and_absent_ones_named(self) -> None:
        data = bundle_with(good(), self.cosigned(W1))
        result = verify(data, good().file, KEYS, witnesses=KNOWN)
        assert result.verified
        assert [f.code for f in result.findings] == ["witness.missing"]
        assert "Of 2 witnesses that you know, 1 did not cosign: witness.example/w2." in result.findings[0].text
        both = verify(bundle_with(good(), self.cosigned(W1, W2)), good().file, KEYS, witnesses=KNOWN)
        assert both.findings == ()

    def test_lines_of_strangers_are_read_over(self) -> None:
        data = bundle_with(good(), self.cosigned(W1, VENDOR))
        result = verify(data, good().file, KEYS)
        assert result.verified
        assert "cosigned" not in result.steps[2].text

    def test_a_false_cosignature_of_a_known_witness_fails_step_3(self) -> None:
        parsed = note.parse(self.cosigned(W1))
        line = parsed.signatures[1]
        for at in (0, 7, 8, 71):
            raw = bytearray(line.signature)
            raw[at] ^= 1
            forged = bytes(note.Note(parsed.text, (parsed.signatures[0], replace(line, signature=bytes(raw)))))
            result = verify(bundle_with(good(), forged), good().file, KEYS, witnesses=KNOWN)
            assert [s.n for s in result.steps if s.ok is False] == [3]

    def test_a_cosignature_of_another_checkpoint_is_not_attached(self) -> None:
        lines = note.parse(self.cosigned(W1)).signatures[1]
        with pytest.raises(RecordError, match="did not cosign"):
            attach(signed(300), str(lines).encode(), KNOWN[0])


def test_an_answer_says_nothing_of_what_was_sent(folder: WitnessFolder) -> None:
    answer = folder.add_checkpoint(b"old 0\n\nsecret words\n\n", 1)
    assert isinstance(answer, Answer)
    assert b"secret" not in answer.body
    assert "secret" not in answer.text
