"""An opening: one private field of one entry, shown to be what the log committed to; and nothing else.

    {"type": "brightline/opening/v1", "agreement": digest, "checkpoint": the signed note, "entry": 256 bytes in base64,
     "proof": [hashes of the inclusion proof, hex, from the leaf up],
     "field": {"index", "name", "value" (base64), "salt" (hex), "others" [hex]}}

Canonical JSON, signed by nobody: the checkpoint's signature covers the entry, the entry's commitment the field. It
shows the field, its place among how many, and the entry; of the other fields only hashes under salts that stay secret.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Never

from brightline.agreement import Keys
from brightline.assurance.verify.agreed import read_agreed
from brightline.assurance.verify.log import read_checkpoint
from brightline.canonical import dump, parse
from brightline.errors import InputError, RecordError
from brightline.record import note
from brightline.record.checkpoint import Checkpoint
from brightline.record.commitment import MAX_FIELDS, Opening, check_opening
from brightline.record.entry import Entry, unpack
from brightline.record.merkle import hash_leaf, verify_inclusion

TYPE: Final = "brightline/opening/v1"
MAX_OPENING: Final = 8 << 20
"""Bytes of an opening's file."""
_KEYS = {"type", "agreement", "checkpoint", "entry", "proof", "field"}
_FIELD = {"index", "name", "value", "salt", "others"}
_CURE = "ask for the opening again, as it was written"


@dataclass(frozen=True, slots=True)
class Opened:
    """What an opening shows: `name` and `value` of one field of `entry`, as of the log's checkpoint."""

    entry: Entry
    name: str
    value: bytes
    fields: int  # how many the entry has
    signed: Checkpoint


def opening_file(agreement: str, checkpoint: bytes, entry: bytes, proof: Sequence[bytes], opening: Opening) -> bytes:
    """An opening as a file."""
    return dump(
        {
            "type": TYPE,
            "agreement": agreement,
            "checkpoint": checkpoint.decode(),
            "entry": base64.b64encode(entry).decode(),
            "proof": [node.hex() for node in proof],
            "field": {
                "index": opening.index,
                "name": opening.name,
                "value": base64.b64encode(opening.value).decode(),
                "salt": opening.salt.hex(),
                "others": [leaf.hex() for leaf in opening.others],
            },
        }
    )


def is_opening(head: bytes) -> bool:
    """Whether a file that begins so is meant to be an opening."""
    return head[:1] == b"{"


def verify_opening(data: bytes, agreement: bytes, keys: Keys | None, rotations: Sequence[bytes] = ()) -> Opened:
    """What an opening shows, in four steps. `keys`, `rotations`: as `verify` takes them.

    Raises AgreementError, RecordError: then it shows nothing.
    """
    # 1. well formed, in its one spelling
    value = _read(data)
    # 2. the agreement that it names is signed by both parties
    agreed = read_agreed(agreement, keys, rotations)
    if value["agreement"] != agreed.digest:
        _refuse("agreement", f"the opening is about another agreement than {agreed.digest}")
    # 3. the entry is in the log that the agreement names
    try:
        signed_note = value["checkpoint"].encode()
        raw, proof, opening = _parts(value)
        origin = Checkpoint.parse(note.parse(signed_note).text).origin
        signed = read_checkpoint(signed_note, origin, agreed.agreement)
        entry = unpack(raw)
    except (AttributeError, KeyError, TypeError, ValueError, UnicodeError):
        _refuse("opening", "a member of it is not what it should be")
    verify_inclusion(entry.sequence, signed.size, hash_leaf(raw), proof, signed.root)
    # 4. the field is what the entry commits to
    check_opening(entry.commitment, opening)
    return Opened(entry, opening.name, opening.value, len(opening.others) + 1, signed)


def _read(data: bytes) -> dict[str, Any]:
    if len(data) > MAX_OPENING:
        _refuse("opening", f"over {MAX_OPENING >> 20} MiB")
    value: Any = parse(data, "opening", error=RecordError)
    if not isinstance(value, dict) or set(value) != _KEYS or value["type"] != TYPE:
        _refuse("opening", f"it does not hold exactly {', '.join(sorted(_KEYS))} of a {TYPE}")
    if not isinstance(value["field"], dict) or set(value["field"]) != _FIELD:
        _refuse("field", f"it does not hold exactly {', '.join(sorted(_FIELD))}")
    try:
        exact = dump(value) == data
    except InputError:
        exact = False
    if not exact:
        _refuse("opening", "it is not canonical JSON (RFC 8785)")
    return value


def _parts(value: dict[str, Any]) -> tuple[bytes, list[bytes], Opening]:
    shown = value["field"]
    if type(shown["index"]) is not int or not isinstance(shown["name"], str) or len(shown["others"]) >= MAX_FIELDS:
        raise ValueError("field")
    opening = Opening(
        shown["index"],
        shown["name"],
        note.decode_base64(shown["value"], "field: value"),
        _hex(shown["salt"]),
        tuple(_hex(leaf) for leaf in shown["others"]),
    )
    return note.decode_base64(value["entry"], "entry"), [_hex(node) for node in value["proof"]], opening


def _hex(text: str) -> bytes:
    found = bytes.fromhex(text)
    if found.hex() != text:  # capitals, or spaces between
        raise ValueError(text)
    return found


def _refuse(place: str, text: str) -> Never:
    raise RecordError(text, place=place, cure=_CURE)
