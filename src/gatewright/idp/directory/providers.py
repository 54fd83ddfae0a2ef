"""OAuth2/OpenID providers. A secret is shown when it is made, and never again (contract 8.2)."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from gatewright.domain.clock import DAY, Millis
from gatewright.domain.errors import BadInput, Conflict, FieldsInvalid
from gatewright.domain.people import Event
from gatewright.idp.directory.acting import CREATED, DELETED, UPDATED, By, Changed, absent, differing, record, taken
from gatewright.idp.directory.people import references
from gatewright.idp.objects import flows
from gatewright.idp.objects import providers as objects
from gatewright.idp.objects.addresses import restore
from gatewright.idp.objects.providers import SECRET_PURPOSE
from gatewright.storage import audit_log, oauth_providers, registration_tokens, scope_mappings, signing_keys
from gatewright.storage.database import Database, Transaction
from gatewright.storage.directory import mappings as mapping_rows
from gatewright.storage.directory import providers as rows
from gatewright.storage.directory.providers import StoredProvider
from gatewright.storage.listing import Wish

MODEL = "authentik_providers_oauth2.oauth2provider"
LONGEST_OVERLAP: Millis = 30 * DAY
NO_PREVIOUS = {"previous_secret": None, "previous_secret_expires_at": None}


class ProviderView(msgspec.Struct, frozen=True):
    """A provider and the uuids of its mappings. `secret` only in the answer to the request that made it.

    `warnings` are what was left out of that request.
    """

    provider: StoredProvider
    mappings: tuple[str, ...]
    secret: str | None = None
    warnings: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"ProviderView({self.provider.client_id!r})"


class RotatedSecret(msgspec.Struct, frozen=True):
    """A client's new secret, and until when the one before it counts too (None: no longer)."""

    client_id: str
    secret: str
    previous_until: Millis | None

    def __repr__(self) -> str:
        return f"RotatedSecret({self.client_id!r})"


class DirectoryProviders:
    """The providers of this installation. `own_client` is the client id that our dashboard signs in with."""

    def __init__(self, db: Database, base_url: str, own_client: str | None) -> None:
        self._db = db
        self.base_url = base_url
        self._own_client = own_client

    async def page(self, wish: Wish) -> tuple[int, list[ProviderView]]:
        async with self._db.read() as tx:
            count, found = await rows.page(tx, wish)
            return count, await views(tx, found)

    async def get(self, provider_id: int) -> ProviderView:
        """Raises NotFound."""
        async with self._db.read() as tx:
            return (await views(tx, [await _provider(tx, provider_id)]))[0]

    async def create(self, attrs: Mapping[str, Any], by: By) -> ProviderView:
        """Raises FieldsInvalid."""
        async with self._db.write() as tx:
            return await self.insert(tx, attrs, by)

    async def insert(self, tx: Transaction, attrs: Mapping[str, Any], by: By) -> ProviderView:
        """`create` in a transaction of the caller's."""
        await oauth_providers.lock_first_start(tx)
        columns, warnings = objects.columns(await _resolved(tx, attrs))
        mapping_ids = columns.pop("mapping_ids")
        await _check_unique(tx, columns, None)
        given = columns.pop("client_secret", None)
        secret = (given or objects.new_secret()) if columns["client_type"] == "confidential" else None
        sealed = None if secret is None else self._db.sealer.seal(secret, SECRET_PURPOSE)
        provider_id = await oauth_providers.add(tx, **columns, client_secret=sealed)
        await scope_mappings.attach(tx, provider_id, await _known(tx, mapping_ids))
        found = await _provider(tx, provider_id)
        await record(tx, by, CREATED, _named(found), self._db.clock())
        view = (await views(tx, [found]))[0]
        return msgspec.structs.replace(view, secret=secret, warnings=tuple(warnings))

    async def change(self, provider_id: int, patch: Mapping[str, Any], by: By) -> ProviderView:
        """Raises NotFound, FieldsInvalid, Conflict where the dashboard's own sign-in would break."""
        async with self._db.write() as tx:
            await oauth_providers.lock_first_start(tx)
            before = await _provider(tx, provider_id)
            attached = (await rows.mapping_ids(tx, [provider_id]))[provider_id]
            old = objects.attributes(before, attached)
            given = self._restored(await _resolved(tx, patch), before)
            columns, warnings = objects.columns({**old, **given})
            present, _ = objects.columns(old)
            self._keep_own(before, columns)
            await _check_unique(tx, columns, before.id)
            mapping_ids, secret = columns.pop("mapping_ids"), columns.pop("client_secret", None)
            changed = differing(present, columns)
            made = self._secret(before, columns["client_type"], secret)
            if made is not None:
                changed["client_secret"] = self._db.sealer.seal(made, SECRET_PURPOSE)
            # Whoever types a secret means that one alone.
            forgotten = NO_PREVIOUS if made is not None else {}
            await oauth_providers.change(tx, provider_id, **changed, **forgotten)
            if mapping_ids != attached:
                await scope_mappings.attach(tx, provider_id, await _known(tx, mapping_ids))
                changed["property_mappings"] = mapping_ids
            after = await _provider(tx, provider_id)
            await record(tx, by, UPDATED, _named(after), self._db.clock(), changed)
            view = (await views(tx, [after]))[0]
        return msgspec.structs.replace(view, secret=made if secret is None else None, warnings=tuple(warnings))

    async def rotate_secret(self, provider_id: int, overlap: Millis, by: By) -> RotatedSecret:
        """A new secret; the present one counts for `overlap` more. Raises NotFound, BadInput for a public client."""
        if not 0 <= overlap <= LONGEST_OVERLAP:
            raise BadInput("Two secrets overlap for 30 days at most.", param="overlap", code="overlap_too_long")
        async with self._db.write() as tx:
            found = await _provider(tx, provider_id)
            if found.client_type == "public":
                raise BadInput("A public client has no secret.", code="client_public")
            now, secret = self._db.clock(), objects.new_secret()
            until = now + overlap if overlap and found.has_secret else None
            await oauth_providers.rotate_secret(tx, provider_id, self._db.sealer.seal(secret, SECRET_PURPOSE), until)
            details = {"name": found.name, "overlap_ms": 0 if until is None else overlap}
            event = Event("secret.rotate", "ok", by.actor, f"{MODEL}:{provider_id}", details, by.origin)
            await audit_log.add(tx, event, now)
        return RotatedSecret(found.client_id, secret, until)

    async def delete(self, provider_id: int, by: By) -> None:
        """Every code, token and consent of the client goes with it. Raises NotFound, Conflict for our own client."""
        async with self._db.write() as tx:
            found = await _provider(tx, provider_id)
            if found.client_id == self._own_client:
                raise own_client_kept()
            await rows.remove(tx, provider_id)
            await record(tx, by, DELETED, _named(found), self._db.clock())

    async def takes_registrations(self, provider: StoredProvider) -> bool:
        """Whether clients can register at its application now."""
        if provider.application_id is None:
            return False
        async with self._db.read() as tx:
            return await registration_tokens.any_good(tx, provider.application_id, self._db.clock())

    def is_own(self, provider: StoredProvider | None) -> bool:
        """Whether the dashboard signs in with this client."""
        return provider is not None and provider.client_id == self._own_client

    def _secret(self, before: StoredProvider, client_type: str, given: str | None) -> str | None:
        """The secret to store: the given one, or a fresh one for a client that becomes confidential and has none."""
        if client_type == "public":
            return None
        return given or (None if before.has_secret else objects.new_secret())

    def _restored(self, given: dict[str, Any], before: StoredProvider) -> dict[str, Any]:
        """Addresses that a client sends back as it read them keep following the base URL."""
        entries = given.get("redirect_uris")
        if not isinstance(entries, list):
            return given
        stored = [uri["url"] for uri in before.redirect_uris]
        back = [
            {**entry, "url": restore(entry["url"], self.base_url, stored)}
            if isinstance(entry, dict) and isinstance(entry.get("url"), str)
            else entry
            for entry in entries
        ]
        return {**given, "redirect_uris": back}

    def _keep_own(self, before: StoredProvider, columns: Mapping[str, Any]) -> None:
        """The dashboard needs its client id, a secret, the code grant and its own redirect URI."""
        if before.client_id != self._own_client:
            return
        stored = [uri["url"] for uri in before.redirect_uris if uri["url"].startswith("{base_url}/")]
        kept = {uri["url"] for uri in columns["redirect_uris"]}
        if (
            columns["client_id"] != before.client_id
            or columns["client_type"] != "confidential"
            or "authorization_code" not in columns["grant_types"]
            or not kept.issuperset(stored)
        ):
            raise own_client_kept()


