"""The command line's sign-in: started in a terminal, finished in a browser, collected once (contract litellm 2.2).

Everything is in the database, so any worker can serve any step. The person types the code that their terminal shows:
a link that somebody else sent them signs nobody in.
"""

import hashlib
import re
import secrets
from collections.abc import Mapping
from typing import Any

import msgspec

from gatewright.accounts.audit import Audit
from gatewright.accounts.keys import Keys, NewKey
from gatewright.accounts.limits import Limits, network_of
from gatewright.accounts.team_members import TeamMembers
from gatewright.accounts.users import Users
from gatewright.domain.clock import MINUTE, SECOND, Clock, Millis
from gatewright.domain.errors import BadInput, Forbidden, TooManyRequests
from gatewright.domain.people import Event, Origin, User
from gatewright.sso.attribution import flat
from gatewright.storage import cli_logins
from gatewright.storage.cli_logins import MOST_WRONG_CODES, CliLogin
from gatewright.storage.database import Database
from gatewright.storage.teams import TeamRow

LIFE: Millis = 10 * MINUTE
STARTS = 30
STARTS_WINDOW: Millis = MINUTE
LOGIN_ID = re.compile(r"cli-[A-Za-z0-9_-]{12,124}", re.ASCII)
# Without I, O, 0 and 1, which people mistake for one another: 40 bits.
ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
OVER = "CLI login session not found or expired. Run the login command again."
OUT_OF_DATE = "Your litellm CLI is out of date. Update it, then run the login command again."


class Started(msgspec.Struct, frozen=True):
    """What the terminal gets. `expires_in` is seconds."""

    login_id: str
    poll_secret: str
    user_code: str
    expires_in: int


class CodePrompt(msgspec.Struct, frozen=True):
    """What the browser's form needs: who signed in, whence and how long ago the terminal asked."""

    login_id: str
    complete_token: str
    signed_in_as: str
    address: str | None
    user_agent: str | None
    age_s: int


class WrongCode(BadInput):
    """`left` more tries before the login is dead."""

    code = "cli_code_wrong"
    summary = "Invalid verification code"

    def __init__(self, left: int, prompt: CodePrompt) -> None:
        super().__init__()
        self.left = left
        self.prompt = prompt


class Collected(msgspec.Struct, frozen=True):
    """A finished login: the credential, shown this once, whose it is, and the person's teams.

    `key` None: the person must choose one of the teams first, and the login goes on. `team_id` is the one chosen.
    `attribution` is what CLI_SSO_CLAIM_MAP keeps of the claims of this sign-in.
    """

    key: str | None
    user_id: str
    teams: tuple[TeamRow, ...] = ()
    team_id: str | None = None
    attribution: Mapping[str, Any] = {}


