"""`/model/update`: members of a stored deployment changed, the others kept, and no secret sent anywhere else by it."""

from pathlib import Path
from typing import Any

import pytest
from tests.unit.web.api.stage import MASTER, Stage, resolve
from tests.unit.web.litellm.test_model_new import NEW, added, changed, deployment

from gatewright.app.follow import Follower
from gatewright.domain.identity import Role
from gatewright.domain.money import Extras, Price
from gatewright.gateway.deployments import Deployments
from gatewright.settings.load import load
from gatewright.storage import audit_log
from gatewright.storage.database import Database

KEPT = {"model": "openai/house-model", "api_base": "https://house.example/v1"}
HEAD = b"authorization: Bearer sk-provider-of-the-house"


async def update(stage: Stage, params: Any = None, info: Any = None, **more: Any) -> Any:
    body = {"litellm_params": params or {}, "model_info": {"id": "house-1", **(info or {})}, **more}
    return await stage.call("POST", "/model/update", MASTER, body)


async def test_what_is_named_changes_and_all_else_stays(stage: Stage) -> None:
    await added(stage)
    got = await update(stage, {"rpm": 7, "output_cost_per_token": 5e-6}, {"max_tokens": 99}, model_name="home")
    assert got.status_code == 200, got.text
    row = got.json()
    assert (row["model_name"], row["litellm_params"]) == ("home", KEPT)
    info: Any = NEW["model_info"]
    shown = {name: value for name, value in info.items() if value is not None}
    costs = {"input_cost_per_token": 1e-6, "output_cost_per_token": 5e-6}
    assert row["model_info"] == {**shown, "max_tokens": 99, "db_model": True, **costs}
    one = deployment(stage, "house-1")
    way = one.ways["/chat/completions"]
    assert (one.name, one.terms.rpm, one.terms.tags, one.terms.retries) == ("home", 7, frozenset({"eu"}), 1)
    assert one.timeouts is not None
    assert (one.timeouts.first_byte, way.defaults) == (7.0, {"temperature": 0.5, "top_k": 3})
    assert HEAD in way.target.head
    assert b"X-Secret: hush-hush-header" in way.target.head
    assert one.price == Price(10**9, 5 * 10**9)
    listed = (await stage.call("GET", "/model/info?litellm_model_id=house-1", MASTER)).json()["data"]
    assert listed == [row]


async def test_the_address_may_say_which_one(stage: Stage) -> None:
    await added(stage, changed("model_info", id="house/1"))
    got = await stage.call("PATCH", "/model/house/1/update", MASTER, {"litellm_params": {"tpm": 50}})
    assert got.status_code == 200, got.text
    one = deployment(stage, "house/1")
    assert (one.terms.rpm, one.terms.tpm, one.name) == (60, 50, "house")
    other = await stage.call("PATCH", "/model/house/1/update", MASTER, {"model_info": {"id": "other"}})
    assert (other.status_code, other.json()["error"]["param"]) == (400, "model_info.id")


async def test_members_of_requests_are_changed_one_by_one(stage: Stage) -> None:
    await added(stage)
    await update(stage, {"temperature": 0.9, "extra_body": {"min_p": 0.1}})
    defaults = deployment(stage, "house-1").ways["/chat/completions"].defaults
    assert defaults == {"temperature": 0.9, "top_k": 3, "min_p": 0.1}


async def test_nothing_changes_what_is_null_but_a_cost(stage: Stage) -> None:
    await added(stage, changed("litellm_params", output_cost_per_image=0.5))
    price = deployment(stage, "house-1").price
    assert price is not None
    assert price.extras == Extras(image=5 * 10**14)
    got = await update(
        stage, {"api_key": None, "rpm": None, "output_cost_per_image": None, "input_cost_per_image": None}
    )
    assert got.status_code == 200
    one = deployment(stage, "house-1")
    assert (one.terms.rpm, one.price) == (60, Price(10**9, 2 * 10**9))
    assert HEAD in one.ways["/chat/completions"].target.head


async def test_what_was_shown_can_be_sent_back(stage: Stage) -> None:
    long = {"input_cost_per_token_above_200k_tokens": 3e-6, "search_context_cost_per_query": 0.01}
    params = {**long, "model": "xai/grok-x", "api_base": None}
    row = await added(stage, changed("litellm_params", **params))
    before = deployment(stage, "house-1")
    got = await stage.call("POST", "/model/update", MASTER, {"model_info": row["model_info"]})
    assert got.status_code == 200, got.text
    after = deployment(stage, "house-1")
    assert (after.price, after.terms) == (before.price, before.terms)
    assert got.json()["model_info"] == row["model_info"]


async def test_a_new_key_counts_at_once_and_is_sealed(stage: Stage, tmp_path: Path) -> None:
    await added(stage)
    got = await update(stage, {"api_key": "sk-the-next-provider-key"})
    assert "sk-the-next" not in got.text
    head = deployment(stage, "house-1").ways["/chat/completions"].target.head
    assert b"Bearer sk-the-next-provider-key" in head
    files = [path.read_bytes() for path in tmp_path.glob("gatewright.db*")]
    assert not [content for content in files if b"sk-the-next" in content or b"sk-provider-of" in content]


MOVES: list[dict[str, Any]] = [
    {"api_base": "https://evil.example/v1"},
    {"base_url": "https://evil.example/v1"},
    {"api_base": "http://house.example/v1"},
    {"api_base": "https://house.example:8443/v1"},
    {"model": "anthropic/claude-x"},
    {"custom_llm_provider": "groq"},
]


