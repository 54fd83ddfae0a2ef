"""What the operator says of the dashboard (contract litellm 1.4)."""

import msgspec

from gatewright.settings import values
from gatewright.settings.setting import Setting


class DashboardSettings(msgspec.Struct, frozen=True):
    """`api_base_url` None: code samples show the public base URL."""

    is_off: bool = False
    api_base_url: str | None = None
    default_team_disabled: bool = False
    no_custom_keys: bool = False


DASHBOARD: tuple[Setting, ...] = (
    Setting(
        "is_off",
        ("DISABLE_ADMIN_UI",),
        "Replaces the dashboard by a notice. The API, the command line and the embedded provider go on.",
        values.boolean,
        False,
    ),
    Setting(
        "api_base_url",
        ("LITELLM_UI_API_DOC_BASE_URL",),
        "The address that code samples on the dashboard show, where clients reach the API by another one.",
        values.url,
        default_doc="the public base URL",
    ),
    Setting(
        "default_team_disabled",
        ("PROXY_DEFAULT_TEAM_DISABLED",),
        "What `GET /sso/get/ui_settings` says as DEFAULT_TEAM_DISABLED. There is no default team here.",
        values.boolean,
        False,
    ),
    Setting(
        "no_custom_keys",
        (),
        "Whether nobody may bring the secret of a new virtual key, so that it is always generated.",
        values.boolean,
        False,
        files=("general_settings.disable_custom_api_keys",),
    ),
)
