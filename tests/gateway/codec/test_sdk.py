"""The real SDKs, with a transport in place of the network: they write what we decode and read what we write."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import anthropic
import httpx2
import openai
import pytest

from brightline.errors import CallError, StorageError, UpstreamError, UpstreamFault
from brightline.gateway.codec import (
    Api,
    Call,
    Family,
    ListedModel,
    Refusal,
    Reply,
    decode,
    event,
    forward_body,
    models_list,
    of_error,
    reading,
    refusal,
)
from tests.gateway.codec import vectors as v

WHY = {"decision": "d-1", "clauses": [{"id": "K4", "title": "No monitoring", "text": "…"}], "appeal": "/desk/d-1"}
BROKEN = UpstreamError("It broke off.", UpstreamFault.BROKE_OFF, sent=True)
HELLO: Any = [{"role": "user", "content": "Grüße 🙂"}]
Handler = Callable[[httpx2.Request], httpx2.Response]


def openai_client(handler: Handler) -> openai.OpenAI:
    return openai.OpenAI(
        api_key="k", base_url="http://gateway/v1", http_client=httpx2.Client(transport=httpx2.MockTransport(handler))
    )


def anthropic_client(handler: Handler) -> anthropic.Anthropic:
    return anthropic.Anthropic(
        api_key="k", base_url="http://gateway", http_client=httpx2.Client(transport=httpx2.MockTransport(handler))
    )


def http(reply: Reply) -> httpx2.Response:
    return httpx2.Response(reply.status, headers=[*reply.headers], content=reply.body)


class Gateway:
    """What the gateway does with one exchange, without sockets: decode, forward, read, pass on in small pieces."""

    def __init__(self, answer: bytes, content_type: str = v.SSE) -> None:
        self._answer, self._type = answer, content_type
        self.seen = 0
        self.call: Call | None = None
        self.forwarded: Any = None

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        self.seen += 1
        body = request.read()
        self.call = decode(Api(request.url.path), body)
        assert self.call.body == body  # the SDKs write what our encoding writes: nothing changes on the way
        self.forwarded = json.loads(forward_body(self.call, "upstream-name"))
        return httpx2.Response(200, headers={"content-type": self._type}, stream=Pieces(self._pass(self.call)))

    def _pass(self, call: Call) -> Iterator[bytes]:
        now = reading(call, self._type)
        for start in range(0, len(self._answer), 50):
            if piece := now.feed(self._answer[start : start + 50]):
                yield piece
        yield now.finish()


class Pieces(httpx2.SyncByteStream):
    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces

    def __iter__(self) -> Iterator[bytes]:
        return self._pieces


@pytest.mark.parametrize("code", list(Refusal))
@pytest.mark.parametrize("stream", [False, True])
def test_openai_raises_a_refusal_once_with_our_object(code: Refusal, stream: bool) -> None:
    sent: list[bytes] = []

    def handler(request: httpx2.Request) -> httpx2.Response:
        sent.append(request.read())
        return http(refusal(Family.OPENAI, code, "Not on these terms.", WHY))

    with pytest.raises(openai.PermissionDeniedError, match="Not on these terms") as caught:
        openai_client(handler).chat.completions.create(model="m", messages=HELLO, stream=stream)
    assert len(sent) == 1
    assert caught.value.code == code
    assert isinstance(caught.value.body, dict)
    assert caught.value.body["brightline"] == WHY


@pytest.mark.parametrize("code", list(Refusal))
@pytest.mark.parametrize("stream", [False, True])
def test_anthropic_raises_a_refusal_once_with_our_object(code: Refusal, stream: bool) -> None:
    sent: list[bytes] = []

    def handler(request: httpx2.Request) -> httpx2.Response:
        sent.append(request.read())
        return http(refusal(Family.ANTHROPIC, code, "Not on these terms.", WHY))

    with pytest.raises(anthropic.PermissionDeniedError, match="Not on these terms") as caught:
        anthropic_client(handler).messages.create(model="m", messages=HELLO, max_tokens=9, stream=stream)
    assert len(sent) == 1
    assert (caught.value.type, caught.value.error_code) == ("permission_error", code)
    assert caught.value.api_message == "Not on these terms."
    assert isinstance(caught.value.body, dict)
    assert caught.value.body["brightline"] == WHY


STATUSES = [
    (400, openai.BadRequestError, anthropic.BadRequestError),
    (401, openai.AuthenticationError, anthropic.AuthenticationError),
    (404, openai.NotFoundError, anthropic.NotFoundError),
    (413, openai.APIStatusError, anthropic.ContentTooLargeError),
    (429, openai.RateLimitError, anthropic.RateLimitError),
    (502, openai.InternalServerError, anthropic.InternalServerError),
    (503, openai.InternalServerError, anthropic.ServiceUnavailableError),
    (504, openai.InternalServerError, anthropic.GatewayTimeoutError),
]


@pytest.mark.parametrize(("status", "of_openai", "of_anthropic"), STATUSES)
def test_every_other_error_raises_the_sdks_own_class(
    status: int, of_openai: type[Exception], of_anthropic: type[Exception]
) -> None:
    def answer(family: Family) -> Handler:
        return lambda _: http(of_error(family, CallError("no", status=status, code="c", place="body", cure="do")))

    with pytest.raises(of_openai, match="do"):
        openai_client(answer(Family.OPENAI)).with_options(max_retries=0).chat.completions.create(
            model="m", messages=HELLO
        )
    with pytest.raises(of_anthropic, match="do"):
        anthropic_client(answer(Family.ANTHROPIC)).with_options(max_retries=0).messages.create(
            model="m", messages=HELLO, max_tokens=9
        )


@pytest.mark.parametrize(("retry", "times"), [(True, 2), (False, 1)])
def test_the_sdks_send_again_unless_told_not_to(retry: bool, times: int) -> None:
    seen: list[str] = []

    def answer(family: Family) -> Handler:
        def handler(request: httpx2.Request) -> httpx2.Response:
            seen.append(request.url.path)
            reply = of_error(family, StorageError("disk full"))
            quick = (b"retry-after-ms", b"1")
            return http(
                Reply(reply.status, (*reply.headers, quick) if retry else (*reply.headers, NO, quick), reply.body)
            )

        return handler

    NO = (b"x-should-retry", b"false")  # noqa: N806
    with pytest.raises(openai.InternalServerError):
        openai_client(answer(Family.OPENAI)).with_options(max_retries=1).chat.completions.create(
            model="m", messages=HELLO
        )
    with pytest.raises(anthropic.ServiceUnavailableError):
        anthropic_client(answer(Family.ANTHROPIC)).with_options(max_retries=1).messages.create(
            model="m", messages=HELLO, max_tokens=9
        )
    assert len(seen) == 2 * times


def test_an_openai_stream_reads_as_if_nobody_stood_between() -> None:
    gateway = Gateway(v.CHAT)
    chunks = list(openai_client(gateway).chat.completions.create(model="m", messages=HELLO, stream=True))
    assert "".join(c.choices[0].delta.content or "" for c in chunks) == "Grüße 世界 🙂"
    assert [c.choices[0].finish_reason for c in chunks][-1] == "stop"
    assert all("usage" not in c.model_fields_set for c in chunks)  # it did not ask
    assert gateway.forwarded["stream_options"] == {"include_usage": True}
    assert gateway.forwarded["model"] == "upstream-name"


def test_an_openai_stream_whose_client_asked_for_usage() -> None:
    gateway = Gateway(v.CHAT)
    chunks = list(
        openai_client(gateway).chat.completions.create(
            model="m", messages=HELLO, stream=True, stream_options={"include_usage": True}
        )
    )
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.completion_tokens == 5
    assert chunks[-1].choices == []


def test_openais_stream_helper_gathers_the_tool_calls_that_we_gathered() -> None:
    gateway = Gateway(v.CHAT_TOOLS)
    with openai_client(gateway).chat.completions.stream(
        model="m", messages=HELLO, tools=v.CHAT_TOOL["tools"]
    ) as stream:
        message = stream.get_final_completion().choices[0].message
    _, _, answer = v.read(v.CHAT_CALL, [v.CHAT_TOOLS])
    assert message.tool_calls is not None
    assert [(t.id, t.function.name, t.function.arguments) for t in message.tool_calls] == [
        (t.id, t.name, t.arguments) for t in answer.tool_calls
    ]


def test_anthropics_stream_helper_gathers_what_we_gathered() -> None:
    gateway = Gateway(v.MESSAGES)
    tool: anthropic.types.ToolParam = {"name": "weather", "input_schema": {"type": "object"}}
    with anthropic_client(gateway).messages.stream(model="m", messages=HELLO, max_tokens=9, tools=[tool]) as stream:
        message = stream.get_final_message()
    _, _, answer = v.read(v.MESSAGES_CALL, [v.MESSAGES])
    said = [getattr(b, "thinking", None) or getattr(b, "text", None) or "" for b in message.content]
    assert "".join(said) == answer.text
    uses = [b for b in message.content if b.type in ("tool_use", "server_tool_use")]
    assert [(b.id, b.name, b.input) for b in uses] == [  # type: ignore[union-attr]
        (t.id, t.name, json.loads(t.arguments)) for t in answer.tool_calls
    ]
    assert message.stop_reason == "tool_use"
    assert message.usage.output_tokens == answer.output_tokens


@pytest.mark.parametrize("name", ["chat-stream-usage", "chat"])
def test_the_engines_answers_through_openai(name: str) -> None:
    c = v.capture(name)
    client = openai_client(Gateway(c.body, c.content_type))
    if "stream" in name:
        chunks = client.chat.completions.create(model="m", messages=HELLO, stream=True)
        said = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
    else:
        said = client.chat.completions.create(model="m", messages=HELLO).choices[0].message.content or ""
    assert said.startswith("Hello")


@pytest.mark.parametrize("name", ["messages-stream", "messages"])
def test_the_engines_answers_through_anthropic(name: str) -> None:
    c = v.capture(name)
    client = anthropic_client(Gateway(c.body, c.content_type))
    if "stream" in name:
        with client.messages.stream(model="m", messages=HELLO, max_tokens=9) as stream:
            said = "".join(stream.text_stream)
    else:
        block = client.messages.create(model="m", messages=HELLO, max_tokens=9).content[0]
        said = block.text if block.type == "text" else ""
    assert said.startswith("Hello")


def test_our_event_ends_an_openai_stream() -> None:
    begun = v.chat_events([v.chunk({"content": "Half"})], done=False)

    def handler(_: httpx2.Request) -> httpx2.Response:
        tail = event(Api.CHAT, BROKEN)
        return httpx2.Response(200, headers={"content-type": v.SSE}, content=begun + tail)

    chunks = openai_client(handler).chat.completions.create(model="m", messages=HELLO, stream=True)
    assert next(chunks).choices[0].delta.content == "Half"
    with pytest.raises(openai.APIError, match="It broke off") as caught:
        next(chunks)
    assert caught.value.code == "upstream_broke_off"


def test_our_event_ends_an_anthropic_stream() -> None:
    begun = v.message_events([v.START])

    def handler(_: httpx2.Request) -> httpx2.Response:
        tail = event(Api.MESSAGES, BROKEN)
        return httpx2.Response(200, headers={"content-type": v.SSE}, content=begun + tail)

    events = anthropic_client(handler).messages.create(model="m", messages=HELLO, max_tokens=9, stream=True)
    assert next(events).type == "message_start"
    with pytest.raises(anthropic.APIStatusError, match="It broke off") as caught:
        next(events)
    assert caught.value.error_code == "upstream_broke_off"


def test_both_sdks_list_models() -> None:
    def handler(request: httpx2.Request) -> httpx2.Response:
        family = Family.ANTHROPIC if "anthropic-version" in request.headers else Family.OPENAI
        models = [ListedModel("smollm2", "Vendor", 1_700_000_000)]
        return httpx2.Response(200, headers={"content-type": "application/json"}, content=models_list(family, models))

    (of_openai,) = openai_client(handler).models.list()
    assert (of_openai.id, of_openai.owned_by) == ("smollm2", "Vendor")
    (of_anthropic,) = anthropic_client(handler).models.list()
    assert (of_anthropic.id, of_anthropic.created_at.year) == ("smollm2", 2023)
