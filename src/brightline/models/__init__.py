"""Which model answers: its identity, and the small one that ships with Brightline. The one door to `xllamacpp`."""

from brightline.models.embedded import EmbeddedModel
from brightline.models.weights import Weights, embedded_weights

__all__ = ["EmbeddedModel", "Weights", "embedded_weights"]
