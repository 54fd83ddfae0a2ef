"""Deployments: where they come from, who sees them, in which order they are tried, how they are added and removed."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.unit.web.model_api.harness import model, settings

from gatewright.domain.addresses import AddressPolicy
from gatewright.domain.errors import BadInput, Conflict, NotFound, SettingInvalid, Unavailable, UnknownModel
from gatewright.domain.identity import Role
from gatewright.domain.keys import Principal
from gatewright.domain.money import Extras, Price
from gatewright.domain.people import Origin
from gatewright.gateway.deployment import ECHO, Deployment
from gatewright.gateway.deployments import Deployments, KeyModelAccessDenied, ModelStoreOff
from gatewright.gateway.new_deployment import NewDeployment
from gatewright.storage import audit_log, changes
from gatewright.storage.database import Database
from gatewright.storage.sealing import Sealer

ANYBODY = Principal(kind="master", role=Role.PROXY_ADMIN, user_pk=None, user_id="admin", credential_id=0)
CATALOGUE = Price(input=1, output=2)
NEW = NewDeployment(
    name="chat", upstream_model="gpt-x", api_base="https://llm.example/v1/", api_key="sk-provider", price=Price(3, 4)
)


async def resolve(host: str, _: int) -> list[str]:
    return {"llm.example": ["93.184.216.34"], "inside.example": ["10.1.2.3"], "mixed.example": ["10.1.2.3", "::1"]}[
        host
    ]


def registry(db: Database, tmp_path: Path, *entries: Any, **changed: Any) -> Deployments:
    return Deployments(db, settings(tmp_path, entries, **changed), lambda *_: CATALOGUE, resolve)


def behind(found: Deployments, name: str) -> list[Deployment]:
    return [member.deployment for member in found.plan(name, ANYBODY).members]


async def add(found: Deployments, **changed: Any) -> Any:
    return await found.add(msgspec.structs.replace(NEW, **changed), actor="admin", origin=Origin())


async def test_echo_is_there_only_while_nothing_else_is(db: Database, tmp_path: Path) -> None:
    found = registry(db, tmp_path)
    await found.refresh()
    assert behind(found, "echo") == [ECHO]
    assert found.visible(ANYBODY) == [ECHO]
    with pytest.raises(UnknownModel, match="does not exist") as missing:
        found.plan("gpt-x", ANYBODY)
    assert "demonstration model" in (missing.value.hint or "")
    added = await add(found)
    assert found.names(ANYBODY) == ["chat"]
    with pytest.raises(UnknownModel):
        found.plan("echo", ANYBODY)
    await found.remove(added.id, actor="admin", origin=Origin())
    assert found.names(ANYBODY) == ["echo"]


async def test_one_that_is_added_is_stored_sealed_audited_and_announced(db: Database, tmp_path: Path) -> None:
    found = registry(db, tmp_path)
    added = await add(found)
    assert behind(found, "chat") == [added]
    assert (added.provider, added.upstream_model, added.source) == ("openai", "gpt-x", "database")
    assert (added.api_base, added.price) == ("https://llm.example/v1", Price(3, 4))
    assert b"authorization: Bearer sk-provider" in added.ways["/chat/completions"].target.head
    assert added.ways["/chat/completions"].target.policy.operator is False
    assert "sk-provider" not in repr(added) + repr(NEW)
    async with db.read() as tx:
        (event,) = await audit_log.newest(tx, 9)
        announced = await changes.since(tx, 0)
    assert (event["action"], event["target"], event["actor"]) == ("model.create", added.id, "admin")
    assert "sk-provider" not in str(event)
    assert [(change.kind, change.ref) for change in announced] == [("deployment", added.id)]
    assert all(b"sk-provider" not in path.read_bytes() for path in tmp_path.glob("gatewright.db*"))


async def test_other_workers_read_again_when_they_are_told(db: Database, tmp_path: Path) -> None:
    here, there = registry(db, tmp_path), registry(db, tmp_path)
    await there.refresh()
    added = await add(here)
    await there.refresh()
    assert there.names(ANYBODY) == ["echo"]
    async with db.read() as tx:
        for change in await changes.since(tx, 0):
            there.apply(change)
    await there.refresh()
    assert there.visible(ANYBODY) == [added]


async def test_what_is_known_stays_while_the_database_is_away(
    db: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away() -> None:
        raise Unavailable("away")

    found = registry(db, tmp_path)
    added = await add(found)
    found.apply(changes.Change(1, "deployment", "x"))
    with monkeypatch.context() as patched:
        patched.setattr(db, "read", away)
        with pytest.raises(Unavailable):
            await found.refresh()
    assert found.visible(ANYBODY) == [added]
    await found.refresh()
    assert found.visible(ANYBODY) == [added]


async def test_the_config_file_and_the_database_share_a_name(db: Database, tmp_path: Path) -> None:
    found = registry(db, tmp_path, model(1), model(2, "other", price=None))
    added = await add(found)
    assert [(one.name, one.source) for one in found.visible(ANYBODY)] == [
        ("chat", "config"),
        ("chat", "database"),
        ("other", "config"),
    ]
    assert [one.id for one in behind(found, "chat")] == ["chat-1", added.id]
    assert found.find("other-2").price == CATALOGUE
    with pytest.raises(Conflict, match="config file"):
        await found.remove("chat-1", actor="admin", origin=Origin())
    with pytest.raises(NotFound):
        await found.remove("nothing", actor="admin", origin=Origin())


async def test_a_key_sees_and_uses_what_it_may(db: Database, tmp_path: Path) -> None:
    found = registry(db, tmp_path, model(1), model(2, "other"))
    key = msgspec.structs.replace(ANYBODY, kind="key", models=frozenset({"other", "gone"}))
    assert found.names(key) == ["other"]
    assert [one.name for one in found.visible(key)] == ["other"]
    assert found.plan("other", key).name == "other"
    with pytest.raises(KeyModelAccessDenied):
        found.plan("chat", key)
    with pytest.raises(UnknownModel):
        found.plan("gone", key)
    everything = msgspec.structs.replace(key, models=frozenset({"all-proxy-models"}))
    assert found.names(everything) == ["chat", "other"]


@pytest.mark.parametrize(
    ("changed", "param"),
    [
        ({"name": ""}, "name"),
        ({"name": " chat"}, "name"),
        ({"name": "a\nb"}, "name"),
        ({"name": "x" * 201}, "name"),
        ({"upstream_model": ""}, "upstream_model"),
        ({"upstream_model": "openai/"}, "upstream_model"),
        ({"upstream_model": "hosted_vllm/x", "api_base": None}, "api_base"),
        ({"api_base": "ftp://llm.example"}, "api_base"),
        ({"api_base": "https://user:pw@llm.example"}, "api_base"),
        ({"api_base": "http://169.254.169.254/latest"}, "api_base"),
        ({"api_base": "http://[fd00:ec2::254]/v1"}, "api_base"),
        ({"api_base": "http://inside.example/v1"}, "api_base"),
        ({"api_base": "http://10.0.0.1/v1"}, "api_base"),
        ({"api_key": "sk-a\r\nx-evil: 1"}, "api_key"),
        ({"price": Price(-1, 1)}, "input_price_per_million"),
        ({"price": Price(1, 10**16)}, "output_price_per_million"),
    ],
    ids=str,
)
async def test_what_cannot_be_added(db: Database, tmp_path: Path, changed: dict[str, Any], param: str) -> None:
    found = registry(db, tmp_path)
    with pytest.raises(BadInput) as refused:
        await add(found, **changed)
    assert refused.value.param == param
    await found.refresh()
    assert found.visible(ANYBODY) == [ECHO]


async def test_what_the_policy_allows_can_be_added(db: Database, tmp_path: Path) -> None:
    found = registry(db, tmp_path, allowed_networks=("10.1.0.0/16",))
    assert (await add(found, api_base="http://inside.example/v1")).ways["/chat/completions"].target.policy.networks == (
        "10.1.0.0/16",
    )
    assert (await add(found, name="own", api_base="http://127.0.0.1:8000/v1")).name == "own"
    openai = await add(
        registry(db, tmp_path, allowed_networks=("0.0.0.0/1",)), name="o", api_base="http://93.184.216.34/v1"
    )
    assert openai.upstream_model == "gpt-x"
    with pytest.raises(BadInput):
        await add(registry(db, tmp_path, host="0.0.0.0"), api_base="http://127.0.0.1:8000/v1")


async def test_with_the_store_off_nothing_is_added_or_read(db: Database, tmp_path: Path) -> None:
    await add(registry(db, tmp_path))
    found = registry(db, tmp_path, store_models=False)
    with pytest.raises(ModelStoreOff):
        await add(found)
    with pytest.raises(ModelStoreOff):
        await found.remove("x", actor="admin", origin=Origin())
    await found.refresh()
    assert found.visible(ANYBODY) == [ECHO]


async def test_a_row_that_cannot_be_opened_is_not_a_model_that_is_missing(db: Database, tmp_path: Path) -> None:
    await add(registry(db, tmp_path))
    db.sealer = Sealer("another salt key")
    found = registry(db, tmp_path)
    await found.refresh()
    assert found.names(ANYBODY) == []
    with pytest.raises(Unavailable) as broken:
        found.plan("chat", ANYBODY)
    assert broken.value.error_code == "model_broken"
    with pytest.raises(UnknownModel):
        found.plan("other", ANYBODY)


async def test_an_entry_that_cannot_be_called_stops_the_start(db: Database, tmp_path: Path) -> None:
    with pytest.raises(SettingInvalid, match="chat"):
        registry(db, tmp_path, model(1, api_key="sk-a\nb"))
    with pytest.raises(SettingInvalid, match="api_base"):
        registry(db, tmp_path, model(1, api_base="nothing"))


async def test_the_operators_own_file_may_name_private_addresses(db: Database, tmp_path: Path) -> None:
    found = registry(db, tmp_path, model(1, timeout_s=7.0))
    (one,) = behind(found, "chat")
    assert one.ways["/chat/completions"].target.policy == AddressPolicy(operator=True)
    assert one.timeouts is not None
    assert (one.timeouts.first_byte, one.timeouts.idle) == (7.0, 7.0)


@pytest.mark.parametrize(
    ("base_model", "asked"),
    [
        ("azure/gpt-4o", [("azure", "gpt-4o")]),
        ("known", [("openai", "known")]),
        ("unknown", [("openai", "unknown"), ("openai", "gpt-x")]),
        ("", [("openai", "gpt-x")]),
    ],
)
async def test_a_base_model_says_whose_price_counts(
    db: Database, tmp_path: Path, base_model: str, asked: list[tuple[str, str]]
) -> None:
    seen: list[tuple[str, str]] = []

    def price_of(provider: str, name: str) -> Price | None:
        seen.append((provider, name))
        return None if name == "unknown" else CATALOGUE

    entry = msgspec.structs.replace(model(1, price=None), upstream_model="gpt-x", info={"base_model": base_model})
    [one] = Deployments(db, settings(tmp_path, [entry]), price_of, resolve).visible(ANYBODY)
    assert (one.price, seen) == (CATALOGUE, asked)


async def test_a_price_for_tokens_leaves_what_else_is_paid_as_it_is_known(db: Database, tmp_path: Path) -> None:
    known = Price(1, 2, extras=Extras(search=7, image=9))
    own = Price(3, 4, extras=Extras(image=5))
    entry = model(1, price=own)
    [one] = Deployments(db, settings(tmp_path, [entry]), lambda *_: known, resolve).visible(ANYBODY)
    assert one.price == Price(3, 4, extras=Extras(search=7, image=5))


async def test_a_provider_that_nobody_judges_is_off_until_it_is_named(db: Database, tmp_path: Path) -> None:
    found = registry(db, tmp_path)
    ranker = {"upstream_model": "voyage/rerank-2", "api_base": "https://llm.example/v1"}
    with pytest.raises(BadInput) as off:
        await add(found, **ranker)
    assert (off.value.error_code, off.value.param) == ("provider_untested", "model")
    assert "GATEWRIGHT_UNTESTED_PROVIDERS=voyage" in (off.value.hint or "")
    entry = model(1, provider="voyage", upstream_model="rerank-2")
    with pytest.raises(SettingInvalid, match="voyage is off"):
        registry(db, tmp_path, entry)
    switched_on = registry(db, tmp_path, entry, untested_providers=frozenset({"voyage"}))
    await add(switched_on, **ranker)
    assert [one.provider for one in behind(switched_on, "chat")] == ["voyage", "voyage"]