def own_client_kept() -> Conflict:
    return Conflict(
        "The dashboard signs in with this client: its client id, type, code grant and own redirect URIs stay.",
        hint="Make a provider of your own for other applications.",
        code="own_client",
    )


async def views(tx: Transaction, found: Sequence[StoredProvider]) -> list[ProviderView]:
    """The providers with the uuids of their mappings."""
    attached = await rows.mapping_ids(tx, [provider.id for provider in found])
    known = await mapping_rows.by_ids(tx, sorted({one for ids in attached.values() for one in ids}))
    return [ProviderView(one, tuple(known[mapping_id].uuid for mapping_id in attached[one.id])) for one in found]


def _named(provider: StoredProvider) -> Changed:
    return Changed(MODEL, str(provider.id), provider.name)


async def _provider(tx: Transaction, provider_id: int) -> StoredProvider:
    found = await rows.by_id(tx, provider_id)
    if found is None:
        raise absent("OAuth2Provider")
    return found


async def _known(tx: Transaction, mapping_ids: list[int]) -> list[int]:
    known = await mapping_rows.by_ids(tx, mapping_ids)
    if unknown := [one for one in mapping_ids if one not in known]:
        raise FieldsInvalid({"property_mappings": [f'Invalid pk "{unknown[0]}" - object does not exist.']})
    return mapping_ids


async def _check_unique(tx: Transaction, columns: Mapping[str, Any], own_id: int | None) -> None:
    for field in ("name", "client_id"):
        if await oauth_providers.find_id(tx, **{field: columns[field]}) not in (None, own_id):
            raise taken("Provider", field)


async def _resolved(tx: Transaction, attrs: Mapping[str, Any]) -> dict[str, Any]:
    """Flows as slugs, mappings as our ids, and the key as an algorithm that we have a key for."""
    found = dict(attrs)
    for name in ("authentication_flow", "authorization_flow", "invalidation_flow"):
        if name in found:
            found[name] = flows.slug_of(found[name])
    given = found.get("property_mappings")
    if isinstance(given, list):
        known = await mapping_rows.by_uuids(tx, [one.lower() for one in given if isinstance(one, str)])
        found["property_mappings"] = references(given, known, "property_mappings")
    if found.get("signing_key") is not None:
        algorithm = flows.algorithm_of(found["signing_key"])
        if algorithm not in [key.algorithm for key in await signing_keys.everything(tx)]:
            raise FieldsInvalid({"signing_key": ["This is none of /crypto/certificatekeypairs/."]})
        found["signing_key"] = algorithm
    return found
