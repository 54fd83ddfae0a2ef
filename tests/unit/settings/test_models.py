"""An entry of model_list: what each member does, whose key goes where, and what is said of the rest."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.unit.settings.test_load import settings

from gatewright.domain.errors import SettingInvalid
from gatewright.domain.money import Extras, Price, Tier, Usage, cost
from gatewright.settings.costs import COSTS, costs_of, price_of
from gatewright.settings.params import INFO, KNOWN, OPTIONS, PARAMS
from gatewright.settings.schema import ModelEntry, Settings
from gatewright.settings.upstream import find_upstream


def entry_of(found: Settings) -> ModelEntry:
    [entry] = found.models
    return entry


def entry(tmp_path: Path, params: dict[str, Any], info: dict[str, Any] | None = None, **env: str) -> ModelEntry:
    """The one entry of a file with these members; nothing may be said of it."""
    found = look(tmp_path, params, info, **env)
    assert found.warnings == ()
    return entry_of(found)


def look(tmp_path: Path, params: dict[str, Any], info: dict[str, Any] | None = None, **env: str) -> Settings:
    item = {"model_name": "m", "litellm_params": {"model": "openai/m", **params}, "model_info": info}
    return settings(tmp_path, yaml.safe_dump({"model_list": [item]}), **env)


OPENAI, BEDROCK, VERTEX, AZURE = "openai/m", "bedrock/m", "vertex_ai/m", "azure/m"
TYPED: list[tuple[str, str, Any, Any]] = [
    (OPENAI, "weight", "2", 2.0),
    (OPENAI, "weight", 0.5, 0.5),
    (OPENAI, "order", "-1", -1),
    (OPENAI, "rpm", "100", 100),
    (OPENAI, "tpm", 100000, 100000),
    (OPENAI, "tags", ["a", "b"], ("a", "b")),
    (OPENAI, "timeout", "30", 30.0),
    (OPENAI, "stream_timeout", 1, 1.0),
    (OPENAI, "max_retries", 0, 0),
    (OPENAI, "num_retries", "3", 3),
    (OPENAI, "cooldown_time", 0, 0.0),
    (OPENAI, "drop_params", "True", True),
    (OPENAI, "extra_headers", {"X-N": 5, "X-B": True}, {"X-N": "5", "X-B": "true"}),
    (BEDROCK, "aws_region_name", "eu-west-1", "eu-west-1"),
    (BEDROCK, "aws_access_key_id", "AKIA", "AKIA"),
    (BEDROCK, "aws_secret_access_key", "secret", "secret"),
    (BEDROCK, "aws_session_token", "token", "token"),
    (BEDROCK, "aws_role_name", "arn:aws:iam::1:role/r", "arn:aws:iam::1:role/r"),
    (BEDROCK, "aws_session_name", "s", "s"),
    (BEDROCK, "aws_external_id", "e", "e"),
    (BEDROCK, "aws_sts_endpoint", "https://sts.example.com", "https://sts.example.com"),
    (BEDROCK, "model_id", "arn:aws:bedrock:us-east-1:1:x/y", "arn:aws:bedrock:us-east-1:1:x/y"),
    (BEDROCK, "aws_bedrock_runtime_endpoint", "https://b.example.com", "https://b.example.com"),
    (VERTEX, "vertex_project", "p", "p"),
    (VERTEX, "vertex_location", "europe-west4", "europe-west4"),
    (VERTEX, "vertex_credentials", "/path.json", "/path.json"),
    (VERTEX, "vertex_credentials", {"type": "service_account"}, {"type": "service_account"}),
    (AZURE, "api_version", "2024-06-01", "2024-06-01"),
    (AZURE, "azure_ad_token", "t", "t"),
    (AZURE, "tenant_id", "t", "t"),
    (AZURE, "client_id", "c", "c"),
    (AZURE, "client_secret", "s", "s"),
    (BEDROCK, "allowed_file_uris", ["s3://b/", "s3://c/d/"], ("s3://b/", "s3://c/d/")),
    (AZURE, "azure_scope", "https://x/.default", "https://x/.default"),
    (AZURE, "azure_authority_host", "https://login.microsoftonline.us", "https://login.microsoftonline.us"),
]


@pytest.mark.parametrize(("model", "name", "given", "value"), TYPED, ids=[f"{row[1]}-{row[2]!r:.12}" for row in TYPED])
def test_a_member_is_typed(tmp_path: Path, model: str, name: str, given: Any, value: Any) -> None:
    found = entry(tmp_path, {"model": model, "api_base": "https://x.example.com", name: given})
    assert found.params == {name: value}
    assert type(found.params[name]) is type(value)


def test_every_member_is_tested_here() -> None:
    assert {row[1] for row in TYPED} | {"organization", "region_name"} == PARAMS.keys()


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"weight": -1}, "weight"),
    ({"order": "first"}, "order"),
    ({"rpm": 0}, "rpm"),
    ({"tpm": {"a": 1}}, "tpm"),
    ({"tags": {"a": 1}}, "tags"),
    ({"tags": ["a", ""]}, "tags[1]"),
    ({"timeout": 0}, "timeout"),
    ({"stream_timeout": "soon"}, "stream_timeout"),
    ({"max_retries": 1.5}, "max_retries"),
    ({"drop_params": "perhaps"}, "drop_params"),
    ({"extra_headers": ["X"]}, "extra_headers"),
    ({"extra_headers": {"X": {"a": 1}}}, "extra_headers.X"),
    ({"extra_body": {"model": "other"}}, "extra_body.model"),
    ({"api_key": ["a"]}, "api_key"),
    ({"api_base": "https://user:pass@x.example.com"}, "api_base"),
    ({"custom_llm_provider": "opanai"}, "custom_llm_provider"),
    ({"model": "gorq/x"}, "model"),
    ({"model": "watsonx/x", "api_base": "https://x.example.com"}, "model"),
    ({"litellm_credential_name": "none"}, "litellm_credential_name"),
    ({"input_cost_per_token": "free"}, "input_cost_per_token"),
    ({"input_cost_per_token": -1}, "input_cost_per_token"),
    ({"input_cost_per_token": float("nan")}, "input_cost_per_token"),
    ({"output_cost_per_token": float("inf")}, "output_cost_per_token"),
    ({"output_cost_per_token": 5}, "output_cost_per_token"),
]


@pytest.mark.parametrize(("params", "name"), WRONG, ids=[repr(row[0])[:50] for row in WRONG])
def test_a_wrong_member_is_named(tmp_path: Path, params: dict[str, Any], name: str) -> None:
    with pytest.raises(SettingInvalid) as error:
        look(tmp_path, params)
    assert error.value.name == f"model_list[0].litellm_params.{name}"
    assert error.value.source.startswith("config.yaml line ")
    assert "pass@" not in error.value.message


def test_a_date_is_the_text_that_it_stands_for(tmp_path: Path) -> None:
    config = "model_list: [{model_name: m, litellm_params: {model: x, extra_headers: {X-Date: 2024-06-01}}}]"
    assert entry_of(settings(tmp_path, config)).params == {"extra_headers": {"X-Date": "2024-06-01"}}


@pytest.mark.parametrize("name", sorted(OPTIONS))
def test_an_option_of_the_body_is_a_default(tmp_path: Path, name: str) -> None:
    assert entry(tmp_path, {name: {"as": "it is"}}).params == {"defaults": {name: {"as": "it is"}}}


def test_extra_body_is_a_default_as_it_is(tmp_path: Path) -> None:
    assert entry(tmp_path, {"extra_body": {"temprature": 1}, "top_p": 0.5}).params == {
        "defaults": {"temprature": 1, "top_p": 0.5}
    }


def test_an_organization_is_a_header(tmp_path: Path) -> None:
    assert entry(tmp_path, {"organization": "org"}).params == {"extra_headers": {"OpenAI-Organization": "org"}}


def test_a_region_is_that_of_the_provider(tmp_path: Path) -> None:
    found = entry(tmp_path, {"model": "vertex_ai/m", "region_name": "us-east5", "vertex_project": "p"})
    assert found.params == {"vertex_location": "us-east5", "vertex_project": "p"}


def test_limits_may_stand_outside_litellm_params(tmp_path: Path) -> None:
    item = {"model_name": "m", "litellm_params": {"model": "m"}, "rpm": 5, "tpm": 9, "model_info": {"tpm": "7"}}
    found = settings(tmp_path, yaml.safe_dump({"model_list": [item]}))
    assert (entry_of(found).params, found.warnings) == ({"rpm": 5, "tpm": 7}, ())


NAMES: list[tuple[dict[str, Any], tuple[str, str, str | None]]] = [
    ({"model": "gpt-x"}, ("openai", "gpt-x", None)),
    ({"model": "openai/responses/gpt-x"}, ("openai", "gpt-x", "responses")),
    ({"model": "groq/x", "custom_llm_provider": "groq"}, ("groq", "x", None)),
    ({"model": "anthropic/x", "custom_llm_provider": "openrouter"}, ("openrouter", "anthropic/x", None)),
    ({"model": "meta-llama/x", "api_base": "http://10.0.0.1/v1"}, ("openai", "meta-llama/x", None)),
    ({"model": "x", "base_url": "http://10.0.0.1/v1"}, ("openai", "x", None)),
]


@pytest.mark.parametrize(("params", "expected"), NAMES)
def test_whose_a_model_is(tmp_path: Path, params: dict[str, Any], expected: tuple[str, str, str | None]) -> None:
    found = entry(tmp_path, params)
    assert (found.provider, found.upstream_model, found.params.get("mode")) == expected
    base = params.get("api_base") or params.get("base_url")
    assert base is None or found.api_base == base


@pytest.mark.parametrize("member", sorted(COSTS))
@pytest.mark.parametrize("in_info", [False, True])
def test_each_cost_counts(tmp_path: Path, member: str, in_info: bool) -> None:
    costs = {"input_cost_per_token": 1e-6, "output_cost_per_token": "0.000002", member: 3e-6}
    found = entry(tmp_path, {} if in_info else costs, costs if in_info else {})
    expected: dict[str, Any] = {"input": 1_000_000_000, "output": 2_000_000_000, COSTS[member]: 3_000_000_000}
    assert found.price == Price(**expected)


PLAIN = {"input_cost_per_token": 1e-6, "output_cost_per_token": 2e-6, "cache_read_input_token_cost": 1e-7}


@pytest.mark.parametrize("in_info", [False, True])
def test_long_requests_cost_what_their_tier_says(tmp_path: Path, in_info: bool) -> None:
    costs = {
        **PLAIN,
        "input_cost_per_token_above_500_tokens": 3e-6,
        "cache_read_input_token_cost_above_200k_tokens": 4e-7,
        "cache_creation_input_token_cost_above_1hr_above_200k_tokens": "0.000008",
        "output_cost_per_token_above_200k_tokens": 5e-6,
    }
    found = look(tmp_path, {} if in_info else costs, costs if in_info else {})
    price = entry_of(found).price
    middle = Price(input=3 * 10**9, output=2 * 10**9, cached_input=10**8)
    last = Price(input=3 * 10**9, output=5 * 10**9, cached_input=4 * 10**8, cache_write_1h=8 * 10**9)
    assert price == Price(10**9, 2 * 10**9, 10**8, tiers=(Tier(500, middle), Tier(200_000, last)))
    assert found.warnings == ()
    assert [cost(Usage(prompt=count), price) for count in (500, 501, 200_001)] == [500_000, 1_503_000, 600_003_000]
    assert costs_of(price) == pytest.approx(
        {
            **PLAIN,
            "input_cost_per_token_above_500_tokens": 3e-6,
            "output_cost_per_token_above_500_tokens": 2e-6,
            "cache_read_input_token_cost_above_500_tokens": 1e-7,
            "input_cost_per_token_above_200k_tokens": 3e-6,
            "output_cost_per_token_above_200k_tokens": 5e-6,
            "cache_read_input_token_cost_above_200k_tokens": 4e-7,
            "cache_creation_input_token_cost_above_1hr_above_200k_tokens": 8e-6,
        }
    )


UNITS: list[tuple[dict[str, Any], Price]] = [
    ({"output_cost_per_image": 0.04}, Price(0, 0, extras=Extras(by_tokens=False, image=40 * 10**12))),
    ({"input_cost_per_image": 0.04, **PLAIN}, Price(10**9, 2 * 10**9, 10**8, extras=Extras(image=40 * 10**12))),
    (
        {"input_cost_per_second": 0.0001, "output_cost_per_second": 0.0},
        Price(0, 0, extras=Extras(by_tokens=False, hour=36 * 10**13)),
    ),
    # LiteLLM's catalogue says of a rerank that its tokens cost nothing.
    (
        {"input_cost_per_query": 0.002, "input_cost_per_token": 0.0, "output_cost_per_token": 0.0},
        Price(0, 0, extras=Extras(by_tokens=False, query=2 * 10**12)),
    ),
    (
        {**PLAIN, "search_context_cost_per_query": {"search_context_size_medium": 0.01, "search_context_size_low": 0}},
        Price(10**9, 2 * 10**9, 10**8, extras=Extras(search=10**13)),
    ),
    ({**PLAIN, "search_context_cost_per_query": {"other": 1}}, Price(10**9, 2 * 10**9, 10**8)),
    ({"input_cost_per_character": "0.000015"}, Price(0, 0, extras=Extras(by_tokens=False, character=15 * 10**9))),
    ({"input_cost_per_request": 0.005, **PLAIN}, Price(10**9, 2 * 10**9, 10**8, extras=Extras(request=5 * 10**12))),
    (
        {"output_cost_per_image_token": 3e-5, **PLAIN},
        Price(10**9, 2 * 10**9, 10**8, extras=Extras(image_output=3 * 10**10)),
    ),
]


@pytest.mark.parametrize("in_info", [False, True])
@pytest.mark.parametrize(("costs", "price"), UNITS)
def test_what_is_paid_by_the_piece(tmp_path: Path, costs: dict[str, Any], price: Price, in_info: bool) -> None:
    found = entry(tmp_path, {} if in_info else costs, costs if in_info else {})
    assert found.price == price


@pytest.mark.parametrize("costs", [one for one, _ in UNITS if "search_context_cost_per_query" not in one])
def test_a_price_by_the_piece_is_shown_as_it_was_said(costs: dict[str, Any]) -> None:
    price = price_of(costs)
    assert price is not None
    shown = costs_of(price)
    assert {name: shown[name] for name, cost in costs.items() if float(cost)} == pytest.approx(
        {name: float(cost) for name, cost in costs.items() if float(cost)}
    )


@pytest.mark.parametrize("member", ["input_cost_per_character", "output_cost_per_image", "input_cost_per_second"])
def test_a_piece_that_costs_a_fortune_is_a_slip_of_the_pen(tmp_path: Path, member: str) -> None:
    with pytest.raises(SettingInvalid, match=f"{member} .*it is not a cost"):
        look(tmp_path, {member: 101})


def test_the_longer_requests_of_xai_begin_with_the_threshold(tmp_path: Path) -> None:
    price = entry(tmp_path, {"model": "xai/x", **PLAIN, "input_cost_per_token_above_200k_tokens": 3e-6}).price
    assert [cost(Usage(prompt=count), price) for count in (199_999, 200_000)] == [199_999_000, 600_000_000]


@pytest.mark.parametrize("member", ["input_cost_per_token_above_200k_tokens_flex", "input_cost_per_pixel"])
def test_a_cost_that_does_not_count_is_named(tmp_path: Path, member: str) -> None:
    found = look(tmp_path, {**PLAIN, member: 1e-6})
    assert "is LiteLLM's and not supported; it has no effect" in found.warnings[0]


def test_a_tier_that_is_no_cost_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingInvalid, match=r"above_200k_tokens .*it is not a cost"):
        look(tmp_path, {**PLAIN, "input_cost_per_token_above_200k_tokens": -1})


def test_half_a_price_is_doubted(tmp_path: Path) -> None:
    found = look(tmp_path, {"input_cost_per_token": 1e-6})
    assert entry_of(found).price == Price(input=1_000_000_000, output=0)
    assert "without output_cost_per_token its output costs nothing" in found.warnings[0]
    assert look(tmp_path, {"input_cost_per_token": 1e-6}, {"mode": "embedding"}).warnings == ()
    found = look(tmp_path, {"cache_read_input_token_cost": 1e-6})
    assert (entry_of(found).price, len(found.warnings)) == (None, 1)


def test_entries_that_differ_in_their_key_alone_have_ids_of_their_own(tmp_path: Path) -> None:
    items = [{"model_name": "m", "litellm_params": {"model": "m", "api_key": key}} for key in ("a", "b", "c")]
    ids = [one.id for one in settings(tmp_path, yaml.safe_dump({"model_list": items})).models]
    assert len(set(ids)) == 3
    assert ids == [one.id for one in settings(tmp_path, yaml.safe_dump({"model_list": items})).models]
    assert ids[0] == entry(tmp_path, {"api_key": "z", "model": "m"}).id


def test_an_id_that_stands_twice_is_refused(tmp_path: Path) -> None:
    items = [{"model_name": "m", "litellm_params": {"model": "m"}, "model_info": {"id": 7}} for _ in range(2)]
    with pytest.raises(SettingInvalid, match=r"model_list\[1\].model_info.id .*another entry has the id '7'"):
        settings(tmp_path, yaml.safe_dump({"model_list": items}))


def test_a_credential_fills_what_the_entry_does_not_say(tmp_path: Path) -> None:
    content = {
        "credential_list": [
            {"credential_name": "c", "credential_values": {"api_key": "os.environ/K", "api_base": "http://10.0.0.1/v1"}}
        ],
        "model_list": [
            {"model_name": "m", "litellm_params": {"model": "m", "litellm_credential_name": "c", "api_key": "own"}},
            {"model_name": "n", "litellm_params": {"model": "m", "litellm_credential_name": "c"}},
        ],
    }
    found = settings(tmp_path, yaml.safe_dump(content), K="sk-shared")
    assert [(one.api_key, one.api_base) for one in found.models] == [
        ("own", "http://10.0.0.1/v1"),
        ("sk-shared", "http://10.0.0.1/v1"),
    ]
    assert found.warnings == ()


def test_credentials_of_one_name_are_refused(tmp_path: Path) -> None:
    one = {"credential_name": "c", "credential_values": {"api_key": "k"}}
    with pytest.raises(SettingInvalid, match=r"credential_list\[1\].credential_name .*'c' stands twice"):
        settings(tmp_path, yaml.safe_dump({"credential_list": [one, one]}))


@pytest.mark.parametrize("member", ["rpm", "extra_body", "timeout", "drop_params", "api_base", "input_cost_per_token"])
def test_a_variable_in_the_wrong_place_is_not_shown(tmp_path: Path, member: str) -> None:
    with pytest.raises(SettingInvalid) as error:
        look(tmp_path, {member: "os.environ/KEY"}, KEY="sk-secret-of-mine")
    assert "sk-secret" not in f"{error.value.message} {error.value.hint}"


USUAL: list[tuple[str, str]] = [
    ("openai", "OPENAI_API_KEY"),
    ("cerebras", "CEREBRAS_API_KEY"),
    ("cohere", "COHERE_API_KEY"),
    ("cohere", "CO_API_KEY"),
    ("deepinfra", "DEEPINFRA_API_KEY"),
    ("deepseek", "DEEPSEEK_API_KEY"),
    ("fireworks_ai", "FIREWORKS_API_KEY"),
    ("fireworks_ai", "FIREWORKS_AI_API_KEY"),
    ("gemini", "GEMINI_API_KEY"),
    ("gemini", "GOOGLE_API_KEY"),
    ("groq", "GROQ_API_KEY"),
    ("huggingface", "HUGGINGFACE_API_KEY"),
    ("jina_ai", "JINA_AI_API_KEY"),
    ("mistral", "MISTRAL_API_KEY"),
    ("moonshot", "MOONSHOT_API_KEY"),
    ("nvidia_nim", "NVIDIA_NIM_API_KEY"),
    ("openrouter", "OPENROUTER_API_KEY"),
    ("perplexity", "PERPLEXITYAI_API_KEY"),
    ("perplexity", "PERPLEXITY_API_KEY"),
    ("sambanova", "SAMBANOVA_API_KEY"),
    ("together_ai", "TOGETHERAI_API_KEY"),
    ("together_ai", "TOGETHER_API_KEY"),
    ("voyage", "VOYAGE_API_KEY"),
    ("xai", "XAI_API_KEY"),
    ("zai", "ZAI_API_KEY"),
    ("ollama", "OLLAMA_API_KEY"),
    ("ollama_chat", "OLLAMA_API_KEY"),
]


@pytest.mark.parametrize(("provider", "name"), USUAL)
def test_a_provider_has_its_usual_variable(tmp_path: Path, provider: str, name: str) -> None:
    params = {"model": f"{provider}/m"}
    found = entry(tmp_path, params, None, **{name: "sk-usual"})
    assert (found.api_key, found.credential) == ("sk-usual", name)
    assert entry(tmp_path, {**params, "api_key": "own"}, None, **{name: "sk-usual"}).api_key == "own"


BASES = [
    ("openai", "OPENAI_BASE_URL", "https://proxy.example.com/v1"),
    ("openai", "OPENAI_API_BASE", "https://proxy.example.com/v1"),
    ("groq", "GROQ_API_BASE", "https://proxy.example.com/v1"),
    ("ollama", "OLLAMA_API_BASE", "http://gpu:11434/v1"),
    ("hosted_vllm", "HOSTED_VLLM_API_BASE", "http://gpu:8000/v1"),
    ("lm_studio", "LM_STUDIO_API_BASE", "http://gpu:1234/v1"),
]


@pytest.mark.parametrize(("provider", "name", "base"), BASES)
def test_an_address_may_come_from_a_variable(tmp_path: Path, provider: str, name: str, base: str) -> None:
    given = base.removesuffix("/v1") if provider == "ollama" else base
    assert entry(tmp_path, {"model": f"{provider}/m"}, None, **{name: given}).api_base == base
    own = entry(tmp_path, {"model": f"{provider}/m", "api_base": "http://10.9.9.9/v1"}, None, **{name: given})
    assert own.api_base == "http://10.9.9.9/v1"


OWNERS = [
    ("openai", "https://eu.api.openai.com/v1", True),
    ("openai", "https://api.openai.com/v1", True),
    ("openai", "http://api.openai.com/v1", False),
    ("openai", "https://api.openai.com.example.com/v1", False),
    ("openai", "https://notopenai.com/v1", False),
    ("openai", "http://10.0.0.1:8000/v1", False),
    ("groq", "https://groq.example.com/v1", False),
    ("ollama", "http://gpu:11434", True),
    ("hosted_vllm", "http://gpu:8000/v1", True),
]


@pytest.mark.parametrize(("provider", "base", "sent"), OWNERS)
def test_the_usual_key_goes_to_its_owner_alone(tmp_path: Path, provider: str, base: str, sent: bool) -> None:
    name = f"{provider.upper()}_API_KEY"
    found = look(tmp_path, {"model": f"{provider}/m", "api_base": base}, None, **{name: "sk-usual"})
    assert entry_of(found).api_key == ("sk-usual" if sent else None)
    assert entry_of(found).credential == (name if sent else None)
    assert bool(found.warnings) is not sent
    assert sent or f"has no credential, and {name} is not used at another address" in found.warnings[0]


def test_a_key_that_the_entry_names_goes_where_the_entry_says(tmp_path: Path) -> None:
    params = {"api_base": "http://10.0.0.1/v1", "api_key": "os.environ/OPENAI_API_KEY"}
    assert entry(tmp_path, params, OPENAI_API_KEY="k").api_key == "k"


CLOUD = {
    "AWS_ACCESS_KEY_ID": "id",
    "AWS_SECRET_ACCESS_KEY": "sk",
    "AWS_SESSION_TOKEN": "st",
    "AWS_REGION": "r2",
    "AWS_REGION_NAME": "r1",
}


KEYS = {"aws_access_key_id", "aws_secret_access_key", "aws_session_token", "aws_role_name", "azure_ad_token"}
KEYS |= {"client_id", "client_secret", "tenant_id", "vertex_credentials"}
SIGN_INS: list[tuple[str, dict[str, Any], dict[str, str], dict[str, str], str | None]] = [
    (
        *("bedrock", {}, CLOUD),
        {"aws_access_key_id": "id", "aws_secret_access_key": "sk", "aws_session_token": "st"},
        "AWS_ACCESS_KEY_ID",
    ),
    ("bedrock", {"aws_access_key_id": "own"}, CLOUD, {"aws_access_key_id": "own"}, "aws_access_key_id"),
    ("bedrock", {"api_key": "own"}, CLOUD, {"api_key": "own"}, "api_key"),
    ("bedrock", {}, {**CLOUD, "AWS_BEARER_TOKEN_BEDROCK": "bt"}, {"api_key": "bt"}, "AWS_BEARER_TOKEN_BEDROCK"),
    (
        *("bedrock", {"aws_role_name": "r"}, CLOUD),
        {"aws_role_name": "r", "aws_access_key_id": "id", "aws_secret_access_key": "sk", "aws_session_token": "st"},
        "AWS_ACCESS_KEY_ID",
    ),
    ("azure", {}, {"AZURE_API_KEY": "k", "AZURE_CLIENT_SECRET": "s"}, {"api_key": "k"}, "AZURE_API_KEY"),
    (
        *("azure", {}, {"AZURE_CLIENT_SECRET": "s", "AZURE_CLIENT_ID": "c", "AZURE_TENANT_ID": "t"}),
        {"client_secret": "s", "client_id": "c", "tenant_id": "t"},
        "AZURE_CLIENT_SECRET",
    ),
    ("azure", {"azure_ad_token": "own"}, {"AZURE_API_KEY": "k"}, {"azure_ad_token": "own"}, "azure_ad_token"),
    (
        *("vertex_ai", {"api_base": None}, {"GOOGLE_APPLICATION_CREDENTIALS": "/f.json"}),
        {"vertex_credentials": "/f.json"},
        "GOOGLE_APPLICATION_CREDENTIALS",
    ),
]


@pytest.mark.parametrize(("provider", "params", "env", "expected", "name"), SIGN_INS)
def test_halves_of_two_sign_ins_never_mix(
    provider: str, params: dict[str, Any], env: dict[str, str], expected: dict[str, str], name: str | None
) -> None:
    given = {"model": f"{provider}/m", "api_base": "https://x.example.com", **params}
    found = find_upstream(given, env.get)
    read = {member: value for member, value in found.params.items() if member in {*KEYS, "api_key"}}
    assert (read, found.credential) == (expected, name)
    assert found.api_key == expected.get("api_key")


def test_a_region_and_a_project_come_from_variables() -> None:
    assert find_upstream({"model": "bedrock/m"}, CLOUD.get).params["aws_region_name"] == "r1"
    assert find_upstream({"model": "bedrock/m", "aws_region_name": "own"}, CLOUD.get).params["aws_region_name"] == "own"
    variables = {
        "VERTEXAI_PROJECT": "p",
        "VERTEX_LOCATION": "l",
        "AZURE_API_VERSION": "v",
        "AZURE_API_BASE": "https://a",
    }
    found = find_upstream({"model": "vertex_ai/m"}, variables.get).params
    assert (found["vertex_project"], found["vertex_location"]) == ("p", "l")
    azure = find_upstream({"model": "azure/m"}, variables.get)
    assert (azure.params["api_version"], azure.api_base) == ("v", "https://a")


def test_what_a_model_is_known_by_is_read_by_somebody() -> None:
    assert PARAMS.keys() | OPTIONS | COSTS.keys() < KNOWN
    assert {"id", "mode", "base_model"} < INFO
