import json
from typing import Any

import msgspec
import pytest

from gatewright.translation.openai_responses import PASSING
from gatewright.translation.seals import Sealed, pack

OURS = {"type": "reasoning", "summary": [], "encrypted_content": pack(Sealed("sig", origin="anthropic_messages"))}
OPENAIS = {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "gAAA"}
SAID = {"role": "user", "content": f"What is {OURS['encrypted_content']}?"}
decode = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


def cleaned(body: bytes) -> Any:
    assert PASSING.without_foreign is not None
    return PASSING.without_foreign(decode(body))


def test_what_only_we_can_read_is_taken_out_and_nothing_else_changes() -> None:
    one = b'{"type":"message","role":"user","content":"Hi",  "n":18446744073709551615,"x":1.0}'
    items = b",".join([one, json.dumps(OURS).encode(), json.dumps(OPENAIS).encode(), json.dumps(SAID).encode()])
    found = cleaned(b'{"input":[%b],"model":"m"}' % items)
    assert bytes(found["input"]) == b"[%b]" % b",".join([one, json.dumps(OPENAIS).encode(), json.dumps(SAID).encode()])
    assert bytes(found["model"]) == b'"m"'


@pytest.mark.parametrize(
    "given",
    [
        "Hello",
        [OPENAIS, SAID],
        OURS["encrypted_content"],
        [{**OURS, "type": 7}],
        [{**OURS, "encrypted_content": [OURS["encrypted_content"]]}],
        [OURS["encrypted_content"]],
    ],
)
def test_otherwise_there_is_nothing_to_do(given: Any) -> None:
    assert cleaned(json.dumps({"model": "m", "input": given}).encode()) is None
    assert cleaned(b"{}") is None
