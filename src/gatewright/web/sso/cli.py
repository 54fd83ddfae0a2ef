"""The command line's sign-in over HTTP, exactly as LiteLLM's clients speak it (contract litellm 2.2)."""

from typing import Any

from starlette.responses import HTMLResponse, JSONResponse, Response

from gatewright.sso.cli_login import CliLogins, CodePrompt, Collected, WrongCode
from gatewright.web.call import Call
from gatewright.web.cookies import LOGIN, Cookies
from gatewright.web.render import Pages
from gatewright.web.routing import Access, Dialect, Route

POLL_SECRET = "x-litellm-cli-poll-secret"
HEADERS = {"cache-control": "no-store"}


class CliPages:
    """Start and poll for the terminal, the code's form for the browser."""

    def __init__(self, logins: CliLogins, cookies: Cookies, pages: Pages) -> None:
        self._logins = logins
        self._cookies = cookies
        self._pages = pages

    def routes(self) -> list[Route]:
        return [
            Route("/sso/cli/start", ("POST",), self.start, Access.PUBLIC, Dialect.DETAIL),
            Route("/sso/cli/poll/{login_id}", ("GET",), self.poll, Access.PUBLIC, Dialect.DETAIL),
            Route("/sso/cli/complete/{login_id}", ("POST",), self.complete, Access.PUBLIC, Dialect.PAGE),
        ]

    async def start(self, call: Call) -> Response:
        started = await self._logins.start(call.origin)
        return JSONResponse(
            {
                "login_id": started.login_id,
                "poll_secret": started.poll_secret,
                "user_code": started.user_code,
                "expires_in": started.expires_in,
            },
            headers=HEADERS,
        )

    async def poll(self, call: Call) -> Response:
        secret = call.request.headers.get(POLL_SECRET)
        collected = await self._logins.poll(call.path("login_id"), secret, call.query("team_id"), call.origin)
        return JSONResponse({"status": "pending"} if collected is None else _ready(collected), headers=HEADERS)

    async def complete(self, call: Call) -> Response:
        fields = await self._pages.form(call)
        try:
            await self._logins.complete(
                call.path("login_id"),
                fields.get("user_code", ""),
                fields.get("browser_complete_token", ""),
                self._cookies.read(call.request, LOGIN) or "",
                call.origin,
            )
        except WrongCode as error:
            tries = "one more try" if error.left == 1 else f"{error.left} more tries"
            return code_page(self._pages, call, error.prompt, problem=f"{error.message}. You have {tries}.", status=400)
        return self._pages.page(call, "sso/cli_done.html")


def _ready(collected: Collected) -> dict[str, Any]:
    """The finished login, or the teams to choose from: whoever chose polls again with `?team_id=`."""
    details = [
        {"team_id": team.team_id, "team_alias": team.alias, "team_models": team.models, "team_model_aliases": None}
        for team in collected.teams
    ]
    teams: dict[str, Any] = {"teams": [team.team_id for team in collected.teams], "team_details": details}
    if collected.attribution:
        teams["attribution_metadata"] = collected.attribution
    if collected.key is None:
        return {"status": "ready", "user_id": collected.user_id, **teams, "requires_team_selection": True}
    return {
        "status": "ready",
        "key": collected.key,
        "user_id": collected.user_id,
        "team_id": collected.team_id,
        **teams,
    }


def code_page(
    pages: Pages, call: Call, prompt: CodePrompt, *, problem: str | None = None, status: int = 200
) -> HTMLResponse:
    """The form that asks for the code in the terminal."""
    return pages.page(call, "sso/cli_code.html", status=status, prompt=prompt, age=_ago(prompt.age_s), problem=problem)


def _ago(seconds: int) -> str:
    if seconds < 60:
        return "less than a minute ago"
    minutes = seconds // 60
    return "a minute ago" if minutes == 1 else f"{minutes} minutes ago"
