"""Harbor in the demo: a customised model, signed, and a clause of the agreement that binds to it (G15)."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any, Protocol

from rich.text import Text

from brightline.cli.opening import open_pack
from brightline.cli.printing import outcome, quote, say, write_new
from brightline.errors import MachineError
from brightline.models import EmbeddedModel
from brightline.models.harbor import harbor

ASKED = "May I ask who this is?"
STOCK = EmbeddedModel.weights.name
CLAUSE = """
@id("D1") @title("Supply papers are Harbor's work")
@text("Papers of maintenance and supply are drafted with the variant that was tested for them, and no other model.")
@source("made up for this demo")
forbid (principal, action == Action::"mil.support_admin", resource)
unless { resource == Model::"harbor" };
"""


class Stage(Protocol):
    """What a chapter needs of `demo_stage.Stage`, which prepares this one."""

    @property
    def folder(self) -> Path: ...

    @property
    def api_key(self) -> str: ...

    def command(self, *args: str, status: int = 0, show: bool = False, most: int = 1000) -> str: ...

    def json(self, *args: str, status: int = 0) -> Any: ...


def prepare(stage: Stage, *, show: bool) -> str:
    """The variant's statement, signed, and the pack `terms`: the compromise and one clause. Returns its digest."""
    # 1. what Harbor is made of, stated and signed
    (adapter,) = harbor().adapters
    shutil.copyfile(adapter, stage.folder / "harbor.gguf")
    stage.command("key", "new", "vendor.example", "--model", "-o", "model.pem")
    stated = ("harbor", "embedded", "--adapter", "harbor.gguf", "--variant", "harbor", "--family", "smollm2")
    stage.command("model", "register", *stated, show=show)
    stage.command("model", "sign", "harbor.model.json", "--key", "model.pem", show=show)
    # 2. the terms: the compromise, the name of the variant, and the clause that binds to it
    files = dict(open_pack("compromise").files)
    files["terms.toml"] = files["terms.toml"].replace("[models]\n", '[models]\nharbor = "for supply papers"\n', 1)
    files["terms.cedar"] += CLAUSE
    for name, text in files.items():
        write_new(stage.folder / "terms" / name, text.encode())
    (found,) = stage.json("model", "list", ".", "--key", "model.pub.pem")["models"]
    return str(found["digest"])


def asked(stage: Stage, url: str) -> dict[str, Any]:
    """Stock model and variant, asked the same; then a paper that the terms leave to the variant alone."""
    import openai  # noqa: PLC0415 - the demo alone needs the SDK

    client = openai.OpenAI(base_url=f"{url}/v1", api_key=stage.api_key, max_retries=0)

    def ask(model: str, purpose: str) -> str:
        answer = client.chat.completions.create(
            model=model,
            max_tokens=24,
            temperature=0,
            messages=[{"role": "user", "content": ASKED}],
            extra_headers={"Brightline-Purpose": purpose},
        )
        return (answer.choices[0].message.content or "").strip()

    say()
    say(Text(f"  {ASKED}", style="bold"))
    told = {model: ask(model, "ordinary") for model in (STOCK, "harbor")}
    for model, text in told.items():
        quote(f"{model}: {text}")
    say()
    say(Text("  Supply papers, which the agreement leaves to Harbor", style="bold"))
    try:
        ask(STOCK, "supply-papers")
        raise MachineError("the stock model was let through", place="demo", cure="report this")
    except openai.PermissionDeniedError as e:
        body: Any = e.body
        say("    ", outcome(body["brightline"]["outcome"]), f"   {STOCK}: {body['brightline']['text']}")
    ask("harbor", "supply-papers")
    say("    ", outcome("permit"), "   harbor; each entry of the record carries its digest")
    return told
