"""A key is held to the models that it may use, also behind a provider that hands requests on to others."""

import json
from pathlib import Path
from typing import Any

import pytest
from tests.unit.upstreams.server import Upstream
from tests.unit.web.model_api.harness import ASK, Provider, answer, gateway, model

from gatewright.domain.addresses import AddressPolicy
from gatewright.settings.providers import PROVIDERS
from gatewright.storage.database import Database
from gatewright.upstreams.account import Account
from gatewright.upstreams.endpoints import CHAT
from gatewright.upstreams.providers.registry import ways_of

OTHERS: list[tuple[str, Any]] = [
    ("models", ["dear/model"]),
    ("fallback_models", ["dear/model"]),
    ("preset", "dear"),
    ("providerOptions", {"gateway": {"models": ["dear/model"]}}),
    ("plugins", [{"id": "web"}, {"id": "fusion", "analysis_models": ["dear/model"]}]),
    ("plugins", "fusion"),
    ("tools", [{"type": "function"}, {"type": "openrouter:advisor", "parameters": {"model": "dear/model"}}]),
]


@pytest.mark.parametrize("provider", ["openai", "custom_openai", "openrouter", "groq", "azure_ai", "litellm_proxy"])
@pytest.mark.parametrize(("name", "value"), OTHERS)
async def test_a_body_cannot_choose_another_model(
    db: Database, tmp_path: Path, provider: str, name: str, value: Any
) -> None:
    told = Provider(answer())
    async with Upstream(told) as up, gateway(db, tmp_path, model(up.port, provider=provider)) as made:
        got = await made.chat({**ASK, name: value})
    assert (got.status, got.error["param"]) == (400, name)
    assert "may not" in got.error["message"]
    assert told.bodies == []


@pytest.mark.parametrize(
    "body",
    [
        b'{"model":"chat","messages":[],"Models":["dear/model"]}',
        b'{"model":"chat","messages":[],"\\u006dodels":["dear/model"]}',
        b'{"model":"chat","messages":[],"tools":[{"type":"openrouter\\u003aadvisor"}]}',
        b'{"model":"chat","messages":[],"tools":[{"type":"function","type":"openrouter:fusion"}]}',
    ],
)
async def test_nor_by_another_spelling(db: Database, tmp_path: Path, body: bytes) -> None:
    told = Provider(answer())
    async with Upstream(told) as up, gateway(db, tmp_path, model(up.port)) as made:
        got = await made.chat(body)
    assert (got.status, told.bodies) == (400, [])


async def test_nor_in_anthropics_words(db: Database, tmp_path: Path) -> None:
    told = Provider(answer())
    entry = {"provider": "anthropic", "upstream_model": "claude-x"}
    async with Upstream(told) as up, gateway(db, tmp_path, model(up.port, **entry)) as made:
        body = {"model": "chat", "max_tokens": 9, "messages": [], "models": ["claude-dear"]}
        got = await made.call("POST", "/v1/messages", json.dumps(body).encode())
    assert (got.status, told.bodies) == (400, [])
    assert b"`models`" in got.body


async def test_nor_by_a_form(db: Database, tmp_path: Path) -> None:
    told = Provider(answer())
    part = '--b\r\nContent-Disposition: form-data; name="{}"\r\n\r\n{}\r\n'
    parts = [("model", "chat"), ("file", "sound"), ("models[]", "dear/model")]
    body = "".join(part.format(*one) for one in parts) + "--b--\r\n"
    async with Upstream(told) as up, gateway(db, tmp_path, model(up.port)) as made:
        headers = {"authorization": f"Bearer {made.key}", "content-type": "multipart/form-data; boundary=b"}
        got = await made.call("POST", "/v1/audio/transcriptions", body.encode(), headers=headers)
    assert (got.status, got.error["param"], told.bodies) == (400, "models", [])


async def test_the_config_may_choose_and_harmless_helpers_are_asked(db: Database, tmp_path: Path) -> None:
    told = Provider(answer())
    params = {"defaults": {"models": ["spare/model"]}}
    harmless = {"plugins": [{"id": "web"}], "tools": [{"type": "openrouter:web_search"}, {"type": "function"}]}
    async with Upstream(told) as up, gateway(db, tmp_path, model(up.port, params=params)) as made:
        got = await made.chat({**ASK, **harmless})
    assert got.status == 200
    sent = json.loads(told.bodies[0])
    assert sent["models"] == ["spare/model"]
    assert {name: sent[name] for name in harmless} == harmless


def test_only_known_addresses_are_free_of_it() -> None:
    """An address is known by its provider's row; a longer host that begins alike is another."""
    for name, row in PROVIDERS.items():
        if row.speaks != "openai" or row.api_base is None:
            continue
        for base, hands_on in ((row.api_base, row.hands_on), (f"{row.api_base}x", True)):
            account = Account(provider=name, model="x", api_base=base, api_key="k", policy=AddressPolicy())
            assert bool(ways_of(account)[CHAT.path].choosers) == hands_on, base
