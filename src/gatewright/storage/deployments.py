"""Deployments that were added at run time: an upstream model behind a public model name."""

from collections.abc import Mapping
from typing import Any

import msgspec
from sqlalchemy import delete as delete_from
from sqlalchemy import insert, select, update

from gatewright.domain.clock import Millis
from gatewright.storage.database import Transaction
from gatewright.storage.rows import changed
from gatewright.storage.sealing import Sealer
from gatewright.storage.tables import deployments

KEY_PURPOSE = "deployments.api_key"
PARAMS_PURPOSE = "deployments.sealed_params"


class DeploymentRow(msgspec.Struct, frozen=True):
    """One row of deployments. `params` are `model` and `api_base` of LiteLLM's `litellm_params`.

    The key stays sealed in `api_key` and all the others in `sealed_params`: nobody can know which of them are secret.
    `model_info` holds the price as `domain.money.Price` writes itself, when there is one, and LiteLLM's as `info`.
    """

    id: int
    uuid: str
    model_name: str
    params: dict[str, Any]
    api_key: bytes | None
    model_info: dict[str, Any]
    sealed_params: bytes | None
    created_at: Millis
    created_by: str | None

    def __repr__(self) -> str:
        return f"DeploymentRow({self.uuid!r}, {self.model_name!r})"

    def opened_key(self, sealer: Sealer) -> str | None:
        """The provider key in clear, None without one. Raises Unavailable when it was sealed under another key."""
        return None if self.api_key is None else sealer.open(self.api_key, KEY_PURPOSE)

    def opened_params(self, sealer: Sealer) -> dict[str, Any]:
        """All of `litellm_params` but the key. Raises Unavailable when they were sealed under another key."""
        if self.sealed_params is None:
            return self.params
        opened: dict[str, Any] = msgspec.json.decode(sealer.open(self.sealed_params, PARAMS_PURPOSE))
        return {**opened, **self.params}


async def add(
    tx: Transaction,
    sealer: Sealer,
    *,
    api_key: str | None,
    sealed_params: Mapping[str, Any] | None = None,
    **columns: Any,
) -> int:
    """Inserts a deployment, its provider key and `sealed_params` sealed, and returns its id."""
    secrets = _sealed(sealer, api_key, sealed_params)
    query = insert(deployments).values(**secrets, **columns).returning(deployments.c.id)
    deployment_id: int = (await tx.execute(query)).scalar_one()
    return deployment_id


async def replace(
    tx: Transaction,
    sealer: Sealer,
    before: DeploymentRow,
    *,
    api_key: str | None,
    sealed_params: Mapping[str, Any] | None = None,
    **columns: Any,
) -> bool:
    """Writes these columns of a deployment; False, and nothing is written, when it is no longer what it was before."""
    row = (await tx.execute(select(deployments).where(deployments.c.id == before.id).with_for_update())).first()
    if row is None or _row(row._mapping) != before:
        return False
    values = {**_sealed(sealer, api_key, sealed_params), **columns}
    await tx.execute(update(deployments).where(deployments.c.id == before.id).values(**values))
    return True


def _sealed(sealer: Sealer, api_key: str | None, params: Mapping[str, Any] | None) -> dict[str, bytes | None]:
    return {
        "api_key": None if api_key is None else sealer.seal(api_key, KEY_PURPOSE),
        "sealed_params": sealer.seal(msgspec.json.encode(params).decode(), PARAMS_PURPOSE) if params else None,
    }


async def everything(tx: Transaction) -> list[DeploymentRow]:
    """All of them, oldest first."""
    return [_row(row._mapping) for row in await tx.execute(select(deployments).order_by(deployments.c.id))]


async def by_uuid(tx: Transaction, uuid: str) -> DeploymentRow | None:
    row = (await tx.execute(select(deployments).where(deployments.c.uuid == uuid))).first()
    return None if row is None else _row(row._mapping)


async def delete(tx: Transaction, uuid: str) -> bool:
    """Deletes one; False when it is not there."""
    return changed(await tx.execute(delete_from(deployments).where(deployments.c.uuid == uuid))) > 0


def _row(mapping: Any) -> DeploymentRow:
    return msgspec.convert(mapping, DeploymentRow)
