"""The Responses API through the real SDK, with a transport in place of the network."""

import json
from typing import Any

import httpx2
import openai
import pytest

from brightline.gateway.codec import Api, Family, event, refusal
from brightline.gateway.codec.reply import Refusal
from tests.gateway import replies
from tests.gateway.codec import responses as r
from tests.gateway.codec import vectors as v
from tests.gateway.codec.test_sdk import BROKEN, HELLO, WHY, Gateway, http, openai_client

TOOL: Any = {"type": "function", "name": "weather", "parameters": {"type": "object", "properties": {}}, "strict": False}


def test_a_whole_response() -> None:
    gateway = Gateway(v.pack(replies.response("Let me look.", r.CALLS)), "application/json")
    said = openai_client(gateway).responses.create(model="m", input=HELLO, tools=[TOOL], instructions="Be brief.")
    assert said.output_text == "Let me look."
    assert [(i.call_id, i.name, i.arguments) for i in said.output if i.type == "function_call"] == list(r.CALLS)
    assert gateway.forwarded["store"] is False
    assert gateway.call is not None
    assert [p.text for p in gateway.call.new()][:2] == ["Be brief.", "Grüße 🙂"]


def test_the_stream_helper_gathers_what_we_gathered() -> None:
    gateway = Gateway(r.TOOLS)
    with openai_client(gateway).responses.stream(model="m", input=HELLO, tools=[TOOL]) as stream:
        said = stream.get_final_response()
    _, _, answer = v.read(r.CALL, [r.TOOLS])
    assert said.output_text == answer.text
    assert [(i.call_id, i.name, i.arguments) for i in said.output if i.type == "function_call"] == [
        (t.id, t.name, t.arguments) for t in answer.tool_calls
    ]


@pytest.mark.parametrize("refused", [{0: "Not that."}, {1: "Nor that."}, {0: "Not that.", 1: "Nor that."}])
@pytest.mark.parametrize("kind", ["whole", "stream"])
def test_the_sdk_reads_an_answer_without_some_of_its_calls(refused: dict[int, str], kind: str) -> None:
    whole = kind == "whole"
    now = v.reading(r.CALL, "application/json" if whole else v.SSE)
    out = now.feed(v.pack(replies.response("Let me look.", r.CALLS)) if whole else r.TOOLS)
    now.finish()
    out += now.without(refused)

    def handler(_: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, headers={"content-type": "application/json" if whole else v.SSE}, content=out)

    client = openai_client(handler)
    if whole:
        said: Any = client.responses.create(model="m", input=HELLO, tools=[TOOL])
    else:
        with client.responses.stream(model="m", input=HELLO, tools=[TOOL]) as stream:
            numbers = [told.sequence_number for told in stream if hasattr(told, "sequence_number")]
            said = stream.get_final_response()
        assert numbers == sorted(set(numbers))
    kept = [call for n, call in enumerate(r.CALLS) if n not in refused]
    assert [(i.call_id, i.name, i.arguments) for i in said.output if i.type == "function_call"] == kept
    assert said.output_text == "Let me look." + "".join(refused.values())
    assert [i.type for i in said.output][1:] == ["message" if n in refused else "function_call" for n in (0, 1)]


@pytest.mark.parametrize("stream", [False, True])
def test_a_refusal_is_raised_with_our_object(stream: bool) -> None:
    def handler(_: httpx2.Request) -> httpx2.Response:
        return http(refusal(Family.OPENAI, Refusal.DENIED, "Not on these terms.", WHY))

    with pytest.raises(openai.PermissionDeniedError) as caught:
        openai_client(handler).responses.create(model="m", input="x", stream=stream)
    assert json.loads(caught.value.response.content)["error"]["brightline"] == WHY


def test_our_event_ends_a_stream() -> None:
    begun = b"".join(replies.events()[:5])

    def handler(_: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, headers={"content-type": v.SSE}, content=begun + event(Api.RESPONSES, BROKEN))

    events = openai_client(handler).responses.create(model="m", input="x", stream=True)
    with pytest.raises(openai.APIError, match="It broke off") as caught:
        list(events)
    assert caught.value.code == "upstream_broke_off"


@pytest.mark.parametrize("name", ["responses", "responses-stream"])
def test_the_engines_answers(name: str) -> None:
    c = v.capture(name)
    client = openai_client(Gateway(c.body, c.content_type))
    if "stream" in name:
        events = client.responses.create(model="m", input="x", stream=True)
        said = "".join(told.delta for told in events if told.type == "response.output_text.delta")
    else:
        said = client.responses.create(model="m", input="x").output_text
    assert said.startswith("Hello")
