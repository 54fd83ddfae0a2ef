"""Amazon's cloud: keys from the config, of a role that is assumed with them, or of the machine.

Source: AWS Security Token Service API reference, "AssumeRole"; Amazon EC2 user guide, "Retrieve security credentials
from instance metadata" (version 2 of the metadata service).
"""

import re
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlencode, urlsplit

import msgspec

from gatewright.domain.clock import Millis
from gatewright.domain.errors import BadInput
from gatewright.gateway.credentials.kept import CredentialFailed, Kept
from gatewright.gateway.credentials.means import Kind, Means
from gatewright.gateway.credentials.token import shown
from gatewright.gateway.credentials.xml_texts import NotPlainXml, texts
from gatewright.outbound.client import Answer
from gatewright.upstreams.aws import AwsSigner, Keys
from gatewright.upstreams.sigv4 import AwsKeys, Scope, Signable, signed
from gatewright.upstreams.target import parse_base

STS, STS_REGION, STS_VERSION = "https://sts.amazonaws.com", "us-east-1", "2011-06-15"
SESSION = "gatewright"
SESSION_S = 3600
"""Seconds that the keys of an assumed role live."""

FORM = "application/x-www-form-urlencoded"
IDENTITY = "/latest/meta-data/iam/security-credentials/"
ACCESS, SECRET, TOKEN, ROLE = "aws_access_key_id", "aws_secret_access_key", "aws_session_token", "aws_role_name"

_ROLE = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]{1,576}")
_SESSION = re.compile(r"[\w+=,.@-]{2,64}")
_REGION = re.compile(r"[a-z0-9-]{1,30}")
_NAME = re.compile(r"[\w+=,.@-]{1,128}")


class _Lent(msgspec.Struct, frozen=True):
    """Keys that expire."""

    keys: AwsKeys
    expires_at: Millis


class _OfMachine(msgspec.Struct, rename="pascal"):
    access_key_id: str
    secret_access_key: str
    token: str
    expiration: str


def signer(params: Mapping[str, Any], means: Means) -> AwsSigner | None:
    """The keys that are given, or the machine's for the operator's deployments alone; with `aws_role_name` those of the
    role that they may take on.

    Raises BadInput naming the member that is missing or wrong.
    """
    given = _given(params)
    if given is not None:
        base, whose = _fixed(given), given.access_key
    elif means.trusted:
        base, whose = _kept(lambda: _from_machine(means), means, "this machine"), "this machine"
    else:
        return None
    role = _text(params, ROLE)
    if role is None:
        return AwsSigner(base, means.clock, whose)
    return AwsSigner(_kept(_from_role(role, params, base, means), means, role), means.clock, role)


KIND = Kind(
    (ACCESS, SECRET, TOKEN, ROLE, "aws_session_name", "aws_external_id", "aws_region_name", "aws_sts_endpoint"), signer
)


def _given(params: Mapping[str, Any]) -> AwsKeys | None:
    access, secret, token = _text(params, ACCESS), _text(params, SECRET), _text(params, TOKEN)
    if access is None and secret is None:
        return None
    if access is None or secret is None:
        raise _bad(SECRET if access else ACCESS, "it is missing")
    for param, value in ((ACCESS, access), (TOKEN, token)):
        if value is not None and not (value.isascii() and value.isprintable()):
            raise _bad(param, "it holds a character that a header may not hold")
    return AwsKeys(access, secret, token)


def _fixed(keys: AwsKeys) -> Keys:
    async def current() -> AwsKeys:
        return keys

    return current


def _kept(fetch: Callable[[], Awaitable[_Lent]], means: Means, whose: str) -> Keys:
    kept = Kept(fetch, means.clock, "AWS keys", whose)

    async def current() -> AwsKeys:
        return (await kept.current()).keys

    return current


