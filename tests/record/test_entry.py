"""The 256 bytes of an entry and the 72 of its body."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from brightline.errors import RecordError
from brightline.record import body, entry
from brightline.record.entry import ALL_FLAGS, Entry, Kind, OutcomeCode
from tests.record import drafts

entries = st.builds(
    lambda kind, code, **rest: Entry(kind=kind, outcome=code if kind is Kind.DECISION else 0, **rest),
    sequence=st.integers(0, 2**64 - 1),
    time=st.integers(0, 2**64 - 1),
    kind=st.sampled_from(Kind),
    code=st.integers(1, 4),
    activity=st.integers(0, 2**16 - 1),
    flags=st.integers(0, ALL_FLAGS),
    clauses=st.integers(0, 2**512 - 1),
    terms=drafts.digests,
    model=drafts.digests,
    commitment=drafts.digests,
    body=st.binary(min_size=72, max_size=72),
)


@given(entries)
def test_struct_and_numpy_read_the_same_fields(made: Entry) -> None:
    data = entry.pack(made)
    assert len(data) == entry.ENTRY_BYTES == entry.ENTRY.itemsize
    assert entry.unpack(data) == made
    row = np.frombuffer(data, entry.ENTRY)[0]
    for name in ("sequence", "time", "kind", "outcome", "activity", "flags"):
        assert int(row[name]) == getattr(made, name)
    for name in ("terms", "model", "commitment", "body"):
        assert row[name].tobytes() == getattr(made, name)
    assert int.from_bytes(row["clauses"].tobytes(), "little") == made.clauses


def test_the_layout_is_the_one_of_the_reference() -> None:
    made = Entry(1, 2, Kind.DECISION, OutcomeCode.HOLD, 4, 5, 1 << 9, b"T" * 32, b"M" * 32, b"C" * 32, b"B" * 72)
    data = entry.pack(made)
    assert data[:24].hex() == "000000000000000100000000000000020102000400000005"
    assert data[24:88] == bytes([0, 2]) + bytes(62)
    assert data[88:] == b"T" * 32 + b"M" * 32 + b"C" * 32 + b"B" * 72


@pytest.mark.parametrize(
    "change",
    [
        {"sequence": -1},
        {"sequence": 2**64},
        {"activity": 2**16},
        {"clauses": 1 << 512},
        {"clauses": -1},
        {"terms": b""},
        {"commitment": bytes(33)},
        {"body": bytes(71)},
    ],
)
def test_what_does_not_fit_is_not_packed(change: dict[str, object]) -> None:
    made = Entry(7, 0, Kind.DECISION, 1, 0, 0, 0, bytes(32), bytes(32), bytes(32), bytes(72))
    with pytest.raises(RecordError, match="entry"):
        entry.pack(made._replace(**change))  # type: ignore[arg-type]


@pytest.mark.parametrize("at, value", [(16, 0), (16, 9), (17, 0), (17, 5), (20, 0xFF)])
def test_unknown_codes_are_not_read(at: int, value: int) -> None:
    data = bytearray(entry.pack(Entry(7, 0, Kind.DECISION, 1, 0, 0, 0, bytes(32), bytes(32), bytes(32), bytes(72))))
    data[at] = value
    with pytest.raises(RecordError, match="entry 7"):
        entry.unpack(bytes(data))


def test_a_cut_entry_is_not_read() -> None:
    with pytest.raises(RecordError, match="255"):
        entry.unpack(bytes(255))


@given(st.sets(st.integers(0, 511)))
def test_clause_bits(ranks: set[int]) -> None:
    assert entry.clause_ranks(entry.clause_bits(sorted(ranks))) == sorted(ranks)


def test_a_rank_outside_the_bitset_is_refused() -> None:
    with pytest.raises(RecordError, match=r"0\.\.511"):
        entry.clause_bits([512])


@given(drafts.bodies)
def test_bodies_read_back_by_struct_and_numpy(made: body.Body) -> None:
    kind = body.KIND[type(made)]
    try:
        body.check(made)
        data = body.pack(made)
    except RecordError:
        return
    assert len(data) == entry.BODY_BYTES
    assert body.unpack(kind, data) == made
    row = np.frombuffer(data, body.DTYPES[kind])[0]
    for name in made._fields:
        value = getattr(made, name)
        assert (row[name].tobytes() if isinstance(value, bytes) else int(row[name])) == value


@pytest.mark.parametrize("kind", list(Kind))
def test_spare_bytes_of_a_body_are_zero(kind: Kind) -> None:
    with pytest.raises(RecordError, match="spare bytes"):
        body.unpack(kind, bytes(71) + b"\x01")


def test_unknown_words_of_a_body_are_refused() -> None:
    data = body.pack(body.OutcomeBody(3, 9))
    with pytest.raises(RecordError, match="status 9"):
        body.unpack(Kind.OUTCOME, data)
