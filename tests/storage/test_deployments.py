"""Deployments at rest, on both databases."""

import pytest

from gatewright.domain.errors import Unavailable
from gatewright.storage import deployments
from gatewright.storage.database import Database
from gatewright.storage.sealing import Sealer
from gatewright.storage.tables import deployments as table


async def add(db: Database, uuid: str, api_key: str | None = "sk-provider", **sealed: object) -> int:
    async with db.write() as tx:
        return await deployments.add(
            tx,
            db.sealer,
            api_key=api_key,
            sealed_params=sealed,
            uuid=uuid,
            model_name="chat",
            params={"model": "openai/gpt-x", "api_base": "https://api.example/v1"},
            model_info={"price": {"input": 1, "output": 2, "cached_input": None}},
            created_at=5,
            created_by="admin",
        )


async def test_a_deployment_comes_back_as_it_was_stored(db: Database) -> None:
    first, second = await add(db, "u1"), await add(db, "u2", api_key=None)
    async with db.read() as tx:
        rows = await deployments.everything(tx)
        assert [row.id for row in rows] == [first, second]
        assert await deployments.by_uuid(tx, "u1") == rows[0]
        assert await deployments.by_uuid(tx, "u3") is None
    assert rows[0].params["api_base"] == "https://api.example/v1"
    assert rows[0].model_info == {"price": {"input": 1, "output": 2, "cached_input": None}}
    assert [row.opened_key(db.sealer) for row in rows] == ["sk-provider", None]
    assert [row.opened_params(db.sealer) for row in rows] == [row.params for row in rows]


async def test_the_provider_key_is_sealed_and_not_shown(db: Database) -> None:
    await add(db, "u1", client_secret="sk-entra", rpm=5, defaults={"temperature": 0.5})
    async with db.read() as tx:
        stored = (await tx.execute(table.select())).one()
        row = (await deployments.everything(tx))[0]
    assert b"sk-provider" not in stored.api_key
    assert b"sk-entra" not in stored.sealed_params
    assert "sk-" not in repr(row) + str(row.params)
    opened = {"client_secret": "sk-entra", "rpm": 5, "defaults": {"temperature": 0.5}}
    assert row.opened_params(db.sealer) == {**opened, **row.params}
    for read in (row.opened_key, row.opened_params):
        with pytest.raises(Unavailable) as failed:
            read(Sealer("another salt"))
        assert failed.value.error_code == "sealing_key_mismatch"


async def test_a_deployment_is_deleted_once(db: Database) -> None:
    await add(db, "u1")
    async with db.write() as tx:
        assert await deployments.delete(tx, "u1")
        assert not await deployments.delete(tx, "u1")
        assert await deployments.everything(tx) == []