def _from_role(role: str, params: Mapping[str, Any], base: Keys, means: Means) -> Callable[[], Awaitable[_Lent]]:
    session, external = _text(params, "aws_session_name") or SESSION, _text(params, "aws_external_id")
    if _ROLE.fullmatch(role) is None:
        raise _bad(ROLE, "it is not the ARN of a role")
    if _SESSION.fullmatch(session) is None:
        raise _bad("aws_session_name", "it must be 2 to 64 letters, digits and +=,.@-_")
    url, region = _sts(params)
    form = {
        "Action": "AssumeRole",
        "Version": STS_VERSION,
        "RoleArn": role,
        "RoleSessionName": session,
        "DurationSeconds": str(SESSION_S),
        **({"ExternalId": external} if external else {}),
    }
    body = urlencode(form).encode()
    try:
        origin, prefix = parse_base(url)
    except BadInput as error:
        raise _bad("aws_sts_endpoint", error.message.partition(": ")[2].rstrip(".")) from None
    request = Signable("POST", origin.authority, prefix + "/", FORM)

    async def fetch() -> _Lent:
        headers = signed(request, body, await base(), Scope(region, "sts"), means.clock())
        sent = {"content-type": FORM, "accept": "text/xml", **dict(headers)}
        return _assumed(await means.outbound.call("POST", f"{url}/", means.policy, headers=sent, content=body))

    return fetch


def _sts(params: Mapping[str, Any]) -> tuple[str, str]:
    """The address of the token service, and the region that its requests are signed for."""
    region = _text(params, "aws_region_name")
    if region is not None and _REGION.fullmatch(region) is None:
        raise _bad("aws_region_name", "it is not the name of an AWS region")
    given = _text(params, "aws_sts_endpoint")
    if given is not None:
        named = re.search(r"\bsts\.([a-z0-9-]+)\.", urlsplit(given).hostname or "")
        own = named[1] if named and named[1] != "amazonaws" else None
        return given.rstrip("/"), own or region or STS_REGION
    if region is None:
        return STS, STS_REGION
    domain = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
    return f"https://sts.{region}.{domain}", region


def _assumed(answer: Answer) -> _Lent:
    try:
        found = texts(answer.body)
    except NotPlainXml as error:
        raise CredentialFailed(f"{answer.url} gives no keys: it answered {answer.status} and no XML.") from error
    if not answer.is_ok:
        words = shown(" ".join(found.get(name, "") for name in ("Code", "Message")).strip())
        raise CredentialFailed(
            f"{answer.url} gives no keys: {words or f'it answered with the status {answer.status}'}."
        )
    keys = AwsKeys(found.get("AccessKeyId", ""), found.get("SecretAccessKey", ""), found.get("SessionToken", ""))
    return _lent(keys, found.get("Expiration", ""), answer.url)


async def _from_machine(means: Means) -> _Lent:
    outbound = means.outbound
    token = await outbound.metadata("PUT", "/latest/api/token", {"x-aws-ec2-metadata-token-ttl-seconds": "300"})
    if not token.is_ok or not (proof := token.body.decode("latin-1")).isprintable():
        raise CredentialFailed("No AWS keys for this machine: it is not in Amazon's cloud.")
    headers = {"x-aws-ec2-metadata-token": proof}
    role = await outbound.metadata("GET", IDENTITY, headers)
    name = role.body.decode("latin-1").strip()
    if not role.is_ok or _NAME.fullmatch(name) is None:
        raise CredentialFailed("No AWS keys for this machine: it has no role.")
    answer = await outbound.metadata("GET", IDENTITY + name, headers)
    try:
        found = msgspec.json.decode(answer.body, type=_OfMachine)
    except (ValueError, RecursionError) as error:
        raise CredentialFailed(f"{answer.url} gives no keys: its answer holds none.") from error
    return _lent(AwsKeys(found.access_key_id, found.secret_access_key, found.token), found.expiration, answer.url)


def _lent(keys: AwsKeys, until: str, url: str) -> _Lent:
    known = (keys.access_key, keys.secret_key, keys.token)
    try:
        end = datetime.fromisoformat(until)
    except ValueError:
        end = None
    if end is None or end.tzinfo is None or not all(text and text.isascii() and text.isprintable() for text in known):
        raise CredentialFailed(f"{url} gives no keys: its answer holds none.")
    return _Lent(keys, int(end.timestamp() * 1000))


def _text(params: Mapping[str, Any], name: str) -> str | None:
    value = params.get(name)
    if value is not None and not isinstance(value, str):
        raise _bad(name, "it is not text")
    return value or None


def _bad(param: str, cause: str) -> BadInput:
    return BadInput(
        f"The credential for Amazon's cloud is not usable: {param}: {cause}.",
        param=param,
        hint="Give aws_access_key_id and aws_secret_access_key, and aws_role_name for a role to take on.",
    )
