"""Authentik's names for what happens here (contract 4), and which of our events each of them stands for."""

from collections.abc import Sequence

from gatewright.storage.directory.events import OK, Kinds

ACTIONS = {
    "model.created": "model_created",
    "model.updated": "model_updated",
    "model.deleted": "model_deleted",
    "user.create": "user_write",
    "user.role": "user_write",
    "user.link": "user_write",
    "user.limits": "user_write",
    "user.password": "password_set",
    "user.recovery": "password_set",
    "email.send": "email_sent",
    "secret.view": "secret_view",
    "secret.rotate": "secret_rotate",
    "invitation.use": "invitation_used",
    "idp.login": "login",
    "login.sso": "login",
    "login.cli": "login",
    "login.break_glass": "login",
    "idp.logout": "logout",
    "logout": "logout",
    "idp.authorize": "authorize_application",
    "idp.consent": "authorize_application",
    "idp.mapping": "property_mapping_exception",
}
LOGIN, LOGIN_FAILED, EXCEPTION = "login", "login_failed", "property_mapping_exception"
REFUSED, OTHER = "suspicious_request", "custom_"
THEIRS = tuple(sorted({*ACTIONS.values(), LOGIN_FAILED, REFUSED, OTHER}))
# What has a name of its own when it is refused.
NAMED_WHEN_REFUSED = tuple(ours for ours, theirs in ACTIONS.items() if theirs in (LOGIN, EXCEPTION))


def theirs(action: str, outcome: str) -> str:
    """Authentik's name for an event of ours."""
    name = ACTIONS.get(action, OTHER)
    if outcome == OK or name == EXCEPTION:
        return name
    return LOGIN_FAILED if name == LOGIN else REFUSED


def kinds_of(names: Sequence[str], known: Sequence[str]) -> list[Kinds]:
    """What the names, Authentik's or ours, stand for. `known` are our actions that there are events of."""
    return [_kinds(name, known) for name in names]


def starting_with(prefix: str, known: Sequence[str]) -> Kinds:
    """Our actions that begin like this."""
    return Kinds(tuple(name for name in known if name.startswith(prefix)))


def _kinds(name: str, known: Sequence[str]) -> Kinds:
    if name == REFUSED:
        return Kinds(but=NAMED_WHEN_REFUSED, refused=True)
    if name == OTHER:
        return Kinds(tuple(one for one in known if one not in ACTIONS), refused=False)
    wanted = LOGIN if name == LOGIN_FAILED else name
    ours = tuple(one for one, theirs in ACTIONS.items() if theirs == wanted)
    if not ours:
        return Kinds((name,))
    return Kinds(ours, refused=None if name == EXCEPTION else name == LOGIN_FAILED)