@pytest.mark.parametrize("move", MOVES, ids=str)
async def test_a_secret_goes_to_no_other_address(stage: Stage, move: dict[str, Any]) -> None:
    await added(stage)
    before = deployment(stage, "house-1")
    bare = await update(stage, move)
    keyed = await update(stage, {**move, "api_key": "sk-new"})
    assert [(got.status_code, got.json()["error"]["param"]) for got in (bare, keyed)] == [
        (400, "litellm_params.api_key"),
        (400, "litellm_params.extra_headers"),
    ]
    assert "Give it again" in bare.text
    assert deployment(stage, "house-1") is before
    whole = await update(stage, {**move, "api_key": "sk-new", "extra_headers": {"X-Secret": "other"}})
    assert whole.status_code == 200, whole.text
    ways = deployment(stage, "house-1").ways.values()
    assert not [way for way in ways if b"sk-provider" in way.target.head or b"hush" in way.target.head]


async def test_another_path_at_the_same_address_keeps_the_key(stage: Stage) -> None:
    await added(stage)
    got = await update(stage, {"api_base": "https://house.example/v2", "model": "openai/next"})
    assert got.json()["litellm_params"] == {"model": "openai/next", "api_base": "https://house.example/v2"}
    assert HEAD in deployment(stage, "house-1").ways["/chat/completions"].target.head


async def test_another_provider_is_asked_at_its_own_address(stage: Stage) -> None:
    params = {"model": "groq/llama", "api_key": "sk-a"}
    body = {"model_name": "m", "litellm_params": params, "model_info": {"id": "house-1"}}
    await added(stage, body)
    got = await update(stage, {"model": "mistral/small", "api_key": "sk-b"})
    assert got.json()["litellm_params"] == {"model": "mistral/small", "api_base": "https://api.mistral.ai/v1"}


async def test_a_model_of_the_responses_api_stays_one(stage: Stage) -> None:
    await added(stage, changed("litellm_params", model="openai/responses/house-model"))
    await update(stage, {"rpm": 5})
    ways = deployment(stage, "house-1").ways
    assert ways["/chat/completions"].target.path == "/v1/responses"
    assert ways["/chat/completions"].model == "house-model"


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"rpm": "many"}, "litellm_params.rpm"),
    ({"rmp": 5}, "litellm_params.rmp"),
    ({"extra_body": "x"}, "litellm_params.extra_body"),
    ({"api_key": "os.environ/HOME"}, "litellm_params.api_key"),
    ({"input_cost_per_token": -1}, "litellm_params.input_cost_per_token"),
]


@pytest.mark.parametrize(("params", "param"), WRONG)
async def test_what_is_wrong_changes_nothing(stage: Stage, params: dict[str, Any], param: str) -> None:
    await added(stage)
    before = deployment(stage, "house-1")
    got = await update(stage, params)
    assert got.status_code == 400, got.text
    assert got.json()["error"]["param"].startswith(param)
    assert deployment(stage, "house-1") is before


async def test_which_model_must_be_said_and_be_there(stage: Stage) -> None:
    nobody = await stage.call("POST", "/model/update", MASTER, {"litellm_params": {"rpm": 1}})
    unknown = await stage.call("POST", "/model/update", MASTER, {"model_info": {"id": "no-such"}})
    configured = await stage.call("POST", "/model/update", MASTER, {"model_info": {"id": "chat-one"}})
    blocked = await update(stage, blocked=True)
    assert (nobody.status_code, nobody.json()["error"]["param"]) == (400, "model_info.id")
    assert unknown.status_code == 404
    assert (configured.status_code, "stands in the config file" in configured.text) == (409, True)
    assert (blocked.status_code, blocked.json()["error"]["param"]) == (400, "blocked")


async def test_only_administrators_change_models(stage: Stage) -> None:
    await added(stage)
    for role in (Role.INTERNAL_USER, Role.PROXY_ADMIN_VIEWER):
        secret = await stage.key(f"user-{role.value}", role)
        got = await stage.call("POST", "/model/update", secret, {"model_info": {"id": "house-1"}, "model_name": "x"})
        assert got.status_code in (401, 403)
    assert deployment(stage, "house-1").name == "house"


async def test_every_worker_follows_and_the_log_tells_it(stage: Stage, db: Database, tmp_path: Path) -> None:
    await added(stage)
    settings = load({}, {"LITELLM_MASTER_KEY": MASTER, "GATEWRIGHT_DATA_DIR": str(tmp_path)})
    other = Deployments(db, settings, lambda *_: None, resolve)
    follower = Follower(db, [other.apply], other.refresh)
    await follower.start()
    await other.refresh()
    assert other.find("house-1").terms.rpm == 60
    await update(stage, {"rpm": 5, "api_key": "sk-the-next-provider-key"})
    await follower.catch_up()
    one = other.find("house-1")
    assert (one.terms.rpm, b"sk-the-next" in one.ways["/chat/completions"].target.head) == (5, True)
    async with db.read() as tx:
        event, *_ = await audit_log.newest(tx, 1)
    assert (event["action"], event["target"]) == ("model.update", "house-1")
    assert "sk-the-next" not in str(event)


async def test_of_two_changes_at_once_one_is_told(stage: Stage, db: Database) -> None:
    await added(stage)

    deployments = stage.deployments
    checked = deployments._checked_target

    async def slow(new: Any) -> Any:
        deployments._checked_target = checked  # type: ignore[method-assign]  # the one that came in between
        assert (await update(stage, {"rpm": 5})).status_code == 200
        return await checked(new)

    deployments._checked_target = slow  # type: ignore[method-assign]  # as slow as a look-up of a name may be
    got = await update(stage, {"rpm": 9})
    assert (got.status_code, "meanwhile" in got.text) == (409, True)
    assert deployment(stage, "house-1").terms.rpm == 5
