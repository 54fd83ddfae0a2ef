"""Questions that a provider answers without anybody signing in: each one a check of its own, none of them raises."""

from email.utils import parsedate_to_datetime
from urllib.parse import parse_qs, urlencode, urlsplit

from gatewright.domain.clock import SECOND, Clock
from gatewright.oidc import pkce
from gatewright.oidc.errors import LoginRefused
from gatewright.oidc.jwt import ASYMMETRIC
from gatewright.oidc.metadata import Metadata, discovery_url
from gatewright.outbound.client import Answer
from gatewright.sso.discovery import object_of
from gatewright.sso.doctor.checks import Check, ok, problem, skipped, warning
from gatewright.sso.refusals import oauth_words
from gatewright.sso.relying_party import RelyingParty

MADE_UP = "gatewright-doctor"
"""A code and a token that no provider has given out."""
VERIFIER = "0" * 43
WRONG_CODE = ("invalid_grant", "bad_verification_code")
WRONG_CLIENT = ("invalid_client", "unauthorized_client", "incorrect_client_credentials")
"""RFC 6749 5.2, and GitHub's own words."""

WARN_SKEW_S = 30
MOST_SHOWN = 10
LOST = "Without the discovery document its address is not known."


def mend(party: RelyingParty, error: LoginRefused, otherwise: str) -> str:
    """The profile's word, the error's own, or what helps in general."""
    return party.fix(error.error_code) or error.hint or otherwise


def is_lost(party: RelyingParty, metadata: Metadata | None, endpoint: str) -> bool:
    """Whether only the discovery document, which cannot be read, would say where the endpoint is."""
    provider = party.source.provider
    return metadata is None and provider.issuer is not None and getattr(provider, endpoint) is None


async def discovery(party: RelyingParty) -> tuple[Check, Metadata | None]:
    """The discovery document, where the issuer is known."""
    issuer, title = party.source.provider.issuer, "Discovery"
    if issuer is None:
        found = "No issuer is configured: keys are looked for at sign-in, and the issuer may stay unverified."
        fix = "Configure the issuer (GENERIC_ISSUER): it is in the provider's documents."
        return warning("discovery", title, found, fix), None
    try:
        metadata = await party.discovery.metadata(issuer)
    except LoginRefused as error:
        fix = mend(party, error, f"Open {discovery_url(issuer)} in a browser and compare.")
        return problem("discovery", title, error.message, fix), None
    return ok("discovery", title, f"{issuer} publishes its endpoints."), metadata


async def keys(party: RelyingParty, metadata: Metadata | None) -> Check:
    """The keys that sign ID tokens."""
    title = "Signing keys"
    if metadata is None:
        return skipped("jwks", title, "Without a discovery document there is no address for them.")
    usable = [name for name in metadata.id_token_signing_alg_values_supported if name in ASYMMETRIC]
    if not usable:
        found = "The provider signs ID tokens with a shared secret alone."
        return problem("jwks", title, found, "Choose RS256 or ES256 at the provider.")
    try:
        published = (await party.discovery.jwks(metadata.jwks_uri)).get("keys")
    except LoginRefused as error:
        return problem("jwks", title, error.message, mend(party, error, f"Open {metadata.jwks_uri} in a browser."))
    if not isinstance(published, list) or not published:
        return problem("jwks", title, "The provider publishes no keys.", "Choose a signing key at the provider.")
    count = "One key" if len(published) == 1 else f"{len(published)} keys"
    return ok("jwks", title, f"{count}, for {', '.join(usable[:MOST_SHOWN])}.")


async def redirect_uri(party: RelyingParty, metadata: Metadata | None) -> Check:
    """Whether the provider knows our redirect URI: asked with `prompt=none`, which shows nobody a page.

    A provider that knows it sends the browser back there with an error (OpenID Connect Core 3.1.2.6); one that does not
    must not (RFC 6749 4.1.2.1).
    """
    title, ours = "Redirect URI", party.redirect_uri
    if is_lost(party, metadata, "authorization_endpoint"):
        return skipped("redirect_uri", title, LOST)
    query = {
        "response_type": "code",
        "client_id": party.source.provider.client_id,
        "redirect_uri": ours,
        "scope": party.source.provider.scope,
        "state": MADE_UP,
        "nonce": MADE_UP,
        "prompt": "none",
        "code_challenge": pkce.challenge(VERIFIER),
        "code_challenge_method": pkce.METHOD,
    }
    try:
        endpoint = await party.endpoint("authorization_endpoint")
        answer = await party.discovery.ask(f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(query)}")
    except LoginRefused as error:
        return problem("redirect_uri", title, error.message, mend(party, error, "Check the authorization endpoint."))
    target = answer.headers.get("location", "")
    if target.startswith(ours):
        found = parse_qs(urlsplit(target).query).get("error", ["nothing"])[0]
        if found in ("unauthorized_client", "invalid_scope", "unsupported_response_type", "invalid_request"):
            fix = "Allow the authorization code flow and these scopes for the client at the provider."
            return problem("redirect_uri", title, f"The provider refuses the request: {oauth_words(found, None)}.", fix)
        return ok("redirect_uri", title, f"The provider knows {ours}.")
    if answer.status in (301, 302, 303, 307, 308) or answer.status == 200:
        found = f"The provider showed a page of its own, so it does not say whether it knows {ours}."
        return warning("redirect_uri", title, found, f"Compare it with what is registered there: {ours}")
    found = f"The provider answered {answer.status}: it does not know the client or its redirect URI."
    fix = party.fix("provider_refused") or f"Register exactly this redirect URI at the provider: {ours}"
    return problem("redirect_uri", title, found, fix)


