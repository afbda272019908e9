"""Every parser of what comes from outside, in one table: a valid seed, the reading of bytes, the error it documents.

The hypothesis tests and the atheris harnesses (tools/fuzz) both run down this table.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Final

from brightline import canonical
from brightline.agreement import Agreement, Message, Negotiation, in_force, read_envelope, show_text
from brightline.agreement import show as shown
from brightline.agreement.message import MESSAGE_TYPE
from brightline.agreement.payload import AGREEMENT_TYPE
from brightline.assurance.explain import explain
from brightline.assurance.verify import verify
from brightline.assurance.verify.agreed import clause_ids
from brightline.canonical import dump, parse_toml
from brightline.errors import (
    AgreementError,
    BrightlineError,
    CallError,
    ConfigError,
    InputError,
    KeyFileError,
    RecordError,
    TermsError,
    UpstreamError,
    UseError,
    VocabularyError,
)
from brightline.gateway.access import ConfiguredAccess
from brightline.gateway.codec import Api, decode, forward_body
from brightline.gateway.config import parse_config
from brightline.gateway.wire.reading import SLICE, Held, Reading
from brightline.gateway.wire.upstream import Upstream
from brightline.keys import Envelope, SigningKey, VerifyKey
from brightline.models.counters import read_counters
from brightline.record import body, checkpoint, entry, note
from brightline.record.checkpoint import Checkpoint
from brightline.record.entry import ENTRY_BYTES
from brightline.record.receipt import check as check_receipt
from brightline.record.receipt import issue
from brightline.record.tiles import Tile, decode_bundle, encode_bundle
from brightline.terms import Pack, decide, lint, read_pack, run_scenarios
from brightline.vocabulary import Vocabulary, module, read_module, read_use, shipped, use_json
from tests.agreement.founding import CUSTOMER, TO_FINALIZED, VENDOR, run
from tests.assurance.records import LOG_KEY, Evidence, founding, mixed
from tests.gateway import replies, scripts
from tests.hostile import answers
from tests.hostile.house import LIMITS

SOURCE: Final = Path(canonical.__file__).parent
CORPUS: Final = Path(__file__).parent / "http"
FOUND: Final = Path(__file__).parent / "found"
UPSTREAM: Final = Path(__file__).parent / "upstream"
RECEIPT: Final = issue(LOG_KEY, 7, bytes(32), 1.0)
METRICS: Final = (Path(__file__).parents[1] / "models/metrics/vllm.txt").read_bytes()
Errors = type[BrightlineError] | tuple[type[BrightlineError], ...]


@dataclass(frozen=True, slots=True)
class Parser:
    """`read` gives a value or raises one of `errors`; `words` are what this format trips over."""

    name: str
    seed: bytes
    read: Callable[[bytes], object]
    errors: Errors
    words: tuple[bytes, ...] = ()

    @property
    def folder(self) -> str:
        """Its folder in FOUND, where the inputs that once broke the law stay."""
        return self.name.replace(" ", "-")  # a name is a word or two, and no path


# ---- packs ---------------------------------------------------------------------------------------------------

TOML = f"""title = "A"
party = "P"
date = 2026-11-23
protected_persons = "U.S. persons"
[vocabulary]
core = "{module("core").digest}"
[components]
army = "the army"
"army/g2" = "intelligence"
[models.family]
text = "a family"
[models.tiny]
in = ["family"]
[lanes]
red = "a lane"
[authorities.D1]
title = "A law"
date = "2026-01-01"
digest = "sha256:{"ab" * 32}"
"""
CEDAR = """// terms
@id("A1") @title("Work") @text("All; work // is allowed") permit (principal, action, resource);
@id("A2") forbid (principal in Component::"army", action in [Action::"surv"], resource in Model::"family")
when { context.place == "home" && (context.scale == "bulk" || context.distinct_persons > 5) }
unless { context.approvals.contains("privacy_officer") || ["named"].contains(context.protected_persons) };
"""
SCENARIOS = """{"id":"S1","text":"t","use":{"activity":"gen.office","facts":{}},"expect":{"outcome":"permit"}}
{"id":"S2","use":{"activity":"gen.office"},"expect":{"outcome":["permit","deny"],"duties":[],"approvals":[["a"]],"law":false}}
"""


def pack(**files: bytes) -> Pack:
    """A whole pack with some files replaced, linted and tried, as `terms lint` and `terms test` do."""
    texts = {"terms_toml": TOML.encode(), "terms_cedar": CEDAR.encode(), "scenarios_jsonl": SCENARIOS.encode()} | files
    made = read_pack("p", {name.replace("_", "."): text(data) for name, data in texts.items()})
    lint(made)
    list(run_scenarios(made))
    assert made.terms.digest
    return made


def text(data: bytes) -> str:
    """As `storage.packs` hands it over: what is no UTF-8 never comes so far."""
    return data.decode("utf-8", "replace")


@cache
def words() -> Vocabulary:
    return shipped()


@cache
def whole() -> Pack:
    return pack()


USE = b'{"activity":"gen.office","actor":"a","component":"army/g2","facts":{"place":"home","lanes":["red"],'
USE += b'"distinct_persons":3},"sources":{"place":"attested"},"alternatives":[{"facts":{"scale":"bulk"}}]}'


def use(data: bytes) -> object:
    made = read_use(whole().terms.scope.vocabulary, canonical.parse(data, "use.json", error=UseError), "use.json")
    assert read_use(whole().terms.scope.vocabulary, use_json(made)) == made
    return decide(whole().terms, made)


# ---- settings, headers ---------------------------------------------------------------------------------------

CONFIG = f"""listen = "127.0.0.1:8080"
data = "d"
agreement = "a.json"
oracle_share = 0.5
[parties]
vendor = "{VENDOR.public}"
customer = "{CUSTOMER.public}"
[upstream]
url = "http://127.0.0.1:8000/v1"
[models]
tiny = "tiny-gguf"
[purposes.work]
activity = "gen.office"
facts = {{ place = "home", dataset = "registered" }}
[[actors]]
name = "g2/a"
component = "army/g2"
key_sha256 = "{"ab" * 32}"
purposes = ["work"]
[limits]
body_bytes = 1000
chunk_seconds = 1.5
"""


def config(data: bytes) -> ConfiguredAccess:
    made = parse_config(parse_toml(data, "brightline.toml", error=ConfigError), Path("base"), "brightline.toml")
    if made.upstream.url != "embedded":
        Upstream(made.upstream.url).close()
    return ConfiguredAccess(made, whole().terms.scope)


def header(data: bytes, *, name: str) -> object:
    """As a value that HTTP can carry, to a caller's two purposes."""
    access = _access()
    caller = next(iter(access._callers.values()))
    match name:
        case "authorization":
            return access.caller(data, None)
        case "purpose":
            return access.use(caller, data, None, "tiny")
        case _:
            return access.use(caller, None, data, "tiny")


