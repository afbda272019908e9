"""The thin export: at most 1,400 bytes of text, read back; and what nobody can guess of a bundle."""

from __future__ import annotations

import random
from dataclasses import replace
from hashlib import sha256

import pytest

from brightline.assurance.thin import thin
from brightline.assurance.verify.thin import MAX_THIN, Thin, verify_thin
from brightline.assurance.witness import Request, Witness, attach
from brightline.errors import RecordError
from brightline.keys import SigningKey, WitnessKey
from brightline.record import checkpoint, note
from brightline.record.body import Counters
from brightline.record.checkpoint import Checkpoint
from brightline.record.commitment import commit
from brightline.record.entry import ENTRY_BYTES, OutcomeCode
from brightline.record.log import Disclosure, Draft
from brightline.record.log import Log as RecordLog
from brightline.record.merkle import hash_leaf, hash_leaves, hash_node, node_reader, prove_inclusion
from tests.agreement.founding import KEYS
from tests.assurance.records import LOG_KEY, NOON, ORIGIN, Evidence, busy, decision, founding, good, honest, mixed

W = [SigningKey.new(f"witness.example/w{i}", bytes([40 + i]) * 32) for i in range(8)]
KNOWN = [WitnessKey(w.public) for w in W]
FILE = good().file


def cosigned(made: bytes, *keys: SigningKey) -> bytes:
    found = Checkpoint.parse(note.parse(made).text)
    for key in keys:
        answer = Witness(key, {ORIGIN: LOG_KEY.public}).answer(Request(0, (), made), found, None, 1_800_000_000)
        made = attach(made, answer.body, WitnessKey(key.public))
    return made


def made_of(entries: bytes, *witnesses: SigningKey) -> tuple[bytes, int]:
    signed = honest(entries)
    at = (signed.size - 1) // 256 * 256
    proof = prove_inclusion(at, signed.size, node_reader(hash_leaves(entries, ENTRY_BYTES)))
    made = cosigned(bytes(checkpoint.sign(signed, LOG_KEY)), *witnesses)
    return thin(FILE, made, entries[at * ENTRY_BYTES : (at + 1) * ENTRY_BYTES], proof)


@pytest.mark.parametrize("size", [1, 2, 255, 256, 257, 512, 594])
def test_it_is_read_back_and_says_what_it_does_not_show(size: int) -> None:
    entries = mixed()[: size * ENTRY_BYTES]
    made, left_out = made_of(entries, W[0], W[1])
    assert len(made) <= MAX_THIN
    assert left_out == 0
    assert made.decode("utf-8").splitlines()[0] == "brightline-thin/v1"
    result = verify_thin(made, FILE, KEYS, KNOWN[:2])
    assert result.verified, result.steps
    assert result.grade is None
    assert "Not shown: that the entries come to these totals" in result.steps[5].text
    assert "cosigned by witness.example/w0" in result.steps[2].text
    at = (size - 1) // 256 * 256
    whole = Evidence(entries[: at * ENTRY_BYTES], founding()).verified() if at else None
    assert result.totals["decisions"] == (whole.totals["decisions"] if whole else 0)
    assert (result.totals["entries"], result.totals["counted"]) == (size, at)


def test_a_log_of_a_million_entries_fits_with_the_longest_proof() -> None:
    """The proof of index 2**20 - 256 in a log of 2**20 entries has 20 hashes: all that there can be."""
    size, at = 1 << 20, (1 << 20) - 256
    totals = Counters(400_000, 390_000, 4_000, 1_000, 5_000, 390_000, 1 << 33, 1 << 31)
    draft = Thin(good().agreement.digest, at, NOON, totals, (), b"")
    random.seed(1)
    proof = tuple(random.randbytes(32) for _ in range(20))
    root, index = hash_leaf(draft.entry), at
    for sibling in proof:
        root = hash_node(sibling, root) if index & 1 else hash_node(root, sibling)
        index >>= 1
    signed = checkpoint.sign(Checkpoint(ORIGIN, size, root), LOG_KEY)
    made, left_out = thin(FILE, cosigned(bytes(signed), *W), draft.entry, proof)
    assert len(made) <= MAX_THIN
    assert left_out == 8  # the longest proof leaves room for none; a usual one for two
    result = verify_thin(made, FILE, KEYS, KNOWN)
    assert result.verified, result.steps
    assert [f.code for f in result.findings] == ["witness.missing"]


