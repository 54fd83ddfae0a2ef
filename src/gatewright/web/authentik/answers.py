"""What `/api/v3` answers, in Authentik's member names (contract 3.8); the schema is made of these.

A secret stands only in the answer to the request that made it (contract 8.2).
"""

from typing import Annotated, Any, Literal, NotRequired, TypedDict

from msgspec import Meta

Time = Annotated[str, Meta(extra_json_schema={"format": "date-time"})]
Uuid = Annotated[str, Meta(extra_json_schema={"format": "uuid"})]
Attributes = dict[str, Any]


class PartialUser(TypedDict):
    """A user inside another object."""

    pk: int
    username: str
    name: str
    is_active: bool
    last_login: Time | None
    email: str
    attributes: Attributes
    uid: str


class PartialGroup(TypedDict):
    """A group inside another object."""

    pk: Uuid
    num_pk: int
    name: str
    is_superuser: bool
    parent: Uuid | None
    parent_name: str | None
    attributes: Attributes


class RelatedGroup(PartialGroup):
    """A parent or child of a group."""

    group_uuid: Uuid


class User(PartialUser):
    """A user by itself, with our own role and its reason beside Authentik's members."""

    date_joined: Time
    is_superuser: bool
    groups: list[Uuid]
    groups_obj: list[PartialGroup]
    roles: list[Uuid]
    roles_obj: list[Attributes]
    avatar: str
    path: str
    type: str
    uuid: Uuid
    password_change_date: Time
    last_updated: Time
    email_verified: bool
    user_id: str
    role: str
    role_label: str
    role_reason: Any
    role_locked: bool
    is_break_glass: bool


class Group(PartialGroup):
    """A group by itself; `parent` of old clients is the first of `parents`."""

    parents: list[Uuid]
    parents_obj: list[RelatedGroup]
    children: list[Uuid]
    children_obj: list[RelatedGroup]
    users: list[int]
    users_obj: list[PartialUser]
    roles: list[Uuid]
    roles_obj: list[Attributes]
    inherited_roles_obj: list[Attributes]
    requires_mfa: bool


class Provider(TypedDict):
    """What every kind of provider has, as it stands inside an application."""

    pk: int
    name: str
    authentication_flow: Uuid | None
    authorization_flow: Uuid
    invalidation_flow: Uuid
    property_mappings: list[Uuid]
    component: str
    assigned_application_slug: str
    assigned_application_name: str
    assigned_backchannel_application_slug: str
    assigned_backchannel_application_name: str
    verbose_name: str
    verbose_name_plural: str
    meta_model_name: str


class OAuth2Provider(Provider):
    """A provider by itself. `client_secret` is empty but in the answer to the request that made it."""

    client_type: str
    grant_types: list[str]
    client_id: str
    client_secret: str
    has_client_secret: bool
    access_code_validity: str
    access_token_validity: str
    refresh_token_validity: str
    refresh_token_absolute_validity: str
    refresh_token_threshold: str
    consent_validity: str | None
    include_claims_in_id_token: bool
    signing_key: Uuid | None
    encryption_key: Uuid | None
    redirect_uris: list[dict[str, str]]
    logout_uri: str
    logout_method: str
    sub_mode: str
    issuer_mode: str
    jwt_federation_sources: list[Uuid]
    jwt_federation_providers: list[int]
    require_pkce: bool
    jwks: Attributes | None
    warnings: list[str]


class Application(TypedDict):
    """An application by itself."""

    pk: Uuid
    pbm_uuid: Uuid
    name: str
    slug: str
    provider: int | None
    provider_obj: Provider | None
    backchannel_providers: list[int]
    backchannel_providers_obj: list[Provider]
    launch_url: str | None
    open_in_new_tab: bool
    meta_launch_url: str
    meta_icon: str | None
    meta_icon_url: str | None
    meta_icon_themed_urls: Attributes | None
    meta_description: str
    meta_publisher: str
    policy_engine_mode: str
    group: str
    meta_hide: bool


