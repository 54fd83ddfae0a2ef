"""Models: who sees what of them, adding and removing."""

from pathlib import Path

from tests.unit.web.api.stage import MASTER, Stage

from gatewright.domain.identity import Role
from gatewright.domain.money import Price

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
    ({"api_key": "os.environ/LITELLM_SALT_KEY"}, "api_key"),
    ({"upstream_model": "gorq/x", "api_base": None}, "upstream_model"),
    ({"upstream_model": "azure/x", "api_base": None}, "api_base"),
    ({"params": "rpm = 5"}, "params"),
    ({"params": {"rpm": "many"}}, "params.rpm"),
    ({"params": {"rmp": 5}}, "params.rmp"),
    ({"params": {"tags": ["a", {}]}}, "params.tags[1]"),
    ({"params": {"api_key": "sk-x"}}, "params.api_key"),
    ({"params": {"model": "openai/x"}}, "params.model"),
    ({"params": {"input_cost_per_token": 1}}, "params.input_cost_per_token"),
    ({"params": {"cache_read_input_token_cost": 0.1}}, "params.cache_read_input_token_cost"),
    ({"params": {"litellm_credential_name": "c"}}, "params.litellm_credential_name"),
    ({"params": {"extra_headers": {"X": "os.environ/HOME"}}}, "params.extra_headers.X"),
    ({"params": {"extra_headers": {"X-Team": "a\r\nY: b"}}}, "params.extra_headers.X-Team"),
    ({"params": {"aws_region_name": "eu-west-1"}}, "params.aws_region_name"),
    ({"params": {"extra_body": {"a": [[["x"] * 3] * 3] * 3, "model": "y"}}}, "params.extra_body.model"),
)

BEDROCK = {"name": "claude", "upstream_model": "bedrock/anthropic.claude-x", "api_key": "bedrock-key-secret"}
SIGNED = {"aws_region_name": "eu-west-1", "aws_access_key_id": "AKIAHOUSE", "aws_secret_access_key": "hush-hush-signs"}
WRONG_IN_A_CLOUD: tuple[tuple[dict[str, object], str], ...] = (
    ({**BEDROCK}, "params.aws_region_name"),
    ({**BEDROCK, "params": {"aws_region_name": "nowhere/x"}}, "params.aws_region_name"),
    ({**BEDROCK, "api_key": None, "params": {"aws_region_name": "eu-west-1"}}, "params.aws_access_key_id"),
    (
        {**BEDROCK, "params": {"aws_region_name": "eu-west-1", "aws_sts_endpoint": "http://169.254.169.254/"}},
        "params.aws_sts_endpoint",
    ),
    (
        {"name": "g", "upstream_model": "vertex_ai/gemini", "params": {"vertex_credentials": "no json"}},
        "params.vertex_credentials",
    ),
    (
        {
            "name": "a",
            "upstream_model": "azure/gpt",
            "api_base": "https://house.openai.azure.com",
            "api_key": "k",
            "params": {"api_version": "?"},
        },
        "params.api_version",
    ),
)


async def test_what_a_cloud_lacks_is_named(stage: Stage) -> None:
    for body, field in WRONG_IN_A_CLOUD:
        refused = await stage.call("POST", "/api/v1/models", MASTER, body)
        assert refused.status_code == 400, refused.text
        assert refused.json()["errors"][0]["field"] == field, body
        assert "bedrock-key-secret" not in refused.text


async def test_further_parameters_work_and_stay_sealed(stage: Stage, tmp_path: Path) -> None:
    further = {
        "rpm": "60",
        "temperature": 0.5,
        "extra_headers": {"X-Secret": "hush-hush-header"},
        "cache_read_input_token_cost": "0.0000001",
    }
    prices = {"input_price_per_million": "1", "output_price_per_million": "2"}
    added = await stage.call("POST", "/api/v1/models", MASTER, {**NEW, **prices, "params": further})
    assert added.status_code == 201, added.text
    one = stage.deployments.find(added.json()["id"])
    way = one.ways["/chat/completions"]
    assert way.defaults == {"temperature": 0.5}
    assert b"X-Secret: hush-hush-header" in way.target.head
    assert one.terms.rpm == 60
    assert one.price == Price(input=10**9, output=2 * 10**9, cached_input=10**8)
    cloud = await stage.call("POST", "/api/v1/models", MASTER, {**BEDROCK, "params": SIGNED})
    assert cloud.status_code == 201, cloud.text
    there = stage.deployments.find(cloud.json()["id"]).ways["/chat/completions"].target
    assert b"bedrock-runtime.eu-west-1.amazonaws.com" in there.head
    words = ("hush-hush", "AKIAHOUSE", "bedrock-key-secret")
    shown = (await stage.call("GET", "/api/v1/models", MASTER)).text + added.text + cloud.text
    assert [word for word in words if word in shown] == []
    files = [path.read_bytes() for path in tmp_path.glob("gatewright.db*")]
    assert [word for word in words for content in files if word.encode() in content] == []


async def test_a_price_stays_exact(stage: Stage) -> None:
    for price in ("0.000000001", "999999.999999999", "0", "0.1"):
        body = {**NEW, "input_price_per_million": price, "output_price_per_million": "0"}
        added = (await stage.call("POST", "/api/v1/models", MASTER, body)).json()
        assert added["price"] == {"input_per_million": price, "output_per_million": "0"}


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