class CliLogins:
    """The logins under way. `life` is how long the credential lives."""

    def __init__(self, db: Database, keys: Keys, users: Users, limits: Limits, life: Millis) -> None:
        self._db = db
        self._keys = keys
        self._users = users
        self._limits = limits
        self._life = life
        self._clock: Clock = db.clock
        self._audit = Audit(db)
        self._members = TeamMembers(db)

    async def start(self, origin: Origin) -> Started:
        """Starts a login. Raises TooManyRequests above 30 a minute from one address."""
        try:
            await self._limits.count(f"cli-start:{network_of(origin.address or '')}", STARTS, STARTS_WINDOW)
        except TooManyRequests as error:
            raise TooManyRequests(
                "Too many CLI login attempts. Try again later.", retry_after=error.retry_after
            ) from error
        code = "".join(secrets.choice(ALPHABET) for _ in range(8))
        started = Started(
            login_id=f"cli-{secrets.token_urlsafe(24)}",
            poll_secret=secrets.token_urlsafe(32),
            user_code=f"{code[:4]}-{code[4:]}",
            expires_in=LIFE // SECOND,
        )
        now = self._clock()
        async with self._db.write() as tx:
            await cli_logins.add(
                tx,
                login_id=started.login_id,
                poll_secret_hash=_hash(started.poll_secret),
                user_code_hash=_hash(code),
                address=origin.address,
                user_agent=(origin.user_agent or "")[:300] or None,
                created_at=now,
                expires_at=now + LIFE,
            )
        return started

    async def check(self, login_id: str) -> CliLogin:
        """The living login of that id. Raises BadInput in LiteLLM's words."""
        if login_id.startswith("sk-"):
            raise BadInput(OUT_OF_DATE, code="cli_out_of_date")
        if LOGIN_ID.fullmatch(login_id) is None:
            raise BadInput("Invalid CLI login session id", code="cli_login_invalid")
        async with self._db.read() as tx:
            row = await cli_logins.find(tx, login_id, self._clock())
        if row is None:
            raise BadInput(OVER, code="cli_login_over")
        return row

    async def attach(
        self, login_id: str, user: User, browser: str, origin: Origin, kept: Mapping[str, Any] | None = None
    ) -> CodePrompt:
        """Notes who signed in for the login, and what of their claims the terminal is told (`kept`).

        Raises BadInput when it is over.

        The form's token is bound to the browser by its cookie, so that the form works in no other.
        """
        row = await self.check(login_id)
        token = secrets.token_urlsafe(32)
        async with self._db.write() as tx:
            bound, told = _bound(token, browser), flat(kept or {})
            if not await cli_logins.attach(tx, login_id, user.id, bound, told, self._clock()):
                raise BadInput(OVER, code="cli_login_over")
        await self._audit.write(Event("login.cli.sign_in", "ok", actor=user.user_id, origin=origin))
        return self._prompt(row, token, user)

    async def complete(self, login_id: str, code: str, token: str, browser: str, origin: Origin) -> None:
        """Accepts the code that the terminal shows. Raises WrongCode, BadInput when it is over or not ready."""
        row = await self.check(login_id)
        user = None if row.user_pk is None else await self._users.get(row.user_pk)
        if user is None or row.complete_token_hash is None:
            raise BadInput("CLI login is not ready", code="cli_login_not_ready")
        hashed, now = _bound(token, browser), self._clock()
        async with self._db.write() as tx:
            if await cli_logins.verify(tx, login_id, hashed, _hash(_canonical(code)), now):
                wrong: int | None = 0
            else:
                wrong = await cli_logins.count_wrong_code(tx, login_id, hashed, now)
        outcome = "ok" if wrong == 0 else "code_wrong" if wrong is not None else "form_wrong"
        await self._audit.write(Event("login.cli.code", outcome, actor=user.user_id, origin=origin))
        if wrong is None:
            raise BadInput("CLI login is not ready", code="cli_login_not_ready")
        if wrong >= MOST_WRONG_CODES:
            raise BadInput(OVER, code="cli_login_over")
        if wrong:
            raise WrongCode(MOST_WRONG_CODES - wrong, self._prompt(row, token, user))

    async def poll(self, login_id: str, secret: str | None, team: str | None, origin: Origin) -> Collected | None:
        """The credential when the login is complete, once; None while it is not. It is for the team, for the only one
        of the person without a word, for none where there is none.

        Raises BadInput for a login that is over or malformed, Forbidden for the wrong secret or a team of others.
        """
        row = await self.check(login_id)
        hashed = _hash(secret or "")
        if not secrets.compare_digest(hashed, row.poll_secret_hash):
            await self._audit.write(Event("login.cli.poll", "poll_secret_wrong", origin=origin))
            raise Forbidden("Invalid CLI polling secret", code="cli_poll_secret")
        if not row.verified or row.user_pk is None:
            return None
        teams = tuple(await self._members.teams_of(row.user_pk))
        names = [one.team_id for one in teams]
        if team and team not in names:
            await self._audit.write(
                Event("login.cli.poll", "team_not_theirs", details={"team_id": team[:200]}, origin=origin)
            )
            raise Forbidden("You are not a member of this team.", code="cli_team")
        if len(teams) > 1 and not team:
            return await self._undecided(row, row.user_pk, teams)
        return await self._collect(login_id, hashed, teams, team or (names[0] if names else None), origin)

    async def _undecided(self, row: CliLogin, user_pk: int, teams: tuple[TeamRow, ...]) -> Collected:
        user = await self._users.get(user_pk)
        if user is None or not user.is_active:
            raise BadInput(OVER, code="cli_login_over")
        return Collected(None, user.user_id, teams, attribution=row.attribution)

    async def _collect(
        self, login_id: str, hashed: str, teams: tuple[TeamRow, ...], team_id: str | None, origin: Origin
    ) -> Collected:
        async with self._db.write() as tx:
            taken = await cli_logins.collect(tx, login_id, hashed, self._clock())
        user = None if taken is None or taken.user_pk is None else await self._users.get(taken.user_pk)
        if taken is None or user is None or not user.is_active:
            raise BadInput(OVER, code="cli_login_over")
        new = NewKey(alias=None, owner=user, expires_at=self._clock() + self._life, kind="cli", team_id=team_id)
        key, _ = await self._keys.create(new, actor=user.user_id, origin=origin)
        await self._audit.write(Event("login.cli", "ok", actor=user.user_id, origin=origin))
        return Collected(key, user.user_id, teams, team_id, taken.attribution)

    def _prompt(self, row: CliLogin, token: str, user: User) -> CodePrompt:
        return CodePrompt(
            login_id=row.login_id,
            complete_token=token,
            signed_in_as=user.email or user.username,
            address=row.address,
            user_agent=row.user_agent,
            age_s=max(0, self._clock() - row.created_at) // SECOND,
        )


def _canonical(code: str) -> str:
    """As it was made: upper case, without the hyphen and what people type around it."""
    return "".join(char for char in code.upper() if char in ALPHABET)


def _bound(token: str, browser: str) -> str:
    return _hash(f"{token}\0{browser}")


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
