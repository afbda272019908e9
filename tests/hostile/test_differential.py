"""What was decided on is what the upstream reads: an independent strict parser finds the same call in the bytes it got.

`json` of the standard library is the other reader, told to refuse what is not JSON and what stands twice.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from brightline.errors import CallError
from brightline.gateway.codec import Api, Call, decode, forward_body
from tests.gateway.codec.vectors import CONVERSED
from tests.hostile.laws import lawful
from tests.hostile.mutations import mutated

UPSTREAM = "tiny-on-upstream"
text = st.text(max_size=12) | st.sampled_from(["", "\0", "\u2028", "\U0001f600", "é", "\u212a", "data:", '"', "\\"])
numbers = st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False, allow_infinity=False)
values = st.recursive(
    st.none() | st.booleans() | numbers | text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3),
    max_leaves=8,
)
parts = st.fixed_dictionaries({"type": st.just("text"), "text": text}, optional={"cache_control": values})
messages = st.fixed_dictionaries(
    {"role": st.sampled_from(["user", "assistant", "system"]), "content": text | st.lists(parts, max_size=3)},
    optional={"name": text, "x": values},
)
calls = st.fixed_dictionaries(
    {"model": st.just("tiny"), "messages": st.lists(messages, min_size=1, max_size=4)},
    optional={
        "stream": st.none() | st.booleans(),
        "stream_options": st.none() | st.fixed_dictionaries({}, optional={"include_usage": st.booleans(), "x": values}),
        "max_tokens": st.integers(0, 2**40),
        "temperature": numbers,
        "user": text,
        "metadata": st.fixed_dictionaries({}, optional={"user_id": values}),
        "stop": text | st.lists(text, max_size=3),
        "unknown_field": values,
    },
)


def strict(body: bytes) -> Any:
    """JSON as RFC 8259 has it, in UTF-8, each key once. Raises ValueError."""

    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        if len(dict(items)) != len(items):
            raise ValueError("a key stands twice")
        return dict(items)

    def constant(name: str) -> Any:
        raise ValueError(name)

    return json.loads(body.decode("utf-8"), object_pairs_hook=pairs, parse_constant=constant)


def same(read: Any, decided: Any) -> bool:
    """Equal, true being no 1; a whole number and the double of the same value are one JSON number."""
    match read, decided:
        case dict(), dict():
            return list(read) == list(decided) and all(same(read[k], decided[k]) for k in read)
        case list(), list():
            return len(read) == len(decided) and all(map(same, read, decided))
        case bool(), _:
            return read is decided
        case _, bool():
            return False
        case _:
            return bool(read == decided) and isinstance(read, str) == isinstance(decided, str)


def check(call: Call, body: bytes) -> None:
    """The bytes that go upstream say what was decided on, and that is what the client's `body` says."""
    upstream = strict(forward_body(call, UPSTREAM))
    assert upstream["model"] == UPSTREAM
    added = added_by_the_gateway(call)
    for name, value in call.fields.items():
        if name not in ("model", *added):
            assert same(upstream[name], value)
    assert set(upstream) == set(call.fields) | set(added)
    assert {k: upstream[k] for k in added} == added
    # every field on which a decision rests
    assert call.model == "tiny" or call.model == call.fields["model"]
    assert call.stream is (upstream.get("stream") is True and call.api is not Api.COUNT_TOKENS)
    assert len(call.turns) == len(upstream[call.api.spoken[0]])
    bounds = [
        upstream[k]
        for k in ("max_tokens", "max_completion_tokens", "max_output_tokens", "n_predict")
        if upstream.get(k) is not None
    ]
    assert call.max_tokens == (max(bounds) if bounds and min(bounds) >= 0 else None)
    assert same(strict(call.body), call.fields)
    assert same(strict(body), strict(call.body))


def added_by_the_gateway(call: Call) -> Mapping[str, Any]:
    if call.api is Api.RESPONSES:
        return {"store": False}
    if call.api is not Api.CHAT or not call.stream or call.usage_asked:
        return {}
    return {"stream_options": {**(call.fields.get("stream_options") or {}), "include_usage": True}}


@given(st.sampled_from(CONVERSED), calls, st.booleans(), st.sampled_from([None, 1]))
@settings(max_examples=400)
def test_any_call_that_passes_is_read_upstream_as_it_was_decided(
    api: Api, fields: dict[str, Any], ascii_only: bool, indent: int | None
) -> None:
    fields = {api.spoken[0] if name == "messages" else name: value for name, value in fields.items()}
    body = json.dumps(fields, ensure_ascii=ascii_only, indent=indent).encode()
    call = lawful(lambda: decode(api, body), CallError)
    if call is not None:
        check(call, body)


SEED = json.dumps(
    {
        "model": "tiny",
        "messages": [
            {"role": "system", "content": "a"},
            {"role": "user", "content": [{"type": "text", "text": "b\n"}]},
        ],
        "stream": True,
        "max_tokens": 5,
        "temperature": 0.5,
        "metadata": {"user_id": "u"},
    }
).encode()


@given(
    st.sampled_from(list(Api)), mutated(SEED, b'"model":', b'"messages":', b"\\u006d", b"1e5", b"-0", b"1e400", b"{}")
)
@settings(max_examples=1_500)
@example(Api.CHAT, b'{"model":"tiny","messages":[{"role":"user","content":"a","content":"b"}]}')
@example(Api.CHAT, b'{"model":"tiny","messages":[{"role":"user","content":"a"}],"\\u006dodel":"evil"}')
@example(Api.CHAT, b'{"model":"tiny","messages":[{"role":"user","content":"a"}],"seed":18446744073709551616}')
@example(Api.CHAT, b'{"model":"tiny","messages":[{"role":"user","content":"a"}],"seed":-0,"top_p":-0.0}')
@example(Api.CHAT, b'{"model":"tiny","messages":[{"role":"user","content":"a"}],"top_p":1e-400}')
@example(Api.CHAT, b'{"model":"tiny","messages":[{"role":"user","content":"a"}],"top_p":0.1000000000000000055511}')
def test_what_passes_is_json_to_every_strict_reader(api: Api, body: bytes) -> None:
    call = lawful(lambda: decode(api, body), CallError)
    if call is not None:
        check(call, body)
