"""`decode` a request to a neutral call; `forward_body` writes what goes upstream."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from brightline.errors import CallError
from brightline.gateway.codec import items, media, prompts, shapes, text
from brightline.gateway.codec.body import LIMITS, CallLimits, encode, read, refuse_lookalikes
from brightline.gateway.codec.call import Api, Call
from brightline.gateway.codec.closed import CLOSED, refuse_closed
from brightline.gateway.codec.text import Kind

_SHAPES: Mapping[Api, type[shapes.Head]] = {
    Api.CHAT: shapes.Chat,
    Api.MESSAGES: shapes.Messages,
    Api.RESPONSES: shapes.Responses,
    Api.COMPLETIONS: shapes.Completions,
    Api.EMBEDDINGS: shapes.Embeddings,
    Api.COUNT_TOKENS: shapes.Messages,
}
# Fields that nothing more need be asked of. Any other is looked at: closed, or taken by some parser for one of these?
_PLAIN = {
    api: frozenset(shape.__struct_fields__)
    | set(api.spoken)
    | {
        "frequency_penalty", "presence_penalty", "response_format", "seed", "stop", "stop_sequences", "temperature",
        "thinking", "tool_choice", "top_p",
    }
    for api, shape in _SHAPES.items()
}  # fmt: skip
_KNOWN = {api: plain | CLOSED | {"chat_template_kwargs"} for api, plain in _PLAIN.items()}


def decode(api: Api, body: bytes, limits: CallLimits = LIMITS) -> Call:
    """The neutral call that a request is. Raises CallError that names the field and the cure.

    Law: `decode(api, forward_body(decode(api, b), m))` differs from `decode(api, b)` in the model's name and in what
    `forward_body` says it adds, and in nothing else.
    """
    # 1 one reading of the bytes, nothing closed in it
    fields, encoding = read(body, limits)
    if not _PLAIN[api].issuperset(fields):
        refuse_lookalikes(fields, _KNOWN[api], "body")
        refuse_closed(fields, api.spoken)
    # 2 what the gateway itself reads, by its exact type
    try:
        head = msgspec.convert(fields, _SHAPES[api])
    except msgspec.ValidationError as error:
        raise shapes.misshapen(str(error)) from None
    if not head.model.isprintable():
        raise CallError("a model's name is printable text", place="model", cure="name a model of GET /v1/models")
    # 3 the turns of the conversation, and what in them is more than a role and a text
    turns, first_new = _turns(api, fields)
    parts: dict[Kind, int] = {}
    linked = 0
    for index, turn in enumerate(turns):
        if len(turn) != 2 or "content" not in turn:
            refuse_lookalikes(turn, _TURN, f"{api.spoken[0]}[{index}]")
        if type(content := turn.get("content")) is list:
            linked += _count(content, f"{api.spoken[0]}[{index}].content", parts)
    options = head.stream_options
    return Call(
        api=api,
        model=head.model,
        stream=head.stream is True and api not in _WHOLE,
        turns=turns,
        first_new=first_new,
        tools=_tools(api, head) if head.offers else (),
        parts=parts,
        linked=linked,
        max_tokens=head.most,
        answers=_answers(api, head, turns),
        user=head.claimed_user,
        usage_asked=options is not None and options.include_usage is True,
        fields=fields,
        body=encoding,
    )


def forward_body(call: Call, model: str, own: Mapping[str, Any] | None = None) -> bytes:
    """The body that goes upstream: the call's fields in their order, `model` as the registry names it, and `own`.

    `own` are fields that only the gateway sets, such as the scales of llama.cpp's adapters. To an OpenAI stream
    `stream_options.include_usage` is added, so that its tokens are known; the reading takes the extra chunk out again.
    To a call of the Responses API `store = false` is added: left out, it would mean true.
    """
    changes: dict[str, Any] = {} if model == call.model else {"model": model}
    if call.stream and call.api in (Api.CHAT, Api.COMPLETIONS) and not call.usage_asked:
        changes["stream_options"] = {**(call.fields.get("stream_options") or {}), "include_usage": True}
    if call.api is Api.RESPONSES and call.fields.get("store") is not False:
        changes["store"] = False
    if own:
        changes.update(own)
    return encode({**call.fields, **changes}) if changes else call.body


_WHOLE = frozenset({Api.EMBEDDINGS, Api.COUNT_TOKENS})  # their answers have no stream
_WITHOUT_TOOLS = frozenset({Api.COMPLETIONS, Api.EMBEDDINGS})
_TURN = frozenset({"role", "content"})
_TOOL = frozenset({"name", "type", "function", "custom"})


def _turns(api: Api, fields: dict[str, Any]) -> tuple[list[dict[str, Any]], int]:
    """The conversation as turns, and the index of the first that is new."""
    match api:
        case Api.CHAT | Api.MESSAGES | Api.COUNT_TOKENS:
            turns = fields["messages"]
            return turns, text.first_new(turns)
        case Api.RESPONSES:
            turns = items.turns(fields)
            return turns, items.first_new(turns)
        case Api.COMPLETIONS | Api.EMBEDDINGS:
            name = api.spoken[0]
            return prompts.turns(fields[name], name), 0


def _answers(api: Api, head: shapes.Head, turns: list[dict[str, Any]]) -> int:
    """How many answers are asked for: to the older API, for each prompt."""
    answers = head.answers * (len(turns) if api is Api.COMPLETIONS else 1)
    if answers > shapes.MAX_ANSWERS:
        cure = f"ask for at most {shapes.MAX_ANSWERS} in one call"
        raise CallError(f"more than {shapes.MAX_ANSWERS} answers", place=api.spoken[0], cure=cure)
    return answers


def _count(content: list[Any], place: str, parts: dict[Kind, int]) -> int:
    """Count the parts of one turn into `parts` by kind; returns how many lie elsewhere."""
    for n, part in enumerate(content):
        if type(part) is not dict or type(part.get("type")) is not str:
            raise CallError("a part without a type", place=f"{place}[{n}]", cure='send {"type": "text", "text": …}')
    linked = 0
    for part in text.parts(content):
        media.refuse_by_id(part, place)
        if (found := text.kind(part)) is not None:
            kind, elsewhere = found
            parts[kind] = parts.get(kind, 0) + 1
            linked += elsewhere
    return linked


def _tools(api: Api, head: shapes.Head) -> tuple[str, ...]:
    """Names of the tools offered, exact; a server's own tool without a name goes by its type."""
    if api in _WITHOUT_TOOLS:
        cure = "leave them out, or call /v1/chat/completions"
        raise CallError("this API has no tools", code="closed_field", place="tools", cure=cure)
    names: list[str] = []
    unnamed: list[str] = ["web_search"] if head.web_search_options is not None else []
    for field in ("tools", "functions", "mcp_servers"):
        for index, tool in enumerate(getattr(head, field) or ()):
            place = f"{field}[{index}]"
            refuse_lookalikes(tool, _TOOL, place)
            inner = tool.get("function", tool.get("custom", tool))
            if inner is not tool and api is Api.RESPONSES:
                cure = "name it beside its type, as the Responses API does"
                raise CallError("a tool that could be read in two ways", place=place, cure=cure)
            named = type(inner) is dict and "name" in inner
            name = inner["name"] if named else tool.get("type") if inner is tool else None
            if type(name) is not str or not 0 < len(name) <= 256 or not name.isprintable():
                raise CallError("a tool without a name", place=place, cure="name it by 1 to 256 printable characters")
            if inner is not tool:
                refuse_lookalikes(inner, _TOOL, place)
            (names if named else unnamed).append(name)
    if len(set(names)) != len(names):
        raise CallError("two tools share a name", place="tools", cure="give each tool a name of its own")
    return (*names, *dict.fromkeys(unnamed))
