"""brightline.toml: what the operator sets. Every setting is in docs/reference/settings.md.

Paths are relative to the file's own folder.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from brightline.canonical import parse_toml
from brightline.errors import ConfigError, nearest
from brightline.gateway.engine_config import EngineConfig, EventsConfig, read_engine, read_events
from brightline.gateway.mcp_config import McpConfig, read_mcp
from brightline.gateway.tables import bad as _bad
from brightline.gateway.tables import names as _names
from brightline.gateway.tables import only as _only
from brightline.gateway.tables import path as _path
from brightline.gateway.tables import table as _table
from brightline.gateway.tables import text as _text
from brightline.gateway.tables import texts as _texts
from brightline.gateway.translate.speaks import Speaks
from brightline.gateway.watch_config import WatchConfig, read_watch
from brightline.record.body import ClockSource
from brightline.storage.files import read_file

EMBEDDED = "embedded"
MAX_CONCURRENT = 128  # half of the usual connections to an upstream: no key takes them all
MAX_LIMIT = 10**9  # bytes, seconds, connections: what is beyond means no limit, and there is none such
_LABEL = "[A-Za-z0-9_-]{1,63}"
_HOST = re.compile(rf"[0-9A-Fa-f:]{{1,45}}(?:\.[0-9]{{1,3}}){{0,3}}|{_LABEL}(?:\.{_LABEL})*")  # what can be looked up
_TOP = ("listen", "data", "agreement", "log_key", "site_key", "oracle_share", "parties", "upstream", "models",
        "engine", "events", "registry", "end_users", "signed_models", "purposes", "tools",
        "actors", "limits", "tls", "desk", "rotations", "clock", "witnesses", "officer",
        "meters", "prices", "money", "screen", "judge", "mcp")  # fmt: skip
_TLS = ("certificate", "key")
_SIGNED_MODEL = ("statement", "signature", "key", "adapters")
_END_USERS = ("issuer", "audience", "keys")
_DESK = ("folder", "webhook", "wait_seconds")
MAX_WAIT = 3600  # seconds of `Prefer: wait`
_TOOL = ("definition", "effect", "actuation", "phase", "activity", "facts")
_UPSTREAM = ("url", "api", "models", "others", "api_key_file", "ca_file")
_ACTOR = ("name", "component", "key_sha256", "purposes", "shared", "max_concurrent")
_LIMITS = (
    "body_bytes",
    "connections",
    "answers_bytes",
    "upstream_connections",
    "first_byte_seconds",
    "chunk_seconds",
    "whole_seconds",
    "drain_seconds",
)


@dataclass(frozen=True, slots=True)
class UpstreamConfig:
    """`url`: `embedded`, or the base URL of an OpenAI- or Anthropic-compatible server. `models`: what it has, by our
    names, all where empty. `others`: servers beside it, which have no others themselves."""

    url: str = EMBEDDED
    api: Speaks = Speaks.BOTH
    models: tuple[str, ...] = ()
    others: tuple[UpstreamConfig, ...] = ()
    api_key_file: Path | None = None
    ca_file: Path | None = None


@dataclass(frozen=True, slots=True)
class TlsConfig:
    """Files in PEM: the gateway's certificate with its chain, and its private key."""

    certificate: Path
    key: Path


@dataclass(frozen=True, slots=True)
class EndUsersConfig:
    """The identity provider whose ID tokens say who is behind a shared key. `keys`: its JWK set, kept as a file."""

    issuer: str
    audience: str
    keys: Path


@dataclass(frozen=True, slots=True)
class DeskConfig:
    """The desk: its folder (`brightline desk new`); `webhook`: a URL that is told of each new hold, or empty;
    `wait_seconds`: the longest that `Prefer: wait` keeps a connection open."""

    folder: Path
    webhook: str = ""
    wait_seconds: int = 60


@dataclass(frozen=True, slots=True)
class SignedModelConfig:
    """The statement of a model that the agreement names, its OpenSSF signature and the signer's key. `adapters`: LoRA
    adapters in the statement's order, for the embedded engine to load."""

    statement: Path
    signature: Path
    key: Path
    adapters: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class PurposeConfig:
    """A purpose that the customer registered: its activity, and facts that its owner attests."""

    name: str
    activity: str
    facts: Mapping[str, Any]
    text: str = ""


