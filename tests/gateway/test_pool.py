"""Several model servers: another is asked only where nothing was sent, and what failed is asked last."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from brightline.errors import ConfigError, UpstreamError
from brightline.gateway import pool as pool_module
from brightline.gateway.config import parse_config
from brightline.gateway.pool import Pool, Server
from brightline.gateway.translate import Dialect, Speaks
from brightline.gateway.wire import Reply, Request, Upstream, UpstreamLimits, serve
from brightline.record.body import OutcomeStatus
from tests.gateway import scripts
from tests.gateway.calling import CHAT, MESSAGES
from tests.gateway.plain import ask, post
from tests.gateway.stage import MODEL, Script, stage


def nobody() -> Upstream:
    """A port where nobody listens."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return Upstream(f"http://127.0.0.1:{held.getsockname()[1]}", limits=UpstreamLimits(connect_seconds=2))


@asynccontextmanager
async def server(script: Script, seen: list[Request], **more: Any) -> AsyncIterator[Server]:
    async def handler(request: Request, reply: Reply) -> None:
        seen.append(request)
        await script(request, reply)

    listening = await serve(handler, "127.0.0.1", 0)
    upstream = Upstream("http://{}:{}".format(*listening.address))
    try:
        yield Server(upstream, **more)
    finally:
        upstream.close()
        await listening.drain(2)


async def test_where_nobody_listens_another_is_asked_and_the_first_rests() -> None:
    seen: list[Request] = []
    async with server(scripts.model, seen, key=b"second-key") as second:
        first = Server(nobody(), b"first-key")
        async with stage(scripts.model, pool=[first, second]) as s:
            for _ in range(3):
                assert (await post(s.url, ask(), CHAT)).status == 200
            assert len(seen) == 3
            assert dict(seen[0].headers)[b"authorization"] == b"Bearer second-key", "each server has its own key"
            assert s.recorder.statuses() == [OutcomeStatus.COMPLETED] * 3
            ready = (await post(s.url, b"", "/readyz", method="GET")).json
            assert ready["status"] == "ready"
            assert sorted(ready["upstreams"].values()) == ["down", "up"]


