"""Models: who sees what of them, adding and removing."""

from tests.unit.web.api.stage import MASTER, Stage

from gatewright.domain.identity import Role

NEW = {"name": "house", "upstream_model": "hosted_vllm/llama", "api_base": "https://vllm.example/v1"}


async def test_everybody_sees_names_and_prices_and_administrators_where_they_are(stage: Stage) -> None:
    ada = await stage.key("ada")
    page = (await stage.call("GET", "/api/v1/models", ada)).json()
    assert page["items"][0] == {
        "id": "chat-one",
        "name": "chat",
        "provider": "openai",
        "upstream_model": None,
        "api_base": None,
        "source": "config",
        "demonstration": False,
        "price": {"input_per_million": "2.5", "output_per_million": "10"},
    }
    assert page["items"][2]["price"] is None
    for key in (MASTER, await stage.key("eve", Role.PROXY_ADMIN_VIEWER)):
        answered = await stage.call("GET", "/api/v1/models", key)
        assert answered.json()["items"][0]["api_base"] == "https://one.example/v1"
        assert answered.json()["items"][0]["upstream_model"] == "gpt-x"
        assert "sk-provider-secret" not in answered.text


async def test_a_limited_key_sees_its_models(stage: Stage) -> None:
    limited = await stage.key_of(await stage.person("ada"), models=("vision",))
    items = (await stage.call("GET", "/api/v1/models", limited)).json()["items"]
    assert [item["name"] for item in items] == ["vision"]


async def test_adding_and_removing(stage: Stage) -> None:
    body = {**NEW, "api_key": "sk-house-secret", "input_price_per_million": "0.0375", "output_price_per_million": "1"}
    added = await stage.call("POST", "/api/v1/models", MASTER, body)
    assert added.status_code == 201
    assert "sk-house-secret" not in added.text
    row = added.json()
    assert (row["source"], row["provider"], row["upstream_model"]) == ("database", "hosted_vllm", "llama")
    assert row["price"] == {"input_per_million": "0.0375", "output_per_million": "1"}
    assert row in (await stage.call("GET", "/api/v1/models", MASTER)).json()["items"]
    assert (await stage.call("DELETE", f"/api/v1/models/{row['id']}", MASTER)).status_code == 204
    again = await stage.call("DELETE", f"/api/v1/models/{row['id']}", MASTER)
    assert (again.status_code, again.json()["code"]) == (404, "model_not_found")


async def test_a_model_of_the_config_file_stays(stage: Stage) -> None:
    refused = await stage.call("DELETE", "/api/v1/models/chat%2Ftwo", MASTER)
    assert (refused.status_code, refused.json()["code"]) == (409, "model_not_stored")


WRONG: tuple[tuple[dict[str, object], str], ...] = (
    ({"name": ""}, "name"),
    ({"upstream_model": 3}, "upstream_model"),
    ({"api_base": "ftp://x"}, "api_base"),
    ({"api_base": "https://x\x00.example"}, "api_base"),
    ({"api_base": "http://169.254.169.254/v1"}, "api_base"),
    ({"api_key": "a\nb"}, "api_key"),
    ({"input_price_per_million": "1"}, "output_price_per_million"),
    ({"input_price_per_million": "x", "output_price_per_million": "1"}, "input_price_per_million"),
    ({"input_price_per_million": "1", "output_price_per_million": "-1"}, "output_price_per_million"),
    ({"input_price_per_million": "1", "output_price_per_million": "1e400"}, "output_price_per_million"),
    ({"input_price_per_million": "1", "output_price_per_million": "0.0000000001"}, "output_price_per_million"),
    ({"timeout": 3}, "timeout"),
)


async def test_a_wrong_field_is_named(stage: Stage) -> None:
    for changes, field in WRONG:
        refused = await stage.call("POST", "/api/v1/models", MASTER, {**NEW, **changes})
        assert refused.status_code == 400, refused.text
        assert refused.json()["errors"][0]["field"] == field, changes


async def test_pages_of_models(stage: Stage) -> None:
    first = (await stage.call("GET", "/api/v1/models?limit=2", MASTER)).json()
    second = (await stage.call("GET", f"/api/v1/models?limit=2&cursor={first['next_cursor']}", MASTER)).json()
    assert [item["name"] for item in first["items"] + second["items"]] == ["chat", "chat", "vision"]
    assert second["next_cursor"] is None
