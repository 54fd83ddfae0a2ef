"""Registered clients: a provider and its application in one value, with addresses expanded from the base URL."""

import hmac
from collections.abc import Sequence
from typing import Any

import msgspec

from gatewright.domain.clock import Millis
from gatewright.idp.expressions.facts import ExpressionProvider
from gatewright.idp.objects import flows
from gatewright.idp.objects.addresses import expand
from gatewright.idp.objects.providers import SECRET_PURPOSE
from gatewright.oidc import redirect_patterns, redirect_uris
from gatewright.oidc.scopes import OPENID
from gatewright.storage import oauth_providers, scope_mappings
from gatewright.storage.database import Database, Transaction
from gatewright.storage.oauth_providers import ProviderRow
from gatewright.storage.scope_mappings import ScopeMapping

MOUNT = "/application/o"


class Client(msgspec.Struct, frozen=True):
    """One client as a request sees it. `redirect_uris` and `logout_uris` are absolute; lives are milliseconds.

    The patterns are of `oidc.redirect_patterns`.

    `slug` is its application's; the issuer may be another one's, at which it registered itself (`is_registered`).
    `asks_consent`: its authorization flow is the explicit one. `ends_session`: its invalidation flow signs out of the
    provider. `jwks` are its public keys, for private_key_jwt. `mappings` are those that are attached, in the order in
    which they are merged.
    """

    id: int
    application_id: int
    binding_mode: str
    name: str
    client_id: str
    is_public: bool
    redirect_uris: tuple[str, ...]
    redirect_patterns: tuple[str, ...]
    logout_uris: tuple[str, ...]
    logout_patterns: tuple[str, ...]
    grant_types: tuple[str, ...]
    sub_mode: str
    issuer: str
    slug: str
    application_name: str
    launch_url: str
    require_pkce: bool
    include_claims_in_id_token: bool
    code_life: Millis
    token_life: Millis
    refresh_idle_life: Millis
    refresh_absolute_life: Millis
    refresh_threshold: Millis
    signing_algorithm: str
    asks_consent: bool
    consent_life: Millis | None
    ends_session: bool
    logout_uri: str
    logout_method: str
    jwks: dict[str, Any] | None
    mappings: tuple[ScopeMapping, ...]
    is_registered: bool = False

    @property
    def scopes(self) -> tuple[str, ...]:
        """What the client may ask for. `openid` needs no mapping: it carries no claim of its own."""
        return tuple(dict.fromkeys((OPENID, *(mapping.scope_name for mapping in self.mappings))))

    @property
    def origins(self) -> frozenset[str]:
        """The web origins that the client lives at, by its redirect URIs."""
        return frozenset(o for uri in self.redirect_uris if (o := redirect_uris.origin(uri)) is not None)

    def lives_at(self, origin: str) -> bool:
        """Whether a redirect URI, or a pattern of them, is of this web origin."""
        return origin in self.origins or any(
            redirect_patterns.matches_origin(origin, pattern) for pattern in self.redirect_patterns
        )

    @property
    def for_expressions(self) -> ExpressionProvider:
        return ExpressionProvider(self.name, self.client_id, self.application_name, self.slug)


