"""Exceptions and break-glass: K8, G01, A08; what an official puts in force, for what, and until when."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec
import pytest

from brightline.approvals import BreakGlass, Except, Fault, Mend, Revoke, identity, sign
from brightline.approvals.certificates import DAY, stays_shut
from brightline.errors import ApprovalError
from brightline.terms import Outcome
from brightline.vocabulary import Alternative, Use
from tests.approvals.scene import KEYS, NOON, SECOND, decided, desk, tell, use
from tests.cli.desks import certificate

NAVY = {"autonomy": "operator_supervised", "target_selected_by": "model"}


def of(component: str = "navy", **facts: Any) -> Use:
    return replace(use(**{**NAVY, **facts}), component=component)


def excepted(**changes: Any) -> Except:
    return msgspec.structs.replace(certificate(NOON), **changes)


def glass(seconds: int = 600) -> BreakGlass:
    until = NOON + seconds * SECOND
    return BreakGlass(desk="army", person="quinn", role="official", time=NOON, until=until, reason="disk full at 02:00")


def test_g01_it_works_at_once_and_the_terms_say_for_what() -> None:
    on = desk()
    assert decided(of()).outcome is Outcome.DENY
    assert decided(of()).needs[0].exceptions == ("supervised_defence",)
    tell(on, sign(excepted(), KEYS["quinn"]))
    assert on.exceptions(of(), NOON) == {"supervised_defence"}
    assert decided(of(exceptions=sorted(on.exceptions(of(), NOON)))).outcome is Outcome.PERMIT
    on_persons = of(target="person", exceptions=["supervised_defence"])
    assert decided(on_persons).outcome is Outcome.DENY


@pytest.mark.parametrize(
    "other",
    [of("army"), of("navyx"), of(target="mixed"), replace(of(), activity="weapon.id_support"), of(target="unknown")],
    ids=["component", "a component's twin", "fact", "activity", "unknown"],
)
def test_outside_its_scope_it_is_not_there(other: Use) -> None:
    on = desk()
    tell(on, sign(excepted(), KEYS["quinn"]))
    assert on.exceptions(other, NOON) == frozenset()
    assert on.exceptions(of("navy/ship-1"), NOON) == {"supervised_defence"}


def test_a_use_that_may_be_something_else_is_held_to_that_too() -> None:
    on = desk()
    tell(on, sign(excepted(), KEYS["quinn"]))
    doubted = replace(of(), alternatives=(Alternative({"target": "person"}),))
    assert on.exceptions(doubted, NOON) == frozenset()


def test_it_ends_by_itself_and_by_revocation_and_stays_ended() -> None:
    on = desk()
    envelope = sign(excepted(), KEYS["quinn"])
    tell(on, envelope)
    assert on.exceptions(of(), NOON + 30 * DAY - 1) == {"supervised_defence"}
    assert on.exceptions(of(), NOON + 30 * DAY) == frozenset()
    revoked = Revoke(
        desk="army", person="rao", role="official", time=NOON, exception=identity(envelope), reason="the attack is over"
    )
    tell(on, sign(revoked, KEYS["rao"]))
    assert on.exceptions(of(), NOON) == frozenset()
    with pytest.raises(ApprovalError) as refused:
        on.receive(envelope, NOON)
    assert refused.value.fault == Fault.REPLAYED


WRONG: dict[str, tuple[Fault, dict[str, Any]]] = {
    "a certificate that the terms do not know": (Fault.UNKNOWN_WORD, {"certificate": "anything"}),
    "an activity": (Fault.UNKNOWN_WORD, {"activities": ("weapon.enage",)}),
    "a component": (Fault.UNKNOWN_WORD, {"components": ("marines",)}),
    "a fact": (Fault.UNKNOWN_WORD, {"facts": {"targt": ("materiel",)}}),
    "a fact that is a set": (Fault.UNKNOWN_WORD, {"facts": {"lanes": ("counter_uas",)}}),
    "a value": (Fault.UNKNOWN_WORD, {"facts": {"target": ("tank",)}}),
    "the value unknown": (Fault.UNKNOWN_WORD, {"facts": {"target": ("unknown",)}}),
    "over a year": (Fault.TOO_LONG, {"until": NOON + 365 * DAY + 1}),
    "ended": (Fault.EXPIRED, {"until": NOON}),
    "an operator": (Fault.WRONG_ROLE, {"person": "lee", "role": "operator"}),
    "an operator as official": (Fault.WRONG_ROLE, {"person": "lee"}),
    "another desk": (Fault.WRONG_DESK, {"desk": "navy"}),
}


@pytest.mark.parametrize(("fault", "changes"), WRONG.values(), ids=WRONG)
def test_an_exception_that_cannot_stand(fault: Fault, changes: dict[str, Any]) -> None:
    said = excepted(**changes)
    with pytest.raises(ApprovalError) as refused:
        desk().receive(sign(said, KEYS[said.person]), NOON)
    assert refused.value.fault == fault


def test_the_vendor_signs_none() -> None:
    with pytest.raises(ApprovalError) as refused:
        desk().receive(sign(excepted(person="vendor"), KEYS["lee"]), NOON)
    assert refused.value.fault == Fault.UNKNOWN_SIGNER


def test_a_year_is_not_too_long() -> None:
    assert desk().receive(sign(excepted(until=NOON + 365 * DAY), KEYS["quinn"]), NOON)


def test_only_so_many_are_in_force(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("brightline.approvals.fold.MAX_CERTIFICATES", 1)
    on = desk()
    tell(on, sign(excepted(), KEYS["quinn"]))
    with pytest.raises(ApprovalError, match="1 exceptions are in force"):
        on.receive(sign(excepted(reason="one more"), KEYS["quinn"]), NOON)


def test_break_glass_never_serves_a_tool_that_acts() -> None:
    on = desk()
    assert on.break_glass(of(actuation="read"), NOON) is None
    tell(on, sign(glass(), KEYS["quinn"]))
    assert on.break_glass(of(actuation="read"), NOON + 599 * SECOND) is not None
    assert on.break_glass(of(actuation="act"), NOON) is None
    assert on.break_glass(of(actuation="unknown"), NOON) is None
    assert on.break_glass(of(actuation="read"), NOON + 600 * SECOND) is None
    assert stays_shut(replace(of(actuation="none"), alternatives=(Alternative({"actuation": "act"}),)))
    assert stays_shut(replace(of(), facts={}))


def test_break_glass_runs_once_and_ends() -> None:
    on = desk()
    started = sign(glass(), KEYS["quinn"])
    tell(on, started)
    with pytest.raises(ApprovalError, match="broken already"):
        on.receive(sign(glass(500), KEYS["quinn"]), NOON)
    ended = Mend(desk="army", person="quinn", role="official", time=NOON, started=identity(started), reason="mended")
    tell(on, sign(ended, KEYS["quinn"]), NOON + 1)
    assert on.emergency(NOON + 1) is None
    with pytest.raises(ApprovalError, match="broken already"):
        on.receive(started, NOON + 2)


def test_break_glass_is_bounded() -> None:
    assert desk().receive(sign(glass(14_400), KEYS["quinn"]), NOON)
    with pytest.raises(ApprovalError) as refused:
        desk().receive(sign(glass(14_401), KEYS["quinn"]), NOON)
    assert refused.value.fault == Fault.TOO_LONG
    with pytest.raises(ApprovalError) as refused:
        desk().receive(sign(msgspec.structs.replace(glass(), person="lee", role="operator"), KEYS["lee"]), NOON)
    assert refused.value.fault == Fault.WRONG_ROLE
