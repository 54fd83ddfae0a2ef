"""Which team a sign-in is for: asked, named beforehand, or the only one (contract litellm 2.2)."""

import pytest

from .conftest import Cli
from .gateway import LOGIN_ID, Gateway

POLL = f"/sso/cli/poll/{LOGIN_ID}"
TEAMS = [{"team_id": "t-1", "team_alias": "Research"}, {"team_id": "t-2", "team_alias": "Platform"}]


@pytest.mark.parametrize(
    ("typed", "team"), [("2\n", "t-2"), ("Platform\n", "t-2"), ("\n", "t-1"), ("skip\n", "t-1"), ("9\nx\n1\n", "t-1")]
)
def test_a_team_is_asked_for(cli: Cli, gateway: Gateway, typed: str, team: str) -> None:
    gateway.teams = TEAMS
    done = cli("login", gateway.url, "--no-browser", stdin=typed)
    assert done.code == 0
    assert "  1. Research\n  2. Platform\n" in done.out
    assert [poll.query for poll in gateway.calls(POLL)] == [{}, {"team_id": team}]
    assert cli.stored()["servers"][gateway.url]["team_id"] == team


@pytest.mark.parametrize("named", ["t-2", "Platform"])
def test_a_team_named_before_is_not_asked_for(cli: Cli, gateway: Gateway, named: str) -> None:
    gateway.teams = TEAMS
    done = cli("login", gateway.url, "--no-browser", "--team", named)
    assert done.code == 0
    assert "Team [1]" not in done.out
    assert cli.stored()["servers"][gateway.url]["team_id"] == "t-2"


@pytest.mark.parametrize(("arguments", "words"), [((), "--team"), (("--team", "Nope"), "Research, Platform")])
def test_no_team_is_a_failure(cli: Cli, gateway: Gateway, arguments: tuple[str, ...], words: str) -> None:
    gateway.teams = TEAMS
    done = cli("login", gateway.url, "--no-browser", *arguments)
    assert done.code == 1
    assert words in done.err
    assert not cli.file.exists()


def test_a_single_team_is_chosen_silently(cli: Cli, gateway: Gateway) -> None:
    gateway.teams = TEAMS[:1]
    assert cli("login", gateway.url, "--no-browser").code == 0
    assert cli.stored()["servers"][gateway.url]["team_id"] == "t-1"
