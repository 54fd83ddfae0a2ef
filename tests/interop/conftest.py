"""One gateway with two workers and one model provider for every client."""

from collections.abc import Iterator

import pytest
from tests.interop.person import Person
from tests.servers import Gatewright, Upstream, gatewright

NAME, PASSWORD = "ada@example.com", "correct horse battery"
CLIENT_SECRET = "an-oidc-secret-for-interop-7f3a91c2"


@pytest.fixture(scope="session")
def provider() -> Iterator[Upstream]:
    found = Upstream()
    yield found
    found.close()


@pytest.fixture(scope="session")
def server(provider: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gatewright]:
    """A gateway with an administrator, a model, and the client secret that another relying party uses too."""
    folder = tmp_path_factory.mktemp("interop")
    config = folder / "config.yaml"
    config.write_text(f"""
model_list:
  - model_name: house
    litellm_params: {{model: openai/real-model, api_base: "{provider.base}", api_key: sk-upstream}}
    model_info: {{input_cost_per_token: 0.000001, output_cost_per_token: 0.000002}}
  - model_name: other
    litellm_params: {{model: openai/other-model, api_base: "{provider.base}", api_key: sk-upstream}}
""")
    with gatewright(
        folder / "data",
        config=config,
        GATEWRIGHT_ADMIN_EMAIL=NAME,
        GATEWRIGHT_ADMIN_PASSWORD=PASSWORD,
        LITELLM_OIDC_SECRET=CLIENT_SECRET,
    ) as found:
        yield found


@pytest.fixture
def upstream(provider: Upstream) -> Upstream:
    """The model provider as a test finds it: it has seen nothing and answers as usual."""
    provider.forget()
    return provider


@pytest.fixture
def person(server: Gatewright) -> Iterator[Person]:
    """The administrator at a fresh browser."""
    with Person(NAME, PASSWORD) as found:
        yield found
