"""Google Cloud: the access token of a service account, of a person's own sign-in, or of the machine.

Source: Google Identity, "Using OAuth 2.0 for server to server applications" (the signed JWT), "Using OAuth 2.0 for web
server applications" (the refresh token); Compute Engine, "Access tokens from the metadata server".
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from gatewright.domain.clock import HOUR, SECOND
from gatewright.domain.errors import BadInput
from gatewright.gateway.credentials.kept import CredentialFailed
from gatewright.gateway.credentials.means import Kind, Means
from gatewright.gateway.credentials.token import BearerSigner, Fetch, Token, granted
from gatewright.oidc.jwt import SigningKey, load_pem, sign

SCOPE = "https://www.googleapis.com/auth/cloud-platform"
TOKEN_URI = "https://oauth2.googleapis.com/token"
TOKEN_URIS = frozenset({TOKEN_URI, "https://accounts.google.com/o/oauth2/token"})
METADATA_TOKEN = "/computeMetadata/v1/instance/service-accounts/default/token"
LARGEST_FILE = 64 * 1024
PARAM = "vertex_credentials"


class GoogleSigner(BearerSigner):
    """`project` is the one that the credential names, None when it names none."""

    def __init__(self, fetch: Fetch, means: Means, whose: str, project: str | None = None) -> None:
        super().__init__(fetch, means.clock, whose)
        self.project = project


class _File(msgspec.Struct, tag_field="type"):
    """What the two kinds of credential files share."""

    token_uri: str = TOKEN_URI


class ServiceAccount(_File, tag="service_account"):
    """A service account's key file."""

    client_email: str = msgspec.field(default="")
    private_key: str = msgspec.field(default="")
    private_key_id: str = ""
    project_id: str | None = None

    def __repr__(self) -> str:
        return f"ServiceAccount({self.client_email!r})"


class SignedIn(_File, tag="authorized_user"):
    """What `gcloud auth application-default login` leaves behind."""

    client_id: str = msgspec.field(default="")
    client_secret: str = msgspec.field(default="")
    refresh_token: str = msgspec.field(default="")
    quota_project_id: str | None = None

    def __repr__(self) -> str:
        return f"SignedIn({self.client_id!r})"


_decode_file: Callable[[bytes], ServiceAccount | SignedIn] = msgspec.json.Decoder(ServiceAccount | SignedIn).decode
_decode_kind = msgspec.json.Decoder(dict[str, Any]).decode


def signer(params: Mapping[str, Any], means: Means) -> GoogleSigner:
    """`vertex_credentials` is a credential's JSON, as text or as an object, or the path of a file with it.

    Without it the machine's own identity is used, for the operator's deployments alone. Raises BadInput.
    """
    given = params.get(PARAM)
    if given is None or given == "":
        if not means.trusted:
            raise _bad("it is missing, and this machine's own identity is only for models in the config file")
        return GoogleSigner(_from_machine(means), means, "this machine")
    found = _read(_json(given, means))
    if found.token_uri not in TOKEN_URIS and not means.trusted:
        raise _bad("its token_uri is not Google's; only the config file may name another")
    if isinstance(found, ServiceAccount):
        fetch = _from_service_account(found, _key(found), means)
        return GoogleSigner(fetch, means, found.client_email, found.project_id)
    if not (found.client_id and found.client_secret and found.refresh_token):
        raise _bad("its client_id, client_secret or refresh_token is missing")
    return GoogleSigner(_from_sign_in(found, means), means, "a person's Google sign-in", found.quota_project_id)


KIND = Kind((PARAM,), signer)


def _json(given: object, means: Means) -> bytes:
    """The text of the credential. A path is read once, when the deployment is loaded."""
    if isinstance(given, Mapping):
        return msgspec.json.encode(dict(given))
    if not isinstance(given, str):
        raise _bad("it is neither text nor an object")
    if given.lstrip().startswith("{"):
        return given.encode()
    if not means.trusted:
        raise _bad("it is no JSON; only the config file may name a file")
    try:
        with Path(given).expanduser().open("rb") as file:
            return file.read(LARGEST_FILE)
    except (OSError, ValueError, RuntimeError) as error:
        cause = error.strerror if isinstance(error, OSError) and error.strerror else "no such path"
        raise _bad(f"its file cannot be read: {cause}") from None


def _read(text: bytes) -> ServiceAccount | SignedIn:
    try:
        return _decode_file(text)
    except (ValueError, RecursionError):
        pass
    try:
        kind = _decode_kind(text).get("type")
    except (ValueError, RecursionError):
        raise _bad("it is no JSON object") from None
    known = kind in ("service_account", "authorized_user")
    raise _bad("a member of it is not text" if known else "its type is neither service_account nor authorized_user")


def _key(account: ServiceAccount) -> SigningKey:
    if not account.client_email or not account.private_key:
        raise _bad("its client_email or private_key is missing")
    try:
        return load_pem(account.private_key, "RS256", account.private_key_id)
    except ValueError as error:
        raise _bad(f"its private_key cannot be used: {error}") from None


def _from_service_account(account: ServiceAccount, key: SigningKey, means: Means) -> Fetch:
    async def fetch() -> Token:
        now = means.clock() // SECOND
        claims = {
            "iss": account.client_email,
            "scope": SCOPE,
            "aud": account.token_uri,
            "iat": now,
            "exp": now + HOUR // SECOND,
        }
        form = {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": sign(claims, key)}
        answer = await means.outbound.post_form(account.token_uri, means.policy, form)
        return granted(answer, means.clock(), form["assertion"])

    return fetch


def _from_sign_in(given: SignedIn, means: Means) -> Fetch:
    async def fetch() -> Token:
        form = {
            "grant_type": "refresh_token",
            "client_id": given.client_id,
            "client_secret": given.client_secret,
            "refresh_token": given.refresh_token,
        }
        answer = await means.outbound.post_form(given.token_uri, means.policy, form)
        return granted(answer, means.clock(), given.client_secret, given.refresh_token)

    return fetch


def _from_machine(means: Means) -> Fetch:
    async def fetch() -> Token:
        answer = await means.outbound.metadata("GET", METADATA_TOKEN, {"metadata-flavor": "Google"})
        if answer.headers.get("metadata-flavor") != "Google":
            raise CredentialFailed("No access token for this machine: it is not in Google Cloud.")
        return granted(answer, means.clock())

    return fetch


def _bad(cause: str) -> BadInput:
    return BadInput(
        f"The Google Cloud credential is not usable: {cause}.",
        param=PARAM,
        hint="Give the JSON of a service account's key, or the path of its file in config.yaml.",
    )
