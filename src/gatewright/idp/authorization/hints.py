"""`id_token_hint`: whom the client expects at the browser (OpenID Connect Core 3.1.2.1)."""

from gatewright.accounts.sessions import Session
from gatewright.domain.errors import GatewrightError
from gatewright.idp.authorization.checks import AuthorizationRequest
from gatewright.idp.people import People
from gatewright.idp.signing_keys import SigningKeys
from gatewright.oidc import jwt
from gatewright.oidc.errors import InvalidRequest

KIND = "id_token_hint"
KEY_GONE = f"{KIND}_key_unknown"
READABLE_SUBJECTS = ("user_username", "user_email")
NOBODY = ""
"""The subject of a hint that was ours, but whose key is gone: nobody can show that they are that person."""


class Hints:
    """Reads hints. Their expiry does not matter, their signature, issuer and audience do."""

    def __init__(self, keys: SigningKeys, people: People) -> None:
        self._keys = keys
        self._people = people

    async def subject(self, request: AuthorizationRequest) -> str | None:
        """The `sub` of the hint, None without one. Raises InvalidRequest for a hint that we did not make for it."""
        if request.id_token_hint is None:
            return None
        ring = await self._keys.ring()
        try:
            claims = jwt.verify(request.id_token_hint, ring.jwks, kind=KIND)
        except GatewrightError as error:
            if error.error_code == KEY_GONE:
                return NOBODY
            raise InvalidRequest("The id_token_hint is not an ID token of ours.", cause=error.error_code) from error
        if claims.get("iss") != request.client.issuer or claims.get("aud") != request.client.client_id:
            raise InvalidRequest("The id_token_hint was made for another client.", cause="id_token_hint_client")
        return str(claims.get("sub", NOBODY))

    async def names(self, subject: str, request: AuthorizationRequest, session: Session) -> bool:
        """Whether the person of the session is the one whom the hint names."""
        return subject == await self._people.subject(session.user, request.client.sub_mode)

    async def typed_name(self, request: AuthorizationRequest) -> str:
        """The hint's subject where it is something that a person would type at sign-in, else nothing."""
        if request.client.sub_mode not in READABLE_SUBJECTS:
            return ""
        try:
            return await self.subject(request) or ""
        except InvalidRequest:
            return ""
