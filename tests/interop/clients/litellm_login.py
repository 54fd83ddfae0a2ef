"""One sign-in with the relying party of LiteLLM Proxy itself: its own two functions. Run in LiteLLM's environment.

The environment has LiteLLM's GENERIC_* variables; argv the redirect URI. Writes a line with the URL for the browser,
reads a line with the URL that the browser came back to, writes a line with what LiteLLM made of it.
"""

import asyncio
import json
import os
import sys

from clients.fastapi_sso_login import callback  # type: ignore[import-not-found, unused-ignore]
from litellm.proxy._types import LiteLLM_JWTAuth  # type: ignore[import-not-found, unused-ignore]
from litellm.proxy.auth.handle_jwt import JWTHandler  # type: ignore[import-not-found, unused-ignore]
from litellm.proxy.management_endpoints.ui_sso import (  # type: ignore[import-not-found, unused-ignore]
    SSOAuthenticationHandler,
    get_generic_sso_response,
)
from litellm.proxy.proxy_server import user_api_key_cache  # type: ignore[import-not-found, unused-ignore]


async def main(redirect_uri: str) -> None:
    client_id = os.environ["GENERIC_CLIENT_ID"]
    redirect = await SSOAuthenticationHandler.get_sso_login_redirect(redirect_uri, generic_client_id=client_id)
    print(json.dumps({"url": redirect.headers["location"]}), flush=True)
    request = callback(sys.stdin.readline().strip(), redirect.headers.getlist("set-cookie"))
    # As the proxy's start does it.
    handler = JWTHandler()
    handler.update_environment(None, user_api_key_cache, LiteLLM_JWTAuth())
    person, claims, token_claims, _ = await get_generic_sso_response(request, handler, None, client_id, redirect_uri)
    found = {"person": person.model_dump(mode="json"), "claims": claims, "token_claims": token_claims}
    print(json.dumps(found), flush=True)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
