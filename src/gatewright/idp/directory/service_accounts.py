"""Service accounts: programs with a name of their own and one app password (contract 3.8)."""

import uuid
from collections.abc import Mapping
from typing import Any

import msgspec

from gatewright.accounts.api_tokens import APP_PASSWORD
from gatewright.domain.errors import FieldsInvalid
from gatewright.idp.directory.acting import CREATED, By, Changed, record
from gatewright.idp.directory.groups import MODEL as GROUP_MODEL
from gatewright.idp.directory.people import insert, persons
from gatewright.idp.directory.tokens import LIFE, DirectoryTokens, moment, new_key
from gatewright.idp.objects import people as objects
from gatewright.idp.objects.fields import Fields
from gatewright.storage import groups, oauth_providers
from gatewright.storage.database import Database

NAMES = ("name", "create_group", "expiring", "expires")
PATH = "goauthentik.io/service-accounts"


class ServiceAccount(msgspec.Struct, frozen=True):
    """What the caller is told, `token` this once."""

    username: str
    token: str
    user_uid: str
    user_pk: int
    group_pk: str | None

    def __repr__(self) -> str:
        return f"ServiceAccount({self.username!r})"


class ServiceAccounts:
    """Makes service accounts."""

    def __init__(self, db: Database, tokens: DirectoryTokens) -> None:
        self._db = db
        self._tokens = tokens

    async def create(self, attrs: Mapping[str, Any], by: By) -> ServiceAccount:
        """Raises FieldsInvalid."""
        fields = Fields(attrs, NAMES, "serviceaccount")
        name, with_group = fields.text("name", None, most=objects.LONGEST_USERNAME), fields.flag("create_group")
        expiring, expires = fields.flag("expiring", True), moment(fields, "expires")
        fields.done()
        now = self._db.clock()
        columns = objects.columns({"username": name, "name": name, "type": "service_account", "path": PATH})
        async with self._db.write() as tx:
            await oauth_providers.lock_first_start(tx)
            user = await insert(tx, columns, by, now)
            group = None
            if with_group:
                if any(one.name == name for one in await groups.everything(tx)):
                    raise FieldsInvalid({"name": ["A group with this name already exists."]})
                group = await groups.ensure(tx, name, str(uuid.uuid4()))
                await groups.join(tx, group.id, user.id)
                await record(tx, by, CREATED, Changed(GROUP_MODEL, group.uuid, name), now)
            key = new_key()
            await self._tokens.insert(
                tx,
                user.id,
                by,
                key=key,
                identifier=f"service-account-{name}-password",
                intent=APP_PASSWORD,
                description="",
                expires_at=(expires or now + LIFE) if expiring else None,
            )
            person = (await persons(tx, [user]))[0]
        return ServiceAccount(name, key, person.uid, user.id, None if group is None else group.uuid)
