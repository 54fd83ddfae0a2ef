"""The wire formats of conversations."""

from enum import StrEnum


class Dialect(StrEnum):
    """Clients speak the first three; providers speak all of them."""

    CHAT = "openai_chat"
    """OpenAI chat completions."""
    RESPONSES = "openai_responses"
    """OpenAI responses."""
    MESSAGES = "anthropic_messages"
    """Anthropic messages."""
    GEMINI = "gemini"
    """Google generateContent."""
    CONVERSE = "bedrock_converse"
    """Amazon Bedrock Converse."""
