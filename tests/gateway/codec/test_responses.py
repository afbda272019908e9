"""The Responses API: its input as turns, what it would keep upstream, its answers, and calls taken out of them."""

import json
from typing import Any

import pytest

from brightline.errors import CallError, UpstreamError
from brightline.gateway.codec import Api, Call, Finish, Kind, Role, decode, forward_body, reading
from tests.gateway import replies
from tests.gateway.codec import responses as r
from tests.gateway.codec import vectors as v

JSON = "application/json"
CALLED = [
    {"role": "developer", "content": "Be brief."},
    {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Weather?"}]},
    {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "Hm."}],
     "encrypted_content": "c2VhbGVk"},
    {"type": "function_call", "id": "fc_1", "call_id": "c1", "name": "weather", "arguments": '{"city":"Ulm"}'},
    {"type": "custom_tool_call", "call_id": "c2", "name": "note", "input": "some words"},
]  # fmt: skip
RESULTS = [
    {"type": "function_call_output", "call_id": "c1", "output": "Rain"},
    {"type": "custom_tool_call_output", "call_id": "c2", "output": [{"type": "input_text", "text": "noted"}]},
]


def texts(call: Call) -> list[tuple[Role, str, int]]:
    return [(p.role, p.text, p.message) for p in call.conversation()]


def test_a_text_is_one_turn() -> None:
    call = r.asked(instructions="Be brief.", max_output_tokens=9, user="u-1", stream=True)
    assert (call.turns, call.first_new, call.max_tokens, call.user, call.stream) == (
        [{"role": "user", "content": "Hello"}], 0, 9, "u-1", True,
    )  # fmt: skip
    assert texts(call) == [(Role.SYSTEM, "Be brief.", -1), (Role.USER, "Hello", 0)]
    assert list(call.new()) == list(call.conversation())


def test_items_are_turns_in_their_order_with_all_their_words() -> None:
    call = r.asked(input=[*CALLED, *RESULTS], tools=[r.WEATHER, {"type": "custom", "name": "note"}])
    assert texts(call)[:-1] == [
        (Role.SYSTEM, "Be brief.", 0),
        (Role.USER, "Weather?", 1),
        (Role.ASSISTANT, "Hm.\nc2VhbGVk\nrs_1", 2),
        (Role.ASSISTANT, 'c1\nweather\n{"city":"Ulm"}\nfc_1', 3),
        (Role.ASSISTANT, "c2\ncustom\nnote\nsome words", 4),
        (Role.TOOL, "c1\nRain", 5),
        (Role.TOOL, "c2\nnoted", 6),
    ]
    assert call.tools == ("weather", "note")
    assert call.parts == {Kind.OPAQUE: 1}
    assert [call.place(i) for i in (0, 6)] == ["input[0]", "input[6]"]
    assert r.asked().place(0) == "input"


def roles(*names: str) -> list[dict[str, Any]]:
    """Items by short names: u, a (a message), t (a thought), c1 (a call) and r1 (its result)."""
    return [
        {"type": "function_call", "call_id": n[1], "name": "f", "arguments": "{}"} if n[0] == "c"
        else {"type": "function_call_output", "call_id": n[1], "output": n} if n[0] == "r"
        else {"type": "reasoning", "summary": []} if n == "t"
        else {"role": {"u": "user", "a": "assistant"}[n], "content": n}
        for n in names
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("items", "first"),
    [
        ("u", 0),
        ("u a u", 2),
        ("u a", 0),  # a prefill: the client wrote it
        ("u c1 r1", 0),
        ("u a u c1 c2 r1 r2", 2),
        ("u a u c1 r1 c2 r2", 2),  # each result behind its call, of one answer
        ("u a c1 r1", 2),
        ("u t c1 c2 r1 r2", 2),
        ("u t c1 r1 t c2 r2", 5),
        ("u c1 u", 2),  # a call without its result ends a turn
        ("u c1 r2", 2),
    ],
)
def test_the_new_turn_begins_after_the_last_answer_whose_calls_are_not_answered_now(items: str, first: int) -> None:
    assert r.asked(input=roles(*items.split())).first_new == first


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        ({"previous_response_id": "resp_1"}, "previous_response_id"),
        ({"conversation": "conv_1"}, "conversation"),
        ({"conversation": {"id": "conv_1"}}, "conversation"),
        ({"store": True}, "store"),
        ({"background": True}, "background"),
        ({"input": [{"type": "item_reference", "id": "msg_1"}]}, "input[0]"),
        ({"input": [{"id": "msg_1"}]}, "input[0]"),
        ({"input": [{"type": None, "id": "msg_1"}]}, "input[0]"),
    ],
)
def test_what_the_model_server_would_keep_is_refused(fields: dict[str, Any], place: str) -> None:
    with pytest.raises(CallError) as caught:
        r.asked(**fields)
    assert (caught.value.status, caught.value.code, caught.value.place) == (400, "kept_upstream", place)
    assert caught.value.cure


