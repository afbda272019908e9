"""Our own answers, and the model server's errors, in the shape of the client's API."""

import json
from typing import Any

import pytest

from brightline.errors import (
    BrightlineError,
    CallError,
    ConfigError,
    OracleError,
    StorageError,
    UpstreamError,
    UpstreamFault,
)
from brightline.gateway.codec import (
    Api,
    Family,
    ListedModel,
    Refusal,
    Reply,
    event,
    failure,
    models_list,
    of_error,
    refusal,
    unknown_model,
    upstream,
)
from brightline.gateway.codec.reply import UPSTREAM_FAULTS
from tests.gateway.codec.vectors import capture, pack

BOTH = list(Family)
WHY = {"decision": "d-1", "clauses": [{"id": "K4", "title": "No monitoring"}], "appeal": "/desk/d-1"}


def told(reply: Reply) -> Any:
    assert (b"content-type", b"application/json") in reply.headers
    return json.loads(reply.body)


@pytest.mark.parametrize("code", list(Refusal))
def test_a_refusal_in_each_shape(code: Refusal) -> None:
    openai = refusal(Family.OPENAI, code, "Not on these terms.", WHY)
    assert openai.status == 403
    assert told(openai) == {
        "error": {
            "message": "Not on these terms.",
            "type": "permission_error",
            "param": None,
            "code": code.value,
            "brightline": WHY,
        }
    }
    anthropic = refusal(Family.ANTHROPIC, code, "Not on these terms.", WHY)
    assert anthropic.status == 403
    assert told(anthropic) == {
        "type": "error",
        "error": {
            "type": "permission_error",
            "message": "Not on these terms.",
            "details": {"error_code": code.value},
        },
        "brightline": WHY,
    }


@pytest.mark.parametrize(
    ("status", "openai", "anthropic"),
    [
        (400, "invalid_request_error", "invalid_request_error"),
        (401, "authentication_error", "authentication_error"),
        (404, "not_found_error", "not_found_error"),
        (413, "invalid_request_error", "request_too_large"),
        (429, "rate_limit_error", "rate_limit_error"),
        (500, "server_error", "api_error"),
        (502, "server_error", "api_error"),
        (503, "server_error", "api_error"),
        (504, "server_error", "timeout_error"),
    ],
)
def test_the_type_follows_the_status(status: int, openai: str, anthropic: str) -> None:
    assert told(failure(Family.OPENAI, status, "c", "m"))["error"]["type"] == openai
    assert told(failure(Family.ANTHROPIC, status, "c", "m"))["error"]["type"] == anthropic


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (
            CallError("no", status=413, code="request_too_large", place="body", cure="send less"),
            413,
            "request_too_large",
        ),
        (ConfigError("no", place="brightline.toml:3"), 400, "bad_request"),
        (UpstreamError("no", UpstreamFault.UNREACHABLE, place="10.0.0.7:8080"), 502, "upstream_unreachable"),
        (UpstreamError("no", UpstreamFault.BUSY, place="10.0.0.7:8080"), 503, "upstream_busy"),
        (UpstreamError("no", UpstreamFault.TIMED_OUT, place="10.0.0.7:8080"), 504, "upstream_timed_out"),
        (UpstreamError("no", UpstreamFault.BROKE_OFF, place="10.0.0.7:8080"), 502, "upstream_broke_off"),
        (UpstreamError("no", UpstreamFault.BAD_ANSWER, place="10.0.0.7:8080"), 502, "upstream_bad_answer"),
        (StorageError("disk full", place="/var/lib/brightline/log"), 503, "unavailable"),
        (OracleError("closures and engine disagree"), 503, "oracle_disagrees"),
        (BrightlineError("x", place="/secret"), 500, "internal_error"),
    ],
)
@pytest.mark.parametrize("family", BOTH)
def test_an_error_becomes_an_answer(family: Family, error: BrightlineError, status: int, code: str) -> None:
    reply = of_error(family, error)
    assert reply.status == status
    assert code in reply.body.decode()
    shown = status < 500  # what is our machine's own is not shown
    assert (error.place.encode() in reply.body) is (shown or not error.place)
    assert ((b"x-should-retry", b"false") in reply.headers) is (code == "oracle_disagrees")


def test_every_fault_of_a_model_server_has_a_code_of_its_own() -> None:
    assert set(UPSTREAM_FAULTS) == set(UpstreamFault)
    assert len({code for _, code in UPSTREAM_FAULTS.values()}) == len(UpstreamFault)


def test_the_place_of_a_call_error_is_openais_param() -> None:
    reply = of_error(Family.OPENAI, CallError("no", place="messages[1].role", cure="say user"))
    assert told(reply)["error"]["param"] == "messages[1].role"
    assert told(reply)["error"]["message"] == "messages[1].role: no — say user"


def test_an_event_in_each_shape() -> None:
    broken = UpstreamError("It broke off.", UpstreamFault.BROKE_OFF, sent=True, place="10.0.0.7:8080")
    openai = event(Api.CHAT, broken)
    assert openai.startswith(b"data: {")
    assert openai.endswith(b"}\n\n")
    assert json.loads(openai[6:])["error"]["code"] == "upstream_broke_off"
    responses = event(Api.RESPONSES, broken)
    assert responses.startswith(b"event: error\ndata: {")
    told = json.loads(responses[19:])
    assert (told["type"], told["code"], told["error"]["code"]) == ("error", *["upstream_broke_off"] * 2)
    anthropic = event(Api.MESSAGES, broken)
    assert anthropic.startswith(b"event: error\ndata: {")
    assert json.loads(anthropic[19:])["type"] == "error"
    assert json.loads(anthropic[19:])["error"]["details"]["error_code"] == "upstream_broke_off"
    assert b"10.0.0.7" not in openai + anthropic
    assert openai.count(b"\n") == 2
    assert anthropic.count(b"\n") == 3


