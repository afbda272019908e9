"""Bounds on everything that the other end of a connection can make us hold or wait for."""

from __future__ import annotations

from dataclasses import dataclass, fields

from brightline.errors import ConfigError

MIB = 1_048_576


@dataclass(frozen=True, slots=True)
class Bounds:
    """Every bound is above zero: a bound of zero would refuse everything, and none is ever "no limit".

    Raises ConfigError naming the bound that is not.
    """

    def __post_init__(self) -> None:
        for field in fields(self):
            if getattr(self, field.name) <= 0:
                raise ConfigError("a bound must be above zero", place=field.name, cure="give a positive number")


@dataclass(frozen=True, slots=True)
class Limits(Bounds):
    """Towards clients. Sizes in bytes, times in seconds.

    What one client can make the gateway hold is at most `head_bytes` + `body_bytes` for the request
    being read, `pipelined` whole requests waiting, `write_bytes` and one chunk of answer not yet taken,
    and one segment of the socket; what all clients can is `held_bytes` of request bodies.
    """

    target_bytes: int = 8_192
    head_bytes: int = 32_768  # request line and headers; the trailers of a chunked body count again
    header_count: int = 100
    body_bytes: int = 32 * MIB
    framing_bytes: int = 16_384  # chunk sizes, extensions and trailers, beyond eight bytes a byte of body
    held_bytes: int = 512 * MIB  # request bodies of all connections together, until each is answered
    connections: int = 4_096
    pipelined: int = 8  # whole requests that wait behind the one being answered
    write_bytes: int = 65_536  # answer not yet taken by the client before `Reply.write` waits
    idle_seconds: float = 75.0  # between requests, and before the first
    head_seconds: float = 10.0  # from the first byte of a request to the end of its headers
    body_seconds: float = 120.0  # from there to the end of its body
    write_seconds: float = 60.0  # for a slow client to take what `write_bytes` holds
    linger_seconds: float = 1.0  # for the client to read the last answer and close its end
    tls_seconds: float = 10.0  # for the TLS handshake


@dataclass(frozen=True, slots=True)
class UpstreamLimits(Bounds):
    """Towards one upstream. Sizes in bytes, times in seconds.

    `idle_seconds` stands below the five seconds after which uvicorn, and so vLLM, drops an idle
    connection: a request must not be written to a connection that the other end is just closing.
    """

    connections: int = 256
    waiting: int = 4_096  # calls that wait for a connection; one more is refused at once
    head_bytes: int = 32_768
    header_count: int = 100
    body_bytes: int = 64 * MIB
    framing_bytes: int = 16_384  # as in `Limits`
    buffer_bytes: int = 65_536  # answer not yet asked for by the consumer before reading pauses
    idle_seconds: float = 4.0
    wait_seconds: float = 30.0  # for a connection to come free
    connect_seconds: float = 5.0  # TCP and TLS
    first_byte_seconds: float = 300.0  # a model that thinks answers nothing for long
    chunk_seconds: float = 60.0
    whole_seconds: float = 1_800.0
