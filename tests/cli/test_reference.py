"""cli.md, settings.md and errors.md say all that the code has, and nothing that it has not."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from brightline.assurance.verify.completeness import MILLION
from brightline.gateway import config, gateway
from brightline.gateway.codec import AnswerLimits
from brightline.gateway.codec.reply import UPSTREAM_FAULTS, Refusal
from brightline.gateway.config import (
    ActorConfig,
    Config,
    DeskConfig,
    PurposeConfig,
    ToolConfig,
    UpstreamConfig,
    parse_config,
)
from brightline.gateway.engine_config import EngineConfig
from brightline.gateway.watch_config import JudgeConfig, MetersConfig, PriceConfig, WatchConfig
from brightline.gateway.wire import Limits, UpstreamLimits
from brightline.meters import Price
from brightline.storage import recorder
from tests.cli import collected
from tools import docs
from tools.reference_cli import typed, verbs

DOCS = Path(__file__).parents[2] / "docs/reference"
CLI, SETTINGS, ERRORS = ((DOCS / f"{name}.md").read_text("utf-8") for name in ("cli", "settings", "errors"))


def rows(page: str, columns: int) -> list[list[str]]:
    """The cells of every row of its tables that has so many."""
    tables = [line.strip("| ") for line in page.splitlines() if line.startswith("| `")]
    cells = [re.split(r" *\| *", line) for line in tables]
    return [row for row in cells if len(row) == columns]


# -- the command line --------------------------------------------------------------------------------


def test_the_page_of_the_command_line_is_written_from_it() -> None:
    assert docs.filled(CLI) == CLI, "run `make docs`"


@pytest.mark.parametrize("name", verbs())
def test_every_verb_argument_and_option_is_on_it(name: str) -> None:
    _, _, section = CLI.partition(f"\n### {name}\n")
    section = section.partition("\n### ")[0]
    verb = verbs()[name]
    assert f"```\n{typed(name, verb)}\n```" in section
    assert verb.help.split("\n")[0] in section
    assert len(re.findall(r"^\| [`-]", section, re.MULTILINE)) == len([p for p in verb.params if p.name != "help"])


def test_no_verb_stands_on_it_that_there_is_not() -> None:
    assert re.findall(r"^### (.+)$", CLI, re.MULTILINE) == list(verbs())


# -- settings ----------------------------------------------------------------------------------------

TABLES = {
    "parse_config": "",
    "_upstream": "upstream.",
    "_tls": "tls.",
    "_end_users": "end_users.",
    "_desk": "desk.",
    "_mcp": "mcp.NAME.",
    "_signed_model": "signed_models.NAME.",
    "_purpose": "purposes.NAME.",
    "_tool": "tools.NAME.",
    "_actor": "actors[].",
    "_limits": "limits.",
    "_meters": "meters.",
    "_price": "prices.NAME.",
    "_money": "money.",
    "_screen": "screen.",
    "_judge": "judge.",
    "read_engine": "engine.",
    "read_events": "events.",
}


def settings() -> set[str]:
    """Every setting by its path: what config.py lets through, and whom `parties` names."""
    found = {f"{TABLES[table]}{key}" for table, keys in collected.settings().items() for key in keys}
    found -= {
        "upstream",
        "purposes",
        "tools",
        "actors",
        "limits",
        "parties",
        "models",
        "tls",
        "end_users",
        "desk",
        "mcp",
        "signed_models",
        "meters",
        "prices",
        "money",
        "screen",
        "judge",
        "engine",
        "events",
    }  # tables, whose keys are settings
    return found | {"parties.vendor", "parties.customer", "models.NAME"}


def test_every_setting_is_documented_and_no_other() -> None:
    documented = [row[0].strip("`") for row in rows(SETTINGS, 4)]
    assert len(documented) == len(set(documented))
    assert set(documented) == settings()


def test_the_defaults_are_those_of_the_code() -> None:
    bare, upstream = Config(), UpstreamConfig()
    actor, purpose = ActorConfig("", "", "", ()), PurposeConfig("", "", {})
    tool = ToolConfig("", "", "", "", "")
    times = UpstreamLimits()
    defaults: dict[str, Any] = {
        "listen": f"{bare.host}:{bare.port}",
        "data": str(bare.data),
        "agreement": bare.agreement,
        "oracle_share": bare.oracle_share,
        "upstream.url": upstream.url,
        "upstream.api": upstream.api,
        "upstream.models": list(upstream.models),
        "upstream.api_key_file": upstream.api_key_file,
        "upstream.ca_file": upstream.ca_file,
        "desk.wait_seconds": DeskConfig(bare.data).wait_seconds,
        "purposes.NAME.text": purpose.text,
        "tools.NAME.activity": tool.activity,
        "actors[].shared": actor.shared,
        "actors[].max_concurrent": actor.max_concurrent,
        "clock": bare.clock.name.lower(),
        "engine.tolerance": EngineConfig().tolerance / MILLION,
        "limits.body_bytes": Limits().body_bytes,
        "limits.connections": Limits().connections,
        "limits.answers_bytes": AnswerLimits().room,
        "limits.upstream_connections": times.connections,
        "limits.first_byte_seconds": times.first_byte_seconds,
        "limits.chunk_seconds": times.chunk_seconds,
        "limits.whole_seconds": times.whole_seconds,
        "limits.drain_seconds": gateway.DRAIN_SECONDS,
        "meters.days": MetersConfig(Path()).seconds // 86_400,
        "prices.NAME.most_output": PriceConfig(Price(1, 1)).most_output,
        "money.official": WatchConfig().official,
        "screen.run": WatchConfig().screen,
        "judge.seconds": JudgeConfig("", "").seconds,
    }
    said = {row[0].strip("`"): row[2] for row in rows(SETTINGS, 4)}
    for setting, default in defaults.items():
        written = said[setting].strip("`")
        assert (None if written == "none" else tomllib.loads(f"x = {written}")["x"]) == default, setting
    assert {said[s] for s in set(said) - set(defaults)} == {"required", "none", "the same name"}
    assert f"+ {gateway.FILES_BESIDE}." in SETTINGS


def paths(table: dict[str, Any], lead: str = "") -> Iterator[str]:
    for key, value in table.items():
        if lead + key == "actors":
            yield from (p for actor in value for p in paths(actor, "actors[]."))
        elif lead in ("purposes.", "models.", "tools.", "signed_models.", "prices.", "mcp."):
            yield from paths(value, f"{lead}NAME.") if isinstance(value, dict) else [f"{lead}NAME"]
        elif isinstance(value, dict) and key not in ("facts", "persons", "datasets", "witnesses"):
            yield from paths(value, f"{lead}{key}.")
        else:
            yield lead + key


def test_the_file_that_sets_everything_does_and_is_read() -> None:
    (text,) = re.findall(r"```toml\n(.*?)```", SETTINGS, re.DOTALL)
    data = tomllib.loads(text)
    assert set(paths(data)) == settings() - {"events.syslog"}  # events go to a file or to syslog, never both
    read = parse_config(data, Path("/etc/brightline"), "brightline.toml")
    assert (read.host, read.port, read.data) == ("127.0.0.1", 8443, Path("/etc/brightline/record"))
    assert read.purposes["vehicle-ranking"].facts["phase"] == "recommend"
    assert read.actors[0].max_concurrent == 16
    assert read.limits["drain_seconds"] == 5


def test_the_examples_are_settings() -> None:
    for row in rows(SETTINGS, 4):
        name, example = row[0].strip("`"), row[3].strip("`")
        value = tomllib.loads(f"x = {example}")["x"]
        if name in collected.settings()["parse_config"] - {"parties"}:
            parse_config({name: value}, Path(), "")
        if name.startswith("limits."):
            parse_config({"limits": {name.removeprefix("limits."): value}}, Path(), "")
        assert "…" in example or name != "actors[].key_sha256"


def test_the_page_is_named_where_the_settings_are_read() -> None:
    assert "docs/reference/settings.md" in (config.__doc__ or "")


# -- errors and headers ------------------------------------------------------------------------------

# Where status and code come from elsewhere: an error's own, the outcome's, the model server's.
WORKED_OUT = {"codec/reply.py:of_error", "codec/reply.py:refusal", "codec/reply.py:upstream"}


def test_every_error_code_is_documented_with_its_status_and_no_other() -> None:
    found, unsure = collected.answers()
    assert unsure == WORKED_OUT
    found |= {(str(code), 403) for code in Refusal} | {(code, status) for status, code in UPSTREAM_FAULTS.values()}
    documented = [(row[0].strip("`"), int(row[1])) for row in rows(ERRORS, 4)]
    assert len(documented) == len(set(documented))
    assert set(documented) == found


def test_a_record_that_failed_needs_a_start() -> None:
    """As tests/live/test_disk.py shows of the gateway, and as its own words say."""
    (cure,) = (row[3] for row in rows(ERRORS, 4) if row[0] == "`unavailable`")
    assert "start the gateway again" in cure
    assert recorder._stop(Path(), "").cure.endswith("start again")


@pytest.mark.parametrize("status", [413, 500])
def test_one_thing_has_one_code(status: int) -> None:
    found, _ = collected.answers()
    assert len({code for code, at in found if at == status}) == 1


def test_every_error_says_what_it_means_and_the_cure() -> None:
    for code, _, meaning, cure in rows(ERRORS, 4):
        assert len(meaning) > 10, code
        assert len(cure) > 3, code


def test_every_header_of_ours_is_documented_and_no_other() -> None:
    documented = {row[0].strip("`").lower() for row in rows(ERRORS, 3)}
    assert documented == collected.headers()
    assert {h.lower() for h in re.findall(r"Brightline-[A-Z][a-z]+(?:-[A-Z][a-z]+)*", ERRORS)} == documented


# -- and the collectors see what they are there for ---------------------------------------------------


def test_the_collectors_find_what_is_plain_to_see() -> None:
    found, _ = collected.answers()
    assert ("no_key", 401) in found  # a call of CallError
    assert ("bad_request", 400) in found  # its defaults
    assert ("busy", 503) in found  # through `refused`
    assert ("bad_host", 400) in found  # through `_refuse` and `refused`
    assert ("unavailable", 503) in found  # through `failure`
    assert len(found) > 30
    assert len(settings()) > 25
