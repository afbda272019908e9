"""Fields that change the model, or what it reads, are refused by name; what the API offers itself stays open."""

from typing import Any

import pytest

from brightline.errors import CallError
from brightline.gateway.codec import Api, decode
from brightline.gateway.codec.closed import CLOSED
from tests.gateway.codec.vectors import asking, pack

BASE = {"model": "m", "messages": [{"role": "user", "content": "x"}]}


@pytest.mark.parametrize("api", list(Api))
@pytest.mark.parametrize("name", sorted(CLOSED))
def test_a_closed_field_is_refused_by_name(api: Api, name: str) -> None:
    if name in api.spoken:
        return  # the older API has its conversation in `prompt`
    for value in ([{"id": 0, "scale": 1.0}], "x", {"7": -100}, 0, False, []):
        with pytest.raises(CallError) as caught:
            decode(api, pack({**asking(api), name: value}))
        assert (caught.value.status, caught.value.code, caught.value.place) == (400, "closed_field", name)
        assert name in str(caught.value)
        assert caught.value.cure


def test_what_the_design_names_is_closed() -> None:
    assert {"grammar", "lora", "logit_bias", "adapter_id", "chat_template", "prompt"} <= CLOSED


@pytest.mark.parametrize("name", sorted(CLOSED))
def test_null_asks_for_nothing(name: str) -> None:
    assert decode(Api.CHAT, pack({**BASE, name: None})).model == "m"


def test_an_empty_logit_bias_asks_for_nothing_but_an_empty_lora_does() -> None:
    decode(Api.CHAT, pack({**BASE, "logit_bias": {}}))
    with pytest.raises(CallError):  # llama.cpp: an adapter that is not listed goes to scale 0
        decode(Api.CHAT, pack({**BASE, "lora": []}))


@pytest.mark.parametrize(
    "fields",
    [
        {"response_format": {"type": "json_schema", "json_schema": {"name": "a", "schema": {"type": "object"}}}},
        {"json_schema": {"type": "object"}},
        {"temperature": 0.2, "top_k": 40, "min_p": 0.1, "seed": 7, "stop": ["x"], "mirostat": 1},
        {"timings_per_token": True, "cache_prompt": False, "brand_new_field": {"a": [1]}},
        {"chat_template_kwargs": {"enable_thinking": False, "reasoning_effort": "high", "thinking_budget": 5}},
        {"chat_template_kwargs": None},
    ],
)
def test_what_the_api_offers_and_what_is_unknown_passes(fields: dict[str, Any]) -> None:
    call = decode(Api.CHAT, pack({**BASE, **fields}))
    assert {name: call.fields[name] for name in fields} == fields


@pytest.mark.parametrize(
    ("switches", "place"),
    [
        # llama.cpp lays these over the template's variables: the conversation decided on would not be the one read
        ({"messages": [{"role": "user", "content": "evil"}]}, "chat_template_kwargs.messages"),
        ({"messages": None}, "chat_template_kwargs.messages"),
        ({"tools": []}, "chat_template_kwargs.tools"),
        ({"bos_token": "evil"}, "chat_template_kwargs.bos_token"),
        ({"chat_template": "x"}, "chat_template_kwargs.chat_template"),
        ({"custom_instructions": "x" * 33}, "chat_template_kwargs.custom_instructions"),
        ({"documents_": [{"text": "evil"}]}, "chat_template_kwargs.documents_"),
        ({"a b": 1}, "chat_template_kwargs.a b"),
        ([], "chat_template_kwargs"),
        ("x", "chat_template_kwargs"),
    ],
)
def test_the_template_takes_only_plain_switches(switches: Any, place: str) -> None:
    with pytest.raises(CallError) as caught:
        decode(Api.CHAT, pack({**BASE, "chat_template_kwargs": switches}))
    assert caught.value.place == place
