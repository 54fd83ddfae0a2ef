"""Microsoft Entra ID: the access token of an app, or of the machine.

Source: Microsoft identity platform, "OAuth 2.0 client credentials flow"; Azure documentation, "How to use managed
identities for Azure resources on an Azure VM to acquire an access token".
"""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from gatewright.domain.errors import BadInput
from gatewright.gateway.credentials.means import Kind, Means
from gatewright.gateway.credentials.token import BearerSigner, Fetch, Token, granted
from gatewright.upstreams.call import Signer
from gatewright.upstreams.target import Target, header_block

SCOPE = "https://cognitiveservices.azure.com/.default"
AUTHORITY = "https://login.microsoftonline.com"
AUTHORITIES = frozenset({AUTHORITY, "https://login.microsoftonline.us", "https://login.partner.microsoftonline.cn"})
"""The public cloud's, and those of the United States' government and of China."""

METADATA_TOKEN = "/metadata/identity/oauth2/token?api-version=2018-02-01"

_TENANT = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]{0,252}")


class FixedSigner:
    """A token that the config gives, and that nobody renews."""

    def __init__(self, token: str) -> None:
        try:
            self._line = header_block([("authorization", f"Bearer {token}")])
            self.secrets = (token,)
        except BadInput:
            raise _bad("azure_ad_token", "it holds a character that a header may not hold") from None

    async def headers(self, _target: Target, _body: bytes) -> bytes:
        """The Authorization line."""
        return self._line


def signer(params: Mapping[str, Any], means: Means) -> Signer | None:
    """`azure_ad_token` as it is; `client_secret` with `client_id` and `tenant_id`; else the machine's own identity, for
    the operator's deployments alone. Of several that a machine has, `client_id` chooses one.

    Raises BadInput naming the member that is missing or wrong.
    """
    if token := params.get("azure_ad_token"):
        return FixedSigner(str(token))
    client = _text(params, "client_id")
    if params.get("client_secret"):
        return BearerSigner(_from_app(params, means), means.clock, client or "the app")
    if params.get("tenant_id"):
        raise _bad("client_secret", "it is missing")
    return BearerSigner(_from_machine(params, means), means.clock, "this machine") if means.trusted else None


KIND = Kind(
    ("azure_ad_token", "tenant_id", "client_id", "client_secret", "azure_scope", "azure_authority_host"), signer
)


def _from_app(params: Mapping[str, Any], means: Means) -> Fetch:
    tenant, client = _text(params, "tenant_id"), _text(params, "client_id")
    if not tenant or not client:
        raise _bad("client_id" if tenant else "tenant_id", "it is missing")
    if _TENANT.fullmatch(tenant) is None:
        raise _bad("tenant_id", "it is neither a tenant's id nor its domain")
    authority = (_text(params, "azure_authority_host") or AUTHORITY).rstrip("/")
    if authority not in AUTHORITIES and not means.trusted:
        raise _bad("azure_authority_host", "it is not Microsoft's; only the config file may name another")
    form = {
        "grant_type": "client_credentials",
        "client_id": client,
        "client_secret": str(params["client_secret"]),
        "scope": _scope(params),
    }

    async def fetch() -> Token:
        url = f"{authority}/{tenant}/oauth2/v2.0/token"
        return granted(await means.outbound.post_form(url, means.policy, form), means.clock(), form["client_secret"])

    return fetch


def _from_machine(params: Mapping[str, Any], means: Means) -> Fetch:
    path = f"{METADATA_TOKEN}&resource={quote(_scope(params).removesuffix('/.default'), safe='')}"
    if client := _text(params, "client_id"):
        path += f"&client_id={quote(client, safe='')}"

    async def fetch() -> Token:
        return granted(await means.outbound.metadata("GET", path, {"metadata": "true"}), means.clock())

    return fetch


def _scope(params: Mapping[str, Any]) -> str:
    return _text(params, "azure_scope") or SCOPE


def _text(params: Mapping[str, Any], name: str) -> str | None:
    value = params.get(name)
    if value is not None and not isinstance(value, str):
        raise _bad(name, "it is not text")
    return value or None


def _bad(param: str, cause: str) -> BadInput:
    return BadInput(
        f"The credential for Azure is not usable: {param}: {cause}.",
        param=param,
        hint="Give tenant_id, client_id and client_secret of an app in Entra ID, or an API key.",
    )
