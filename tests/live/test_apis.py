"""Every API through the real SDKs to real tokens of the embedded llama.cpp: as they are, and translated to chat."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from brightline.agreement import Disclosure, Model
from brightline.models import EmbeddedModel
from brightline.record import body as bodies
from brightline.record.body import Api, DecisionBody, OutcomeBody, OutcomeStatus
from brightline.record.entry import Kind
from tests.live.clients import anthropic_client, openai_client
from tests.live.stage import MODEL, agreed, make_site, serving

WEIGHTS = EmbeddedModel.weights
HELLO: Any = [{"role": "user", "content": "Say hello."}]


@pytest.mark.parametrize("speaks", ["both", "openai-chat"])
async def test_every_api_answers_and_is_recorded(tmp_path: Path, speaks: str) -> None:
    model = Model(name=MODEL, digest=WEIGHTS.digest, family=WEIGHTS.family, variant=WEIGHTS.variant)
    paper = agreed(models=(model,), disclosure=Disclosure(time_seconds=1, tokens=1))
    site = make_site(tmp_path, "embedded", paper=paper, models="")
    settings = tmp_path / "brightline.toml"
    settings.write_text(settings.read_text().replace('url = "embedded"', f'url = "embedded"\napi = "{speaks}"'))
    async with (
        serving(site) as gateway,
        openai_client(gateway.url) as to_openai,
        anthropic_client(gateway.url) as to_anthropic,
    ):
        said = [
            await chat(to_openai),
            await responses(to_openai, stream=False),
            await responses(to_openai, stream=True),
            await completions(to_openai),
            await messages(to_anthropic, stream=False),
            await messages(to_anthropic, stream=True),
        ]
        assert all(said)
        if speaks == "both":
            counted: Any = await to_anthropic.messages.count_tokens(model=MODEL, messages=HELLO)
            assert counted.input_tokens > 0
        assert await gateway.stop() == 0
    entries = site.entries()
    asked = [bodies.unpack(e.kind, e.body) for e in entries if e.kind == Kind.DECISION]
    counting = [Api.ANTHROPIC_COUNT_TOKENS] if speaks == "both" else []
    assert [body.api for body in asked if isinstance(body, DecisionBody)] == [
        Api.OPENAI_CHAT, Api.OPENAI_RESPONSES, Api.OPENAI_RESPONSES, Api.OPENAI_COMPLETIONS,
        Api.ANTHROPIC_MESSAGES, Api.ANTHROPIC_MESSAGES, *counting,
    ]  # fmt: skip
    ends = [bodies.unpack(e.kind, e.body) for e in entries if e.kind == Kind.OUTCOME]
    told = [(b.status, b.output_tokens) for b in ends if isinstance(b, OutcomeBody)]
    assert {status for status, _ in told} == {OutcomeStatus.COMPLETED}
    assert all(0 < tokens <= 8 for _, tokens in told[:6])
    assert [tokens for _, tokens in told[6:]] == [0] * len(counting)
    assert site.verified("b.zip")["verified"]


async def chat(client: Any) -> str:
    said = await client.chat.completions.create(model=MODEL, messages=HELLO, max_tokens=8)
    return str(said.choices[0].message.content)


async def responses(client: Any, *, stream: bool) -> str:
    asked = {"model": MODEL, "input": HELLO, "max_output_tokens": 8}
    if not stream:
        return str((await client.responses.create(**asked)).output_text)
    events = [event async for event in await client.responses.create(**asked, stream=True)]
    assert events[-1].type in ("response.completed", "response.incomplete")
    return "".join(event.delta for event in events if event.type == "response.output_text.delta")


async def completions(client: Any) -> str:
    stream = await client.completions.create(model=MODEL, prompt="Hello, my", max_tokens=8, stream=True)
    return "".join([chunk.choices[0].text async for chunk in stream if chunk.choices])


async def messages(client: Any, *, stream: bool) -> str:
    asked: Any = {"model": MODEL, "messages": HELLO, "max_tokens": 8}
    if not stream:
        return str((await client.messages.create(**asked)).content[0].text)
    async with client.messages.stream(**asked) as events:
        return "".join([text async for text in events.text_stream])
