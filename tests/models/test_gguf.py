"""The header of GGUF files, honest and hostile."""

import contextlib
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brightline.errors import ModelError
from brightline.models import embedded_weights
from brightline.models.gguf import BASE, Header, parse_header, read_header
from tests.models.written import ADAPTER, field, gguf, text

FIELDS = {"general.architecture": "llama", "tokenizer.chat_template": "{{ x }}", "words": ["a", "b"], "n": 7}


def test_a_header_is_read_and_arrays_are_passed_over() -> None:
    header = parse_header(gguf(FIELDS))
    assert header == Header(3, 0, {n: v for n, v in FIELDS.items() if n != "words"})
    assert (header.architecture, header.chat_template, header.is_adapter) == ("llama", "{{ x }}", False)


def test_an_adapter_may_name_its_base() -> None:
    header = parse_header(gguf(ADAPTER | {BASE: "sha256:00"}))
    assert (header.is_adapter, header.base) == (True, "sha256:00")
    assert parse_header(gguf(ADAPTER)).base == ""
    assert parse_header(gguf(ADAPTER | {BASE: 7})).base == ""  # of another type: it says nothing


def test_the_embedded_weights() -> None:
    header = read_header(embedded_weights())
    assert (header.version, header.architecture, header.tensors) == (3, "llama", 272)
    assert header.chat_template.startswith("{% for message in messages %}")


def one(kind: int, rest: bytes) -> bytes:
    """A file with one field of a type, and its bytes as given."""
    return struct.pack("<4sIQQ", b"GGUF", 3, 0, 1) + text("k") + struct.pack("<I", kind) + rest


LONG = 2**63
HOSTILE = {
    "empty": (b"", "cut short"),
    "another file": (b"PK\x03\x04" + bytes(40), "not a GGUF file"),
    "version 1": (struct.pack("<4sIQQ", b"GGUF", 1, 0, 0), "not a GGUF file of version 2 or 3"),
    "big-endian": (struct.pack(">4sIQQ", b"GGUF", 3, 0, 0), "not a GGUF file of version 2 or 3"),
    "endless fields": (struct.pack("<4sIQQ", b"GGUF", 3, 0, LONG), "at most 4,096"),
    "fields that are not there": (struct.pack("<4sIQQ", b"GGUF", 3, 0, 5), "cut short"),
    "endless name": (struct.pack("<4sIQQQ", b"GGUF", 3, 0, 1, LONG), "cut short"),
    "endless text": (one(8, struct.pack("<Q", LONG)), "cut short"),
    "endless numbers": (one(9, struct.pack("<IQ", 12, LONG)), "cut short"),
    "endless texts": (one(9, struct.pack("<IQ", 8, LONG)), "cut short"),
    "array of arrays": (one(9, struct.pack("<IQ", 9, 1)), "array of arrays"),
    "unknown type": (one(13, bytes(8)), "unknown type 13"),
    "array of unknown type": (one(9, struct.pack("<IQ", 99, 1)), "unknown type 99"),
    "not UTF-8": (one(8, struct.pack("<Q", 1) + b"\xff"), "not UTF-8"),
    "a field twice": (
        struct.pack("<4sIQQ", b"GGUF", 3, 0, 2) + field("tokenizer.chat_template", "a") * 2,
        "has 'tokenizer.chat_template' twice",
    ),
}


@pytest.mark.parametrize(("data", "why"), HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_header_is_refused(tmp_path: Path, data: bytes, why: str) -> None:
    path = tmp_path / "x.gguf"
    path.write_bytes(data)
    with pytest.raises(ModelError, match=why) as caught:
        read_header(path)
    assert caught.value.place == str(path)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="cannot be read"):
        read_header(tmp_path / "none.gguf")


@given(st.integers(0, len(gguf(FIELDS)) - 1), st.binary(min_size=1, max_size=9))
def test_a_header_with_noise_in_it_is_read_or_refused(at: int, noise: bytes) -> None:
    data = gguf(FIELDS)
    with contextlib.suppress(ValueError, struct.error):
        assert parse_header(data[:at] + noise + data[at + len(noise) :]).version in (2, 3)