@pytest.mark.parametrize("name", ["chat-no-messages", "chat-too-long", "chat-bad-role", "chat-image", "chat-wrong-key",
                                  "messages-no-messages", "messages-too-long", "not-found"])  # fmt: skip
def test_the_engines_errors_in_each_shape(name: str) -> None:
    c = capture(name)
    error = json.loads(c.body)["error"]
    openai = upstream(Family.OPENAI, c.status, c.body)
    anthropic = upstream(Family.ANTHROPIC, c.status, c.body)
    if c.status == 401:  # that is the gateway's key, not the client's
        assert openai.status == anthropic.status == 502
        assert error["message"].encode() not in openai.body
        assert (b"x-should-retry", b"false") in openai.headers
        return
    assert (openai.status, openai.body) == (c.status, c.body)
    assert anthropic.status == c.status
    assert told(anthropic)["type"] == "error"
    assert told(anthropic)["error"]["message"] == error["message"]
    assert told(anthropic)["error"]["details"] == {"error_code": error["type"]}


ANTHROPICS = pack({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}, "request_id": "r"})


def test_anthropics_own_error_passes_and_is_put_into_openais_shape() -> None:
    assert upstream(Family.ANTHROPIC, 529, ANTHROPICS).body == ANTHROPICS
    openai = upstream(Family.OPENAI, 529, ANTHROPICS)
    assert openai.status == 529
    assert told(openai)["error"] == {
        "message": "Overloaded",
        "type": "server_error",
        "param": None,
        "code": "overloaded_error",
    }


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (pack({"object": "error", "message": "too long", "type": "BadRequestError", "code": 400}), "too long"),  # vLLM
        (pack({"detail": "Not found"}), "Not found"),  # FastAPI
        (pack({"error": "model not loaded"}), "model not loaded"),  # Ollama
        (pack({"detail": [{"loc": ["x"]}]}), "the model server answered with HTTP 422"),
        (b"<html><h1>secret proxy page</h1></html>", "the model server answered with HTTP 422"),
        (b"\xff", "the model server answered with HTTP 422"),
        (b"", "the model server answered with HTTP 422"),
        (b"[" * 5000, "the model server answered with HTTP 422"),
        (pack([1]), "the model server answered with HTTP 422"),
        (pack({"message": "x" * 9000}), "x" * 2000),
    ],
)
@pytest.mark.parametrize("family", BOTH)
def test_other_servers_errors_are_put_into_shape(family: Family, body: bytes, message: str) -> None:
    reply = upstream(family, 422, body)
    assert reply.status == 422
    assert told(reply)["error"]["message"] == message


@pytest.mark.parametrize("family", BOTH)
def test_an_error_that_can_be_read_in_two_ways_is_not_passed_on(family: Family) -> None:
    openai = b'{"error":{"message":"a","message":"evil","type":"t"}}'
    anthropic = b'{"type":"error","error":{"type":"t","message":"a","message":"evil"}}'
    reply = upstream(family, 422, openai if family is Family.OPENAI else anthropic)
    assert reply.status == 422
    assert b"evil" not in reply.body
    assert told(reply)["error"]["message"] == "the model server answered with HTTP 422"


@pytest.mark.parametrize("status", [200, 204, 301, 304, 100, 600])
@pytest.mark.parametrize("family", BOTH)
def test_a_status_that_is_no_error_is_a_bad_gateway(family: Family, status: int) -> None:
    assert upstream(family, status, b"{}").status == 502


def test_models_in_each_shape() -> None:
    models = [ListedModel("a", "Vendor", 1_700_000_000), ListedModel("b", "Vendor")]
    assert json.loads(models_list(Family.OPENAI, models)) == {
        "object": "list",
        "data": [
            {"id": "a", "object": "model", "created": 1_700_000_000, "owned_by": "Vendor"},
            {"id": "b", "object": "model", "created": 0, "owned_by": "Vendor"},
        ],
    }
    anthropic = json.loads(models_list(Family.ANTHROPIC, models))
    assert anthropic["data"][0] == {
        "type": "model",
        "id": "a",
        "display_name": "a",
        "created_at": "2023-11-14T22:13:20Z",
        "lifecycle": "active",
    }
    assert anthropic["data"][1]["created_at"] == "1970-01-01T00:00:00Z"
    assert (anthropic["first_id"], anthropic["last_id"], anthropic["has_more"]) == ("a", "b", False)
    assert json.loads(models_list(Family.ANTHROPIC, [])) == {
        "data": [],
        "has_more": False,
        "first_id": None,
        "last_id": None,
    }


def test_an_unknown_model_is_a_404_that_suggests() -> None:
    error = unknown_model("smolm2", ["smollm2-135m-instruct", "smollm2"])
    assert (error.status, error.code, error.place) == (404, "model_not_found", "model")
    assert "smollm2" in error.cure
