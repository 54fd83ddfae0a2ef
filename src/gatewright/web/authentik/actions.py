"""What the schema says of rows that are no plain object: actions, fixed lists, grants, events."""

from collections.abc import Mapping
from typing import Any

from gatewright.idp.directory import service_accounts, transactional
from gatewright.web.authentik import action_answers, answers, events, fixed, grants
from gatewright.web.authentik.resource import API, GONE, USED_BY, About, anything
from gatewright.web.authentik.wire import Asked, flag_of

TEXT = {"type": "string"}
MAYBE = {"type": ["string", "null"]}
NUMBER = {"type": "integer"}
TEXTS = {"type": "array", "items": TEXT}
TEST = {"user": {"type": ["integer", "null"]}, "group": MAYBE, "context": {"type": ["object", "null"]}}
FOR_USER = {"for_user": {"type": "integer", "minimum": 1}}
PASSWORD = About(status=204, takes={"password": TEXT}, required=("password",))
MEMBER = About(status=204, takes={"pk": NUMBER}, required=("pk",))


def _fixed(kind: Any, *names: str) -> About:
    """A list that is whole in memory, filtered by its members."""
    return About(kind, paged=True, filters={name: Asked(name) for name in names})


def _given(path: str, kind: Any, filters: Mapping[str, Asked], order: tuple[str, ...]) -> dict[tuple[str, str], About]:
    """What people have: a list, one of them, its end."""
    return {
        ("GET", path): About(kind, paged=True, filters=filters, order=order),
        ("GET", f"{path}{{key}}/"): About(kind),
        ("DELETE", f"{path}{{key}}/"): GONE,
        ("GET", f"{path}{{key}}/used_by/"): USED_BY,
    }


ABOUT: Mapping[tuple[str, str], About] = {
    ("GET", "/core/users/me/"): About(action_answers.SessionUser),
    ("GET", "/core/users/paths/"): About(action_answers.Paths),
    ("POST", "/core/users/service_account/"): About(
        action_answers.ServiceAccount, takes=anything(service_accounts.NAMES), required=("name",)
    ),
    ("POST", "/core/users/{key}/set_password/"): PASSWORD,
    ("POST", "/core/users/{key}/set_password_hash/"): PASSWORD,
    ("POST", "/core/users/{key}/recovery/"): About(action_answers.Link, takes={"token_duration": MAYBE}),
    ("POST", "/core/users/{key}/recovery_email/"): About(
        status=204, takes={"token_duration": MAYBE, "email_stage": TEXT}, asks={"email_stage": TEXT}
    ),
    ("POST", "/core/groups/{key}/add_user/"): MEMBER,
    ("POST", "/core/groups/{key}/remove_user/"): MEMBER,
    ("GET", "/core/applications/{key}/check_access/"): About(action_answers.AccessCheck, asks=FOR_USER),
    ("PUT", "/core/transactional/applications/"): About(
        action_answers.Transaction,
        takes=anything(transactional.NAMES),
        required=("app", "provider_model", "provider"),
    ),
    ("GET", "/core/tokens/{key}/view_key/"): About(action_answers.Key),
    ("POST", "/core/tokens/{key}/set_key/"): About(status=204, takes={"key": TEXT}, required=("key",)),
    ("GET", "/providers/oauth2/{key}/setup_urls/"): About(action_answers.SetupUrls),
    ("GET", "/providers/oauth2/{key}/preview_user/"): About(action_answers.UserPreview, asks=FOR_USER),
    ("GET", "/providers/all/"): About(
        answers.Provider,
        paged=True,
        filters={
            "name": Asked("name"),
            "application__isnull": Asked("application", read=flag_of),
            "backchannel": Asked("backchannel", read=flag_of),
        },
    ),
    ("GET", "/providers/all/{key}/"): About(answers.Provider),
    ("POST", "/propertymappings/all/{key}/test/"): About(
        action_answers.MappingTest, takes=TEST, asks={"format_result": {"type": "boolean"}}
    ),
    **_given(
        "/core/authenticated_sessions/",
        answers.AuthenticatedSession,
        grants.SESSION_FILTERS,
        ("last_used", "expires"),
    ),
    **_given("/core/user_consent/", answers.UserConsent, grants.CONSENT_FILTERS, ("expires",)),
    **_given("/oauth2/authorization_codes/", answers.IssuedGrant, grants.TOKEN_FILTERS, ("expires",)),
    **_given("/oauth2/access_tokens/", answers.IssuedToken, grants.TOKEN_FILTERS, ("expires",)),
    **_given("/oauth2/refresh_tokens/", answers.IssuedToken, grants.TOKEN_FILTERS, ("expires",)),
    ("GET", "/events/events/"): About(answers.Event, paged=True, filters=events.FILTERS, order=events.ORDER),
    ("GET", "/events/events/actions/"): About(list[action_answers.TypeCreate]),
    ("GET", "/events/events/{key}/"): About(answers.Event),
    ("GET", "/flows/instances/"): _fixed(answers.Flow, "slug", "name", "designation", "flow_uuid", "denied_action"),
    ("GET", "/flows/instances/{key}/"): About(answers.Flow),
    ("GET", "/flows/instances/{key}/used_by/"): USED_BY,
    ("GET", "/crypto/certificatekeypairs/"): _fixed(answers.Certificate, "name", "managed", "key_type", "has_key"),
    ("GET", "/crypto/certificatekeypairs/{key}/"): About(answers.Certificate),
    ("GET", "/crypto/certificatekeypairs/{key}/used_by/"): USED_BY,
    ("GET", "/core/brands/"): _fixed(dict[str, Any], *fixed.BRAND_FILTERS),
    ("GET", "/core/brands/current/"): About(dict[str, Any]),
    ("GET", "/core/brands/{key}/"): About(dict[str, Any]),
    ("GET", "/rbac/roles/"): _fixed(dict[str, Any], *fixed.ROLE_FILTERS),
    ("GET", "/stages/email/"): _fixed(dict[str, Any], "name", "use_global_settings"),
    ("POST", "/stages/invitation/invitations/{key}/send_email/"): About(
        status=204,
        takes={"email_addresses": TEXTS, "cc_addresses": TEXTS, "bcc_addresses": TEXTS, "template": TEXT},
    ),
    ("GET", "/admin/version/"): About(action_answers.Version),
    ("GET", "/admin/system/"): About(action_answers.SystemInfo),
    ("GET", "/admin/settings/"): About(dict[str, Any]),
    ("GET", "/root/config/"): About(dict[str, Any]),
}


def about(method: str, path: str) -> About | None:
    """What the schema says of a row that does not say it itself."""
    return ABOUT.get((method, path.removeprefix(API)))
