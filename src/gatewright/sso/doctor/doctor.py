"""The doctor: every check of a source in the order in which a sign-in needs them, and what given claims come to."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

import msgspec

from gatewright.domain.clock import Clock
from gatewright.domain.identity import RoleStep
from gatewright.domain.people import User
from gatewright.oidc.metadata import Metadata
from gatewright.settings.sign_in_rules import SignInRules
from gatewright.sso.claims import person
from gatewright.sso.doctor import probes
from gatewright.sso.doctor.certificate import Trust, check_certificate
from gatewright.sso.doctor.checks import Check, Diagnosis, ok, warning
from gatewright.sso.parties import RelyingParties
from gatewright.sso.relying_party import RelyingParty
from gatewright.sso.sources import Source
from gatewright.sso.verdict import judge

TrustOf = Callable[[Source], Trust]
ENDPOINTS = ("issuer", "authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri")
PASTED_SUBJECT = "pasted"


class Explanation(msgspec.Struct, frozen=True):
    """What claims come to, without a provider and without anybody. `refusal` None: they would be let in."""

    role: str
    rule: str
    warning: str | None
    steps: tuple[RoleStep, ...]
    teams: tuple[str, ...] | None
    refusal: str | None
    refusal_code: str | None
    user_id: str | None
    email: str | None
    display_name: str | None


class Doctor:
    """`logout_url` is PROXY_LOGOUT_URL."""

    def __init__(
        self,
        parties: RelyingParties,
        rules: SignInRules,
        trust_of: TrustOf,
        clock: Clock,
        *,
        logout_url: str | None,
    ) -> None:
        self._parties = parties
        self._rules = rules
        self._trust_of = trust_of
        self._clock = clock
        self._logout_url = logout_url

    async def diagnose(self, source_id: str | None) -> Diagnosis:
        """Every check, of the provider as it is now. Signs nobody in and changes nothing. Raises NotFound."""
        party = self._parties.anew(source_id)
        source = party.source
        found, metadata = await probes.discovery(party)
        certificates, keys, redirect_uri, credentials, (userinfo, answer) = await asyncio.gather(
            self._certificates(party, metadata),
            probes.keys(party, metadata),
            probes.redirect_uri(party, metadata),
            probes.credentials(party, metadata),
            probes.userinfo(party, metadata),
        )
        checks = [
            *_configuration(source),
            found,
            *certificates,
            keys,
            redirect_uri,
            credentials,
            userinfo,
            probes.clock_skew(answer, self._clock, source.provider.clock_skew_s),
            probes.scopes(party, metadata),
            probes.sign_out(party, metadata, self._logout_url),
        ]
        return Diagnosis(source.id, source.label, party.redirect_uri, tuple(checks))

    def explain(self, source_id: str | None, claims: Mapping[str, Any], stored: User | None = None) -> Explanation:
        """What a sign-in with these claims would come to. Pure: nothing is asked and nothing is changed."""
        source = self._parties.get(source_id, trial=True).source
        subject = str(claims.get("sub") or PASTED_SUBJECT)
        who = person(claims, source.provider.claims, source=source.id, subject=subject)
        verdict = judge(who, stored, source.provider, self._rules)
        refusal = verdict.refusal
        return Explanation(
            role=verdict.role.role.value,
            rule=verdict.role.reason.rule,
            warning=verdict.role.reason.warning,
            steps=verdict.steps,
            teams=verdict.teams,
            refusal=None if refusal is None else refusal.message,
            refusal_code=None if refusal is None else refusal.error_code,
            user_id=who.user_id,
            email=who.email,
            display_name=who.display_name,
        )

    async def _certificates(self, party: RelyingParty, metadata: Metadata | None) -> list[Check]:
        """One check a host, of those that are spoken to."""
        provider, source = party.source.provider, party.source
        if source.is_embedded:
            return [ok("tls:self", "Certificate", "The embedded provider is asked inside this process.")]
        urls = [getattr(provider, name) or getattr(metadata, name, None) for name in ENDPOINTS]
        hosts = {urlsplit(url).netloc: url for url in urls if url}
        trust = self._trust_of(source)
        tasks = [check_certificate(url, trust, source.policy, self._clock) for url in hosts.values()]
        return list(await asyncio.gather(*tasks))


def _configuration(source: Source) -> list[Check]:
    """What is configured and probably not meant."""
    provider, title = source.provider, "Configuration"
    found = []
    if not provider.use_pkce:
        fix = "Leave PKCE on unless the provider refuses it."
        found.append(warning("pkce", title, "PKCE is off: a stolen code can be used.", fix))
    if not provider.roles.decides:
        text = "No claim decides roles: people keep the role that they have here."
        found.append(warning("role_source", title, text, "Name the claim with the role, or map groups to roles."))
    return found or [ok("configuration", title, "Nothing in the configuration is doubtful.")]
