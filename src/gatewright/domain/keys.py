"""Virtual keys and who is behind a request: pure values and rules."""

import hashlib
import secrets
from collections.abc import Collection

import msgspec

from gatewright.domain.clock import Millis
from gatewright.domain.identity import Role
from gatewright.domain.limits import Holder
from gatewright.domain.model_names import covers, spellings

# A member of an enumeration costs ten times as much to look up as a name: this is asked for each model request.
SEEING_EVERYTHING = (Role.PROXY_ADMIN, Role.PROXY_ADMIN_VIEWER)
ALL_MODELS = frozenset({"all-proxy-models", "all-team-models"})


def new_key() -> str:
    """A fresh virtual key, `sk-` and 22 URL-safe characters (contract litellm 3.4)."""
    return "sk-" + secrets.token_urlsafe(16)


def key_hash(secret: str) -> str:
    """How a key is stored: its SHA-256 in hex, as LiteLLM stores it, so that imported keys keep working."""
    return hashlib.sha256(secret.encode()).hexdigest()


def key_name(secret: str) -> str:
    """What may be shown of a key: `sk-...` and its last four characters."""
    return f"sk-...{secret[-4:]}"


class Principal(msgspec.Struct, frozen=True):
    """Who is calling. Built once by the edge's authentication; everything below takes it as it is.

    `kind` is `session` (browser), `key` (virtual key), `cli` (the command line's or an agent's credential), `token` (an
    API token of the directory), `jwt` (a signed token of an outside issuer) or `master`.
    `models` empty means every model; a `*` in one stands for anything. `credential_id` is the id of the session or key
    row, 0 for the master key. `team_models` are those of the key's team, empty for every model. `holders` are those of
    key, user and team that have limits. A path must be in each list of `routes`, where there is one. `teams` is this
    caller under each of the teams that their token names.
    """

    kind: str
    role: Role
    user_pk: int | None
    user_id: str
    credential_id: int
    models: frozenset[str] = frozenset()
    expires_at: Millis | None = None
    email: str | None = None
    key_alias: str | None = None
    team_id: str | None = None
    team_models: frozenset[str] = frozenset()
    holders: tuple[Holder, ...] = ()
    routes: tuple[tuple[str, ...], ...] = ()
    teams: tuple["Principal", ...] = ()

    @property
    def is_admin(self) -> bool:
        return self.role is Role.PROXY_ADMIN

    @property
    def sees_everything(self) -> bool:
        """Admins and viewers read everything; the rest read what is theirs."""
        return self.role in SEEING_EVERYTHING

    def has_limits_on(self, models: Collection[str]) -> bool:
        """Whether a limit of this caller is on the model of these names alone."""
        return any(
            not set(spellings(limited)).isdisjoint(models)
            for holder in self.holders
            for limited in holder.limits.models
        )

    def may_use(self, model: str) -> bool:
        """Whether this caller may use the model of that public name."""
        models, of_team = self.models, self.team_models
        return (not models or model in models or _allows(models, model)) and (not of_team or _allows(of_team, model))


def _allows(models: frozenset[str], model: str) -> bool:
    return not models or model in models or bool(models & ALL_MODELS) or covers(models, model)
