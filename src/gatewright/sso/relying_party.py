"""The authorization code flow of OpenID Connect, for one source: the protocol and nothing of users.

`begin` sends a browser away; `complete` proves who came back. Between the two stands one row: the state's hash, the
nonce and the sealed PKCE verifier, bound to the browser by a cookie and used once (`sso.parties` takes it).
"""

import base64
import hashlib
import re
import secrets
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote_plus, urlencode

import msgspec

from gatewright.domain.clock import MINUTE
from gatewright.oidc import pkce
from gatewright.oidc.errors import LoginRefused
from gatewright.oidc.parameters import Parameters
from gatewright.oidc.redirect_uris import origin
from gatewright.sso.discovery import Discovery, object_of
from gatewright.sso.id_tokens import IdToken, IdTokens
from gatewright.sso.profiles.flow import NamedTeam, flow_of
from gatewright.sso.refusals import ProviderFailed, ProviderRefused, StateInvalid, oauth_words
from gatewright.sso.sources import Source
from gatewright.storage import login_transactions
from gatewright.storage.database import Database
from gatewright.storage.login_transactions import LoginTransaction

LIFE = 10 * MINUTE
PURPOSE = "login_transactions.code_verifier"
BROWSER_TOKEN = re.compile(r"[A-Za-z0-9_\-]{43}", re.ASCII)


class Begun(msgspec.Struct, frozen=True):
    """Where to send the browser, and the value of the cookie that binds the sign-in to it."""

    url: str
    browser: str


class Proof(msgspec.Struct, frozen=True):
    """Who came back. `issuer` None: the provider sent no ID token. `doubt`: why no signature was checked, else None.

    `claims` are those that may be believed: userinfo's, and under them the ID token's when its signature was checked.
    `teams` are those that the provider wants to exist.
    """

    subject: str
    claims: dict[str, Any]
    issuer: str | None
    doubt: str | None
    id_token: str | None
    teams: tuple[NamedTeam, ...] = ()


class RelyingParty:
    """Speaks to one source."""

    def __init__(self, db: Database, source: Source, discovery: Discovery, base_url: str) -> None:
        self.source = source
        self._db = db
        self.discovery = discovery
        self._provider = source.provider
        self.redirect_uri = base_url + source.callback
        self.id_tokens = IdTokens(source, discovery, db.clock)
        self.flow = flow_of(source.provider, discovery)

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
            words = oauth_words(parameters.value("error"), parameters.value("error_description"))
            raise ProviderRefused("provider_refused", f"The provider did not sign you in: {words}.")
        code = parameters.value("code")
        if code is None:
            raise StateInvalid("code_missing", "The provider sent you back without a code.")
        tokens = await self._exchange(code, self._db.sealer.open(row.code_verifier, PURPOSE))
        access_token = str(tokens["access_token"])
        checked = await self._check_id_token(tokens.get("id_token"), row.nonce, access_token, parameters.value("iss"))
        told = await self.flow.told(access_token, checked, lambda: self._userinfo(access_token, checked))
        verified = checked is not None and checked.doubt is None
        missing = None if told.issuer is not None else "the provider sent no ID token"
        return Proof(
            subject=str(told.claims["sub"]),
            claims=self.flow.shaped({**(checked.claims if checked is not None and verified else {}), **told.claims}),
            issuer=told.issuer if checked is None else checked.issuer,
            doubt=missing if checked is None else checked.doubt,
            id_token=None if checked is None else str(tokens["id_token"]),
            teams=told.teams,
        )

    async def _check_response_issuer(self, parameters: Parameters) -> None:
        """`iss` of the response, before the code goes anywhere (RFC 9207, against mix-up)."""
        found, known = parameters.value("iss"), self._provider.issuer
        if known is not None:
            metadata = await self.discovery.metadata(known)
            wrong = found != known if found else metadata.authorization_response_iss_parameter_supported
        else:
            ours = {origin(self._provider.authorization_endpoint or ""), origin(self._provider.token_endpoint or "")}
            wrong = found is not None and origin(found) not in ours
        if wrong:
            raise LoginRefused("response_issuer", "The answer does not come from the provider that you were sent to.")

    async def _exchange(self, code: str, verifier: str) -> dict[str, Any]:
        """The code for tokens, at the token endpoint. Raises ProviderRefused or ProviderFailed."""
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.redirect_uri,
            "client_id": self._provider.client_id,
        }
        if self._provider.use_pkce:
            form["code_verifier"] = verifier
        answer = await self.discovery.post(
            await self.endpoint("token_endpoint"), form, {"authorization": await self._basic()}
        )
        tokens = object_of(answer)
        if answer.status != 200 or "error" in tokens:
            words = oauth_words(tokens.get("error"), tokens.get("error_description"))
            raise ProviderRefused(
                "token_exchange_refused",
                f"The provider refused to complete the sign-in: {words}.",
                hint="invalid_client means that client id or secret differ; invalid_grant that the redirect URI "
                f"{self.redirect_uri} or PKCE differ, or that the code was used.",
            )
        token = tokens.get("access_token")
        if not isinstance(token, str) or not token or not token.isascii() or not token.isprintable():
            raise ProviderFailed("token_answer", "The provider's token answer holds no access token.")
        if str(tokens.get("token_type", "Bearer")).lower() != "bearer":
            raise ProviderFailed("token_answer", "The provider's access token is not a bearer token.")
        return tokens

    async def _basic(self) -> str:
        """client_secret_basic, both halves form-encoded first (RFC 6749 2.3.1)."""
        pair = f"{quote_plus(self._provider.client_id)}:{quote_plus(await self.source.secret())}"
        return f"Basic {base64.b64encode(pair.encode()).decode()}"

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
                raise ProviderFailed("endpoint_missing", "The provider has no userinfo_endpoint.")
            return checked.claims
        answer = await self.discovery.fetch(endpoint, {"authorization": f"Bearer {access_token}"})
        profile = object_of(answer)
        subject = profile.get("sub")
        if not isinstance(subject, str) or not 0 < len(subject) <= 255:
            raise ProviderFailed("userinfo_subject", "The provider's profile does not say whom it is about.")
        if checked is not None and subject != checked.claims["sub"]:
            raise LoginRefused("userinfo_subject", "The provider's profile is about somebody else.")
        return profile

    async def endpoint(self, name: str) -> str:
        """An endpoint that the provider must have. Raises ProviderFailed."""
        known = await self.known_endpoint(name)
        if known is None:
            raise ProviderFailed("endpoint_missing", f"The provider has no {name}.")
        return known

    async def known_endpoint(self, name: str) -> str | None:
        """An endpoint from the settings, else from the discovery document."""
        known: str | None = getattr(self._provider, name)
        if known is None and self._provider.issuer is not None:
            known = getattr(await self.discovery.metadata(self._provider.issuer), name)
        return known


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
