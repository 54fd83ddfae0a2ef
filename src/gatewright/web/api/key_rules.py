"""The rules about virtual keys, for both APIs: who may see and revoke one, and what a new one may allow.

Every object-level check on keys stands here.
"""

import re
from collections.abc import Sequence

from gatewright.accounts.keys import JWT, Keys
from gatewright.accounts.users import Users
from gatewright.domain.clock import DAY, Millis
from gatewright.domain.errors import BadInput, Forbidden, NotFound, Unauthenticated
from gatewright.domain.keys import ALL_MODELS, Principal
from gatewright.domain.model_names import is_pattern
from gatewright.domain.people import User
from gatewright.gateway.deployments import Deployments
from gatewright.settings import values
from gatewright.storage.keys import KeyRow
from gatewright.web.api.wire import bad_value, clean
from gatewright.web.authentication import key_of
from gatewright.web.call import Call

LONGEST_NAME = 100
LONGEST_LIFE: Millis = 3660 * DAY
SHORTEST_CHOSEN_KEY = 16
LONGEST_CHOSEN_KEY = 200


def owns(principal: Principal, row: KeyRow) -> bool:
    """Whether the key is the caller's own. Nobody owns a key without an owner."""
    return row.user_pk is not None and row.user_pk == principal.user_pk


def may_see(principal: Principal, row: KeyRow) -> bool:
    """Own keys; administrators and viewers see every key."""
    return owns(principal, row) or principal.sees_everything


def may_revoke(principal: Principal, row: KeyRow) -> bool:
    """Own keys, whatever the role, since it takes away only what is one's own; administrators revoke every key."""
    return owns(principal, row) or principal.is_admin


def may_change(principal: Principal, row: KeyRow) -> bool:
    """Own keys, but not by a key that is limited: it would lift its own limits. Administrators change every key."""
    return principal.is_admin or (owns(principal, row) and not is_limited_key(principal))


def is_limited_key(principal: Principal) -> bool:
    """Whether the caller is a virtual key, or the row that a token stands under, with limits of its own."""
    return principal.kind in ("key", JWT) and any(holder.kind == "api_key" for holder in principal.holders)


def check_maker(principal: Principal) -> None:
    """Raises Forbidden for a key with limits of its own: the keys that it makes would each have as much again."""
    if is_limited_key(principal):
        raise Forbidden(
            "A key with limits of its own makes no other keys.",
            hint="Sign in on the dashboard or with the command line, or call with the master key.",
            code="limited_key",
        )


async def visible_key(keys: Keys, principal: Principal, text: str) -> KeyRow:
    """The key that a secret, a hash or an id names. Raises NotFound also for one that the caller may not see."""
    row = await keys.find(clean(text, "key"))
    if not may_see(principal, row):
        raise NotFound("There is no such key.", param="key", code="key_not_found")
    return row


async def calling_key(call: Call, keys: Keys) -> KeyRow:
    """The row of the key that the call carries. Raises NotFound for the master key, which has none."""
    if call.principal.kind == JWT:
        return await keys.of_identity(call.principal)
    row = await keys.find(key_of(call.request.headers) or "")
    if row.id != call.principal.credential_id:
        raise NotFound("There is no such key.", param="key", code="key_not_found")
    return row


async def owner_of(principal: Principal, users: Users) -> User | None:
    """The person behind a credential and owner of the keys that it makes; None for the master key and the like.

    Raises Unauthenticated for somebody who was deleted.
    """
    if principal.user_pk is None:
        return None
    user = await users.get(principal.user_pk)
    if user is None:
        raise Unauthenticated("The owner of this credential was deleted.", code="user_inactive")
    return user


def status_of(row: KeyRow, now: Millis) -> str:
    """`revoked`, `blocked`, `expired` or `active`."""
    if row.revoked_at is not None:
        return "revoked"
    if row.blocked:
        return "blocked"
    return "expired" if row.expires_at is not None and row.expires_at <= now else "active"


def checked_name(text: str, param: str) -> str:
    """A key's name without the space around it. Raises BadInput for an empty, long or unprintable one."""
    name = text.strip()
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise BadInput(f"The name needs 1 to {LONGEST_NAME} printable characters.", param=param, code="name_invalid")
    return name


def checked_models(wanted: Sequence[str], principal: Principal, deployments: Deployments) -> list[str]:
    """The models of a new key, never more than its maker may use, and only models that are there; patterns too.

    None wanted means all that the maker may use: for a limited maker that is the maker's own list. Raises BadInput.
    """
    if not wanted:
        return sorted(principal.models)
    unlimited = not principal.models or bool(principal.models & ALL_MODELS)
    for name in wanted:
        there = is_pattern(name) or deployments.shown(name, principal) is not None
        allowed = unlimited if name in ALL_MODELS else there and principal.may_use(name)
        if not allowed:
            raise BadInput(
                f"There is no model {name[:100]!r} that you may use.",
                param="models",
                hint="GET /v1/models lists those that you may use.",
                code="model_not_found",
            )
    return list(dict.fromkeys(wanted))


def expiry(text: str | None, principal: Principal, now: Millis, param: str) -> Millis | None:
    """When a key with that life (`30d`) ends, None for one without end. Raises BadInput.

    A virtual key makes none that outlives it; without a life the new one ends with its maker. Nor does a token that may
    do less than its person.
    """
    narrowed = principal.kind == JWT and not principal.is_admin and bool(principal.models or principal.routes)
    last = principal.expires_at if principal.kind == "key" or narrowed else None
    if text is None:
        return last
    try:
        life = values.duration(text)
    except ValueError as error:
        raise bad_value(error, param) from error
    if life > LONGEST_LIFE:
        raise BadInput("This is more than ten years.", param=param, hint="Leave it out for a key that does not expire.")
    if last is not None and now + life > last:
        raise BadInput(
            "This is longer than the key that you call with lives.",
            param=param,
            hint="Sign in on the dashboard or with the command line to make a key that lives longer.",
        )
    return now + life


def checked_secret(text: str) -> str:
    """A key that the caller chose (contract litellm 3.4). Raises BadInput for one that is short or easy to guess."""
    if not re.fullmatch(rf"sk-[!-~]{{{SHORTEST_CHOSEN_KEY - 3},{LONGEST_CHOSEN_KEY - 3}}}", text):
        raise BadInput(
            f"A key of your own starts with sk- and has {SHORTEST_CHOSEN_KEY} to {LONGEST_CHOSEN_KEY} characters "
            "without spaces.",
            param="key",
            hint="Leave it out to get a random one.",
            code="key_invalid",
        )
    try:
        return values.strong_key(text)
    except ValueError as error:
        raise bad_value(error, "key") from error
