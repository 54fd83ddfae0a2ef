"""LiteLLM's list of deployments."""

from tests.unit.web.api.stage import MASTER, Stage

from gatewright.domain.identity import Role


async def test_what_administrators_see(stage: Stage) -> None:
    for path in ("/model/info", "/v1/model/info"):
        answered = await stage.call("GET", path, MASTER)
        assert "sk-provider-secret" not in answered.text
        first, second, third = answered.json()["data"]
        assert first == {
            "model_name": "chat",
            "litellm_params": {"model": "openai/gpt-x", "api_base": "https://one.example/v1"},
            "model_info": {
                "id": "chat-one",
                "db_model": False,
                "input_cost_per_token": 0.0000025,
                "output_cost_per_token": 0.00001,
            },
        }
        assert second["model_info"] == {"id": "chat/two", "db_model": False}
        assert third["model_name"] == "vision"


async def test_one_of_them_by_id(stage: Stage) -> None:
    one = (await stage.call("GET", "/model/info?litellm_model_id=chat-one", MASTER)).json()["data"]
    assert [row["model_info"]["id"] for row in one] == ["chat-one"]
    assert (await stage.call("GET", "/model/info?litellm_model_id=none", MASTER)).json() == {"data": []}


async def test_members_see_what_they_may_use_and_not_where_it_is(stage: Stage) -> None:
    limited = await stage.key_of(await stage.person("ada", Role.INTERNAL_USER), models=("vision",))
    (row,) = (await stage.call("GET", "/v1/model/info", limited)).json()["data"]
    assert (row["model_name"], row["litellm_params"]) == ("vision", {})


async def test_an_added_model_is_marked(stage: Stage) -> None:
    new = {"name": "house", "upstream_model": "hosted_vllm/llama", "api_base": "https://vllm.example/v1"}
    added = (await stage.call("POST", "/api/v1/models", MASTER, new)).json()
    rows = (await stage.call("GET", "/model/info", MASTER)).json()["data"]
    assert [row["model_info"]["id"] for row in rows if row["model_info"]["db_model"]] == [added["id"]]
