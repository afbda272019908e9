"""One running gateway: what stands, upstream, record and listener, started in that order and stopped in reverse.

Whatever can be wrong with the settings is found before the record is touched: a start that fails leaves nothing behind.
"""

from __future__ import annotations

import asyncio
import gc
import hashlib
import logging
import resource
import signal
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path

from brightline.agreement import Keys, in_force, read_envelope
from brightline.canonical import digest
from brightline.errors import AgreementError, ConfigError, StorageError, nearest
from brightline.gateway.access import Access, ConfiguredAccess
from brightline.gateway.attested import SignedAccess
from brightline.gateway.beats import beating
from brightline.gateway.changes import record_changes
from brightline.gateway.codec import AnswerLimits, ListedModel, Room
from brightline.gateway.config import EMBEDDED, Config, UpstreamConfig
from brightline.gateway.counting import counting, sealing
from brightline.gateway.credentials import api_key, trusting
from brightline.gateway.desk_start import opened_desk
from brightline.gateway.exchange import Exchange
from brightline.gateway.journalled import planned, reopened, uncounted
from brightline.gateway.listening import address, check_address, client_tls, url_of
from brightline.gateway.metrics import Metrics
from brightline.gateway.orders import taking_orders
from brightline.gateway.pool import Pool, Server
from brightline.gateway.registered import Registered, open_registered
from brightline.gateway.remembered import remember
from brightline.gateway.routes import Routes, refused
from brightline.gateway.screened import screen_of
from brightline.gateway.served import Served, check_agreed, check_registered, signed_models
from brightline.gateway.signed_tools import SignedTools
from brightline.gateway.standing import Standing, agreed, answered_by, check_log, observed
from brightline.gateway.tools import ConfiguredTools
from brightline.gateway.translate import Dialect
from brightline.gateway.translate.speaks import Speaks
from brightline.gateway.users import Users, issuer_of
from brightline.gateway.wire import Handler, Limits, Upstream, UpstreamLimits, serve
from brightline.keys import SigningKey, VerifyKey
from brightline.models import EmbeddedModel
from brightline.record.log import Disclosure
from brightline.storage.disk import IN_USE
from brightline.storage.files import read_file
from brightline.storage.journal import Journal
from brightline.storage.keyfile import read_signing_key, read_site_key
from brightline.storage.recorder import Recorder
from brightline.terms import Pack

Progress = Callable[[str], None]
DRAIN_SECONDS = 30.0
PUBLISH_SECONDS = 15.0
FILES_BESIDE = 256  # open files beside connections: the record, the model, connections being turned away

logger = logging.getLogger("brightline.gateway")


@dataclass(frozen=True, slots=True)
class Gateway:
    """A gateway that listens. `url` is what SDKs take as base URL, without the API's path."""

    url: str
    standing: Standing
    recorder: Recorder
    registered: Registered | None = None

    def reload(self) -> None:
        """Look at the registry's folder now."""
        if self.registered is not None:
            self.registered.reload.set()


