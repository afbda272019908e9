"""Engines' own counters: real text, and text that must not be believed."""

from __future__ import annotations

from pathlib import Path

import pytest

from brightline.errors import UpstreamError
from brightline.models.counters import EngineCounters, read_counters

SAMPLES = Path(__file__).with_name("metrics")


def test_llama_cpp_counts_whole_prompts_those_from_the_cache_too() -> None:
    assert read_counters((SAMPLES / "llamacpp.txt").read_bytes()) == EngineCounters(63 + 124, 56, 0.0)


def test_vllm_engines_are_added_and_their_start_is_read() -> None:
    assert read_counters((SAMPLES / "vllm.txt").read_bytes()) == EngineCounters(2_098_000, 524_400, 1790809853.0364983)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b"", "no token counters"),
        (b"sglang:prompt_tokens_total 5\n", "no token counters"),
        (b"llamacpp:prompt_tokens_total 5\nllamacpp:tokens_predicted_total 5\n", "prompt_tokens_cached_total"),
        (b"vllm:prompt_tokens_total 5\n", "vllm:generation_tokens_total"),
        (b"vllm:prompt_tokens_total -5\nvllm:generation_tokens_total 1\n", "no whole number"),
        (b"vllm:prompt_tokens_total 5.5\nvllm:generation_tokens_total 1\n", "no whole number"),
        (b"vllm:prompt_tokens_total NaN\nvllm:generation_tokens_total 1\n", "no whole number"),
        (b"vllm:prompt_tokens_total +Inf\nvllm:generation_tokens_total 1\n", "no whole number"),
        (b"vllm:prompt_tokens_total 1e300\nvllm:generation_tokens_total 1\n", "no whole number"),
        (b"<html>not here</html>\n", "not Prometheus text"),
        (b"vllm:prompt_tokens_total 5..5\nvllm:generation_tokens_total 1\n", "no number"),
    ],
)
def test_what_is_no_engine_is_refused(text: bytes, why: str) -> None:
    with pytest.raises(UpstreamError, match=why):
        read_counters(text)


def test_a_longer_name_is_another_counter() -> None:
    text = b'vllm:prompt_tokens_total 5\nvllm:prompt_tokens_total_other{a="}"} 900\nvllm:generation_tokens_total 1\n'
    assert read_counters(text)[:2] == (5, 1)


class TestBeginningAnew:
    def test_the_difference_where_it_went_on(self) -> None:
        assert EngineCounters(50, 9, 7.0).since(EngineCounters(20, 4, 7.0)) == (EngineCounters(30, 5, 7.0), False)

    def test_a_counter_that_fell(self) -> None:
        assert EngineCounters(50, 3).since(EngineCounters(20, 4)) == (EngineCounters(50, 3), True)

    def test_a_counter_that_has_grown_past_the_old_one_is_told_by_the_start_mark(self) -> None:
        assert EngineCounters(50, 9, 8.0).since(EngineCounters(20, 4, 7.0)) == (EngineCounters(50, 9, 8.0), True)
