"""Groups, people, tokens and invitations of a blueprint."""

import re
from collections.abc import Sequence
from typing import Any, ClassVar

from gatewright.domain.clock import DAY, iso, iso_or_none
from gatewright.domain.errors import FieldsInvalid
from gatewright.domain.keys import key_hash
from gatewright.idp.blueprints.writing import Names, Values, Writer, filtered
from gatewright.idp.directory.invitations import token_hash
from gatewright.idp.directory.tokens import Limit, moment
from gatewright.idp.objects import flows, groups, people
from gatewright.idp.objects.fields import REQUIRED, Fields
from gatewright.storage import api_tokens, users
from gatewright.storage.directory import groups as group_rows
from gatewright.storage.directory import invitations as invitation_rows
from gatewright.storage.directory import people as people_rows
from gatewright.storage.listing import Wish
from gatewright.storage.retention import SHOWN_AS_OVER

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class GroupWriter(Writer):
    names: ClassVar[Names] = {"name": (str,), "pk": (str,), "group_uuid": (str,)}

    async def _matching(self, pairs: Values, wish: Wish) -> list[str]:
        async with self._db.read() as tx:
            _, found = await group_rows.page(tx, filtered(wish, pairs, {"group_uuid": "pk"}))
        return [one.uuid for one in found]

    async def shown(self, key: str) -> dict[str, Any]:
        view = await self._directory.groups.get(key)
        attrs = groups.attributes(view.group, [one.user.id for one in view.members])
        return {"pk": key, **attrs, "parents": [one.uuid for one in view.parents]}

    async def create(self, attrs: Values) -> str:
        return (await self._directory.groups.create(attrs, self._by)).group.uuid

    async def change(self, key: str, attrs: Values) -> None:
        await self._directory.groups.change(key, attrs, self._by)

    async def remove(self, key: str) -> None:
        await self._directory.groups.delete(key, self._by)


class UserWriter(Writer):
    """A `password` is set when it is not the one that the person has, so that a file can be applied again and again."""

    names: ClassVar[Names] = {"username": (str,), "pk": (int,), "uuid": (str,), "email": (str,)}

    async def _matching(self, pairs: Values, wish: Wish) -> list[int]:
        async with self._db.read() as tx:
            _, found = await people_rows.page(tx, filtered(wish, pairs))
        return [one.id for one in found]

    async def shown(self, key: int) -> dict[str, Any]:
        person = await self._directory.people.get(key)
        attrs = people.attributes(person.user, [])
        return {"pk": key, "uuid": person.user.uuid, **attrs, "groups": [one.uuid for one in person.groups]}

    async def create(self, attrs: Values) -> int:
        given = {"name": "", **attrs}
        password = given.pop("password", None)
        person = await self._directory.people.create(given, self._by)
        await self._set(person.user.id, password)
        return person.user.id

    async def change(self, key: int, attrs: Values) -> None:
        given = dict(attrs)
        password = given.pop("password", None)
        if given:
            await self._directory.people.change(key, given, self._by)
        await self._set(key, password)

    async def remove(self, key: int) -> None:
        await self._directory.people.delete(key, self._by)

    async def _set(self, key: int, password: object) -> None:
        if password is None:
            return
        if not isinstance(password, str):
            raise FieldsInvalid({"password": ["Not a valid string."]})
        user = (await self._directory.people.get(key)).user
        async with self._db.read() as tx:
            stored = await users.with_password(tx, user.username)
        if not await self._acting.passwords.matches(password, None if stored is None else stored[1]):
            await self._directory.people.set_password(key, password, self._by)


