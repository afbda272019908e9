"""Harbor: the customised variant that ships, so that one can be shown with real tokens. `make train-harbor` trains it.

Law: only the very adapter that was trained is served under its name; other bytes are refused.
"""

from __future__ import annotations

from pathlib import Path

from brightline.errors import MachineError
from brightline.models.parts import state
from brightline.models.variants import Variant
from brightline.models.weights import STOCK, embedded_weights, weights_digest

DIGEST = "sha256:6a6bae57b6557af6071a3c9b1d04a9b510b2dec610bfc8314f6899d36fa3aa1d"
"""Of the adapter's file. Trained anew it has another digest: then this line and every agreement on it change."""


def harbor() -> Variant:
    """The embedded model with the Harbor adapter at full scale. Raises MachineError where its file was changed."""
    adapter = Path(__file__).parent / "harbor.gguf"
    if weights_digest(adapter) != DIGEST:
        cure = "install Brightline again, or write the new digest here after `make train-harbor`"
        raise MachineError("the adapter is not the one that was trained", place=str(adapter), cure=cure)
    said = state("harbor", embedded_weights(), [(adapter, "1")], family=STOCK.family, variant="harbor")
    return Variant(said, (adapter,))
