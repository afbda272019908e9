"""One decision on every path: six APIs × streamed or not, through the vendors' own SDKs (DESIGN section 5)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import anthropic
import openai
import pytest

from brightline.record.body import OutcomeStatus
from brightline.record.entry import Flag, Kind, OutcomeCode
from tests.gateway import scripts
from tests.gateway.stage import KEY, MODEL, Stage, stage

WORDS = "Why do rosters matter?"
ASKED: Any = [{"role": "user", "content": WORDS}]
Path = Callable[[Stage, dict[str, str]], Awaitable[tuple[str, Any]]]


# Over plain HTTP there is nothing to verify, and loading the authorities takes most of a second.
def to_openai(s: Stage) -> openai.AsyncOpenAI:
    http = openai.DefaultAsyncHttpxClient(verify=False)
    return openai.AsyncOpenAI(base_url=f"{s.url}/v1", api_key=KEY, max_retries=0, http_client=http)


def to_anthropic(s: Stage) -> anthropic.AsyncAnthropic:
    http = anthropic.DefaultAsyncHttpxClient(verify=False)
    return anthropic.AsyncAnthropic(base_url=s.url, api_key=KEY, max_retries=0, http_client=http)


async def chat(s: Stage, headers: dict[str, str]) -> tuple[str, Any]:
    async with to_openai(s) as client:
        raw = await client.chat.completions.with_raw_response.create(model=MODEL, messages=ASKED, extra_headers=headers)
        return raw.parse().choices[0].message.content or "", raw.headers


async def chat_stream(s: Stage, headers: dict[str, str]) -> tuple[str, Any]:
    async with to_openai(s) as client:
        raw = await client.chat.completions.with_raw_response.create(
            model=MODEL, messages=ASKED, stream=True, extra_headers=headers
        )
        text = [c.choices[0].delta.content or "" async for c in raw.parse() if c.choices]
        return " ".join(t for t in text if t), raw.headers


async def messages(s: Stage, headers: dict[str, str]) -> tuple[str, Any]:
    async with to_anthropic(s) as client:
        raw = await client.messages.with_raw_response.create(
            model=MODEL, max_tokens=9, messages=ASKED, extra_headers=headers
        )
        return "".join(getattr(b, "text", "") for b in (await raw.parse()).content), raw.headers


async def messages_stream(s: Stage, headers: dict[str, str]) -> tuple[str, Any]:
    async with to_anthropic(s) as client:
        raw = await client.messages.with_raw_response.create(
            model=MODEL, max_tokens=9, messages=ASKED, stream=True, extra_headers=headers
        )
        events = [e async for e in await raw.parse()]
        deltas = [e.delta for e in events if e.type == "content_block_delta"]
        return " ".join(d.text for d in deltas if d.type == "text_delta"), raw.headers


async def responses(s: Stage, headers: dict[str, str]) -> tuple[str, Any]:
    async with to_openai(s) as client:
        raw = await client.responses.with_raw_response.create(model=MODEL, input=ASKED, extra_headers=headers)
        said: Any = raw.parse().output
        return "".join(getattr(part, "text", "") for item in said for part in item.content), raw.headers


async def responses_stream(s: Stage, headers: dict[str, str]) -> tuple[str, Any]:
    async with to_openai(s) as client:
        raw = await client.responses.with_raw_response.create(
            model=MODEL, input=ASKED, stream=True, extra_headers=headers
        )
        events = [e async for e in raw.parse()]
        assert events[-1].type == "response.completed"
        return "".join(e.delta for e in events if e.type == "response.output_text.delta"), raw.headers


async def completions(s: Stage, headers: dict[str, str]) -> tuple[str, Any]:
    async with to_openai(s) as client:
        raw = await client.completions.with_raw_response.create(model=MODEL, prompt=WORDS, extra_headers=headers)
        return raw.parse().choices[0].text, raw.headers


async def completions_stream(s: Stage, headers: dict[str, str]) -> tuple[str, Any]:
    async with to_openai(s) as client:
        raw = await client.completions.with_raw_response.create(
            model=MODEL, prompt=WORDS, stream=True, extra_headers=headers
        )
        return "".join([c.choices[0].text async for c in raw.parse() if c.choices]), raw.headers


async def embeddings(s: Stage, headers: dict[str, str]) -> tuple[str, Any]:
    """As text where the vector came as it was sent."""
    async with to_openai(s) as client:
        raw = await client.embeddings.with_raw_response.create(model=MODEL, input=[WORDS], extra_headers=headers)
        return scripts.TEXT if raw.parse().data[0].embedding == [2, -1] else "", raw.headers


async def count(s: Stage, headers: dict[str, str]) -> tuple[str, Any]:
    """As text where the number came as it was sent."""
    async with to_anthropic(s) as client:
        raw = await client.messages.with_raw_response.count_tokens(model=MODEL, messages=ASKED, extra_headers=headers)
        return scripts.TEXT if (await raw.parse()).input_tokens == 11 else "", raw.headers


PATHS: dict[str, Path] = {
    "chat": chat,
    "chat, streamed": chat_stream,
    "messages": messages,
    "messages, streamed": messages_stream,
    "responses": responses,
    "responses, streamed": responses_stream,
    "completions": completions,
    "completions, streamed": completions_stream,
    "embeddings": embeddings,
    "count_tokens": count,
}
DENIED = {
    "hold": ("use_held", OutcomeCode.HOLD, "T3"),
    "ask": ("fact_required", OutcomeCode.ASK, "T4"),
    "deny": ("use_denied", OutcomeCode.DENY, "T5"),
}


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("purpose", ["permit", "note"])
async def test_what_is_permitted_passes_whole_and_leaves_two_entries(path: str, purpose: str) -> None:
    async with stage(scripts.model) as s:
        text, headers = await PATHS[path](s, {"Brightline-Purpose": purpose})
        assert text == scripts.TEXT
        decision, outcome = s.recorder.entries[-2:]
        assert (decision.kind, decision.outcome, outcome.kind) == (Kind.DECISION, OutcomeCode.PERMIT, Kind.OUTCOME)
        assert s.recorder.statuses() == [OutcomeStatus.COMPLETED]
        assert bool(decision.flags & Flag.STREAMED) is ("streamed" in path)
        assert not outcome.flags & Flag.ESTIMATED
        assert headers["brightline-decision"].startswith(f"permit;id={decision.sequence}")
        assert ('duties="note"' in headers["brightline-decision"]) is (purpose == "note")
        assert f"index={decision.sequence}" in headers["brightline-receipt"]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("purpose", DENIED)
async def test_what_is_not_permitted_is_one_refusal_on_every_path(path: str, purpose: str) -> None:
    code, outcome, clause = DENIED[purpose]
    async with stage(scripts.model) as s:
        with pytest.raises((openai.PermissionDeniedError, anthropic.PermissionDeniedError)) as raised:
            await PATHS[path](s, {"Brightline-Purpose": purpose})
        refused: Any = raised.value
        body = refused.body
        shown = body["brightline"]
        assert code in str(body)
        assert [c["id"] for c in shown["clauses"]] == [clause]
        assert shown["clauses"][0]["text"]
        assert shown["next"]
        assert s.recorder.outcomes() == [outcome]
        assert s.seen == [], "nothing reaches the model server"


@pytest.mark.parametrize("path", PATHS)
async def test_observing_blocks_nothing_and_says_so(path: str) -> None:
    async with stage(scripts.model, observe=True) as s:
        text, headers = await PATHS[path](s, {"Brightline-Purpose": "deny"})
        assert text == scripts.TEXT
        assert "mode=observe" in headers["brightline-decision"]
        assert headers["brightline-decision"].startswith("deny;")
        assert s.recorder.entries[-1].flags & Flag.OBSERVED


@pytest.mark.parametrize("path", ["chat", "messages", "responses"])
async def test_the_models_own_refusal_is_recorded_as_such(path: str) -> None:
    async with stage(scripts.refuses) as s:
        await PATHS[path](s, {})
        assert s.recorder.statuses() == [OutcomeStatus.MODEL_REFUSED]


@pytest.mark.parametrize(
    "path", ["chat, streamed", "messages, streamed", "responses, streamed", "completions, streamed"]
)
async def test_an_upstream_that_dies_mid_stream_leaves_an_outcome_and_an_error_event(path: str) -> None:
    async with stage(scripts.dies) as s:
        with pytest.raises((openai.APIError, anthropic.APIError)):
            await PATHS[path](s, {})
        assert s.recorder.statuses() == [OutcomeStatus.UPSTREAM_DIED]


@pytest.mark.parametrize("path", PATHS)
async def test_errors_of_the_upstream_are_passed_on_in_shape(path: str) -> None:
    async with stage(scripts.overloaded) as s:
        with pytest.raises((openai.RateLimitError, anthropic.RateLimitError)) as raised:
            await PATHS[path](s, {})
        assert "too many slots" in str(raised.value)
        assert s.recorder.statuses() == [OutcomeStatus.UPSTREAM_ERROR]
