"""Whom and what a clause can name besides facts: components of the customer, and models.

Both are declared in terms.toml. They take two places after the facts in an encoded use, as sets of what the use lies
in: a use of component `army/g2` lies in `army` and in `army/g2`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from brightline.vocabulary import Use, Vocabulary, encode


@dataclass(frozen=True)
class Scope:
    """`components`: paths; `models`: name → the models (families, variants) that it lies in directly."""

    vocabulary: Vocabulary
    components: tuple[str, ...] = ()
    models: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def component_place(self) -> int:
        return len(self.vocabulary.facts)

    @property
    def model_place(self) -> int:
        return len(self.vocabulary.facts) + 1

    @cached_property
    def full(self) -> tuple[int, ...]:
        """The mask of all values of each place; 0 for numbers."""
        facts = [(1 << len(f.values)) - 1 for f in self.vocabulary.facts.values()]
        return (*facts, (1 << len(self.components)) - 1, (1 << len(self.models)) - 1)

    def component_bit(self, name: str) -> int:
        return 1 << self.components.index(name)

    def model_bit(self, name: str) -> int:
        return 1 << list(self.models).index(name)

    def components_of(self, component: str) -> int:
        """Bits of the declared components that `component` is or lies in."""
        bits = 0
        for i, c in enumerate(self.components):
            if component == c or component.startswith(c + "/"):
                bits |= 1 << i
        return bits

    def models_of(self, model: str) -> int:
        """Bits of the declared models that `model` is or lies in; none for a model that is not declared."""
        return self._above.get(model, 0)

    @cached_property
    def _above(self) -> Mapping[str, int]:
        def above(name: str) -> set[str]:
            return {name}.union(*map(above, self.models[name]))

        return {m: sum(self.model_bit(n) for n in above(m)) for m in self.models}

    def encode(self, use: Use) -> list[int]:
        """The use's facts, component and model as one integer each; its alternatives are encoded apart."""
        v = encode(self.vocabulary, use.facts, use.sources)
        v.append(self.components_of(use.component))
        v.append(self.models_of(use.model))
        return v
