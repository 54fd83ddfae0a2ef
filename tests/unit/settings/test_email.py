"""The mail server, said in Authentik's names, in LiteLLM's, or in both."""

from pathlib import Path
from typing import Any

import pytest

from gatewright.domain.errors import SettingInvalid
from gatewright.settings.email import EMAIL, Email
from gatewright.settings.load import examine, load

AUTHENTIK = {"AUTHENTIK_EMAIL__HOST": "mail.example.com", "AUTHENTIK_EMAIL__FROM": "Gate <gate@example.com>"}
LITELLM = {"SMTP_HOST": "mail.example.com", "SMTP_SENDER_EMAIL": "gate@example.com"}


def email(**env: str) -> Email:
    found = load({}, env).email
    assert found is not None
    return found


def test_without_a_host_there_is_no_email() -> None:
    found = load({}, {"SMTP_PORT": "tcp://10.0.0.7:25", "AUTHENTIK_EMAIL__FROM": "a@example.com"})
    assert found.email is None
    assert found.warnings == (
        "AUTHENTIK_EMAIL__FROM has no effect: nothing names the mail server (AUTHENTIK_EMAIL__HOST or SMTP_HOST)",
    )


def test_each_product_keeps_its_defaults() -> None:
    theirs = email(**AUTHENTIK)
    assert (theirs.host, theirs.port, theirs.security) == ("mail.example.com", 25, "none")
    assert (theirs.sender, theirs.sender_name, theirs.timeout_s) == ("gate@example.com", "Gate", 10.0)
    assert (email(**LITELLM).port, email(**LITELLM).security) == (587, "starttls")


EFFECTS: list[tuple[dict[str, str], str, Any]] = [
    ({"AUTHENTIK_EMAIL__PORT": "2525"}, "port", 2525),
    ({"SMTP_PORT": "2525"}, "port", 2525),
    ({"AUTHENTIK_EMAIL__USE_TLS": "true"}, "security", "starttls"),
    ({"SMTP_TLS": "True"}, "security", "starttls"),
    ({"AUTHENTIK_EMAIL__USE_SSL": "true"}, "security", "tls"),
    ({"AUTHENTIK_EMAIL__USE_SSL": "true"}, "port", 465),
    ({"AUTHENTIK_EMAIL__PORT": "465"}, "security", "tls"),
    ({"AUTHENTIK_EMAIL__TIMEOUT": "3"}, "timeout_s", 3.0),
    ({"SMTP_HOST": "mail.example.com"}, "security", "starttls"),
]


@pytest.mark.parametrize(("more", "field", "value"), EFFECTS)
def test_a_variable_sets_its_field(more: dict[str, str], field: str, value: Any) -> None:
    assert getattr(email(**AUTHENTIK), field) != value
    assert getattr(email(**AUTHENTIK, **more), field) == value


def test_litellms_default_yields_to_what_is_said() -> None:
    assert email(**LITELLM, SMTP_TLS="False").security == "none"
    assert email(**LITELLM, AUTHENTIK_EMAIL__USE_SSL="false").security == "starttls"
    assert email(**LITELLM, SMTP_PORT="465").security == "tls"
    assert email(**LITELLM, SMTP_PORT="465", SMTP_TLS="true").security == "starttls"


def test_every_variable_of_the_table_is_tested_here() -> None:
    tested = {name for more, _, _ in EFFECTS for name in more} | AUTHENTIK.keys() | LITELLM.keys() | SIGN_IN
    assert {name for setting in EMAIL for name in setting.env} == tested


SIGN_IN = {f"{prefix}{name}" for prefix in ("AUTHENTIK_EMAIL__", "SMTP_") for name in ("USERNAME", "PASSWORD")}


