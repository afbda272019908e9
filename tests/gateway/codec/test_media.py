"""What of a call is no text: listed privately, flagged, and refused where only the model server has it."""

import hashlib
import json
from typing import Any

import pytest

from brightline.errors import CallError
from brightline.gateway.codec import Api, decode, described
from brightline.record.body import Act, DecisionBody
from brightline.record.entry import Flag, Kind
from tests.gateway import scripts
from tests.gateway.calling import CHAT, CLAUSES, LOOK, asked, calling, registered
from tests.gateway.codec.vectors import CONVERSED, asking, pack
from tests.gateway.plain import post
from tests.gateway.stage import MODEL, Stage, stage

DATA = "QUJD" * 100  # 400 characters of base64: 300 bytes
URL = "https://example.org/a.png"
TEXT = {"type": "text", "text": "What is this?"}
IMAGE: dict[Api, Any] = {
    Api.CHAT: {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{DATA}"}},
    Api.MESSAGES: {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": DATA}},
    Api.COUNT_TOKENS: {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": DATA}},
    Api.RESPONSES: {"type": "input_image", "image_url": f"data:image/png;base64,{DATA}"},
}
LINKED: dict[Api, Any] = {
    Api.CHAT: {"type": "image_url", "image_url": {"url": URL}},
    Api.MESSAGES: {"type": "image", "source": {"type": "url", "url": URL}},
    Api.COUNT_TOKENS: {"type": "image", "source": {"type": "url", "url": URL}},
    Api.RESPONSES: {"type": "input_image", "image_url": URL},
}


def said(*parts: Any) -> list[dict[str, Any]]:
    return [{"role": "user", "content": [TEXT, *parts]}]


@pytest.mark.parametrize("api", CONVERSED)
def test_each_part_is_listed_with_a_digest_and_a_rounded_size(api: Api) -> None:
    call = decode(api, pack(asking(api, said(IMAGE[api], LINKED[api], {"type": "hologram", "x": 1}))))
    image, linked, other = json.loads(described(call))
    inline = IMAGE[api].get("source", {}).get("data") or f"data:image/png;base64,{DATA}"
    assert image == {
        "at": f"{api.spoken[0]}[0]", "kind": "image", "size": 512, "linked": False,
        "digest": f"sha256:{hashlib.sha256(inline.encode()).hexdigest()}",
    }  # fmt: skip
    assert (linked["kind"], linked["size"], linked["linked"]) == ("image", 0, True)
    assert (other["kind"], other["linked"]) == ("other", False)
    assert sum(call.parts.values()) == 3
    assert call.linked == 1
    assert any(URL in piece.text for piece in call.new()), "a link is text that is read"


@pytest.mark.parametrize(
    ("api", "part"),
    [
        (Api.CHAT, {"type": "file", "file": {"file_id": "f"}}),
        (Api.RESPONSES, {"type": "input_file", "file_id": "f"}),
        (Api.RESPONSES, {"type": "input_image", "file_id": "f"}),
        (Api.MESSAGES, {"type": "image", "source": {"type": "file", "file_id": "f"}}),
        (Api.MESSAGES, {"type": "document", "source": {"type": "file", "file_id": "f"}}),
        (Api.MESSAGES, {"type": "container_upload", "file_id": "f"}),
        (Api.MESSAGES, {"type": "tool_result", "tool_use_id": "t", "content": [
            {"type": "image", "source": {"type": "file", "file_id": "f"}}]}),
    ],
)  # fmt: skip
def test_a_file_that_the_model_server_keeps_is_refused(api: Api, part: dict[str, Any]) -> None:
    with pytest.raises(CallError) as caught:
        decode(api, pack(asking(api, said(part))))
    assert (caught.value.status, caught.value.code) == (400, "kept_upstream")
    assert caught.value.place.startswith(api.spoken[0])


def decisions(s: Stage) -> list[tuple[int, bool, list[str]]]:
    """Of each decision: what act, whether it says NOT_SCREENED, its private fields about parts."""
    entries = [e for e in s.recorder.entries if e.kind != Kind.COUNTERS]
    return [
        (draft.body.act, bool(entry.flags & Flag.NOT_SCREENED), [v.decode() for n, v in draft.fields if n == "parts"])
        for draft, entry in zip(s.recorder.drafts, entries, strict=True)
        if isinstance(draft.body, DecisionBody)
    ]


@pytest.mark.parametrize("api", [a for a in CONVERSED if a is not Api.COUNT_TOKENS])
async def test_the_entry_says_that_nobody_screened_them(api: Api) -> None:
    async with stage(scripts.model) as s:
        body = {"model": MODEL, api.spoken[0]: said(IMAGE[api]), "max_tokens": 9}
        assert (await post(s.url, pack(body), api)).status == 200
        ((_, flagged, (listed,)),) = decisions(s)
        assert flagged
        assert json.loads(listed)[0]["kind"] == "image"
        assert DATA.encode() in s.seen[0].body, "the image reaches the model as it came"


async def test_the_parts_are_the_model_calls_and_no_tool_calls() -> None:
    async with stage(calling(LOOK), terms=CLAUSES, tools=registered()) as s:
        body = json.loads(asked(CHAT, stream=False)) | {"messages": said(IMAGE[Api.CHAT])}
        await post(s.url, pack(body), CHAT)
        made = {act: listed for act, _, listed in decisions(s)}
        assert len(made[Act.MODEL_CALL]) == 1
        assert made[Act.TOOL_CALL] == []
