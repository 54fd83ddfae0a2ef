"""Teams that follow a claim: added and removed at every sign-in, those that people made left alone."""

from typing import Any

import pytest
from tests.unit.sso.conftest import MakeStage
from tests.unit.sso.provider import FakeProvider
from tests.unit.sso.stage import Stage, generic, sign_in
from tests.unit.sso.test_cli_login import open_form, poll, send_code, start

from gatewright.accounts.team_members import Member, TeamMembers
from gatewright.accounts.teams import NewTeam, Teams
from gatewright.domain.errors import Unauthenticated
from gatewright.domain.limits import Limits
from gatewright.domain.people import Origin
from gatewright.storage import audit_log

pytestmark = pytest.mark.anyio


@pytest.fixture
async def stage(make_stage: MakeStage, provider: FakeProvider) -> Stage:
    """Three teams, and a provider whose claim `teams` names some."""
    stage = make_stage(generic(provider.origin, GENERIC_TEAM_CLAIM="teams"))
    await make_teams(stage, "red", "green", "blue")
    return stage


async def make_teams(stage: Stage, *team_ids: str, **more: Any) -> None:
    for team_id in team_ids:
        await Teams(stage.db).create(NewTeam(team_id, **more), actor="test", origin=Origin())


async def comes(stage: Stage, provider: FakeProvider, **claims: Any) -> list[str]:
    """The teams after one sign-in with these claims."""
    provider.user = {"sub": "u-1", "preferred_username": "ada", **claims}
    assert (await sign_in(stage, provider, stage.browser())).status_code == 303
    return await teams_of(stage)


async def teams_of(stage: Stage) -> list[str]:
    rows = await TeamMembers(stage.db).of_user((await stage.user("ada")).id)
    return [f"{row.team_id} {row.origin} {row.role}" for row in rows]


async def told(stage: Stage) -> list[str]:
    return [step.text for step in (await stage.user("ada")).role_reason.steps if step.rule == "teams"]


async def test_memberships_come_and_go_with_the_claim(stage: Stage, provider: FakeProvider) -> None:
    assert await comes(stage, provider, teams=["red", "green"]) == ["green sso:generic user", "red sso:generic user"]
    assert await comes(stage, provider, teams="red, blue") == ["blue sso:generic user", "red sso:generic user"]
    assert await comes(stage, provider, teams=["red"]) == ["red sso:generic user"]
    assert await comes(stage, provider) == []
    assert "absent or empty" in (await told(stage))[0]
    assert "litellm_role" in (await told(stage))[0]
    acts = [outcome for outcome in await stage.audit() if outcome[0].startswith("team.member")]
    assert acts.count(("team.member_add", "ok")) == 3
    assert acts.count(("team.member_remove", "ok")) == 3


async def test_what_people_made_stays(stage: Stage, provider: FakeProvider) -> None:
    await comes(stage, provider, teams=["red"])
    members = TeamMembers(stage.db)
    await members.put("green", [Member("ada", "admin")], actor="boss", origin=Origin())
    await members.put("red", [Member("ada", "admin")], actor="boss", origin=Origin())
    assert await comes(stage, provider, teams=["blue", "green"]) == [
        "blue sso:generic user",
        "green manual admin",
        "red manual admin",
    ]
    assert await comes(stage, provider) == ["green manual admin", "red manual admin"]


async def test_an_unknown_team_is_reported_and_not_made(stage: Stage, provider: FakeProvider) -> None:
    assert await comes(stage, provider, teams=["red", "cyan", "x" * 300]) == ["red sso:generic user"]
    assert (await told(stage))[-1] == "No team here has the id cyan: passed over."
    async with stage.db.read() as tx:
        event = next(row for row in await audit_log.newest(tx, 10) if row["action"] == "login.teams")
    assert (event["outcome"], event["actor"], event["details"]["teams"]) == ("team_unknown", "ada", ["cyan"])


