"""GGUF files written by hand: small enough to be made in a test, real enough for llama.cpp."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

ALIGNED = 32


def text(value: str) -> bytes:
    return struct.pack("<Q", len(value.encode())) + value.encode()


def field(name: str, value: Any) -> bytes:
    """One key-value pair: text, float32, uint32, or a list of texts."""
    match value:
        case str():
            return text(name) + struct.pack("<I", 8) + text(value)
        case float():
            return text(name) + struct.pack("<If", 6, value)
        case int():
            return text(name) + struct.pack("<II", 4, value)
        case list():
            return text(name) + struct.pack("<IIQ", 9, 8, len(value)) + b"".join(map(text, value))
        case _:
            raise TypeError(type(value))


def gguf(fields: Mapping[str, Any], tensors: Mapping[str, np.ndarray] | None = None) -> bytes:
    """A whole file; tensors are float32, their shapes as numpy has them (ggml counts the other way round)."""
    tensors = tensors or {}
    out = struct.pack("<4sIQQ", b"GGUF", 3, len(tensors), len(fields))
    out += b"".join(field(n, v) for n, v in fields.items())
    data = b""
    for name, tensor in tensors.items():
        shape = tensor.shape[::-1]
        out += text(name) + struct.pack(f"<I{len(shape)}QIQ", len(shape), *shape, 0, len(data))
        data += tensor.astype("<f4").tobytes()
        data += bytes(-len(data) % ALIGNED)
    return out + bytes(-len(out) % ALIGNED) + data


ADAPTER = {
    "general.architecture": "llama",
    "general.type": "adapter",
    "adapter.type": "lora",
    "adapter.lora.alpha": 4.0,
}


def lora(path: Path, seed: int = 0, size: float = 0.5, **fields: Any) -> Path:
    """An adapter of rank 4 on the output projections of SmolLM2-135M (576 wide, 30 blocks): it talks nonsense."""
    random = np.random.default_rng(seed)
    tensors = {}
    for block in range(30):
        name = f"blk.{block}.attn_output.weight"
        tensors[f"{name}.lora_a"] = random.normal(size=(4, 576)) * size
        tensors[f"{name}.lora_b"] = random.normal(size=(576, 4)) * size
    path.write_bytes(gguf({**ADAPTER, **fields}, tensors))
    return path
