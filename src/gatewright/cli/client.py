"""The command line's only HTTP: calls to one server's origin, nowhere else.

Redirects are not followed: the credential belongs to the origin that issued it.
"""

import json
from collections.abc import Mapping
from http import HTTPStatus
from types import TracebackType
from typing import Any, NamedTuple, Self

# Imported by the commands that call a server; `version`, `token` and the help never come here.
import httpx2

from gatewright import __version__
from gatewright.cli import output
from gatewright.cli.address import is_exposed, is_loopback
from gatewright.cli.errors import CommandError, Unreachable
from gatewright.cli.profile import Key

TIMEOUT_SECONDS = 30.0


class Answer(NamedTuple):
    """What a server answered. Header names are lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300

    @property
    def phrase(self) -> str:
        """`404 Not Found`, or the bare number of a status that is not registered."""
        try:
            return f"{self.status} {HTTPStatus(self.status).phrase}"
        except ValueError:
            return str(self.status)

    def any_json(self) -> Any:
        """The body as JSON; None when it is not."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None

    def json_object(self) -> dict[str, Any]:
        """The body as a JSON object. Raises CommandError when it is anything else."""
        value = self.any_json()
        if isinstance(value, dict):
            return value
        raise CommandError(
            "The server's answer is not what a gateway answers.", hint="Check that the URL is the gateway's own."
        )


class Client:
    """A connection to one server, with or without a credential. Use it as a context manager.

    A credential that crosses a network in clear text is sent, with a warning: plain http inside a company is common
    where people come from LiteLLM.
    """

    def __init__(self, server: str, key: Key | None = None) -> None:
        self.server = server
        headers = {"user-agent": f"gatewright-cli/{__version__}", "accept": "application/json"}
        if is_exposed(server):
            output.warning(f"{server} is plain http: the credential can be read on the way. Use https.")
        # A proxy of the environment is for other machines; it must not see what goes to this one.
        self._http = httpx2.Client(
            headers=headers, timeout=TIMEOUT_SECONDS, follow_redirects=False, trust_env=not is_loopback(server)
        )
        if key:
            self.authorize(key)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._http.close()

    def authorize(self, key: Key) -> None:
        """Send this credential from now on. Raises CommandError when it cannot be a header's value."""
        self._http.headers["authorization"] = f"Bearer {_header_value(key)}"

    def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        body: Any = None,
        seconds: float = TIMEOUT_SECONDS,
    ) -> Answer:
        """One call; any status is an answer. Raises Unreachable without one, CommandError for a redirect.

        `body` is sent as JSON. `seconds` is how long the server may be silent.
        """
        url = f"{self.server}{path}"
        try:
            response = self._http.request(method, url, params=params, headers=headers, json=body, timeout=seconds)
        except httpx2.TimeoutException as cause:
            raise Unreachable(f"{self.server} did not answer within {seconds:.0f} seconds.") from cause
        except (httpx2.RequestError, httpx2.InvalidURL) as cause:
            reason = _reason(cause)
            raise Unreachable(f"Cannot reach {self.server}: {reason}.", hint=_unreachable_hint(reason)) from cause
        answer = Answer(response.status_code, {k.lower(): v for k, v in response.headers.items()}, response.content)
        if 300 <= answer.status < 400:
            raise self._redirected(answer)
        return answer

    def _redirected(self, answer: Answer) -> CommandError:
        place = answer.headers.get("location", "")
        origin = "/".join(place.split("/")[:3]) if "://" in place else ""
        hint = f"If that is your gateway, use it: --url {origin}" if origin and origin != self.server else None
        return CommandError(
            f"{self.server} answered {answer.phrase} to {place or 'nowhere'}; redirects are not followed.", hint=hint
        )


def _header_value(key: Key) -> str:
    value = key.value.strip()
    if not value.isascii() or not value.isprintable() or " " in value:
        raise CommandError(f"The key from {key.source} is not one: it holds spaces or other than ASCII characters.")
    return value


def _unreachable_hint(reason: str) -> str:
    if "WRONG_VERSION_NUMBER" in reason:
        return "That port does not speak https. If the gateway is on this machine, use http:// in its URL."
    if "CERTIFICATE_VERIFY_FAILED" in reason:
        return "Its certificate is not trusted here. SSL_CERT_FILE names a file with your own authority's certificate."
    return "Is the gateway running there? `gatewright serve` starts one; `--url` names another."


def _reason(cause: Exception) -> str:
    """The innermost error's words: `Connection refused`, `certificate verify failed: …`."""
    inner: BaseException = cause
    while (below := inner.__cause__ or inner.__context__) is not None:
        inner = below
    text = getattr(inner, "strerror", None) or str(cause) or type(cause).__name__
    return str(text).rstrip(".")
