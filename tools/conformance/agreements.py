"""Step 2: agreements that not both signed, that are another's, or that have not the form of agreement.md."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from typing import Any

from brightline.canonical import dump
from brightline.keys import Envelope, SigningKey
from tools.conformance.case import Case
from tools.conformance.record import (
    CUSTOMER,
    KEYS,
    LOG,
    OTHER_LOG,
    STRANGER,
    VENDOR,
    file,
    mixed,
    value,
)

GOOD = mixed()
PAYLOAD = GOOD.payload
OTHER = dump(value(title="Last year's"))
WORD = "sha256:" + "ab" * 32
SMALL = "AQEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
AUDIT = {"commitment": WORD, "epochs": 120, "epoch_days": 30, "sample": 299, "auditors": []}
CEILING = {"currency": "USD", "amount": "200.50", "funded": "50"}
MODEL = {"name": "m", "digest": None, "family": "f", "variant": "v"}

NOTE = {"trigger": "note", "text": "x", "cure_days": 0, "dispute": ""}


def signatures() -> Iterator[tuple[str, str, bytes]]:
    """Name, why, file: the payload is the good one."""
    good = json.loads(file(PAYLOAD))
    sig = good["signatures"]

    def envelope(**changes: Any) -> bytes:
        return dump({**good, **changes})

    yield "unsigned", "both sign", envelope(signatures=[])
    for who in (VENDOR, CUSTOMER, STRANGER):
        yield f"signed by {who.name} alone", "both sign", file(PAYLOAD, who)
    yield "signed by the vendor twice", "both sign", file(PAYLOAD, VENDOR, VENDOR)
    yield "signed by vendor and stranger", "both sign", file(PAYLOAD, VENDOR, STRANGER)
    other = json.loads(file(OTHER))["signatures"]
    yield (
        "the vendor's over another payload",
        "a signature over other bytes is void",
        envelope(signatures=[other[0], sig[1]]),
    )
    yield (
        "the customer's over another payload",
        "a signature over other bytes is void",
        envelope(signatures=[sig[0], other[1]]),
    )
    bare = {"keyid": str(CUSTOMER.public), "sig": base64.b64encode(CUSTOMER.sign(PAYLOAD)).decode()}
    yield "the customer's over the bare payload", "it covers type and payload", envelope(signatures=[sig[0], bare])
    yield "another payload type", "it is no agreement", dump({**good, "payloadType": "application/json"})
    typed = Envelope("application/json", PAYLOAD).signed(VENDOR).signed(CUSTOMER).to_bytes()
    yield "another payload type, signed", "it is no agreement", typed
    yield "both names, one key", "the vendor signed for both", envelope(
        signatures=[sig[0], {"keyid": str(CUSTOMER.public), "sig": sig[0]["sig"]}])  # fmt: skip
    yield "65 signatures", "at most 64", envelope(signatures=sig * 33)
    yield "another member", "an envelope has three", envelope(more=1)
    for member in good:
        yield (
            f"envelope without {member}",
            "an envelope has three",
            dump({k: v for k, v in good.items() if k != member}),
        )
    yield "a payload that is no base64", "it is", envelope(payload="****")
    yield "empty", "it is no envelope", b""
    yield "no JSON", "it is no envelope", b"agreement"
    yield "the bare payload", "it is no envelope", PAYLOAD
    yield "not UTF-8", "JSON is UTF-8", b"\xff" + file(PAYLOAD)
    yield "a member twice", "JSON objects have each member once", file(PAYLOAD)[:-1] + b',"payloadType":"x"}'
    yield "bytes after it", "it is one JSON document", file(PAYLOAD) + b"{}"


def malformed() -> Iterator[tuple[str, str, bytes]]:
    """Name, why, payload that both signed."""
    plain: dict[str, Any] = value()
    text = PAYLOAD
    yield "a space", "canonical JSON", text.replace(b'"interim":false', b'"interim": false')
    yield (
        "members out of order",
        "canonical JSON",
        json.dumps(dict(reversed(plain.items())), separators=(",", ":")).encode(),
    )
    yield "a newline at its end", "canonical JSON", text + b"\n"
    yield "a member twice", "canonical JSON", text.replace(b'"interim":false', b'"interim":false,"interim":false')
    yield "an escaped letter", "canonical JSON", text.replace(b"Terms of use", b"\\u0054erms of use")
    yield "a float", "canonical JSON", text.replace(b'"tokens":64', b'"tokens":64.0')
    yield "an array", "it is an object", b"[]"
    for member in plain:
        yield f"without {member}", "every member stands", dump({k: v for k, v in plain.items() if k != member})
        yield f"{member} is a number", "it is none", dump({**plain, member: 7})
    yield "another member", "there is none", dump({**plain, "secret": None})
    for name, changes in _wrong().items():
        yield name, "agreement.md, section 2", dump(_with(plain, changes))


def _wrong() -> Mapping[str, Mapping[str, Any]]:
    customer, vendor = str(CUSTOMER.public), str(VENDOR.public)
    log: dict[str, Any] = {"origin": LOG.name, "key": str(LOG.public)}
    return {
        "an empty title": {"title": ""},
        "a blank title": {"title": "  "},
        "a title of 201 characters": {"title": "x" * 201},
        "a title of two lines": {"title": "a\nb"},
        "a bidirectional override": {"title": "a\u202eb"},
        "a zero-width mark": {"title": "a\u200eb"},
        "another type": {"type": "brightline/agreement/v2"},
        "an empty contract": {"contract": ""},
        "supersedes no digest": {"supersedes": "sha256:00"},
        "from no date": {"from": "2026-13-01"},
        "from 30 February": {"from": "2026-02-30"},
        "from a short date": {"from": "2026-12-1"},
        "until before from": {"until": "2026-11-30"},
        "prevails neither": {"prevails": "both"},
        "interim null": {"interim": None},
        "one key for both": {"parties.customer.key": vendor},
        "one key under two names": {"parties.customer.key": str(SigningKey("b.example", VENDOR.seed).public)},
        "a party without name": {"parties.vendor.name": ""},
        "a key with a wrong id": {"parties.customer.key": customer.replace("+", "+0", 1)[:-1] + "="},
        "a third party": {"parties.judge": {}},
        "signatories of one name": {"parties.vendor.signatories": [{"name": "A", "title": "B", "authority": "C"}] * 2},
        "a signatory without authority": {"parties.vendor.signatories": [{"name": "A", "title": "B"}]},
        "terms without clauses": {"terms.files": {"terms.toml": ""}},
        "terms with no files": {"terms.files": {}},
        "two files of one name but for case": {"terms.files": {"a.cedar": "", "A.cedar": ""}},
        "a file name with a slash": {"terms.files": {"a/b.cedar": ""}},
        "a file with a control character": {"terms.files": {"terms.cedar": "a\u0007"}},
        "terms digest in capitals": {"terms.digest": "sha256:" + "AB" * 32},
        "vocabulary without core": {"vocabulary": {"defence": WORD}},
        "vocabulary empty": {"vocabulary": {}},
        "a model twice": {"models": [MODEL, MODEL]},
        "a model without family": {"models": [{"name": "m", "digest": None, "variant": "v"}]},
        "a log twice": {"logs": [log, log]},
        "a log with another's key name": {"logs": [{"origin": "other.example", "key": str(LOG.public)}]},
        "a log with the vendor's key": {"logs": [{**log, "key": str(SigningKey(LOG.name, VENDOR.seed).public)}]},
        "a log's key of small order": {"logs": [{**log, "key": f"{LOG.name}+00000000+{SMALL}"}]},
        "a ceiling without currency": {"ceiling": {"amount": "1", "funded": "1"}},
        "a ceiling in lower case": {"ceiling": {**CEILING, "currency": "usd"}},
        "a ceiling as a number": {"ceiling": {**CEILING, "amount": 200}},
        "a ceiling with seven places": {"ceiling": {**CEILING, "amount": "1000.1234567"}},
        "a ceiling with a leading zero": {"ceiling": {**CEILING, "amount": "0200"}},
        "more funded than the ceiling": {"ceiling": {**CEILING, "funded": "200.51"}},
        **{f"disclosure {member} {n}": {f"disclosure.{member}": n} for member, n in (
            ("time_seconds", 0), ("time_seconds", 86401), ("tokens", 0), ("tokens", 2**20 + 1), ("lengths", 0),
            ("erasures", -1), ("erasures", 2**32 + 1), ("erasures_per_10000", 10001), ("heartbeat_seconds", 59),
            ("heartbeat_seconds", 31 * 86400 + 1), ("statements", ["names"]), ("tokens", True))},
        "a step for words": {"disclosure.words": 1},
        "kept for no day": {"retention.record_days": 0},
        "kept for 36526 days": {"retention.content_days": 36526},
        "a role in capitals": {"retention.hold_role": "Official"},
        "an audit of no epochs": {"audit": {**AUDIT, "epochs": 0}},
        "an audit of 367 days": {"audit": {**AUDIT, "epoch_days": 367}},
        "an audit of no sample": {"audit": {**AUDIT, "sample": 0}},
        "an audit with no commitment": {"audit": {**AUDIT, "commitment": None}},
        "an auditor with the vendor's key": {"audit": {**AUDIT, "auditors": [{"name": "x", "key": vendor}]}},
        "an auditor with the log's key": {"audit": {**AUDIT, "auditors": [{"name": "x", "key": str(LOG.public)}]}},
        "an unknown trigger": {"consequences.other.trigger": "stop"},
        "a cure of 3651 days": {"consequences.other.cure_days": 3651},
        "a consequence without text": {"consequences.other.text": ""},
        "a code in capitals": {"consequences.Record": {"trigger": "note", "text": "x", "cure_days": 0, "dispute": ""}},
        "no row other": {"consequences": {"break_glass": {**NOTE}}},
        "no rows": {"consequences": {}},
    }  # fmt: skip


def _with(plain: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """A copy in which the member at each dotted path is replaced."""
    made: dict[str, Any] = json.loads(json.dumps(plain))
    for path, wanted in changes.items():
        *parents, last = path.split(".")
        inner = made
        for parent in parents:
            inner = inner[parent]
        inner[last] = wanted
    return made


def lawful() -> Iterator[tuple[str, Mapping[str, Any], tuple[str, ...], tuple[int, ...]]]:
    """Name, what is changed, findings, failing steps: agreements that both signed and that are in force."""
    files = {"terms.cedar": "permit (principal, action, resource); forbid (principal, action, resource);"}
    yield (
        "a whole second",
        {"audit": AUDIT, "ceiling": CEILING, "models": [MODEL], "contract": "W9", "supersedes": WORD},
        (),
        (),
    )
    yield "no end", {"until": None}, (), ()
    yield "interim", {"interim": True}, ("agreement.interim",), ()
    yield "no signatory", {"parties.vendor.signatories": []}, ("agreement.no_signatory",), ()
    yield "letters of all kinds", {"title": 'Términos \u2014 \u6761\u6b3e \U0001f600 "\\/'}, (), ()
    yield (
        "member names by UTF-16",
        {"terms.files": {**value()["terms"]["files"], "Z.txt": "\u007f"[:0], "a.txt": "x\ty\n"}},
        (),
        (),
    )
    yield "ended on the day before", {"from": "2026-11-01", "until": "2026-11-30"}, ("agreement.expired",), ()
    yield "ends on the day", {"until": "2026-12-01"}, (), ()
    yield "begins on the day after", {"from": "2026-12-02"}, ("agreement.not_begun",), ()
    yield "no log", {"logs": []}, (), (3,)
    yield (
        "another log alone",
        {"logs": [{"origin": "o.example", "key": str(SigningKey("o.example", OTHER_LOG.seed).public)}]},
        (),
        (3,),
    )
    yield "another key of the log", {"logs": [{"origin": LOG.name, "key": str(OTHER_LOG.public)}]}, (), (3,)
    yield "other terms", {"terms.digest": "sha256:" + "cd" * 32}, (), (7,)
    yield "two clauses without ids", {"terms.files": files}, (), (7,)
    yield (
        "clauses that cannot be told",
        {"terms.files": {"terms.cedar": '@id("K1") @id("K2") permit ();'}},
        ("terms.unnamed",),
        (),
    )
    yield "a text that never closes", {"terms.files": {"terms.cedar": '@id("K1") permit (); "'}}, ("terms.unnamed",), ()
    yield (
        "one id twice",
        {"terms.files": {"terms.cedar": '@id("K1") permit (); @id("K1") forbid ();'}},
        ("terms.unnamed",),
        (),
    )
    yield "no policy", {"terms.files": {"terms.cedar": "// none"}}, ("terms.unnamed",), ()
    yield "clauses in another file", {"terms.files": {"other.cedar": files["terms.cedar"]}}, ("terms.unnamed",), ()
    yield (
        "an id over two lines",
        {
            "terms.files": {
                "terms.cedar": '@id\n( "K1" ) permit (); @id("K2") permit (); @id("K3") permit (); permit ();'
            }
        },
        (),
        (),
    )
    yield "another vocabulary", {"vocabulary.core": WORD}, ("vocabulary.unknown",), ()
    yield "a module that nobody knows", {"vocabulary.space": WORD}, ("vocabulary.unknown",), ()
    yield "core alone", {"vocabulary": {"core": value()["vocabulary"]["core"]}}, (), ()
    yield "steps of 7 seconds", {"disclosure.time_seconds": 7}, ("disclosure.finer",), ()
    yield "steps of 1", {"disclosure.time_seconds": 1, "disclosure.tokens": 1}, (), ()
    yield "steps of 128 tokens", {"disclosure.tokens": 128}, ("disclosure.finer",), ()
    yield "no erasures", {"disclosure.erasures": 0, "disclosure.erasures_per_10000": 0}, ("erasures.exceeded",), ()
    yield "erasures one in 26", {"disclosure.erasures": 0, "disclosure.erasures_per_10000": 385}, (), ()
    yield (
        "erasures less than one in 26",
        {"disclosure.erasures": 0, "disclosure.erasures_per_10000": 384},
        ("erasures.exceeded",),
        (),
    )
    yield "no statements", {"disclosure.statements": []}, ("disclosure.more",), ()


def _agreed(name: str, found: tuple[str, ...]) -> int:
    return 512 if "terms.unnamed" in found else 2 if name == "two clauses without ids" else 4


def cases() -> Iterator[Case]:
    for name, why, data in signatures():
        yield GOOD.case(f"agreement: {name}", why, agreement=data, fails=(2,))
    for name, why, payload in malformed():
        yield GOOD.case(f"payload: {name}", why, payload=payload, fails=(2,))
    swapped = {"vendor": KEYS["customer"], "customer": KEYS["vendor"]}
    stranger = {**KEYS, "vendor": str(STRANGER.public)}
    named = {**KEYS, "vendor": str(SigningKey("other.example", VENDOR.seed).public)}
    for name, keys in {"swapped": swapped, "a stranger's": stranger, "of another name": named}.items():
        yield GOOD.case(f"agreement: known keys {name}", "the agreement names others", keys=keys, fails=(2,))
    yield GOOD.case("agreement: no known keys", "those that it names are believed", keys=None,
                    findings=("agreement.keys_unknown",))  # fmt: skip
    alone = file(PAYLOAD, VENDOR)
    yield GOOD.case("agreement: no known keys, one signature", "both sign", keys=None, agreement=alone, fails=(2,))
    yield GOOD.case("agreement: another than about names", "about names a digest", agreement=file(OTHER), fails=(2,))
    more = file(PAYLOAD, STRANGER, VENDOR, CUSTOMER)
    yield GOOD.case("agreement: a stranger's signature beside", "it spoils nothing", agreement=more)
    pretty = json.dumps(json.loads(file(PAYLOAD)), indent=1).encode()
    yield GOOD.case("agreement: an envelope with spaces", "only the payload is canonical", agreement=pretty)
    plain = value()
    for name, changes, found, fails in lawful():
        yield GOOD.case(
            f"agreed: {name}",
            "agreement.md",
            payload=dump(_with(plain, changes)),
            findings=found,
            fails=fails,
            clauses=_agreed(name, found),
        )
