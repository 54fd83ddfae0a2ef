"""How many tokens a conversation is guessed to have."""

from hypothesis import given
from hypothesis import strategies as st

from gatewright.gateway.counting import DOCUMENT_TOKENS, IMAGE_TOKENS, MESSAGE_TOKENS, tokens_of
from gatewright.translation.model import Media, Message, Part, Request, Role, Text, Tool, ToolCall, ToolResult


def user(*parts: Part) -> Request:
    return Request(messages=(Message(Role.USER, parts),))


def test_everything_that_the_model_would_read_counts() -> None:
    assert tokens_of(Request(messages=())) == 1
    assert tokens_of(user(Text(text="word" * 10))) == MESSAGE_TOKENS + 10
    assert tokens_of(user(Text(text="語" * 4))) == MESSAGE_TOKENS + 3
    assert tokens_of(user(ToolCall(id="a", name="name", arguments='{"a":12}'))) == MESSAGE_TOKENS + 1 + 2
    inside = ToolResult(call_id="a", parts=(Text(text="word"), Media(kind="image", url="https://example.com/a.png")))
    assert tokens_of(user(inside)) == MESSAGE_TOKENS + 1 + IMAGE_TOKENS
    assert tokens_of(user(Media(kind="file", text="word" * 3))) == MESSAGE_TOKENS + 3
    assert tokens_of(user(Media(kind="file", data="A" * 120_000))) == MESSAGE_TOKENS + 3 * DOCUMENT_TOKENS
    tool = Tool(name="name", description="word" * 2, parameters={"type": "object"})
    assert tokens_of(Request(messages=(), tools=(tool,), system=(Text(text="word"),))) == 1 + 1 + 2 + 4


@given(st.lists(st.text(max_size=50), max_size=5), st.text(max_size=50))
def test_more_text_is_never_fewer_tokens(texts: list[str], more: str) -> None:
    few = user(*(Text(text=text) for text in texts))
    many = user(*(Text(text=text) for text in [*texts, more]))
    assert 1 <= tokens_of(few) <= tokens_of(many)
