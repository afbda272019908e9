"""What a call leaves in the record: drafts of its decision and outcome entries (steps 5 and 7).

Private fields carry the content, the actor and every fact with its source; the entry shows none of them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import cast

from brightline.gateway.codec import Answer, Api, Call, ToolCall, described
from brightline.gateway.standing import Standing
from brightline.gateway.stated import Stated
from brightline.record import body as bodies
from brightline.record.body import Act, DecisionBody, OutcomeBody, OutcomeStatus
from brightline.record.entry import Flag, OutcomeCode
from brightline.record.log import Draft
from brightline.terms import Decision, Outcome, Terms

_API = {
    Api.CHAT: bodies.Api.OPENAI_CHAT,
    Api.MESSAGES: bodies.Api.ANTHROPIC_MESSAGES,
    Api.RESPONSES: bodies.Api.OPENAI_RESPONSES,
    Api.COMPLETIONS: bodies.Api.OPENAI_COMPLETIONS,
    Api.EMBEDDINGS: bodies.Api.OPENAI_EMBEDDINGS,
    Api.COUNT_TOKENS: bodies.Api.ANTHROPIC_COUNT_TOKENS,
}
API_OF: dict[int, Api] = {code: api for api, code in _API.items()}
_OUTCOME = {
    Outcome.PERMIT: OutcomeCode.PERMIT,
    Outcome.HOLD: OutcomeCode.HOLD,
    Outcome.ASK: OutcomeCode.ASK,
    Outcome.DENY: OutcomeCode.DENY,
}
# Flags as plain integers: `|` on an enum costs a microsecond, and every call does it several times.
_STREAMED, _OBSERVED, _ESTIMATED, _NOT_UNDERSTOOD, _NOT_SCREENED = (
    int(f) for f in (Flag.STREAMED, Flag.OBSERVED, Flag.ESTIMATED, Flag.NOT_UNDERSTOOD, Flag.NOT_SCREENED)
)


def decision_draft(standing: Standing, call: Call, said: Stated, decision: Decision, flags: int, model: bytes) -> Draft:
    """The entry of a decision. `flags`: what step 4 adds (sampled by the oracle, disagreed, failed)."""
    terms, needs = standing.pack.terms, decision.needs
    words = terms.scope.vocabulary
    flags |= said.flags | (_STREAMED if call.stream else 0) | (_OBSERVED if standing.observing else 0)
    body = DecisionBody(
        claimed=said.claimed,
        missing=_ranks(words.facts, {f for n in needs for f in n.facts}) if needs else 0,
        approvals=_ranks(words.facts["approvals"].names, {a for n in needs for a in n.approvals}) if needs else 0,
        duties=_ranks(words.facts["duties"].names, decision.duties),
        api=_API[call.api],
        act=Act.MODEL_CALL,
    )
    return Draft(
        body=body,
        activity=words.ranks[said.use.activity],
        outcome=_OUTCOME[decision.outcome],
        flags=flags,
        clauses=clause_bits(terms, decision.clauses),
        terms=standing.terms_digest,
        model=model,
        fields=(("content", call.body), *said.fields),
    )


def with_parts(draft: Draft, call: Call) -> Draft:
    """The same for a call that is not all text: nothing here has read those parts, so the entry says NOT_SCREENED
    whatever a screen found in the text, and lists them on its private side."""
    if not call.parts:
        return draft
    return draft._replace(flags=draft.flags | _NOT_SCREENED, fields=(*draft.fields, ("parts", described(call))))


def of_tool(draft: Draft, parent: int, tool: ToolCall, arguments: bytes) -> Draft:
    """The same for a tool call: `parent`, the decision on the model call in whose answer it stands. Its name, id and
    arguments are private, as content is."""
    body = cast("DecisionBody", draft.body)
    name, of = (text.encode("utf-8", "replace") for text in (tool.name, tool.id))
    return draft._replace(
        body=body._replace(parent=parent, act=Act.TOOL_CALL),
        fields=(("content", arguments), ("tool", name), ("call", of), *draft.fields[1:]),
    )


def of_mcp(draft: Draft) -> Draft:
    """The same for a call that came by MCP, in no model's answer."""
    body = cast("DecisionBody", draft.body)
    return draft._replace(body=body._replace(parent=0, api=bodies.Api.MCP, act=Act.MCP_CALL))


def outcome_draft(
    standing: Standing, decision: int, status: OutcomeStatus, answer: Answer | None, upstream_status: int, model: bytes
) -> Draft:
    """The entry of how a call ended. Tokens that the model server did not tell are estimated, and flagged so."""
    flags = _OBSERVED if standing.observing else 0
    inputs = outputs = calls = 0
    text = b""
    if answer is not None:
        text = answer.text.encode("utf-8", "replace")
        calls = len(answer.tool_calls)
        flags |= 0 if answer.understood else _NOT_UNDERSTOOD
        # Negative counts are none: an entry has no place for them, and a call without its outcome would stay open.
        inputs = max(answer.input_tokens or 0, 0)
        outputs = -1 if answer.output_tokens is None else answer.output_tokens
        if outputs < 0:
            flags |= _ESTIMATED
            outputs = -(-len(text) // 4)
    return Draft(
        body=OutcomeBody(decision, status, inputs, outputs, calls, upstream_status),
        flags=flags,
        terms=standing.terms_digest,
        model=model,
        fields=(("answer", text),) if text else (),
    )


def interrupted_draft(standing: Standing, decision: int) -> Draft:
    """The outcome of a call whose end nobody saw: the gateway stopped while it ran."""
    return Draft(OutcomeBody(decision, OutcomeStatus.INTERRUPTED), terms=standing.terms_digest)


def clause_bits(terms: Terms, ids: Iterable[str]) -> int:
    """The bits of clauses by rank; none for `default-deny`."""
    bits = 0
    for i in ids:
        rank = terms.rank.get(i)
        if rank is not None:
            bits |= 1 << rank
    return bits


def _ranks(order: Iterable[str], names: Collection[str]) -> int:
    """Bits of `names` by their place in `order`."""
    return sum(1 << i for i, n in enumerate(order) if n in names) if names else 0