@asynccontextmanager
async def running(config: Config, observe: Pack | None, progress: Progress) -> AsyncIterator[Gateway]:
    """Start a gateway and stop it again. Raises ConfigError, AgreementError, KeyFileError, StorageError, UpstreamError.

    Without an agreement it runs only with `observe`, and says so on every answer.
    """
    async with AsyncExitStack() as stack:
        # 1. what stands, and room for it
        log_key, site_key = read_keys(config)
        standing = serving_of(config, standing_of(config, observe))
        check_log(standing, log_key.name, log_key.public, [read_file(p) for p in config.rotations])
        registered = open_registered(config, standing)
        if registered is not None:
            check_registered(standing, registered.registry)
        access = access_of(config, standing, registered, log_key.name)
        words = standing.pack.terms.scope.vocabulary
        tools = SignedTools(registered) if registered is not None else ConfiguredTools.of(config, words)
        raise_open_files(config)
        plan = planned(config, standing)
        screened = await asyncio.to_thread(screen_of, config.watch, standing.pack.terms)
        stack.callback(screened.close)
        tls = client_tls(config.tls)
        check_address(config)
        # 2. the upstream
        pool, served = await _pool(config, stack, progress)
        check_models(config, standing)
        await pool.reach()
        # 3. the record: recovered, and whatever was cut off gets its outcome
        progress("reading the record back")
        buckets = Disclosure(standing.disclosure.time_seconds, standing.disclosure.tokens)
        recorder = await asyncio.to_thread(_open_record, config, log_key, site_key, buckets)
        stack.push_async_callback(recorder.close)
        orders = await stack.enter_async_context(taking_orders(config.data, recorder, standing))
        metered, journalled = await reopened(recorder, plan)
        await record_changes(journalled, standing, config, build_digest())
        await stack.enter_async_context(beating(recorder, standing, config, metered))
        await stack.enter_async_context(counting(config, recorder, pool.servers[0], standing))
        if registered is not None:
            await registered.record(recorder, standing.terms_digest)
            watching = asyncio.create_task(registered.watch(recorder, standing.terms_digest))
            stack.callback(watching.cancel)
        await recorder.publish()  # so that evidence can be exported from the first moment
        stack.callback(asyncio.create_task(_publish_often(recorder)).cancel)
        # 4. the listener
        desk = await stack.enter_async_context(opened_desk(config, standing, recorder, log_key, site_key, registered))
        exchange = Exchange(
            standing,
            access,
            journalled.over(desk.record),
            pool,
            config.models,
            config.oracle_share,
            room=Room(int(config.limits.get("answers_bytes", AnswerLimits().room))),
            tools=tools,
            desk=desk.live,
            screened=screened,
            metered=metered,
            seal=sealing(config, log_key),
            served=served,
        )
        await asyncio.to_thread(remember, recorder.journal, recorder.vault, exchange.release.released)
        orders.forget, orders.desk, orders.roster = exchange.release.kept.clear, desk.folder, desk.roster
        owner = standing.agreement.parties.vendor.name if standing.agreement else "not agreed"
        models = tuple(ListedModel(name=m, owner=owner) for m in standing.models)
        note = (lambda: registered.fault) if registered is not None else str
        mcp = await stack.enter_async_context(_mcp(config, exchange, log_key.name))
        asked = desk.requester(standing, exchange.answers)
        routes = Routes(
            exchange,
            models,
            desk.fault,
            note,
            asked,
            Metrics(recorder.journal, metered, screened),
            mcp,
            uncounted(plan),
        )
        with address(config):
            server = await serve(routes, config.host, config.port, _limits(config), tls=tls, refusal=refused)
        stack.push_async_callback(server.drain, config.limits.get("drain_seconds", DRAIN_SECONDS))
        yield Gateway(url_of(config, *server.address), standing, recorder, registered)


@asynccontextmanager
async def _mcp(config: Config, exchange: Exchange, origin: str) -> AsyncIterator[Mapping[bytes, Handler]]:
    """The handlers of the MCP servers that the settings name."""
    if not config.mcp:
        yield {}
        return
    from brightline.gateway.mcp.serving import serving  # noqa: PLC0415 - half a second that most gateways need not

    async with serving(config, exchange, origin) as handlers:
        yield handlers