class Clients:
    """Looks clients up, afresh at each request, so that a change counts at once on every worker."""

    def __init__(self, db: Database, base_url: str) -> None:
        self._db = db
        self._base_url = base_url

    async def by_client_id(self, client_id: str) -> Client | None:
        if not client_id.isprintable():
            return None
        async with self._db.read() as tx:
            return await self._found(tx, await oauth_providers.by_client_id(tx, client_id))

    async def by_id(self, provider_id: int) -> Client | None:
        async with self._db.read() as tx:
            return await self._found(tx, await oauth_providers.by_id(tx, provider_id))

    async def by_slug(self, slug: str) -> Client | None:
        if not slug.isprintable():
            return None
        async with self._db.read() as tx:
            return await self._found(tx, await oauth_providers.by_slug(tx, slug))

    async def everything(self) -> list[Client]:
        async with self._db.read() as tx:
            rows, attached = await oauth_providers.everything(tx), await scope_mappings.by_provider(tx)
        return [self._client(row, attached.get(row.id, ())) for row in rows]

    async def authenticate(self, client_id: str, secrets: tuple[str, ...]) -> Client | None:
        """The client when one of the given secrets is its own, or when it is public and none was given.

        Its own is the one before the last rotation too, as long as the two overlap. Compares in constant time, and
        compares something for a client that does not exist too.
        """
        if not client_id.isprintable():
            return None
        async with self._db.read() as tx:
            row = await oauth_providers.by_client_id(tx, client_id)
            found = await self._found(tx, row)
        if row is not None and row.client_type == "public":
            return found
        stored = ["no such client"] if row is None else self._secrets(row)
        good = [hmac.compare_digest(one.encode(), given.encode()) for one in stored for given in secrets]
        return found if any(good) else None

    async def secret(self, client_id: str) -> str | None:
        """The client's secret: for our own relying party, which reads it at each login. None when there is none."""
        async with self._db.read() as tx:
            row = await oauth_providers.by_client_id(tx, client_id)
        return None if row is None or row.client_secret is None else self._secret(row)

    def _secret(self, row: ProviderRow) -> str:
        sealed = row.client_secret
        # A confidential client without a secret can never authenticate; a random text would compare unequal too.
        return "\x00" if sealed is None else self._db.sealer.open(sealed, SECRET_PURPOSE)

    def _secrets(self, row: ProviderRow) -> list[str]:
        until, previous = row.previous_secret_expires_at, row.previous_secret
        counts = previous is not None and until is not None and self._db.clock() < until
        old = [self._db.sealer.open(previous, SECRET_PURPOSE)] if counts and previous is not None else []
        return [self._secret(row), *old]

    async def _found(self, tx: Transaction, row: ProviderRow | None) -> Client | None:
        return None if row is None else self._client(row, await scope_mappings.of_provider(tx, row.id))

    def _client(self, row: ProviderRow, mappings: Sequence[ScopeMapping]) -> Client:
        of_slug = f"{self._base_url}{MOUNT}/{row.issuer_slug or row.slug}/"
        uris = [((uri.redirect_uri_type, uri.matching_mode), self._expand(uri.url)) for uri in row.redirect_uris]
        return Client(
            id=row.id,
            application_id=row.application_id,
            binding_mode=row.binding_mode,
            name=row.name,
            client_id=row.client_id,
            is_public=row.client_type == "public",
            redirect_uris=tuple(url for kind, url in uris if kind == ("authorization", "strict")),
            redirect_patterns=tuple(url for kind, url in uris if kind == ("authorization", "regex")),
            logout_uris=tuple(url for kind, url in uris if kind == ("logout", "strict")),
            logout_patterns=tuple(url for kind, url in uris if kind == ("logout", "regex")),
            grant_types=row.grant_types,
            sub_mode=row.sub_mode,
            issuer=f"{self._base_url}/" if row.issuer_mode == "global" else of_slug,
            slug=row.slug,
            application_name=row.application_name,
            launch_url=self._expand(row.launch_url),
            require_pkce=row.require_pkce,
            include_claims_in_id_token=row.include_claims_in_id_token,
            code_life=row.access_code_validity,
            token_life=row.access_token_validity,
            refresh_idle_life=row.refresh_token_validity,
            refresh_absolute_life=row.refresh_token_absolute_validity,
            refresh_threshold=row.refresh_token_threshold,
            signing_algorithm=row.signing_algorithm,
            asks_consent=row.authorization_flow == flows.EXPLICIT_CONSENT,
            consent_life=row.consent_validity,
            ends_session=row.invalidation_flow == flows.SIGN_OUT,
            logout_uri=row.logout_uri,
            logout_method=row.logout_method,
            jwks=row.jwks,
            mappings=tuple(mappings),
            is_registered=row.is_registered,
        )

    def _expand(self, url: str) -> str:
        return expand(url, self._base_url)
