"""Real tokens through the real SDKs, straight to the engine: what the gateway's own answers are compared with."""

import anthropic
import openai
import pytest

from brightline.models import EmbeddedModel

HELLO = "Say hello."
GREEDY = {"temperature": 0}  # no parameter of its own in this SDK


def openai_client(engine: EmbeddedModel, key: str = "") -> openai.OpenAI:
    return openai.OpenAI(base_url=f"{engine.url}/v1", api_key=key or engine.api_key, max_retries=0)


def anthropic_client(engine: EmbeddedModel) -> anthropic.Anthropic:
    return anthropic.Anthropic(base_url=engine.url, api_key=engine.api_key, max_retries=0)


def test_openai_answers_in_one_piece(engine: EmbeddedModel) -> None:
    answer = openai_client(engine).chat.completions.create(
        model="any", messages=[{"role": "user", "content": HELLO}], max_tokens=16, temperature=0
    )
    assert answer.model == engine.weights.name  # whatever name was asked for
    assert answer.choices[0].message.content
    assert answer.usage
    assert 0 < answer.usage.completion_tokens <= 16


def test_openai_streams(engine: EmbeddedModel) -> None:
    stream = openai_client(engine).chat.completions.create(
        model="any",
        messages=[{"role": "user", "content": HELLO}],
        max_tokens=16,
        temperature=0,
        stream=True,
        stream_options={"include_usage": True},
    )
    chunks = list(stream)
    text = [c.choices[0].delta.content for c in chunks if c.choices and c.choices[0].delta.content]
    assert len(text) > 1  # in pieces, as it is made
    assert chunks[-1].usage
    assert len(text) <= chunks[-1].usage.completion_tokens <= 16


def test_anthropic_answers_in_one_piece(engine: EmbeddedModel) -> None:
    answer = anthropic_client(engine).messages.create(
        model="any", messages=[{"role": "user", "content": HELLO}], max_tokens=16, extra_body=GREEDY
    )
    assert answer.content[0].type == "text"
    assert answer.content[0].text
    assert answer.stop_reason in ("end_turn", "max_tokens")
    assert 0 < answer.usage.output_tokens <= 16


def test_anthropic_streams(engine: EmbeddedModel) -> None:
    with anthropic_client(engine).messages.stream(
        model="any", messages=[{"role": "user", "content": HELLO}], max_tokens=16, extra_body=GREEDY
    ) as stream:
        text = list(stream.text_stream)
        final = stream.get_final_message()
    assert len(text) > 1
    assert final.content[0].type == "text"
    assert final.content[0].text == "".join(text)
    assert 0 < final.usage.output_tokens <= 16


def test_anthropic_counts_tokens(engine: EmbeddedModel) -> None:
    count = anthropic_client(engine).messages.count_tokens
    short = count(model="any", messages=[{"role": "user", "content": HELLO}])
    longer = count(model="any", messages=[{"role": "user", "content": HELLO * 10}])
    assert 0 < short.input_tokens < longer.input_tokens


def test_nobody_goes_round_the_gateway_without_the_key(engine: EmbeddedModel) -> None:
    with pytest.raises(openai.AuthenticationError):
        openai_client(engine, key="guessed").chat.completions.create(
            model="any", messages=[{"role": "user", "content": HELLO}], max_tokens=1
        )