@dataclass(frozen=True, slots=True)
class ToolConfig:
    """A tool by its exact name. `definition`: digest of its name, description and parameters (`gateway.tools`).

    `activity`: of its calls; empty for that of the purpose under which it is called. Its owner attests all of it.
    """

    name: str
    definition: str
    effect: str
    actuation: str
    phase: str
    activity: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ActorConfig:
    """Who calls. `key_sha256`: hex of the API key's SHA-256. `shared`: a front end with many people behind one key.

    `max_concurrent`: calls that may be under way at once (`brightline.gateway.turns`).
    """

    name: str
    component: str
    key_sha256: str
    purposes: tuple[str, ...]
    shared: bool = False
    max_concurrent: int = MAX_CONCURRENT


@dataclass(frozen=True, slots=True)
class Config:
    """One gateway. `parties`: the verifier keys of vendor and customer as the operator knows them from elsewhere.

    `oracle_share`: the share of decisions that the Cedar engine checks too, 0 to 1. `place`: the file of the settings,
    as errors name it. `clock`: what sets the machine's clock. `witnesses`: keys by URL. `officer`: who releases.
    `registry`: the folder of what owners signed; with it the settings hold no purposes and tools.
    """

    host: str = "127.0.0.1"
    port: int = 8080
    data: Path = Path("data")
    agreement: Path | None = None
    log_key: Path | None = None
    site_key: Path | None = None
    oracle_share: float = 0.01
    parties: Mapping[str, str] = field(default_factory=dict)
    upstream: UpstreamConfig = UpstreamConfig()
    engine: EngineConfig = field(default_factory=EngineConfig)
    events: EventsConfig = field(default_factory=EventsConfig)
    models: Mapping[str, str] = field(default_factory=dict)
    purposes: Mapping[str, PurposeConfig] = field(default_factory=dict)
    tools: Mapping[str, ToolConfig] = field(default_factory=dict)
    actors: tuple[ActorConfig, ...] = ()
    registry: Path | None = None
    end_users: EndUsersConfig | None = None
    signed_models: Mapping[str, SignedModelConfig] = field(default_factory=dict)
    limits: Mapping[str, float] = field(default_factory=dict)
    tls: TlsConfig | None = None
    desk: DeskConfig | None = None
    rotations: tuple[Path, ...] = ()
    watch: WatchConfig = field(default_factory=WatchConfig)
    clock: ClockSource = ClockSource.UNKNOWN
    witnesses: Mapping[str, str] = field(default_factory=dict)
    officer: str = ""
    mcp: Mapping[str, McpConfig] = field(default_factory=dict)
    place: str = "brightline.toml"


def read_config(path: Path) -> Config:
    """The settings in a file. Raises ConfigError naming file, key and cure."""
    data = parse_toml(read_file(path), str(path), error=ConfigError)
    return parse_config(data, path.parent, str(path))


def parse_config(data: Mapping[str, Any], base: Path, place: str) -> Config:
    """As `read_config`, from parsed TOML."""
    _only(data, _TOP, place)
    host, port = _listen(_text(data, "listen", place, "127.0.0.1:8080"), place)
    purposes = {n: _purpose(n, p, f"{place}: purposes.{n}") for n, p in _table(data, "purposes", place).items()}
    actors, signed = data.get("actors", []), "registry" in data
    if not isinstance(actors, list):
        _bad("actors is a list of tables", f"{place}: actors", "write [[actors]]")
    return Config(
        host=host,
        port=port,
        data=base / _text(data, "data", place, "data"),
        agreement=_path(data, "agreement", base, place),
        log_key=_path(data, "log_key", base, place),
        site_key=_path(data, "site_key", base, place),
        oracle_share=_share(data.get("oracle_share", 0.01), f"{place}: oracle_share"),
        parties=_texts(data, "parties", place),
        upstream=_upstream(_table(data, "upstream", place), base, f"{place}: upstream"),
        engine=read_engine(_table(data, "engine", place), f"{place}: engine"),
        events=read_events(_table(data, "events", place), base, f"{place}: events"),
        models=_texts(data, "models", place),
        purposes=purposes,
        tools={n: _tool(n, t, f"{place}: tools.{n}") for n, t in _table(data, "tools", place).items()},
        actors=tuple(_actor(a, None if signed else purposes, f"{place}: actors[{i}]") for i, a in enumerate(actors)),
        registry=_path(data, "registry", base, place),
        clock=_clock(_text(data, "clock", place, "unknown"), f"{place}: clock"),
        witnesses=_texts(data, "witnesses", place),
        officer=_text(data, "officer", place, ""),
        signed_models={
            n: _signed_model(m, base, f"{place}: signed_models.{n}")
            for n, m in _table(data, "signed_models", place).items()
        },
        end_users=_end_users(_table(data, "end_users", place), base, f"{place}: end_users")
        if "end_users" in data
        else None,
        limits=_limits(_table(data, "limits", place), f"{place}: limits"),
        tls=_tls(_table(data, "tls", place), base, f"{place}: tls") if "tls" in data else None,
        rotations=tuple(base / name for name in _names(data, "rotations", place)),
        desk=_desk(_table(data, "desk", place), base, f"{place}: desk") if "desk" in data else None,
        watch=read_watch(data, base, place),
        mcp=read_mcp(data, base, place),
        place=place,
    )


