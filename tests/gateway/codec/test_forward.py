"""What goes upstream is what was decided on, with the model's upstream name and nothing else changed."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brightline.gateway.codec import Api, decode, forward_body
from brightline.gateway.codec.closed import CLOSED
from brightline.gateway.codec.request import _KNOWN
from tests.gateway.codec.test_body import texts, values
from tests.gateway.codec.vectors import asking, pack

BASE = {"model": "m", "messages": [{"role": "user", "content": "x"}]}
KNOWN = frozenset[str]().union(*_KNOWN.values())
unknown = st.dictionaries(
    texts.filter(lambda key: key.casefold() not in KNOWN | {"messages"} and key.isprintable() and key not in CLOSED),
    values,
    max_size=5,
)


@given(unknown, unknown, st.sampled_from(list(Api)), st.sampled_from(["m", "upstream/model"]))
def test_unknown_fields_pass_untouched_and_in_order(
    before: dict[str, Any], after: dict[str, Any], api: Api, name: str
) -> None:
    sent = {**before, **asking(api), **after}
    call = decode(api, json.dumps(sent).encode())
    forwarded = json.loads(forward_body(call, name))
    added = {"store": False} if api is Api.RESPONSES else {}
    assert forwarded == {**sent, "model": name, **added}
    assert list(forwarded) == [*sent, *added]
    again = decode(api, forward_body(call, name))
    assert (again.turns, again.tools, again.new()) == (call.turns, call.tools, call.new())


def test_a_body_that_needs_no_change_is_the_same_bytes() -> None:
    sent = pack({**BASE, "temperature": 0.7, "x": {"y": [1, "é"]}})
    assert forward_body(decode(Api.CHAT, sent), "m") == sent


@pytest.mark.parametrize(
    ("options", "asked", "sent"),
    [
        ({}, False, {"include_usage": True}),
        ({"stream_options": None}, False, {"include_usage": True}),
        ({"stream_options": {"include_usage": False}}, False, {"include_usage": True}),
        (
            {"stream_options": {"include_obfuscation": False}},
            False,
            {"include_obfuscation": False, "include_usage": True},
        ),
        ({"stream_options": {"include_usage": True, "x": 1}}, True, {"include_usage": True, "x": 1}),
    ],
)
def test_an_openai_stream_is_asked_for_its_usage(options: dict[str, Any], asked: bool, sent: dict[str, Any]) -> None:
    call = decode(Api.CHAT, pack({**BASE, "stream": True, **options}))
    assert call.usage_asked is asked
    assert json.loads(forward_body(call, "m"))["stream_options"] == sent
    assert call.fields.get("stream_options") == options.get("stream_options")  # the call itself stays as decided


def test_nothing_is_asked_where_there_is_no_stream() -> None:
    for api, body in ((Api.CHAT, pack(BASE)), (Api.MESSAGES, pack({**BASE, "stream": True}))):
        assert forward_body(decode(api, body), "m") == body


def test_the_gateways_own_fields_are_set() -> None:
    call = decode(Api.CHAT, pack(BASE))
    assert json.loads(forward_body(call, "up", {"lora": [{"id": 0, "scale": 1.0}]})) == {
        **BASE,
        "model": "up",
        "lora": [{"id": 0, "scale": 1.0}],
    }
