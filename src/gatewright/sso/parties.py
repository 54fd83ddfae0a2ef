"""Every provider that people can sign in through now, and which of them a returning browser was sent to."""

import hashlib
import hmac
from collections.abc import Callable, Mapping, Sequence

from gatewright.domain.errors import NotFound
from gatewright.oidc.errors import LoginRefused
from gatewright.oidc.parameters import Parameters
from gatewright.oidc.redirect_uris import origin
from gatewright.settings.profiles.profile import guess
from gatewright.sso.discovery import Discovery
from gatewright.sso.refusals import StateInvalid
from gatewright.sso.relying_party import Proof, RelyingParty
from gatewright.sso.sources import Source
from gatewright.storage import login_transactions
from gatewright.storage.database import Database
from gatewright.storage.login_transactions import LoginTransaction

Connect = Callable[[Source], Discovery]
"""Makes what fetches a source's documents: under its address policy and with its certificate authorities."""

ONE_INSTALLATION = ("google", "microsoft", "github")
"""Profiles of which there is one in the world, so that their issuers are nobody else's."""

AGAIN = "Start the sign-in again."


class RelyingParties:
    """One relying party a source, in the order in which people see them.

    `elsewhere` are the issuers of people who come by other doors, and where their keys are.
    """

    def __init__(
        self,
        db: Database,
        sources: Sequence[Source],
        connect: Connect,
        base_url: str,
        elsewhere: Mapping[str, str | None] | None = None,
    ) -> None:
        self._db = db
        self._connect = connect
        self._base_url = base_url
        self._elsewhere = elsewhere or {}
        self._parties: dict[str, RelyingParty] = {}
        self.set(sources)

    def set(self, sources: Sequence[Source]) -> None:
        """Replaces the sources; one that is as it was keeps what it knows of its provider."""
        known = self._parties
        self._parties = {
            source.id: known[source.id]
            if source.id in known and known[source.id].source == source
            else self._made(source)
            for source in sources
        }

    @property
    def everything(self) -> tuple[RelyingParty, ...]:
        """Those that people sign in through."""
        return tuple(party for party in self._parties.values() if party.source.is_enabled)

    @property
    def default(self) -> RelyingParty:
        """The first one."""
        return next(iter(self._parties.values()))

    def find(self, source_id: str | None) -> RelyingParty | None:
        """The source of that id, enabled or not, None when it is gone."""
        return None if source_id is None else self._parties.get(source_id)

    def get(self, source_id: str | None, *, trial: bool = False) -> RelyingParty:
        """The source of that id, the first one without an id; one that is not enabled for a trial. Raises NotFound."""
        found = self.default if source_id is None else self.find(source_id)
        if found is None or not (trial or found.source.is_enabled):
            raise NotFound(f"There is no sign-in provider {(source_id or '')[:60]!r} here.")
        return found

    def anew(self, source_id: str | None) -> RelyingParty:
        """The same source, which may not be enabled, and nothing kept of what its provider said. Raises NotFound."""
        return self._made(self.get(source_id, trial=True).source)

    def _made(self, source: Source) -> RelyingParty:
        return RelyingParty(self._db, source, self._connect(source), self._base_url)

    def refuse_foreign(self, source: Source, proof: Proof) -> None:
        """Raises LoginRefused when a provider speaks of another provider's people.

        An identity is (issuer, subject) whichever source it came through. Whoever adds a source at run time does not
        say where the keys of an issuer are that is here already: they would sign for its people. Where nobody
        configured the issuer the ID token names it, and at another host than the token endpoint's that proves nothing:
        it must not be one that somebody else here stands for.
        """
        issuer, ours = proof.issuer, origin(source.provider.token_endpoint or "")
        known, own_keys = source.provider.issuer, None if source.policy.operator else source.provider.jwks_uri
        if known is not None and own_keys is not None and self._keys_of(known) != own_keys:
            raise _foreign(known, "Take its jwks_uri out: the issuer publishes its keys.")
        if source.provider.issuer is not None or issuer is None or origin(issuer) == ours:
            return
        others = {
            origin(getattr(party.source.provider, name) or "")
            for party in self._parties.values()
            if party.source.id != source.id
            for name in ("issuer", "authorization_endpoint", "token_endpoint")
        }
        others |= {origin(one) for one in self._elsewhere}
        profile = guess(issuer)
        is_theirs = profile in ONE_INSTALLATION and profile != guess(source.provider.token_endpoint)
        if is_theirs or origin(issuer) in others:
            raise _foreign(issuer)

    def _keys_of(self, issuer: str) -> str | None:
        """Where the first who configured that issuer said that its keys are; None where its own document says it."""
        if issuer in self._elsewhere:
            return self._elsewhere[issuer]
        providers = (party.source.provider for party in self._parties.values())
        return next((one.jwks_uri for one in providers if one.issuer == issuer), None)

    async def returned(
        self, parameters: Parameters, browser: str | None, callback: str
    ) -> tuple[RelyingParty, LoginTransaction]:
        """Whom a browser that comes back to that path was sent to, and what for. Raises LoginRefused with a code."""
        parameters.refuse_repeated()
        row = await self._take(parameters.value("state"), browser)
        party = self.find(row.source)
        if party is None or not (row.is_trial or party.source.is_enabled):
            raise StateInvalid("state_other_source", "The sign-in provider was changed meanwhile.", hint=AGAIN)
        if party.source.callback != callback:
            raise StateInvalid(
                "state_other_source", "The answer does not come from the provider that you were sent to.", hint=AGAIN
            )
        return party, row

    async def _take(self, state: str | None, browser: str | None) -> LoginTransaction:
        """The sign-in that the state belongs to, used up by this call."""
        async with self._db.write() as tx:
            row = None if state is None else await login_transactions.take(tx, _hash(state))
        if row is None:
            raise StateInvalid("state_unknown", "This sign-in is unknown, or was finished already.", hint=AGAIN)
        if not browser or not hmac.compare_digest(row.browser_hash, _hash(browser)):
            raise StateInvalid(
                "state_other_browser",
                "This sign-in was started in another browser.",
                hint=f"{AGAIN} Cookies must be allowed.",
            )
        if row.expires_at <= self._db.clock():
            raise StateInvalid("state_expired", "This sign-in took more than ten minutes.", hint=AGAIN)
        return row


def _foreign(issuer: str, fix: str = "Let the provider sign with its own issuer, and configure that.") -> LoginRefused:
    text = f"The ID token names the issuer {issuer[:200]!r}, which is another provider's."
    return LoginRefused("issuer_foreign", text, hint=fix)


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
