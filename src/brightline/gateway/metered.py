"""Meters of persons and of money in the path of a call: reserved before it is decided, then settled or given back.

Law: whatever is reserved counts for everybody else until it is settled or given back, so of two calls at the last free
place exactly one passes, and the funds are never passed. Belongs to one event loop; only counting may run in a thread.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import cast

from brightline.gateway.codec import Answer, Api, Call
from brightline.gateway.watch_config import WatchConfig
from brightline.meters import (
    Budget,
    Counted,
    Hold,
    How,
    Meters,
    Reservation,
    UpTo,
    Where,
    count_text,
    names_in,
    together,
)
from brightline.meters import count_arguments as arguments_counted
from brightline.meters.budget import Funds
from brightline.meters.prices import MAX_COUNTED_TOKENS
from brightline.screen.identifiers import identified
from brightline.terms import Decision, Need, Outcome
from brightline.vocabulary import Use

MEDIA_TOKENS = 65_536
"""Input tokens that are reserved for each part of a call that is no text."""
_UNREAD = Counted((), {How.UNCOUNTABLE: 1})
_WHY = {
    Funds.EXHAUSTED: "the funds of the agreement are used up; who holds the role {} may let it go on to the ceiling",
    Funds.CEILING: "it could pass the ceiling of the agreement; a new agreement, or less to answer, helps",
    Funds.MISSING: "nobody set a price for this model; your administrator can",
}

logger = logging.getLogger("brightline.gateway")


@dataclass(slots=True)
class Funded:
    """What is reserved for a call of `model`. `most`: the input and output tokens that it can take."""

    model: str
    component: str
    most: tuple[int, int]
    hold: Hold


@dataclass(frozen=True, slots=True)
class Metered:
    """`asking`: the activities of which some clause asks the meter; uses of others are not counted. `organisation`:
    the customer, whose accounts and components count together. `now`: Unix seconds."""

    meters: Meters | None = None
    budget: Budget | None = None
    asking: frozenset[str] = frozenset()
    config: WatchConfig = field(default_factory=WatchConfig)
    organisation: str = ""
    now: Callable[[], float] = time.time

    def asks(self, use: Use) -> bool:
        """Does what may be decided on this use turn on a meter that there is?"""
        if self.meters is None:
            return False
        return use.activity in self.asking or any(a.activity in self.asking for a in use.alternatives)

    def reserve(self, use: Use, purpose: str, datasets: str, counted: Counted) -> Reservation:
        """Count the persons of a use that `asks`, before it is decided. `datasets`: those that it names."""
        assert self.meters is not None  # noqa: S101 - it asks
        known = self.config.meters.datasets if self.config.meters is not None else {}
        where = Where(purpose, datasets or known.get(purpose, ""), use.component, self.organisation)
        return self.meters.reserve(where, counted, int(self.now()))

    def fund(self, call: Call, use: Use, *, served: bool) -> Funded | None:
        """Reserve the most that a call can cost; None where no prices are set, and for one that only counts tokens.
        `served`: whatever is decided."""
        if self.budget is None or call.api is Api.COUNT_TOKENS:
            return None
        most = self._most(call)
        hold = self.budget.reserve(call.model, use.component, *most, UpTo.ANY if served else UpTo.FUNDED)
        return Funded(call.model, use.component, most, hold)

    def joined(self, decision: Decision, funded: Funded, use: Use) -> Decision:
        """The decision, which is at least a hold for an official where the call cannot be paid for.

        With the official's approval in `use`, the call may be paid for up to the ceiling, and is reserved there.
        """
        official = self.config.official
        if decision.outcome not in (Outcome.PERMIT, Outcome.HOLD):
            return decision
        approved = official in cast("frozenset[str]", use.facts.get("approvals", frozenset()))
        if approved and funded.hold.funds is Funds.EXHAUSTED and funded.hold.number is None and self.budget is not None:
            funded.hold = self.budget.reserve(funded.model, funded.component, *funded.most, UpTo.CEILING)
        funds = funded.hold.funds
        if funds is Funds.AVAILABLE:
            return decision
        needs = decision.needs if decision.outcome is Outcome.HOLD else (Need(duties=decision.duties),)
        needs = tuple(n if official in n.approvals else replace(n, approvals=(*n.approvals, official)) for n in needs)
        text = f"Held: {_WHY[funds].format(official)}."
        text = f"{decision.text} {text}" if decision.outcome is Outcome.HOLD else text
        return replace(decision, outcome=Outcome.HOLD, needs=needs, text=text)

    def give_back(self, persons: Reservation | None, funded: Funded | None) -> None:
        """Nothing of the use went anywhere."""
        if persons is not None and self.meters is not None:
            self.meters.release(persons, int(self.now()))
        if funded is not None and self.budget is not None and funded.hold.number is not None:
            self.budget.release(funded.hold)

    def settle(self, persons: Reservation | None, funded: Funded | None, answer: Answer | None, more: Counted) -> None:
        """The use was made. `more`: whom only the answer named; what nobody told of tokens is what was reserved, but an
        answer that broke off has no more tokens than bytes."""
        if persons is not None and self.meters is not None:
            self.meters.settle(persons, int(self.now()), more)
        if funded is None or self.budget is None or funded.hold.number is None:
            return
        taken = _taken(answer, funded.most)
        settled = self.budget.settle(funded.hold, *taken)
        if settled.overrun:
            logger.warning("step=7 a call cost more than the most that was reserved for it")
        for percent in settled.notices:
            logger.warning("step=7 notice: %d %% of the funds of the agreement are spent", percent)

    def events(self) -> tuple[tuple[str, bytes], ...]:
        """What happened since the last call, as private fields of the next entry."""
        meter = self.meters.events() if self.meters is not None else b""
        budget = self.budget.events() if self.budget is not None else b""
        if not meter and not budget:
            return ()
        return tuple((name, batch) for name, batch in (("meter", meter), ("budget", budget)) if batch)

    def count_call(self, call: Call) -> Counted:
        """Whom a call names, its history included: who calls could have written that."""
        parts = [count_text(piece.text, identifiers=_in_prose) for piece in call.conversation()]
        return together([*parts, _UNREAD] if call.parts else parts)  # an image may show a crowd

    def count_answer(self, text: str) -> Counted:
        return count_text(text, identifiers=_in_prose)

    def count_arguments(self, tool: str, arguments: str) -> Counted:
        """Whom the arguments of a tool call name: in the fields that the settings name for it, where they do."""
        fields = self.config.meters.persons.get(tool) if self.config.meters is not None else None
        return arguments_counted(arguments, fields, _in_prose)

    def _most(self, call: Call) -> tuple[int, int]:
        """No token is shorter than a byte, and what a template adds is shorter than the JSON around the words."""
        price = self.config.prices.get(call.model)
        bound = call.max_tokens if call.max_tokens is not None else price.most_output if price is not None else 0
        inputs = len(call.body) + MEDIA_TOKENS * sum(call.parts.values())
        if call.api is Api.EMBEDDINGS:
            return inputs, 0
        return inputs, min(bound * call.answers, MAX_COUNTED_TOKENS)


def _taken(answer: Answer | None, most: tuple[int, int]) -> tuple[int, int]:
    if answer is None:
        return most
    inputs, outputs = answer.input_tokens, answer.output_tokens
    if outputs is None:
        words = len(answer.text.encode("utf-8", "replace"))
        words += sum(len(c.name) + len(c.arguments.encode("utf-8", "replace")) for c in answer.tool_calls)
        outputs = min(words, most[1])
    return most[0] if inputs is None else inputs, outputs


def _in_prose(text: str) -> Iterator[str]:
    """Names by their shape, and identifiers, in prose: evidence that somebody is meant."""
    yield from names_in(text)
    yield from identified(text)