@pytest.mark.parametrize("store", [{}, {"store": None}, {"store": False}])
def test_the_model_server_is_always_asked_to_keep_nothing(store: dict[str, Any]) -> None:
    sent = json.loads(forward_body(r.asked(**store), "up"))
    assert sent == {"model": "up", "input": "Hello", "store": False}


HOSTED = [
    "web_search_call", "file_search_call", "computer_call", "computer_call_output", "mcp_call", "mcp_list_tools",
    "mcp_approval_response", "code_interpreter_call", "local_shell_call", "shell_call_output", "of 2030",
]  # fmt: skip


@pytest.mark.parametrize("kind", HOSTED)
def test_items_of_tools_that_the_model_server_runs_are_refused(kind: str) -> None:
    with pytest.raises(CallError) as caught:
        r.asked(input=[{"role": "user", "content": "x"}, {"type": kind, "id": "x"}])
    assert (caught.value.status, caught.value.code, caught.value.place) == (501, "item_not_governed", "input[1]")


BAD: list[tuple[Any, str]] = [
    ([], "input"),
    (7, "input"),
    (None, "input"),
    (["x"], "input"),
    ([{"role": "tool", "content": "x"}], "input[0]"),
    ([{"role": "user"}], "input[0]"),
    ([{"role": "user", "content": 7}], "input[0]"),
    ([{"role": "user", "content": ["x"]}], "input[0].content[0]"),
    ([{"role": "user", "content": "x", "Content": "y"}], "input[0]"),
    ([{"role": "user", "content": "x", "typ\u212ae": "y", "\u017fummary": []}], "input[0]"),
    ([{"type": "function_call", "call_id": "c", "name": "f"}], "input[0]"),
    ([{"type": "function_call", "call_id": "c", "name": 7, "arguments": "{}"}], "input[0]"),
    ([{"type": "function_call_output", "call_id": "c", "output": {"x": 1}}], "input[0]"),
    ([{"type": "function_call_output", "output": "x"}], "input[0]"),
    ([{"type": "reasoning", "summary": "x"}], "input[0]"),
    ([{"type": "reasoning", "summary": [], "content": 7}], "input[0]"),
]


@pytest.mark.parametrize(("given", "place"), BAD, ids=str)
def test_bad_input_is_named(given: Any, place: str) -> None:
    with pytest.raises(CallError) as caught:
        r.asked(input=given)
    assert caught.value.status == 400
    assert caught.value.place.startswith(place)
    assert caught.value.cure


def test_a_tool_is_named_once_and_flat() -> None:
    with pytest.raises(CallError, match="two ways"):
        r.asked(tools=[{"type": "function", "name": "look", "function": {"name": "engage"}}])


def test_another_apis_conversation_is_closed() -> None:
    with pytest.raises(CallError) as caught:
        r.asked(messages=[{"role": "user", "content": "evil"}])
    assert (caught.value.code, caught.value.place) == ("closed_field", "messages")


@pytest.mark.parametrize("whole", [False, True])
def test_an_answer_is_read_whole_and_streamed_alike(whole: bool) -> None:
    body = v.pack(replies.response("Let me look.", r.CALLS)) if whole else r.TOOLS
    passed, held, answer = v.read(r.CALL, [body], JSON if whole else v.SSE)
    assert passed + held == body
    assert (answer.text, answer.finish, answer.input_tokens, answer.output_tokens, answer.ended) == (
        "Let me look.", Finish.TOOL, 11, 3, True,
    )  # fmt: skip
    assert [(t.id, t.name, t.arguments, t.server) for t in answer.tool_calls] == [(*call, False) for call in r.CALLS]


def test_what_is_told_several_times_is_read_once() -> None:
    _, _, answer = v.read(r.PLAIN_CALL, [r.PLAIN])
    assert (answer.text, answer.finish) == ("Grüße 世界 🙂", Finish.STOP)
    _, _, answer = v.read(r.PLAIN_CALL, [r.REFUSAL])
    assert (answer.text, answer.refused) == ("Hm. No.I can't help.", True)
    _, _, answer = v.read(r.CALL, [r.CUSTOM])
    assert [(t.name, t.arguments) for t in answer.tool_calls] == [("weather", "Ulm, now")]


def test_words_that_are_told_otherwise_at_the_end_are_read_too() -> None:
    body = r.stream(
        {"type": "response.output_text.delta", "item_id": "msg_0", "content_index": 0, "delta": "Yes"},
        r.ended(output=[replies.message("No, never")]),
    )
    assert v.read(r.PLAIN_CALL, [body])[2].text == "YesNo, never"


@pytest.mark.parametrize("name", ["responses", "responses-stream"])
def test_the_engines_answers_are_read(name: str) -> None:
    c = v.capture(name)
    call = decode(Api(c.path), c.sent)
    passed, held, answer = v.read(call, [c.body], c.content_type)
    assert passed + held == c.body
    assert (answer.text, answer.output_tokens, answer.ended) == ("Hello! I'm here to help with", 8, True)


