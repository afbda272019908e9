"""Request fields that are closed: they would change which model answers, or what it reads, behind the decision.

A closed field is refused by name before the call is decided on, never dropped in silence. The lists were read in
llama.cpp's server (`server-schema.cpp`, `server-common.cpp`, `server-chat.cpp`: every field of a chat body that it does
not know is copied to the engine's parameters), vLLM's, SGLang's and TGI's OpenAI servers. What an API itself offers for
the same end stays open: `response_format` and `json_schema` for form, `temperature` and its kin for sampling.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from brightline.errors import CallError

_GROUPS: tuple[tuple[str, str, frozenset[str]], ...] = (
    (
        "puts another adapter on the model that the agreement names",
        "leave it out and name the variant in `model`: the gateway sets adapters itself",
        frozenset({
            "adapter", "adapter_id", "adapter_parameters", "adapter_source", "adapters", "lora", "lora_path",
            "lora_request",
        }),
    ),
    (
        "forces or forbids words beyond what the API offers",
        "leave it out; for JSON use `response_format`",
        frozenset({
            "allowed_token_ids", "bad_words", "custom_logit_processor", "custom_params", "ebnf", "grammar",
            "grammar_lazy", "grammar_triggers", "grammar_type", "guided_choice", "guided_decoding_backend",
            "guided_grammar", "guided_regex", "ignore_eos", "logit_bias", "logits_processors", "preserved_tokens",
            "regex", "structural_tag", "structured_outputs", "vllm_xargs",
        }),
    ),
    (
        "changes what the model reads beside the messages",
        "leave it out and put the text into the conversation itself",
        frozenset({
            "add_generation_prompt", "chat_format", "chat_parser", "chat_template", "continue_final_message",
            "generation_prompt", "input_embeds", "input_ids", "kv_transfer_params", "mm_processor_kwargs", "prompt",
            "prompt_embeds", "prompt_token_ids", "reasoning_budget_message", "session_params",
        }),
    ),
    (
        "sends the call to another model or server",
        "leave it out and name the model in `model`",
        frozenset({
            "api_base", "api_key", "api_token", "base_url", "bootstrap_host", "bootstrap_port", "bootstrap_room",
            "custom_llm_provider", "extra_body", "extra_headers", "fallbacks", "mock_response", "model_list",
            "models",
        }),
    ),
)  # fmt: skip
CLOSED = frozenset[str]().union(*(names for _, _, names in _GROUPS))

# llama.cpp lays these over the template's own variables: a "messages" here replaces the whole conversation (seen on
# xllamacpp 2026.10). Plain switches such as `enable_thinking` are what people use it for.
_TEMPLATE_TAKEN = frozenset({
    "add_generation_prompt", "bos_token", "chat_template", "conversation", "date_string", "documents", "eos_token",
    "messages", "prompt", "system_message", "tokenize", "tools",
})  # fmt: skip


def refuse_closed(fields: Mapping[str, Any], spoken: Collection[str]) -> None:
    """Raise CallError (400 `closed_field`) where a field is closed. Null and an empty `logit_bias` ask for nothing.

    `spoken`: the fields in which this API has its conversation. Those of another API are closed: an engine that serves
    several of them by one reading could take them for more.
    """
    for name in (fields.keys() & CLOSED) - set(spoken):
        value = fields[name]
        if value is None or (name == "logit_bias" and value == {}):
            continue
        why, cure = next((why, cure) for why, cure, names in _GROUPS if name in names)
        raise CallError(f"{name} is closed here: it {why}", code="closed_field", place=name, cure=cure)
    if "messages" in fields and "messages" not in spoken:
        why = "messages is closed here: this API has its conversation elsewhere"
        cure = f"leave it out and put the text in `{next(iter(spoken))}`"
        raise CallError(why, code="closed_field", place="messages", cure=cure)
    switches = fields.get("chat_template_kwargs")
    if switches is not None:
        _refuse_template(switches)


def _refuse_template(switches: object) -> None:
    place = "chat_template_kwargs"
    if type(switches) is not dict:
        raise CallError("not an object", place=place, cure='write {"enable_thinking": false}')
    for name, value in switches.items():
        plain = value is None or type(value) in (bool, int, float) or (type(value) is str and len(value) <= 32)
        if name in _TEMPLATE_TAKEN or not name.isidentifier() or not plain:
            raise CallError(
                "only plain switches are open: anything else could replace what the model reads",
                code="closed_field",
                place=f"{place}.{name[:40]}",
                cure="send a boolean, a number or a short word such as enable_thinking: false",
            )
