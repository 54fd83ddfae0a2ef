"""A person's profile from the userinfo endpoint (OpenID Connect Core 5.3): JSON, or a JWT that its issuer signed."""

from collections.abc import Mapping
from typing import Any

from gatewright.oidc.errors import LoginRefused
from gatewright.oidc.id_token import is_subject
from gatewright.outbound.client import Answer
from gatewright.sso.discovery import ADDRESS, Discovery, object_of, refuse_no_answer
from gatewright.sso.id_tokens import IdToken, IdTokens
from gatewright.sso.refusals import ProviderFailed, oauth_words
from gatewright.sso.sources import Source


class Userinfo:
    """Of one source."""

    def __init__(self, source: Source, discovery: Discovery, id_tokens: IdTokens) -> None:
        self._provider = source.provider
        self._discovery = discovery
        self._id_tokens = id_tokens

    async def profile(self, endpoint: str, access_token: str, checked: IdToken | None) -> Mapping[str, Any]:
        """The profile; its `sub` must be the ID token's (5.3.2). Raises LoginRefused: never an empty person."""
        answer = await self._discovery.ask(
            endpoint, {**self._provider.headers, "authorization": f"Bearer {access_token}"}
        )
        refuse_no_answer(answer)
        profile = await self._read(answer, checked)
        subject = profile.get("sub")
        if not is_subject(subject):
            raise ProviderFailed(
                "userinfo_subject",
                "The provider's profile does not say whom it is about: it has no claim sub.",
                hint="Compare the userinfo endpoint with the provider's documents, and ask for the scope openid.",
            )
        if checked is not None and subject != checked.claims["sub"]:
            raise LoginRefused("userinfo_mismatch", "The provider's profile is about somebody else.")
        return profile

    async def _read(self, answer: Answer, checked: IdToken | None) -> Mapping[str, Any]:
        if answer.status in (400, 401, 403):
            raise ProviderFailed(
                "userinfo_refused",
                f"The provider answered {answer.status} at {answer.url}: it refused the token that it had just given.",
                hint="Ask for the scope openid, and check that token and userinfo endpoint belong to one provider.",
            )
        if answer.status != 200:
            text = f"The provider answered {answer.status} at {answer.url}."
            raise ProviderFailed("provider_status", text, hint=ADDRESS)
        kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind == "application/jwt":
            return await self._signed(answer, checked)
        profile = object_of(answer)
        if "error" in profile and "sub" not in profile:
            words = oauth_words(profile["error"], profile.get("error_description"))
            raise ProviderFailed("userinfo_refused", f"The provider answered an error at {answer.url}: {words}.")
        return profile

    async def _signed(self, answer: Answer, checked: IdToken | None) -> Mapping[str, Any]:
        """A signed profile: `iss` and `aud`, where they are there, are the provider and us."""
        token = answer.body.decode("ascii", "replace").strip()
        if token.count(".") == 4:
            raise ProviderFailed(
                "userinfo_encrypted", "The provider encrypts profiles.", hint="Let it answer plain or signed profiles."
            )
        if checked is None or checked.doubt is not None:
            raise ProviderFailed(
                "userinfo_unverified",
                "The provider signs profiles, but its keys are not known here.",
                hint="Set GENERIC_ISSUER, or let the provider answer plain JSON.",
            )
        claims = await self._id_tokens.signed(token, checked.issuer, kind="userinfo")
        audience = claims.get("aud", self._provider.client_id)
        if claims.get("iss", checked.issuer) != checked.issuer:
            raise LoginRefused("userinfo_issuer", "The provider's profile was signed by another issuer.")
        if self._provider.client_id not in (audience if isinstance(audience, list) else [audience]):
            raise LoginRefused("userinfo_audience", "The provider's profile was made for another client.")
        return claims
