"""`brightline key new · show`: keys for signing, for the site's content, and for the gateway's callers."""

from __future__ import annotations

import hashlib
import secrets
from pathlib import Path
from typing import Annotated

import typer

from brightline.cli.printing import Json, print_json, read_bytes, refuse_existing, say, write_new
from brightline.errors import ConfigError, KeyFileError
from brightline.keys import EcSigningKey, SigningKey, VerifyKey, WitnessKey
from brightline.storage.keyfile import SCHEME, read_signing_key

app = typer.Typer(help="Make and show keys.", no_args_is_help=True)


@app.command()
def new(
    name: Annotated[str, typer.Argument(help="Whose key: a party, a log's origin, or an actor. No spaces, no '+'.")],
    out: Annotated[Path | None, typer.Option("--out", "-o", help="The secret file; its twin is .pub.")] = None,
    api: Annotated[bool, typer.Option("--api", help="An API key for an actor: printed once, never kept.")] = False,
    site: Annotated[bool, typer.Option("--site", help="A site key, under which content keys are wrapped.")] = False,
    meter: Annotated[bool, typer.Option("--meter", help="The secret under which meters know persons.")] = False,
    model: Annotated[bool, typer.Option("--model", help="A key in PEM (P-256) that signs models.")] = False,
    as_json: Json = False,
) -> None:
    """Make a signing key (Ed25519), an API key (--api), a site key (--site), the secret of meters (--meter) or a key
    that signs models (--model)."""
    if api + site + meter + model > 1:
        raise ConfigError("two kinds of key together", place="key new", cure="make one key at a time")
    if api and out:
        raise ConfigError("--api and --out together", place="key new", cure="an API key is printed, never kept")
    signing = SigningKey.new(name, secrets.token_bytes(32))  # refuses a name that no key can have, of whatever kind
    if api:
        key = f"bl-{secrets.token_urlsafe(32)}"
        document = {"name": name, "key": key, "key_sha256": hashlib.sha256(key.encode()).hexdigest()}
        text = [f"key         {key}", f"key_sha256  {document['key_sha256']}", "The key is shown this once."]
    elif model:
        pem = EcSigningKey.new()
        path = out or Path(f"{_file(name)}.pem")
        public = path.with_suffix(".pub.pem")
        refuse_existing(path)
        refuse_existing(public)
        write_new(path, pem.secret_pem(), secret=True)
        write_new(public, pem.public.pem)
        document = {"name": name, "secret": str(path), "public": str(public)}
        text = [f"secret  {path}", f"public  {public}"]
    elif site or meter:
        path = out or Path(f"{_file(name)}.{'site' if site else 'meter'}")
        write_new(path, secrets.token_hex(32).encode() + b"\n", secret=True)
        document = {"name": name, "secret": str(path)}
        lost = "no content of the record can be read" if site else "the meters of its record cannot be read on"
        text = [f"secret  {path}  (keep it: without it {lost})"]
    else:
        path = out or Path(f"{_file(name)}.key")
        refuse_existing(path)
        public = path.with_suffix(".pub")
        if path == public:
            raise ConfigError("the name of the public twin", place=str(path), cure="end the secret file's name in .key")
        refuse_existing(public)
        write_new(path, signing.secret_text().encode() + b"\n", secret=True)
        write_new(public, str(signing.public).encode() + b"\n")
        document = {"name": name, "secret": str(path), "public": str(public), "key": str(signing.public)}
        text = [f"secret  {path}", f"public  {public}", f"        {signing.public}"]
    if as_json:
        print_json(document)
    else:
        for line in text:
            say(line)


@app.command()
def show(file: Annotated[str, typer.Argument(help="A .key or .pub file.")], as_json: Json = False) -> None:
    """Name and public half of a key, of one in a token too; a secret is never shown."""
    public = read_verify_key(file, token=True)
    if as_json:
        print_json({"name": public.name, "id": public.id.hex(), "key": str(public)})
    else:
        say(str(public))


def read_verify_key(file: str, *, token: bool = False) -> VerifyKey:
    """The public key in a .pub or .key file, or given as text. Raises KeyFileError naming the file.

    `token`: a file that names a key in a token is opened too. Not elsewhere: public keys come from others.
    """
    text = file if file.count("+") >= 2 and not Path(file).exists() else _text(file)
    if text.startswith(SCHEME):
        if not token:
            cure = "give its public half: `brightline key show FILE > FILE.pub`"
            raise KeyFileError("a key in a token, where a public key is asked for", place=file, cure=cure)
        return read_signing_key(file).public
    if text.startswith("PRIVATE+KEY+"):
        return SigningKey.parse(text, file).public
    return VerifyKey.parse(text, file)


def read_witness_key(file: str) -> WitnessKey:
    """A witness's key in a .pub file, or given as text, in either form. Raises KeyFileError naming the file."""
    return WitnessKey.parse(file if file.count("+") >= 2 and not Path(file).exists() else _text(file), file)


def _text(file: str) -> str:
    try:
        return read_bytes(file).decode("ascii")
    except UnicodeDecodeError:
        raise KeyFileError("not a key file", place=file, cure="name a .key or .pub file") from None


def _file(name: str) -> str:
    return name.replace("/", "-")
