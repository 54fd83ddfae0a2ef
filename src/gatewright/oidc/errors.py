"""The protocol's errors: those that an OAuth endpoint answers, and those that stop a login at the relying party.

GatewrightError
  OAuthError              one class an RFC 6749/OpenID Connect error code; the edge renders it as JSON or as a redirect
  LoginRefused            the relying party does not believe what a provider sent: stable code, public explanation
    TokenInvalid          ... because a signed token failed one of its checks
    MetadataInvalid       ... because the provider's discovery document is unusable
"""

from typing import ClassVar

from gatewright.domain.errors import GatewrightError


class OAuthError(GatewrightError):
    """An answer of an OAuth endpoint (RFC 6749 4.1.2.1, 5.2; RFC 6750 3.1; OpenID Connect Core 3.1.2.6).

    `error` is the protocol's code. `message` is its `error_description`. `redirectable` says whether the authorization
    endpoint may send it to the client; an error raised before client and redirect URI are proven is never redirectable.
    `cause` is a stable word for the audit log that tells two refusals with the same `error` apart.
    """

    error: ClassVar[str] = "server_error"
    status = 400
    redirectable: ClassVar[bool] = True

    def __init__(self, message: str | None = None, *, cause: str | None = None, hint: str | None = None) -> None:
        super().__init__(_printable(message or self.summary), hint=hint, code=self.error)
        self.cause = cause or self.error


class InvalidRequest(OAuthError):
    error = "invalid_request"
    summary = "The request is missing a parameter, repeats one, or holds one that is malformed."


class UnknownClient(InvalidRequest):
    """The authorization request names no client that we know: shown here, never redirected (RFC 6749 4.1.2.1)."""

    redirectable = False
    summary = "The application that sent you here is not registered."


class RedirectUriMismatch(InvalidRequest):
    """The redirect URI is missing or not registered: shown here, never redirected (RFC 6749 4.1.2.1)."""

    redirectable = False
    summary = "The application that sent you here asked to return to an address that is not registered for it."


class InvalidClient(OAuthError):
    """Client authentication failed. `basic` says that HTTP Basic was tried, which asks for a challenge (5.2)."""

    error = "invalid_client"
    status = 401
    redirectable = False
    summary = "Client authentication failed."

    def __init__(self, message: str | None = None, *, cause: str | None = None, basic: bool = False) -> None:
        super().__init__(message, cause=cause)
        self.basic = basic


class InvalidGrant(OAuthError):
    error = "invalid_grant"
    redirectable = False
    summary = "The authorization code is unknown, expired, used, or was issued to another client or redirect URI."


class UnauthorizedClient(OAuthError):
    error = "unauthorized_client"
    summary = "This client may not use this grant type."


class UnsupportedGrantType(OAuthError):
    error = "unsupported_grant_type"
    redirectable = False
    summary = "This grant type is not supported."


class UnsupportedResponseType(OAuthError):
    error = "unsupported_response_type"
    summary = "Only response_type=code is supported."


class InvalidScope(OAuthError):
    error = "invalid_scope"
    summary = "The requested scope is not valid."


class AccessDenied(OAuthError):
    error = "access_denied"
    summary = "The person or the provider refused the request."


class InvalidTarget(OAuthError):
    """RFC 8707 2."""

    error = "invalid_target"
    summary = "The resource is unknown here, or was not part of what was granted."


class AuthorizationPending(OAuthError):
    """RFC 8628 3.5: ask again after the interval."""

    error = "authorization_pending"
    redirectable = False
    summary = "Nobody has answered yet."


class SlowDown(OAuthError):
    """RFC 8628 3.5: the interval is five seconds longer from now on."""

    error = "slow_down"
    redirectable = False
    summary = "The device asks too often."


class ExpiredToken(OAuthError):
    """RFC 8628 3.5: the device has to start over."""

    error = "expired_token"
    redirectable = False
    summary = "The device code has expired."


class LoginRequired(OAuthError):
    error = "login_required"
    summary = "Nobody is signed in, and prompt=none forbids asking."


class ConsentRequired(OAuthError):
    error = "consent_required"
    summary = "Consent is needed, and prompt=none forbids asking."


class RequestNotSupported(OAuthError):
    error = "request_not_supported"
    summary = "Request objects are not supported."


class RequestUriNotSupported(OAuthError):
    error = "request_uri_not_supported"
    summary = "The parameter request_uri is not supported."


class ServerError(OAuthError):
    error = "server_error"
    status = 500
    summary = "The provider met an unexpected condition."


class InvalidToken(OAuthError):
    """RFC 6750 3.1; answered with `WWW-Authenticate: Bearer`."""

    error = "invalid_token"
    status = 401
    redirectable = False
    summary = "The access token is missing, unknown, expired or revoked."


class InsufficientScope(OAuthError):
    error = "insufficient_scope"
    status = 403
    redirectable = False
    summary = "The access token does not carry the scope openid."


class InvalidRedirectUri(OAuthError):
    """RFC 7591 3.2.2."""

    error = "invalid_redirect_uri"
    redirectable = False
    summary = "One of the redirect URIs cannot be registered."


class InvalidClientMetadata(OAuthError):
    """RFC 7591 3.2.2."""

    error = "invalid_client_metadata"
    redirectable = False
    summary = "One of the metadata values is malformed or is not supported here."


class UnapprovedSoftwareStatement(OAuthError):
    """RFC 7591 3.2.2."""

    error = "unapproved_software_statement"
    redirectable = False
    summary = "Software statements are not supported. Send the metadata itself."


class RegistrationDenied(OAuthError):
    """RFC 7592 2.1: the token is good, what was asked is not allowed."""

    error = "access_denied"
    status = 403
    redirectable = False
    summary = "This is an administrator's to change."


class RegistrationOff(OAuthError):
    """Authentik contract 1.6: an application at which nobody can register."""

    error = "not_found"
    status = 404
    redirectable = False
    summary = "Clients cannot register here."


class LoginRefused(GatewrightError):
    """The relying party stops a login. `code` is stable (`nonce_mismatch`, ...); `message` explains it in words.

    Never holds a token or a claim's secret value. Whoever is locked out reads it, so it says what to look at.
    """

    code = "login_refused"
    status = 403
    summary = "The sign-in could not be completed."

    def __init__(self, code: str, message: str, *, hint: str | None = None) -> None:
        super().__init__(message, code=code, hint=hint)


class TokenInvalid(LoginRefused):
    """A signed token failed a check; codes start with the token's kind, as in `id_token_signature`."""


class MetadataInvalid(LoginRefused):
    """The provider's discovery document cannot be used; codes start with `metadata_`."""


def _printable(text: str) -> str:
    """`error_description` allows %x20-21 / %x23-5B / %x5D-7E only (RFC 6749 5.2)."""
    return "".join(char if " " <= char <= "~" and char not in '"\\' else "'" for char in text)
