"""Which APIs a model server has, and how a call reaches it in one of them."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from brightline.errors import UpstreamError
from brightline.gateway.codec import Api, Call, forward_body
from brightline.gateway.codec.answer import LIMITS
from brightline.gateway.codec.body import encode
from brightline.gateway.codec.sse import Events, parse
from brightline.gateway.translate import chat_to_messages, messages_to_chat, responses_to_chat
from brightline.gateway.translate.as_chat import AsChat
from brightline.gateway.translate.as_messages import AsMessages
from brightline.gateway.translate.as_response import AsResponse
from brightline.gateway.translate.fields import untranslatable
from brightline.gateway.translate.hear_chat import HearChat
from brightline.gateway.translate.hear_messages import HearMessages
from brightline.gateway.translate.speaks import Speaks
from brightline.gateway.translate.told import End, Failed, Hearing, Stop, Told, Writer

_HAS: Mapping[Speaks, frozenset[Api]] = {
    Speaks.BOTH: frozenset(Api),
    Speaks.OPENAI: frozenset({Api.CHAT, Api.RESPONSES, Api.COMPLETIONS, Api.EMBEDDINGS}),
    Speaks.OPENAI_CHAT: frozenset({Api.CHAT, Api.COMPLETIONS, Api.EMBEDDINGS}),
    Speaks.ANTHROPIC: frozenset({Api.MESSAGES, Api.COUNT_TOKENS}),
}
_Request = Callable[[Mapping[str, Any]], dict[str, Any]]
_STEPS: Mapping[tuple[Api, Api], tuple[_Request, ...]] = {
    (Api.MESSAGES, Api.CHAT): (messages_to_chat.request,),
    (Api.CHAT, Api.MESSAGES): (chat_to_messages.request,),
    (Api.RESPONSES, Api.CHAT): (responses_to_chat.request,),
    (Api.RESPONSES, Api.MESSAGES): (responses_to_chat.request, chat_to_messages.request),
}
_HEARS: Mapping[Api, Callable[[], Hearing]] = {Api.CHAT: HearChat, Api.MESSAGES: HearMessages}
_WRITES: Mapping[Api, Callable[[], Writer]] = {
    Api.CHAT: AsChat,
    Api.MESSAGES: AsMessages,
    Api.RESPONSES: AsResponse,
}


class Asked(NamedTuple):
    """What goes upstream: in which API, and the body."""

    api: Api
    body: bytes


@dataclass(frozen=True, slots=True)
class Dialect:
    """How calls reach a model server that speaks this."""

    speaks: Speaks = Speaks.BOTH

    def asked(self, call: Call, model: str, own: Mapping[str, Any] | None = None) -> Asked:
        """The call as the model server has it; `model` and `own` as for `forward_body`.

        Raises CallError 400 `not_translated` where it cannot be said there.
        """
        target = self._target(call.api)
        if target is call.api:
            return Asked(call.api, forward_body(call, model, own))
        made: Mapping[str, Any] = call.fields
        for step in _STEPS[call.api, target]:
            made = step(made)
        more: dict[str, Any] = {"model": model, **(own or {})}
        if call.stream and target is Api.CHAT:
            more["stream_options"] = {"include_usage": True}
        return Asked(target, encode({**made, **more}))

    def refuse(self, call: Call) -> None:
        """Raise as `asked` would, before anything is decided."""
        if call.api not in _HAS[self.speaks]:
            self.asked(call, call.model)

    def answer(self, api: Api, content_type: str, chunks: AsyncIterable[bytes]) -> AsyncIterable[bytes]:
        """The bytes of an answer with status 200 as the client's API has them. Raises UpstreamError, while it runs."""
        target = self._target(api)
        if target is api:
            return chunks
        if content_type.partition(";")[0].strip().lower() == "text/event-stream":
            return _streamed(_HEARS[target](), _WRITES[api](), chunks)
        return _whole(_HEARS[target](), _WRITES[api](), chunks)

    def _target(self, api: Api) -> Api:
        has = _HAS[self.speaks]
        if api in has:
            return api
        for target in (Api.CHAT, Api.MESSAGES):
            if target in has and (api, target) in _STEPS:
                return target
        raise untranslatable(f"a call to {api}", "path")


async def _streamed(hearing: Hearing, writer: Writer, chunks: AsyncIterable[bytes]) -> AsyncIterator[bytes]:
    """Event by event. A server that leaves out its end mark has ended where it told why it stopped."""
    events = Events(LIMITS.event)
    stopped = over = False
    async for chunk in chunks:
        out = []
        for event in events.feed(chunk):
            for told in _heard(hearing, event):
                if over:
                    raise UpstreamError("the model server went on after the end of its answer", sent=True)
                stopped = stopped or isinstance(told, Stop)
                over = isinstance(told, End | Failed)
                out.append(writer.tell(told))
        if events.too_large:
            raise UpstreamError("an event of the model server is too large", sent=True)
        if any(out):
            yield b"".join(out)
    rest = [writer.tell(told) for told in _heard(hearing, events.rest)] if events.rest else []
    if stopped and not over and not events.rest:
        rest.append(writer.tell(End()))
    if any(rest):
        yield b"".join(rest)


def _heard(hearing: Hearing, event: bytes) -> list[Told]:
    name, data = parse(event)
    return [] if data is None else hearing.event(name, data)


async def _whole(hearing: Hearing, writer: Writer, chunks: AsyncIterable[bytes]) -> AsyncIterator[bytes]:
    body = bytearray()
    async for chunk in chunks:
        body += chunk
    failed = None
    for told in hearing.whole(bytes(body)):
        writer.tell(told)
        failed = told if isinstance(told, Failed) else failed
    if failed is not None:
        error = {"type": failed.type, "message": failed.message}
        yield encode({"type": "error", "error": error})
        return
    yield encode(writer.whole())
