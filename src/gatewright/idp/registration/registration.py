"""A client registers, looks at itself, changes and leaves (RFC 7591, RFC 7592; Authentik contract 1.6).

It registers at an application: it becomes a client of that one's issuer, with its scopes, lives and modes. What it
becomes is made by the same use cases as an administrator's objects. Who may use it is what the token says that it
registered with: the members of some groups, never everybody.
"""

import hmac
import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from gatewright.accounts.audit import Audit
from gatewright.accounts.limits import Limits, network_of
from gatewright.domain.errors import FieldsInvalid
from gatewright.domain.people import Event, Origin
from gatewright.grants.tokens import digest
from gatewright.idp.directory.acting import By
from gatewright.idp.directory.applications import DirectoryApplications
from gatewright.idp.directory.bindings import DirectoryBindings
from gatewright.idp.directory.providers import DirectoryProviders
from gatewright.idp.objects import providers as objects
from gatewright.idp.objects.providers import SECRET_PURPOSE
from gatewright.idp.registration import described
from gatewright.idp.registration.described import Described
from gatewright.idp.registration.tokens import standing
from gatewright.oidc import client_metadata, redirect_uris
from gatewright.oidc.client_metadata import KEY, PUBLIC, ClientMetadata
from gatewright.oidc.errors import (
    InvalidClientMetadata,
    InvalidRedirectUri,
    InvalidRequest,
    InvalidToken,
    OAuthError,
    RegistrationDenied,
    RegistrationOff,
)
from gatewright.storage import oauth_providers, registered_clients, registration_tokens, scope_mappings
from gatewright.storage.database import Database, Transaction
from gatewright.storage.directory import applications as application_rows
from gatewright.storage.directory import providers as provider_rows
from gatewright.storage.registered_clients import RegisteredClient
from gatewright.storage.registration_tokens import RegistrationToken

# By network, in five minutes: guessing is hopeless, and what is good is bounded by its token.
REFUSALS = 60
LONGEST_TOKEN, LONGEST_TARGET = 200, 100
CREATE, READ, UPDATE, DELETE = "idp.register", "idp.register.read", "idp.register.update", "idp.register.delete"
# RFC 7592 2.2: what the client was told belongs to us.
OURS = ("registration_access_token", "registration_client_uri", "client_secret_expires_at", "client_id_issued_at")