def test_every_flipped_byte_is_refused() -> None:
    made, _ = made_of(mixed())
    for at in range(len(made)):
        forged = bytearray(made)
        forged[at] ^= 1 << random.Random(at).randrange(8)
        assert not verify_thin(bytes(forged), FILE, KEYS).verified, at
    for cut in range(len(made)):
        assert not verify_thin(made[:cut], FILE, KEYS).verified, cut


def test_older_or_impossible_totals_are_refused() -> None:
    entries = mixed()
    signed = bytes(checkpoint.sign(honest(entries), LOG_KEY))
    proof = prove_inclusion(256, 594, node_reader(hash_leaves(entries, ENTRY_BYTES)))
    older, _ = thin(FILE, signed, entries[256 * 256 : 257 * 256], proof)
    result = verify_thin(older, FILE, KEYS)
    assert [s.ok for s in result.steps] == [True, True, True, False, None, None]
    lie = replace(Thin.from_bytes(made_of(entries)[0]), totals=Counters(decisions=9, permits=8), proof=())
    alone = lie.entry
    one = replace(lie, sequence=0, checkpoint=bytes(checkpoint.sign(honest(b""), LOG_KEY)))
    assert verify_thin(one.to_bytes(), FILE, KEYS).steps[3].ok is False
    root = Checkpoint(ORIGIN, 1, hash_leaf(replace(lie, sequence=0).entry))
    lied = replace(lie, sequence=0, checkpoint=bytes(checkpoint.sign(root, LOG_KEY)))
    assert verify_thin(lied.to_bytes(), FILE, KEYS).steps[4].ok is False
    assert len(alone) == ENTRY_BYTES


def test_a_name_that_leaves_no_room_is_an_error() -> None:
    with pytest.raises(RecordError, match="more than 1400"):
        thin(FILE, good().note, mixed()[:ENTRY_BYTES], [bytes(32)] * 28)


class TestGuessing:
    """G06, G08: the vendor knows every prompt that could have been sent, and lacks the salts."""

    PROMPTS = tuple(f"{word} {n}".encode() for word in ("yes", "no", "target", "name") for n in range(250))

    def test_a_dictionary_of_all_prompts_finds_nothing(self) -> None:
        log, draw = RecordLog(ORIGIN, Disclosure()), random.Random(8)
        batch = log.batch(NOON)
        sent = [draw.choice(self.PROMPTS) for _ in range(300)]
        keys = [draw.randbytes(32) for _ in sent]
        for prompt, key in zip(sent, keys, strict=True):
            batch.add(decision(OutcomeCode.DENY, fields=(("prompt", prompt),)), key)
        bundle = Evidence(batch.data(), founding()).bundle
        # Without the salts: the commitments that every prompt would have under every key that is not secret.
        tried = {
            commit(key, (("prompt", p),)) for p in self.PROMPTS for key in (bytes(32), b"\xff" * 32, bytes(range(32)))
        }
        tried |= {sha256(made).digest() for p in self.PROMPTS for made in (p, b"\0" + p, b"\0\0\6prompt" + p)}
        chunks = {bundle[i : i + 32] for i in range(len(bundle) - 31)}
        assert not tried & chunks
        # Equal prompts have unequal commitments: not even repetition shows.
        commitments = [batch.data()[i + 152 : i + 184] for i in range(0, len(batch.data()), 256)]
        committed = [c for c in commitments if any(c)]
        assert len(set(committed)) == 300 > len(set(sent))
        # And the attack is a real one: with the key of the one entry, it succeeds.
        assert commit(keys[0], (("prompt", sent[0]),)) in chunks

    def test_no_bundle_holds_free_text_or_content(self) -> None:
        log = RecordLog(ORIGIN, Disclosure())
        entries = busy(log, 200)
        for part in (Evidence(entries, founding()).bundle, made_of(entries)[0]):
            assert b"secret" not in part
            assert b"prompt" not in part

    def test_a_draft_with_words_in_the_clear_cannot_be_made(self) -> None:
        assert all(f in Draft._fields for f in ("fields", "clauses"))
        assert not any(t in ("str", "str | None") for t in Draft.__annotations__.values())
