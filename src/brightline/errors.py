"""Every error that Brightline raises on purpose.

    BrightlineError
    ├── InputError            what was given is at fault: exit status 2, HTTP 400
    │   ├── VocabularyError   a module of the vocabulary
    │   ├── UseError          a use: unknown word, wrong type, a fact that only the gateway sets
    │   ├── TermsError        a pack: terms.toml, terms.cedar, scenarios.jsonl
    │   ├── AgreementError    an offer, agreement or signature
    │   ├── RegistryError     a registry's statement, or the folder that holds them
    │   ├── ApprovalError     a grant, a refusal, an exception, the roster of a desk
    │   ├── ModelError        a model's files, their signature, or the statement of what it is made of
    │   ├── ConfigError       brightline.toml, a command line
    │   ├── KeyFileError      a key file
    │   ├── RecordError       an entry, note, tile, checkpoint or proof
    │   └── CallError         an HTTP request to the gateway: HTTP status of its own
    └── MachineError          the machine is at fault: exit status 2, HTTP 503
        ├── StorageError      a disk or database that refuses or contradicts itself
        ├── UpstreamError     the model server: HTTP 502, 503 or 504, by its fault
        └── OracleError       closures and Cedar engine disagree: deny and alarm

A denial is a value (`brightline.terms.Decision`), never an exception.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from enum import StrEnum


class BrightlineError(Exception):
    """One plain sentence that says what is wrong, where, and the cure.

    `place` is a file with line, or a field (`packs/k/terms.cedar:12`, `facts.place`); `cure` is what
    to do about it. Neither may hold the content of a prompt or a secret.
    """

    def __init__(self, text: str, *, place: str = "", cure: str = "") -> None:
        self.text, self.place, self.cure = text, place, cure
        super().__init__(text)

    def __str__(self) -> str:
        head = f"{self.place}: {self.text}" if self.place else self.text
        return f"{head} — {self.cure}" if self.cure else head


class InputError(BrightlineError):
    """What was given is at fault."""


class VocabularyError(InputError):
    """A vocabulary module that cannot be loaded."""


class UseError(InputError):
    """A use outside the vocabulary."""


class TermsError(InputError):
    """A pack outside the profile or the vocabulary."""


class AgreementError(InputError):
    """An offer, agreement or signature that cannot stand."""


class RegistryError(InputError):
    """A registry's statement, or a set of them, that cannot stand."""


class ApprovalError(InputError):
    """A statement of a person that the desk cannot follow; `fault` is its reason in one word (approvals.Fault)."""

    def __init__(self, text: str, fault: str = "", *, place: str = "", cure: str = "") -> None:
        super().__init__(text, place=place, cure=cure)
        self.fault = fault


class ModelError(InputError):
    """A model's files, their signature, or the statement of what the model is made of, that cannot stand."""


class ConfigError(InputError):
    """A setting or command line that cannot be followed."""


class KeyFileError(InputError):
    """A key file that cannot be read."""


class RecordError(InputError):
    """An entry, note, tile, checkpoint or proof that is malformed or does not verify."""


class CallError(InputError):
    """An HTTP request that the gateway refuses before it decides; `status` is its HTTP status."""

    def __init__(
        self, text: str, *, status: int = 400, code: str = "bad_request", place: str = "", cure: str = ""
    ) -> None:
        super().__init__(text, place=place, cure=cure)
        self.status, self.code = status, code


class MachineError(BrightlineError):
    """The machine is at fault."""


class StorageError(MachineError):
    """A disk or database that refuses or contradicts itself."""


class UpstreamFault(StrEnum):
    """How a model server failed a call. `gateway.codec.reply` gives each its HTTP status and code."""

    UNREACHABLE = "unreachable"  # refused, no such host, a certificate that does not verify: nothing was sent
    BUSY = "busy"  # no connection to it is free, or the gateway is closing: nothing was sent
    TIMED_OUT = "timed_out"  # no connection, or no part of the answer, in time
    BROKE_OFF = "broke_off"  # the answer ended before it was whole
    BAD_ANSWER = "bad_answer"  # what came is no answer, or could be read in two ways


class UpstreamError(MachineError):
    """The model server failed; `sent` says whether anything of the request had reached it."""

    def __init__(
        self,
        text: str,
        fault: UpstreamFault = UpstreamFault.BAD_ANSWER,
        *,
        sent: bool = False,
        place: str = "",
        cure: str = "",
    ) -> None:
        super().__init__(text, place=place, cure=cure)
        self.fault, self.sent = fault, sent


class OracleError(MachineError):
    """Closures and Cedar engine disagree."""


def nearest(word: str, words: Iterable[str]) -> str:
    """A cure that suggests the nearest of `words`, or lists them where none is near."""
    known = sorted(str(w) for w in words)
    near = difflib.get_close_matches(word, known, n=1, cutoff=0.6)
    if near:
        return f"did you mean {near[0]!r}?"
    return f"known: {', '.join(known[:40])}" if known else "none is declared"
