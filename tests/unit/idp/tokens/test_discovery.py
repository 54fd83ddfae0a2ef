"""The discovery document names every grant and endpoint that there is, and nothing else (RFC 8414)."""

from urllib.parse import urlsplit

import pytest

from .acts import BASE, MOUNT, SECRET, Acts

pytestmark = pytest.mark.anyio
DOCUMENT = f"{MOUNT}/app/.well-known/openid-configuration"


async def test_what_it_names_answers(acts: Acts) -> None:
    async with acts.stand.browser() as http:
        document = (await http.get(DOCUMENT)).json()
        for name in ("introspection", "revocation", "device_authorization", "pushed_authorization_request"):
            address = document[f"{name}_endpoint"]
            assert address.startswith(f"{BASE}{MOUNT}/")
            answer = await http.post(urlsplit(address).path, data={"token": "x"}, auth=("app", "wrong" * 5))
            assert answer.json()["error"] == "invalid_client", name


async def test_its_grant_types_are_the_clients(acts: Acts) -> None:
    async with acts.stand.browser() as http:
        document = (await http.get(DOCUMENT)).json()
        assert document["grant_types_supported"] == [
            "authorization_code",
            "refresh_token",
            "client_credentials",
            "urn:ietf:params:oauth:grant-type:device_code",
        ]
        await acts.change("app", grant_types=["authorization_code"])
        assert (await http.get(DOCUMENT)).json()["grant_types_supported"] == ["authorization_code"]


async def test_ways_of_proof(acts: Acts) -> None:
    async with acts.stand.browser() as http:
        document = (await http.get(DOCUMENT)).json()
    methods = document["token_endpoint_auth_methods_supported"]
    assert {"client_secret_basic", "client_secret_post", "private_key_jwt", "none"} == set(methods)
    assert "none" not in document["introspection_endpoint_auth_methods_supported"]
    algorithms = document["token_endpoint_auth_signing_alg_values_supported"]
    assert "ES256" in algorithms
    assert not [name for name in algorithms if name == "none" or name.startswith("HS")]
    assert SECRET not in str(document)
