"""API tokens and app passwords: made for one owner for ever, their key read once."""

import re
import secrets
import string
import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from gatewright.accounts.api_tokens import APP_PASSWORD, INTENT, SERVICE_KINDS
from gatewright.domain.clock import DAY, Millis
from gatewright.domain.errors import Forbidden, NotFound
from gatewright.domain.keys import key_hash
from gatewright.domain.people import Event
from gatewright.idp.directory.acting import CREATED, DELETED, UPDATED, By, Changed, absent, record, taken
from gatewright.idp.directory.people import Person, persons
from gatewright.idp.objects.fields import ABSENT, Fields
from gatewright.storage import api_tokens, audit_log, oauth_providers
from gatewright.storage.api_tokens import TokenRow
from gatewright.storage.database import Database, Transaction
from gatewright.storage.directory import people as people_rows
from gatewright.storage.listing import Wish

MODEL = "authentik_core.token"
NAMES = ("identifier", "intent", "user", "description", "expires", "expiring", "managed")
REQUIRED = ("identifier",)
INTENTS = (INTENT, APP_PASSWORD)
"""What somebody may make. `verification` and `recovery` are made by their own ways."""
IDENTIFIER = re.compile(r"[a-zA-Z0-9_\-.@+]{1,200}")
LIFE: Millis = 30 * DAY
PURPOSE = "api_tokens.unread_key"
KEY_CHARS = 60
SHORTEST_KEY = 24


class TokenView(msgspec.Struct, frozen=True):
    """A token and its owner."""

    token: TokenRow
    owner: Person


class Limit(msgspec.Struct, frozen=True):
    """What the caller may do: to whose tokens (None: everybody's), and until when a token of theirs may live."""

    user_pk: int | None
    until: Millis | None = None


