"""Request fields of LiteLLM: those that work here, and a refusal by name for every other one.

A field that is ignored would be a limit that the caller believes in and that does not hold.
"""

from typing import Any, TypeVar

import msgspec

from gatewright.domain.errors import BadInput, Forbidden
from gatewright.domain.keys import Principal
from gatewright.web.api.wire import read, shaped
from gatewright.web.call import Call

T = TypeVar("T")

_BUDGET = "Budgets are not supported yet: limit the key by models and duration instead."
_ORGANIZATION = "There are no organizations or projects here: use team_id or user_id."
_LATER = "Leave it out, or make a new key with `POST /key/generate`."
HINTS = {
    "max_budget": _BUDGET,
    "soft_budget": _BUDGET,
    "budget_duration": _BUDGET,
    "budget_limits": _BUDGET,
    "budget_id": _BUDGET,
    "model_max_budget": _BUDGET,
    "spend": "A key's spend is counted from its requests and cannot be set: leave it out.",
    "model_rpm_limit": "A user's limits are not by model: limit the keys, or the team.",
    "model_tpm_limit": "A user's limits are not by model: limit the keys, or the team.",
    "tpd_limit": "Limits are by the minute: use tpm_limit.",
    "teams": "Put people in a team with `POST /team/member_add`; a key is given a team_id.",
    "members_with_roles": "Put people in a team with `POST /team/member_add`.",
    "max_budget_in_team": _BUDGET,
    "allowed_models": "A member may use the team's models.",
    "organization_id": _ORGANIZATION,
    "project_id": _ORGANIZATION,
    "aliases": "Give the model that name with `POST /api/v1/models` instead.",
    "tags": "Put it into metadata.",
    "blocked": "Revoke a key with `POST /key/delete`.",
    "key_type": _LATER,
    "allowed_routes": _LATER,
    "user_email": "People are found by user_id alone; an e-mail address comes from the sign-in provider.",
    "password": "Passwords are set at the sign-in provider.",
}


async def asked(call: Call, shape: type[T], *, nulls: bool = False) -> T:
    """The JSON body as that Struct; a field that is null counts as not sent, as in LiteLLM, unless `nulls` mean
    something.

    Raises BadInput naming the field, also for one that does not work here, with what to do instead.
    """
    raw = await read(call, dict[str, Any])
    known = {field.encode_name for field in msgspec.structs.fields(shape)}  # type: ignore[arg-type]  # a Struct
    sent = {name: value for name, value in raw.items() if value is not None or (nulls and name in known)}
    for name in sent:
        if name not in known:
            raise BadInput(
                f"The field {name[:60]!r} is not supported here.",
                param=name[:60],
                hint=HINTS.get(name, "Leave it out."),
                code="field_not_supported",
            )
    return shaped(sent, shape)


def storable(metadata: dict[str, Any]) -> dict[str, Any]:
    """The metadata when every database can hold it. Raises BadInput for a NUL, which PostgreSQL's JSON cannot."""
    if b"\\u0000" in msgspec.json.encode(metadata).replace(b"\\\\", b""):
        raise BadInput("metadata holds a NUL character.", param="metadata")
    return metadata


def only_admins(path: str, principal: Principal) -> Forbidden:
    """LiteLLM's refusal of what administrators alone may do (contract litellm 3.1)."""
    return Forbidden(
        "Authentication Error, Only proxy admin can be used to generate, delete, update info for new "
        f"keys/users/teams. Route={path}. Your role={principal.role.value}. "
        f"Your user_id={masked(principal)}"
    )


def masked(principal: Principal) -> str:
    """Enough of the caller's user_id to recognise it in a log."""
    user_id = principal.user_id
    return f"{user_id[:2]}****{user_id[-2:]}" if len(user_id) > 6 else "****"