async def test_what_was_sent_is_not_sent_again() -> None:
    """The server took the call and died: it may have run, so nobody else is asked, and the next call goes elsewhere."""
    taken: list[bytes] = []
    seen: list[Request] = []

    async def dies(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        taken.append(await reader.readuntil(b"\r\n\r\n"))
        writer.close()

    listening = await asyncio.start_server(dies, "127.0.0.1", 0)
    first = Server(Upstream(f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"))
    async with listening, server(scripts.model, seen) as second, stage(scripts.model, pool=[first, second]) as s:
        got = await post(s.url, ask(), CHAT)
        assert (got.status, len(taken), len(seen)) == (502, 1, 0)
        assert s.recorder.statuses() == [OutcomeStatus.UPSTREAM_DIED]
        assert (await post(s.url, ask(), CHAT)).status == 200
        assert (len(taken), len(seen)) == (1, 1)


@pytest.mark.parametrize("status", [502, 503, 504])
async def test_an_unwell_server_keeps_its_answer_and_is_asked_last(status: int) -> None:
    async def unwell(_request: Request, reply: Reply) -> None:
        reply.send(status, scripts.JSON, b'{"error":{"message":"loading","type":"unavailable"}}')

    first_seen: list[Request] = []
    seen: list[Request] = []
    async with (
        server(unwell, first_seen) as first,
        server(scripts.model, seen) as second,
        stage(scripts.model, pool=[first, second]) as s,
    ):
        assert (await post(s.url, ask(), CHAT)).status == status
        assert (await post(s.url, ask(), CHAT)).status == 200
        assert (len(first_seen), len(seen)) == (1, 1)


async def test_what_rested_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool_module, "DOWN_SECONDS", 0.05)
    first_seen: list[Request] = []
    seen: list[Request] = []
    async with (
        server(scripts.model, first_seen) as first,
        server(scripts.model, seen) as second,
        stage(scripts.model, pool=[first, second]) as s,
    ):
        s.exchange.pool._down(first, "scripted")
        await post(s.url, ask(), CHAT)
        assert (len(first_seen), len(seen)) == (0, 1)
        await asyncio.sleep(0.1)
        await post(s.url, ask(), CHAT)
        assert (len(first_seen), len(seen)) == (1, 1)
        assert set(s.exchange.pool.states().values()) == {"up"}


async def test_all_down_is_one_clear_error_and_nothing_was_sent() -> None:
    async with stage(scripts.model, pool=[Server(nobody()), Server(nobody())]) as s:
        got = await post(s.url, ask(), CHAT)
        assert (got.status, got.json["error"]["code"]) == (502, "upstream_unreachable")
        assert s.recorder.statuses() == [OutcomeStatus.NOT_SENT]
        with pytest.raises(UpstreamError):
            await s.exchange.pool.reach()


async def test_a_call_goes_to_a_server_that_has_its_model() -> None:
    first_seen: list[Request] = []
    seen: list[Request] = []
    elsewhere = frozenset({"another"})
    async with server(scripts.model, first_seen, models=elsewhere) as first, server(scripts.model, seen) as second:
        async with stage(scripts.model, pool=[first, second]) as s:
            assert (await post(s.url, ask(), CHAT)).status == 200
            assert (len(first_seen), len(seen)) == (0, 1)
        async with stage(scripts.model, pool=[first]) as s:
            got = await post(s.url, ask(), CHAT)
            assert (got.status, got.json["error"]["code"], s.recorder.drafts) == (404, "model_not_found", [])


async def test_servers_of_two_vendors_answer_one_client() -> None:
    """An OpenAI client, a server of each API: the second takes over what the first cannot be told or asked."""
    seen: list[Request] = []
    async with (
        server(scripts.model, seen, dialect=Dialect(Speaks.ANTHROPIC)) as second,
        stage(scripts.model, pool=[Server(nobody()), second]) as s,
    ):
        got = await post(s.url, ask(stream=True), CHAT)
        assert (got.status, seen[0].path) == (200, MESSAGES.encode())
        assert b"data: [DONE]" in got.body
    async with (
        server(scripts.model, seen, dialect=Dialect(Speaks.OPENAI)) as other,
        stage(scripts.model, pool=[Server(nobody(), dialect=Dialect(Speaks.ANTHROPIC)), other]) as s,
    ):
        got = await post(s.url, ask(seed=7), CHAT)
        assert (got.status, json.loads(seen[-1].body)["seed"]) == (200, 7), "the first has no place for a seed"


async def test_the_least_busy_is_asked_first() -> None:
    go = asyncio.Event()

    async def waits(request: Request, reply: Reply) -> None:
        await go.wait()
        await scripts.model(request, reply)

    first_seen: list[Request] = []
    seen: list[Request] = []
    async with (
        server(waits, first_seen) as first,
        server(waits, seen) as second,
        stage(scripts.model, pool=[first, second]) as s,
    ):
        calls = []
        for n in range(4):
            calls.append(asyncio.create_task(post(s.url, ask(), CHAT)))
            while len(first_seen) + len(seen) <= n:  # noqa: ASYNC110 - a test waits for the script
                await asyncio.sleep(0.01)
        assert (len(first_seen), len(seen)) == (2, 2)
        go.set()
        assert [got.status for got in await asyncio.gather(*calls)] == [200] * 4


OTHER = {"url": "http://b:1", "api": "anthropic", "models": ["m"]}


def test_the_settings_name_them() -> None:
    made = parse_config({"upstream": {"url": "http://a:1", "others": [OTHER]}}, Path(), "brightline.toml").upstream
    assert (made.url, made.api, made.models) == ("http://a:1", Speaks.BOTH, ())
    assert [(one.url, one.api, one.models) for one in made.others] == [("http://b:1", Speaks.ANTHROPIC, ("m",))]


@pytest.mark.parametrize(
    ("upstream", "says"),
    [
        ({"url": "http://a:1", "api": "opanai"}, "openai"),
        ({"url": "http://a:1", "models": "m"}, "list of names"),
        ({"url": "http://a:1", "others": OTHER}, "list of tables"),
        ({"url": "http://a:1", "others": ["http://b:1"]}, "list of tables"),
        ({"url": "http://a:1", "others": [{"url": "b:1"}]}, "others[0]"),
        ({"url": "http://a:1", "others": [{**OTHER, "others": []}]}, "no setting"),
        ({"url": "http://a:1", "others": [{"api": "openai"}]}, "stands alone"),
        ({"others": [OTHER]}, "stands alone"),
    ],
)
def test_bad_settings_are_named(upstream: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_config({"upstream": upstream}, Path(), "brightline.toml")
    assert says in str(caught.value)
    assert caught.value.place.startswith("brightline.toml: upstream")


async def test_a_pool_of_one_says_nothing_of_it() -> None:
    async with stage(scripts.model) as s:
        assert (await post(s.url, b"", "/readyz", method="GET")).json == {"status": "ready"}
        assert (await post(s.url, ask(model=MODEL), CHAT)).status == 200
        assert isinstance(s.exchange.pool, Pool)