class TokenWriter(Writer):
    """A token with the `key` that the file gives it; without one its key is read once, with `view_key`."""

    names: ClassVar[Names] = {"identifier": (str,)}

    async def _matching(self, pairs: Values, wish: Wish) -> list[str]:
        async with self._db.read() as tx:
            _, found = await api_tokens.page(tx, filtered(wish, pairs))
        return [one.identifier for one in found]

    async def shown(self, key: str) -> dict[str, Any]:
        row = (await self._directory.tokens.get(key, Limit(None))).token
        return {
            "pk": row.uuid,
            "identifier": row.identifier,
            "intent": row.intent,
            "user": row.user_pk,
            "description": row.description,
            "expires": iso_or_none(row.expires_at),
            "expiring": row.expires_at is not None,
        }

    async def create(self, attrs: Values) -> str:
        given = dict(attrs)
        key = given.pop("key", None)
        if given.get("user") is None:
            raise FieldsInvalid({"user": [REQUIRED]})
        made = await self._directory.tokens.create(given, self._by, self._acting.limit, 0)
        await self._set(made.token.identifier, key)
        return made.token.identifier

    async def change(self, key: str, attrs: Values) -> None:
        given = dict(attrs)
        secret = given.pop("key", None)
        found = await self._directory.tokens.change(key, given, self._by, self._acting.limit)
        await self._set(found.token.identifier, secret)

    async def remove(self, key: str) -> None:
        await self._directory.tokens.delete(key, self._by, self._acting.limit)

    async def _set(self, identifier: str, key: object) -> None:
        """Gives the token its key, unless it has it already."""
        if key is None:
            return
        if not isinstance(key, str):
            raise FieldsInvalid({"key": ["Not a valid string."]})
        async with self._db.read() as tx:
            same = await api_tokens.by_hash(tx, key_hash(key), 0)
        if same is None or same.identifier != identifier:
            await self._directory.tokens.set_key(identifier, key, self._by, self._acting.limit)


class InvitationWriter(Writer):
    """An invitation's pk in a file is its `itoken`, as in Authentik, and a secret: it is hashed, never shown."""

    names: ClassVar[Names] = {"name": (str,), "pk": (str,), "invite_uuid": (str,)}
    assigned: ClassVar[frozenset[str]] = frozenset()

    async def _matching(self, pairs: Values, wish: Wish) -> Sequence[str]:
        token = pairs.get("pk", pairs.get("invite_uuid"))
        named = {"name": pairs["name"]} if "name" in pairs else {}
        async with self._db.read() as tx:
            if token is not None:
                one = await invitation_rows.by_hash(tx, token_hash(token.lower()))
                found = [] if one is None or one.name != named.get("name", one.name) else [one]
            else:
                _, found = await invitation_rows.page(tx, filtered(wish, named))
        return [one.uuid for one in found]

    async def shown(self, key: str) -> dict[str, Any]:
        row = (await self._directory.invitations.get(key)).invitation
        return {
            "name": row.name,
            "expires": iso(row.expires_at),
            "fixed_data": row.fixed_data,
            "single_use": row.single_use,
            "flow": flows.FLOWS[flows.ENROLLMENT].pk,
            "groups": row.groups,
        }

    async def create(self, attrs: Values) -> str:
        """Nobody could know a link that is made here. One that is used up and forgotten must not come to life again."""
        given = {name: value for name, value in attrs.items() if name not in ("pk", "invite_uuid")}
        token = str(attrs.get("pk") or attrs.get("invite_uuid") or "").lower()
        fields = Fields(given, given, "invitation")
        expires = moment(fields, "expires")
        fields.done()
        if UUID.fullmatch(token) is None:
            raise FieldsInvalid(
                {"pk": ["An invitation of a file needs a random UUID, which is the itoken of its link."]}
            )
        if expires is None or expires > self._db.clock() + SHOWN_AS_OVER:
            days = SHOWN_AS_OVER // DAY
            raise FieldsInvalid({"expires": [f"An invitation of a file names when it ends, in {days} days at most."]})
        async with self._db.read() as tx:
            if await invitation_rows.by_hash(tx, token_hash(token)) is not None:
                raise FieldsInvalid({"pk": ["Another invitation has it."]})
        made = await self._directory.invitations.create(given, self._by, None, token=token)
        return made.invitation.uuid

    async def change(self, key: str, attrs: Values) -> None:
        given = {name: value for name, value in attrs.items() if name not in ("pk", "invite_uuid")}
        await self._directory.invitations.change(key, given, self._by)

    async def remove(self, key: str) -> None:
        await self._directory.invitations.delete(key, self._by)
