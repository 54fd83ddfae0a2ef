"""Sign somebody in by SAML: away, back by a POST that brings no cookie, and on to the browser that began.

The identity provider's POST comes from another site, so the binding cookie (SameSite=Lax) is not there. What the
response proves is kept, sealed, under a handle that works once, and the browser is sent on to a GET that has the
cookie. So nobody can sign somebody else in to their own account.
"""

import asyncio
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec.structs import replace

from gatewright.accounts.limits import Limits, network_of
from gatewright.domain.clock import MINUTE
from gatewright.domain.errors import GatewrightError
from gatewright.domain.people import Origin
from gatewright.settings.saml import SAML_SOURCE, Saml
from gatewright.settings.sign_in import ClaimNames, RoleRules, SignInProvider
from gatewright.sso.refusals import StateInvalid
from gatewright.sso.relying_party import BROWSER_TOKEN, LIFE, Begun
from gatewright.sso.return_to import safe_return_to
from gatewright.sso.saml.documents import SamlRefused
from gatewright.sso.saml.provider import Metadata
from gatewright.sso.saml.requests import Wanted, new_id, our_metadata, request_url
from gatewright.sso.saml.responses import Expected, Verified, decoded, verify
from gatewright.sso.saml.signatures import SignerUnknown
from gatewright.sso.sign_in import STARTS, Completed, SignIn
from gatewright.sso.sources import Source
from gatewright.sso.trusted_header import Assertion
from gatewright.storage import login_transactions, used_assertions
from gatewright.storage.database import Database, Transaction
from gatewright.storage.login_transactions import LoginTransaction

CALLBACK = "/sso/saml/callback"
METADATA = "/sso/saml/metadata"
PURPOSE = "login_transactions.saml"
VERIFIED = "saml:verified"
"""The source of rows that hold what a response proved, which no callback of OpenID Connect takes for its own."""
# From the POST to the GET is one redirect.
HANDLE_LIFE = 2 * MINUTE
# Each is a signature or two to check.
RESPONSES = 600
AGAIN = "Start the sign-in again."
NAMES = ClaimNames(user_id="user_id", email="email", display_name="name", role="role", groups="teams", teams="teams")


class Kept(msgspec.Struct, frozen=True):
    """What a response proved, between the POST and the GET."""

    issuer: str
    subject: str
    claims: Mapping[str, Any]


class Received(msgspec.Struct, frozen=True):
    """The handle for the GET. `browser` is the binding cookie of an unsolicited sign-in, which has none yet."""

    handle: str
    browser: str | None = None


def source_of() -> Source:
    """The identity provider as a source, for the role decision and the teams."""

    async def no_secret() -> str:
        return ""

    roles = RoleRules(is_configured=True)
    provider = SignInProvider(id=SAML_SOURCE, profile="generic", client_id="", claims=NAMES, roles=roles)
    return Source(provider, no_secret)