class Flow(TypedDict):
    """A flow: a name and a title, without stages."""

    pk: Uuid
    policybindingmodel_ptr_id: Uuid
    name: str
    slug: str
    title: str
    designation: str
    background: str
    background_url: str
    background_themed_urls: Attributes | None
    stages: list[Uuid]
    policies: list[Uuid]
    cache_count: int
    policy_engine_mode: str
    compatibility_mode: bool
    export_url: str
    layout: str
    denied_action: str
    authentication: str
    flow_uuid: NotRequired[Uuid]


class ScopeMapping(TypedDict):
    """A scope mapping; `required` is ours."""

    pk: Uuid
    managed: str | None
    name: str
    expression: str
    component: str
    verbose_name: str
    verbose_name_plural: str
    meta_model_name: str
    scope_name: str
    description: str
    required: bool


class PolicyBinding(TypedDict):
    """A binding. What only policies have stands at Authentik's defaults."""

    pk: Uuid
    policy: Uuid | None
    policy_obj: Attributes | None
    group: Uuid | None
    group_obj: PartialGroup | None
    user: int | None
    user_obj: User | None
    target: Uuid | None
    negate: bool
    enabled: bool
    order: int
    timeout: int
    failure_result: bool
    expires: Time | None
    expiring: bool


class ApplicationEntitlement(TypedDict):
    """An entitlement."""

    pbm_uuid: Uuid
    name: str
    app: Uuid
    attributes: Attributes


class Token(TypedDict):
    """A token without its key."""

    pk: Uuid
    managed: str | None
    identifier: str
    intent: str
    user: int
    user_obj: User
    description: str
    expires: Time | None
    expiring: bool
    last_used: Time | None
    key_unread: bool


class Invitation(TypedDict):
    """An invitation; `link` is answered once, by the request that makes it."""

    pk: Uuid
    name: str
    expires: Time
    fixed_data: Attributes
    created_by: Attributes
    single_use: bool
    flow: Uuid
    flow_obj: Flow
    groups: list[Uuid]
    used_at: Time | None
    link: str | None


class AuthenticatedSession(TypedDict):
    """A session. Where its address lies is not looked up."""

    uuid: Uuid
    current: bool
    user_agent: Attributes
    geo_ip: Attributes | None
    asn: Attributes | None
    user: int
    last_ip: str
    last_user_agent: str
    last_used: Time
    expires: Time
    created: Time
    kind: str


class UserConsent(TypedDict):
    """What somebody let an application have."""

    pk: int
    expires: Time | None
    expiring: bool
    user: User
    application: Application
    permissions: str


class IssuedGrant(TypedDict):
    """A code or token: what it opens and for whom, nothing of itself."""

    pk: int
    provider: Provider
    user: User
    is_expired: bool
    expires: Time
    scope: list[str]


class IssuedToken(IssuedGrant):
    """An access or refresh token."""

    id_token: str
    revoked: bool


class EventUser(TypedDict):
    """Whoever did it; pk 0 when it is nobody's account."""

    username: str
    email: str
    pk: int


class Event(TypedDict):
    """An event. Our own action, outcome (a cause code when it was refused) and request id are in `context`."""

    pk: Uuid
    user: EventUser
    action: str
    app: str
    context: Attributes
    client_ip: str | None
    created: Time
    expires: Time
    brand: Attributes


class UsedBy(TypedDict):
    """What would miss an object."""

    app: str
    model_name: str
    pk: str
    name: str
    action: Literal["cascade", "cascade_many", "set_null", "set_default", "left_dangling"]


class Pagination(TypedDict):
    """Where a page stands; `next` and `previous` are numbers of pages, 0 for none."""

    next: int
    previous: int
    count: int
    current: int
    total_pages: int
    start_index: int
    end_index: int


class Certificate(TypedDict):
    """A signing key; there is no certificate around it, and its private half never leaves."""

    pk: Uuid
    name: str
    fingerprint_sha256: str | None
    fingerprint_sha1: str | None
    cert_expiry: Time | None
    cert_subject: str | None
    private_key_available: bool
    private_key_type: str | None
    key_type: str | None
    certificate_download_url: str
    private_key_download_url: str
    managed: str | None
    has_key: bool
    kid: str
