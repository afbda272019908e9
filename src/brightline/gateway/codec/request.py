"""`decode` a request to a neutral call; `forward_body` writes what goes upstream."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from brightline.errors import CallError
from brightline.gateway.codec import text
from brightline.gateway.codec.body import LIMITS, CallLimits, encode, read, refuse_lookalikes
from brightline.gateway.codec.call import Api, Call
from brightline.gateway.codec.closed import CLOSED, refuse_closed
from brightline.gateway.codec.text import Kind

_Name = Annotated[str, Meta(min_length=1, max_length=256)]
_Count = Annotated[int, Meta(ge=1, le=128)]
_Tools = list[dict[str, Any]]


class _StreamOptions(msgspec.Struct, gc=False):
    include_usage: bool | None = None


class _Metadata(msgspec.Struct, gc=False):
    user_id: Any = None


class _Message(msgspec.Struct, gc=False):
    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: str | list[Any] | None = None


class _AnthropicMessage(msgspec.Struct, gc=False):
    role: Literal["system", "user", "assistant"]
    content: str | list[Any] | None = None


class _Head(msgspec.Struct, gc=False):
    """The fields that decide something here, by their exact types; all others pass."""

    model: _Name
    stream: bool | None = None
    max_tokens: int | None = None
    max_completion_tokens: int | None = None
    n_predict: int | None = None  # llama.cpp's own, stronger there than the others
    n: _Count | None = None
    n_cmpl: _Count | None = None  # likewise
    safety_identifier: str | None = None
    user: str | None = None
    user_profile_id: str | None = None
    metadata: _Metadata | None = None
    stream_options: _StreamOptions | None = None
    tools: _Tools | None = None
    functions: _Tools | None = None
    mcp_servers: _Tools | None = None
    web_search_options: Any = None


class _Chat(_Head, gc=False, kw_only=True):
    messages: Annotated[list[_Message], Meta(min_length=1)]


class _Messages(_Head, gc=False, kw_only=True):
    messages: Annotated[list[_AnthropicMessage], Meta(min_length=1)]


_SHAPES: dict[Api, type[_Chat | _Messages]] = {Api.CHAT: _Chat, Api.MESSAGES: _Messages}
# Fields that nothing more need be asked of. Any other is looked at: closed, or taken by some parser for one of these?
_PLAIN = frozenset(_Chat.__struct_fields__) | {
    "frequency_penalty", "presence_penalty", "response_format", "seed", "stop", "stop_sequences", "system",
    "temperature", "thinking", "tool_choice", "top_p",
}  # fmt: skip
_KNOWN = _PLAIN | CLOSED | {"chat_template_kwargs"}


def decode(api: Api, body: bytes, limits: CallLimits = LIMITS) -> Call:
    """The neutral call that a request is. Raises CallError that names the field and the cure.

    Law: `decode(api, forward_body(decode(api, b), m))` differs from `decode(api, b)` in the model's name and in what
    `forward_body` says it adds, and in nothing else.
    """
    # 1 one reading of the bytes, nothing closed in it
    fields, encoding = read(body, limits)
    if not _PLAIN.issuperset(fields):
        refuse_lookalikes(fields, _KNOWN, "body")
        refuse_closed(fields)
    # 2 what the gateway itself reads, by its exact type
    try:
        head = msgspec.convert(fields, _SHAPES[api])
    except msgspec.ValidationError as error:
        raise _misshapen(str(error)) from None
    if not head.model.isprintable():
        raise CallError("a model's name is printable text", place="model", cure="name a model of GET /v1/models")
    # 3 the messages that are more than a role and a text
    messages: list[dict[str, Any]] = fields["messages"]
    parts: dict[Kind, int] = {}
    linked = 0
    for index, message in enumerate(messages):
        if len(message) != 2 or "content" not in message:
            refuse_lookalikes(message, _MESSAGE, f"messages[{index}]")
        if type(content := message.get("content")) is list:
            linked += _count(content, index, parts)
    asked = [most for most in (head.max_tokens, head.max_completion_tokens, head.n_predict) if most is not None]
    options = head.stream_options
    # An empty object asks for a search all the same.
    offers = head.tools or head.functions or head.mcp_servers or head.web_search_options is not None
    return Call(
        api=api,
        model=head.model,
        stream=head.stream is True,
        messages=len(messages),
        first_new=text.first_new(messages),
        tools=_tools(head) if offers else (),
        parts=parts,
        linked=linked,
        max_tokens=max(asked) if asked and min(asked) >= 0 else None,  # llama.cpp reads -1 as no bound
        answers=max(head.n or 1, head.n_cmpl or 1),
        user=_user(head),
        usage_asked=options is not None and options.include_usage is True,
        fields=fields,
        body=encoding,
    )


def forward_body(call: Call, model: str, own: Mapping[str, Any] | None = None) -> bytes:
    """The body that goes upstream: the call's fields in their order, `model` as the registry names it, and `own`.

    `own` are fields that only the gateway sets, such as the scales of llama.cpp's adapters. To an OpenAI stream
    `stream_options.include_usage` is added, so that its tokens are known; the reading takes the extra chunk out again.
    """
    changes: dict[str, Any] = {} if model == call.model else {"model": model}
    if call.stream and call.api is Api.CHAT and not call.usage_asked:
        changes["stream_options"] = {**(call.fields.get("stream_options") or {}), "include_usage": True}
    if own:
        changes.update(own)
    return encode({**call.fields, **changes}) if changes else call.body


_MESSAGE = frozenset({"role", "content"})
_TOOL = frozenset({"name", "type", "function", "custom"})


def _count(content: list[Any], index: int, parts: dict[Kind, int]) -> int:
    """Count the parts of one message into `parts` by kind; returns how many lie elsewhere."""
    for n, part in enumerate(content):
        if type(part) is not dict or type(part.get("type")) is not str:
            place = f"messages[{index}].content[{n}]"
            raise CallError("a part without a type", place=place, cure='send {"type": "text", "text": …}')
    linked = 0
    for part in text.parts(content):
        if (found := text.kind(part)) is not None:
            kind, elsewhere = found
            parts[kind] = parts.get(kind, 0) + 1
            linked += elsewhere
    return linked


def _tools(head: _Chat | _Messages) -> tuple[str, ...]:
    """Names of the tools offered, exact; a server's own tool without a name goes by its type."""
    names: list[str] = []
    unnamed: list[str] = ["web_search"] if head.web_search_options is not None else []
    for field in ("tools", "functions", "mcp_servers"):
        for index, tool in enumerate(getattr(head, field) or ()):
            place = f"{field}[{index}]"
            refuse_lookalikes(tool, _TOOL, place)
            inner = tool.get("function", tool.get("custom", tool))
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


def _user(head: _Chat | _Messages) -> str | None:
    metadata = head.metadata.user_id if head.metadata is not None else None
    return head.safety_identifier or head.user or head.user_profile_id or (metadata if type(metadata) is str else None)


def _misshapen(error: str) -> CallError:
    """msgspec's sentence as ours: its path is the place; a value that it quotes is left out."""
    message, _, path = error.partition(" - at `$")
    message = re.sub(r"'.*'", "", message, flags=re.DOTALL).strip().replace("`", "")
    missing = re.search(r"missing required field (\w+)", message)
    place = f"{path.strip('`.')}.{missing[1]}".lstrip(".") if missing else path.strip("`.")
    return CallError(message[:1].lower() + message[1:], place=place or "body", cure="see the API's reference")
