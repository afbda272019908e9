"""The state machine: batches and replay agree, and whatever breaks a law is refused with its index."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brightline.errors import RecordError
from brightline.record import body as bodies
from brightline.record import entry, merkle
from brightline.record.body import ChangeBody, ChangeSubject, Counters, DecisionBody, OutcomeBody
from brightline.record.entry import ENTRY_BYTES, Flag, Kind, OutcomeCode
from brightline.record.log import Disclosure, Draft, Log
from tests.record.drafts import KEY, NOW, TERMS, anything, decision, fill, log_with, outcome

ORIGIN = "example.com/log"


def same(a: Log, b: Log) -> bool:
    return (a.size, a.totals, a.open, a.checkpoint()) == (b.size, b.totals, b.open, b.checkpoint())


@given(st.lists(st.lists(anything | st.builds(decision) | st.builds(outcome, st.integers(0, 300)), max_size=30)))
def test_what_a_batch_accepts_replay_accepts(batches: list[list[Draft]]) -> None:
    log, replayed, data = Log(ORIGIN, Disclosure()), Log(ORIGIN, Disclosure()), b""
    for drafts in batches:
        batch = log.batch(NOW)
        for draft in drafts:
            try:
                index = batch.add(draft, KEY)
            except RecordError:
                continue
            assert entry.unpack(batch.data()[-ENTRY_BYTES:]).sequence == index
        log.commit(batch, batch.data())
        data += batch.data()
        replayed.replay(batch.data())
        assert same(log, replayed)
    whole = Log(ORIGIN, Disclosure())
    whole.replay(data)
    assert same(log, whole)


@settings(max_examples=30)
@given(st.integers(1, 400), st.lists(st.integers(1, 300), max_size=6))
def test_portions_make_no_difference(calls: int, portions: list[int]) -> None:
    log, data = log_with(calls)
    replayed = Log(ORIGIN, Disclosure())
    for portion in [*portions, len(data)]:
        at = replayed.size * ENTRY_BYTES
        replayed.replay(data[at : at + portion * ENTRY_BYTES])
    assert same(log, replayed)
    assert log.checkpoint().root == merkle.subtree_root(
        range(log.size), merkle.node_reader(merkle.hash_leaves(data, ENTRY_BYTES))
    )


def test_counters_open_each_bundle_with_the_totals_before() -> None:
    log, data = log_with(500)
    totals = Counters()
    for at in range(log.size):
        one = entry.unpack(data[at * ENTRY_BYTES : (at + 1) * ENTRY_BYTES])
        body = bodies.unpack(Kind(one.kind), one.body)
        assert (one.kind == Kind.COUNTERS) == (at % 256 == 0)
        if isinstance(body, Counters):
            assert body == totals
        if isinstance(body, DecisionBody):
            name = OutcomeCode(one.outcome).name.lower()
            name = {"deny": "denies"}.get(name, name + "s")
            totals = totals._replace(decisions=totals.decisions + 1, **{name: getattr(totals, name) + 1})
        if isinstance(body, OutcomeBody):
            totals = totals._replace(
                outcomes=totals.outcomes + 1,
                input_tokens=totals.input_tokens + body.input_tokens,
                output_tokens=totals.output_tokens + body.output_tokens,
            )
    assert log.totals == totals
    assert min(totals) > 0


@settings(max_examples=300)
@given(st.data())
def test_any_flipped_bit_breaks_the_root_or_a_law(data: st.DataObject) -> None:
    log, whole = log_with(200)
    at, bit = data.draw(st.integers(0, len(whole) - 1)), data.draw(st.integers(0, 7))
    broken = bytearray(whole)
    broken[at] ^= 1 << bit
    replayed = Log(ORIGIN, Disclosure())
    try:
        replayed.replay(bytes(broken))
    except RecordError:
        assert replayed.size == 0
        replayed.replay(whole)
        assert same(log, replayed)
        return
    assert replayed.checkpoint().root != log.checkpoint().root


def altered(change: dict[str, object], at: int, calls: int = 200) -> bytes:
    _, whole = log_with(calls)
    one = entry.unpack(whole[at * ENTRY_BYTES : (at + 1) * ENTRY_BYTES])
    made = entry.pack(one._replace(**change))  # type: ignore[arg-type]
    return whole[: at * ENTRY_BYTES] + made + whole[(at + 1) * ENTRY_BYTES :]


def body_of(made: bodies.Body) -> dict[str, object]:
    return {"body": bodies.pack(made)}


def other(kind: Kind) -> dict[str, object]:
    return {"kind": kind, "outcome": 0}


# Entry 1 is a permitted decision, 2 its outcome, 3 a hold, 4 a denial that was only observed, 5 its outcome,
# 6 an ask, 7 a permit, 8 its outcome, 9 a hold, 256 counters.
BROKEN: dict[str, tuple[int, dict[str, object], str]] = {
    "sequence": (5, {"sequence": 6}, "its place"),
    "time that runs back": (5, {"time": 1}, "runs back"),
    "year 10000": (5, {"time": entry.LAST_SECOND + 1}, "year 9999"),
    "kind 0": (5, {"kind": 0}, "kind is not known"),
    "kind 12": (5, {"kind": 12}, "kind is not known"),
    "counters in between": (2, {"kind": Kind.COUNTERS}, "counters open"),
    "no counters": (256, {"kind": Kind.EPOCH}, "counters open"),
    "decision without outcome": (1, {"outcome": 0}, "decisions alone"),
    "outcome with a decision's outcome": (2, {"outcome": 1}, "decisions alone"),
    "outcome 5": (1, {"outcome": 5}, "outcome is not known"),
    "flag": (1, {"flags": 1 << 31}, "flag is not known"),
    "api": (1, body_of(DecisionBody(api=9)), "word of its body"),
    "act": (1, body_of(DecisionBody(act=4)), "word of its body"),
    "parent is itself": (1, body_of(DecisionBody(parent=1)), "before it"),
    "approval to come": (1, body_of(DecisionBody(approval=2)), "before it"),
    "second approval to come": (1, body_of(DecisionBody(second_approval=2)), "before it"),
    "exception to come": (1, body_of(DecisionBody(exception=2)), "before it"),
    "spare bytes of a decision": (1, {"body": bytes(71) + b"\1"}, "spare bytes"),
    "spare bytes of an outcome": (2, {"body": bytes(71) + b"\1"}, "spare bytes"),
    "status 0": (2, body_of(OutcomeBody(1, 0)), "word of its body"),
    "status 9": (2, body_of(OutcomeBody(1, 9)), "word of its body"),
    "too many tokens": (2, body_of(OutcomeBody(1, 1, 1 << 25)), "tokens in one call"),
    "outcome of what is to come": (2, body_of(OutcomeBody(5, 1)), "before it"),
    "outcome of a hold": (8, body_of(OutcomeBody(3, 1)), "let nothing through"),
    "outcome of an outcome": (8, body_of(OutcomeBody(2, 1)), "let nothing through"),
    "second outcome": (8, body_of(OutcomeBody(1, 1)), "outcome already"),
    "spare byte in between": (1, {"body": bytes(58) + b"\1" + bytes(13)}, "spare bytes"),
    "spare bytes of an approval": (3, {**other(Kind.APPROVAL), "body": bytes(18) + b"\1" + bytes(52) + b"\1"}, "spare"),
    "verdict 99": (3, {**other(Kind.APPROVAL), **body_of(bodies.ApprovalBody(1, 0, 0, 99))}, "verdict 99"),
    "approval of what is to come": (
        3,
        {**other(Kind.APPROVAL), **body_of(bodies.ApprovalBody(3, 0, 0, 1))},
        "before it",
    ),
    "end of what is to come": (
        3,
        {**other(Kind.EXCEPTION), **body_of(bodies.ExceptionBody(3, 0, 0, 0, 0, 2))},
        "before it",
    ),
    "engine of an epoch to come": (3, {**other(Kind.ENGINE), **body_of(bodies.EngineBody(3, 0, 0, 0, 0))}, "before it"),
    "epoch to come": (3, {**other(Kind.EPOCH), **body_of(bodies.EpochBody(1, 3, 0, 0))}, "before it"),
    "grade 5": (3, {**other(Kind.EPOCH), **body_of(bodies.EpochBody(1, 0, 0, 0, grade=5))}, "grade 5"),
    "clock 3": (3, {**other(Kind.EPOCH), **body_of(bodies.EpochBody(1, 0, 0, 0, clock=3))}, "clock 3"),
    "event 6": (3, {**other(Kind.CLOCK), **body_of(bodies.ClockBody(6))}, "event 6"),
    "source 3": (3, {**other(Kind.CLOCK), **body_of(bodies.ClockBody(1, 3))}, "source 3"),
    "a step of nothing": (3, {**other(Kind.CLOCK), **body_of(bodies.ClockBody(3))}, "has seconds"),
    "a beat with seconds": (3, {**other(Kind.CLOCK), **body_of(bodies.ClockBody(2, 0, 60))}, "has seconds"),
    "verdict 3": (3, {**other(Kind.RELEASE), **body_of(bodies.ReleaseBody(1, 3))}, "verdict 3"),
    "reason 8": (3, {**other(Kind.RELEASE), **body_of(bodies.ReleaseBody(1, 2, 8))}, "reason 8"),
    "refused for nothing": (3, {**other(Kind.RELEASE), **body_of(bodies.ReleaseBody(1, 2))}, "has a reason"),
    "bundle to come": (3, {**other(Kind.RELEASE), **body_of(bodies.ReleaseBody(4, 1))}, "more entries than stand"),
    "erasure of counters": (3, {**other(Kind.ERASURE), **body_of(bodies.ErasureBody(0, 0, 1))}, "nothing to erase"),
    "erasure of what is to come": (3, {**other(Kind.ERASURE), **body_of(bodies.ErasureBody(3, 0, 1))}, "before it"),
    "subject 8": (3, {**other(Kind.CHANGE), **body_of(ChangeBody(8, TERMS))}, "subject 8"),
    "own digest in clear": (3, {**other(Kind.CHANGE), **body_of(ChangeBody(ChangeSubject.TOOLS, TERMS))}, "guessed"),
    "own digest before": (3, {**other(Kind.CHANGE), **body_of(ChangeBody(16, previous=TERMS))}, "guessed"),
    "own change of nothing": (
        3,
        {**other(Kind.CHANGE), **body_of(ChangeBody(ChangeSubject.ACTORS)), "commitment": bytes(32)},
        "neither in clear nor",
    ),
    "totals": (256, body_of(Counters(1)), "its total of decisions"),
    "hidden decision": (9, {"kind": Kind.EPOCH, "outcome": 0, **body_of(bodies.EpochBody(0, 1, 0, 0))}, "its total of"),
    "hidden tokens": (2, body_of(OutcomeBody(1, 1, 64)), "its total of input_tokens"),
    "words in a counters entry": (0, {"terms": TERMS}, "nothing but time and totals"),
    "flags in a counters entry": (256, {"flags": 1}, "nothing but time and totals"),
}


@pytest.mark.parametrize("law", BROKEN)
def test_every_law_is_kept_on_replay(law: str) -> None:
    at, change, text = BROKEN[law]
    log = Log(ORIGIN, Disclosure())
    with pytest.raises(RecordError, match=text) as e:
        log.replay(altered(change, at))
    expected = 256 if law.startswith("hidden") else at
    assert e.value.place == f"entry {expected}"
    assert log.size == 0


@pytest.mark.parametrize(
    "draft, text",
    [
        (Draft(ChangeBody(ChangeSubject.PURPOSES, TERMS), fields=(("digest", TERMS),)), "could be guessed"),
        (Draft(ChangeBody(ChangeSubject.TOOLS, previous=TERMS), fields=(("digest", TERMS),)), "could be guessed"),
        (Draft(ChangeBody(ChangeSubject.ACTORS)), "neither in clear nor"),
        (Draft(ChangeBody(8, TERMS)), "subject 8 is not known"),
        (Draft(bodies.ErasureBody(0, 0, 1)), "nothing to erase"),
        (Draft(bodies.ErasureBody(1, 0, 1)), "before it"),
        (Draft(bodies.ApprovalBody(1, 0, 0, 1)), "before it"),
        (Draft(bodies.ApprovalBody(0, 0, 0, 99)), "verdict 99"),
        (Draft(bodies.ExceptionBody(1, 0, 0, 0, 0, 1)), "before it"),
        (Draft(bodies.EpochBody(0, 1, 0, 0)), "before it"),
        (Draft(Counters()), "the log itself"),
        (Draft(bodies.EpochBody(0, 0, 0, 0), outcome=OutcomeCode.DENY), "decisions alone"),
        (decision(OutcomeCode.NONE), "a decision has an outcome"),
        (outcome(0), "let nothing through"),
        (decision(flags=1 << 30), "flag is not known"),
        (decision(clauses=1 << 512), "does not fit"),
    ],
)
def test_a_batch_refuses_one_draft_and_goes_on(draft: Draft, text: str) -> None:
    log = Log(ORIGIN, Disclosure())
    batch = log.batch(NOW)
    with pytest.raises(RecordError, match=text):
        batch.add(draft, KEY)
    assert batch.data() == b""
    assert batch.add(decision(), KEY) == 1
    log.commit(batch, batch.data())
    assert (log.size, log.totals.permits, log.open) == (2, 1, {1})


def test_a_decision_is_settled_once_in_a_batch_and_after_it() -> None:
    log = Log(ORIGIN, Disclosure())
    batch = log.batch(NOW)
    batch.add(decision(), KEY)
    batch.add(outcome(1), KEY)
    with pytest.raises(RecordError, match="outcome already"):
        batch.add(outcome(1), KEY)
    log.commit(batch, batch.data())
    with pytest.raises(RecordError, match="outcome already"):
        log.batch(NOW).add(outcome(1), KEY)


def test_shared_and_own_changes_are_told_apart() -> None:
    log = Log(ORIGIN, Disclosure())
    batch = log.batch(NOW)
    batch.add(Draft(ChangeBody(ChangeSubject.TERMS, TERMS)), KEY)
    batch.add(Draft(ChangeBody(ChangeSubject.PURPOSES), fields=(("digest", TERMS),)), KEY)
    log.commit(batch, batch.data())
    assert TERMS in batch.data()
    assert batch.data().count(TERMS) == 1


def test_a_commit_takes_nothing_else_than_what_was_made() -> None:
    log = Log(ORIGIN, Disclosure())
    batch = log.batch(NOW)
    fill(batch, 3)
    for data in (b"", batch.data()[:-1], bytes(len(batch.data()))):
        with pytest.raises(RecordError, match="read back"):
            log.commit(batch, data)
    assert log.size == 0
    log.commit(batch, batch.data())
    with pytest.raises(RecordError):
        log.commit(batch, batch.data())


def test_times_and_tokens_are_bucketed_before_hashing() -> None:
    log = Log(ORIGIN, Disclosure(time_seconds=3600, tokens=64))
    batch = log.batch(NOW)
    batch.add(decision(flags=Flag.STREAMED), KEY)
    batch.add(outcome(1, (33, 2**40)), KEY)
    batch.add(Draft(bodies.ApprovalBody(1, int(NOW), 0, bodies.Verdict.GRANTED)), KEY)
    for at in range(4):
        assert entry.unpack(batch.data()[at * 256 : at * 256 + 256]).time == NOW // 3600 * 3600
    settled = bodies.unpack(Kind.OUTCOME, batch.data()[2 * 256 + 184 : 3 * 256])
    assert isinstance(settled, OutcomeBody)
    assert (settled.input_tokens, settled.output_tokens) == (64, bodies.MAX_TOKENS)
    approval = bodies.unpack(Kind.APPROVAL, batch.data()[3 * 256 + 184 : 4 * 256])
    assert isinstance(approval, bodies.ApprovalBody)
    assert approval.until == NOW // 3600 * 3600


@given(st.integers(1, 500), st.lists(st.integers(0, 100_000)))
def test_bucketing_is_within_half_a_bucket(step: int, tokens: list[int]) -> None:
    count = Disclosure(tokens=step).count
    assert all(count(n) % step == 0 and abs(count(n) - n) * 2 <= step for n in tokens)


def test_cut_entries_are_refused() -> None:
    log = Log(ORIGIN, Disclosure())
    with pytest.raises(RecordError, match="entry 1: it is cut short"):
        log.replay(bytes(511))


@given(
    st.lists(st.tuples(st.floats(-1e12, 2.5e11), st.sampled_from([1, 60, 3600])), min_size=1, max_size=8)
    | st.lists(st.tuples(st.floats(-1e12, 1e300), st.just(60)), min_size=1, max_size=8)
)
def test_the_time_stands_still_where_the_clock_runs_back(clock: list[tuple[float, int]]) -> None:
    """A clock that was set back, or to the year 30 000, must not leave evidence that no verifier will ever take."""
    log, data = Log(ORIGIN, Disclosure()), b""
    for now, bucket in clock:
        log.disclosure = Disclosure(time_seconds=bucket)
        batch = log.batch(now)
        batch.add(decision(), KEY)
        log.commit(batch, batch.data())
        data += batch.data()
        times = [entry.unpack(data[i : i + ENTRY_BYTES]).time for i in range(0, len(data), ENTRY_BYTES)]
        assert times == sorted(times)
        assert times[-1] % bucket == 0
        assert times[-1] <= entry.LAST_SECOND
    replayed = Log(ORIGIN, Disclosure())
    replayed.replay(data)
    assert same(log, replayed)


def test_replay_refuses_a_time_that_runs_back_or_has_no_calendar() -> None:
    _, data = log_with(3)
    rows = [data[i : i + ENTRY_BYTES] for i in range(0, len(data), ENTRY_BYTES)]
    for time, said in ((1, "runs back"), (entry.LAST_SECOND + 1, "year 9999"), (2**64 - 1, "year 9999")):
        changed = [*rows[:-1], rows[-1][:8] + time.to_bytes(8, "big") + rows[-1][16:]]
        with pytest.raises(RecordError, match=f"its time .*{said}") as refused:
            Log(ORIGIN, Disclosure()).replay(b"".join(changed))
        assert refused.value.place == f"entry {len(rows) - 1}"
