"""`/v1/completions`, `/v1/embeddings`, `/v1/messages/count_tokens`: text in, words, vectors or a number out."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brightline.errors import CallError, UpstreamError
from brightline.gateway.codec import Api, Call, Finish, Role, decode, forward_body, reading
from tests.gateway.codec import vectors as v

JSON = "application/json"
COMPLETIONS, EMBEDDINGS, COUNT = Api.COMPLETIONS, Api.EMBEDDINGS, Api.COUNT_TOKENS


def call(api: Api, said: Any = "Hello", **fields: Any) -> Call:
    return decode(api, v.pack({"model": "m", api.spoken[0]: said, **fields}))


def chunk(text: str, finish: str | None = None, **more: Any) -> dict[str, Any]:
    choices = [{"index": 0, "text": text, "logprobs": None, "finish_reason": finish}]
    return {"id": "c", "object": "text_completion", "created": 1, "model": "m", "choices": choices, **more}


WORDS = v.chat_events([
    chunk("Grüße", usage=None),
    chunk(" 世界 🙂", usage=None),
    chunk("", "length", usage=None),
    {**chunk(""), "choices": [], "usage": v.USAGE},
])  # fmt: skip
VECTORS = {
    "object": "list",
    "data": [{"object": "embedding", "index": i, "embedding": e} for i, e in enumerate(([0.5, -1e-3], "AAAAPw=="))],
    "model": "m",
    "usage": {"prompt_tokens": 4, "total_tokens": 4},
}


@pytest.mark.parametrize("api", [COMPLETIONS, EMBEDDINGS])
def test_each_text_is_a_turn_of_the_users(api: Api) -> None:
    assert [(p.role, p.text, p.message) for p in call(api).new()] == [(Role.USER, "Hello", 0)]
    several = call(api, ["a", "b"], user="u", suffix="end")
    assert [(p.text, p.message) for p in several.new()] == [("a", 0), ("b", 1), ("end", -1)]
    assert (several.user, several.first_new, several.tools) == ("u", 0, ())
    assert json.loads(forward_body(several, "up"))[api.spoken[0]] == ["a", "b"]


@pytest.mark.parametrize("api", [COMPLETIONS, EMBEDDINGS])
@pytest.mark.parametrize(
    ("said", "place"),
    [([1, 2, 3], "[0]"), ([[1, 2]], "[0]"), (["a", 7], "[1]"), (7, ""), (None, ""), ([], ""), ({"text": "a"}, ""),
     ([{"type": "text", "text": "a"}], "[0]"), (["a"] * 2049, "")],
)  # fmt: skip
def test_tokens_and_what_is_no_text_are_refused(api: Api, said: Any, place: str) -> None:
    with pytest.raises(CallError) as caught:
        call(api, said)
    assert (caught.value.status, caught.value.place) == (400, api.spoken[0] + place)
    assert caught.value.cure


@pytest.mark.parametrize("api", [COMPLETIONS, EMBEDDINGS])
@pytest.mark.parametrize("name", ["messages", "tools", "functions"])
def test_what_belongs_to_another_api_is_closed(api: Api, name: str) -> None:
    with pytest.raises(CallError) as caught:
        call(api, **{name: [{"role": "user", "content": "evil", "name": "x"}]})
    assert caught.value.code == "closed_field"


def test_answers_are_counted_for_every_prompt() -> None:
    assert call(COMPLETIONS, ["a", "b"], n=2, best_of=5).answers == 10
    assert call(COMPLETIONS, "a", max_tokens=7).max_tokens == 7
    with pytest.raises(CallError, match="128"):
        call(COMPLETIONS, ["a"] * 65, n=2)


def test_counting_reads_what_messages_reads() -> None:
    said = [{"role": "user", "content": "Hello"}]
    tools = [{"name": "weather", "input_schema": {}}]
    counted, sent = (call(api, said, system="Be brief.", tools=tools) for api in (COUNT, Api.MESSAGES))
    assert list(counted.new()) == list(sent.new())
    assert (counted.tools, counted.api.family) == (sent.tools, sent.api.family)


@pytest.mark.parametrize("api", [EMBEDDINGS, COUNT])
def test_what_has_no_stream_is_not_streamed(api: Api) -> None:
    said = [{"role": "user", "content": "x"}] if api is COUNT else "x"
    asked = call(api, said, stream=True)
    assert asked.stream is False
    with pytest.raises(UpstreamError):
        reading(asked, v.SSE).feed(WORDS)


@given(st.data())
def test_a_completions_stream_is_read_however_it_is_cut(data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(WORDS)), max_size=30)))
    chunks = [WORDS[a:b] for a, b in zip([0, *cuts], [*cuts, len(WORDS)], strict=True)]
    passed, held, answer = v.read(call(COMPLETIONS, stream=True), chunks)
    assert (answer.text, answer.finish, answer.output_tokens) == ("Grüße 世界 🙂", Finish.LENGTH, 5)
    assert b"usage" not in passed + held, "the client did not ask"
    assert (
        v.read(call(COMPLETIONS, stream=True, stream_options={"include_usage": True}), chunks)[0].count(b"usage") == 4
    )


def test_a_completions_stream_is_asked_for_its_usage() -> None:
    assert json.loads(forward_body(call(COMPLETIONS, stream=True), "m"))["stream_options"] == {"include_usage": True}


def test_a_whole_completion() -> None:
    body = v.pack({**chunk("Hello", "stop"), "usage": v.USAGE})
    _, out, answer = v.read(call(COMPLETIONS), [body], JSON)
    assert (out, answer.text, answer.finish, answer.ended) == (body, "Hello", Finish.STOP, True)


def test_vectors_pass_and_cost_only_input() -> None:
    body = v.pack(VECTORS)
    _, out, answer = v.read(call(EMBEDDINGS), [body], JSON)
    assert (out, answer.text, answer.input_tokens, answer.output_tokens, answer.ended) == (body, "", 4, 0, True)


def test_a_count_uses_no_tokens() -> None:
    c = v.capture("count-tokens")
    _, out, answer = v.read(decode(Api(c.path), c.sent), [c.body], c.content_type)
    assert (out, answer.input_tokens, answer.output_tokens, answer.ended) == (c.body, 0, 0, True)


BAD: list[Any] = [[], 7, {}, {"data": {}}, {"data": [7]}, {"data": [{"index": 0}]}, {"data": [{"embedding": 7}]},
       {"data": [{"embedding": [], "tool_calls": []}]}, {"data": [{"embedding": [], "note": "run this"}]},
       {"input_tokens": "7"}, {"input_tokens": True}]  # fmt: skip


@pytest.mark.parametrize("api", [EMBEDDINGS, COUNT])
@pytest.mark.parametrize("body", BAD, ids=str)
def test_what_is_no_such_answer(api: Api, body: Any) -> None:
    said = [{"role": "user", "content": "x"}] if api is COUNT else "x"
    now = reading(call(api, said), JSON)
    now.feed(v.pack(body))
    with pytest.raises(UpstreamError):
        now.finish()


def test_words_beside_a_vector_are_read() -> None:
    body = v.pack({"data": [{"embedding": [], "text": "Hm"}]})
    answer = v.read(call(EMBEDDINGS), [body], JSON)[2]
    assert (answer.text, answer.understood) == ("Hm", False)


@pytest.mark.parametrize("api", [EMBEDDINGS, COUNT])
def test_an_error_inside_is_an_error(api: Api) -> None:
    said = [{"role": "user", "content": "x"}] if api is COUNT else "x"
    answer = v.read(call(api, said), [v.pack({"error": {"type": "overloaded", "message": "m"}})], JSON)[2]
    assert (answer.error, answer.ended) == ("overloaded", False)
