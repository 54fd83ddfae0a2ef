"""Every setting of the gateway as a whole: one row of SETTINGS and one field of Settings.

Those of one part are beside it: `public`, `generic`, `router`, `caching`, `valkey`, `email`. docs/settings.md is
generated from all.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from gatewright.domain.addresses import AddressPolicy
from gatewright.domain.clock import Millis
from gatewright.domain.money import Price
from gatewright.settings import values
from gatewright.settings.caching import Caching
from gatewright.settings.dashboard import DashboardSettings
from gatewright.settings.email import Email
from gatewright.settings.jwt_auth import JwtAuth
from gatewright.settings.password_login import PasswordLogin
from gatewright.settings.public import PUBLIC
from gatewright.settings.router import Router
from gatewright.settings.saml import Saml
from gatewright.settings.scim import SCIM
from gatewright.settings.sessions import SESSIONS
from gatewright.settings.setting import Setting
from gatewright.settings.sign_in import SignInProvider
from gatewright.settings.sign_in_rules import SignInRules
from gatewright.settings.trusted_header import TrustedHeader

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class ModelEntry(msgspec.Struct, frozen=True):
    """One entry of the config file's `model_list`: a deployment behind a public model name.

    `params` are its other `litellm_params` and `info` its `model_info`, resolved and checked by `settings.models`.
    `credential` names what signs in, for people: a member of `litellm_params`, or the variable that stood in.
    """

    name: str
    provider: str
    upstream_model: str
    api_base: str | None
    api_key: str | None
    id: str
    price: Price | None = None
    timeout_s: float | None = None
    params: Mapping[str, Any] = {}
    info: Mapping[str, Any] = {}
    credential: str | None = None

    def __repr__(self) -> str:
        return f"ModelEntry({self.name!r}, {self.provider}/{self.upstream_model})"


class Settings(msgspec.Struct, frozen=True):
    """What was configured, read once. `warnings` are shown at the start and on the dashboard.

    `base_url` is the whole public address, `root_path` (`/llm`, or empty) included, without a slash at its end.
    """

    host: str
    port: int
    workers: int
    data_dir: Path
    database_url: str | None
    base_url: str
    logout_url: str | None
    auto_redirect: bool
    master_key: str | None
    salt_key: str | None
    admin_email: str | None
    admin_password: str | None
    bootstrap_password: str | None
    bootstrap_token: str | None
    bootstrap_email: str | None
    providers: tuple[SignInProvider, ...]
    client_secret: str | None
    proxy_admin_id: str | None
    store_models: bool
    session_life: Millis
    cli_session_life: Millis
    allowed_networks: tuple[str, ...]
    trusted_proxies: tuple[str, ...]
    max_request_bytes: int
    request_timeout_s: float
    head_timeout_s: float = 30.0
    body_timeout_s: float = 30.0
    max_connections: int = 8192
    direct_door: bool = True
    root_path: str = ""
    device_code_in_link: bool = False
    password_min_length: int = 10
    breached_passwords: Path | None = None
    blueprints_dir: Path | None = None
    blueprint_variables: frozenset[str] = frozenset()
    blueprint_environment: Mapping[str, str] = {}
    untested_providers: frozenset[str] = frozenset()
    models: tuple[ModelEntry, ...] = ()
    router: Router = Router()
    caching: Caching = Caching()
    redis_url: str | None = None
    email: Email | None = None
    password_login: PasswordLogin = PasswordLogin()
    dashboard: DashboardSettings = DashboardSettings()
    jwt_auth: JwtAuth | None = None
    max_parallel_requests: int | None = None
    session_idle: Millis | None = None
    short_session_ids: bool = False
    sign_in_rules: SignInRules = SignInRules()
    scim_id_claims: Mapping[str, str] = {}
    scim_adopt_users: bool = False
    trusted_header: TrustedHeader | None = None
    saml: Saml | None = None
    warnings: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"Settings(base_url={self.base_url!r}, data_dir={str(self.data_dir)!r})"

    @property
    def is_https(self) -> bool:
        return self.base_url.startswith("https://")

    @property
    def listens_on_loopback_only(self) -> bool:
        return self.host in LOOPBACK

    @property
    def person_policy(self) -> AddressPolicy:
        """The address policy for URLs that people type in the dashboard or send to the API."""
        single_machine = self.database_url is None and self.listens_on_loopback_only
        return AddressPolicy(networks=self.allowed_networks, loopback=single_machine)

    @property
    def operator_policy(self) -> AddressPolicy:
        """The address policy for URLs in the operator's own file and environment."""
        return AddressPolicy(networks=self.allowed_networks, operator=True)


