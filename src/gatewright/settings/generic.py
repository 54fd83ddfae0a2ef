"""The outside OpenID provider that the GENERIC_* variables name (contract litellm 1.2)."""

from gatewright.domain.errors import SettingInvalid
from gatewright.settings import values
from gatewright.settings.reader import ENVIRONMENT, Reader
from gatewright.settings.setting import Setting
from gatewright.settings.sign_in import ClaimNames, RoleRules, SignInProvider

ID = "generic"


GENERIC: tuple[Setting, ...] = (
    Setting("client_id", ("GENERIC_CLIENT_ID",), "Turns the outside OpenID provider on: our client id there."),
    Setting("client_secret", ("GENERIC_CLIENT_SECRET",), "Our client secret at the outside provider.", secret=True),
    Setting("authorization_endpoint", ("GENERIC_AUTHORIZATION_ENDPOINT",), "Its authorization endpoint.", values.url),
    Setting("token_endpoint", ("GENERIC_TOKEN_ENDPOINT",), "Its token endpoint.", values.url),
    Setting("userinfo_endpoint", ("GENERIC_USERINFO_ENDPOINT",), "Its userinfo endpoint.", values.url),
    Setting(
        "scope",
        ("GENERIC_SCOPE",),
        "The scopes to ask for, separated by spaces.",
        default="openid email profile",
    ),
    Setting(
        "user_id_attribute",
        ("GENERIC_USER_ID_ATTRIBUTE",),
        "The claim that names a new user's `user_id` when that id is free. It never finds an existing user.",
        default="preferred_username",
    ),
    Setting(
        "email_attribute", ("GENERIC_USER_EMAIL_ATTRIBUTE",), "The claim with the e-mail address.", default="email"
    ),
    Setting(
        "display_name_attribute",
        ("GENERIC_USER_DISPLAY_NAME_ATTRIBUTE",),
        "The claim with the name that people see.",
        default="name",
    ),
    Setting(
        "role_attribute",
        ("GENERIC_USER_ROLE_ATTRIBUTE",),
        "The claim with the role, dots for nested claims. When it is set the provider decides the role at every login: "
        "without the claim it is the default role. When it is not set, roles are given here.",
        default="role",
    ),
    Setting(
        "use_pkce",
        ("GENERIC_CLIENT_USE_PKCE",),
        "Whether the authorization request carries PKCE (S256). Unlike in LiteLLM it does by default.",
        values.boolean,
        True,
    ),
)


def read_generic(reader: Reader) -> SignInProvider | None:
    """None without GENERIC_CLIENT_ID. Raises SettingInvalid for what is missing beside it."""
    found = reader.table(GENERIC)
    if found["client_id"] is None:
        return None
    for setting in GENERIC:
        if found[setting.field] is None:
            raise SettingInvalid(
                setting.env[0],
                source=ENVIRONMENT,
                problem="GENERIC_CLIENT_ID is set but this is missing",
                fix=f"Set {setting.env[0]}, or unset GENERIC_CLIENT_ID to use the embedded provider",
            )
    role = next(setting for setting in GENERIC if setting.field == "role_attribute")
    return SignInProvider(
        id=ID,
        profile="generic",
        client_id=found["client_id"],
        client_secret=found["client_secret"],
        authorization_endpoint=found["authorization_endpoint"],
        token_endpoint=found["token_endpoint"],
        userinfo_endpoint=found["userinfo_endpoint"],
        scope=" ".join(found["scope"].split()),
        use_pkce=found["use_pkce"],
        claims=ClaimNames(
            user_id=found["user_id_attribute"],
            email=found["email_attribute"],
            display_name=found["display_name_attribute"],
            role=found["role_attribute"],
        ),
        roles=RoleRules(is_configured=reader.find(role)[0] is not None),
    )
