"""`brightline witness …`: cosign other people's logs, over HTTP or as files; ask others to cosign one's own."""

from __future__ import annotations

import time
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from typing import Annotated

import typer

from brightline.assurance.verify.bundle import open_bundle
from brightline.assurance.verify.contradiction import Contradiction
from brightline.assurance.witness import Answer, Request, Witness, attach
from brightline.cli.key import read_verify_key, read_witness_key
from brightline.cli.printing import Json, open_file, print_json, read_bytes, say, write_new
from brightline.errors import ConfigError, RecordError
from brightline.keys import VerifyKey
from brightline.record.entry import ENTRY_BYTES
from brightline.record.merkle import hash_leaves, node_reader
from brightline.storage.keyfile import read_signing_key
from brightline.storage.published import Published
from brightline.storage.witness import WitnessFolder

app = typer.Typer(help="Cosign logs as a witness, and have one's own cosigned.", no_args_is_help=True)
Key = Annotated[str, typer.Option("--key", help="The witness's signing key.")]
Logs = Annotated[list[str], typer.Option("--log", help="A log's verifier key, or its file; may be repeated.")]
State = Annotated[Path, typer.Option("--state", help="The witness's folder.")]
Record = Annotated[Path, typer.Argument(help="The published log: the folder `log` of the record.")]
Out = Annotated[Path, typer.Option("--out", "-o", help="A file that must not exist yet.")]


@app.command()
def serve(
    key: Key,
    log: Logs,
    state: State,
    listen: Annotated[str, typer.Option(help="Address and port; port 0 takes any.")] = "127.0.0.1:8090",
    as_json: Json = False,
) -> None:
    """Answer `add-checkpoint` requests (C2SP tlog-witness) until stopped."""
    # Imported here, so that the other verbs do not wait for the gateway's libraries.
    from brightline.cli.witnessing import run_witness  # noqa: PLC0415

    with WitnessFolder(state, _witness(key, log)) as folder:
        run_witness(folder, listen, _ready(as_json), _say_answer)


@app.command()
def cosign(
    requests: Annotated[list[Path], typer.Argument(help="Files of `witness request`.")],
    key: Key,
    log: Logs,
    state: State,
    as_json: Json = False,
) -> None:
    """Answer requests that came as files: writes REQUEST.cosigned beside each. Ends 1 where one is not cosigned."""
    answers = []
    with WitnessFolder(state, _witness(key, log)) as folder:
        for path in requests:
            answer = folder.add_checkpoint(read_bytes(str(path)), int(time.time()))
            out = path.with_name(path.name + ".cosigned")
            good = answer.status is HTTPStatus.OK
            if good:
                write_new(out, answer.body)
            answers.append({"request": str(path), "status": int(answer.status), "text": answer.text,
                            "cosigned": str(out) if good else None})  # fmt: skip
    if as_json:
        print_json({"answers": answers})
    else:
        for a in answers:
            say(f"{a['request']}: {a['text']}")
    raise typer.Exit(0 if all(a["cosigned"] for a in answers) else 1)


@app.command()
def request(
    record: Record,
    out: Out,
    old: Annotated[int, typer.Option(min=0, help="Entries of the checkpoint that the witness cosigned last.")] = 0,
    as_json: Json = False,
) -> None:
    """Write what a witness is asked, for a disc: the published checkpoint, and the proof from OLD."""
    published = Published(record)
    if old > published.size:
        raise ConfigError(f"the log has {published.size} entries", place="--old", cure="name a size that it had")
    write_new(out, Request(old, tuple(published.consistency(old)), published.checkpoint).to_bytes())
    if as_json:
        print_json({"request": str(out), "old": old, "entries": published.size})
    else:
        say(f"wrote {out}: {published.size} entries, with the proof from {old}")


@app.command("attach")
def attach_lines(
    record: Record,
    asked: Annotated[Path, typer.Argument(help="The request.")],
    cosigned: Annotated[Path, typer.Argument(help="The witness's answer.")],
    witness: Annotated[str, typer.Option("--witness", help="The witness's key as you know it from elsewhere.")],
    as_json: Json = False,
) -> None:
    """Keep a witness's cosignature beside the log; `evidence export --witnessed` shows it."""
    key = read_witness_key(witness)
    made = attach(Request.from_bytes(read_bytes(str(asked)), str(asked)).checkpoint, read_bytes(str(cosigned)), key)
    published = Published(record)
    published.keep_witnessed(made)
    document = {"witness": key.name, "entries": Published.witnessed(record).size}
    if as_json:
        print_json(document)
    else:
        say(f"{key.name} cosigned {document['entries']} entries")


@app.command()
def prove(
    earlier: Annotated[Path, typer.Argument(help="A checkpoint of the log that was kept from before.")],
    bundle: Annotated[Path, typer.Argument(help="An evidence bundle of the same log, or another checkpoint.")],
    out: Out,
    as_json: Json = False,
) -> None:
    """Write proof that the log signed two histories, for anybody to verify. Ends 1 where it did not."""
    made = _contradiction(read_bytes(str(earlier)), bundle)
    if made is not None:
        write_new(out, made.to_bytes())
    if as_json:
        print_json({"contradicts": made is not None, "proof": None if made is None else str(out)})
    elif made is None:
        say("the one goes on from the other, or has more entries: nothing is shown against the log")
    else:
        say(f"wrote {out}: the log signed two histories; see `brightline verify {out} --agreement FILE`")
    raise typer.Exit(0 if made is not None else 1)


def _contradiction(earlier: bytes, bundle: Path) -> Contradiction | None:
    with open_file(bundle) as file:
        if file.peek(18)[:18] != b"brightline-bundle/":
            return Contradiction.find(earlier, read_bytes(str(bundle)), _no_entries)
        opened = open_bundle(file)
        leaves = [leaf for chunk in opened.entries() for leaf in hash_leaves(chunk, ENTRY_BYTES)]
    return Contradiction.find(earlier, opened.checkpoint, node_reader(leaves))


def _no_entries(height: int, index: int) -> bytes:
    cure = "give the evidence bundle of the larger checkpoint: it holds the entries"
    raise RecordError(f"two checkpoints of different sizes show nothing alone ({height}, {index})", cure=cure)


def _witness(key: str, logs: list[str]) -> Witness:
    known: dict[str, VerifyKey] = {k.name: k for k in map(read_verify_key, logs)}
    return Witness(read_signing_key(key), known)


def _ready(as_json: bool) -> Callable[[str, str], None]:
    def ready(url: str, key: str) -> None:
        if as_json:
            print_json({"ready": url, "key": key})
        else:
            say(f"ready: {url}  {key}")

    return ready


def _say_answer(answer: Answer) -> None:
    say(f"{answer.origin or '?'}: {int(answer.status)} {answer.text}")
