"""From a proven identity to a user: found by (source, subject) alone, made when unknown, brought up to date."""

import uuid
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from gatewright.accounts.lost_access import end_sign_ins
from gatewright.accounts.teams import NewTeam, add_team
from gatewright.domain.identity import RoleReason
from gatewright.domain.people import Event, Origin, User, is_reserved
from gatewright.oidc.errors import LoginRefused
from gatewright.settings.sign_in_rules import SignInRules
from gatewright.sso.access import DASHBOARD_ALONE
from gatewright.sso.attribution import deeper
from gatewright.sso.binding import bind
from gatewright.sso.claims import Person
from gatewright.sso.profiles.flow import NamedTeam
from gatewright.sso.sources import Source
from gatewright.sso.team_claims import TeamPlan, carry_out, plan_teams
from gatewright.sso.verdict import Verdict, judge
from gatewright.storage import audit_log, changes, keys, login_transactions, teams, users
from gatewright.storage.database import Database, Transaction
from gatewright.storage.users import NewUser

if TYPE_CHECKING:
    # Imported where a claim is configured.
    from gatewright.sso.scim_link import ScimLink


class Provisioning:
    """Makes and updates users at sign-in. Nothing is ever found by e-mail, user_id or username."""

    def __init__(self, db: Database, rules: SignInRules, scim: "ScimLink | None" = None) -> None:
        self._db = db
        self.rules = rules
        self._scim = scim

    async def sign_in(
        self, person: Person, source: Source, origin: Origin, invitation: str | None = None, *, dashboard: bool = True
    ) -> User:
        """The user behind the identity, as this sign-in leaves them. `invitation` is the hash of the one it came from,
        `dashboard` is False for the command line, which `ui_access_mode` leaves open.

        Raises LoginRefused: `user_inactive`, `user_deleted`, `not_linked` (our own provider signs in people that exist,
        no others), `user_id_taken`, and what `sso.access` refuses. Somebody who is refused is not made; of somebody who
        is here already the role and the teams follow all the same, and the sessions end.
        """
        now = self._db.clock()
        async with self._db.write() as tx:
            if invitation is not None:
                await bind(tx, invitation, person, origin, now)
            user = await self._known(tx, person, source, origin)
            verdict = judge(person, user, source.provider, self.rules, dashboard=dashboard)
            # Nothing may stay of somebody who is new here, and an invitation must not be used up.
            if verdict.refusal is not None and (user is None or invitation is not None):
                raise verdict.refusal
            if user is None:
                return await self._welcome(tx, person, source, verdict, origin)
            user = await self._update(tx, user, person, source, verdict, origin)
        if verdict.refusal is not None:
            raise verdict.refusal
        return user

    async def make_teams(self, named: Sequence[NamedTeam], origin: Origin) -> None:
        """Makes those of the teams that are not there, as `litellm_settings.default_team_params` says."""
        async with self._db.read() as tx:
            missing = [team for team in named if await teams.by_id(tx, team.team_id) is None]
        for team in missing:
            async with self._db.write() as tx:
                # Another sign-in may have made it meanwhile; `add_team` takes the lock that keeps it so.
                await keys.lock_new(tx)
                if await teams.by_id(tx, team.team_id) is None:
                    models, limits = self.rules.team_models, self.rules.team_limits
                    new = NewTeam(team.team_id, team.alias, models=models, limits=limits)
                    await add_team(tx, new, self._db.clock(), actor="sso", origin=origin)

    async def _known(self, tx: Transaction, person: Person, source: Source, origin: Origin) -> User | None:
        """The active user who is linked to the identity, None for a newcomer who may be made."""
        user = await users.by_identity(tx, person.source, person.subject)
        if user is None and not source.is_embedded:
            await login_transactions.lock_newcomers(tx)
            # Another tab may have made them while this one waited.
            user = await users.by_identity(tx, person.source, person.subject)
            if user is None and await users.is_linked(tx, person.source, person.subject):
                raise LoginRefused(
                    "user_deleted", "This account was deleted.", hint="An administrator knows more about it."
                )
            if user is None and self._scim is not None:
                user = await self._scim.claim(tx, person, source, origin, self._db.clock())
            if user is None:
                return None
        if user is None:
            raise LoginRefused(
                "not_linked",
                "This account is not linked to a user.",
                hint="Ask an administrator to look at it on the Users page.",
            )
        if not user.is_active:
            raise LoginRefused(
                "user_inactive", "This account is switched off.", hint="An administrator can switch it on again."
            )
        return user

    async def _welcome(self, tx: Transaction, person: Person, source: Source, verdict: Verdict, origin: Origin) -> User:
        """A user for an identity that signs in for the first time."""
        fresh, now = str(uuid.uuid4()), self._db.clock()
        plan = await plan_teams(tx, verdict, self.rules, newcomer=True)
        new = NewUser(
            uuid=fresh,
            username=await self._username(tx, person) or fresh,
            user_id=await self._user_id(tx, person) or fresh,
            email=person.email,
            email_verified=person.email_verified,
            display_name=person.display_name,
            role=verdict.role.role,
            role_reason=_reason(verdict, plan),
        )
        user = await users.add(tx, new, now)
        await users.link(tx, user.id, person.source, person.subject, now)
        await users.identity_used(tx, person.source, person.subject, now)
        if self._scim is not None:
            await self._scim.note(tx, user, person, source, origin, now)
        metadata = deeper({"auth_provider": person.provider or source.id}, person.kept)
        changed = await users.change(tx, user.id, now, last_login_at=now, metadata=metadata)
        details = {"source": person.source, "role": user.role, "rule": user.role_reason.rule}
        event = Event("user.create", "ok", actor=user.user_id, target=user.user_id, details=details, origin=origin)
        await audit_log.add(tx, event, now)
        await carry_out(tx, user, plan, f"sso:{source.id}", self.rules, origin=origin, now=now)
        await changes.announce(tx, "user", str(user.id), now)
        return changed or user

    async def _update(
        self, tx: Transaction, user: User, person: Person, source: Source, verdict: Verdict, origin: Origin
    ) -> User:
        """What the provider says today. A claim that is absent erases nothing but, where it decides, role and teams."""
        now, role = self._db.clock(), verdict.role.role
        plan = await plan_teams(tx, verdict, self.rules, newcomer=False)
        reason = _reason(verdict, plan)
        columns: dict[str, Any] = {}
        if (role, reason) != (user.role, user.role_reason):
            columns |= {"role": role, "role_reason": reason}
        # The embedded provider's claims are this very row.
        if not source.is_embedded:
            columns |= _profile(user, person)
        signed_in = {} if verdict.refusal is not None else {"last_login_at": now}
        after = await users.change(tx, user.id, now, **signed_in, **columns)
        await users.identity_used(tx, person.source, person.subject, now)
        if self._scim is not None:
            await self._scim.note(tx, user, person, source, origin, now)
        if role is not user.role:
            details = {"from": user.role, "to": role, "rule": reason.rule, "source": person.source}
            event = Event("user.role", "ok", actor="sso", target=user.user_id, details=details, origin=origin)
            await audit_log.add(tx, event, now)
        await carry_out(tx, user, plan, f"sso:{source.id}", self.rules, origin=origin, now=now)
        if columns:
            await changes.announce(tx, "user", str(user.id), now)
        if verdict.refusal is not None:
            await end_sign_ins(tx, user.id, now, command_lines=verdict.refusal.error_code not in DASHBOARD_ALONE)
        return after or user

    async def _user_id(self, tx: Transaction, person: Person) -> str | None:
        """The wished user_id; None where the provider has no usable wish. Raises LoginRefused when it is a person's.

        What no invitation could give away (an emergency administrator's, a service account's, a deleted one's) stops
        nobody: the newcomer has a random one.
        PROXY_ADMIN_ID is nobody's to claim: whoever got it as user_id would be administrator at the next sign-in.
        """
        wish = person.user_id
        if wish is None or is_reserved(wish):
            return None
        if wish == self.rules.proxy_admin_id and wish != person.subject:
            return None
        if await users.person_like(tx, wish):
            raise LoginRefused(
                "user_id_taken",
                f"The provider calls you {wish}, and there is an account of that name here already, which this sign-in "
                "is not linked to.",
                hint="If it is yours, ask an administrator for an invitation link to it, which binds the account to "
                "this sign-in. If not, they make another user and invite you to that one.",
            )
        return None if await users.resembles(tx, "user_id", wish) else wish

    async def _username(self, tx: Transaction, person: Person) -> str | None:
        """The wished username where it is nobody's: a name to show, that opens nothing."""
        wish = person.username
        if wish is None or is_reserved(wish) or wish == self.rules.proxy_admin_id:
            return None
        return None if await users.resembles(tx, "username", wish) else wish


def _reason(verdict: Verdict, plan: TeamPlan) -> RoleReason:
    """The role's reason with every step of the sign-in."""
    return msgspec.structs.replace(verdict.role.reason, steps=(*verdict.steps, *plan.steps))


def _profile(user: User, person: Person) -> dict[str, Any]:
    """Columns whose claim is present and says something new; a display name is filled once and then theirs."""
    columns: dict[str, Any] = {}
    if person.email is not None and (person.email, person.email_verified) != (user.email, user.email_verified):
        columns |= {"email": person.email, "email_verified": person.email_verified}
    if person.display_name is not None and not user.display_name:
        columns["display_name"] = person.display_name
    metadata = deeper(user.metadata, person.kept)
    if metadata != user.metadata:
        columns["metadata"] = metadata
    return columns
