"""The parts of a model as they lie on this disk, stated and compared with what was stated before."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Never

from brightline.errors import ModelError
from brightline.models.gguf import read_header
from brightline.models.manifest import Manifest, Progress, file_digest, hash_model
from brightline.models.statement import Adapter, ModelStatement, Part

MAX_TEMPLATE = 1 << 20


def part_of(manifest: Manifest) -> Part:
    """A model's files as one part: the digest of its one file, or that over all of them."""
    return Part(manifest.name, f"sha256:{manifest.files.get('.', manifest.root)}")


def state(
    name: str,
    weights: Path,
    adapters: Sequence[tuple[Path, str]] = (),
    *,
    family: str = "",
    variant: str = "stock",
    chat_template: Path | None = None,
    runtime: str | None = None,
    progress: Progress = lambda _: None,
) -> ModelStatement:
    """The statement of what lies on this disk. Raises ModelError naming the file that does not fit.

    An adapter is GGUF, for the architecture of the weights, and for these weights where it names any.
    """
    # 1. the weights
    base = part_of(hash_model(weights, progress=progress))
    header = read_header(weights) if _is_gguf(weights) else None
    if header is not None and header.is_adapter:
        _bad("an adapter where weights are asked for", str(weights), "name the weights first, then `--adapter FILE`")
    # 2. each adapter, and whether it belongs to them
    parts: list[Adapter] = []
    for path, scale in adapters:
        said = read_header(path)
        if not said.is_adapter:
            _bad("no adapter: its header does not say so", str(path), "name a LoRA adapter in GGUF")
        if header is not None and said.architecture != header.architecture:
            why = f"an adapter for {said.architecture[:40]!r}, and the weights are {header.architecture[:40]!r}"
            _bad(why, str(path), "name the adapter of these weights")
        if said.base not in ("", base.digest):
            _bad("an adapter that was trained on other weights", str(path), "name the weights that it names")
        progress(f"hashing {path.name}")
        parts.append(Adapter(path.name, f"sha256:{file_digest(path)}", scale))
    # 3. the rest
    template = f"sha256:{_template_digest(chat_template)}" if chat_template is not None else None
    family = family or (header.architecture if header is not None else "") or name
    return ModelStatement(
        name=name,
        family=family,
        variant=variant,
        base=base,
        adapters=tuple(parts),
        chat_template=template,
        runtime=runtime,
    )


def check_parts(statement: ModelStatement, found: ModelStatement) -> None:
    """Raises ModelError, naming the first part, where what was found on disk is not what was stated.

    Names do not count: what answers is settled by digests and scales alone.
    """
    pairs: list[tuple[str, Any, Any]] = [("weights", statement.base.digest, found.base.digest)]
    pairs.append(("number of adapters", len(statement.adapters), len(found.adapters)))
    for stated, there in zip(statement.adapters, found.adapters, strict=False):
        pairs += [(f"adapter {stated.name!r}", stated.digest, there.digest)]
        pairs += [(f"scale of {stated.name!r}", stated.scale, there.scale)]
    pairs += [("chat template", statement.chat_template, found.chat_template)]
    pairs += [("runtime", statement.runtime, found.runtime)]
    for part, stated_part, found_part in pairs:
        if stated_part != found_part:
            cure = "serve the parts that were stated, or agree on a new statement: `brightline model register`"
            _bad(f"not the model stated: the {part} differs", f"model {statement.name}", cure)


def _is_gguf(weights: Path) -> bool:
    """True where a file says so by its name or its first bytes: then its header must be one."""
    if weights.is_dir():
        return False
    with weights.open("rb") as file:
        return weights.suffix == ".gguf" or file.read(4) == b"GGUF"


def _template_digest(path: Path) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_TEMPLATE + 1)
        data.decode()
    except OSError as e:
        _bad(f"cannot be read: {e.strerror}", str(path), "check the path and its rights")
    except UnicodeDecodeError:
        _bad("not UTF-8 text", str(path), "save the template as UTF-8")
    if len(data) > MAX_TEMPLATE:
        _bad("over 1 MiB", str(path), "name a chat template")
    return hashlib.sha256(data).hexdigest()


def _bad(text: str, place: str, cure: str) -> Never:
    raise ModelError(text, place=place, cure=cure)
