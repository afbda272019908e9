"""The law of every parser: a value, or its own error with place and cure; and work in step with the input."""

from __future__ import annotations

import sys
import tracemalloc
from collections.abc import Callable
from types import FrameType
from typing import Any, TypeVar

from brightline.errors import BrightlineError, InputError

T = TypeVar("T")


def lawful(
    read: Callable[[], T], error: type[BrightlineError] | tuple[type[BrightlineError], ...] = InputError
) -> T | None:
    """What `read` gives, or None where it raised one of `error` that says where and what to do. Nothing else passes."""
    fault: BrightlineError
    try:
        return read()
    except error as e:
        fault = e
    sentence = str(fault)
    assert fault.place, sentence
    assert fault.cure, sentence
    assert fault.text
    assert len(sentence) < 4_000, "a sentence, and not the input"
    assert "Traceback" not in sentence
    sentence.encode()  # it can be printed: no half of a pair stands in it
    return None


class Work:
    """Calls made and peak bytes held while a function runs: what grows with an input, however fast the machine is."""

    def __init__(self, run: Callable[[], object]) -> None:
        self.calls = 0
        tracemalloc.start()
        sys.setprofile(self._count)
        try:
            run()
        finally:
            sys.setprofile(None)
            self.bytes = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()

    def _count(self, _frame: FrameType, _event: str, _arg: Any) -> None:
        self.calls += 1
