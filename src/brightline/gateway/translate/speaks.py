"""What a model server speaks, as the settings name it."""

from __future__ import annotations

from enum import StrEnum


class Speaks(StrEnum):
    """The APIs that a model server has."""

    BOTH = "both"  # whatever is called: it is asked as the client asked
    OPENAI = "openai"
    OPENAI_CHAT = "openai-chat"  # OpenAI's, without Responses
    ANTHROPIC = "anthropic"
