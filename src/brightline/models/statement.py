"""What a model is made of, tied to one name and one digest: an in-toto Statement v1.

    {"_type": "https://in-toto.io/Statement/v1", "subject": [{"name", "digest": {"sha256"}}],
     "predicateType": "urn:brightline:model:v1",
     "predicate": {"family", "variant", "base": {"name", "digest"}, "adapters": [{"name", "digest", "scale"}],
                   "chat_template": digest | null, "runtime": text | null}}

Law: `from_bytes(s.to_bytes()) == s`; two statements have one digest iff they are of the same parts. The digest is what
an agreement names and entries carry. Of weights as they come it is their own SHA-256, so an agreement that names the
stock model needs no statement; of anything else it is the SHA-256 of the canonical JSON of the parts. A stock model
and a customised one can therefore never be taken for each other (scenario G15).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Never, Self

from brightline.canonical import digest as canonical_digest
from brightline.canonical import dump, parse
from brightline.errors import InputError, ModelError
from brightline.models.signing import STATEMENT

PREDICATE = "urn:brightline:model:v1"
MAX_ADAPTERS = 16
MAX_SCALE = 8

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_SCALE = re.compile(r"(?:0|[1-9])(?:\.[0-9]{0,3}[1-9])?")
_CURE = "use the statement as `brightline model register` wrote it"


@dataclass(frozen=True, slots=True)
class Part:
    """A file or folder; `name` is for people. `digest`: of a folder, that over its manifest."""

    name: str
    digest: str


@dataclass(frozen=True, slots=True)
class Adapter:
    """A LoRA adapter. `scale`: its weight as the shortest decimal, above 0, at most 8, at most four decimals."""

    name: str
    digest: str
    scale: str = "1"


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelStatement:
    """`chat_template`: digest of the text that replaces the weights' own, None where theirs is used. `runtime`: the
    engine and its version where the parties bind it, else None."""

    name: str
    family: str
    variant: str
    base: Part
    adapters: tuple[Adapter, ...] = ()
    chat_template: str | None = None
    runtime: str | None = None

    def __post_init__(self) -> None:
        texts = {"name": self.name, "family": self.family, "variant": self.variant, "base.name": self.base.name}
        texts |= {f"adapters[{i}].name": a.name for i, a in enumerate(self.adapters)}
        texts |= {"runtime": self.runtime} if self.runtime is not None else {}
        for place, text in texts.items():
            if not 0 < len(text) <= 200 or not text.isprintable():
                _bad("not a name of 1 to 200 printable characters", place, "give another")
        digests = {"base.digest": self.base.digest} | {f"adapters[{i}]": a.digest for i, a in enumerate(self.adapters)}
        digests |= {"chat_template": self.chat_template} if self.chat_template is not None else {}
        for place, text in digests.items():
            if not _DIGEST.fullmatch(text):
                _bad("not a digest", place, "write sha256: and 64 hex digits")
        if len(self.adapters) > MAX_ADAPTERS:
            _bad(f"over {MAX_ADAPTERS} adapters", "adapters", "merge some of them")
        for i, adapter in enumerate(self.adapters):
            if not _SCALE.fullmatch(adapter.scale) or not 0 < Decimal(adapter.scale) <= MAX_SCALE:
                cure = "write the shortest decimal above 0 and at most 8, such as 1 or 0.75"
                _bad("not a scale", f"adapters[{i}].scale", cure)
        if (self.variant == "stock") != self.is_stock:
            cure = "say `stock` where nothing was changed, and the customer's word for it where something was"
            _bad(f"the variant is called {self.variant!r}", "variant", cure)

    @property
    def is_stock(self) -> bool:
        """True iff the weights answer as they come, whatever engine runs them."""
        return not self.adapters and self.chat_template is None and self.runtime is None

    @property
    def digest(self) -> str:
        """`sha256:` and 64 hex digits: what an agreement names, and what each entry of the record carries."""
        if self.is_stock:
            return self.base.digest
        parts = [{"digest": a.digest, "scale": a.scale} for a in self.adapters]
        made_of = {"base": self.base.digest, "adapters": parts}
        return canonical_digest(made_of | {"chat_template": self.chat_template, "runtime": self.runtime})

    def to_bytes(self) -> bytes:
        """The canonical statement."""
        adapters = [{"name": a.name, "digest": a.digest, "scale": a.scale} for a in self.adapters]
        predicate = {
            "family": self.family,
            "variant": self.variant,
            "base": {"name": self.base.name, "digest": self.base.digest},
            "adapters": adapters,
            "chat_template": self.chat_template,
            "runtime": self.runtime,
        }
        subject = {"name": self.name, "digest": {"sha256": self.digest.removeprefix("sha256:")}}
        return dump({"_type": STATEMENT, "subject": [subject], "predicateType": PREDICATE, "predicate": predicate})

    @classmethod
    def from_bytes(cls, data: bytes, place: str = "") -> Self:
        """Read a statement. Raises ModelError where it is none, or its digest is not that of its parts."""
        obj = parse(data, place, error=ModelError)
        try:
            (subject,), made_of = obj["subject"], obj["predicate"]
            statement = cls(
                name=subject["name"],
                family=made_of["family"],
                variant=made_of["variant"],
                base=Part(**made_of["base"]),
                adapters=tuple(Adapter(**a) for a in made_of["adapters"]),
                chat_template=made_of["chat_template"],
                runtime=made_of["runtime"],
            )
            same = statement.to_bytes() == dump(obj)
        except ModelError as e:
            _bad(e.text, f"{place}: {e.place}" if place else e.place, e.cure)
        except (InputError, AttributeError, KeyError, TypeError, ValueError):
            _bad("not a model's statement", place, _CURE)
        if not same:
            _bad("a model's statement that says more than it may, or has not the digest of its parts", place, _CURE)
        return statement


def _bad(text: str, place: str, cure: str) -> Never:
    raise ModelError(text, place=place, cure=cure)
