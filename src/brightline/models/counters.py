"""An engine's own token counters, as its `/metrics` tells them (Prometheus text format 0.0.4).

    llama.cpp   llamacpp:prompt_tokens_total + llamacpp:prompt_tokens_cached_total, llamacpp:tokens_predicted_total
    vLLM        vllm:prompt_tokens_total, vllm:generation_tokens_total (every label set is added: engines, models)

What is read is what `usage` counts for its calls: whole prompts, those from the cache too, and generated tokens.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from brightline.errors import UpstreamError, UpstreamFault

MAX_METRICS: Final = 1 << 22  # bytes of one /metrics
_LINE = re.compile(r"([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{.*\})?[ \t]+([0-9.eE+-]+|[+-]?Inf|NaN)(?:[ \t]+-?[0-9]+)?[ \t]*")
_ENGINES: Final = {
    "llama.cpp": (
        ("llamacpp:prompt_tokens_total", "llamacpp:prompt_tokens_cached_total"),
        ("llamacpp:tokens_predicted_total",),
    ),
    "vLLM": (("vllm:prompt_tokens_total",), ("vllm:generation_tokens_total",)),
}
_STARTED: Final = ("process_start_time_seconds", "vllm:prompt_tokens_created")


class EngineCounters(NamedTuple):
    """What an engine has counted since it started. `started`: its own mark of that, 0 where it tells none."""

    input_tokens: int = 0
    output_tokens: int = 0
    started: float = 0.0

    def since(self, before: EngineCounters) -> tuple[EngineCounters, bool]:
        """What was counted since `before`, and whether the engine began anew meanwhile: then what it had counted
        between `before` and its end is lost, and what is given is the least that it can have been."""
        anew = (
            self.input_tokens < before.input_tokens
            or self.output_tokens < before.output_tokens
            or self.started != before.started
        )
        if anew:
            return self, True
        counted = (self.input_tokens - before.input_tokens, self.output_tokens - before.output_tokens)
        return EngineCounters(*counted, self.started), False


def read_counters(metrics: bytes, place: str = "/metrics") -> EngineCounters:
    """The counters in one `/metrics`. Raises UpstreamError where it is of no engine known here, lacks a counter, or
    holds a value that no counter has."""
    values = read_values(metrics, place)
    for inputs, outputs in _ENGINES.values():
        if any(name in values for name in (*inputs, *outputs)):
            missing = [name for name in (*inputs, *outputs) if name not in values]
            if missing:
                raise _wrong(f"there is no counter {missing[0]}", place)
            read, made = (whole([values[n] for n in names], place) for names in (inputs, outputs))
            return EngineCounters(read, made, max(values.get(name, 0.0) for name in _STARTED))
    raise _wrong("there are no token counters of " + " or ".join(_ENGINES), place)


def read_values(metrics: bytes, place: str) -> dict[str, float]:
    """The value of each name, its label sets added up. Raises UpstreamError where a line is not of the format."""
    values: dict[str, float] = {}
    for line in metrics.decode("utf-8", "replace").splitlines():
        if not line or line.startswith("#"):
            continue
        found = _LINE.fullmatch(line)
        if found is None:
            raise _wrong("a line is not Prometheus text", place)
        name, value = found[1], _number(found[2], place)
        # Counters of several engines or models are one total; of several starts the last counts.
        values[name] = max(values.get(name, 0.0), value) if name in _STARTED else values.get(name, 0.0) + value
    return values


def _number(text: str, place: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise _wrong("a value is no number", place) from None


def whole(values: list[float], place: str) -> int:
    """The sum of counters. Raises UpstreamError where one is no whole number from 0 to 2^53."""
    total = sum(values)
    if not (min(values) >= 0 and total < 2**53 and all(v == int(v) for v in values if v < 2**53)):
        raise _wrong("a token counter is no whole number, or past 2^53", place)
    return int(total)


def _wrong(text: str, place: str) -> UpstreamError:
    cure = "name the /metrics of llama.cpp (started with --metrics, of 2026 or newer) or vLLM in [engine]"
    return UpstreamError(text, UpstreamFault.BAD_ANSWER, place=place, cure=cure)