@cache
def _access() -> ConfiguredAccess:
    return config(CONFIG.encode())


# ---- what both parties sign ----------------------------------------------------------------------------------


def agreement(payload: bytes) -> object:
    """The payload under both parties' signatures, so that nothing stops before its fields are read."""
    envelope = Envelope(AGREEMENT_TYPE, payload).signed(VENDOR).signed(CUSTOMER)
    read_envelope(envelope.to_bytes(), "agreement.json")
    made = Agreement.of(envelope, "agreement.json")
    assert Agreement.from_bytes(made.to_bytes()) == made
    clause_ids(made.terms.files.get("terms.cedar", ""))
    return show_text(shown(in_force([envelope])))


def message(payload: bytes) -> object:
    """The third message of a negotiation, signed by its sender."""
    envelope = Envelope(MESSAGE_TYPE, payload).signed(VENDOR)
    Message.of(envelope, "002.json")
    return Negotiation.replay([*two_messages(), envelope])


@cache
def two_messages() -> tuple[Envelope, ...]:
    return tuple(run(*TO_FINALIZED[:2]).envelopes)


# ---- the record ----------------------------------------------------------------------------------------------


@cache
def evidence() -> Evidence:
    return Evidence(mixed(20)[: 60 * ENTRY_BYTES], founding())


def bundle(data: bytes) -> object:
    """`verify` never raises, whatever the file; `explain` says what is wrong with it."""
    verify(data, evidence().file, evidence().keys)
    return explain(data, evidence().file)


