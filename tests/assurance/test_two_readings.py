"""The writer's laws and the verifier's are two readings of one page: they refuse and accept the same entries."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from brightline.errors import RecordError
from brightline.record.entry import ENTRY_BYTES, Kind
from brightline.record.laws import State
from tests.assurance.records import Evidence, founding, mixed

ENTRIES = mixed(150, engine=True)
ROWS = len(ENTRIES) // ENTRY_BYTES
#: Rows of every kind, the rare ones as often as the others.
BY_KIND = [[i for i in range(ROWS) if ENTRIES[i * 256 + 16] == kind] for kind in Kind]
places = st.sampled_from(BY_KIND).flatmap(st.sampled_from)
offsets = st.integers(0, 15) | st.integers(16, 23) | st.integers(24, 255) | st.integers(184, 215)
values = st.integers(0, 9) | st.integers(0, 255)


@settings(max_examples=250)
@given(st.lists(st.tuples(places, offsets, values), min_size=1, max_size=3))
def test_what_the_writer_refuses_the_verifier_refuses(edits: list[tuple[int, int, int]]) -> None:
    entries = bytearray(ENTRIES)
    for row, offset, value in edits:
        entries[row * ENTRY_BYTES + offset] = value
    try:
        State().read(bytes(entries))
        lawful = True
    except RecordError:
        lawful = False
    steps = Evidence(bytes(entries), founding()).verified().steps
    assert all(steps[i].ok for i in (4, 5, 7)) is lawful, steps
    assert all(s.ok for s in steps[:4])


def test_every_kind_was_there() -> None:
    assert all(BY_KIND)
