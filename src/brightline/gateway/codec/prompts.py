"""The input of `/v1/completions` (`prompt`) and `/v1/embeddings` (`input`) as turns: one of the user's for each text.

Tokens in place of text are refused: what nothing here can read cannot be screened, counted or shown to an auditor.
"""

from __future__ import annotations

from typing import Any

from brightline.errors import CallError

MAX_TEXTS = 2048  # in one call: as OpenAI has it


def turns(given: Any, name: str) -> list[dict[str, Any]]:
    """The turns of a prompt or input. Raises CallError naming the field."""
    texts = given if type(given) is list else [given]
    if not 0 < len(texts) <= MAX_TEXTS:
        raise CallError("no text, or too many", place=name, cure=f"send 1 to {MAX_TEXTS} texts")
    for index, text in enumerate(texts):
        if type(text) is not str:
            cure = "send text: tokens, and what is no text, cannot be read here"
            raise CallError("not a text", place=f"{name}[{index}]" if texts is given else name, cure=cure)
    return [{"role": "user", "content": text} for text in texts]
