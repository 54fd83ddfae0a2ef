"""One sign-in as a relying party with fastapi-sso's generic provider, wired as in LiteLLM. Run in its environment.

argv: the client's id and secret, the redirect URI, and the discovery document as JSON. Writes a line with the URL for
the browser, reads a line with the URL that the browser came back to, writes a line with what it learned.
"""

import asyncio
import json
import sys
from http.cookies import SimpleCookie
from urllib.parse import urlsplit

from fastapi_sso.sso.generic import create_provider  # type: ignore[import-not-found, unused-ignore]
from starlette.requests import Request


async def main(client_id: str, secret: str, redirect_uri: str, discovery: str) -> None:
    provider = create_provider(name="oidc", discovery_document=json.loads(discovery))
    scope = ["openid", "email", "profile", "litellm_role"]
    sso = provider(client_id, secret, redirect_uri, allow_insecure_http=True, scope=scope)
    async with sso:
        redirect = await sso.get_login_redirect(state="st@te &1")
        print(json.dumps({"url": redirect.headers["location"]}), flush=True)
        request = callback(sys.stdin.readline().strip(), redirect.headers.getlist("set-cookie"))
        userinfo = await sso.verify_and_process(request, convert_response=False)
        found = {"userinfo": userinfo, "access_token": sso.access_token, "id_token": sso.id_token, "state": sso.state}
        print(json.dumps(found), flush=True)


def callback(url: str, set_cookies: list[str]) -> Request:
    """The browser's request to the redirect URI, with the cookies that it was given."""
    parts = urlsplit(url)
    jar = SimpleCookie()
    for line in set_cookies:
        jar.load(line)
    cookies = "; ".join(f"{name}={morsel.coded_value}" for name, morsel in jar.items())
    headers = [(b"host", parts.netloc.encode()), (b"cookie", cookies.encode())]
    scope = {"type": "http", "method": "GET", "scheme": parts.scheme, "server": (parts.hostname, parts.port)}
    return Request({**scope, "path": parts.path, "query_string": parts.query.encode(), "headers": headers})


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
