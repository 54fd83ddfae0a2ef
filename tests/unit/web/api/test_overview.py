"""Today's figures, and whose."""

from tests.unit.web.api.stage import MASTER, Stage

from gatewright.domain.clock import DAY, HOUR, iso
from gatewright.domain.identity import Role
from gatewright.domain.people import User
from gatewright.storage import spend_log
from gatewright.storage.spend_log import SpendRow


async def spend(stage: Stage, user: User, request_id: str, *, ago: int, cost: int | None) -> None:
    row = SpendRow(
        request_id=request_id,
        started_at=stage.clock() - ago,
        duration_ms=5,
        key_id=None,
        user_pk=user.id,
        user_id=user.user_id,
        model="chat",
        status=200,
        outcome="ok",
        stream=False,
        prompt_tokens=10,
        completion_tokens=2,
        metered=True,
        cost=cost,
    )
    async with stage.db.write() as tx:
        await spend_log.insert(tx, [row])


async def test_own_figures_of_today_and_everybodys_for_viewers(stage: Stage) -> None:
    ada, eve = await stage.person("ada"), await stage.person("eve", Role.PROXY_ADMIN_VIEWER)
    await spend(stage, ada, "r1", ago=HOUR, cost=1_500_000)
    await spend(stage, ada, "r2", ago=HOUR, cost=None)
    await spend(stage, ada, "r3", ago=DAY, cost=9_000_000)
    await spend(stage, eve, "r4", ago=2 * HOUR, cost=500_000)
    midnight = stage.clock() - stage.clock() % DAY
    own = (await stage.call("GET", "/api/v1/overview", await stage.key_of(ada))).json()
    assert own == {
        "since": iso(midnight),
        "requests": 2,
        "errors": 0,
        "tokens": {"prompt": 20, "completion": 4, "total": 24},
        "spend": "0.0015",
        "unpriced_requests": 1,
        "first_request_done": True,
        "example_model": "chat",
        "base_url": "http://localhost:4000",
        "hours": [{"at": iso(stage.clock() - HOUR), "requests": 2, "spend": "0.0015"}],
        "models": [{"model": "chat", "requests": 2, "tokens": 24, "spend": "0.0015"}],
    }
    for key in (MASTER, await stage.key_of(eve)):
        every = (await stage.call("GET", "/api/v1/overview", key)).json()
        assert (every["requests"], every["spend"], len(every["hours"])) == (3, "0.002", 2)


async def test_a_key_without_owner_sees_nobodys_figures(stage: Stage) -> None:
    ada = await stage.person("ada")
    await spend(stage, ada, "r1", ago=HOUR, cost=1)
    orphan = (await stage.call("GET", "/api/v1/overview", await stage.key_of(None))).json()
    assert (orphan["requests"], orphan["first_request_done"], orphan["spend"]) == (0, False, "0")
