"""A sign-in that an administrator makes to see what it comes to: it makes nobody and signs nobody in."""

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from gatewright.accounts.audit import Audit
from gatewright.accounts.sessions import Sessions
from gatewright.domain.errors import Forbidden, GatewrightError
from gatewright.domain.identity import Role, RoleStep
from gatewright.domain.people import Event, Origin
from gatewright.oidc.parameters import Parameters
from gatewright.settings.sign_in_rules import SignInRules
from gatewright.sso.claims import person
from gatewright.sso.doctor.checks import Check, ok, problem, warning
from gatewright.sso.parties import RelyingParties
from gatewright.sso.relying_party import Proof, RelyingParty
from gatewright.sso.verdict import judge
from gatewright.storage import users
from gatewright.storage.database import Database
from gatewright.storage.login_transactions import LoginTransaction

SECRET = re.compile(r"token|secret|password|nonce|_hash$|^code$", re.IGNORECASE)
MASK = "•••"
LONGEST_TEXT = 2000


class Trial(msgspec.Struct, frozen=True):
    """What a trial came to. `claims` are raw, secrets masked; `role` None where it did not come so far."""

    label: str
    checks: tuple[Check, ...]
    claims: Mapping[str, Any] = {}
    steps: tuple[RoleStep, ...] = ()
    role: str | None = None
    result: str | None = None


class Trials:
    """For administrators alone: claims are somebody's, even where they are one's own."""

    def __init__(self, db: Database, sessions: Sessions, rules: SignInRules, parties: RelyingParties) -> None:
        self._db = db
        self._parties = parties
        self._sessions = sessions
        self._rules = rules
        self._audit = Audit(db)

    async def examine(
        self, party: RelyingParty, row: LoginTransaction, parameters: Parameters, session: str | None, origin: Origin
    ) -> Trial:
        """Finishes a trial. Raises Forbidden where the browser's session is no administrator's any more."""
        who = await self._sessions.find(session, origin)
        if who is None or who.user.role is not Role.PROXY_ADMIN:
            raise Forbidden("Only an administrator sees the result of a test sign-in.", code="trial_not_admin")
        label = party.source.label
        try:
            proof = await party.complete(parameters, row)
            self._parties.refuse_foreign(party.source, proof)
        except GatewrightError as error:
            await self._told(party, error.error_code, who.user.user_id, origin)
            fix = party.fix(error.error_code) or error.hint or ""
            check = problem("sign_in", "Sign-in", f"{error.message} ({error.error_code})", fix)
            return Trial(label, (check,))
        await self._told(party, "ok", who.user.user_id, origin)
        return await self._result(party, proof)

    async def _result(self, party: RelyingParty, proof: Proof) -> Trial:
        source = party.source
        identity = source.identity_source(proof.issuer)
        someone = person(proof.claims, source.provider.claims, source=identity, subject=proof.subject)
        async with self._db.read() as tx:
            stored = None if source.is_embedded else await users.by_identity(tx, identity, proof.subject)
        verdict = judge(someone, stored, source.provider, self._rules)
        if verdict.refusal is not None:
            result = f"Refused: {verdict.refusal.message} ({verdict.refusal.error_code})"
        elif stored is not None:
            result = f"Signed in as {stored.user_id}, who is here already."
        elif source.is_embedded:
            result = "Signed in as the person of the embedded provider."
        else:
            result = f"A new user, {someone.user_id or 'with an id of ours'}."
        return Trial(
            source.label,
            (_answer(proof), *_shape(proof)),
            masked(proof.claims),
            verdict.steps,
            verdict.role.role,
            result,
        )

    async def _told(self, party: RelyingParty, outcome: str, actor: str, origin: Origin) -> None:
        details = {"source": party.source.id}
        await self._audit.write(Event("sign_in_provider.trial", outcome, actor, details=details, origin=origin))


def masked(claims: Mapping[str, Any]) -> dict[str, Any]:
    """The claims as they may be shown."""
    return {str(name): MASK if SECRET.search(str(name)) else _shown(value) for name, value in claims.items()}


def _shown(value: Any) -> Any:
    if isinstance(value, Mapping):
        return masked(value)
    if isinstance(value, list):
        return [_shown(one) for one in value]
    return f"{value[:LONGEST_TEXT]}…" if isinstance(value, str) and len(value) > LONGEST_TEXT else value


def _answer(proof: Proof) -> Check:
    if proof.doubt is None:
        return ok("id_token", "ID token", f"Signed by {proof.issuer}; every check passed.")
    fix = "Configure the provider's issuer, so that its signature is checked."
    return warning("id_token", "ID token", f"Unverified issuer: {proof.doubt}.", fix)


def _shape(proof: Proof) -> list[Check]:
    found = []
    if not proof.claims.get("email"):
        text = "The claims hold no e-mail address; none is needed."
        found.append(warning("email", "Claims", text, "Ask for the scope email, if addresses are wanted."))
    return found
