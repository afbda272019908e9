"""The life of a hold as one table, and who may approve as another: code, tests and docs are made from them."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from brightline.approvals.act import Act
from brightline.approvals.reading import Fault, refuse
from brightline.approvals.roster import Person


class State(StrEnum):
    WAITING = "waiting"  # for an approval, or for one more
    GRANTED = "granted"  # sent again, the act happens
    USED = "used"
    REFUSED = "refused"
    EXPIRED = "expired"  # nobody spoke in time: denied
    WITHDRAWN = "withdrawn"
    APPEALED = "appealed"  # a refusal or an expiry
    UPHELD = "upheld"
    DENIED = "denied"  # by the terms: nobody can grant it
    CONTESTED = "contested"  # a denial was appealed
    OVERTURNED = "overturned"  # the denial was wrong; what follows is up to registries, exceptions and parties


class Signal(StrEnum):
    """What happens to a hold. `complete` and `lapse` follow from grants and time, `expire` from time alone.
    `need`: sent again, the act needs other approvals than before."""

    GRANT = "grant"
    COMPLETE = "complete"
    LAPSE = "lapse"
    NEED = "need"
    REFUSE = "refuse"
    EXPIRE = "expire"
    WITHDRAW = "withdraw"
    USE = "use"
    APPEAL = "appeal"
    OVERTURN = "overturn"
    UPHOLD = "uphold"


_S, _G = State, Signal

TABLE: Final[Mapping[tuple[State, Signal], State]] = MappingProxyType(
    {
        (_S.WAITING, _G.GRANT): _S.WAITING,
        (_S.WAITING, _G.COMPLETE): _S.GRANTED,
        (_S.WAITING, _G.NEED): _S.WAITING,
        (_S.WAITING, _G.REFUSE): _S.REFUSED,
        (_S.WAITING, _G.EXPIRE): _S.EXPIRED,
        (_S.WAITING, _G.WITHDRAW): _S.WITHDRAWN,
        (_S.WAITING, _G.USE): _S.USED,  # what was granted so far is enough by now
        (_S.GRANTED, _G.USE): _S.USED,
        (_S.GRANTED, _G.LAPSE): _S.WAITING,
        (_S.GRANTED, _G.NEED): _S.WAITING,
        (_S.GRANTED, _G.REFUSE): _S.REFUSED,
        (_S.GRANTED, _G.WITHDRAW): _S.WITHDRAWN,
        (_S.REFUSED, _G.APPEAL): _S.APPEALED,
        (_S.EXPIRED, _G.APPEAL): _S.APPEALED,
        (_S.APPEALED, _G.OVERTURN): _S.WAITING,
        (_S.APPEALED, _G.UPHOLD): _S.UPHELD,
        (_S.APPEALED, _G.EXPIRE): _S.UPHELD,
        (_S.DENIED, _G.APPEAL): _S.CONTESTED,
        (_S.CONTESTED, _G.OVERTURN): _S.OVERTURNED,
        (_S.CONTESTED, _G.UPHOLD): _S.UPHELD,
        (_S.CONTESTED, _G.EXPIRE): _S.UPHELD,
    }
)

LIVE: Final = frozenset({State.WAITING, State.GRANTED})
"""States in which approvals count."""

_WHY = {
    State.USED: (Fault.USED, "the act has happened: a grant serves once", "send the call again to have it held anew"),
    State.EXPIRED: (Fault.EXPIRED, "nobody spoke in time, so it is denied", "appeal, or send the call again later"),
}


def step(state: State, signal: Signal, place: str = "") -> State:
    """The state after `signal`. Raises ApprovalError with the reason where the table has no such arrow."""
    after = TABLE.get((state, signal))
    if after is not None:
        return after
    why = _WHY.get(state) if signal in (Signal.GRANT, Signal.USE) else None
    possible = ", ".join(s for (own, s) in TABLE if own is state) or "nothing"
    fault, text, cure = why or (Fault.NOT_NOW, f"no {signal} of what is {state}", f"possible here: {possible}")
    refuse(fault, text, cure, place)


def diagram() -> str:
    """The table as a Mermaid state diagram."""
    arrows = [f"    {state} --> {after}: {signal}" for (state, signal), after in TABLE.items()]
    ends = [f"    {s} --> [*]" for s in State if not any(own is s for own, _ in TABLE)]
    starts = ["    [*] --> waiting: held", "    [*] --> denied: denied"]
    return "\n".join(["```mermaid", "stateDiagram-v2", *starts, *arrows, *ends, "```"])


class Asked(StrEnum):
    """Who asked, seen from the person who would approve."""

    SELF = "the person themselves"
    AGENT = "an agent of theirs"
    OTHER = "somebody else"


class Chose(StrEnum):
    """Who chose what is acted on, likewise."""

    SELF = "this person"
    OTHER = "another"
    UNSAID = "not known"


WHO: Final[Mapping[tuple[Asked, Chose], tuple[bool, bool]]] = MappingProxyType(
    {
        (Asked.SELF, Chose.SELF): (True, False),
        (Asked.SELF, Chose.OTHER): (False, False),
        (Asked.SELF, Chose.UNSAID): (True, False),
        (Asked.AGENT, Chose.SELF): (True, False),
        (Asked.AGENT, Chose.OTHER): (False, False),
        (Asked.AGENT, Chose.UNSAID): (False, False),
        (Asked.OTHER, Chose.SELF): (True, True),
        (Asked.OTHER, Chose.OTHER): (False, True),
        (Asked.OTHER, Chose.UNSAID): (True, True),
    }
)
"""May this person approve, in a role that the terms define as who chose the target (`Roster.selects`), in others?"""


def check_who(act: Act, person: Person, role: str, selects: tuple[str, ...], place: str = "") -> None:
    """Raises ApprovalError where `WHO` says no."""
    asked = Asked.OTHER
    if act.actor in (*person.actors, person.name):
        asked = Asked.AGENT if act.agent else Asked.SELF
    chose = Chose.UNSAID
    if act.selected_by:
        chose = Chose.SELF if act.selected_by == person.name else Chose.OTHER
    if WHO[asked, chose][0 if role in selects else 1]:
        return
    if role in selects and chose is Chose.OTHER:
        text, cure = f"{role} is who chose the target, which {person.name} did not", f"ask {act.selected_by}"
    else:
        text, cure = f"{asked} asked for it", f"let another person who is {role} decide"
    refuse(Fault.WRONG_PERSON, text, cure, place)


def who_page() -> str:
    """`WHO` as a Markdown table."""
    head = ["| who asked | who chose the target | as `operator` | in any other role |", "|---|---|---|---|"]
    word = {True: "may", False: "may not"}
    return "\n".join([*head, *(f"| {a} | {c} | {word[o]} | {word[x]} |" for (a, c), (o, x) in WHO.items())])