async def run(config: Config, observe: Pack | None, progress: Progress, ready: Callable[[Gateway], None]) -> None:
    """Run until SIGTERM or SIGINT, then answer what has begun and stop."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for sign in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(sign, stop.set)
    async with running(config, observe, progress) as gateway:
        # What has stood since the start is not searched for garbage again (50 ms each time), and the calls under way
        # less often than at every 700 objects: reference counts free nearly all that a call makes.
        gc.collect()
        gc.freeze()
        gc.set_threshold(5_000, 5, 5)
        loop.add_signal_handler(signal.SIGHUP, gateway.reload)
        ready(gateway)
        await stop.wait()
        progress("finishing the calls that have begun")


def access_of(config: Config, standing: Standing, registered: Registered | None, origin: str) -> Access:
    """Who may call and what they may say: by the registry, or by the settings where they name none. `origin`: the
    log's, to which front ends sign who is behind them."""
    if registered is not None:
        return SignedAccess(config, registered, Users(origin, issuer_of(config.end_users)))
    if config.end_users is not None:
        cure = "set `registry`: it says which front ends there are"
        raise ConfigError("end users without a registry", place=f"{config.place}: end_users", cure=cure)
    return ConfiguredAccess(config, standing.pack.terms.scope)


def standing_of(config: Config, observe: Pack | None) -> Standing:
    """What the gateway decides on. Raises AgreementError where nothing is in force and nothing is to be observed."""
    if observe is not None:
        from_config = {m: bytes(32) for m in config.models} or {EmbeddedModel.weights.name: _embedded_digest()}
        from_config |= {name: _raw(v.statement.digest) for name, v in signed_models(config).items()}
        return observed(observe, from_config)
    if config.agreement is None:
        raise ConfigError(
            "no agreement is set",
            place=f"{config.place}: agreement",
            cure="name the agreement's file, or try terms without blocking anything: `brightline serve --observe PACK`",
        )
    envelope = read_envelope(read_file(config.agreement), str(config.agreement))
    status = in_force([envelope], keys=_parties(config))
    if not status.in_force:
        why = " ".join([status.text, *(note.text for note in status.notes)])
        raise AgreementError(why, place=str(config.agreement), cure="both parties sign the same text first")
    return agreed(status.agreement)


def serving_of(config: Config, standing: Standing) -> Standing:
    """What stands, with the models that this upstream has. Raises AgreementError where it has none of them."""
    signed = signed_models(config)
    check_agreed(standing, signed)
    if config.upstream.url != EMBEDDED:
        return standing
    return answered_by(standing, [_embedded_digest(), *(_raw(v.statement.digest) for v in signed.values())])


def build_digest() -> bytes:
    """SHA-256 over the program's own files: which build decided."""
    root = Path(str(files("brightline")))
    paths = sorted(p for p in root.rglob("*") if p.is_file() and "__pycache__" not in p.parts)
    listing = {p.relative_to(root).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest() for p in paths}
    return bytes.fromhex(digest(listing).removeprefix("sha256:"))


def publish_record(config: Config) -> bool:
    """Bring the published log up to its newest entry. False where a running gateway has the record: it publishes
    itself. Raises StorageError where the record is damaged."""
    log_key, _ = read_keys(config)
    try:
        journal = Journal.open(config.data, log_key, Disclosure())
    except StorageError as e:
        if e.text == IN_USE:
            return False
        raise
    try:
        journal.publish()
    finally:
        journal.close()
    return True


def read_keys(config: Config) -> tuple[SigningKey, bytes]:
    """Log key and site key, from files or tokens. Raises ConfigError, KeyFileError."""
    if config.log_key is None or config.site_key is None:
        cure = "make them with `brightline key new ORIGIN -o log.key` and `brightline key new NAME --site -o site.key`"
        raise ConfigError("log_key and site_key are not both set", place=config.place, cure=cure)
    return read_signing_key(config.log_key), read_site_key(config.site_key)


def raise_open_files(config: Config) -> int:
    """Let this process open a file for every connection that the settings allow; returns how many it may open then.

    Raises ConfigError where it may not: out of files, a gateway could not begin the record's next segment either, and
    whoever holds connections open could stop it.
    """
    connections = _limits(config).connections + _upstream_limits(config).connections
    wanted = connections + FILES_BESIDE
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < wanted:
        raise ConfigError(
            f"{connections} connections need {wanted} open files, and this process may have {hard}",
            place=f"{config.place}: limits",
            cure="raise the hard limit (ulimit -Hn, LimitNOFILE=), or lower connections and upstream_connections",
        )
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        soft = wanted
    return soft