class ClientRegistration:
    """The registration endpoint and each client's own. Every method raises OAuthError or TooManyRequests."""

    def __init__(self, db: Database, base_url: str, limits: Limits, audit: Audit) -> None:
        self._db = db
        self._base_url = base_url
        self._own_origin = redirect_uris.origin(base_url) or base_url
        self._limits = limits
        self._audit = audit

    async def offered(self, application_id: int) -> bool:
        """Whether clients can register at the application now: somebody made a token for it that is not over."""
        async with self._db.read() as tx:
            return await registration_tokens.any_good(tx, application_id, self._db.clock())

    async def register(self, slug: str, token: str | None, body: bytes, origin: Origin) -> dict[str, Any]:
        """A new client by its JSON document. The answer holds its secret and its token, which nobody sees again."""
        async with self._reported(CREATE, slug, origin):
            await self._look(slug, token)
            async with self._db.write() as tx:
                return await self._create(tx, slug, token or "", client_metadata.parse(body), origin)

    async def read(self, client_id: str, token: str | None, origin: Origin) -> dict[str, Any]:
        """The client as it is now, without its secret."""
        async with self._reported(READ, client_id, origin), self._db.read() as tx:
            client = await self._client(tx, client_id, token)
            return described.information(await _described(tx, client), client, token or "", self._base_url)

    async def update(self, client_id: str, token: str | None, body: bytes, origin: Origin) -> dict[str, Any]:
        """Replaces everything that the client said of itself: what it leaves out is as if it was never said."""
        async with self._reported(UPDATE, client_id, origin), self._db.write() as tx:
            await oauth_providers.lock_first_start(tx)
            client = await self._client(tx, client_id, token)
            return await self._change(tx, client, token or "", client_metadata.parse(body), origin)

    async def delete(self, client_id: str, token: str | None, origin: Origin) -> None:
        """The client goes, and with it its application, codes, tokens and consents."""
        async with self._reported(DELETE, client_id, origin), self._db.write() as tx:
            await oauth_providers.lock_first_start(tx)
            client = await self._client(tx, client_id, token)
            by, joined = _by_client(client, origin), self._db.joined(tx)
            providers = DirectoryProviders(joined, self._base_url, None)
            if client.slug is not None:
                await DirectoryApplications(joined, providers).delete(client.slug, by)
            await providers.delete(client.provider_id, by)
            await self._audit.write(Event(DELETE, "ok", target=client.client_id, origin=origin), tx)

    async def _look(self, slug: str, token: str | None) -> None:
        """Raises RegistrationOff, InvalidToken: nobody else makes us read more."""
        now = self._db.clock()
        async with self._db.read() as tx:
            template = await oauth_providers.by_slug(tx, slug) if slug.isprintable() else None
            if template is None or not await registration_tokens.any_good(tx, template.application_id, now):
                raise RegistrationOff()
            found = await registration_tokens.good(tx, digest(_bounded(token)), now)
        if found is None or found.application_id != template.application_id:
            raise InvalidToken(cause="registration_token")

    async def _create(
        self, tx: Transaction, slug: str, token: str, raw: Mapping[str, Any], origin: Origin
    ) -> dict[str, Any]:
        await oauth_providers.lock_first_start(tx)
        now = self._db.clock()
        initial = await registration_tokens.good(tx, digest(token), now)
        if initial is None or initial.slug != slug or not await registration_tokens.use(tx, initial.id, now):
            raise InvalidToken(cause="registration_token")
        template_id = (await _template(tx, slug)).id
        wanted, attrs = await self._read(tx, raw, template_id)
        client_id, by = secrets.token_urlsafe(30), By(f"registration_token:{initial.uuid}", origin)
        providers = DirectoryProviders(self._db, self._base_url, None)
        named = described.application(wanted, client_id)
        with_name = {**attrs, "name": f"{named['name']} {client_id[:8]}", "client_id": client_id}
        made = await providers.insert(tx, with_name, by)
        app = {**named, "slug": f"registered-{secrets.token_hex(8)}", "provider": made.provider.id}
        application = await DirectoryApplications(self._db, providers).insert(tx, app, by)
        groups = await self._let_in(tx, initial, application.uuid, by)
        fresh = secrets.token_urlsafe(32)
        columns = {"template_id": template_id, "auth_method": wanted.auth_method, "created_at": now, "written": ""}
        await registered_clients.add(tx, provider_id=made.provider.id, token_hash=digest(fresh), **columns)
        details = {"application": slug, "token": initial.name, "name": application.name, "groups": groups}
        await self._audit.write(Event(CREATE, "ok", by.actor, client_id, details, origin), tx)
        told = await self._written(tx, client_id, fresh)
        return told if wanted.auth_method in (PUBLIC, KEY) else {**told, **_secret(made.secret)}

    async def _let_in(self, tx: Transaction, initial: RegistrationToken, target: str, by: By) -> list[str]:
        """Binds the token's groups. Without one the application would be everybody's: raises RegistrationDenied."""
        found = await standing(tx, initial.group_uuids)
        if not found:
            words = "The groups that this token lets in are gone. Ask for a new token."
            raise RegistrationDenied(words, cause="registration_groups_gone")
        bindings = DirectoryBindings(self._db)
        for position, group in enumerate(found):
            await bindings.insert(tx, {"target": target, "group": group.uuid, "order": position}, by)
        return [group.name for group in found]

    async def _change(
        self, tx: Transaction, client: RegisteredClient, token: str, raw: Mapping[str, Any], origin: Origin
    ) -> dict[str, Any]:
        self._check_own(client, raw)
        if client.slug is None or client.template_id is None:
            raise RegistrationDenied("The application that this client belongs to is gone.", cause="template_gone")
        if described.digest(await _described(tx, client)) != client.written:
            # Whatever was taken from the client it would give itself again.
            words = "An administrator changed this client since. Ask them for further changes."
            raise RegistrationDenied(words, cause="changed_by_administrator")
        wanted, attrs = await self._read(tx, raw, client.template_id)
        by, joined = _by_client(client, origin), self._db.joined(tx)
        secret = _fresh_secret(client.auth_method, wanted.auth_method)
        if secret is not None:
            attrs["client_secret"] = secret
        named = described.application(wanted, client.client_id)
        providers = DirectoryProviders(joined, self._base_url, None)
        await providers.change(client.provider_id, {**attrs, "name": f"{named['name']} {client.client_id[:8]}"}, by)
        await DirectoryApplications(joined, providers).change(client.slug, named, by)
        await registered_clients.change(tx, client.provider_id, auth_method=wanted.auth_method)
        await self._audit.write(Event(UPDATE, "ok", by.actor, client.client_id, origin=origin), tx)
        told = await self._written(tx, client.client_id, token)
        return told if secret is None or wanted.auth_method == KEY else {**told, **_secret(secret)}

    async def _read(
        self, tx: Transaction, raw: Mapping[str, Any], template_id: int
    ) -> tuple[ClientMetadata, dict[str, Any]]:
        template = await provider_rows.by_id(tx, template_id)
        if template is None:
            raise RegistrationOff()
        wanted = client_metadata.read(raw, grants=template.grant_types, own_origin=self._own_origin)
        return wanted, described.attributes(wanted, template, await scope_mappings.of_provider(tx, template_id))

    async def _written(self, tx: Transaction, client_id: str, token: str) -> dict[str, Any]:
        """Notes what stands there now as the client's own words, and tells it."""
        client = await self._client(tx, client_id, token)
        found = await _described(tx, client)
        await registered_clients.change(tx, client.provider_id, written=described.digest(found))
        return described.information(found, client, token, self._base_url)

    def _check_own(self, client: RegisteredClient, raw: Mapping[str, Any]) -> None:
        """RFC 7592 2.2: the client names itself, and nothing that is ours to say. Raises InvalidRequest."""
        if raw.get("client_id") != client.client_id:
            raise InvalidRequest("client_id is missing or another client's.", cause="client_id_differs")
        if given := [name for name in OURS if name in raw]:
            raise InvalidRequest(f"{given[0]} is not the client's to say.", cause="metadata_ours")
        secret = raw.get("client_secret")
        if secret is None:
            return
        stored = client.client_secret
        known = "" if stored is None else self._db.sealer.open(stored, SECRET_PURPOSE)
        given_text = secret if isinstance(secret, str) else ""
        if not known or not hmac.compare_digest(known.encode(), given_text.encode("utf-8", "surrogatepass")):
            raise InvalidRequest("client_secret is not the present one.", cause="client_secret_wrong")

    async def _client(self, tx: Transaction, client_id: str, token: str | None) -> RegisteredClient:
        """Raises InvalidToken, for a client that is gone too (RFC 7592 2.1)."""
        found = None
        if client_id.isprintable() and token:
            found = await registered_clients.find(tx, client_id, digest(_bounded(token)))
        if found is None:
            raise InvalidToken(cause="token_missing" if token is None else "registration_access_token")
        return found

    @asynccontextmanager
    async def _reported(self, action: str, target: str, origin: Origin) -> AsyncIterator[None]:
        """Writes down why a request was refused, and counts it. Raises TooManyRequests."""
        bucket = f"register:{network_of(origin.address or '')}"
        await self._limits.refuse_above(bucket, REFUSALS)
        try:
            try:
                yield
            except FieldsInvalid as error:
                raise _as_metadata(error) from error
        except OAuthError as error:
            named = target[:LONGEST_TARGET] if target.isprintable() else None
            await self._audit.write(Event(action, error.cause, target=named, origin=origin))
            await self._limits.count(bucket, REFUSALS)
            raise