async def credentials(party: RelyingParty, metadata: Metadata | None) -> Check:
    """Whether the token endpoint knows us, asked with a code that nobody gave out."""
    title = "Client credentials"
    if is_lost(party, metadata, "token_endpoint"):
        return skipped("credentials", title, LOST)
    try:
        answer = await party.ask_token(MADE_UP, VERIFIER)
        body = object_of(answer)
    except LoginRefused as error:
        return problem("credentials", title, error.message, mend(party, error, "Is this the token endpoint?"))
    said = body.get("error")
    if said in WRONG_CODE:
        return ok("credentials", title, "The provider knows our client id and accepts how we authenticate.")
    words = oauth_words(said, body.get("error_description"))
    if said in WRONG_CLIENT or answer.status == 401:
        fix = "Copy client id and secret from the provider again; check how the client authenticates there."
        fix = party.fix("client_refused") or fix
        return problem("credentials", title, f"The provider refuses us: {words}.", fix)
    fix = "Anything but invalid_grant is unusual for a made-up code: compare the endpoint with the provider's."
    return warning("credentials", title, f"The token endpoint answered {answer.status}: {words}.", fix)


async def userinfo(party: RelyingParty, metadata: Metadata | None) -> tuple[Check, Answer | None]:
    """Whether the userinfo endpoint is one: it must refuse a made-up token."""
    title = "Userinfo"
    if is_lost(party, metadata, "userinfo_endpoint"):
        return skipped("userinfo", title, LOST), None
    try:
        endpoint = await party.known_endpoint("userinfo_endpoint")
        if endpoint is None:
            return skipped("userinfo", title, "The provider has none; claims come from the ID token."), None
        answer = await party.discovery.ask(endpoint, {"authorization": f"Bearer {MADE_UP}"})
    except LoginRefused as error:
        return problem("userinfo", title, error.message, mend(party, error, "Check the userinfo endpoint.")), None
    if answer.status in (400, 401, 403):
        return ok("userinfo", title, "The endpoint refuses a made-up token, as it must."), answer
    if 200 <= answer.status < 300:
        fix = "Do not use this endpoint: its answers prove nothing."
        return problem("userinfo", title, "The endpoint answers whoever asks, whatever the token.", fix), answer
    found = f"The endpoint answered {answer.status} to a made-up token."
    return problem("userinfo", title, found, "Compare the address with the provider's documents."), answer


def clock_skew(answer: Answer | None, clock: Clock, allowed_s: int) -> Check:
    """Our clock beside the provider's, by the Date of its answer (RFC 9110 6.6.1)."""
    title, text = "Clock", "" if answer is None else answer.headers.get("date", "")
    try:
        theirs = int(parsedate_to_datetime(text).timestamp())
    except (ValueError, TypeError):
        return skipped("clock", title, "The provider's answers carry no date.")
    skew = clock() // SECOND - theirs
    words = f"This machine's clock is {abs(skew)} seconds {'ahead of' if skew > 0 else 'behind'} the provider's."
    if abs(skew) > allowed_s:
        return problem("clock", title, words, "Let both machines follow a time server (NTP).")
    if abs(skew) > WARN_SKEW_S:
        return warning("clock", title, words, "Let both machines follow a time server (NTP).")
    return ok("clock", title, "Both clocks agree.")


def scopes(party: RelyingParty, metadata: Metadata | None) -> Check:
    """Whether the provider offers what is asked of it."""
    title = "Scopes"
    if metadata is None or not metadata.scopes_supported:
        return skipped("scopes", title, "The provider does not say which scopes it knows.")
    missing = [name for name in party.source.provider.scope.split() if name not in metadata.scopes_supported]
    if missing:
        found = f"The provider does not list {', '.join(missing)}."
        return warning("scopes", title, found, "Add the scope at the provider (often a mapping), or do not ask for it.")
    return ok("scopes", title, f"The provider lists {party.source.provider.scope}.")


def sign_out(party: RelyingParty, metadata: Metadata | None, logout_url: str | None) -> Check:
    """Whether a sign-out here ends the provider's session too."""
    title = "Sign-out"
    if logout_url is not None:
        return ok("sign_out", title, f"After a sign-out the browser goes to {logout_url} (PROXY_LOGOUT_URL).")
    if is_lost(party, metadata, "end_session_endpoint"):
        return skipped("sign_out", title, LOST)
    known = party.source.provider.end_session_endpoint or (metadata and metadata.end_session_endpoint)
    if not known:
        fix = "Set PROXY_LOGOUT_URL to the provider's sign-out page, if it has one."
        return warning("sign_out", title, "The provider names no end-session endpoint; its session goes on.", fix)
    return ok("sign_out", title, "A sign-out here is handed on to the provider.")
