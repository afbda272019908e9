"""What of a call is no text: images, audio, files, and parts of kinds that are not known here.

Nothing in this gateway reads them. They are counted (`Call.parts`), the entry of the decision says `NOT_SCREENED`, and
its private side lists each with its place, kind, digest and size, so that who holds the file can show that it was the
one, and nobody else learns of it. Sizes are rounded up to a power of two.

A URL passes: the terms decide what may be done unscreened, and the URL is text that is read. What it leads to is not in
the record. A file by its id is refused: it came to the model server past this gateway.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

from brightline.errors import CallError
from brightline.gateway.codec import text
from brightline.gateway.codec.body import encode
from brightline.gateway.codec.call import Call

_BY_ID = ("container_upload", "document", "file", "image", "input_file", "input_image")


def described(call: Call) -> bytes:
    """The parts of a call as JSON: `[{"at", "kind", "size", "digest", "linked"}]`; `size` in bytes."""
    return encode([about for turn in range(len(call.turns)) for about in _described(call, turn)])


def refuse_by_id(part: dict[str, Any], place: str) -> None:
    """Raise CallError where a part is a file that the model server keeps."""
    if part.get("type") not in _BY_ID:
        return
    holders = (part, part.get("file"), part.get("source"))
    if any(type(holder) is dict and holder.get("file_id") is not None for holder in holders):
        cure = "send the file itself, in base64: what the model server keeps was not decided here"
        raise CallError("a file that the model server keeps", code="kept_upstream", place=place, cure=cure)


def _described(call: Call, turn: int) -> Iterator[dict[str, Any]]:
    content = call.turns[turn].get("content")
    for part in text.parts(content) if type(content) is list else ():
        found = text.kind(part)
        if found is None:
            continue
        kind, linked = found
        inline = text.inline(part)
        data = inline.encode() if inline is not None else encode(part)
        size = 0 if linked else 1 << max(len(data) * 3 // 4 - 1, 0).bit_length()
        digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
        yield {"at": call.place(turn), "kind": str(kind), "size": size, "digest": digest, "linked": linked}