class SamlSignIn:
    """The use case."""

    label = "SAML"

    def __init__(
        self, db: Database, settings: Saml, base_url: str, metadata: Metadata, sign_in: SignIn, limits: Limits
    ) -> None:
        self._db = db
        self._settings = settings
        self._callback = base_url + CALLBACK
        self._audience = settings.entity_id or base_url + METADATA
        self._metadata = metadata
        self._sign_in = sign_in
        self._limits = limits
        self._source = source_of()

    def metadata(self) -> bytes:
        """Ours, for the identity provider."""
        return our_metadata(self._settings, self._audience, self._callback)

    async def begin(
        self, *, return_to: str | None, browser: str | None, cli_login: str | None, ask_again: bool, origin: Origin
    ) -> Begun:
        """Starts a sign-in, as `sso.sign_in.SignIn.begin` does, and raises as that does."""
        if cli_login is not None:
            await self._sign_in.check_cli_login(cli_login, origin)
        try:
            await self._limits.count(f"sign-in-start:{network_of(origin.address or '')}", STARTS, MINUTE)
            provider = await self._metadata.provider()
        except GatewrightError as error:
            await self._sign_in.refused(error, SAML_SOURCE, origin)
            raise
        bound = browser if browser and BROWSER_TOKEN.fullmatch(browser) else secrets.token_urlsafe(32)
        wanted = Wanted(new_id(), self._audience, self._callback, ask_again, self._db.clock())
        row = self._row(_hash(bound), safe_return_to(return_to), cli_login)
        row = replace(row, source=SAML_SOURCE, nonce=wanted.identifier, expires_at=wanted.now + LIFE)
        async with self._db.write() as tx:
            state = await _add(tx, row)
        return Begun(request_url(provider, self._settings, wanted, state), bound)

    async def receive(self, response: str, relay_state: str | None, origin: Origin) -> Received:
        """Checks a response and keeps what it proves. Raises LoginRefused with a code, in the audit log."""
        try:
            await self._limits.count(f"saml-response:{network_of(origin.address or '')}", RESPONSES, MINUTE)
            verified = await self._verified(decoded(response))
            return await self._keep(verified, relay_state)
        except GatewrightError as error:
            await self._sign_in.refused(error, SAML_SOURCE, origin)
            raise

    async def complete(
        self, handle: str | None, *, browser: str | None, old_session: str | None, origin: Origin
    ) -> Completed:
        """Finishes the sign-in in the browser that began it. Raises LoginRefused with a code, in the audit log."""
        try:
            row = await self._take(handle or "", VERIFIED)
            if not browser or not hmac.compare_digest(row.browser_hash, _hash(browser)):
                raise StateInvalid(
                    "state_other_browser",
                    "This sign-in was started in another browser.",
                    hint=f"{AGAIN} Cookies must be allowed.",
                )
            kept = msgspec.json.decode(self._db.sealer.open(row.code_verifier, PURPOSE), type=Kept)
        except GatewrightError as error:
            await self._sign_in.refused(error, SAML_SOURCE, origin)
            raise
        return await self._sign_in.by_assertion(
            Assertion(self._source, f"{SAML_SOURCE}:{kept.issuer}", kept.subject, kept.claims),
            cli_login=row.cli_login,
            browser=browser,
            old_session=old_session,
            return_to=row.return_to,
            origin=origin,
        )

    async def _verified(self, raw: bytes) -> Verified:
        """A signature that fits no certificate is tried once more with fresh metadata."""
        try:
            return await self._verify(raw, again=False)
        except SignerUnknown:
            return await self._verify(raw, again=True)

    async def _verify(self, raw: bytes, *, again: bool) -> Verified:
        provider = await self._metadata.provider(again=again)
        expected = Expected(provider, self._settings, self._callback, self._audience, self._db.clock())
        # Canonical forms and signatures of large documents take longer than other requests should wait.
        return await asyncio.to_thread(verify, raw, expected)

    async def _keep(self, verified: Verified, relay_state: str | None) -> Received:
        """The response is used up with the request that it answers, in one transaction."""
        row = None if verified.request is None else await self._take(relay_state or "", SAML_SOURCE)
        if row is not None and row.nonce != verified.request:
            raise SamlRefused("saml_in_response_to", "The response answers another request.", hint=AGAIN)
        if row is None and not self._settings.allow_unsolicited:
            raise SamlRefused(
                "saml_unsolicited",
                "The identity provider sent a response that nobody asked for.",
                hint="Begin at this gateway's own sign-in page, or set SAML_ALLOW_UNSOLICITED=true.",
            )
        kept = msgspec.json.encode(Kept(verified.issuer, verified.subject, verified.claims)).decode()
        fresh = secrets.token_urlsafe(32)
        next_row = self._row(_hash(fresh), None, None)
        if row is not None:
            next_row = self._row(row.browser_hash, row.return_to, row.cli_login)
        sealed = replace(next_row, code_verifier=self._db.sealer.seal(kept, PURPOSE))
        once = _hash(f"saml\0{verified.issuer}\0{verified.assertion}")
        async with self._db.write() as tx:
            if not await used_assertions.take(tx, once, verified.ends):
                raise SamlRefused("saml_replayed", "This response was used already.", hint=AGAIN)
            handle = await _add(tx, sealed)
        return Received(handle, fresh if row is None else None)

    def _row(self, browser_hash: str, return_to: str | None, cli_login: str | None) -> LoginTransaction:
        """A row of the second step, without its token."""
        now = self._db.clock()
        return LoginTransaction(
            state_hash="",
            browser_hash=browser_hash,
            source=VERIFIED,
            nonce="",
            code_verifier=b"",
            return_to=return_to,
            cli_login=cli_login,
            created_at=now,
            expires_at=now + HANDLE_LIFE,
        )

    async def _take(self, token: str, source: str) -> LoginTransaction:
        """The row of that token, used up by this call."""
        async with self._db.write() as tx:
            row = await login_transactions.take(tx, _hash(token))
        if row is None or row.source != source:
            raise StateInvalid("state_unknown", "This sign-in is unknown, or was finished already.", hint=AGAIN)
        if row.expires_at <= self._db.clock():
            raise StateInvalid("state_expired", "This sign-in took more than ten minutes.", hint=AGAIN)
        return row


async def _add(tx: Transaction, row: LoginTransaction) -> str:
    """Stores the row under a new token, of which the hash is kept."""
    token = secrets.token_urlsafe(32)
    await login_transactions.add(tx, replace(row, state_hash=_hash(token)))
    return token


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
