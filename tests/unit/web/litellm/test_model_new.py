"""`/model/new` and `/model/delete`: a deployment in LiteLLM's words, stored sealed, and nothing of the operator's."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.unit.web.api.stage import MASTER, Stage

from gatewright.domain.identity import Role
from gatewright.domain.money import Price, Tier
from gatewright.gateway.deployment import Deployment

SECRETS = {
    "api_key": "sk-provider-of-the-house",
    "extra_headers": {"X-Secret": "hush-hush-header"},
}
NEW = {
    "model_name": "house",
    "litellm_params": {
        "model": "openai/house-model",
        "api_base": "https://house.example/v1",
        **SECRETS,
        "rpm": "60",
        "tags": ["eu"],
        "timeout": 7,
        "max_retries": 1,
        "temperature": 0.5,
        "extra_body": {"top_k": 3},
        "input_cost_per_token": 0.000001,
        "output_cost_per_token": "0.000002",
        "organization": None,
    },
    "model_info": {
        "id": "house-1",
        "supports_vision": True,
        "max_tokens": 4096,
        "base_model": "gpt-4o",
        "team_id": None,
    },
}


def changed(part: str, **members: Any) -> dict[str, Any]:
    given: Any = NEW[part]
    return {**NEW, part: {**given, **members}}


async def added(stage: Stage, body: Any = NEW) -> Any:
    answered = await stage.call("POST", "/model/new", MASTER, body)
    assert answered.status_code == 200, answered.text
    return answered.json()


def deployment(stage: Stage, deployment_id: str) -> Deployment:
    return stage.deployments.find(deployment_id)


async def test_a_deployment_is_added_with_all_that_was_said(stage: Stage, tmp_path: Path) -> None:
    row = await added(stage)
    assert {name: row[name] for name in ("model_id", "model_name", "litellm_params", "created_by")} == {
        "model_id": "house-1",
        "model_name": "house",
        "litellm_params": {"model": "openai/house-model", "api_base": "https://house.example/v1"},
        "created_by": "default_user_id",
    }
    assert row["model_info"] == {
        "supports_vision": True,
        "max_tokens": 4096,
        "base_model": "gpt-4o",
        "id": "house-1",
        "db_model": True,
        "input_cost_per_token": 0.000001,
        "output_cost_per_token": 0.000002,
    }
    one = deployment(stage, "house-1")
    way = one.ways["/chat/completions"]
    assert way.defaults == {"temperature": 0.5, "top_k": 3}
    assert b"authorization: Bearer sk-provider-of-the-house" in way.target.head
    assert b"X-Secret: hush-hush-header" in way.target.head
    assert (one.terms.rpm, one.terms.tags, one.terms.retries) == (60, frozenset({"eu"}), 1)
    assert one.timeouts is not None
    assert one.timeouts.first_byte == 7.0
    listed = (await stage.call("GET", "/model/info?litellm_model_id=house-1", MASTER)).json()["data"]
    assert listed == [{name: row[name] for name in ("model_name", "litellm_params", "model_info")}]


async def test_no_secret_is_shown_or_stored_in_clear(stage: Stage, tmp_path: Path) -> None:
    await added(stage)
    texts = [
        (await stage.call("GET", path, MASTER)).text for path in ("/model/info", "/api/v1/models", "/v1/model/info")
    ]
    words = ("sk-provider-of-the-house", "hush-hush-header")
    assert [word for word in words for text in texts if word in text] == []
    files = [path.read_bytes() for path in tmp_path.glob("gatewright.db*")]
    assert [word for word in words for content in files if word.encode() in content] == []


async def test_it_is_deleted_by_its_id(stage: Stage) -> None:
    await added(stage)
    done = await stage.call("POST", "/model/delete", MASTER, {"id": "house-1"})
    assert done.json() == {"message": "Model: house-1 deleted successfully"}
    assert (await stage.call("POST", "/model/delete", MASTER, {"id": "house-1"})).status_code == 404
    assert (await stage.call("POST", "/model/delete", MASTER, {"id": "chat-one"})).status_code == 409


async def test_an_id_is_taken_once(stage: Stage) -> None:
    await added(stage)
    for taken in ("house-1", "chat-one"):
        again = await stage.call("POST", "/model/new", MASTER, changed("model_info", id=taken))
        assert again.status_code == 409
        assert "There is a model with this id already" in again.text
    without = await added(stage, changed("model_info", id=None))
    assert len(without["model_id"]) == 36


REFUSED: list[tuple[dict[str, Any], str, str]] = [
    (changed("litellm_params", model=None), "litellm_params.model", "it is missing"),
    (changed("litellm_params", model="gorq/x", api_base=None), "litellm_params.model", "the provider 'gorq' is not"),
    (changed("litellm_params", rpm="many"), "litellm_params.rpm", "'many' is not a whole number"),
    (changed("litellm_params", rmp=5), "litellm_params.rmp", "it is not known"),
    (changed("litellm_params", max_budget=5), "litellm_params.max_budget", "it is LiteLLM's and not supported"),
    (changed("litellm_params", brand_new=5), "litellm_params.brand_new", "it is not known"),
    (
        changed("litellm_params", aws_region_name="x"),
        "litellm_params.aws_region_name",
        "it means nothing to the provider",
    ),
    (changed("litellm_params", input_cost_per_token=-1), "litellm_params.input_cost_per_token", "it is not a cost"),
    (changed("litellm_params", api_key="os.environ/LITELLM_SALT_KEY"), "litellm_params.api_key", "os.environ/ is for"),
    (
        changed("litellm_params", extra_headers={"X": "os.environ/HOME"}),
        "litellm_params.extra_headers.X",
        "os.environ/ is for the config file alone",
    ),
    (changed("litellm_params", tags=["os.environ/HOME"]), "litellm_params.tags[0]", "os.environ/ is for"),
    (
        changed("litellm_params", litellm_credential_name="c"),
        "litellm_params.litellm_credential_name",
        "credentials by",
    ),
    (changed("litellm_params", api_base="https://10.0.0.5/v1"), "api_base", "private network"),
    (changed("litellm_params", extra_headers={"X": "a\r\nY: b"}), "X", ""),
    (changed("model_info", team_id="t"), "model_info.team_id", "it is LiteLLM's and not supported"),
    (changed("model_info", id="\u0007"), "model_info.id", "printable"),
    (changed("model_info", note="a\u0000b"), "metadata", "NUL"),
    ({**NEW, "model_name": " "}, "name", "not a model's name"),
    ({**NEW, "model_nmae": "x"}, "model_nmae", "not supported"),
]


@pytest.mark.parametrize(("body", "param", "text"), REFUSED, ids=[f"{row[1]}-{row[2]:.20}" for row in REFUSED])
async def test_what_is_wrong_is_refused_by_name(stage: Stage, body: dict[str, Any], param: str, text: str) -> None:
    before = (await stage.call("GET", "/model/info", MASTER)).json()
    answered = await stage.call("POST", "/model/new", MASTER, body)
    assert answered.status_code == 400
    error = answered.json()["error"]
    assert error["param"] == param
    assert text in error["message"]
    assert "hush-hush" not in answered.text
    assert (await stage.call("GET", "/model/info", MASTER)).json() == before


async def test_deep_nesting_is_refused(stage: Stage) -> None:
    deep: Any = "x"
    for _ in range(300):
        deep = [deep]
    answered = await stage.call("POST", "/model/new", MASTER, changed("litellm_params", extra_body={"a": deep}))
    assert answered.status_code == 400
    assert "nested too deeply" in answered.text


async def test_the_operators_variables_are_not_for_people(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-the-operator")
    params = {"model": "openai/x", "api_base": "https://house.example/v1"}
    row = await added(stage, {"model_name": "mine", "litellm_params": params})
    assert b"authorization" not in deployment(stage, row["model_id"]).ways["/chat/completions"].target.head.lower()


async def test_only_administrators_may(stage: Stage) -> None:
    member = await stage.key_of(await stage.person("ada", Role.INTERNAL_USER))
    for path, body in (("/model/new", NEW), ("/model/delete", {"id": "chat-one"})):
        assert (await stage.call("POST", path, member, body)).status_code in (401, 403)
        assert (await stage.call("POST", path, None, body)).status_code == 401


async def test_what_long_requests_cost_is_kept(stage: Stage) -> None:
    long = {"input_cost_per_token_above_200k_tokens": 3e-6, "cache_read_input_token_cost_above_200k_tokens": 5e-7}
    row = await added(stage, changed("litellm_params", **long))
    assert {name: row["model_info"][name] for name in long} == pytest.approx(long)
    base = Price(input=10**9, output=2 * 10**9)
    tier = Tier(200_000, Price(input=3 * 10**9, output=2 * 10**9, cached_input=5 * 10**8))
    assert deployment(stage, "house-1").price == msgspec.structs.replace(base, tiers=(tier,))
