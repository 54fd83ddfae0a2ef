"""The emergency administrator of the variables, and how often a password may be guessed."""

from pathlib import Path

import pytest
from tests.unit.settings.test_load import KEY, settings

from gatewright.domain.errors import SettingInvalid
from gatewright.domain.guess_limits import GuessLimits

GOOD = "Tr0ubadour-and-more"


def test_nothing_is_let_in_by_default(tmp_path: Path) -> None:
    found = settings(tmp_path, LITELLM_MASTER_KEY=KEY).password_login
    assert (found.username, found.password, found.is_off, found.rules) == ("admin", None, False, GuessLimits())


def test_the_variables_name_the_account(tmp_path: Path) -> None:
    found = settings(tmp_path, UI_USERNAME="root", UI_PASSWORD=GOOD).password_login
    assert (found.username, found.password) == ("root", GOOD)
    (tmp_path / "password").write_text(f"{GOOD}\n")
    assert settings(tmp_path, UI_PASSWORD_FILE=str(tmp_path / "password")).password_login.password == GOOD
    assert GOOD not in repr(found)


@pytest.mark.parametrize(
    ("password", "text"),
    [
        ("sk-1234", "public documents"),
        ("sk-your-master-key", "public documents"),
        ("short-one", "trivial"),
        ("aaaaaaaaaaaaaaaa", "trivial"),
        (KEY, "master key"),
        ("Root-With-A-Name", "it is the name"),
    ],
)
def test_a_password_that_is_guessed_stops_the_start(tmp_path: Path, password: str, text: str) -> None:
    with pytest.raises(SettingInvalid, match=text) as caught:
        settings(tmp_path, UI_USERNAME="root-with-a-name", UI_PASSWORD=password, LITELLM_MASTER_KEY=KEY)
    assert caught.value.name == "UI_PASSWORD"
    assert password not in f"{caught.value} {caught.value.hint}"


def test_what_was_asked_for_and_is_not_done_is_said_by_name(tmp_path: Path) -> None:
    config = "general_settings: {disable_env_credential_login: true}\n"
    found = settings(tmp_path, config, UI_PASSWORD=GOOD, LITELLM_DISABLE_LOGIN_RATE_LIMIT="true")
    assert found.password_login.password is None
    assert [text.partition(" ")[0] for text in found.warnings] == ["LITELLM_DISABLE_LOGIN_RATE_LIMIT", "UI_PASSWORD"]
    assert settings(tmp_path, "a: 1", UI_USERNAME="root").warnings[-1].startswith("UI_USERNAME has no effect without")
    assert settings(tmp_path, "model_list: []", LITELLM_DISABLE_LOGIN_RATE_LIMIT="false").warnings == ()


def test_litellms_keys_set_the_limits(tmp_path: Path) -> None:
    keys = {
        "max_failed_login_attempts_per_source": 5,
        "failed_login_window_seconds": 30,
        "failed_login_block_seconds": 600,
    }

    def rules(*names: str) -> GuessLimits:
        lines = "".join(f"  {name}: {keys[name]}\n" for name in names)
        return settings(tmp_path, f"general_settings:\n{lines}").password_login.rules

    assert rules(*keys) == GuessLimits(3, 5, 30_000, 600_000)
    # As there, the others have a minute and five minutes then.
    assert rules("max_failed_login_attempts_per_source") == GuessLimits(3, 5, 60_000, 300_000)
    assert rules("failed_login_block_seconds") == GuessLimits(8, 40, 60_000, 600_000)
    for name, value in (("max_failed_login_attempts_per_source", 101), ("failed_login_block_seconds", 1)):
        with pytest.raises(SettingInvalid, match=name):
            settings(tmp_path, f"general_settings:\n  {name}: {value}\n")


def test_the_other_keys(tmp_path: Path) -> None:
    config = """
general_settings:
  disable_password_login_when_sso_enabled: true
  password_policy_min_length: 14
  password_policy_require_numbers: true
"""
    found = settings(tmp_path, config)
    assert (found.password_login.is_off, found.password_min_length) == (True, 14)
    [warning] = found.warnings
    assert "password_policy_require_numbers" in warning
    assert "kinds of characters do not" in warning


@pytest.mark.parametrize(
    ("name", "text", "field", "value"),
    [
        ("DISABLE_ADMIN_UI", "true", "is_off", True),
        ("LITELLM_UI_API_DOC_BASE_URL", "https://api.example.com", "api_base_url", "https://api.example.com"),
        ("PROXY_DEFAULT_TEAM_DISABLED", "true", "default_team_disabled", True),
    ],
)
def test_the_dashboards_variables(tmp_path: Path, name: str, text: str, field: str, value: object) -> None:
    assert getattr(settings(tmp_path).dashboard, field) != value
    assert getattr(settings(tmp_path, **{name: text}).dashboard, field) == value
