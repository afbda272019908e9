"""`GET /v1/models` in both families' shapes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec

from brightline.errors import CallError, nearest
from brightline.gateway.codec.body import encode
from brightline.gateway.codec.call import Family


class ListedModel(msgspec.Struct, frozen=True):
    """A model as a client sees it: `created` in Unix seconds, `owner` the vendor who signed for it."""

    name: str
    owner: str
    created: int = 0


def models_list(family: Family, models: Sequence[ListedModel]) -> bytes:
    """The list as the family's SDK reads it. A client that sends `anthropic-version` is of Anthropic's family."""
    if family is Family.OPENAI:
        data = [{"id": m.name, "object": "model", "created": m.created, "owned_by": m.owner} for m in models]
        return encode({"object": "list", "data": data})
    entries = [
        {
            "type": "model",
            "id": m.name,
            "display_name": m.name,
            "created_at": datetime.fromtimestamp(m.created, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "lifecycle": "active",
        }
        for m in models
    ]
    ends = {"first_id": models[0].name if models else None, "last_id": models[-1].name if models else None}
    return encode({"data": entries, "has_more": False, **ends})


def unknown_model(name: str, known: Sequence[str]) -> CallError:
    """The error for a model that the agreement does not name: HTTP 404, as both APIs answer."""
    return CallError(
        f"no model {name!r} here", status=404, code="model_not_found", place="model", cure=nearest(name, known)
    )
