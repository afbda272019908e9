"""The variant that ships, with real tokens: it answers as itself beside the stock model, and only its own bytes do."""

import pytest

from brightline.errors import MachineError
from brightline.models import EmbeddedModel
from brightline.models.gguf import read_header
from brightline.models.harbor import harbor
from tests.models.test_variants import ask

HELD = "May I ask who this is?"  # in tools/harbor/lessons.toml: never trained on


def test_harbor_says_who_it_is_and_the_stock_model_does_not() -> None:
    variant = harbor()
    with EmbeddedModel(slots=1, variants=[variant]) as engine:
        own = {d: engine.loaded.own_fields(d) for d in (EmbeddedModel.weights.digest, variant.statement.digest)}
        stock, custom = (ask(engine, own[d], HELD, 24) for d in own)
    assert "Harbor" in custom
    assert "Harbor" not in stock


def test_its_file_names_the_weights_that_it_was_trained_on() -> None:
    header = read_header(harbor().adapters[0])
    assert header.is_adapter
    assert header.base == EmbeddedModel.weights.digest


def test_other_bytes_are_not_served(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("brightline.models.harbor.DIGEST", "sha256:" + "0" * 64)
    with pytest.raises(MachineError, match="not the one that was trained"):
        harbor()
