"""Which provider people sign in through, from the settings."""

import pytest
from tests.unit.sso.stage import generic

from gatewright.settings.load import load
from gatewright.sso.sources import fixed_sources

pytestmark = pytest.mark.anyio


async def secret() -> str:
    return "embedded-secret"


async def test_without_variables_the_embedded_provider_is_the_source() -> None:
    (source,) = fixed_sources(load({}, {"PROXY_BASE_URL": "https://llm.example"}), secret)
    assert (source.provider.issuer, source.provider.client_id) == (
        "https://llm.example/application/o/litellm/",
        "litellm",
    )
    assert source.provider.scope == "openid profile email litellm_role"
    assert source.provider.claims.role == "litellm_role"
    assert source.is_embedded
    assert source.provider.roles.is_configured
    assert source.provider.use_pkce
    assert await source.secret() == "embedded-secret"
    assert source.identity_source(source.provider.issuer) == "embedded"


async def test_the_seeds_variables_make_an_outside_source() -> None:
    (source,) = fixed_sources(load({}, generic("https://auth.example")), secret)
    assert not source.is_embedded
    assert (source.label, source.provider.issuer) == ("auth.example", None)
    assert source.provider.roles.is_configured
    assert source.identity_source("https://auth.example/o/x/") == "https://auth.example/o/x/"
    assert source.identity_source(None) == "token-endpoint:https://auth.example"
    assert "s3cret" not in repr(source)
    assert "s3cret" in await source.secret()


@pytest.mark.parametrize(("environ", "configured"), [({}, False), ({"GENERIC_USER_ROLE_ATTRIBUTE": "role"}, True)])
def test_a_role_source_is_configured_when_the_variable_is_set(environ: dict[str, str], configured: bool) -> None:
    base = {k: v for k, v in generic("https://a.example").items() if k != "GENERIC_USER_ROLE_ATTRIBUTE"}
    (found,) = load({}, {**base, **environ}).providers
    assert (found.claims.role, found.roles.is_configured) == ("role", configured)
