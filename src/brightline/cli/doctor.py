"""`brightline doctor`: a sysadmin's check-up. It changes nothing."""

from __future__ import annotations

import asyncio
import importlib.metadata
import json
import platform
import stat
import sys
import sysconfig
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from brightline.cli.printing import Json, print_json, progress, say
from brightline.errors import BrightlineError, ConfigError
from brightline.keys import expiry
from brightline.storage.backup import copy_record
from brightline.storage.doctor import Check, Examined, check_clock, check_space, examine_record
from brightline.storage.files import read_file

if TYPE_CHECKING:
    from brightline.gateway.config import Config
    from brightline.gateway.pool import Server

MARKS = {True: Text("ok  ", style="green"), False: Text("FAIL", style="bold red"), None: Text("—   ")}
LIBRARIES = ("cedarpy", "cryptography", "httptools", "msgspec", "numpy", "uvloop")
ANSWER_SECONDS = 10.0  # for the model server to say which models it has


def add(app: typer.Typer) -> None:
    app.command("doctor")(doctor)


def doctor(
    config: Annotated[Path, typer.Option("--config", "-c", help="The settings.")] = Path("brightline.toml"),
    copy: Annotated[
        Path | None, typer.Option(help="Back up the record to this new folder, and read the copy whole.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Look at everything that a gateway needs, name what is wrong and its cure. Changes nothing; ends 1 if it finds
    something, 2 where the settings cannot be read or no copy can be made."""
    # Imported here, so that the other verbs do not wait for the gateway's libraries.
    from brightline.gateway.config import read_config  # noqa: PLC0415

    settings = read_config(config)
    checks = [Check("settings", True, f"{config} can be read"), *_gateway(settings)]
    examined = _record(settings)
    if copy is not None:
        checks.append(_copied(settings, copy))
    checks += [*examined.checks, check_space(settings.data), check_clock(examined.newest)]
    checks += [_model_server(settings), _address(settings, running=examined.running), _build()]
    good = all(check.ok is not False for check in checks)
    if as_json:
        print_json({"ok": good, "checks": [asdict(check) for check in checks]})
    else:
        _show(checks)
    raise typer.Exit(0 if good else 1)


def _gateway(config: Config) -> list[Check]:
    """What `serve` looks at before it touches the record, each by itself."""
    from brightline.gateway.gateway import (  # noqa: PLC0415
        access_of,
        raise_open_files,
        read_keys,
        serving_of,
        standing_of,
    )
    from brightline.gateway.listening import client_tls  # noqa: PLC0415
    from brightline.gateway.registered import open_registered  # noqa: PLC0415
    from brightline.gateway.standing import check_log  # noqa: PLC0415

    def keys() -> str:
        log_key, _ = read_keys(config)
        return f"log key {log_key.public}, and a site key"

    def agreement() -> str:
        agreed = standing_of(config, None).agreement
        return f"{agreed.title} ({agreed.digest}), in force" if agreed else ""

    def log() -> str:
        log_key, _ = read_keys(config)
        rotations = [read_file(p) for p in config.rotations]
        check_log(standing_of(config, None), log_key.name, log_key.public, rotations)
        return f"the agreement names {log_key.name} with this key"

    from brightline.registry import Kind  # noqa: PLC0415

    def actors() -> str:
        standing = standing_of(config, None)
        registered = open_registered(config, standing)
        access_of(config, standing, registered, read_keys(config)[0].name)
        if registered is not None:
            found = registered.registry
            return f"{len(config.actors)} keys; registry {found.name}, {len(found.items(Kind.PURPOSES))} purposes"
        return f"{len(config.actors)} actors, {len(config.purposes)} purposes"

    def models() -> str:
        return ", ".join(serving_of(config, standing_of(config, None)).models)

    def files() -> str:
        return f"{raise_open_files(config)} open files allowed"

    def tls() -> str:
        client_tls(config.tls)
        if config.tls is None:
            return "none: callers' keys and words cross in clear, unless a proxy in front of the gateway encrypts them"
        place = str(config.tls.certificate)
        ends = expiry(read_file(place), place)
        if ends < datetime.now(UTC):
            cure = "have it renewed, and start the gateway again: clients refuse it"
            raise ConfigError(f"the certificate expired on {ends.date()}", place=place, cure=cure)
        return f"{place} until {ends.date()}, with its key; TLS 1.2 or newer"

    looks = {"keys": keys, "agreement": agreement, "log": log, "actors": actors, "models": models, "tls": tls}
    looks["open files"] = files
    return [_looked(name, look) for name, look in looks.items()] + [_readable(config)]


def _looked(name: str, look: Callable[[], str]) -> Check:
    try:
        return Check(name, True, look())
    except BrightlineError as e:
        return Check.failed(name, e)


def _readable(config: Config) -> Check:
    """Secrets that others on this machine can read are no secrets."""
    tls_key = config.tls.key if config.tls else None
    secrets = [p for p in (config.log_key, config.site_key, config.upstream.api_key_file, tls_key) if p is not None]
    shown = [str(p) for p in secrets if p.exists() and p.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO)]
    if shown:
        cure = f"chmod 600 {' '.join(shown)}"
        return Check("rights", False, f"others on this machine can read or change {', '.join(shown)}", cure)
    return Check("rights", True, "only their owner can read the secret keys")


def _record(config: Config) -> Examined:
    from brightline.gateway.gateway import read_keys  # noqa: PLC0415

    try:
        log_key, site_key = read_keys(config)
    except BrightlineError:
        why = "not read: that needs the keys"
        return Examined((Check("record", None, why), Check("private side", None, why)), running=False, newest=0)
    return examine_record(config.data, log_key, site_key, progress)


def _copied(config: Config, to: Path) -> Check:
    """Back up the record as it stands now, whether a gateway writes it or not, and examine that."""
    from brightline.gateway.gateway import read_keys  # noqa: PLC0415

    log_key, site_key = read_keys(config)
    size = copy_record(config.data, to)
    found = [check for check in examine_record(to, log_key, site_key, progress).checks if not check.ok]
    if found:
        return Check("copy", False, f"{to}: {found[0].text}", found[0].cure)
    return Check("copy", True, f"{to}: {size} entries, read back whole; keep it on another disk")


def _model_server(config: Config) -> Check:
    from brightline.gateway.config import EMBEDDED  # noqa: PLC0415
    from brightline.models import embedded_weights  # noqa: PLC0415

    if config.upstream.url == EMBEDDED:
        return _looked("model server", lambda: f"embedded; {embedded_weights().name} is as published")
    try:
        return asyncio.run(_reached(config))
    except BrightlineError as e:
        return Check.failed("model server", e)


async def _reached(config: Config) -> Check:
    """Each server, one after the other; the first that fails is told."""
    from brightline.gateway.gateway import external_pool  # noqa: PLC0415

    urls = [one.url for one in (config.upstream, *config.upstream.others)]
    found = [await _asked(config, *pair) for pair in zip(external_pool(config).servers, urls, strict=True)]
    bad = next((check for check in found if not check.ok), None)
    return bad or Check("model server", True, "; ".join(check.text for check in found))


async def _asked(config: Config, server: Server, url: str) -> Check:
    """Connect and ask for its models; some servers have no list, which is no fault."""
    upstream, key = server.upstream, server.key
    headers = [(b"authorization", b"Bearer " + key), (b"x-api-key", key)] if key else []
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            with await upstream.send(b"GET", b"/v1/models", headers, b"") as response:
                status, body = response.status, await response.read()
    except TimeoutError:
        cure = "is it still loading its model?"
        return Check("model server", False, f"{url}: connected, and no answer in {ANSWER_SECONDS:.0f} seconds", cure)
    finally:
        upstream.close()
    if status in (401, 403):
        cure = "put the key that it knows into the file of upstream.api_key_file"
        return Check("model server", False, f"{url}: it refuses the gateway's key (HTTP {status})", cure)
    listed = _listed(body) if status == 200 else []
    here = {name for ours, name in config.models.items() if not server.models or ours in server.models}
    absent = sorted(here - set(listed))
    if listed and absent:
        cure = f"correct [models]; it has {', '.join(sorted(listed)[:20])}"
        return Check("model server", False, f"{url}: it has no model {', '.join(absent)}", cure)
    said = f"it has {', '.join(sorted(listed)[:20])}" if listed else f"it lists no models (HTTP {status})"
    return Check("model server", True, f"{url}: reached; {said}")


def _listed(body: bytes) -> list[str]:
    try:
        return [str(model["id"]) for model in json.loads(body)["data"]]
    except (ValueError, TypeError, LookupError, RecursionError):
        return []


def _address(config: Config, *, running: bool) -> Check:
    from brightline.gateway.listening import check_address  # noqa: PLC0415

    shown = f"{config.host}:{config.port}"
    if running:
        return Check("address", None, f"{shown}: not tried: the gateway is running")

    def look() -> str:
        check_address(config)
        return f"{shown} is free"

    return _looked("address", look)


def _build() -> Check:
    """Which program this is. An interpreter built without optimisation costs more CPU a call, and is no fault."""
    pgo = "--enable-optimizations" in (sysconfig.get_config_var("CONFIG_ARGS") or "")
    python = f"{platform.python_implementation()} {platform.python_version()} {'with' if pgo else 'without'} PGO"
    found, absent = [], []
    for name in LIBRARIES:
        try:
            found.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            absent.append(name)
    text = f"{python}, {platform.system()} {platform.release()} {platform.machine()}; {', '.join(found)}"
    wrong = [name for name in absent if name != "uvloop"]  # asyncio's own loop serves too, at more CPU
    if wrong or sys.version_info < (3, 11):
        return Check("program", False, f"{text}; missing: {', '.join(wrong)}", "install it again: docs/operations.md")
    return Check("program", True, text + ("; no uvloop: it serves, at more CPU a call" if absent else ""))


def _show(checks: list[Check]) -> None:
    for check in checks:
        say("  ", MARKS[check.ok], f" {check.name}")
        say(f"          {check.text}")
        if check.ok is not True and check.cure:
            say(f"          cure: {check.cure}")
    wrong = sum(check.ok is False for check in checks)
    unseen = sum(check.ok is None for check in checks)
    say(f"{len(checks) - wrong - unseen} good, {wrong} wrong, {unseen} not looked at")