@pytest.mark.parametrize(
    ("body", "finish"),
    [
        (r.stream(r.ended("incomplete", incomplete_details={"reason": "max_output_tokens"})), Finish.LENGTH),
        (r.stream(r.ended("incomplete", incomplete_details={"reason": "content_filter"})), Finish.REFUSED),
        (r.stream(r.ended("incomplete", incomplete_details=None)), Finish.OTHER),
    ],
)
def test_why_it_stopped(body: bytes, finish: Finish) -> None:
    assert v.read(r.PLAIN_CALL, [body])[2].finish is finish


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (r.ERROR, "server_error"),
        (r.FAILED, "rate_limit_exceeded"),
        (v.pack({"error": {"type": "server_error", "message": "m"}}), "server_error"),
        (v.pack(replies.response(status="failed", error=None)), "failed"),
    ],
)
def test_an_error_told_inside_is_no_end(body: bytes, error: str) -> None:
    _, _, answer = v.read(r.PLAIN_CALL, [body], JSON if body.startswith(b"{") else v.SSE)
    assert (answer.error, answer.ended) == (error, False)


BEGUN = r.added(0, r.asks())
OF = {"item_id": "fc_0", "output_index": 0}
TWO_WAYS: dict[str, list[dict[str, Any]]] = {
    "done": [BEGUN, r.delta("{}", **OF),
             {"type": "response.function_call_arguments.done", **OF, "arguments": '{"x":1}'}],
    "item": [BEGUN, r.delta("{}", **OF), r.added(0, r.asks(0, '{"x":1}'), "done")],
    "end": [BEGUN, r.delta("{}", **OF), r.ended(output=[r.asks(0, '{"x":1}')])],
    "name": [BEGUN, r.added(0, r.asks(name="fire"), "done")],
    "begun twice": [BEGUN, BEGUN],
    "one place": [BEGUN, r.added(0, r.asks(call_id="call_z", id="fc_9"))],
    "one id": [BEGUN, r.added(1, r.asks(call_id="call_z"))],
    "no id": [r.added(0, r.asks(call_id="", id=""))],
    "a message in its place": [BEGUN, r.added(0, {"type": "message", "id": "m", "content": []})],
    "a message of its id": [BEGUN, r.added(1, {"type": "message", "id": "fc_0", "content": []})],
    "place and id differ": [BEGUN, r.added(1, r.asks(1, call_id="call_z")),
                            r.delta("{}", item_id="fc_0", output_index=1)],
    "of no call": [BEGUN, r.delta("{}", item_id="fc_7", output_index=7)],
    "of a message": [r.added(0, {"type": "message", "id": "m", "content": []}), r.delta("{}", item_id="m")],
    "before its call": [r.delta("{}", **OF), BEGUN],
}  # fmt: skip


@pytest.mark.parametrize("name", TWO_WAYS)
def test_a_call_that_could_be_read_in_two_ways_is_no_answer(name: str) -> None:
    now = reading(r.CALL, v.SSE)
    with pytest.raises(UpstreamError):
        now.feed(r.stream(*TWO_WAYS[name]))
    assert not now.answer().ended


@pytest.mark.parametrize("kind", [*HOSTED, "program", "image_generation_call", "apply_patch_call", "additional_tools"])
@pytest.mark.parametrize("form", ["item", "event", "end", "whole"])
def test_what_the_model_server_ran_itself_is_no_answer(kind: str, form: str) -> None:
    item = {"type": kind, "id": "x_1", "status": "completed", "action": {"query": "x"}}
    told = {
        "item": r.stream(r.added(0, item)),
        "event": r.stream({**item, "type": f"response.{kind}.in_progress"}),
        "end": r.stream(r.ended(output=[item])),
        "whole": v.pack(replies.response(output=[item])),
    }
    now = reading(r.CALL, JSON if form == "whole" else v.SSE)
    with pytest.raises(UpstreamError):
        assert (now.feed(told[form]), now.finish()) == (b"", b"")


def test_a_call_where_no_tool_was_offered_is_no_answer() -> None:
    for body in (r.TOOLS, r.stream(r.delta("{}", **OF))):
        with pytest.raises(UpstreamError, match="no tool was offered"):
            reading(r.PLAIN_CALL, v.SSE).feed(body)


@pytest.mark.parametrize(
    "body",
    [b"{}", b"[]", b"7", v.pack({"output": {}}), v.pack(replies.response(status="in_progress")),
     v.pack(replies.response(status="queued")), v.pack(replies.response(output=[7])),
     v.pack(replies.response(output=[{"type": "message", "content": [7]}])),
     v.pack(replies.response(output=[{"type": "message", "content": "x"}])),
     v.pack(replies.response(output=[{"type": "message", "content": [{"type": "output_text", "text": 7}]}]))],
)  # fmt: skip
def test_a_body_that_is_no_response_is_no_answer(body: bytes) -> None:
    now = reading(r.CALL, JSON)
    now.feed(body)
    with pytest.raises(UpstreamError):
        now.finish()


def test_a_stream_that_ends_early_broke_off() -> None:
    with pytest.raises(UpstreamError, match="broke off"):
        v.read(r.PLAIN_CALL, [r.PLAIN[: r.PLAIN.index(b"event: response.completed")]])
