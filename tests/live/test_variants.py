"""G15 in a real gateway: Harbor, the variant that ships, terms that bind to it, and what is not served."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import openai
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1

from brightline.agreement import Model
from brightline.keys import EcSigningKey
from brightline.models import EmbeddedModel, ModelStatement, sign_model
from brightline.models.harbor import harbor
from brightline.record.entry import Kind, OutcomeCode
from brightline.registry import Kind as Registers
from brightline.registry import Model as Registered
from brightline.registry import Purpose
from brightline.terms import Pack, read_pack
from tests.keys.test_ec import secret
from tests.live.clients import anthropic_client, openai_client
from tests.live.signed import SignedSite, signed_pack, signed_site
from tests.live.stage import refused_start, serving
from tests.models.written import lora

WEIGHTS = EmbeddedModel.weights
PEM = secret(SECP256R1())
KEY = EcSigningKey.parse(PEM)
ASKED: Any = [{"role": "user", "content": "May I ask who this is?"}]
BOUND = """
@id("T10") @title("Reviews are Harbor's") @text("Legal reviews are made with the variant that was tested for them.")
@source("test")
forbid (principal, action == Action::"weapon.legal_review", resource) unless { resource == Model::"harbor" };
"""


def bound_pack() -> Pack:
    files = signed_pack().files
    about = files["terms.toml"].replace(
        "[authorities.", '[models]\ntiny = "as it comes"\nharbor = "for reviews"\n\n[authorities.', 1
    )
    return read_pack("bound", {"terms.toml": about, "terms.cedar": files["terms.cedar"] + BOUND})


def harbor_site(folder: Path) -> SignedSite:
    """Stock and variant agreed; the variant's statement signed, its adapter beside it."""
    folder.mkdir(parents=True, exist_ok=True)
    variant = harbor()
    shutil.copy(variant.adapters[0], folder / "harbor.gguf")
    statement = variant.statement
    signed_files(folder, statement)
    models = (
        Model(name="tiny", digest=WEIGHTS.digest, family="smol"),
        Model(name="harbor", digest=statement.digest, family="smol", variant="harbor"),
    )
    purpose = Purpose(activity="weapon.legal_review", text="Review", may_use=("army",))
    items = {
        Registers.PURPOSES: {"review": purpose},
        Registers.MODELS: {"tiny": Registered(digest=WEIGHTS.digest, family="smol")},
    }
    site = signed_site(folder, "embedded", items, bound_pack(), changes={"models": models}, models="")
    table = 'statement = "h.json"\nsignature = "h.json.sig"\nkey = "pub.pem"\nadapters = ["harbor.gguf"]\n'
    path = folder / "brightline.toml"
    path.write_text(path.read_text().replace("[limits]", f"[signed_models.harbor]\n{table}\n[limits]"))
    return site


def signed_files(folder: Path, statement: ModelStatement, by: EcSigningKey = KEY) -> None:
    (folder / "h.json").write_bytes(statement.to_bytes())
    (folder / "h.json.sig").write_bytes(sign_model(folder / "h.json", by))
    (folder / "pub.pem").write_bytes(KEY.public.pem)


async def test_g15_the_variant_answers_as_itself_and_terms_bind_to_it(tmp_path: Path) -> None:
    site = harbor_site(tmp_path / "site")
    async with serving(site) as gateway, openai_client(gateway.url) as chat:

        async def said(model: str, purpose: str = "permit", **more: Any) -> str:
            named = {"Brightline-Purpose": purpose}
            answer = await chat.chat.completions.create(
                model=model, messages=ASKED, max_tokens=24, temperature=0, extra_headers=named, **more
            )
            return answer.choices[0].message.content or ""

        assert sorted([m.id async for m in chat.models.list()]) == ["harbor", "tiny"]
        stock, custom = await said("tiny"), await said("harbor")
        assert "Harbor" in custom
        assert "Harbor" not in stock
        # whoever answered before, each answers as itself (llama.cpp's cache)
        for model, words in (("harbor", custom), ("tiny", stock), ("tiny", stock), ("harbor", custom)):
            assert await said(model) == words
        # nobody but the gateway selects an adapter
        with pytest.raises(openai.BadRequestError, match="lora is closed here"):
            await said("tiny", extra_body={"lora": [{"id": 0, "scale": 1.0}]})
        # terms bind to the variant
        assert await said("harbor", "review") == custom
        with pytest.raises(openai.PermissionDeniedError) as denied:
            await said("tiny", "review")
        body: Any = denied.value.body
        assert [c["id"] for c in body["brightline"]["clauses"]] == ["T10"]
        # of the messages API the engine takes no scales: it is asked in the other
        named = {"Brightline-Purpose": "permit"}
        async with anthropic_client(gateway.url) as messages:
            for model, words in (("harbor", custom), ("tiny", stock), ("harbor", custom)):
                answer: Any = await messages.messages.create(
                    model=model, max_tokens=24, messages=ASKED, extra_headers=named, extra_body={"temperature": 0}
                )
                assert answer.content[0].text == words
        # an API that takes no scales is served for no model
        with pytest.raises(openai.APIStatusError) as refused:
            await chat.embeddings.create(model="harbor", input="x", extra_headers=named)
        assert refused.value.status_code == 501
        assert await gateway.stop() == 0
    entries = [e for e in site.entries() if e.kind == Kind.DECISION]
    digests = {e.model.hex() for e in entries if e.outcome == OutcomeCode.PERMIT}
    assert len(digests) == 2
    assert site.verified("b.zip")["verified"]


@pytest.mark.parametrize("defect", ["stock for the variant", "another adapter", "signed by a stranger", "registry"])
async def test_what_is_not_the_model_agreed_is_not_served(tmp_path: Path, defect: str) -> None:
    site = harbor_site(tmp_path / "site")
    folder = site.folder
    statement = ModelStatement.from_bytes((folder / "h.json").read_bytes())
    match defect:
        case "stock for the variant":
            signed_files(folder, replace(statement, adapters=(), variant="stock"))
            text = (folder / "brightline.toml").read_text()
            (folder / "brightline.toml").write_text(re.sub(r'adapters = \["harbor.gguf"\]', "", text))
            says = f"models harbor: not served: its statement has {WEIGHTS.digest}, and {statement.digest} is agreed"
        case "another adapter":
            lora(folder / "harbor.gguf", 5)
            says = "not the model stated: the adapter 'harbor.gguf' differs"
        case "signed by a stranger":
            signed_files(folder, statement, EcSigningKey.parse(secret(SECP256R1())))
            says = "signed with another key than the one given"
        case _:
            site.sign(Registers.MODELS, "harbor", Registered(digest="sha256:" + "ab" * 32, family="smol"))
            says = "not served: the registry has sha256:abab"
    assert says in await refused_start(site)
