"""How long people stay signed in: browser sessions, and the command line's."""

from gatewright.domain.clock import HOUR
from gatewright.settings import values
from gatewright.settings.setting import Setting

SESSIONS: tuple[Setting, ...] = (
    Setting(
        "session_life",
        ("LITELLM_UI_SESSION_DURATION",),
        "How long a browser session lives at most, however much it is used: `24h`, `30m`, `7d`.",
        values.duration,
        24 * HOUR,
        default_doc="`24h`",
    ),
    Setting(
        "session_idle",
        ("GATEWRIGHT_SESSION_IDLE",),
        "How long a browser session lives that nobody uses, a minute at least: `30m`. Use moves that end forward, "
        "never past `LITELLM_UI_SESSION_DURATION`.",
        values.idle_limit,
        default_doc="no limit of its own",
    ),
    Setting(
        "short_session_ids",
        ("EXPERIMENTAL_UI_LOGIN",),
        "`true`: the id of a browser session lives ten minutes, and is renewed silently while it is used. Else it is "
        "renewed every hour. The command line's sign-in is on either way.",
        values.boolean,
        False,
    ),
    Setting(
        "cli_session_life",
        ("LITELLM_CLI_JWT_EXPIRATION_HOURS", "CLI_JWT_EXPIRATION_HOURS"),
        "How long a sign-in of the command line lives, in whole hours.",
        values.hours,
        24 * HOUR,
        default_doc="`24`",
    ),
)
