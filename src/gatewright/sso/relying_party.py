"""The authorization code flow of OpenID Connect, for one source: the protocol and nothing of users.

`begin` sends a browser away; `complete` proves who came back. Between the two stands one row: the state's hash, the
nonce and the sealed PKCE verifier, bound to the browser by a cookie and used once (`sso.parties` takes it).
"""

import hashlib
import logging
import re
import secrets
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import msgspec

from gatewright.domain.clock import MINUTE
from gatewright.oidc import pkce
from gatewright.oidc.errors import LoginRefused
from gatewright.oidc.metadata import Metadata
from gatewright.oidc.parameters import Parameters
from gatewright.oidc.redirect_uris import origin
from gatewright.outbound.client import Answer
from gatewright.sso.discovery import Discovery
from gatewright.sso.id_tokens import IdToken, IdTokens
from gatewright.sso.profiles.flow import NamedTeam, flow_of
from gatewright.sso.refusals import EndpointMissing, ProviderFailed, ProviderRefused, StateInvalid, oauth_words
from gatewright.sso.sources import Source
from gatewright.sso.token_endpoint import TokenEndpoint, pkce_refusal
from gatewright.sso.userinfo import Userinfo
from gatewright.storage import login_transactions
from gatewright.storage.database import Database
from gatewright.storage.login_transactions import LoginTransaction

logger = logging.getLogger(__name__)
LIFE = 10 * MINUTE
PURPOSE = "login_transactions.code_verifier"
ENDPOINTS = ("authorization_endpoint", "token_endpoint", "userinfo_endpoint")
BROWSER_TOKEN = re.compile(r"[A-Za-z0-9_\-]{43}", re.ASCII)


class Begun(msgspec.Struct, frozen=True):
    """Where to send the browser, and the value of the cookie that binds the sign-in to it."""

    url: str
    browser: str


class Proof(msgspec.Struct, frozen=True):
    """Who came back. `issuer` None: the provider sent no ID token. `doubt`: why no signature was checked, else None.

    `claims` are those that may be believed: userinfo's, and under them the ID token's when its signature was checked.
    `teams` are those that the provider wants to exist. `notes` are what is weaker than it should be.
    """

    subject: str
    claims: dict[str, Any]
    issuer: str | None
    doubt: str | None
    id_token: str | None
    teams: tuple[NamedTeam, ...] = ()
    notes: tuple[str, ...] = ()


