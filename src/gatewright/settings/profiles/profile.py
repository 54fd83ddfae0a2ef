"""What is known of an identity provider before anybody signs in through it: its file, read when it is asked for."""

import functools
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path

import msgspec

from gatewright.settings.sign_in import ClaimNames, ClientAuth

FOLDER = Path(__file__).parent
GENERIC = "generic"
NAMES = ("google", "microsoft", "okta", "keycloak", "authentik", "auth0", "github", GENERIC)
"""In the order in which people see them."""

FIELD = re.compile(r"\{(\w+)\}")
ANYBODY = "*"
"""Says of a restriction that it is meant to be none."""


class Profile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    r"""A provider's file.

    `issuer` is its pattern (`https://{domain}/realms/{realm}`), None without OpenID Connect; `known_by` a regular
    expression that finds the provider by an issuer or an endpoint. `claims`, `scope` and the rest are what a new
    provider of this kind starts with; `decides_roles`: its role claim counts without being named; `fields` are the
    options that it takes, with what they mean. `again` is the `prompt` of a sign-in after a sign-out. `end_session` is
    the end-session endpoint below the issuer where discovery may not name it. `group_prefix` begins names of groups
    that are meant without it too. `steps` tell an administrator what to do there; `fixes` are one sentence by error
    code. Both know `{redirect_uri}`, `{issuer}` and `{client_id}`.
    """

    label: str
    icon: str
    steps: tuple[str, ...]
    issuer: str | None = None
    known_by: str | None = None
    scope: str = "openid profile email"
    client_auth: ClientAuth = "basic"
    claims: ClaimNames = ClaimNames()
    decides_roles: bool = False
    token_claims: bool = False
    again: str = "login"
    end_session: str | None = None
    group_prefix: str | None = None
    fields: Mapping[str, str] = {}
    fixes: Mapping[str, str] = {}

    def issuer_of(self, options: Mapping[str, str]) -> str | None:
        """The issuer with its fields filled in, None while one is missing."""
        if self.issuer is None or any(not options.get(name) for name in FIELD.findall(self.issuer)):
            return None
        return FIELD.sub(lambda found: options[found[1]], self.issuer)

    def steps_for(self, **known: str) -> tuple[str, ...]:
        """The steps with `redirect_uri`, `issuer` and `client_id` filled in; what is not known stays in braces."""
        return tuple(_filled(step, known) for step in self.steps)

    def fix(self, code: str, **known: str) -> str | None:
        """What mends an error of that code at this provider, in one sentence; None where nothing special helps."""
        text = self.fixes.get(code) or find(GENERIC).fixes.get(code)
        return None if text is None else _filled(text, known)


@functools.cache
def find(name: str) -> Profile:
    """The profile of that name. Raises KeyError."""
    if name not in NAMES:
        raise KeyError(name)
    return msgspec.convert(tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8")), Profile)


def guess(*addresses: str | None) -> str:
    """The name of the profile that an issuer or an endpoint tells, `generic` when none does."""
    for address in filter(None, addresses):
        for name in NAMES:
            pattern = find(name).known_by
            if pattern is not None and re.search(pattern, address):
                return name
    return GENERIC


def _filled(text: str, known: Mapping[str, str]) -> str:
    return FIELD.sub(lambda found: known.get(found[1]) or found[0], text)
