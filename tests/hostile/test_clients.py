"""Clients that stop, drip or leave: nothing of them reaches the upstream or the record, and nothing of them stays."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.gateway.wire.rig import Client
from tests.hostile.house import House, house
from tests.hostile.test_http import read_answer

FOLDER = Path(__file__).parent / "http"
VALID = ("good-sized", "good-chunked", "good-expect")
RESET = b"\1\0\0\0\0\0\0\0"  # struct linger: on, for no time


@pytest.fixture(scope="module")
def gateway() -> Iterator[House]:
    with house() as made:
        yield made


def pause(seconds: float) -> None:
    threading.Event().wait(seconds)


def is_quiet(gateway: House) -> None:
    """No connection, no byte of a body, no call and no entry is left of what came."""
    waited = 0
    while gateway.server.clients and waited < 400:
        pause(0.01)
        waited += 1
    assert (gateway.server.clients, gateway.server.held) == (0, 0)
    assert (gateway.upstream.requests, gateway.recorder.drafts) == ([], [])


@pytest.mark.parametrize("how", ["closed", "half-closed", "reset"])
@pytest.mark.parametrize("name", VALID)
def test_a_client_that_goes_at_any_byte_has_asked_nothing(gateway: House, name: str, how: str) -> None:
    gateway.forget()
    data = (FOLDER / f"{name}.http").read_bytes()
    for at in range(len(data)):
        with Client(gateway.address) as client:
            client.send(data[:at])
            if how == "half-closed":
                client.socket.shutdown(socket.SHUT_WR)
                assert b" 200 " not in client.rest()
            elif how == "reset":
                client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    is_quiet(gateway)
    with Client(gateway.address) as client:
        assert read_answer(client.send(data)) == ("forwarded", 200)


@pytest.mark.parametrize("name", ["good-sized", "good-chunked"])
@pytest.mark.parametrize("before", ["in the head", "in the body"])
def test_a_client_that_drips_is_given_up_however_often_it_sends(gateway: House, name: str, before: str) -> None:
    """The time runs from the first byte of a part, so that one byte a moment buys no more of it."""
    gateway.forget()
    data = (FOLDER / f"{name}.http").read_bytes()
    start = 10 if before == "in the head" else data.index(b"\r\n\r\n") + 8
    with Client(gateway.address) as client:
        client.send(data[:start])
        for at in range(start, start + 40):  # 40 times 50 ms are two seconds; the limit is one
            try:
                client.send(data[at : at + 1])
            except OSError:
                break
            pause(0.05)
        assert read_answer(client) == ("refused", 408)
    is_quiet(gateway)


def test_a_client_that_waits_for_100_continue_is_told_and_served(gateway: House) -> None:
    gateway.forget()
    head, _, body = (FOLDER / "good-expect.http").read_bytes().partition(b"\r\n\r\n")
    with Client(gateway.address) as client:
        assert client.send(head + b"\r\n\r\n").until(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        assert gateway.upstream.requests == []
        assert read_answer(client.send(body)) == ("forwarded", 200)


def test_many_that_stall_do_not_keep_another_waiting(gateway: House) -> None:
    gateway.forget()
    data = (FOLDER / "good-sized.http").read_bytes()
    stalled = [Client(gateway.address).send(data[: len(data) - 1 - n % 200]) for n in range(200)]
    try:
        with Client(gateway.address) as client:
            assert read_answer(client.send(data)) == ("forwarded", 200)
        assert len(gateway.upstream.requests) == 1
    finally:
        for client in stalled:
            client.socket.close()


def test_a_client_that_goes_while_its_call_runs_leaves_it_settled(gateway: House) -> None:
    gateway.forget()
    data = (FOLDER / "good-sized.http").read_bytes()
    gateway.upstream.hostile, gateway.upstream.ending = b"HTTP/1.1 200 OK\r\n", "keep"  # it never goes on
    with Client(gateway.address) as client:
        client.send(data)
        waited = 0
        while not gateway.upstream.requests and waited < 400:
            pause(0.01)
            waited += 1
    waited = 0
    while len(gateway.recorder.drafts) < 2 and waited < 400:
        pause(0.01)
        waited += 1
    assert len(gateway.recorder.drafts) == 2
    with Client(gateway.address) as client:
        assert read_answer(client.send(data)) == ("forwarded", 200)
