"""Bytes of the vendors' APIs in, neutral values out, and back: no sockets, no clock, no state between requests.

A request goes `decode` → decisions on the `Call` → `forward_body`. Its answer goes through a `reading`: `feed` and
`finish` give the client's bytes, `answer` says what was read. What Brightline itself says (`refusal`, `failure`,
`of_error`, `event`, `upstream`, `models_list`) is written in the shape of the client's `Family`.
"""

from brightline.gateway.codec.answer import Answer, AnswerLimits, Finish, Room, ToolCall
from brightline.gateway.codec.body import CallLimits
from brightline.gateway.codec.call import Api, Call, Family
from brightline.gateway.codec.media import described
from brightline.gateway.codec.models import ListedModel, models_list, unknown_model
from brightline.gateway.codec.reading import Reading, reading
from brightline.gateway.codec.reply import (
    Refusal,
    Reply,
    event,
    failure,
    of_error,
    refusal,
    refusal_event,
    upstream,
)
from brightline.gateway.codec.request import decode, forward_body
from brightline.gateway.codec.text import Kind, Piece, Role

__all__ = [
    "Answer",
    "AnswerLimits",
    "Api",
    "Call",
    "CallLimits",
    "Family",
    "Finish",
    "Kind",
    "ListedModel",
    "Piece",
    "Reading",
    "Refusal",
    "Reply",
    "Role",
    "Room",
    "ToolCall",
    "decode",
    "described",
    "event",
    "failure",
    "forward_body",
    "models_list",
    "of_error",
    "reading",
    "refusal",
    "refusal_event",
    "unknown_model",
    "upstream",
]
