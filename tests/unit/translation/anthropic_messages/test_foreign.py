import json
from typing import Any

import msgspec
import pytest

from gatewright.translation.anthropic_messages import PASSING
from gatewright.translation.seals import Sealed, pack

PACKED = pack(Sealed("sig", origin="gemini"))
OURS: dict[str, Any] = {"type": "thinking", "thinking": "Hm.", "signature": PACKED}
HIDDEN: dict[str, Any] = {"type": "redacted_thinking", "data": pack(Sealed("s", origin="gemini", call="t1"))}
UNSEALED: dict[str, Any] = {"type": "thinking", "thinking": "Hm.", "signature": ""}
CLAUDES: dict[str, Any] = {"type": "thinking", "thinking": "Hm.", "signature": "EqQB"}
CALL: dict[str, Any] = {"type": "tool_use", "id": "t1", "name": "f", "input": {"seal": PACKED}}
RESULT: dict[str, Any] = {"type": "tool_result", "tool_use_id": "t1", "content": f"It said {PACKED}"}
SAID: dict[str, Any] = {"type": "text", "text": f'What is "signature":"" and {PACKED}?'}
decode = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


def cleaned(messages: list[Any] | str, **more: Any) -> Any:
    assert PASSING.without_foreign is not None
    found = PASSING.without_foreign(decode(json.dumps({"model": "m", "messages": messages, **more}).encode()))
    return None if found is None else {name: json.loads(bytes(raw)) for name, raw in found.items()}


def turn(role: str, *blocks: Any) -> dict[str, Any]:
    return {"role": role, "content": list(blocks)}


@pytest.mark.parametrize("block", [OURS, HIDDEN, UNSEALED])
def test_what_only_we_can_read_is_taken_out_and_nothing_else_changes(block: Any) -> None:
    rest = [turn("assistant", CLAUDES, CALL), turn("user", RESULT), turn("assistant", SAID)]
    given = [turn("user", SAID), turn("assistant", block, *rest[0]["content"]), *rest[1:]]
    assert cleaned(given) == {"model": "m", "messages": [turn("user", SAID), *rest]}


def test_all_other_bytes_stay() -> None:
    one = b'{"role":"user",  "content":"Hi",  "n":18446744073709551615,"x":1.0}'
    message = b'{"content":[%b,{"type":"text","text":"a",  "x":1e3}],"role":"assistant"}'
    given = b'{"messages":[%b,%b]}' % (one, message % json.dumps(OURS).encode())
    assert PASSING.without_foreign is not None
    found = PASSING.without_foreign(decode(given))
    assert found is not None
    left = message.replace(b"%b,", b"")
    assert bytes(found["messages"]) == b"[%b,%b]" % (one, left)


def test_a_message_of_nothing_else_goes() -> None:
    assert cleaned([turn("user", SAID), turn("assistant", OURS, HIDDEN)])["messages"] == [turn("user", SAID)]


@pytest.mark.parametrize(
    "messages",
    [
        "Hello",
        [turn("user", SAID), turn("assistant", CLAUDES, CALL), turn("user", RESULT)],
        [{"role": "assistant", "content": PACKED}],
        [turn("assistant", {**OURS, "type": "text"})],
        [turn("assistant", {**OURS, "signature": [PACKED]})],
        [turn("assistant", {"type": "thinking", "thinking": PACKED})],
        [turn("assistant", PACKED, 7)],
        [PACKED],
        [{"role": "assistant", "content": {"a": PACKED}}],
    ],
)
def test_otherwise_there_is_nothing_to_do(messages: Any) -> None:
    assert cleaned(messages, thinking={"type": "enabled", "budget_tokens": 2000}) is None


BUDGET = {"type": "enabled", "budget_tokens": 2000}
ASKED = turn("user", {"type": "text", "text": "Do it."})


@pytest.mark.parametrize(
    ("messages", "thinking", "stays"),
    [
        ([ASKED, turn("assistant", OURS, CALL), turn("user", RESULT)], BUDGET, False),
        ([ASKED, turn("assistant", OURS, CALL), turn("user", RESULT)], {"type": "adaptive"}, True),
        ([ASKED, turn("assistant", OURS, CALL), turn("user", RESULT), ASKED], BUDGET, True),
        ([ASKED, turn("assistant", OURS, CALL), turn("user", RESULT, SAID)], BUDGET, True),
        ([ASKED, turn("assistant", OURS, CALL), {"role": "user", "content": "And?"}], BUDGET, True),
        (
            [
                *(ASKED, turn("assistant", OURS, CALL), turn("user", RESULT), turn("assistant", SAID)),
                *(ASKED, turn("assistant", CLAUDES, CALL), turn("user", RESULT)),
            ],
            BUDGET,
            True,
        ),
        (
            [
                *(ASKED, turn("assistant", OURS, CALL), turn("user", RESULT)),
                *(turn("assistant", CLAUDES, CALL), turn("user", RESULT)),
            ],
            BUDGET,
            False,
        ),
    ],
)
def test_a_turn_that_goes_on_without_its_thought_is_not_asked_for_more(
    messages: Any, thinking: Any, stays: bool
) -> None:
    """Anthropic wants a thought of its own before the calls of such a turn, where it has a budget."""
    management = {"edits": [{"type": "clear_thinking_20251015", "keep": "all"}]}
    found = cleaned(messages, thinking=thinking, context_management=management)
    assert ("thinking" in found, "context_management" in found) == (stays, stays)
    assert json.dumps(OURS)[1:-1] not in json.dumps(found)
