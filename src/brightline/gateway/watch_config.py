"""The settings of meters, money, screen and judge: `[meters]`, `[prices.NAME]`, `[money]`, `[screen]`, `[judge]`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from brightline.errors import InputError
from brightline.gateway.tables import bad, number, only, path, table, text, texts
from brightline.meters import DAY, PersonFields, Price

MAX_DAYS = 3_660
MAX_OUTPUT = 1 << 24
OFFICIAL = "official"  # a role of the core vocabulary
_METERS = ("secret", "days", "persons", "datasets")
_PRICE = ("input", "output", "most_output")
_JUDGE = ("url", "model", "api_key_file", "ca_file", "seconds")


@dataclass(frozen=True, slots=True)
class MetersConfig:
    """`secret`: the file with the meters' 32 bytes; `persons`: tool → the fields of its arguments that name persons;
    `datasets`: purpose → the registered name of the data set that it works on."""

    secret: Path
    seconds: int = 30 * DAY
    persons: Mapping[str, PersonFields] = field(default_factory=dict)
    datasets: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PriceConfig:
    """`most_output`: tokens that the model can answer at most, where a call sets no bound."""

    price: Price
    most_output: int = 32_768


@dataclass(frozen=True, slots=True)
class JudgeConfig:
    """A bigger model behind an OpenAI-compatible endpoint. `seconds`: how long it may take."""

    url: str
    model: str
    api_key_file: Path | None = None
    ca_file: Path | None = None
    seconds: int = 10


@dataclass(frozen=True, slots=True)
class WatchConfig:
    """`meters`: None where nobody is counted. `prices`: without any, no money is. `official`: the role that approves
    calls past the funds. `screen`: whether it runs, with the `thresholds` of a file or those shipped."""

    meters: MetersConfig | None = None
    prices: Mapping[str, PriceConfig] = field(default_factory=dict)
    official: str = OFFICIAL
    screen: bool = True
    thresholds: Path | None = None
    judge: JudgeConfig | None = None


def read_watch(data: Mapping[str, Any], base: Path, place: str) -> WatchConfig:
    """Those tables of the settings. Raises ConfigError naming the key and the cure."""
    run, thresholds = _screen(table(data, "screen", place), base, f"{place}: screen")
    return WatchConfig(
        meters=_meters(table(data, "meters", place), base, f"{place}: meters") if "meters" in data else None,
        prices={n: _price(p, f"{place}: prices.{n}") for n, p in table(data, "prices", place).items()},
        official=_money(table(data, "money", place), f"{place}: money"),
        screen=run,
        thresholds=thresholds,
        judge=_judge(table(data, "judge", place), base, f"{place}: judge") if "judge" in data else None,
    )


def _money(data: Mapping[str, Any], place: str) -> str:
    only(data, ("official",), place)
    return text(data, "official", place, OFFICIAL)


def _screen(data: Mapping[str, Any], base: Path, place: str) -> tuple[bool, Path | None]:
    only(data, ("run", "thresholds"), place)
    run = data.get("run", True)
    if not isinstance(run, bool):
        bad("run is true or false", place, "write run = false where content may not be screened")
    return run, path(data, "thresholds", base, place)


def _meters(data: Mapping[str, Any], base: Path, place: str) -> MetersConfig:
    only(data, _METERS, place)
    days = number(data, "days", place, 30, MAX_DAYS)
    persons = table(data, "persons", place)
    fields = {tool: _persons(named, f"{place}.persons.{tool}") for tool, named in persons.items()}
    return MetersConfig(base / text(data, "secret", place), days * DAY, fields, texts(data, "datasets", place))


def _persons(named: Any, place: str) -> PersonFields:
    """`["subject", "family_name+given_name"]`: fields joined with plus signs name one person together."""
    if not isinstance(named, list) or not all(isinstance(n, str) and all(n.split("+")) for n in named):
        bad("a list of fields", place, 'write ["subject", "family_name+given_name"]; [] where none names anybody')
    return PersonFields(tuple(tuple(n.split("+")) for n in named))


def _price(data: Any, place: str) -> PriceConfig:
    if not isinstance(data, dict):
        bad("a price is a table", place, 'write input = "2.50", output = "10.00": for a million tokens')
    only(data, _PRICE, place)
    try:
        price = Price.of(text(data, "input", place), text(data, "output", place))
    except InputError as e:
        bad(e.text, place, e.cure)
    return PriceConfig(price, number(data, "most_output", place, 32_768, MAX_OUTPUT))


def _judge(data: Mapping[str, Any], base: Path, place: str) -> JudgeConfig:
    only(data, _JUDGE, place)
    url = text(data, "url", place)
    if not re.fullmatch(r"https?://[^\s/?#@]+(/[^\s?#]*)?", url):
        bad(f"url = {url[:80]!r}", place, "write http(s)://host:port of an OpenAI-compatible server, without /v1")
    return JudgeConfig(
        url,
        text(data, "model", place),
        path(data, "api_key_file", base, place),
        path(data, "ca_file", base, place),
        number(data, "seconds", place, 10, 600),
    )
