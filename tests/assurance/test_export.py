"""Export gives bundles that verify, and stops before anything leaves that must not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brightline.agreement import Disclosure, Log
from brightline.assurance.export import export
from brightline.assurance.verify import verify
from brightline.assurance.verify.bundle import CHUNK
from brightline.errors import AgreementError, BrightlineError, RecordError
from brightline.keys import SigningKey
from brightline.record import checkpoint
from brightline.record.log import Disclosure as Buckets
from brightline.record.log import Log as RecordLog
from tests.agreement.founding import VENDOR, signed
from tests.assurance.records import (
    LOG_KEY,
    NOON,
    ORIGIN,
    OTHER_TERMS,
    Evidence,
    busy,
    changed,
    failed,
    founding,
    good,
    honest,
    mixed,
)

ENTRIES = mixed()


def exported(entries: list[bytes], note: bytes | None = None, file: bytes | None = None) -> bytes:
    return b"".join(export(file or good().file, note or good().note, entries))


@settings(max_examples=40)
@given(st.lists(st.integers(0, 70_000), max_size=12))
def test_blocks_of_any_size_make_the_same_bundle(sizes: list[int]) -> None:
    blocks, rest = [], ENTRIES
    for size in sizes:
        blocks.append(rest[:size])
        rest = rest[size:]
    assert exported([*blocks, rest]) == replace(good(), openings=b"").bundle


def test_a_long_log_in_pieces() -> None:
    entries = busy(RecordLog(ORIGIN, Buckets()), 10_000)
    evidence = Evidence(entries, founding())
    pieces = list(export(evidence.file, evidence.note, [entries]))
    assert len(entries) > CHUNK
    assert [len(p) for p in pieces[1:]] == [CHUNK, len(entries) - CHUNK]
    assert verify(b"".join(pieces), evidence.file, evidence.keys).verified


def test_what_came_after_the_checkpoint_stays() -> None:
    note = bytes(checkpoint.sign(honest(ENTRIES[: 300 * 256]), LOG_KEY))

    def endless() -> Iterator[bytes]:
        yield ENTRIES[: 200 * 256]
        yield ENTRIES[200 * 256 :]
        raise AssertionError("read on past the checkpoint")

    bundle = b"".join(export(good().file, note, endless()))
    assert bundle.endswith(ENTRIES[: 300 * 256])
    assert verify(bundle, good().file, good().keys).verified


def test_an_empty_log() -> None:
    bundle = exported([], bytes(checkpoint.sign(honest(b""), LOG_KEY)))
    assert verify(bundle, good().file, good().keys).verified


@pytest.mark.parametrize(
    ("entries", "words"),
    [
        (ENTRIES[:-1], "end 1 bytes before"),
        (b"", "end 152064 bytes before"),
        (changed(ENTRIES, 300, flags=1), "do not hash to the root"),
    ],
)
def test_entries_that_are_not_the_checkpoints(entries: bytes, words: str) -> None:
    with pytest.raises(RecordError, match=words):
        exported([entries])


def test_a_checkpoint_of_another_log_or_key() -> None:
    other = replace(LOG_KEY, name="elsewhere/log")
    with pytest.raises(RecordError, match="names no log"):
        exported([ENTRIES], bytes(checkpoint.sign(honest(ENTRIES, "elsewhere/log"), other)))
    with pytest.raises(RecordError, match="not signed by a known key"):
        exported([ENTRIES], bytes(checkpoint.sign(honest(ENTRIES), SigningKey.new(ORIGIN, bytes(32)))))
    with pytest.raises(RecordError):
        exported([ENTRIES], b"no note")


def test_an_agreement_that_is_not_in_force() -> None:
    with pytest.raises(BrightlineError, match="no good signature of the customer"):
        exported([ENTRIES], file=signed(founding(), VENDOR).to_bytes())
    with pytest.raises(AgreementError):
        exported([ENTRIES], file=b"{}")
    assert founding().logs == (Log(origin=ORIGIN, key=LOG_KEY.public),)


def test_nothing_leaves_that_says_more_than_was_agreed() -> None:
    entries = busy(RecordLog(ORIGIN, Buckets(1, 1)), 20)
    evidence = Evidence(entries, founding())
    pieces = export(evidence.file, evidence.note, [entries])
    next(pieces)  # the head, which holds no entry
    with pytest.raises(RecordError, match="finer than the agreement's disclosure profile"):
        next(pieces)
    open_ = Evidence(entries, founding(disclosure=Disclosure(time_seconds=1, tokens=1)))
    assert b"".join(export(open_.file, open_.note, [entries])) == open_.bundle


def test_a_record_that_breaks_a_law_is_evidence_too() -> None:
    """The customer's program may not keep back what would show its own fault."""
    entries = changed(ENTRIES, 3, terms=OTHER_TERMS, time=NOON)
    broken = Evidence(entries, founding())
    bundle = b"".join(export(broken.file, broken.note, [entries]))
    assert failed(verify(bundle, broken.file, broken.keys)) == [7]