def _listen(text: str, place: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    host = host.strip("[]")
    if not _HOST.fullmatch(host) or not re.fullmatch("[0-9]{1,5}", port) or int(port) > 65535:
        _bad(f"listen = {text[:80]!r}", place, 'write listen = "127.0.0.1:8080"')
    return host, int(port)


def _clock(word: str, place: str) -> ClockSource:
    if word not in (known := [source.name.lower() for source in ClockSource]):
        _bad(f"clock = {word[:40]!r}", place, nearest(word, known))
    return ClockSource[word.upper()]


def _upstream(data: Mapping[str, Any], base: Path, place: str) -> UpstreamConfig:
    _only(data, _UPSTREAM, place)
    url, api = _text(data, "url", place, EMBEDDED), _text(data, "api", place, Speaks.BOTH)
    if url != EMBEDDED and not re.fullmatch(r"https?://[^\s/?#@]+(/[^\s?#]*)?", url):
        _bad(f"url = {url[:80]!r}", place, 'write "embedded", or http(s)://host:port')
    if api not in list(Speaks):
        _bad(f"api = {api[:40]!r}", place, nearest(api, Speaks))
    models, others = data.get("models", []), data.get("others", [])
    if not isinstance(models, list) or not all(isinstance(name, str) for name in models):
        _bad("models is a list of names", place, "name models as the agreement does")
    if not isinstance(others, list) or not all(isinstance(one, dict) for one in others):
        _bad("others is a list of tables", place, "write [[upstream.others]]")
    if any("others" in one for one in others):
        _bad("one of the others has no setting 'others'", place, "name every server beside the first")
    read = tuple(_upstream(one, base, f"{place}.others[{n}]") for n, one in enumerate(others))
    if read and EMBEDDED in (url, *(one.url for one in read)):
        _bad("the embedded model stands alone", place, "name each server by its url, or leave others out")
    key, authority = _path(data, "api_key_file", base, place), _path(data, "ca_file", base, place)
    return UpstreamConfig(url, Speaks(api), tuple(models), read, key, authority)


def _tls(data: Mapping[str, Any], base: Path, place: str) -> TlsConfig:
    _only(data, _TLS, place)
    return TlsConfig(base / _text(data, "certificate", place), base / _text(data, "key", place))


def _signed_model(data: Any, base: Path, place: str) -> SignedModelConfig:
    if not isinstance(data, dict):
        _bad("a signed model is a table", place, 'write statement = "…", signature = "…" and key = "…"')
    _only(data, _SIGNED_MODEL, place)
    adapters = data.get("adapters", [])
    if not isinstance(adapters, list) or not all(isinstance(a, str) and "\0" not in a for a in adapters):
        _bad("adapters is a list of files", place, 'write adapters = ["harbor.gguf"]')
    statement, signature, key = (base / _text(data, k, place) for k in ("statement", "signature", "key"))
    return SignedModelConfig(statement, signature, key, tuple(base / a for a in adapters))


def _end_users(data: Mapping[str, Any], base: Path, place: str) -> EndUsersConfig:
    _only(data, _END_USERS, place)
    issuer, audience = _text(data, "issuer", place), _text(data, "audience", place)
    return EndUsersConfig(issuer, audience, base / _text(data, "keys", place))


def _desk(data: Mapping[str, Any], base: Path, place: str) -> DeskConfig:
    _only(data, _DESK, place)
    webhook, wait = _text(data, "webhook", place, ""), data.get("wait_seconds", 60)
    if webhook and not re.fullmatch(r"https?://[^\s/?#@]+(/[^\s#]*)?", webhook):
        _bad(f"webhook = {webhook[:80]!r}", place, 'write "http(s)://host:port/path", or leave it out')
    if isinstance(wait, bool) or not isinstance(wait, int) or not 0 <= wait <= MAX_WAIT:
        _bad(f"wait_seconds is a whole number from 0 to {MAX_WAIT}", place, "leave it out for 60")
    return DeskConfig(base / _text(data, "folder", place), webhook, wait)


def _purpose(name: str, data: Any, place: str) -> PurposeConfig:
    if not re.fullmatch(r"[a-z0-9][a-z0-9._-]{0,63}", name):
        _bad("a purpose's name is a header value", place, "use lower-case letters, digits, '.', '_' and '-'")
    if not isinstance(data, dict):
        _bad("a purpose is a table", place, 'write activity = "gen.office"')
    _only(data, ("activity", "facts", "text"), place)
    facts, text = _table(data, "facts", place), _text(data, "text", place, "")
    return PurposeConfig(name, _text(data, "activity", place), facts, text)


def _tool(name: str, data: Any, place: str) -> ToolConfig:
    if not 0 < len(name) <= 256 or not name.isprintable() or not name.isascii():
        _bad("a tool's name is ASCII text", place, "register it under the name that the model calls; no look-alikes")
    if not isinstance(data, dict):
        _bad("a tool is a table", place, 'write definition = "sha256:…", effect, actuation and phase')
    _only(data, _TOOL, place)
    definition = _text(data, "definition", place)
    if not re.fullmatch(r"sha256:[0-9a-f]{64}", definition):
        _bad("definition is the digest of the tool's definition", place, "offer it once: the refusal tells its digest")
    effect, actuation, phase = (_text(data, key, place) for key in ("effect", "actuation", "phase"))
    activity, facts = _text(data, "activity", place, ""), _table(data, "facts", place)
    return ToolConfig(name, definition, effect, actuation, phase, activity, facts)


def _actor(data: Any, purposes: Mapping[str, PurposeConfig] | None, place: str) -> ActorConfig:
    """An actor. `purposes`: those of the settings; None where a registry has them, and the actor's component."""
    if not isinstance(data, dict):
        _bad("an actor is a table", place, "write [[actors]]")
    _only(data, _ACTOR, place)
    digest = _text(data, "key_sha256", place)
    if not re.fullmatch(r"[0-9a-f]{64}", digest):
        _bad("key_sha256 is the hex SHA-256 of the key", place, "make one with `brightline key new NAME --api`")
    names = data.get("purposes", [])
    if not isinstance(names, list) or not (names or purposes is None):
        _bad("an actor needs a purpose", place, 'write purposes = ["ordinary"]; the first is the default')
    for n in names:
        if not isinstance(n, str) or (purposes is not None and n not in purposes):
            _bad(f"no purpose is called {str(n)[:60]!r}", place, nearest(str(n), purposes or ()))
    shared = data.get("shared", False)
    if not isinstance(shared, bool):
        _bad("shared is true or false", place, "say true for a front end with many people behind one key")
    most = data.get("max_concurrent", MAX_CONCURRENT)
    if isinstance(most, bool) or not isinstance(most, int) or most <= 0:
        _bad("max_concurrent is a whole number above zero", place, "take the line away for the default")
    component = _text(data, "component", place, "" if purposes is None else None)
    return ActorConfig(_text(data, "name", place), component, digest, tuple(names), shared, most)


def _limits(data: Mapping[str, Any], place: str) -> dict[str, float]:
    _only(data, _LIMITS, place)
    for key, value in data.items():
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= MAX_LIMIT:
            _bad(f"a limit is a number above zero, at most {MAX_LIMIT}", f"{place}.{key}", "leave it out for the usual")
    return dict(data)


def _share(value: Any, place: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        _bad("a share lies between 0 and 1", place, "write oracle_share = 0.01")
    return float(value)
