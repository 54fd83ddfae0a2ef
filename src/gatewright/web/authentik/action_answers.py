"""What actions of `/api/v3` answer, and rows about the server itself."""

from typing import NotRequired, TypedDict

from gatewright.web.authentik.answers import Attributes, Time, Uuid


class TypeCreate(TypedDict):
    """A kind of thing, by name."""

    name: str
    component: str
    description: str
    model_name: str


class SessionUser(TypedDict):
    """The caller, as Authentik's own pages read them."""

    user: Attributes
    original: Attributes | None
    users: list[Attributes]


class Paths(TypedDict):
    paths: list[str]


class Link(TypedDict):
    """A link that is shown this once."""

    link: str


class Key(TypedDict):
    """A key that is shown this once."""

    key: str


class ServiceAccount(TypedDict):
    """A new service account; the token is shown this once."""

    username: str
    token: str
    user_uid: str
    user_pk: int
    group_pk: NotRequired[Uuid]


class AccessCheck(TypedDict):
    """Whether somebody may use an application; `messages` has the cause code when they may not."""

    passing: bool
    messages: list[str]
    log_messages: list[str]


class Transaction(TypedDict):
    """What the wizard's request made; the secret is shown this once."""

    applied: bool
    logs: list[str]
    provider_secret: str | None


class SetupUrls(TypedDict):
    """The addresses to type into an application; `-` without one."""

    issuer: str
    authorize: str
    token: str
    user_info: str
    provider_info: str
    logout: str
    jwks: str
    dcr_registration: str | None


class MappingTest(TypedDict):
    """What a mapping returned as JSON text, or why it returned nothing."""

    result: str
    successful: bool


class UserPreview(TypedDict):
    """The ID token's payload."""

    preview: Attributes


class Version(TypedDict):
    version_current: str
    version_latest: str
    version_latest_valid: bool
    build_hash: str
    outdated: bool
    outpost_outdated: bool


class Runtime(TypedDict):
    """What the server runs on."""

    python_version: str
    environment: str
    architecture: str
    platform: str
    uname: str
    openssl_version: str
    openssl_fips_enabled: bool | None
    authentik_version: str


class SystemInfo(TypedDict):
    """The server, as whoever asks sees it. The headers that were sent are not repeated: credentials are among them."""

    http_headers: dict[str, str]
    http_host: str
    http_is_secure: bool
    runtime: Runtime
    brand: str
    server_time: Time
    embedded_outpost_disabled: bool
    embedded_outpost_host: str
    base_url: str
