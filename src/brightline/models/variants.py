"""Customised variants on one llama.cpp engine: its adapters, and the scales that each call must carry.

Law: `own_fields` names every adapter that the engine has loaded, whatever model is asked for. llama.cpp takes what is
absent for the engine's usual scale, an id that it does not know for none, and a call without `lora` after one with an
adapter is answered from a prompt cache that the adapter filled: words of neither model, and so is every later call on
that slot (seen on xllamacpp 2026.10; tests/models/test_variants.py). `/v1/messages` does not read `lora` at all: while
adapters are loaded it can be served for no model, stock or not.
"""

from __future__ import annotations

import importlib.metadata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from brightline.errors import ModelError
from brightline.models.manifest import Progress
from brightline.models.parts import check_parts, state
from brightline.models.statement import ModelStatement

ENGINE_PACKAGE = "xllamacpp"


@dataclass(frozen=True, slots=True)
class Variant:
    """A statement, and where the adapters that it names lie, in its order."""

    statement: ModelStatement
    adapters: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class Variants:
    """`files`: adapters by digest, in the order in which the engine has loaded them. `stock`: digest of the weights."""

    stock: str
    files: Mapping[str, Path]
    statements: Mapping[str, ModelStatement]

    def own_fields(self, digest: str) -> Mapping[str, Any]:
        """The fields that only the gateway sets in a call to this engine, for the model with this digest.

        Raises ModelError where the engine has no such model: then nothing may be sent.
        """
        if digest != self.stock and digest not in self.statements:
            cure = "load its adapter, or agree on a model that is loaded"
            raise ModelError("the engine has no model with this digest", place=f"model {digest}", cure=cure)
        if not self.files:
            return {}
        statement = self.statements.get(digest)
        scales = {a.digest: float(a.scale) for a in statement.adapters} if statement is not None else {}
        return {"lora": [{"id": i, "scale": scales.get(file, 0.0)} for i, file in enumerate(self.files)]}


def checked(
    stock: str, weights: Path, variants: Sequence[Variant] = (), progress: Progress = lambda _: None
) -> Variants:
    """The variants, once each is seen to be what its statement says. Raises ModelError: then none is served."""
    files: dict[str, Path] = {}
    statements: dict[str, ModelStatement] = {}
    for variant in variants:
        said = variant.statement
        if said.chat_template is not None:
            cure = "state it without `--template`"
            raise ModelError("the embedded engine has the weights' own template", place=f"model {said.name}", cure=cure)
        if len(variant.adapters) != len(said.adapters) or len({a.digest for a in said.adapters}) != len(said.adapters):
            cure = "name one file for each adapter of the statement, in its order, each once"
            raise ModelError("its adapters are not those given", place=f"model {said.name}", cure=cure)
        scaled = [(path, adapter.scale) for path, adapter in zip(variant.adapters, said.adapters, strict=True)]
        runtime = None if said.runtime is None else engine_name()
        found = state(
            said.name, weights, scaled, family=said.family, variant=said.variant, runtime=runtime, progress=progress
        )
        check_parts(said, found)
        files |= {adapter.digest: path for path, adapter in zip(variant.adapters, said.adapters, strict=True)}
        statements[said.digest] = said
    return Variants(stock, files, statements)


def engine_name() -> str:
    """The engine and its version, as a statement's `runtime` names it."""
    return f"{ENGINE_PACKAGE} {importlib.metadata.version(ENGINE_PACKAGE)}"