SETTINGS: tuple[Setting, ...] = (
    Setting(
        "host",
        ("GATEWRIGHT_HOST",),
        "The address to listen on. `localhost` means 127.0.0.1 and ::1; `0.0.0.0` means every network.",
        default="localhost",
        flag="--host",
    ),
    Setting("port", ("GATEWRIGHT_PORT",), "The port to listen on.", values.port, 4000, flag="--port"),
    Setting(
        "workers", ("GATEWRIGHT_WORKERS",), "How many worker processes serve.", values.positive, 1, flag="--workers"
    ),
    Setting(
        "data_dir",
        ("GATEWRIGHT_DATA_DIR",),
        "The folder for the SQLite database, generated keys and the spend journal.",
        values.path,
        default_doc="the platform's user data directory",
    ),
    Setting(
        "database_url",
        ("DATABASE_URL",),
        "PostgreSQL to use instead of SQLite: `postgresql://user:password@host:5432/database`. Our tables live in the "
        "schema `gatewright`, so a live LiteLLM database may be named.",
        default_doc="SQLite in the data directory",
        files=("general_settings.database_url",),
        secret=True,
    ),
    *PUBLIC,
    Setting(
        "logout_url",
        ("PROXY_LOGOUT_URL",),
        "Where the browser goes after sign-out, verbatim.",
        values.url,
        default_doc="the provider's end-session endpoint with a hint",
    ),
    Setting(
        "auto_redirect",
        ("AUTO_REDIRECT_UI_LOGIN_TO_SSO",),
        "With an outside provider: `/ui` goes straight to it instead of showing a page with its button. "
        "With the embedded provider `/ui` always goes straight to it.",
        values.boolean,
        False,
        files=("general_settings.auto_redirect_ui_login_to_sso",),
    ),
    Setting(
        "password_min_length",
        ("GATEWRIGHT_PASSWORD_MIN_LENGTH",),
        "How many characters a new password of the embedded provider needs, 8 to 128.",
        values.password_length,
        10,
        files=("general_settings.password_policy_min_length",),
    ),
    Setting(
        "breached_passwords",
        ("GATEWRIGHT_BREACHED_PASSWORDS",),
        "A file of passwords that nobody may choose: the SHA-1 of one a line, in hexadecimal and in order, as breach "
        "services offer it for download. It is searched on this machine.",
        values.path,
        default_doc="none",
    ),
    Setting(
        "blueprints_dir",
        ("GATEWRIGHT_BLUEPRINTS_DIR",),
        "A folder of blueprints in Authentik's format, applied to the embedded provider at every start in the order of "
        "their names.",
        values.path,
        default_doc="none",
    ),
    Setting(
        "blueprint_variables",
        ("GATEWRIGHT_BLUEPRINT_VARIABLES",),
        "Environment variables, with commas between them, that `!Env` may read in blueprints of the API. Those of the "
        "folder read all of them.",
        values.variables,
        frozenset(),
        default_doc="none",
    ),
    Setting(
        "device_code_in_link",
        ("GATEWRIGHT_DEVICE_CODE_IN_LINK",),
        "The embedded provider tells devices an address with their code in it (`verification_uri_complete`), so that "
        "nobody types it. People then let devices in that somebody else sent them a link for: leave it off.",
        values.boolean,
        False,
    ),
    Setting(
        "master_key",
        ("LITELLM_MASTER_KEY",),
        "The administrator's API key. Keys that stand in documents (`sk-1234`) or are trivial are refused.",
        values.strong_key,
        default_doc="generated into the data directory",
        files=("general_settings.master_key",),
        secret=True,
    ),
    Setting(
        "salt_key",
        ("LITELLM_SALT_KEY",),
        "Encrypts stored secrets. Replicas must share it; changing it makes stored secrets unreadable.",
        values.strong_key,
        default_doc="LITELLM_MASTER_KEY; on SQLite without that, a generated key file",
        secret=True,
    ),
    Setting(
        "admin_email",
        ("GATEWRIGHT_ADMIN_EMAIL",),
        "Makes the first administrator without the set-up link, together with the password.",
    ),
    Setting(
        "admin_password",
        ("GATEWRIGHT_ADMIN_PASSWORD",),
        "The first administrator's password. Used when there is no user yet, ignored afterwards.",
        values.password,
        secret=True,
    ),
    Setting(
        "bootstrap_password",
        ("AUTHENTIK_BOOTSTRAP_PASSWORD",),
        "Makes the administrator `akadmin` at the first start, in the groups `authentik Admins` and `admins`. Ignored "
        "afterwards, with a warning when it is another one then.",
        values.password,
        secret=True,
    ),
    Setting(
        "bootstrap_token",
        ("AUTHENTIK_BOOTSTRAP_TOKEN",),
        "An API token of `akadmin` for `/api/v3`, made at the first start. It does not expire.",
        values.bootstrap_token,
        secret=True,
    ),
    Setting(
        "bootstrap_email",
        ("AUTHENTIK_BOOTSTRAP_EMAIL",),
        "The e-mail address of `akadmin`. Read at the first start, together with the password or the token.",
    ),
    Setting(
        "client_secret",
        ("LITELLM_OIDC_SECRET",),
        "The secret of the embedded provider's client `litellm`, for another relying party that uses it too. Read at "
        "the first start only.",
        default_doc="generated",
        secret=True,
    ),
    Setting(
        "proxy_admin_id",
        ("PROXY_ADMIN_ID",),
        "The subject (`sub`) of a linked identity, or an existing linked user_id, that is always an administrator.",
    ),
    Setting(
        "store_models",
        ("STORE_MODEL_IN_DB",),
        "Whether models may be added at run time and are kept in the database.",
        values.boolean,
        True,
        files=("general_settings.store_model_in_db",),
    ),
    *SESSIONS,
    *SCIM,
    Setting(
        "allowed_networks",
        ("GATEWRIGHT_ALLOWED_NETWORKS",),
        "Private networks that URLs typed in the dashboard may reach, comma-separated: `10.0.0.0/8,192.168.1.5`. "
        "Link-local and metadata addresses are never allowed.",
        values.networks,
        (),
        default_doc="none",
    ),
    Setting(
        "max_request_bytes",
        ("GATEWRIGHT_MAX_REQUEST_MB",),
        "The largest request body, in megabytes. A larger one is refused with 413.",
        values.megabytes,
        32_000_000,
        default_doc="`32`",
        files=("general_settings.max_request_size_mb",),
    ),
    Setting(
        "max_parallel_requests",
        ("GATEWRIGHT_MAX_PARALLEL_REQUESTS",),
        "How many model requests may be under way at once, whoever asks: in all workers and replicas when they share "
        "Valkey, else in each worker.",
        values.positive,
        default_doc="no limit",
        files=("general_settings.global_max_parallel_requests",),
    ),
    Setting(
        "head_timeout_s",
        ("GATEWRIGHT_HEAD_TIMEOUT",),
        "Seconds that a client may take from the first byte of a request to the end of its headers. A slower one gets "
        "408.",
        values.seconds,
        30.0,
        default_doc="`30`",
    ),
    Setting(
        "body_timeout_s",
        ("GATEWRIGHT_BODY_TIMEOUT",),
        "Seconds in which the next 16 KB of a request's body must arrive, or its end. A slower client gets 408.",
        values.seconds,
        30.0,
        default_doc="`30`",
    ),
    Setting(
        "max_connections",
        ("GATEWRIGHT_MAX_CONNECTIONS",),
        "How many connections a worker keeps open; fewer where the system lets a process open fewer files, of which a "
        "model request takes two. Further ones get 503 with Retry-After.",
        values.positive,
        8192,
        default_doc="`8192`",
    ),
    Setting(
        "direct_door",
        ("GATEWRIGHT_DIRECT_DOOR",),
        "Whether model requests are served straight from the HTTP server's protocol, which costs less CPU, instead of "
        "through ASGI.",
        values.boolean,
        True,
    ),
    Setting(
        "untested_providers",
        ("GATEWRIGHT_UNTESTED_PROVIDERS",),
        "Providers to switch on, with commas between them, although no library of theirs judges what is sent to them: "
        "`voyage`, `jina_ai`.",
        values.untested_providers,
        frozenset(),
    ),
    Setting(
        "request_timeout_s",
        ("GATEWRIGHT_REQUEST_TIMEOUT",),
        "Seconds that a model provider may take to the first byte of its answer, and between two chunks of it.",
        values.seconds,
        600.0,
        default_doc="`600`",
        files=("litellm_settings.request_timeout",),
    ),
)