class DirectoryTokens:
    """The tokens of this installation."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def page(self, wish: Wish) -> tuple[int, list[TokenView]]:
        async with self._db.read() as tx:
            count, found = await api_tokens.page(tx, wish)
            return count, await _views(tx, found)

    async def get(self, identifier: str, limit: Limit) -> TokenView:
        """Raises NotFound, for somebody else's too."""
        async with self._db.read() as tx:
            return await _view(tx, await _token(tx, identifier, limit))

    async def create(self, attrs: Mapping[str, Any], by: By, limit: Limit, owner: int) -> TokenView:
        """A token of `owner`'s unless the attributes name somebody else. Its key is read with `key`, once.

        Raises FieldsInvalid, Forbidden.
        """
        async with self._db.write() as tx:
            fields = Fields(attrs, NAMES, "token")
            user_pk = fields.number("user", owner, least=1, most=2**62)
            if limit.user_pk not in (None, user_pk):
                raise Forbidden("A token of somebody else is an administrator's to make.")
            known = await people_rows.by_ids(tx, [user_pk])
            if user_pk not in known:
                fields.problem("user", f'Invalid pk "{user_pk}" - object does not exist.')
            fields.nothing("managed", "Managed tokens do not exist here.")
            columns = self._columns(fields, limit, None)
            columns["intent"] = fields.choice("intent", INTENTS, INTENT)
            if columns["intent"] == APP_PASSWORD and user_pk in known and known[user_pk].kind not in SERVICE_KINDS:
                fields.problem("intent", "App passwords are for service accounts: leave intent out.")
            fields.done()
            await self.insert(tx, user_pk, by, **columns)
            return await _view(tx, await _token(tx, columns["identifier"], Limit(None)))

    async def insert(self, tx: Transaction, user_pk: int, by: By, *, key: str | None = None, **columns: Any) -> str:
        """Inserts a token and returns its key. A key that the caller chose need not be read again."""
        await oauth_providers.lock_first_start(tx)
        if await api_tokens.by_identifier(tx, columns["identifier"]) is not None:
            raise taken("Token", "identifier")
        now, fresh, secret = self._db.clock(), str(uuid.uuid4()), key or new_key()
        await api_tokens.add(
            tx,
            uuid=fresh,
            user_pk=user_pk,
            token_hash=key_hash(secret),
            unread_key=None if key else self._db.sealer.seal(secret, PURPOSE),
            created_at=now,
            created_by=by.actor,
            **columns,
        )
        await record(tx, by, CREATED, Changed(MODEL, fresh, columns["identifier"]), now)
        return secret

    async def change(self, identifier: str, patch: Mapping[str, Any], by: By, limit: Limit) -> TokenView:
        """Description, identifier and end may change; whose it is and what for never do (contract 8.15).

        Raises NotFound, FieldsInvalid.
        """
        async with self._db.write() as tx:
            await oauth_providers.lock_first_start(tx)
            before = await _token(tx, identifier, limit)
            fields = Fields(patch, NAMES, "token")
            for name, present in (("user", before.user_pk), ("intent", before.intent)):
                if fields.raw(name, present) != present:
                    fields.problem(name, "This never changes. Make a new token.")
            columns = self._columns(fields, limit, before)
            fields.done()
            other = await api_tokens.by_identifier(tx, columns["identifier"])
            if other is not None and other.id != before.id:
                raise taken("Token", "identifier")
            await api_tokens.change(tx, before.id, **columns)
            named = Changed(MODEL, before.uuid, columns["identifier"])
            await record(tx, by, UPDATED, named, self._db.clock(), patch)
            return await _view(tx, await _token(tx, columns["identifier"], limit))

    async def delete(self, identifier: str, by: By, limit: Limit) -> None:
        """Raises NotFound."""
        async with self._db.write() as tx:
            found = await _token(tx, identifier, limit)
            await api_tokens.remove(tx, found.id)
            await record(tx, by, DELETED, Changed(MODEL, found.uuid, found.identifier), self._db.clock())

    async def key(self, identifier: str, by: By, limit: Limit) -> str:
        """The key, this once: it is forgotten in the same transaction. Raises NotFound."""
        async with self._db.write() as tx:
            found = await _token(tx, identifier, limit)
            if found.unread_key is None or not await api_tokens.take_key(tx, found.id):
                raise NotFound(
                    "The key of this token was shown once already and is not stored.",
                    hint="Make a new token, or set a key with set_key.",
                    code="key_shown",
                )
            event = Event("secret.view", "ok", by.actor, f"{MODEL}:{found.uuid}", {"name": found.identifier}, by.origin)
            await audit_log.add(tx, event, self._db.clock())
            return self._db.sealer.open(found.unread_key, PURPOSE)

    async def set_key(self, identifier: str, key: str, by: By, limit: Limit) -> None:
        """Gives the token a key of the caller's choice. Raises NotFound, FieldsInvalid."""
        fields = Fields({"key": key}, ("key",), "token")
        if not (len(fields.text("key", None)) >= SHORTEST_KEY and key.isascii() and key.isprintable()):
            fields.problem("key", f"The key needs {SHORTEST_KEY} to 255 printable ASCII characters.")
        fields.done()
        async with self._db.write() as tx:
            found = await _token(tx, identifier, limit)
            if await api_tokens.by_hash(tx, key_hash(key), 0) is not None:
                raise taken("Token", "key")
            await api_tokens.change(tx, found.id, token_hash=key_hash(key), unread_key=None)
            detail = {"name": found.identifier}
            event = Event("secret.rotate", "ok", by.actor, f"{MODEL}:{found.uuid}", detail, by.origin)
            await audit_log.add(tx, event, self._db.clock())

    def _columns(self, fields: Fields, limit: Limit, before: TokenRow | None) -> dict[str, Any]:
        identifier = fields.text("identifier", None if before is None else before.identifier)
        if identifier and IDENTIFIER.fullmatch(identifier) is None:
            fields.problem("identifier", "An identifier has letters, digits and - _ . @ +.")
        present = None if before is None else before.expires_at
        expiring = fields.flag("expiring", before is None or present is not None)
        expires = moment(fields, "expires")
        ends = (expires or present or self._db.clock() + LIFE) if expiring else None
        if limit.until is not None:
            # A credential that ends cannot make itself one that lives on.
            ends = limit.until if ends is None else min(ends, limit.until)
        description = fields.text("description", "" if before is None else before.description, most=2000, lines=True)
        return {"identifier": identifier, "description": description, "expires_at": ends}


def moment(fields: Fields, name: str) -> Millis | None:
    """An ISO 8601 time in milliseconds; None when there is none."""
    text = fields.raw(name, ABSENT)
    if text is ABSENT:
        return None
    try:
        found = datetime.fromisoformat(text)
        return int((found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp() * 1000)
    except (TypeError, ValueError, OverflowError):
        fields.problem(name, "Datetime has wrong format. Use YYYY-MM-DDThh:mm[:ss[.uuuuuu]][+HH:MM|-HH:MM|Z].")
        return None


def new_key() -> str:
    """A fresh key of letters and digits, as Authentik's are."""
    return "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(KEY_CHARS))


async def _token(tx: Transaction, identifier: str, limit: Limit) -> TokenRow:
    found = await api_tokens.by_identifier(tx, identifier)
    if found is None or limit.user_pk not in (None, found.user_pk):
        raise absent("Token")
    return found


async def _view(tx: Transaction, token: TokenRow) -> TokenView:
    return (await _views(tx, [token]))[0]


async def _views(tx: Transaction, found: Sequence[TokenRow]) -> list[TokenView]:
    owners = await people_rows.by_ids(tx, sorted({one.user_pk for one in found}))
    known = {person.user.id: person for person in await persons(tx, list(owners.values()))}
    return [TokenView(one, known[one.user_pk]) for one in found]
