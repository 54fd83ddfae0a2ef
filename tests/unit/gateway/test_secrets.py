"""A provider that repeats a secret, whatever it makes of it, tells it to nobody."""

import json
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.upstreams.server import Upstream
from tests.unit.web.model_api.harness import ASK, DONE, FIRST, STREAM_HEAD, Provider, chunk, gateway, model

from gatewright.gateway.secrets import hidden, without_secrets
from gatewright.storage.database import Database
from gatewright.translation.halves import ProviderError

SPELLINGS: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "JSON": lambda text: json.dumps(text)[1:-1],
    "PHP's JSON": lambda text: json.dumps(text)[1:-1].replace("/", "\\/"),
    ".NET's JSON": lambda text: "".join(c if c.isalnum() or c in "-._~ " else f"\\u{ord(c):04X}" for c in text),
    "a URL": lambda text: quote(text, safe=""),
    "a URL with slashes": quote,
}


@given(st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), min_size=6), st.sampled_from(sorted(SPELLINGS)))
def test_a_secret_is_covered_however_it_is_written(secret: str, spelling: str) -> None:
    written = SPELLINGS[spelling](secret)
    found = hidden(f'{{"error":"no: {written}!"}}'.encode(), [secret.encode()])
    assert found == b'{"error":"no: ***!"}'


@given(st.binary(), st.lists(st.binary(min_size=6, max_size=9)))
def test_what_holds_none_stays_as_it_is(data: bytes, secrets: list[bytes]) -> None:
    assert not any(secret in hidden(data, secrets) for secret in secrets) or b"*" in b"".join(secrets)
    if b"\\" not in data and b"%" not in data and not any(secret in data for secret in secrets):
        assert hidden(data, secrets) == data


def test_words_kind_and_parameter_of_an_error_are_covered() -> None:
    error = ProviderError("Wrong key sk-provider-secret, not sk-provider", "sk-provider-secret", "sk-provider-secret")
    covered = ProviderError("Wrong key ***, not sk-provider", "***", "***")
    assert without_secrets(error, [b"sk-provider-secret"]) == covered
    assert without_secrets(ProviderError(""), [b"sk-provider-secret"]) == ProviderError("")


@pytest.mark.parametrize("cuts", [1, 2, 7])
async def test_an_error_in_the_middle_of_a_stream_is_covered(db: Database, tmp_path: Path, cuts: int) -> None:
    event = b'data: {"error":{"message":"The key sk-provider-secret is used up","code":429}}\n\n'
    size = -(-len(event) // cuts)
    pieces = [chunk(event[at : at + size]) for at in range(0, len(event), size)]
    given = STREAM_HEAD + chunk(FIRST) + b"".join(pieces) + chunk(DONE) + b"0\r\n\r\n"
    async with Upstream(Provider(given)) as up, gateway(db, tmp_path, model(up.port)) as made:
        got = await made.chat({**ASK, "stream": True})
    assert got.body == FIRST + event.replace(b"sk-provider-secret", b"***") + DONE


async def test_an_answer_that_only_speaks_of_errors_keeps_its_bytes(db: Database, tmp_path: Path) -> None:
    event = FIRST.replace(b"Hel", b"An error: sk-provider, or its secret")
    given = STREAM_HEAD + chunk(event) + chunk(DONE) + b"0\r\n\r\n"
    async with Upstream(Provider(given)) as up, gateway(db, tmp_path, model(up.port)) as made:
        got = await made.chat({**ASK, "stream": True})
    assert got.body == event + DONE