def _parties(config: Config) -> Keys | None:
    if not config.parties:
        return None
    place = f"{config.place}: parties"
    if set(config.parties) != {"vendor", "customer"}:
        raise ConfigError("parties names vendor and customer", place=place, cure="name both keys")
    return Keys(
        vendor=VerifyKey.parse(config.parties["vendor"], place),
        customer=VerifyKey.parse(config.parties["customer"], place),
    )


def _open_record(config: Config, log_key: SigningKey, site_key: bytes, buckets: Disclosure) -> Recorder:
    config.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    return Recorder.open(config.data, log_key, site_key, buckets)


async def _publish_often(recorder: Recorder) -> None:
    """Keep the published log near the newest entry, so that evidence can be exported while the gateway runs."""
    while True:
        await asyncio.sleep(PUBLISH_SECONDS)
        try:
            await recorder.publish()
        except StorageError as e:
            logger.error("the record could not be published: %s", e)


async def _pool(config: Config, stack: AsyncExitStack, progress: Progress) -> tuple[Pool, Served]:
    """The model servers, and what their calls must carry; the embedded one is started."""
    served = Served()
    if config.upstream.url == EMBEDDED:
        model = EmbeddedModel(variants=[v for v in signed_models(config).values() if v.adapters])
        stack.callback(model.stop)
        await asyncio.to_thread(model.start, progress)
        upstream, key = Upstream(model.url, limits=_upstream_limits(config)), model.api_key.encode()
        # Of the messages API llama.cpp takes no adapter's scale: with adapters loaded it is asked in OpenAI's alone.
        speaks = Speaks.OPENAI if model.loaded.files else config.upstream.api
        pool = Pool(Server(upstream, key, Dialect(speaks)))
        served = Served.of(model.loaded)
    else:
        pool = external_pool(config)
    stack.callback(pool.close)
    return pool, served


def external_pool(config: Config) -> Pool:
    """The model servers that the settings name. Raises ConfigError."""
    return Pool(*[_server(config, one) for one in (config.upstream, *config.upstream.others)])


def _server(config: Config, one: UpstreamConfig) -> Server:
    tls = trusting(one.ca_file) if one.ca_file else None
    key = api_key(one.api_key_file) if one.api_key_file else b""
    upstream = Upstream(one.url, tls=tls, limits=_upstream_limits(config))
    return Server(upstream, key, Dialect(one.api), frozenset(one.models))


def check_models(config: Config, standing: Standing) -> None:
    """Raises ConfigError where a server is said to have a model that is not agreed, or an agreed one has no server."""
    every = (config.upstream, *config.upstream.others)
    place = f"{config.place}: upstream"
    if standing.agreement is None:
        return
    for name in (name for one in every for name in one.models):
        if name not in standing.models:
            raise ConfigError(f"no model {name[:60]!r} is agreed", place=place, cure=nearest(name, standing.models))
    for name in standing.models:
        if not any(not one.models or name in one.models for one in every):
            raise ConfigError(f"no server has {name[:60]!r}", place=place, cure="name it in the models of one of them")


def _limits(config: Config) -> Limits:
    return Limits(**{k: int(v) for k, v in config.limits.items() if k in ("body_bytes", "connections")})


def _upstream_limits(config: Config) -> UpstreamLimits:
    times = {k: v for k, v in config.limits.items() if k in ("first_byte_seconds", "chunk_seconds", "whole_seconds")}
    usual = UpstreamLimits()
    connections = int(config.limits.get("upstream_connections", usual.connections))
    return replace(usual, connections=connections, **times)  # type: ignore[arg-type]  # the settings were checked


def _embedded_digest() -> bytes:
    return _raw(EmbeddedModel.weights.digest)


def _raw(digest: str) -> bytes:
    return bytes.fromhex(digest.removeprefix("sha256:"))
