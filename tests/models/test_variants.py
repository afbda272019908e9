"""Customised variants on the real engine: who answers, and what leaks where scales are left out (G15)."""

import http.client
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from brightline.errors import ModelError, UpstreamError
from brightline.models import EmbeddedModel, ModelStatement, Variant, Variants, embedded_weights, state
from brightline.models.variants import engine_name
from tests.models.written import lora

STOCK = EmbeddedModel.weights.digest


def variant(path: Path, name: str, seed: int, runtime: str | None = None) -> Variant:
    adapter = lora(path / f"{name}.gguf", seed)
    parts = [(adapter, "1")]
    return Variant(state(name, embedded_weights(), parts, variant=name, runtime=runtime), (adapter,))


@pytest.fixture(scope="module")
def harbor(tmp_path_factory: pytest.TempPathFactory) -> Variant:
    return variant(tmp_path_factory.mktemp("harbor"), "harbor", 0, engine_name())


@pytest.fixture(scope="module")
def engine(harbor: Variant, tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedModel]:
    """One slot, so that each call meets what the last one left."""
    other = variant(tmp_path_factory.mktemp("other"), "other", 1)
    with EmbeddedModel(slots=1, variants=[harbor, other]) as running:
        yield running


def said(engine: EmbeddedModel, own: Mapping[str, Any], path: str = "/v1/chat/completions") -> str:
    """The words of one greedy answer."""
    return ask(engine, own, "Name three colours.", 6, path)


def ask(
    engine: EmbeddedModel, own: Mapping[str, Any], question: str, most: int, path: str = "/v1/chat/completions"
) -> str:
    """The words of one greedy answer of at most `most` tokens."""
    messages = [{"role": "user", "content": question}]
    body = {"model": "m", "messages": messages, "max_tokens": most, "temperature": 0, **own}
    connection = http.client.HTTPConnection(engine.url.removeprefix("http://"))
    connection.request("POST", path, json.dumps(body), {"Authorization": f"Bearer {engine.api_key}"})
    answer = json.loads(connection.getresponse().read())
    return str(answer["choices"][0]["message"]["content"] if "choices" in answer else answer["content"][0]["text"])


def test_each_model_answers_as_itself_whoever_answered_before(engine: EmbeddedModel, harbor: Variant) -> None:
    with EmbeddedModel(slots=1) as bare:
        stock = said(bare, bare.loaded.own_fields(STOCK))
    fields = {d: engine.loaded.own_fields(d) for d in (STOCK, *engine.loaded.statements)}
    first = {d: said(engine, fields[d]) for d in fields}
    assert first[STOCK] == stock
    assert len(set(first.values())) == 3
    for digest in (harbor.statement.digest, STOCK, STOCK, *fields, harbor.statement.digest, *reversed(fields)):
        assert said(engine, fields[digest]) == first[digest]


def test_why_the_stock_model_needs_its_zeros(engine: EmbeddedModel, harbor: Variant) -> None:
    """Where this fails, llama.cpp no longer reuses an adapter's cache: then read models/variants.py again."""
    loaded = engine.loaded
    stock = said(engine, loaded.own_fields(STOCK))
    for path in ("/v1/chat/completions", "/v1/messages"):
        said(engine, loaded.own_fields(harbor.statement.digest))
        assert said(engine, {}, path) != stock
        said(engine, loaded.own_fields(harbor.statement.digest))
        assert said(engine, loaded.own_fields(STOCK)) == stock


def test_every_adapter_is_named_and_no_other_digest_is_served(engine: EmbeddedModel, harbor: Variant) -> None:
    own = engine.loaded.own_fields
    assert own(STOCK) == {"lora": [{"id": 0, "scale": 0.0}, {"id": 1, "scale": 0.0}]}
    assert own(harbor.statement.digest) == {"lora": [{"id": 0, "scale": 1.0}, {"id": 1, "scale": 0.0}]}
    with pytest.raises(ModelError, match="the engine has no model with this digest"):
        own("sha256:" + "0" * 64)
    assert Variants(STOCK, {}, {}).own_fields(STOCK) == {}


def test_an_adapter_with_another_digest_is_not_served(harbor: Variant, tmp_path: Path) -> None:
    swapped = lora(tmp_path / "swapped.gguf", seed=5)
    engine = EmbeddedModel(variants=[Variant(harbor.statement, (swapped,))])
    with pytest.raises(ModelError, match=r"not the model stated: the adapter 'harbor\.gguf' differs"):
        engine.start()
    assert engine.pid is None


def restated(statement: ModelStatement, **changes: Any) -> ModelStatement:
    fields = ("name", "family", "variant", "base", "adapters", "chat_template", "runtime")
    return ModelStatement(**({f: getattr(statement, f) for f in fields} | changes))


REFUSED = {
    "another engine": ({"runtime": "llama.cpp 1"}, "the runtime differs"),
    "a template": ({"chat_template": STOCK}, "the weights' own template"),
    "an adapter less": ({"adapters": ()}, "its adapters are not those given"),
}


@pytest.mark.parametrize(("changes", "why"), REFUSED.values(), ids=REFUSED)
def test_a_statement_of_something_else_is_not_served(harbor: Variant, changes: dict[str, Any], why: str) -> None:
    engine = EmbeddedModel(variants=[Variant(restated(harbor.statement, **changes), harbor.adapters)])
    with pytest.raises(ModelError, match=why):
        engine.start()
    assert engine.pid is None


def test_a_file_that_is_no_adapter_ends_with_a_cure(tmp_path: Path) -> None:
    said_so = lora(tmp_path / "empty.gguf", seed=0)
    said_so.write_bytes(said_so.read_bytes()[:2_000])  # its header is whole, its tensors are not
    statement = state("m", embedded_weights(), [(said_so, "1")], variant="v")
    engine = EmbeddedModel(variants=[Variant(statement, (said_so,))])
    with pytest.raises(UpstreamError, match="ended with status"):
        engine.start()
    assert engine.pid is None
