"""Links that go by e-mail. Each is bound to the address that it went to: with another one on file it is void."""

import hashlib
import secrets

from gatewright.domain.clock import Millis
from gatewright.domain.people import User
from gatewright.storage import one_time_links, users
from gatewright.storage.database import Transaction

LONGEST_NUMBER = 18


async def new_token(tx: Transaction, user: User, purpose: str, now: Millis, life: Millis) -> str:
    """A token of the person's, which puts an end to their older one of the same purpose."""
    token = f"{user.id}.{secrets.token_urlsafe(32)}"
    await one_time_links.replace_own(tx, _hash(token, user), purpose, user.id, now, now + life)
    return token


async def holder(tx: Transaction, token: str, purpose: str, now: Millis) -> User | None:
    """Whose good token it is."""
    user = await _named(tx, token)
    if user is None or await one_time_links.owner(tx, _hash(token, user), purpose, now) != user.id:
        return None
    return user


async def take(tx: Transaction, token: str, purpose: str, now: Millis) -> User | None:
    """Uses the token up, atomically, and says whose it was."""
    user = await _named(tx, token)
    if user is None or await one_time_links.take(tx, _hash(token, user), purpose, now) != user.id:
        return None
    return user


def is_mailed(token: str) -> bool:
    """Whether the token looks like one of these; an administrator's has no dot."""
    return "." in token


async def _named(tx: Transaction, token: str) -> User | None:
    number = token.partition(".")[0]
    if not number.isascii() or not number.isdecimal() or len(number) > LONGEST_NUMBER:
        return None
    return await users.by_id(tx, int(number))


def _hash(token: str, user: User) -> str:
    bound = f"{token}\0{(user.email or '').lower()}"
    return hashlib.sha256(bound.encode(errors="surrogatepass")).hexdigest()
