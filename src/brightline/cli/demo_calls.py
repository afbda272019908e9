"""The demo's six calls, through the vendors' own SDKs with nothing but base URL and key changed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from rich.text import Text

from brightline.cli.printing import outcome, quote, say
from brightline.errors import MachineError
from brightline.models import EmbeddedModel

MODEL = EmbeddedModel.weights.name
MAX_TOKENS = 48


@dataclass(frozen=True, slots=True)
class Scene:
    """One call: who asks what, for which purpose, over which API."""

    title: str
    purpose: str
    api: str
    stream: bool
    prompt: str
    meant: str


SCENES = (
    Scene("Ordinary work, streamed", "ordinary", "openai", True, "Write one sentence on why rosters matter.", "permit"),
    Scene(
        "Rank detected vehicles abroad; a commander decides on each strike",
        "vehicle-ranking",
        "anthropic",
        False,
        "Rank these three detections by confidence: truck 0.91, van 0.44, car 0.72.",
        "permit",
    ),
    Scene(
        "Query the holdings by a U.S. person's name, with a court order",
        "case-query",
        "anthropic",
        False,
        "Summarise the holdings on the person in case 4711.",
        "hold",
    ),
    Scene(
        "A data set of unknown origin",
        "dataset-review",
        "openai",
        False,
        "Which columns does this data set have?",
        "ask",
    ),
    Scene(
        "Movement profiles from a purchased location feed at home",
        "movement-profiles",
        "openai",
        True,
        "Build a movement profile of every device in this feed.",
        "deny",
    ),
    Scene(
        "The assessment that feeds a nuclear recommendation",
        "nuclear-assessment",
        "anthropic",
        False,
        "Draft the assessment for the employment decision.",
        "deny",
    ),
)


def make(url: str, api_key: str) -> list[dict[str, Any]]:
    """Make the six calls and tell what came of each. Raises MachineError where one goes otherwise than meant."""
    callers = _callers(url, api_key)
    told = []
    for number, scene in enumerate(SCENES, 1):
        say()
        say(Text(f"5.{number} {scene.title}", style="bold"))
        say(f"    {scene.api} SDK{', streaming' if scene.stream else ''}; Brightline-Purpose: {scene.purpose}")
        result = callers[scene.api](scene)
        if result["outcome"] != scene.meant:
            text = f"call {number} was meant to be {scene.meant} and was {result['outcome']}"
            raise MachineError(text, place="demo", cure="report this")
        _tell(result)
        told.append({"title": scene.title, **result})
    return told


def _callers(url: str, api_key: str) -> dict[str, Callable[[Scene], dict[str, Any]]]:
    try:
        import anthropic  # noqa: PLC0415 - the demo alone needs the SDKs
        import openai  # noqa: PLC0415
    except ImportError:
        text = "the openai and anthropic SDKs are not installed"
        raise MachineError(text, place="demo", cure="run `make demo`, which installs them") from None
    to_openai = openai.OpenAI(base_url=f"{url}/v1", api_key=api_key)
    to_anthropic = anthropic.Anthropic(base_url=url, api_key=api_key)

    def ask_openai(scene: Scene) -> dict[str, Any]:
        try:
            raw = to_openai.chat.completions.with_raw_response.create(
                model=MODEL,
                max_tokens=MAX_TOKENS,
                stream=scene.stream,
                messages=[{"role": "user", "content": scene.prompt}],
                extra_headers={"Brightline-Purpose": scene.purpose},
            )
        except openai.PermissionDeniedError as e:
            return _refused(e.response.headers, e.body["brightline"])  # type: ignore[index]
        answer: Any = raw.parse()
        if scene.stream:
            text = "".join(c.choices[0].delta.content or "" for c in answer if c.choices)
        else:
            text = answer.choices[0].message.content
        return _answered(raw.headers, text)

    def ask_anthropic(scene: Scene) -> dict[str, Any]:
        try:
            raw = to_anthropic.messages.with_raw_response.create(
                model=MODEL,
                max_tokens=MAX_TOKENS,
                messages=[{"role": "user", "content": scene.prompt}],
                extra_headers={"Brightline-Purpose": scene.purpose},
            )
        except anthropic.PermissionDeniedError as e:
            return _refused(e.response.headers, e.body["brightline"])  # type: ignore[index]
        return _answered(raw.headers, "".join(getattr(b, "text", "") for b in raw.parse().content))

    return {"openai": ask_openai, "anthropic": ask_anthropic}


def _answered(headers: Any, text: str) -> dict[str, Any]:
    decision = headers["brightline-decision"]
    return {
        "outcome": decision.partition(";")[0],
        "decision": decision,
        "receipt": headers["brightline-receipt"],
        "answer": text,
    }


def _refused(headers: Any, shown: Any) -> dict[str, Any]:
    return {
        "outcome": shown["outcome"],
        "decision": headers["brightline-decision"],
        "receipt": headers["brightline-receipt"],
        "refusal": shown,
    }


def _tell(result: dict[str, Any]) -> None:
    say("    ", outcome(result["outcome"]), f"   receipt {result['receipt'].split(';terms')[0]}")
    if "answer" in result:
        if "duties=" in result["decision"]:
            say("    noted and counted, as the terms ask")
        quote(f"the model: {result['answer'].strip()}")
        return
    shown = result["refusal"]
    for clause in shown["clauses"][:3]:
        quote(f"{clause['id']}: {clause['title']}. {clause['text']}")
    quote(f"cure: {_cure(shown)}")


def _cure(shown: Any) -> str:
    for need in shown["needs"]:
        if need["approvals"]:
            return f"approval by {' and '.join(need['approvals'])}. {shown['next']}"
        if need["facts"]:
            return f"state {', '.join(need['facts'])}. {shown['next']}"
    return str(shown["next"])
