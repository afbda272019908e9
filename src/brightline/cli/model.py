"""`brightline model register · sign · list`: which model it is, what it is made of, and who vouches for that."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from brightline.cli.printing import Json, print_json, progress, read_bytes, refuse_existing, say, table, write_new
from brightline.errors import ConfigError, ModelError
from brightline.keys import EcSigningKey, EcVerifyKey
from brightline.models import ModelStatement, embedded_weights, sign_model, state, verify_model

EMBEDDED = "embedded"
STATED = ".model.json"
SIGNED = ".sig"

app = typer.Typer(help="State what a model is made of, sign it, and list what is stated.", no_args_is_help=True)


@app.command()
def register(
    name: Annotated[str, typer.Argument(help="The model's name, as the agreement and clients say it.")],
    weights: Annotated[str, typer.Argument(help="The weights: a file, a folder, or `embedded` for those shipped.")],
    adapter: Annotated[
        list[str] | None, typer.Option(help="A LoRA adapter in GGUF, with its scale: FILE or FILE=0.75. Repeatable.")
    ] = None,
    variant: Annotated[str, typer.Option(help="Your word for what was changed.")] = "stock",
    family: Annotated[str, typer.Option(help="The model's family; else the architecture that the weights name.")] = "",
    template: Annotated[Path | None, typer.Option(help="A chat template that replaces the weights' own.")] = None,
    runtime: Annotated[str | None, typer.Option(help="The engine and version that you bind, if any.")] = None,
    signature: Annotated[str | None, typer.Option(help="The vendor's signature of the weights (model.sig).")] = None,
    key: Annotated[str | None, typer.Option(help="The vendor's public key in PEM, to verify it with.")] = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="The new file; else NAME.model.json.")] = None,
    as_json: Json = False,
) -> None:
    """Compute the digests of a model's parts and write the statement that ties them to one name and digest."""
    # 1. where it goes, before minutes of hashing
    path = out or Path(f"{name.replace('/', '-')}{STATED}")
    refuse_existing(path)
    if (signature is None) != (key is None):
        raise ConfigError("--signature and --key go together", place="model register", cure="give both or neither")
    # 2. who vouches for the weights
    progress(f"reading {weights}")
    found = embedded_weights() if weights == EMBEDDED else Path(weights)
    if signature is not None and key is not None:
        verify_model(found, read_bytes(signature), _public(key), signature, progress)
    # 3. what it is made of
    statement = state(
        name,
        found,
        [_scaled(a) for a in adapter or ()],
        family=family,
        variant=variant,
        chat_template=template,
        runtime=runtime,
        progress=progress,
    )
    write_new(path, statement.to_bytes())
    if as_json:
        print_json({"statement": str(path), **_row(statement), "verified": signature is not None})
        return
    say(f"wrote {path}")
    say("the signature of the weights verifies" if signature else "nobody vouches for the weights: no --signature")
    say("in the draft of the agreement:")
    say("  [[models]]")
    for word in ("name", "digest", "family", "variant"):
        say(f'  {word} = "{_row(statement)[word]}"')


@app.command()
def sign(
    model: Annotated[Path, typer.Argument(help="A model's folder or file; a statement is a file too.")],
    key: Annotated[str, typer.Option("--key", help="The signing key in PEM: P-256, P-384 or P-521.")],
    out: Annotated[Path | None, typer.Option("--out", "-o", help="The new file; else MODEL.sig.")] = None,
    as_json: Json = False,
) -> None:
    """Sign a model's files as OpenSSF model-signing does (key mode), so that its tools verify the signature too."""
    path = out or model.with_name(model.name + SIGNED)
    refuse_existing(path)
    signing = EcSigningKey.parse(read_bytes(key), key)
    bundle = sign_model(model, signing, progress, path)
    write_new(path, bundle)
    if as_json:
        print_json({"signature": str(path), "key": signing.public.hint})
    else:
        say(f"wrote {path}, by the key {signing.public.hint}")


@app.command("list")
def list_models(
    folder: Annotated[Path, typer.Argument(help="Where the statements lie.")] = Path(),
    key: Annotated[
        str | None, typer.Option(help="The public key that should have signed each of them, in PEM.")
    ] = None,
    as_json: Json = False,
) -> None:
    """The models stated in a folder. With --key, ends 1 where that key has not signed one of the statements."""
    public = _public(key) if key is not None else None
    rows = []
    for path in sorted(folder.glob(f"*{STATED}")):
        statement = ModelStatement.from_bytes(read_bytes(str(path)), str(path))
        rows.append({"statement": str(path), **_row(statement), **_vouched(path, public)})
    if not rows:
        cure = "state a model with `brightline model register`"
        raise ConfigError(f"no file *{STATED} in it", place=str(folder), cure=cure)
    if as_json:
        print_json({"models": rows})
    else:
        words = {True: "verified", False: "NOT VERIFIED", None: "not checked"}
        table(("name", "variant", "digest", "signature"), [
            (r["name"], r["variant"], r["digest"], words[r["verified"]]) for r in rows
        ])  # fmt: skip
        for row in rows:
            if row["why"]:
                say(f"{row['name']}: {row['why']}")
    raise typer.Exit(int(any(r["verified"] is False for r in rows)))


def _row(statement: ModelStatement) -> dict[str, Any]:
    return {
        "name": statement.name,
        "digest": statement.digest,
        "family": statement.family,
        "variant": statement.variant,
        "base": statement.base.digest,
        "adapters": [{"name": a.name, "digest": a.digest, "scale": a.scale} for a in statement.adapters],
        "chat_template": statement.chat_template,
        "runtime": statement.runtime,
    }


def _vouched(path: Path, key: EcVerifyKey | None) -> dict[str, Any]:
    """Whether `key` signed the statement: None where there is no key to ask. `why` says why not."""
    if key is None:
        return {"verified": None, "why": ""}
    signature = path.with_name(path.name + SIGNED)
    if not signature.exists():
        return {"verified": False, "why": f"there is no {signature.name} beside it"}
    try:
        verify_model(path, read_bytes(str(signature)), key, str(signature))
    except ModelError as e:
        return {"verified": False, "why": e.text}
    return {"verified": True, "why": ""}


def _scaled(text: str) -> tuple[Path, str]:
    """FILE or FILE=SCALE; the statement refuses what is no scale."""
    file, mark, scale = text.rpartition("=")
    return (Path(file), scale) if mark and "/" not in scale else (Path(text), "1")


def _public(key: str) -> EcVerifyKey:
    return EcVerifyKey.parse(read_bytes(key), key)
