"""What a model's name says of it."""

import pytest

from gatewright.translation.claude import Thinking, traits


@pytest.mark.parametrize(
    ("model", "thinking", "max_output"),
    [
        ("claude-3-haiku-20240307", Thinking.NEVER, 4_096),
        ("claude-2.1", Thinking.NEVER, 4_096),
        ("claude-instant-1.2", Thinking.NEVER, 4_096),
        ("claude-3-5-sonnet-latest", Thinking.NEVER, 8_192),
        ("claude-3-7-sonnet-20250219", Thinking.BUDGET, 64_000),
        ("claude-sonnet-4-20250514", Thinking.BUDGET, 64_000),
        ("claude-opus-4-1-20250805", Thinking.BUDGET, 32_000),
        ("claude-opus-4-5-20251101", Thinking.BUDGET, 64_000),
        ("claude-haiku-4.5", Thinking.BUDGET, 64_000),
        ("us.anthropic.claude-sonnet-4-5-20250929-v1:0", Thinking.BUDGET, 64_000),
        ("claude-haiku-4-5@20251001", Thinking.BUDGET, 64_000),
        ("claude-sonnet-4-6", Thinking.ADAPTIVE, 64_000),
        ("anthropic.claude-opus-4-6-v1", Thinking.ADAPTIVE, 64_000),
        ("claude-opus-5", Thinking.ADAPTIVE, 64_000),
        ("claude-mythos-preview", Thinking.ADAPTIVE, 64_000),
        ("claude-haiku-7-20300101", Thinking.ADAPTIVE, 64_000),
        ("glm-5", Thinking.BUDGET, 8_192),
    ],
)
def test_how_it_thinks_and_how_long_it_may_answer(model: str, thinking: Thinking, max_output: int) -> None:
    assert traits(model)[:2] == (max_output, thinking)


def test_what_changed_with_each_generation() -> None:
    assert [name for name in GENERATIONS if traits(name).samples] == GENERATIONS[:5]
    assert [name for name in GENERATIONS if traits(name).blends] == GENERATIONS[:2]
    assert [name for name in GENERATIONS if traits(name).structured] == GENERATIONS[2:]
    assert [name for name in GENERATIONS if traits(name).xhigh] == GENERATIONS[5:]


GENERATIONS = [
    "claude-3-5-sonnet-20241022",
    "claude-opus-4-20250514",
    "claude-opus-4-1",
    "claude-sonnet-4-5",
    "claude-sonnet-4-6",
    "claude-opus-4-7",
    "claude-opus-4-8",
    "claude-opus-5",
    "claude-haiku-5-5",
]


def test_switching_thought_off() -> None:
    assert traits("claude-opus-4-8").pausable is None
    assert traits("claude-sonnet-5").pausable is True
    assert traits("claude-opus-5-5").pausable is False
    assert traits("claude-fable-5").pausable is False


def test_instructions_among_the_messages() -> None:
    refusing = ("claude-sonnet-4-6", "claude-opus-4-7", "claude-sonnet-5", "kimi-k3")
    assert not any(traits(name).instructed for name in refusing)
    assert all(traits(name).instructed for name in ("claude-opus-4-8", "claude-fable-5", "claude-sonnet-5-5"))
