"""What a model is made of: one digest for one set of parts, and no other."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from brightline.errors import ModelError
from brightline.models import STOCK, embedded_weights
from brightline.models.gguf import BASE
from brightline.models.parts import check_parts, state
from brightline.models.statement import Adapter, ModelStatement, Part
from tests.models.written import gguf, lora

A, B, C = (f"sha256:{c * 64}" for c in "abc")
PLAIN = ModelStatement(name="m", family="f", variant="stock", base=Part("m.gguf", A))
HARBOR = ModelStatement(
    name="harbor", family="f", variant="harbor", base=Part("m.gguf", A), adapters=(Adapter("h.gguf", B, "0.75"),)
)


def test_the_digest_of_weights_as_they_come_is_their_own() -> None:
    assert PLAIN.digest == A
    assert state("smollm2-135m-instruct", embedded_weights()).digest == STOCK.digest


def varied(**changes: Any) -> ModelStatement:
    usual = {"name": "n", "family": "f", "variant": "v", "base": Part("b", A), "adapters": (Adapter("a", B),)}
    return ModelStatement(**(usual | changes))


VARIANTS = (
    PLAIN,
    varied(),
    varied(base=Part("b", C)),
    varied(adapters=(Adapter("a", C),)),
    varied(adapters=(Adapter("a", B, "0.5"),)),
    varied(adapters=(Adapter("a", B), Adapter("a", C))),
    varied(adapters=(Adapter("a", C), Adapter("a", B))),
    varied(chat_template=B),
    varied(adapters=(), chat_template=B),
    varied(adapters=(), chat_template=C),
    varied(runtime="llama.cpp 1"),
    varied(runtime="llama.cpp 2"),
    varied(adapters=(), runtime="llama.cpp 2"),
)


def test_other_parts_have_another_digest() -> None:
    assert len({s.digest for s in VARIANTS}) == len(VARIANTS)


def test_a_name_is_no_part() -> None:
    assert varied(name="x", family="y", variant="z", base=Part("w", A), adapters=(Adapter("u", B),)).digest == (
        varied().digest
    )


@pytest.mark.parametrize("statement", VARIANTS)
def test_a_statement_comes_back_as_it_was(statement: ModelStatement) -> None:
    data = statement.to_bytes()
    assert ModelStatement.from_bytes(data) == statement
    assert json.loads(data)["subject"][0]["digest"]["sha256"] == statement.digest[7:]


REFUSED: dict[str, tuple[Callable[[Any], object], str]] = {
    "another digest": (lambda s: s["subject"][0]["digest"].update(sha256="0" * 64), "not the digest of its parts"),
    "another adapter": (lambda s: s["predicate"]["adapters"][0].update(digest=C), "not the digest of its parts"),
    "another scale": (lambda s: s["predicate"]["adapters"][0].update(scale="1"), "not the digest of its parts"),
    "something more": (lambda s: s["predicate"].update(licence="x"), "says more than it may"),
    "something more of a part": (lambda s: s["predicate"]["base"].update(size=1), "not a model's statement"),
    "something less": (lambda s: s["predicate"].pop("runtime"), "not a model's statement"),
    "scale of none": (lambda s: s["predicate"]["adapters"][0].update(scale="0"), "not a scale"),
    "scale too big": (lambda s: s["predicate"]["adapters"][0].update(scale="8.1"), "not a scale"),
    "scale in two spellings": (lambda s: s["predicate"]["adapters"][0].update(scale="0.750"), "not a scale"),
    "scale below none": (lambda s: s["predicate"]["adapters"][0].update(scale="-1"), "not a scale"),
    "scale as a number": (lambda s: s["predicate"]["adapters"][0].update(scale=0.75), "not a model's statement"),
    "stock with an adapter": (lambda s: s["predicate"].update(variant="stock"), "the variant is called 'stock'"),
    "empty template": (lambda s: s["predicate"].update(chat_template=""), "not a digest"),
    "an escape": (lambda s: s["subject"][0].update(name="\x1b"), "not a name"),
    "a long name": (lambda s: s["subject"][0].update(name="n" * 201), "not a name"),
    "another predicate": (lambda s: s.update(predicateType="x"), "says more than it may"),
    "too many": (lambda s: s["predicate"].update(adapters=s["predicate"]["adapters"] * 17), "over 16 adapters"),
}


@pytest.mark.parametrize(("change", "why"), REFUSED.values(), ids=REFUSED)
def test_a_statement_that_cannot_stand(change: Callable[[Any], object], why: str) -> None:
    value = json.loads(HARBOR.to_bytes())
    change(value)
    with pytest.raises(ModelError, match=why) as caught:
        ModelStatement.from_bytes(json.dumps(value).encode(), "h.json")
    assert caught.value.place.startswith("h.json")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@given(JSON, st.sampled_from(["", "subject", "predicate", "base", "adapters", "runtime", "chat_template"]))
def test_any_other_json_is_refused_as_such(value: Any, where: str) -> None:
    whole = json.loads(HARBOR.to_bytes())
    for table in (whole, whole["predicate"]):
        if where in table:
            table[where] = value
    assume(whole != json.loads(HARBOR.to_bytes()) or not where)
    with pytest.raises(ModelError):
        ModelStatement.from_bytes(json.dumps(whole if where else value).encode())


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    path = tmp_path / "m.gguf"
    path.write_bytes(gguf({"general.architecture": "llama", "general.type": "model"}))
    return path


def test_what_lies_on_disk_is_stated_and_found_again(weights: Path, tmp_path: Path) -> None:
    adapter, template = lora(tmp_path / "h.gguf"), tmp_path / "t.jinja"
    template.write_text("{{ x }}")
    steps: list[str] = []
    here = [(adapter, "0.5")]
    first = state("harbor", weights, here, variant="harbor", chat_template=template, progress=steps.append)
    assert steps == ["hashing m.gguf", "hashing h.gguf"]
    assert first.family == "llama"
    check_parts(first, state("x", weights, here, variant="y", chat_template=template))
    template.write_text("{{ y }}")
    with pytest.raises(ModelError, match="the chat template differs"):
        check_parts(first, state("x", weights, here, variant="y", chat_template=template))
    with pytest.raises(ModelError, match="the number of adapters differs"):
        check_parts(first, state("x", weights))
    with pytest.raises(ModelError, match=r"the scale of 'h\.gguf' differs"):
        check_parts(first, state("x", weights, [(adapter, "1")], variant="y"))
    lora(adapter, seed=1)
    with pytest.raises(ModelError, match=r"the adapter 'h\.gguf' differs"):
        check_parts(first, state("x", weights, here, variant="y"))
    weights.write_bytes(gguf({"general.architecture": "llama", "general.name": "other"}))
    with pytest.raises(ModelError, match="the weights differs"):
        check_parts(first, state("x", weights, here, variant="y"))


def test_an_adapter_of_other_weights_is_refused(weights: Path, tmp_path: Path) -> None:
    base = state("m", weights).digest
    assert state("h", weights, [(lora(tmp_path / "a.gguf", **{BASE: base}), "1")], variant="h")
    with pytest.raises(ModelError, match="trained on other weights"):
        state("h", weights, [(lora(tmp_path / "b.gguf", **{BASE: A}), "1")], variant="h")
    with pytest.raises(ModelError, match="an adapter for 'qwen2', and the weights are 'llama'"):
        state("h", weights, [(lora(tmp_path / "c.gguf", **{"general.architecture": "qwen2"}), "1")], variant="h")
    with pytest.raises(ModelError, match="no adapter"):
        state("h", weights, [(weights, "1")], variant="h")
    with pytest.raises(ModelError, match="an adapter where weights are asked for"):
        state("h", tmp_path / "a.gguf")


def test_weights_are_known_by_name_or_by_their_first_bytes(tmp_path: Path) -> None:
    adapter = lora(tmp_path / "a.gguf").rename(tmp_path / "a.bin")
    with pytest.raises(ModelError, match="an adapter where weights are asked for"):
        state("m", adapter)
    (tmp_path / "b.gguf").write_bytes(b"PK")
    with pytest.raises(ModelError, match="cut short"):
        state("m", tmp_path / "b.gguf")
    (tmp_path / "c.bin").write_bytes(b"PK")
    assert state("m", tmp_path / "c.bin").family == "m"


def test_a_folder_of_weights_is_one_part(tmp_path: Path) -> None:
    (tmp_path / "w").mkdir()
    for name in ("a.safetensors", "config.json"):
        (tmp_path / "w" / name).write_text(name)
    first = state("w", tmp_path / "w")
    (tmp_path / "w" / "config.json").write_text("other")
    assert state("w", tmp_path / "w").digest != first.digest


@pytest.mark.parametrize(("data", "why"), [(b"\xff", "not UTF-8"), (b" " * (1 << 20) + b" ", "over 1 MiB")])
def test_what_is_no_template(weights: Path, tmp_path: Path, data: bytes, why: str) -> None:
    (tmp_path / "t").write_bytes(data)
    with pytest.raises(ModelError, match=why):
        state("m", weights, variant="v", chat_template=tmp_path / "t")