async def _described(tx: Transaction, client: RegisteredClient) -> Described:
    provider = await provider_rows.by_id(tx, client.provider_id)
    application = await application_rows.by_provider(tx, client.provider_id)
    if provider is None or application is None:
        # Whoever took the application away ended the client.
        raise RegistrationDenied("The application of this client is gone.", cause="application_gone")
    return Described(provider, application, tuple(await scope_mappings.of_provider(tx, client.provider_id)))


async def _template(tx: Transaction, slug: str) -> oauth_providers.ProviderRow:
    found = await oauth_providers.by_slug(tx, slug)
    if found is None:
        raise RegistrationOff()
    return found


def _fresh_secret(before: str, after: str) -> str | None:
    """A new secret for a client that changes how it proves itself: what counted before must not count any more."""
    without = (PUBLIC, KEY)
    if after == PUBLIC or before == after or (before not in without and after not in without):
        return None
    return objects.new_secret()


def _secret(secret: str | None) -> dict[str, Any]:
    return {"client_secret": secret, "client_secret_expires_at": 0}


def _bounded(token: str | None) -> str:
    """Raises InvalidToken for none and for one that is none of ours."""
    if token is None:
        raise InvalidToken("The access token is missing.", cause="token_missing")
    if len(token) > LONGEST_TOKEN:
        raise InvalidToken(cause="token_too_long")
    return token


def _by_client(client: RegisteredClient, origin: Origin) -> By:
    return By(f"client:{client.client_id}", origin)


def _as_metadata(error: FieldsInvalid) -> OAuthError:
    """What the objects themselves find wrong, in the protocol's words."""
    field = next(iter(error.problems))
    name = described.FIELDS.get(field, field)
    words = f"{name}: {error.problems[field][0]}"
    kind = InvalidRedirectUri if name == "redirect_uris" else InvalidClientMetadata
    return kind(words, cause=f"metadata_{name}")