async def test_a_team_is_made_when_told_with_the_default_params(
    make_stage: MakeStage, provider: FakeProvider, tmp_path: Any
) -> None:
    (tmp_path / "config.yaml").write_text(
        "litellm_settings: {default_team_params: {models: [small], rpm_limit: 7}, "
        "default_internal_user_params: {teams: [{team_id: everybody, user_role: admin}, nowhere]}}\n"
    )
    environ = {"GENERIC_TEAM_CREATE": "true", "GATEWRIGHT_CONFIG": str(tmp_path / "config.yaml")}
    stage = make_stage(generic(provider.origin, GENERIC_TEAM_CLAIM="teams", **environ))
    await make_teams(stage, "everybody")
    assert await comes(stage, provider, teams=["cyan"]) == ["cyan sso:generic user", "everybody manual admin"]
    team = await Teams(stage.db).find("cyan")
    assert (team.models, team.limits) == (["small"], Limits(rpm=7))
    assert (await told(stage))[1:] == [
        "Teams that were made: cyan.",
        "No team here has the id nowhere: passed over.",
    ]
    assert await comes(stage, provider) == ["everybody manual admin"]


async def test_without_a_claim_that_is_named_nothing_follows(make_stage: MakeStage, provider: FakeProvider) -> None:
    stage = make_stage(generic(provider.origin))
    await make_teams(stage, "red")
    assert await comes(stage, provider, teams=["red"]) == []
    assert await told(stage) == []


async def test_somebody_who_is_refused_leaves_the_teams_too(make_stage: MakeStage, provider: FakeProvider) -> None:
    stage = make_stage(generic(provider.origin, GENERIC_TEAM_CLAIM="teams", GENERIC_ALLOWED_GROUPS="staff"))
    await make_teams(stage, "red")
    assert await comes(stage, provider, teams=["red"], groups=["staff"]) == ["red sso:generic user"]
    provider.user = {"sub": "u-1", "preferred_username": "ada"}
    assert (await sign_in(stage, provider, stage.browser())).status_code == 403
    assert await teams_of(stage) == []


async def terminal(stage: Stage, provider: FakeProvider, **claims: Any) -> dict[str, Any]:
    """A command-line login, finished in the browser and not yet collected."""
    provider.user = {"sub": "u-1", "preferred_username": "ada", **claims}
    login, browser = await start(stage), stage.browser()
    page = await open_form(stage, provider, login, browser)
    assert (await send_code(browser, login, page)).status_code == 200
    return login


async def test_the_terminal_chooses_among_the_persons_teams(stage: Stage, provider: FakeProvider) -> None:
    login = await terminal(stage, provider, teams=["red", "green"])
    details: list[dict[str, Any]] = [
        {"team_id": name, "team_alias": None, "team_models": [], "team_model_aliases": None}
        for name in ("green", "red")
    ]
    asked = {"status": "ready", "user_id": "ada", "teams": ["green", "red"], "team_details": details}
    for _ in range(2):
        assert (await poll(stage, login)).json() == {**asked, "requires_team_selection": True}
    other = await poll(stage, login, team_id="blue")
    assert (other.status_code, other.json()) == (403, {"detail": "You are not a member of this team."})
    assert ("login.cli.poll", "team_not_theirs") in await stage.audit()
    done = (await poll(stage, login, team_id="red")).json()
    assert done == {**asked, "key": done["key"], "team_id": "red"}
    assert (await stage.ring.authenticate(done["key"])).team_id == "red"
    assert (await poll(stage, login, team_id="red")).status_code == 400


async def test_one_team_is_chosen_silently_and_leaving_it_ends_its_credential(
    stage: Stage, provider: FakeProvider
) -> None:
    done = (await poll(stage, await terminal(stage, provider, teams=["red"]))).json()
    assert (done["team_id"], done["teams"]) == ("red", ["red"])
    free = (await poll(stage, await terminal(stage, provider, teams=[]))).json()
    assert (free["team_id"], free["teams"], free["team_details"]) == (None, [], [])
    with pytest.raises(Unauthenticated, match="revoked"):
        await stage.ring.authenticate(done["key"])
    assert (await stage.ring.authenticate(free["key"])).team_id is None
