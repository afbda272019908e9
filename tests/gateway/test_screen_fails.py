"""A screen that fails, or that is not there, has read nothing: `not_screened`, never `clear`; and no text is logged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

import pytest

from brightline.errors import ConfigError
from brightline.gateway import screened as module
from brightline.gateway.screened import Screened, screen_of
from brightline.gateway.watch_config import WatchConfig
from brightline.screen import Finding, Screen, Seen
from brightline.vocabulary import FactValue
from tests.live.stage import pack

SECRET = "the secret words of a caller"


def test_a_screen_that_raises_has_not_screened(caplog: pytest.LogCaptureFixture) -> None:
    def broken(activity: str, facts: Mapping[str, FactValue], texts: Sequence[str]) -> Finding:
        raise ValueError(texts[0])

    found = Screened(cast("Screen", broken)).look("gen.office", {}, (SECRET,))
    assert found.screen is Seen.NOT_SCREENED
    assert "the screen failed: ValueError" in caplog.text
    assert SECRET not in caplog.text


def test_without_its_weights_the_screen_does_not_run_and_says_so(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def missing(*_: Any) -> Screen:
        raise ConfigError("the model's weights cannot be read", place="weights", cure="install it again")

    assert screen_of(WatchConfig(), pack().terms).screen is not None
    monkeypatch.setattr(module, "shipped_screen", missing)
    made = screen_of(WatchConfig(), pack().terms)
    assert made.look("gen.office", {}, (SECRET,)).screen is Seen.NOT_SCREENED
    assert "the screen does not run" in caplog.text
