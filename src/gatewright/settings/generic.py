"""The outside OpenID provider."""

import msgspec

from gatewright.settings import values
from gatewright.settings.setting import Setting


class Generic(msgspec.Struct, frozen=True):
    """The outside OpenID provider that the GENERIC_* variables name (contract litellm 1.2).

    `role_is_configured`: GENERIC_USER_ROLE_ATTRIBUTE was set, so the provider decides the role, by absence too.
    """

    client_id: str
    client_secret: str
    authorization_endpoint: str
    token_endpoint: str
    userinfo_endpoint: str
    scope: str
    user_id_attribute: str
    email_attribute: str
    display_name_attribute: str
    role_attribute: str
    use_pkce: bool
    role_is_configured: bool = False

    def __repr__(self) -> str:
        return f"Generic({self.client_id!r}, {self.authorization_endpoint!r})"


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
