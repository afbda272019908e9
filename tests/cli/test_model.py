"""`brightline model`: from weights to a statement that both parties can name, and signatures over either."""

import json
import subprocess
from pathlib import Path

import pytest

from brightline.models import STOCK, ModelStatement
from tests.cli.shell import Shell
from tests.models.written import gguf, lora

GENERATE = ("openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", "vendor.pem")


@pytest.fixture
def owner(shell: Shell) -> Shell:
    """Someone with weights, an adapter and a key made as the errors' cure says."""
    shell.write("w.gguf", gguf({"general.architecture": "llama", "general.type": "model"}))
    lora(shell.folder / "h.gguf")
    subprocess.run(GENERATE, cwd=shell.folder, check=True, capture_output=True)
    public = ("openssl", "pkey", "-in", "vendor.pem", "-pubout", "-out", "vendor.pub.pem")
    subprocess.run(public, cwd=shell.folder, check=True)
    return shell


def test_the_stock_model_is_named_by_the_digest_of_its_weights(owner: Shell) -> None:
    said = owner("model", "register", STOCK.name, "embedded", "--family", STOCK.family, "--json")
    assert said.status == 0
    document = said.document
    assert {k: document[k] for k in ("name", "digest", "family", "variant")} == {
        "name": STOCK.name, "digest": STOCK.digest, "family": STOCK.family, "variant": STOCK.variant,
    }  # fmt: skip
    assert document["verified"] is False


def test_a_variant_is_stated_signed_and_listed(owner: Shell) -> None:
    assert owner("model", "sign", "w.gguf", "--key", "vendor.pem").status == 0
    vouched = ("--signature", "w.gguf.sig", "--key", "vendor.pub.pem")
    said = owner("model", "register", "harbor", "w.gguf", "--adapter", "h.gguf=0.75", "--variant", "harbor", *vouched)
    assert said.status == 0
    statement = ModelStatement.from_bytes((owner.folder / "harbor.model.json").read_bytes())
    assert statement.adapters[0].scale == "0.75"
    assert f'  digest = "{statement.digest}"\n  family = "llama"\n  variant = "harbor"' in said.out
    assert "signature of the weights verifies" in said.out

    (row,) = owner("model", "list", "--json").document["models"]
    assert (row["digest"], row["verified"]) == (statement.digest, None)
    said = owner("model", "list", "--key", "vendor.pub.pem")
    assert (said.status, "there is no harbor.model.json.sig beside it" in said.out) == (1, True)

    owner("model", "sign", "harbor.model.json", "--key", "vendor.pem")
    said = owner("model", "list", "--key", "vendor.pub.pem")
    assert (said.status, "verified" in said.out, "NOT" in said.out) == (0, True, False)

    value = json.loads((owner.folder / "harbor.model.json").read_bytes())
    value["predicate"]["family"] = "other"  # which its digest does not cover, and its signature does
    owner.write("harbor.model.json", json.dumps(value))
    said = owner("model", "list", "--key", "vendor.pub.pem", "--json")
    assert said.status == 1
    assert said.document["models"][0]["why"] == "not the model that was signed: changed: '.'"


def test_weights_that_were_changed_are_not_registered(owner: Shell) -> None:
    owner("model", "sign", "w.gguf", "--key", "vendor.pem")
    owner.write("w.gguf", gguf({"general.architecture": "llama", "general.name": "swapped"}))
    sentence = owner.fails("model", "register", "m", "w.gguf", "--signature", "w.gguf.sig", "--key", "vendor.pub.pem")
    assert sentence.startswith("w.gguf: not the model that was signed: changed: '.' — ")
    assert not (owner.folder / "m.model.json").exists()


FAULTS = {
    "an adapter and no word for it": (("w.gguf", "--adapter", "h.gguf"), "variant: the variant is called 'stock'"),
    "no scale": (("w.gguf", "--variant", "v", "--adapter", "h.gguf=much"), "adapters[0].scale: not a scale"),
    "no such adapter": (("w.gguf", "--variant", "v", "--adapter", "x.gguf"), "x.gguf: cannot be read"),
    "adapter for weights": (("h.gguf",), "h.gguf: an adapter where weights are asked for"),
    "no such weights": (("x.gguf",), "x.gguf: cannot be read"),
    "no weights": (("vendor.pem", "--adapter", "vendor.pem", "--variant", "v"), "vendor.pem: not a GGUF file"),
    "a signature without key": (("w.gguf", "--signature", "s"), "model register: --signature and --key go together"),
    "a secret key": (
        ("w.gguf", "--signature", "vendor.pem", "--key", "vendor.pem"),
        "vendor.pem: a secret key where a public one is asked for",
    ),
    "no signature": (
        ("w.gguf", "--signature", "vendor.pub.pem", "--key", "vendor.pub.pem"),
        "vendor.pub.pem: line 1, column 1",
    ),
}


@pytest.mark.parametrize(("arguments", "sentence"), FAULTS.values(), ids=FAULTS)
def test_a_fault_is_named_and_nothing_is_written(owner: Shell, arguments: tuple[str, ...], sentence: str) -> None:
    assert owner.fails("model", "register", "m", *arguments).startswith(sentence)
    assert not list(owner.folder.glob("*.model.json"))


def test_nothing_is_overwritten(owner: Shell) -> None:
    owner("model", "register", "m", "w.gguf")
    assert "there is such a file already" in owner.fails("model", "register", "m", "w.gguf")
    owner("model", "sign", "w.gguf", "--key", "vendor.pem")
    assert "there is such a file already" in owner.fails("model", "sign", "w.gguf", "--key", "vendor.pem")


def test_an_empty_folder_and_a_statement_that_is_none(owner: Shell, tmp_path: Path) -> None:
    assert owner.fails("model", "list").startswith(".: no file *.model.json in it — state a model with")
    owner.write("x.model.json", "{}")
    assert owner.fails("model", "list").startswith("x.model.json: not a model's statement — ")


def test_a_signature_in_the_folder_that_it_signs(owner: Shell) -> None:
    owner.write("m/config.json", "{}")
    assert owner("model", "sign", "m", "--key", "vendor.pem", "-o", "m/model.sig").status == 0
    vouched = ("--signature", "m/model.sig", "--key", "vendor.pub.pem", "--json")
    assert owner("model", "register", "m", "m", *vouched).document["verified"] is True


def test_a_key_made_here_signs_and_stays_as_it_is(owner: Shell) -> None:
    made = owner("key", "new", "vendor.example", "--model", "-o", "ours.pem", "--json")
    assert made.document == {"name": "vendor.example", "secret": "ours.pem", "public": "ours.pub.pem"}
    assert (owner.folder / "ours.pem").stat().st_mode & 0o777 == 0o600
    subprocess.run(("openssl", "pkey", "-in", "ours.pem", "-check", "-noout"), cwd=owner.folder, check=True)
    owner("model", "register", "harbor", "w.gguf", "--adapter", "h.gguf", "--variant", "harbor")
    assert owner("model", "sign", "harbor.model.json", "--key", "ours.pem").status == 0
    assert owner("model", "list", ".", "--key", "ours.pub.pem").status == 0
    before = (owner.folder / "ours.pem").read_bytes()
    assert owner("key", "new", "vendor.example", "--model", "-o", "ours.pem").status == 2
    assert (owner.folder / "ours.pem").read_bytes() == before