class RelyingParty:
    """Speaks to one source."""

    def __init__(self, db: Database, source: Source, discovery: Discovery, base_url: str) -> None:
        self.source = source
        self._db = db
        self.discovery = discovery
        self._provider = source.provider
        self.redirect_uri = base_url + source.callback
        self.id_tokens = IdTokens(source, discovery, db.clock)
        self._tokens = TokenEndpoint(source, discovery, self.redirect_uri, db.clock)
        self._profiles = Userinfo(source, discovery, self.id_tokens)
        self.flow = flow_of(source.provider, discovery)

    def fix(self, code: str) -> str | None:
        """What an administrator does about an error of that code at this provider; None where nothing special helps."""
        known = {"redirect_uri": self.redirect_uri, "client_id": self._provider.client_id}
        return self.flow.profile.fix(code, issuer=self._provider.issuer or "the issuer", **known)

    async def begin(
        self,
        *,
        return_to: str | None,
        browser: str | None,
        cli_login: str | None = None,
        prompt: str | None = None,
        invitation: str | None = None,
        is_trial: bool = False,
    ) -> Begun:
        """Starts a sign-in. `browser` is the binding cookie's present value, kept so that two tabs can sign in.

        `return_to` must be safe already. Raises ProviderFailed or MetadataInvalid.
        """
        endpoint = await self.endpoint("authorization_endpoint")
        state, nonce, verifier = secrets.token_urlsafe(32), secrets.token_urlsafe(32), pkce.new_verifier()
        bound = browser if browser and BROWSER_TOKEN.fullmatch(browser) else secrets.token_urlsafe(32)
        now = self._db.clock()
        row = LoginTransaction(
            state_hash=_hash(state),
            browser_hash=_hash(bound),
            source=self.source.id,
            nonce=nonce,
            code_verifier=self._db.sealer.seal(verifier, PURPOSE),
            return_to=return_to,
            cli_login=cli_login,
            created_at=now,
            expires_at=now + LIFE,
            invitation=invitation,
            is_trial=is_trial,
        )
        async with self._db.write() as tx:
            await login_transactions.add(tx, row)
        query = {
            "response_type": "code",
            "client_id": self._provider.client_id,
            "redirect_uri": self.redirect_uri,
            "scope": self._provider.scope,
            "state": state,
            "nonce": nonce,
        }
        if self._provider.use_pkce:
            query |= {"code_challenge": pkce.challenge(verifier), "code_challenge_method": pkce.METHOD}
        if prompt:
            query["prompt"] = self.flow.profile.again if prompt == "login" else prompt
        return Begun(f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(query)}", bound)

    async def complete(self, parameters: Parameters, row: LoginTransaction) -> Proof:
        """Proves who came back with these parameters of the redirect. Raises LoginRefused with a cause code."""
        await self._check_response_issuer(parameters)
        if parameters.value("error"):
            raise self._refused(parameters.value("error"), parameters.value("error_description"))
        code = parameters.value("code")
        if code is None:
            raise StateInvalid("code_missing", "The provider sent you back without a code.")
        verifier = self._db.sealer.open(row.code_verifier, PURPOSE)
        tokens = await self._tokens.exchange(await self.endpoint("token_endpoint"), code, verifier)
        access_token = str(tokens["access_token"])
        checked = await self._check_id_token(tokens.get("id_token"), row.nonce, access_token, parameters.value("iss"))
        told = await self.flow.told(access_token, checked, lambda: self._userinfo(access_token, checked))
        verified: Mapping[str, Any] = {}
        if checked is not None and checked.doubt is None:
            verified = merged(await self._claims_of(access_token, checked), checked.claims)
        missing = None if told.issuer is not None else "the provider sent no ID token"
        return Proof(
            subject=str(told.claims["sub"]),
            claims=self.flow.shaped(merged(verified, told.claims)),
            issuer=told.issuer if checked is None else checked.issuer,
            doubt=missing if checked is None else checked.doubt,
            id_token=None if checked is None else str(tokens["id_token"]),
            teams=told.teams,
            notes=await self._notes(),
        )

    def _refused(self, error: str | None, description: str | None) -> ProviderRefused:
        """An error that the provider sent the browser back with."""
        text = f"The provider did not sign you in: {oauth_words(error, description)}."
        return pkce_refusal(self._provider, error, description, text) or ProviderRefused("provider_refused", text)

    async def _check_response_issuer(self, parameters: Parameters) -> None:
        """`iss` of the response, before the code goes anywhere (RFC 9207, against mix-up)."""
        found, known = parameters.value("iss"), self._provider.issuer
        if known is not None:
            document = await self._document()
            promised = document is not None and document.authorization_response_iss_parameter_supported
            wrong = found != known if found else promised
        else:
            ours = {origin(self._provider.authorization_endpoint or ""), origin(self._provider.token_endpoint or "")}
            wrong = found is not None and origin(found) not in ours
        if wrong:
            raise LoginRefused("response_issuer", "The answer does not come from the provider that you were sent to.")

    async def ask_token(self, code: str, verifier: str) -> Answer:
        """What the token endpoint answers to a code, any status. Raises ProviderFailed."""
        return await self._tokens.ask(await self.endpoint("token_endpoint"), code, verifier)

    async def _check_id_token(
        self, token: object, nonce: str, access_token: str, response_issuer: str | None
    ) -> IdToken | None:
        if token is None and self._provider.issuer is None:
            return None
        if not isinstance(token, str):
            raise ProviderFailed("id_token_missing", "The provider sent no ID token.")
        checked = await self.id_tokens.check(token, nonce=nonce, access_token=access_token)
        if response_issuer is not None and response_issuer != checked.issuer:
            raise LoginRefused("response_issuer", "The answer and the ID token name different issuers.")
        return checked

    async def _userinfo(self, access_token: str, checked: IdToken | None) -> Mapping[str, Any]:
        """The profile; its `sub` must be the ID token's (OpenID Connect Core 5.3.2)."""
        endpoint = await self.known_endpoint("userinfo_endpoint")
        if endpoint is None:
            if checked is None or checked.doubt is not None:
                raise EndpointMissing("userinfo_endpoint")
            return checked.claims
        return await self._profiles.profile(endpoint, access_token, checked)

    async def _claims_of(self, access_token: str, checked: IdToken) -> Mapping[str, Any]:
        """What the access token says, where it is asked for and proves it."""
        if not self._provider.token_claims:
            return {}
        try:
            return await self.id_tokens.access_token_claims(access_token, checked)
        except LoginRefused as error:
            logger.warning("claims of the access token of %s do not count: %s", self.source.id, error.message)
            return {}

    async def _notes(self) -> tuple[str, ...]:
        """What is weaker or other than it should be, though people can sign in."""
        notes = [] if self._provider.verify_tls else ["the provider's certificate is not verified"]
        notes += [] if self._provider.use_pkce else ["sign-ins go without PKCE"]
        document = await self._document()
        for name in ENDPOINTS if document is not None else ():
            ours, theirs = getattr(self._provider, name), getattr(document, name)
            if ours is not None and theirs is not None and ours != theirs:
                notes.append(f"{name} is set to another address than the provider publishes")
        return tuple(notes)

    async def _document(self) -> Metadata | None:
        """The configured issuer's discovery document. Where its keys are configured too it may be missing."""
        if self._provider.issuer is None:
            return None
        try:
            return await self.discovery.metadata(self._provider.issuer)
        except LoginRefused:
            if self._provider.jwks_uri is None:
                raise
            return None

    async def endpoint(self, name: str) -> str:
        """An endpoint that the provider must have. Raises ProviderFailed."""
        known = await self.known_endpoint(name)
        if known is None:
            raise EndpointMissing(name)
        return known

    async def known_endpoint(self, name: str) -> str | None:
        """An endpoint from the settings, else from the discovery document."""
        known: str | None = getattr(self._provider, name)
        if known is None:
            known = getattr(await self._document(), name, None)
        return known


def merged(*layers: Mapping[str, Any]) -> dict[str, Any]:
    """The claims of all layers; a later layer counts before an earlier one, and null before nothing."""
    return {name: value for layer in layers for name, value in layer.items() if value is not None}


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
