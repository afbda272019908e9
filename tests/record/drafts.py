"""Drafts for tests: lawful ones and arbitrary ones."""

from __future__ import annotations

from hypothesis import strategies as st

from brightline.record import body
from brightline.record.entry import ALL_FLAGS, Flag, OutcomeCode
from brightline.record.log import Batch, Disclosure, Draft, Log

KEY = bytes(range(32))
TERMS = bytes(range(100, 132))
NOW = 1_790_000_123.4

digests = st.binary(min_size=32, max_size=32)
codes = st.integers(0, 9)
bodies = st.one_of(
    st.builds(body.DecisionBody, *[st.integers(0, 40)] * 4, *[st.integers(0, 2**32)] * 4, codes, codes),
    st.builds(body.OutcomeBody, st.integers(0, 600), codes, *[st.integers(0, 2**33)] * 2, *[st.integers(0, 600)] * 2),
    st.builds(body.ApprovalBody, st.integers(0, 40), st.integers(0, 2**40), codes, codes),
    st.builds(body.ExceptionBody, st.integers(0, 40), *[st.integers(0, 2**40)] * 2, codes, codes, codes),
    st.builds(body.ChangeBody, st.integers(0, 24), st.just(TERMS) | st.just(bytes(32)), digests | st.just(bytes(32))),
    st.builds(body.ErasureBody, st.integers(0, 300), codes, codes),
    st.builds(body.EngineBody, *[st.integers(0, 300)] * 12, codes, codes),
    st.builds(body.EpochBody, *[st.integers(0, 300)] * 6, codes, codes),
    st.builds(body.ClockBody, codes, codes, st.integers(0, 300)),
    st.builds(body.ReleaseBody, st.integers(0, 40), codes, codes, digests),
    st.just(body.Counters()),
)
fields = st.lists(
    st.tuples(st.text("abc", min_size=1, max_size=3), st.binary(max_size=9)), max_size=4, unique_by=lambda f: f[0]
).map(tuple)
#: Any draft that can be written down; most break a law.
anything = st.builds(
    Draft,
    bodies,
    st.integers(-1, 70_000) | codes,
    st.sampled_from(OutcomeCode),
    st.integers(0, ALL_FLAGS) | st.just(1 << 20),
    st.integers(0, 1 << 513),
    digests,
    digests,
    fields,
)


def decision(outcome: OutcomeCode = OutcomeCode.PERMIT, flags: int = 0, **changes: object) -> Draft:
    made = Draft(body.DecisionBody(api=body.Api.OPENAI_CHAT, act=body.Act.MODEL_CALL), 3, outcome, flags, 5, TERMS)
    return made._replace(**changes)  # type: ignore[arg-type]


def outcome(of: int, tokens: tuple[int, int] = (100, 200)) -> Draft:
    return Draft(body.OutcomeBody(of, body.OutcomeStatus.COMPLETED, *tokens), 3, terms=TERMS)


def fill(batch: Batch, calls: int) -> None:
    """`calls` decisions, permitted, held, observed or denied, with outcomes for those that may have one."""
    for i in range(calls):
        code = [OutcomeCode.PERMIT, OutcomeCode.HOLD, OutcomeCode.DENY, OutcomeCode.ASK][i % 4]
        flags = Flag.OBSERVED if i % 8 == 2 else Flag(0)
        index = batch.add(decision(code, flags, fields=(("prompt", b"%d" % i),)), KEY)
        if code is OutcomeCode.PERMIT or flags:
            batch.add(outcome(index, (i, 2 * i)), KEY)


def log_with(calls: int, origin: str = "example.com/log") -> tuple[Log, bytes]:
    """A log and all its entries."""
    log = Log(origin, Disclosure())
    batch = log.batch(NOW)
    fill(batch, calls)
    log.commit(batch, batch.data())
    return log, batch.data()
