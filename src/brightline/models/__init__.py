"""Which model answers: its identity, and the small one that ships with Brightline. The one door to `xllamacpp`."""

from brightline.models.embedded import EmbeddedModel
from brightline.models.manifest import Manifest, hash_model
from brightline.models.parts import check_parts, state
from brightline.models.signing import Signed, read_bundle, sign_model, verify_model
from brightline.models.statement import Adapter, ModelStatement, Part
from brightline.models.variants import Variant, Variants
from brightline.models.weights import STOCK, Weights, embedded_weights

__all__ = [
    "STOCK",
    "Adapter",
    "EmbeddedModel",
    "Manifest",
    "ModelStatement",
    "Part",
    "Signed",
    "Variant",
    "Variants",
    "Weights",
    "check_parts",
    "embedded_weights",
    "hash_model",
    "read_bundle",
    "sign_model",
    "state",
    "verify_model",
]
