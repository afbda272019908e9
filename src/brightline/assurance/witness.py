"""A witness of logs (C2SP tlog-witness): it cosigns a checkpoint that goes on from the last one it cosigned.

    old SIZE\\n                    what the client believes the witness cosigned last
    BASE64\\n …                    the consistency proof from there (RFC 6962, section 2.1.2), at most 63 lines
    \\n
    the checkpoint                a signed note

They are the body of `POST …/add-checkpoint`, and the same in a file that crosses an air gap. No I/O and no clock:
who calls keeps the last note of each log, and keeps the new one durably before anybody sees the cosignature.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final, Self

from brightline.assurance.verify.contradiction import Contradiction
from brightline.errors import RecordError
from brightline.keys import SigningKey, VerifyKey, WitnessKey, cosign
from brightline.record import note
from brightline.record.checkpoint import Checkpoint
from brightline.record.merkle import verify_consistency

MAX_PROOF: Final = 63
"""Lines of a consistency proof (tlog-witness)."""
MAX_REQUEST: Final = note.MAX_BYTES + 64 * 46
_OLD = re.compile(r"old (0|[1-9][0-9]{0,18})")
_CURE = "send `old SIZE`, the proof's lines, an empty line and the checkpoint (c2sp.org/tlog-witness)"


@dataclass(frozen=True, slots=True)
class Request:
    """What a log asks of a witness."""

    old: int
    proof: tuple[bytes, ...]
    checkpoint: bytes

    def to_bytes(self) -> bytes:
        lines = [f"old {self.old}", *(base64.b64encode(h).decode() for h in self.proof), "", ""]
        return "\n".join(lines).encode() + self.checkpoint

    @classmethod
    def from_bytes(cls, data: bytes, place: str = "request") -> Self:
        """Law: from_bytes(r.to_bytes()) == r. Raises RecordError."""
        head, blank, checkpoint = data.partition(b"\n\n")
        try:
            first, *lines = head.decode("ascii").split("\n")
        except UnicodeDecodeError:
            raise RecordError("no request for a cosignature", place=place, cure=_CURE) from None
        found = _OLD.fullmatch(first)
        if not found or not blank or len(lines) > MAX_PROOF or len(data) > MAX_REQUEST:
            raise RecordError("no request for a cosignature", place=place, cure=_CURE)
        proof = tuple(note.decode_base64(line, place) for line in lines)
        if any(len(h) != 32 for h in proof):
            raise RecordError("a hash of the proof has not 32 bytes", place=place, cure=_CURE)
        return cls(int(found[1]), proof, checkpoint)


@dataclass(frozen=True, slots=True)
class Answer:
    """`status` and `body` as HTTP has them; `text` says it to a person. `keep`: the note to keep before the answer is
    given. `contradiction`: proof that the log signed two histories, for everybody to see."""

    status: HTTPStatus
    body: bytes
    text: str
    origin: str = ""
    keep: bytes | None = None
    contradiction: Contradiction | None = None


class Witness:
    """One witness. `logs`: the keys of the logs that it watches, by origin."""

    def __init__(self, key: SigningKey, logs: Mapping[str, VerifyKey]) -> None:
        self._key, self._logs = key, logs
        self.public = WitnessKey(key.public)

    def read(self, data: bytes) -> tuple[Request, Checkpoint] | Answer:
        """The request and its checkpoint, if a log that is watched signed it; else the answer to give."""
        try:
            request = Request.from_bytes(data)
            found = Checkpoint.parse(note.parse(request.checkpoint, "checkpoint").text)
        except RecordError as e:
            return Answer(HTTPStatus.BAD_REQUEST, b"", str(e))
        key = self._logs.get(found.origin)
        if key is None:
            return Answer(HTTPStatus.NOT_FOUND, b"", "this witness does not watch that log")
        try:
            note.verify(request.checkpoint, [key], "checkpoint")
        except RecordError as e:
            return Answer(HTTPStatus.FORBIDDEN, b"", str(e), found.origin)
        if request.old > found.size:
            return Answer(HTTPStatus.BAD_REQUEST, b"", "old is larger than the checkpoint", found.origin)
        return request, found

    def answer(self, request: Request, found: Checkpoint, last: bytes | None, now: int) -> Answer:
        """The answer to a request that `read` gave; `last`: the note kept of this log; `now`: Unix seconds.

        Law: whatever it cosigns goes on from `last`; nothing smaller than `last` is ever cosigned.
        """
        kept = None if last is None else Checkpoint.parse(note.parse(last, "kept").text, "kept")
        size = kept.size if kept else 0
        if kept and last is not None and found.size == kept.size and found.root != kept.root:
            text = f"two checkpoints of {size} entries with different roots: the log shows two histories"
            proof = Contradiction(last, request.checkpoint)
            return Answer(HTTPStatus.CONFLICT, _size(size), text, found.origin, contradiction=proof)
        if request.old != size:
            text = f"the last checkpoint cosigned has {size} entries, not {request.old}"
            return Answer(HTTPStatus.CONFLICT, _size(size), text, found.origin)
        try:
            if kept and kept.size:
                verify_consistency(kept.size, found.size, request.proof, kept.root, found.root)
            elif request.proof:
                raise RecordError("nothing is to be proven of an empty tree", place="proof")
        except RecordError as e:
            text = f"it is not shown to go on from the {size} entries cosigned last: {e.text}"
            return Answer(HTTPStatus.UNPROCESSABLE_ENTITY, b"", text, found.origin)
        text = note.parse(request.checkpoint).text
        line = note.NoteSignature(self.public.name, self.public.id, cosign(self._key, text.encode(), now))
        said = f"cosigned {found.size} entries"
        return Answer(HTTPStatus.OK, str(line).encode(), said, found.origin, keep=request.checkpoint)


def attach(checkpoint: bytes, lines: bytes, known: WitnessKey) -> bytes:
    """The checkpoint with this witness's cosignature from an answer's lines; other lines are left out.

    Raises RecordError where its cosignature is not among them, or is false.
    """
    parsed = note.parse(checkpoint, "checkpoint")
    for line in note.parse(parsed.text.encode() + b"\n" + lines, "answer").signatures:
        if (line.name, line.key_id) == (known.name, known.id):
            if known.verify(line.signature, parsed.text.encode()) is None:
                break
            others = [s for s in parsed.signatures if (s.name, s.key_id) != (line.name, line.key_id)]
            return bytes(note.Note(parsed.text, (*others, line)))
    text = f"{known.name} did not cosign this checkpoint"
    raise RecordError(text, place="answer", cure="ask it again for this very checkpoint, and check its key")


def _size(size: int) -> bytes:
    return b"%d\n" % size