def entries(data: bytes) -> object:
    """Entries that the log really signed, so that every step after the fourth reads them."""
    data = data[: len(data) // ENTRY_BYTES * ENTRY_BYTES]
    changed = Evidence(data, evidence().agreement)
    result = verify(changed.bundle, evidence().file, evidence().keys)
    assert [step.n for step in result.steps if step.ok][:4] == [1, 2, 3, 4]
    return explain(changed.bundle, evidence().file)


def one_entry(data: bytes) -> object:
    read = entry.unpack(data)
    assert entry.pack(read) == data
    return body.unpack(entry.Kind(read.kind), read.body)


def signed_note(data: bytes) -> object:
    read = note.parse(data)
    assert bytes(read) == data
    return checkpoint.verify(data, [evidence().log_key.public])


def tile(data: bytes) -> object:
    found = Tile.parse(text(data))
    assert found.path == text(data)
    assert -1 <= found.level < 64
    assert 1 <= found.width <= 256
    return found


# ---- the gateway's APIs --------------------------------------------------------------------------------------


def requests(data: bytes) -> object:
    """One connection's bytes; what is taken for a request is one that can be answered."""
    found: list[bytes] = []
    refusal: CallError | None = None
    reading = Reading(LIMITS, Held(), "", lambda request, _old, _keep: found.append(request.path + request.body))
    try:
        for at in range(0, len(data), SLICE):
            reading.feed(data[at : at + SLICE])
    except CallError as error:
        refusal = error
    reading.release()
    if refusal is not None:  # it has no place: the connection is the place
        assert refusal.code
        assert 400 <= refusal.status < 600
    return found


def call(data: bytes, *, api: Api) -> object:
    made = decode(api, data)
    list(made.new())
    list(made.conversation())
    return forward_body(made, "upstream")


CHAT = b'{"model":"tiny","messages":[{"role":"user","content":[{"type":"text","text":"a"},{"type":"image_url",'
CHAT += b'"image_url":{"url":"data:x"}}]},{"role":"assistant","content":"b"}],"stream":true,"max_tokens":5}'


RESPONSES = b'{"model":"tiny","instructions":"a","input":[{"role":"user","content":[{"type":"input_text","text":"b"}]},'
RESPONSES += b'{"type":"function_call","call_id":"c","name":"f","arguments":"{}"},{"type":"function_call_output",'
RESPONSES += b'"call_id":"c","output":"d"}],"store":false,"tools":[{"type":"function","name":"f"}]}'
PROMPT = b'{"model":"tiny","prompt":["a","b"],"suffix":"c","n":2,"stream":true,"max_tokens":5}'
INPUT = b'{"model":"tiny","input":["a","b"],"encoding_format":"base64","user":"u"}'


def _seeds() -> tuple[Parser, ...]:
    core = (SOURCE / "vocabulary" / "core.toml").read_bytes()
    draft, third = founding().to_bytes(), run(*TO_FINALIZED[:3]).envelopes[2].payload
    proof, log = evidence(), mixed(20)
    public, secret = str(VENDOR.public).encode(), VENDOR.secret_text().encode()
    two = (CORPUS / "good-two-chunked.http").read_bytes()
    of_pack, of_record = (TermsError, VocabularyError, UseError), (RecordError, AgreementError)
    chat, messages, responses = (partial(call, api=api) for api in (Api.CHAT, Api.MESSAGES, Api.RESPONSES))
    return (
        Parser("json", dump({"a": [1, {"b": "é"}], "c": None}), partial(canonical.parse, place="x.json"), InputError),
        Parser("toml", TOML.encode(), partial(parse_toml, place="x.toml"), InputError, (b"'''", b'"""', b"[[a]]")),
        Parser("module", core, lambda d: read_module("core", text(d)), VocabularyError, (b"open = 1", b"kind")),
        Parser("terms.toml", TOML.encode(), lambda d: pack(terms_toml=d), of_pack, (b"in = [[]]", b"[lanes]")),
        Parser("terms.cedar", CEDAR.encode(), lambda d: pack(terms_cedar=d), of_pack, (b"//", b"!(", b"@id", b"||")),
        Parser("scenarios", SCENARIOS.encode(), lambda d: pack(scenarios_jsonl=d), of_pack, (b'"approvals"', b"[[]]")),
        Parser("use", USE, use, UseError, (b'"place"', b'"facts"', b'"claimed"')),
        Parser("settings", CONFIG.encode(), config, (ConfigError, KeyFileError), (b"\\u0000", b"inf", b"nan")),
        Parser("authorization", b"Bearer key", partial(header, name="authorization"), CallError, (b"Basic ",)),
        Parser("purpose", b"work", partial(header, name="purpose"), CallError),
        Parser("facts", b"phase=plan, lanes=red", partial(header, name="facts"), CallError, (b"screen=clear", b"+")),
        Parser("agreement", draft, agreement, AgreementError, (b'"key":', b"2026-12-01", b'"0.00"')),
        Parser("message", third, message, AgreementError, (b'"agreement":null', b'"sequence":')),
        Parser("envelope", proof.file, partial(read_envelope, place="x.json"), AgreementError, (b'"sig":', b"====")),
        Parser("public key", public, lambda d: VerifyKey.parse(text(d), "x.pub"), KeyFileError, (b"+",)),
        Parser("secret key", secret, lambda d: SigningKey.parse(text(d), "x.key"), KeyFileError, (b"+",)),
        Parser("note", proof.note, signed_note, RecordError, (b"\n\n", "\n— a ".encode(), b"+", b"==")),
        Parser("checkpoint", proof.checkpoint.text().encode(), lambda d: Checkpoint.parse(text(d)), RecordError),
        Parser(
            "receipt", RECEIPT, lambda d: check_receipt(d, LOG_KEY.public, bytes(32), 1.0), RecordError, (b" 0 ", b"==")
        ),
        Parser("metrics", METRICS, read_counters, UpstreamError, (b"NaN", b"+Inf", b"1e308", b'{a="}"} ', b"vllm:")),
        Parser("tile", b"tile/entries/x001/234.p/17", tile, RecordError, (b"x000/", b".p/257", b".p/256", b"/00")),
        Parser("entry", log[ENTRY_BYTES : 2 * ENTRY_BYTES], one_entry, RecordError),
        Parser("entry bundle", encode_bundle(log[: 4 * ENTRY_BYTES]), lambda d: decode_bundle(d, 4), RecordError),
        Parser("bundle", proof.bundle, bundle, of_record, (b"entries ", b"about 0\n", b"checkpoint ")),
        Parser("entries", proof.entries, entries, of_record),
        Parser("requests", two, requests, (), (b"Transfer-Encoding: ", b"Content-Length: ", b"\r\n\r\n")),
        Parser("chat", CHAT, chat, CallError, (b'"type":', b'"tools":[{}],', b'"n":1,')),
        Parser("responses", RESPONSES, responses, CallError, (b'"type":', b'"item_reference"', b'"call_id":"c",')),
        Parser("completions", PROMPT, partial(call, api=Api.COMPLETIONS), CallError, (b'["a",1]', b'"best_of":9,')),
        Parser("embeddings", INPUT, partial(call, api=Api.EMBEDDINGS), CallError, (b'"input":[[1]],', b'"stream":1')),
        Parser("count", CHAT, partial(call, api=Api.COUNT_TOKENS), CallError, (b'"system":[],',)),
        Parser("messages", CHAT, messages, CallError, (b'"system":[],', b'"source":{}')),
        *_answers(),
    )


def _answers() -> Iterator[Parser]:
    """What comes from the model server; its errors are values here, since they have no place to name."""
    whole = (UPSTREAM / "good-chunked.answer").read_bytes()
    yield Parser("answer", whole, answers.http, (), (b"transfer-encoding: chunked\r\n", b"HTTP/1.1 100 \r\n\r\n"))
    for api, plain, events in (
        (Api.CHAT, scripts.chat(), scripts.chat_events()),
        (Api.MESSAGES, scripts.message(), scripts.message_events()),
        (Api.RESPONSES, replies.response(), replies.events()),
        (Api.COMPLETIONS, replies.completion(), replies.completion_events()),
        (Api.EMBEDDINGS, replies.embeddings(), []),
        (Api.COUNT_TOKENS, {"input_tokens": 11}, []),
    ):
        read = partial(answers.body, api=api)
        yield Parser(
            f"{api.name.lower()} answer", dump(plain), partial(read, kind="application/json"), (), (b'"usage":{},',)
        )
        words = (b"data: ", b"data: [DONE]\n\n", b"event: error\n", b"\n\n", b":\n")
        if not events:
            continue
        yield Parser(f"{api.name.lower()} stream", b"".join(events), partial(read, kind="text/event-stream"), (), words)
        yield Parser(f"{api.name.lower()} error", b'{"error":{"message":"m"}}', partial(answers.failed, api=api), ())


PARSERS: Final = _seeds()
