"""C1 and C2 with a real gateway, a real record and real HTTP: a bypass is found in its epoch, or refused (G05)."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from brightline.agreement import Disclosure, Model
from brightline.errors import ConfigError, MachineError, UpstreamError
from brightline.gateway.config import read_config
from brightline.gateway.gateway import Gateway, running
from brightline.gateway.guard import Guard
from brightline.gateway.wire import Handler, Upstream, serve
from brightline.models import EmbeddedModel
from brightline.record import body as bodies
from brightline.record.body import EngineBody, EpochBody
from brightline.record.entry import Kind
from brightline.record.log import Draft
from tests.live.engines import Engine
from tests.live.stage import API_KEY, LOG_KEY, MODEL, Site, agreed, make_site

BODY = {"model": MODEL, "messages": [{"role": "user", "content": "What is so?"}]}
BYPASS = {"model": "tiny-on-upstream", "messages": [{"role": "user", "content": "And unseen?"}]}


@asynccontextmanager
async def listening(handler: Handler) -> AsyncIterator[str]:
    server = await serve(handler, "127.0.0.1", 0)
    try:
        yield "http://{}:{}".format(*server.address)
    finally:
        await server.drain(5)


@asynccontextmanager
async def gateway_of(site: Site) -> AsyncIterator[Gateway]:
    async with running(read_config(site.folder / "brightline.toml"), None, lambda _: None) as gateway:
        yield gateway


def make(folder: Path, upstream: str, engine: str, guard: str = "") -> Site:
    top = f'oracle_share = 0\n\n[engine]\nmetrics = ["{engine}/metrics"]\n' + (f'guard = "{guard}"\n' if guard else "")
    return make_site(folder, upstream, top=top)


async def call(url: str, count: int = 1, path: bytes = b"/v1/chat/completions", **body: Any) -> list[int]:
    """The statuses of so many calls, one after another, as somebody with the API key makes them."""
    to = Upstream(url)
    headers = [(b"authorization", f"Bearer {API_KEY}".encode()), (b"content-type", b"application/json")]
    seen = []
    for _ in range(count):
        with await to.send(b"POST", path, headers, json.dumps(body or BODY).encode()) as response:
            await response.read()
            seen.append(response.status)
    to.close()
    return seen


async def end_epoch(gateway: Gateway, site: Site, number: int) -> EngineBody:
    """Close an epoch as the gateway does, and wait for what is said of it."""
    ends = [e.sequence for e in site.entries() if e.kind == Kind.EPOCH]
    await gateway.recorder.append(
        Draft(EpochBody(number, ends[-1] + 1 if ends else 0, 0, 0), terms=gateway.standing.terms_digest)
    )
    for _ in range(200):
        await gateway.recorder.publish()
        if len(found := list(statements(site))) >= number:
            return found[-1]
        await asyncio.sleep(0.05)
    raise AssertionError("nothing was said of the epoch")


def statements(site: Site) -> Iterator[EngineBody]:
    for entry in site.entries():
        if entry.kind == Kind.ENGINE:
            body = bodies.unpack(Kind.ENGINE, entry.body)
            assert isinstance(body, EngineBody)
            yield body


async def test_one_per_cent_round_the_gateway_is_caught_in_its_epoch(tmp_path: Path) -> None:
    engine = Engine(prompt=4000, answer=1000)
    async with listening(engine) as url:
        site = make(tmp_path, url, url)
        async with gateway_of(site) as gateway:
            assert await call(gateway.url, 100) == [200] * 100
            said = await end_epoch(gateway, site, 1)
            assert (said.input_tokens, said.engine_input_tokens) == (400_000, 400_000)
            # 1. the red team sends one call in a hundred to the engine itself
            assert await call(gateway.url, 100) == [200] * 100
            assert await call(url, **BYPASS) == [200]
            await end_epoch(gateway, site, 2)
        assert engine.calls == 201
        # 2. the vendor, who has nothing but the bundle
        result = site.verified("evidence.bundle")
        assert result["grade"] == "C0"
        (finding,) = [f for f in result["findings"] if f["code"] == "record.shortfall"]
        assert "In 1 epoch of 2" in finding["text"]
        assert "explains" in finding["follows"]


async def test_an_honest_day_is_c1_and_a_restart_of_the_gateway_does_not_hide_what_came_between(tmp_path: Path) -> None:
    engine = Engine(prompt=4000, answer=1000)
    async with listening(engine) as url:
        site = make(tmp_path, url, url)
        async with gateway_of(site) as gateway:
            await call(gateway.url, 20)
            await end_epoch(gateway, site, 1)
        assert site.verified("one.bundle")["grade"] == "C1"
        # while the gateway is down somebody uses the engine
        await call(url, 5, **BYPASS)
        async with gateway_of(site) as gateway:
            await call(gateway.url, 20)
            said = await end_epoch(gateway, site, 2)
        assert (said.input_tokens, said.engine_input_tokens, said.resets) == (80_000, 100_032, 0)
        codes = [f["code"] for f in site.verified("two.bundle")["findings"]]
        assert "record.shortfall" in codes


async def test_an_epoch_goes_on_over_a_restart_in_good_order_and_not_over_a_kill(tmp_path: Path) -> None:
    engine = Engine(prompt=4000, answer=1000)
    async with listening(engine) as url:
        site = make(tmp_path, url, url)
        for _ in range(2):
            async with gateway_of(site) as gateway:
                await call(gateway.url, 10)
        async with gateway_of(site) as gateway:
            said = await end_epoch(gateway, site, 1)
        assert (said.input_tokens, said.engine_input_tokens, said.resets) == (80_000, 80_000, 0)
        assert site.verified("one.bundle")["grade"] == "C1"
        # what a kill leaves: calls in the record of which the kept file knows nothing
        kept = (site.data / "engine.json").read_bytes()
        async with gateway_of(site) as gateway:
            await call(gateway.url, 10)
        (site.data / "engine.json").write_bytes(kept)
        async with gateway_of(site) as gateway:
            said = await end_epoch(gateway, site, 2)
        assert said.resets == 1
        assert "completeness.uncertain" in [f["code"] for f in site.verified("two.bundle")["findings"]]
        (site.data / "engine.json").write_text("{")
        with pytest.raises(MachineError, match="damaged"):
            async with gateway_of(site):
                pass


async def test_an_engine_that_restarts_is_told_and_not_vouched_for(tmp_path: Path) -> None:
    engine = Engine()
    async with listening(engine) as url:
        site = make(tmp_path, url, url)
        async with gateway_of(site) as gateway:
            await call(gateway.url, 4)
            await end_epoch(gateway, site, 1)
            await call(gateway.url, 4)
            engine.inputs = engine.outputs = 0
            await call(gateway.url, 2)
            said = await end_epoch(gateway, site, 2)
        assert said.resets == 1
        codes = [f["code"] for f in site.verified("evidence.bundle")["findings"]]
        assert "completeness.uncertain" in codes


async def test_a_bypass_is_refused_by_the_guard_and_the_record_says_so(tmp_path: Path) -> None:
    engine = Engine()
    async with listening(engine) as inner:
        upstream = Upstream(inner)
        guard = Guard(LOG_KEY.public, upstream)
        async with listening(guard) as outer:
            await asyncio.sleep(1.1)  # receipts are in whole seconds: none is older than the guard
            site = make(tmp_path, outer, inner, guard=outer)
            async with gateway_of(site) as gateway:
                assert await call(gateway.url, 10) == [200] * 10
                assert await call(outer, **BYPASS) == [403]
                assert await call(outer, **BYPASS) == [403]
                said = await end_epoch(gateway, site, 1)
            assert engine.calls == 10
            assert (said.answered, said.accepted, said.refused, said.guarded) == (10, 10, 2, 1)
            result = site.verified("evidence.bundle")
            assert result["grade"] == "C2"
            assert "engine.refused" in [f["code"] for f in result["findings"]]
            assert "another way to this one" in result["steps"][10]["text"]
        upstream.close()


async def test_the_embedded_model_s_own_counters_agree(tmp_path: Path) -> None:
    weights = EmbeddedModel.weights
    model = Model(name="tiny", digest=weights.digest, family=weights.family, variant=weights.variant)
    paper = agreed(models=(model,), disclosure=Disclosure(time_seconds=1, tokens=1))
    site = make_site(tmp_path, "embedded", paper=paper, models="")
    async with gateway_of(site) as gateway:
        body = {**BODY, "max_tokens": 6}
        assert await call(gateway.url, 3, **body) == [200] * 3  # the second and third from the engine's cache
        assert await call(gateway.url, path=b"/v1/messages", **body, stream=True) == [200]
        said = await end_epoch(gateway, site, 1)
    assert said.engine_output_tokens == said.output_tokens > 0
    assert said.engine_input_tokens == said.input_tokens > 100
    result = site.verified("evidence.bundle")
    assert result["grade"] == "C1", result["steps"][10]
    assert "0 more than were recorded" in result["steps"][10]["text"]


async def test_counters_that_cannot_be_read_stop_the_start(tmp_path: Path) -> None:
    engine = Engine()
    async with listening(engine) as url:
        site = make_site(tmp_path, url, top=f'oracle_share = 0\n\n[engine]\nmetrics = ["{url}/elsewhere"]\n')
        with pytest.raises(UpstreamError, match="not Prometheus text"):
            async with gateway_of(site):
                pass


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("metrics = 3", "list of URLs"),
        ('metrics = ["ftp://x"]', "list of URLs"),
        ('guard = "http://a/path"', "guard"),
        ("tolerance = 0.02", "tolerance lies between"),
        ("tolerence = 0.02", "tolerance"),
    ],
)
def test_settings_that_cannot_be_followed(tmp_path: Path, line: str, why: str) -> None:
    site = make_site(tmp_path, "http://127.0.0.1:1", top=f"oracle_share = 0\n\n[engine]\n{line}\n")
    with pytest.raises(ConfigError) as e:
        read_config(site.folder / "brightline.toml")
    assert why in str(e.value)
