"""Brightline's own answers, each in the error shape of the API that the client speaks.

What the SDKs do with them (read in openai 3.54 and anthropic 2.12, `_base_client._should_retry`, `_make_status_error`):

- 403 raises `PermissionDeniedError` and is never retried; 408, 409, 429 and every 5xx are sent again twice by default,
  unless the answer says `x-should-retry: false`. Sent again, a call is a new use: decided and recorded anew.
- openai: `e.body` is the object under "error", so `e.body["brightline"]`; `e.code` is its "code".
- anthropic: `e.body` is the whole document, so `e.body["brightline"]`; `e.error_code` is `error.details.error_code`.
- Inside a stream: openai raises `APIError` at a chunk or event with "error", anthropic `APIStatusError` at an
  `event: error`.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

import msgspec

from brightline.errors import (
    BrightlineError,
    CallError,
    InputError,
    MachineError,
    OracleError,
    UpstreamError,
    UpstreamFault,
)
from brightline.gateway.codec.answer import LIMITS, only_reading
from brightline.gateway.codec.body import encode
from brightline.gateway.codec.call import Api, Family

_JSON = (b"content-type", b"application/json")
_NO_RETRY = (b"x-should-retry", b"false")
_RETRY_SOON = (b"retry-after", b"1")  # seconds; both SDKs keep to it
_SHOWN = 2000  # characters of a model server's own message that are passed on


class Refusal(StrEnum):
    """Why a use did not pass; the `code` of an HTTP 403."""

    DENIED = "use_denied"
    HELD = "use_held"
    FACT_REQUIRED = "fact_required"


UPSTREAM_FAULTS: Mapping[UpstreamFault, tuple[int, str]] = {
    UpstreamFault.UNREACHABLE: (502, "upstream_unreachable"),
    UpstreamFault.BUSY: (503, "upstream_busy"),
    UpstreamFault.TIMED_OUT: (504, "upstream_timed_out"),
    UpstreamFault.BROKE_OFF: (502, "upstream_broke_off"),
    UpstreamFault.BAD_ANSWER: (502, "upstream_bad_answer"),
}
"""HTTP status and code of each fault of a model server; in a stream that has begun, its error event has the code."""


class Reply(msgspec.Struct, frozen=True):
    """One answer of ours: HTTP status, header pairs, body."""

    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes


def refusal(family: Family, code: Refusal, message: str, brightline: Mapping[str, Any]) -> Reply:
    """A use that did not pass: HTTP 403. `brightline` holds what DESIGN section 5 lists: decision, clauses, cure."""
    return failure(family, 403, code, message, brightline=brightline)


def failure(
    family: Family,
    status: int,
    code: str,
    message: str,
    *,
    param: str | None = None,
    brightline: Mapping[str, Any] | None = None,
    retry: bool = True,
) -> Reply:
    """Any other answer that is no success. `retry=False` tells an SDK not to send a 429 or 5xx again."""
    headers = (_JSON,) if retry else (_JSON, _NO_RETRY)
    return Reply(status, headers, encode(_document(family, status, code, message, param=param, brightline=brightline)))


def of_error(family: Family, error: BrightlineError) -> Reply:
    """The answer that an error becomes. What is the machine's fault shows no place: it may be a path of ours."""
    match error:
        case CallError():
            said = failure(family, error.status, error.code, str(error), param=error.place or None)
            return Reply(said.status, (*said.headers, _RETRY_SOON), said.body) if error.status == 429 else said
        case InputError():
            return failure(family, 400, "bad_request", str(error), param=error.place or None)
        case UpstreamError():
            status, code = UPSTREAM_FAULTS[error.fault]
            return failure(family, status, code, error.text)
        case OracleError():
            return failure(family, 503, "oracle_disagrees", error.text, retry=False)
        case MachineError():
            return failure(family, 503, "unavailable", error.text)
        case _:
            return failure(family, 500, "internal_error", "the gateway failed")


