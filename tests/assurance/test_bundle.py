"""The bundle's one spelling: whatever else is read is refused, and the error names the section."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brightline.assurance.verify.bundle import CHUNK, MAGIC, About, InMemory, head, open_bundle
from brightline.canonical import MAX_SAFE
from brightline.errors import RecordError
from brightline.record.entry import ENTRY_BYTES

DIGEST = "sha256:" + "ab" * 32
ABOUT = About(DIGEST, "example.com/log", 3)
NOTE = b"note\n"
ENTRIES = bytes(range(256)) * 3
GOOD = head(ABOUT, NOTE) + ENTRIES


class Pipe:
    """Gives a few bytes at a time, as a pipe or socket does."""

    def __init__(self, data: bytes, most: int) -> None:
        self.data, self.most = data, most
        self.largest = 0

    def read(self, size: int, /) -> bytes:
        self.largest = max(self.largest, size)
        piece, self.data = self.data[: min(size, self.most)], self.data[min(size, self.most) :]
        return piece


def read(data: bytes) -> tuple[About, bytes, bytes]:
    bundle = open_bundle(InMemory(data))
    return bundle.about, bundle.checkpoint, b"".join(bundle.entries())


def about(**changes: object) -> bytes:
    value = {"agreement": DIGEST, "count": 3, "first": 0, "origin": "example.com/log", **changes}
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def with_about(data: bytes) -> bytes:
    return MAGIC + b"about %d\n%b" % (len(data), data) + GOOD[GOOD.index(b"checkpoint ") :]


def test_what_is_written_is_read() -> None:
    assert read(GOOD) == (ABOUT, NOTE, ENTRIES)
    assert with_about(about()) == GOOD


@given(st.integers(1, 40))
def test_a_pipe_that_gives_little_at_a_time(most: int) -> None:
    bundle = open_bundle(Pipe(GOOD, most))
    assert b"".join(bundle.entries()) == ENTRIES


def test_never_more_than_a_chunk_is_asked_for() -> None:
    count = CHUNK // ENTRY_BYTES * 2 + 1
    pipe = Pipe(head(About(DIGEST, "x", count), NOTE) + bytes(count * ENTRY_BYTES), 1 << 30)
    sizes = [len(chunk) for chunk in open_bundle(pipe).entries()]
    assert sizes == [CHUNK, CHUNK, ENTRY_BYTES]
    assert pipe.largest == CHUNK


def test_every_shorter_file_is_refused() -> None:
    for cut in range(len(GOOD)):
        with pytest.raises(RecordError):
            read(GOOD[:cut])


@pytest.mark.parametrize(
    ("data", "place"),
    [
        (b"", "magic"),
        (b"brightline-bundle/v2\n" + GOOD[21:], "magic"),
        (GOOD + b"\n", "after entries"),
        (GOOD + b"more 0\n", "after entries"),
        (GOOD.replace(b"about ", b"About "), "about"),
        (GOOD.replace(b"about ", b"about  "), "about"),
        (GOOD.replace(b"about ", b"about 0"), "about"),
        (GOOD.replace(b"about ", b"about +"), "about"),
        (GOOD.replace(b"about ", b"about -"), "about"),
        (GOOD.replace(b"checkpoint 5\n", b"checkpoint 5\r\n"), "checkpoint"),
        (GOOD.replace(b"checkpoint 5\n", b"checkpoint\n"), "checkpoint"),
        (GOOD.replace(b"checkpoint 5\n", b"checkpoint 1048577\n"), "checkpoint"),
        (GOOD.replace(b"checkpoint 5\n", b"checkpoint " + b"9" * 19 + b"\n"), "checkpoint"),
        (GOOD.replace(b"checkpoint 5\n", b"checkpoint " + b"9" * 4000 + b"\n"), "checkpoint"),
        (GOOD.replace(b"checkpoint 5\n", b"checkpoint 4\n"), "openings"),
        (GOOD.replace(b"checkpoint 5\n", "checkpoint ٥\n".encode()), "checkpoint"),
        (GOOD.replace(b"entries 768\n", b"entries 767\n"), "entries"),
        (GOOD.replace(b"entries 768\n", b"entries 512\n"), "entries"),
        (GOOD.replace(b"entries 768\n", b"entries 1024\n"), "entries"),
        (GOOD.replace(b"entries 768\n", b"entries 4611686018427387905\n"), "entries"),
        (GOOD.replace(b"entries 768\n", b"checkpoint 768\n"), "entries"),
        (with_about(b"{}"), "about"),
        (with_about(b"[]"), "about"),
        (with_about(b"null"), "about"),
        (with_about(b"\xff"), "about"),
        (with_about(b"[" * 4000), "about"),
        (with_about(about() + b"\n"), "about"),
        (with_about(about().replace(b":3", b":3.0")), "about"),
        (with_about(about().replace(b":3", b": 3")), "about"),
        (with_about(about(count=True)), "about"),
        (with_about(about(count=-1)), "about"),
        (with_about(about(count=2**63)), "about"),
        (with_about(about(count=MAX_SAFE + 1)), "about"),
        (with_about(about(count=4)), "entries"),
        (with_about(about(first=1)), "about"),
        (with_about(about(first=False)), "about"),
        (with_about(about(agreement="ab" * 32)), "about"),
        (with_about(about(agreement=DIGEST.upper())), "about"),
        (with_about(about(origin="")), "about"),
        (with_about(about(origin="a\nb")), "about"),
        (with_about(about(origin="a\u202eb")), "about"),
        (with_about(about(origin="o" * 201)), "about"),
        (with_about(about(extra=1)), "about"),
        (with_about(about()[:-1] + b',"count":3}'), "about"),
    ],
)
def test_another_spelling_is_refused_by_the_section_that_has_it(data: bytes, place: str) -> None:
    with pytest.raises(RecordError) as caught:
        read(data)
    assert caught.value.place.startswith(place)
    assert caught.value.cure


def test_a_length_that_no_file_has_takes_no_memory() -> None:
    huge = About(DIGEST, "x", MAX_SAFE)
    assert About.from_bytes(huge.to_bytes()) == huge
    with pytest.raises(RecordError, match="the file ends"):
        read(head(huge, NOTE) + ENTRIES)


def test_a_part_of_a_log_is_refused_with_what_to_do() -> None:
    with pytest.raises(RecordError, match="export the whole log"):
        read(with_about(about(first=1)))


def test_a_checkpoint_that_no_reader_would_take_is_not_written() -> None:
    with pytest.raises(RecordError, match="1048577 bytes"):
        head(ABOUT, bytes((1 << 20) + 1))


@pytest.mark.parametrize(("section", "most"), [("about", 4096), ("checkpoint", 1 << 20)])
def test_a_length_over_the_limit_is_refused_before_anything_is_read(section: str, most: int) -> None:
    at = GOOD.index(section.encode() + b" ")
    pipe = Pipe(GOOD[:at] + b"%b %d\n" % (section.encode(), most + 1) + bytes(most + 1), 1 << 30)
    with pytest.raises(RecordError, match=f"{most + 1} bytes are more than {most}"):
        open_bundle(pipe)
    assert pipe.largest < most
