"""The demo's tool calls, one held and one denied, and the look-up that crosses the meter."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import openai
from rich.text import Text

from brightline.cli.demo_registry import ENDPOINTS, TOOLS
from brightline.cli.demo_stage import Stage
from brightline.cli.printing import outcome, quote, say
from brightline.errors import MachineError
from brightline.models import EmbeddedModel
from brightline.registry import endpoint_digest

MODEL = EmbeddedModel.weights.name
TAKEN_SECONDS = 20.0  # until a running gateway has read what was signed for the desk
EACH, UP_TO = 10, 100  # persons: in each look-up, and where the compromise has the privacy officer decide


def held_then_granted(stage: Stage, url: str) -> dict[str, Any]:
    """A tool call waits for the commander; granted, the same call happens, once, as it was asked for."""
    _title("A tool that acts: task an armed drone to a holding point, weapons safe")
    shown = _held(lambda: _ask(stage, url, "task_drone"), "hold")
    hold = shown["hold"]["id"]
    stage.command("desk", "show", "desk", hold[:8], "--key", "commander.key", show=True, most=14)
    stage.command("desk", "grant", "desk", hold[:8], "--key", "commander.key", "--reason", "weapons safe", show=True)
    say("    the agent sends the same request again; the model is not asked a second time")
    (call,) = _once_taken(lambda: _ask(stage, url, "task_drone")).tool_calls
    say("    ", outcome("permit"), f"   {call.function.name}({call.function.arguments})")
    again = _held(lambda: _ask(stage, url, "task_drone"), "hold")
    say("    a grant serves one use: sent a third time, it waits again")
    return {"hold": hold, "released": call.function.name, "again": again["hold"]["id"]}


def denied(stage: Stage, url: str) -> dict[str, Any]:
    """A tool that would engage by itself never reaches the agent; what the agent reads instead says why."""
    _title("`close_track`, which its owner registered as what it is: it engages, by itself, whom the model selected")
    message = _ask(stage, url, "close_track")
    if message.tool_calls:
        raise MachineError("the engagement reached the agent", place="demo", cure="report this")
    say("    ", outcome("deny"), "   the call is replaced by words that the agent can read:")
    quote((message.content or "").strip())
    return {"released": [], "text": message.content}


def crossing(stage: Stage, url: str) -> list[str]:
    """Look-ups of ten persons each, nothing in itself; the meter sees them together. Returns each outcome."""
    _title(f"Calls abroad, {EACH} U.S. persons on the lines of each, others every time")
    outcomes: list[str] = []
    clauses: list[Any] = []
    for part in range(UP_TO // EACH):
        listed = "\n".join(f"- Subscriber {part * EACH + n:04}" for n in range(EACH))
        try:
            _client(stage, url).chat.completions.create(
                model=MODEL,
                max_tokens=4,
                messages=[{"role": "user", "content": f"How many are these?\n{listed}"}],
                extra_headers={"Brightline-Purpose": "foreign-calls"},
            )
            outcomes.append("permit")
        except openai.PermissionDeniedError as e:
            outcomes.append(_shown(e)["outcome"])
            clauses = [c for c in _shown(e)["clauses"] if c["id"] == "K5-soft"]
    if outcomes != ["permit"] * (UP_TO // EACH - 1) + ["hold"]:
        raise MachineError(f"they came out as {outcomes}", place="demo", cure="report this")
    say("    ", outcome("permit"), f"   {UP_TO // EACH - 1} look-ups, {UP_TO - EACH} persons in all")
    say("    ", outcome("hold"), f"   the next would make it {UP_TO}")
    for clause in clauses:
        quote(f"{clause['id']}: {clause['title']}. {clause['text']}")
    return outcomes


def _ask(stage: Stage, url: str, tool: str) -> Any:
    """The model's message. Who runs the tool tells where its calls go: a tool is what was registered there alone."""
    wired = f"{tool}={endpoint_digest(ENDPOINTS[tool])}"
    answer = _client(stage, url).chat.completions.create(
        model=MODEL,
        messages=[{"role": "user", "content": "Send R-2 to the northern holding point."}],
        tools=[TOOLS[tool]],
        extra_headers={"Brightline-Purpose": "drone-tasking", "Brightline-Endpoints": wired},
    )
    return answer.choices[0].message


def _held(call: Callable[[], Any], meant: str) -> dict[str, Any]:
    """What the refusal shows. Raises MachineError where the call goes through or is refused otherwise."""
    try:
        call()
    except openai.PermissionDeniedError as e:
        shown = _shown(e)
        if shown["outcome"] == meant:
            say("    ", outcome(meant), f"   {shown['next']}")
            return shown
        raise MachineError(f"meant to be {meant}, and was {shown}", place="demo", cure="report this") from None
    raise MachineError(f"meant to be {meant}", place="demo", cure="report this")


def _once_taken(call: Callable[[], Any]) -> Any:
    """The answer, as soon as the gateway has taken what was signed."""
    end = time.monotonic() + TAKEN_SECONDS
    while True:
        try:
            return call()
        except openai.PermissionDeniedError:
            if time.monotonic() > end:
                raise MachineError("the grant was not taken", place="demo", cure="report this") from None
            time.sleep(0.2)


def _shown(error: openai.PermissionDeniedError) -> dict[str, Any]:
    body: Any = error.body
    found: dict[str, Any] = body["brightline"]
    return found


def _client(stage: Stage, url: str) -> openai.OpenAI:
    return openai.OpenAI(base_url=f"{url}/v1", api_key=stage.api_key, max_retries=0)


def _title(text: str) -> None:
    say()
    say(Text(f"  {text}", style="bold"))