def test_the_sign_in_may_come_from_a_file_and_is_never_shown(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("geheim\n")
    given = {"AUTHENTIK_EMAIL__USE_TLS": "true", "AUTHENTIK_EMAIL__USERNAME": "gate"}
    found = email(**AUTHENTIK, **given, AUTHENTIK_EMAIL__PASSWORD_FILE=str(tmp_path / "password"))
    assert (found.username, found.password) == ("gate", "geheim")
    assert email(**LITELLM, SMTP_USERNAME="gate", SMTP_PASSWORD_FILE=str(tmp_path / "password")).password == "geheim"
    assert "geheim" not in repr(found)


SAID_TWICE = {
    "HOST": ("a.example", "b.example"),
    "PORT": ("25", "26"),
    "USERNAME": ("a", "b"),
    "PASSWORD": ("geheim-1", "geheim-2"),
    "USE_TLS": ("true", "false"),
    "FROM": ("a@example.com", "b@example.com"),
}


@pytest.mark.parametrize("part", SAID_TWICE)
def test_two_names_may_say_the_same_but_nothing_else(part: str) -> None:
    theirs = f"AUTHENTIK_EMAIL__{part}"
    litellms = {"USE_TLS": "SMTP_TLS", "FROM": "SMTP_SENDER_EMAIL"}.get(part, f"SMTP_{part}")
    rest = {"AUTHENTIK_EMAIL__USE_TLS": "true", "AUTHENTIK_EMAIL__USERNAME": "u", "AUTHENTIK_EMAIL__PASSWORD": "p"}
    one, other = SAID_TWICE[part]
    assert email(**{**AUTHENTIK, **(rest if part != "USE_TLS" else {}), theirs: one, litellms: one}).port
    with pytest.raises(SettingInvalid, match=f"{theirs}.*{litellms} says something else") as refused:
        email(**{**AUTHENTIK, **(rest if part != "USE_TLS" else {}), theirs: one, litellms: other})
    assert "geheim" not in str(refused.value)


WRONG: list[tuple[dict[str, str], str]] = [
    ({"AUTHENTIK_EMAIL__FROM": ""}, "FROM .*missing"),
    ({"AUTHENTIK_EMAIL__FROM": "nobody"}, "FROM .*not an e-mail address"),
    ({"AUTHENTIK_EMAIL__FROM": "Gate\nBcc: x@example.com <a@example.com>"}, "FROM .*not an e-mail address"),
    ({"AUTHENTIK_EMAIL__HOST": "smtp://mail.example.com"}, "HOST .*not a host"),
    ({"AUTHENTIK_EMAIL__PORT": "0"}, "PORT .*not a port"),
    ({"AUTHENTIK_EMAIL__USERNAME": "gate"}, "PASSWORD .*other half"),
    ({"SMTP_PASSWORD": "geheim"}, "USERNAME .*other half"),
    ({"AUTHENTIK_EMAIL__USERNAME": "gate", "AUTHENTIK_EMAIL__PASSWORD": "geheim"}, "USE_TLS .*in clear"),
    ({"AUTHENTIK_EMAIL__USE_TLS": "true", "AUTHENTIK_EMAIL__USE_SSL": "true"}, "USE_SSL .*STARTTLS"),
]


@pytest.mark.parametrize(("more", "text"), WRONG)
def test_what_cannot_work_stops_the_start(more: dict[str, str], text: str) -> None:
    with pytest.raises(SettingInvalid, match=text):
        email(**{**AUTHENTIK, **more})


@pytest.mark.parametrize(
    ("more", "name"),
    [
        ({"SMTP_SENDER_EMAIL": ""}, "SMTP_SENDER_EMAIL"),
        ({"SMTP_USERNAME": "gate"}, "SMTP_PASSWORD"),
        ({"SMTP_TLS": "false", "SMTP_USERNAME": "gate", "SMTP_PASSWORD": "geheim"}, "SMTP_TLS"),
    ],
)
def test_what_is_missing_is_asked_for_in_the_names_that_are_used(more: dict[str, str], name: str) -> None:
    with pytest.raises(SettingInvalid) as refused:
        email(**{**LITELLM, **more})
    assert refused.value.name == name


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "::1", "[::1]"])
def test_a_server_on_this_machine_may_be_signed_in_to_unencrypted(name: str) -> None:
    given = {**AUTHENTIK, "AUTHENTIK_EMAIL__HOST": name, "SMTP_USERNAME": "gate", "SMTP_PASSWORD": "geheim"}
    assert email(**given).is_local
    assert load({}, given).warnings == ()


def test_links_that_travel_in_clear_are_doubted_and_unknown_names_are_named() -> None:
    found = examine({}, {**AUTHENTIK, "AUTHENTIK_EMAIL__TEMPLATE_DIR": "/t"}).findings
    assert [(one.kind, one.name) for one in found] == [
        ("absent", "AUTHENTIK_EMAIL__TEMPLATE_DIR"),
        ("doubt", "AUTHENTIK_EMAIL__USE_TLS"),
    ]
