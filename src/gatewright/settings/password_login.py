"""Sign-in with a local password: the emergency administrator of the variables, and how often one may guess.

Sources: contract litellm 1.4, 1.5, 1.11. Unlike there, nothing is let in by default: the master key is no password.
"""

import hashlib
from collections.abc import Iterator
from typing import Any

import msgspec

from gatewright.domain.clock import MINUTE, SECOND, Millis
from gatewright.domain.errors import SettingInvalid
from gatewright.domain.guess_limits import GuessLimits
from gatewright.settings import values
from gatewright.settings.findings import Finding
from gatewright.settings.reader import ENVIRONMENT, Reader
from gatewright.settings.setting import Setting

USERNAME, PASSWORD = "UI_USERNAME", "UI_PASSWORD"
UNLIMITED = "LITELLM_DISABLE_LOGIN_RATE_LIMIT"
SHORTEST, FEWEST_LETTERS = 12, 5
MOST_GUESSES = 100
"""NIST SP 800-63B 5.2.2."""
LONGEST_NAME = 150
# LiteLLM's, where only a part of the three is set.
WINDOW, BLOCK = MINUTE, 5 * MINUTE


class PasswordLogin(msgspec.Struct, frozen=True):
    """`password` None: no account is made of the variables. `is_off`: `/login` and `/v2/login` let nobody in."""

    username: str = "admin"
    password: str | None = None
    is_off: bool = False
    rules: GuessLimits = GuessLimits()

    def __repr__(self) -> str:
        return f"PasswordLogin({self.username!r})"


def name(value: str) -> str:
    found = value.strip()
    if not 0 < len(found) <= LONGEST_NAME or not found.isprintable() or " " in found:
        raise ValueError(f"{value!r} is not a name to sign in with | Use up to {LONGEST_NAME} characters, no space")
    return found


def strong_password(value: str) -> str:
    """One that nobody guesses, and that stands in no document."""
    fix = "Make a random one: openssl rand -base64 18"
    if hashlib.sha256(value.encode()).hexdigest() in values.KNOWN_KEYS:
        raise ValueError(f"this password stands in public documents | {fix}")
    if len(value) < SHORTEST or len(set(value)) < FEWEST_LETTERS:
        raise ValueError(f"this password is trivial to guess: it needs {SHORTEST} characters | {fix}")
    return value


def guesses(value: str) -> int:
    found = values.positive(value)
    if found > MOST_GUESSES:
        raise ValueError(f"{found} guesses would switch the limit off | Use {MOST_GUESSES} or fewer")
    return found


def span(value: str) -> Millis:
    found = values.positive(value)
    if not 10 <= found <= 86_400:
        raise ValueError(f"{found} is not between 10 seconds and a day | Write seconds, such as 300")
    return found * SECOND


PASSWORD_LOGIN: tuple[Setting, ...] = (
    Setting(
        "username",
        (USERNAME,),
        "The name of the emergency administrator whose password `UI_PASSWORD` is. The name must be nobody else's.",
        name,
        "admin",
    ),
    Setting(
        "password",
        (PASSWORD,),
        "Makes and keeps an emergency administrator with this password, who signs in at `/fallback/login` and "
        "`/login`. At least 12 characters, and not the master key. Without it the account loses its password at the "
        "next start.",
        strong_password,
        default_doc="no such account",
        secret=True,
    ),
    Setting(
        "without_variables",
        (),
        "Whether `UI_USERNAME` and `UI_PASSWORD` make no account.",
        values.boolean,
        False,
        files=("general_settings.disable_env_credential_login",),
    ),
    Setting(
        "is_off",
        (),
        "Whether `/login` and `/v2/login` refuse everybody. `/fallback/login` stays, for when no provider can be used.",
        values.boolean,
        False,
        files=("general_settings.disable_password_login_when_sso_enabled",),
    ),
    Setting(
        "by_source",
        (),
        "Wrong passwords from one address after which it is refused for a while; for one account half as many.",
        guesses,
        default_doc="`40`, and `8` for one account",
        files=("general_settings.max_failed_login_attempts_per_source",),
    ),
    Setting(
        "window",
        (),
        "The seconds in which wrong passwords are counted.",
        span,
        default_doc="`300`; `60` with one of the other two",
        files=("general_settings.failed_login_window_seconds",),
    ),
    Setting(
        "block",
        (),
        "The seconds that an address or an account is refused for.",
        span,
        default_doc="what is left of the window; `300` with one of the other two",
        files=("general_settings.failed_login_block_seconds",),
    ),
)


def read_password_login(reader: Reader, master_key: str | None) -> PasswordLogin:
    """Raises SettingInvalid for a password that is the master key or the name."""
    found = reader.table(PASSWORD_LOGIN)
    password = None if found["without_variables"] else found["password"]
    login = PasswordLogin(found["username"], password, found["is_off"], _rules(found))
    check_not_master(login, master_key)
    if password is not None and password.lower() == login.username.lower():
        raise SettingInvalid(
            PASSWORD, source=ENVIRONMENT, problem="it is the name", fix="Make a random one: openssl rand -base64 18"
        )
    return login


def check_not_master(login: PasswordLogin, master_key: str | None) -> None:
    """Raises SettingInvalid when the password is the master key, also one that was generated."""
    if master_key is not None and login.password == master_key:
        raise SettingInvalid(
            PASSWORD,
            source=ENVIRONMENT,
            problem="it is the master key, which would then be typed into pages and could not be changed by itself",
            fix="Make another one: openssl rand -base64 18",
        )


def doubts_of(reader: Reader) -> Iterator[Finding]:
    """What was asked for and is not done."""
    if (reader.variable(UNLIMITED) or "false").lower() != "false":
        yield Finding(
            "absent", UNLIMITED, f"{UNLIMITED} has no effect: without a limit passwords can be guessed, so it stays on"
        )
    named, given = reader.variable(USERNAME), reader.variable(PASSWORD) or reader.variable(f"{PASSWORD}_FILE")
    off = reader.part("general_settings.disable_env_credential_login") is True
    if named is not None and given is None:
        text = f"{USERNAME} has no effect without {PASSWORD}: the master key is no password here"
        yield Finding("absent", USERNAME, text)
    if given is not None and off:
        text = f"{PASSWORD} has no effect: general_settings.disable_env_credential_login is true"
        yield Finding("absent", PASSWORD, text)


def _rules(found: dict[str, Any]) -> GuessLimits:
    limits = (found["by_source"], found["window"], found["block"])
    if limits == (None, None, None):
        return GuessLimits()
    usual = GuessLimits()
    by_source = found["by_source"]
    return GuessLimits(
        by_account=usual.by_account if by_source is None else -(-by_source // 2),
        by_address=by_source or usual.by_address,
        window=found["window"] or WINDOW,
        block=found["block"] or BLOCK,
    )