def event(api: Api, error: UpstreamError) -> bytes:
    """The error event that ends a stream which has begun. No end mark follows: the answer is not complete."""
    status, code = UPSTREAM_FAULTS[error.fault]
    return _event(api, _document(api.family, status, code, error.text, brightline=None))


def refusal_event(api: Api, code: Refusal, message: str, brightline: Mapping[str, Any]) -> bytes:
    """A use that did not pass, in a stream that has begun: the last event, and no end mark follows."""
    return _event(api, _document(api.family, 403, code, message, brightline=brightline))


def upstream(family: Family, status: int, body: bytes) -> Reply:
    """The answer that a model server's error becomes: passed on as it came where it has the client's shape, else put
    into it. Its 401 speaks of the gateway's own key, and anything under 400 is no error: both become 502."""
    if status in (401, 407):
        text = "the model server refused the gateway's own key"
        return failure(family, 502, "upstream_unauthorized", text, retry=False)
    if not 400 <= status <= 599:
        return failure(family, 502, "upstream_bad_answer", "the model server answered out of turn", retry=False)
    try:
        told = only_reading(body, LIMITS)
    except UpstreamError:
        told = None  # a page of HTML from some proxy, or what could be read in two ways: not for the client
    if type(told) is dict and _has_shape(family, told):
        return Reply(status, (_JSON,), body)
    message, code = _told(told)
    return failure(family, status, code, message or f"the model server answered with HTTP {status}")


def _event(api: Api, document: dict[str, Any]) -> bytes:
    if api is Api.RESPONSES:  # its events have a type and tell the error flat; the SDK reads "error", as in chat
        error = document["error"]
        document = {"type": "error", **{name: error[name] for name in ("code", "message", "param")}, **document}
    named = api in (Api.MESSAGES, Api.RESPONSES)
    return (b"event: error\ndata: " if named else b"data: ") + encode(document) + b"\n\n"


def _document(
    family: Family,
    status: int,
    code: str,
    message: str,
    *,
    param: str | None = None,
    brightline: Mapping[str, Any] | None,
) -> dict[str, Any]:
    if family is Family.OPENAI:
        error: dict[str, Any] = {"message": message, "type": _openai_type(status), "param": param, "code": code}
        if brightline is not None:
            error["brightline"] = brightline
        return {"error": error}
    error = {"type": _anthropic_type(status), "message": message, "details": {"error_code": code}}
    document: dict[str, Any] = {"type": "error", "error": error}
    if brightline is not None:
        document["brightline"] = brightline
    return document


def _openai_type(status: int) -> str:
    known = {401: "authentication_error", 403: "permission_error", 404: "not_found_error", 429: "rate_limit_error"}
    return known.get(status, "invalid_request_error" if status < 500 else "server_error")


def _anthropic_type(status: int) -> str:
    known = {
        401: "authentication_error",
        402: "billing_error",
        403: "permission_error",
        404: "not_found_error",
        413: "request_too_large",
        429: "rate_limit_error",
        504: "timeout_error",
        529: "overloaded_error",
    }
    return known.get(status, "invalid_request_error" if status < 500 else "api_error")


def _has_shape(family: Family, told: dict[str, Any]) -> bool:
    error = told.get("error")
    if type(error) is not dict or type(error.get("message")) is not str or type(error.get("type")) is not str:
        return False
    return (told.get("type") == "error") is (family is Family.ANTHROPIC)


def _told(told: Any) -> tuple[str, str]:
    """Message and code of an error in another shape: OpenAI's, Anthropic's, vLLM's flat one, FastAPI's `detail`."""
    if type(told) is not dict:
        return "", "upstream_failed"
    error = told.get("error")
    inner = error if type(error) is dict else {"message": error} if type(error) is str else told
    message = inner.get("message") or inner.get("detail")
    code = inner.get("type") or inner.get("code")
    return (
        message[:_SHOWN] if type(message) is str else "",
        code[:64] if type(code) is str and code != "error" else "upstream_failed",
    )
