"""TLS towards clients and towards upstreams, with an authority of our own."""

from __future__ import annotations

import socket
import ssl
from pathlib import Path

import pytest

from brightline.errors import UpstreamError, UpstreamFault
from brightline.gateway.wire import Limits, Reply, Request, UpstreamLimits
from tests.gateway.wire.rig import Client, Peer, Rig, get, post
from tests.gateway.wire.test_forward import forwarding
from tests.gateway.wire.test_upstream import answering, call


def test_tls_with_an_authority_of_ones_own(rig: Rig, certificates: Path, secure: ssl.SSLContext) -> None:
    script = rig.script(answering, tls=secure)
    trust = ssl.create_default_context(cafile=str(certificates / "ca.pem"))
    upstream = rig.upstream(f"https://localhost:{script.address[1]}", tls=trust)
    for _ in range(3):
        assert rig.do(call(upstream, body=b"x" * 100_000)) == b"ok"
    assert (len(script.peers), upstream.connections) == (1, (1, 1))


@pytest.mark.parametrize(("host", "own"), [("localhost", False), ("127.0.0.1", True)])
def test_a_certificate_that_does_not_verify_is_refused_before_anything_is_sent(
    rig: Rig, certificates: Path, secure: ssl.SSLContext, host: str, own: bool
) -> None:
    script = rig.script(answering, tls=secure)
    trust = ssl.create_default_context(cafile=str(certificates / "ca.pem")) if own else None
    upstream = rig.upstream(f"https://{host}:{script.address[1]}", tls=trust)
    with pytest.raises(UpstreamError, match="does not verify") as failure:
        rig.do(call(upstream))
    assert (failure.value.sent, failure.value.fault) == (False, UpstreamFault.UNREACHABLE)
    assert failure.value.cure
    assert upstream.connections == (0, 0)


def test_an_upstream_that_never_finishes_its_handshake_is_given_up(rig: Rig) -> None:
    script = rig.script(lambda peer: peer.pause(0.2))
    upstream = rig.upstream(f"https://localhost:{script.address[1]}", limits=UpstreamLimits(connect_seconds=0.05))
    with pytest.raises(UpstreamError, match="no connection in time") as failure:
        rig.do(call(upstream))
    assert (failure.value.sent, failure.value.fault) == (False, UpstreamFault.TIMED_OUT)
    assert upstream.connections == (0, 0)


def test_an_upstream_that_speaks_no_tls_is_refused(rig: Rig) -> None:
    script = rig.script(lambda peer: peer.send(b"HTTP/1.1 400 Bad\r\n\r\n") and None)
    upstream = rig.upstream(f"https://localhost:{script.address[1]}")
    with pytest.raises(UpstreamError, match="cannot connect") as failure:
        rig.do(call(upstream))
    assert (failure.value.sent, failure.value.fault) == (False, UpstreamFault.UNREACHABLE)


def test_tls_on_both_sides(rig: Rig, certificates: Path, secure: ssl.SSLContext) -> None:
    def talk(peer: Peer) -> None:
        while request := peer.request():
            peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(request), request))

    trust = ssl.create_default_context(cafile=str(certificates / "ca.pem"))
    upstream = rig.upstream(f"https://localhost:{rig.script(talk, tls=secure).address[1]}", tls=trust)
    server = rig.serve(forwarding(upstream), Limits(linger_seconds=0.05), tls=secure)
    with Client(server.address, tls=trust) as client:
        for _ in range(3):
            client.send(post(b"/", b"x" * 500_000))
            assert client.until(b"\r\n0\r\n\r\n").count(b"x") >= 500_000
        client.send(get(b"/", b"Connection: close"))
        assert client.rest().endswith(b"\r\n0\r\n\r\n")
    rig.until(lambda: server.clients == 0)
    with Client(server.address) as plain:  # no TLS: the handshake fails, and only this connection with it
        plain.send(get(b"/"))
        with pytest.raises((ConnectionResetError, AssertionError)):
            plain.until(b"HTTP/1.1 200")
    with Client(server.address, tls=trust) as client:
        client.send(get(b"/")).until(b"\r\n0\r\n\r\n")
    rig.until(lambda: server.clients == 0)


def test_an_answer_cut_short_never_looks_whole_over_tls(rig: Rig, certificates: Path, secure: ssl.SSLContext) -> None:
    """To HTTP/1.0 the end of the connection is the end of the answer, so it must not be TLS's orderly one."""

    async def fails(_: Request, reply: Reply) -> None:
        reply.start(200, [])
        await reply.write(b"part")
        raise ZeroDivisionError

    server = rig.serve(fails, Limits(linger_seconds=0.05), tls=secure)
    trust = ssl.create_default_context(cafile=str(certificates / "ca.pem"))
    plain = socket.create_connection(server.address, timeout=10)
    with trust.wrap_socket(plain, server_hostname="localhost", suppress_ragged_eofs=False) as client:
        client.sendall(b"GET / HTTP/1.0\r\n\r\n")
        with pytest.raises((ConnectionResetError, ssl.SSLEOFError)):
            list(iter(lambda: client.recv(4096), b""))
    rig.until(lambda: server.clients == 0)
