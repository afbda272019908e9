"""The header of a GGUF file: what the weights or an adapter say of themselves. Its tensors are never read.

Source: ggml/docs/gguf.md, versions 2 and 3, little-endian. What a header says is a claim of whoever wrote the file:
the file's digest settles which file it is.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from brightline.errors import ModelError

MAX_HEADER = 32 << 20  # bytes; a vocabulary of 256,000 words takes a third of that
MAX_FIELDS = 4_096
BASE = "brightline.base_model.digest"  # of an adapter: `sha256:` and the digest of the weights that it was trained on

_NUMBERS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
_TEXT, _ARRAY = 8, 9
Scalar = bool | int | float | str


@dataclass(frozen=True, slots=True)
class Header:
    """`fields`: the key-value pairs whose value is no array."""

    version: int
    tensors: int
    fields: Mapping[str, Scalar]

    def text(self, name: str) -> str:
        """A field of text; empty where there is none."""
        value = self.fields.get(name, "")
        return value if isinstance(value, str) else ""

    @property
    def architecture(self) -> str:
        return self.text("general.architecture")

    @property
    def chat_template(self) -> str:
        return self.text("tokenizer.chat_template")

    @property
    def is_adapter(self) -> bool:
        return self.text("general.type") == "adapter"

    @property
    def base(self) -> str:
        """The digest of the weights that an adapter says it belongs to; empty where it says none."""
        return self.text(BASE)


def read_header(path: Path) -> Header:
    """The header of the file. Raises ModelError where it is none; reads at most MAX_HEADER bytes."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_HEADER)
    except OSError as e:
        why = f"cannot be read: {e.strerror}"
        raise ModelError(why, place=str(path), cure="check the path and its rights") from None
    try:
        return parse_header(data)
    except (struct.error, ValueError) as e:
        why = "its GGUF header is cut short or over 32 MiB" if isinstance(e, struct.error) else str(e)
        raise ModelError(why, place=str(path), cure="name a whole GGUF file, version 2 or 3") from None


def parse_header(data: bytes) -> Header:
    """As `read_header`, from the file's first bytes. Raises ValueError, and struct.error where they end too soon."""
    magic, version, tensors, count = struct.unpack_from("<4sIQQ", data)
    if magic != b"GGUF" or version not in (2, 3):
        raise ValueError("not a GGUF file of version 2 or 3")
    if count > MAX_FIELDS:
        raise ValueError(f"{count:,} fields in its GGUF header, where at most {MAX_FIELDS:,} may be")
    at, fields = 24, dict[str, Scalar]()
    for _ in range(count):
        name, at = _text(data, at)
        (kind,) = struct.unpack_from("<I", data, at)
        at += 4
        if name in fields:
            raise ValueError(f"its GGUF header has {name[:80]!r} twice")
        if kind == _ARRAY:
            at = _past_array(data, at)
        elif kind == _TEXT:
            fields[name], at = _text(data, at)
        else:
            form = "<" + _number(kind)
            (fields[name],) = struct.unpack_from(form, data, at)
            at += struct.calcsize(form)
    return Header(version, tensors, fields)


def _text(data: bytes, at: int) -> tuple[str, int]:
    """A string and the place after it. UnicodeDecodeError is a ValueError."""
    at, end = at + 8, _end_of_text(data, at)
    try:
        return data[at:end].decode(), end
    except UnicodeDecodeError:
        raise ValueError("text in its GGUF header is not UTF-8") from None


def _end_of_text(data: bytes, at: int) -> int:
    (length,) = struct.unpack_from("<Q", data, at)
    if length > len(data) - at - 8:
        raise struct.error("text")
    return at + 8 + int(length)


def _past_array(data: bytes, at: int) -> int:
    """The place after an array, whose length is believed only as far as there are bytes for it."""
    kind, count = struct.unpack_from("<IQ", data, at)
    at += 12
    if kind == _TEXT:
        for _ in range(count):
            at = _end_of_text(data, at)
        return at
    if kind == _ARRAY:
        raise ValueError("an array of arrays in its GGUF header, which no model has")
    size = int(count) * struct.calcsize("<" + _number(kind))
    if size > len(data) - at:
        raise struct.error("array")
    return at + size


def _number(kind: int) -> str:
    if kind not in _NUMBERS:
        raise ValueError(f"a value of unknown type {kind} in its GGUF header")
    return _NUMBERS[kind]
