"""The names of Authentik's packaged flows. There is no flow engine behind them: each stands for one fixed way here."""

from typing import NamedTuple
from uuid import UUID, uuid5

NAMESPACE = UUID("6f1c1b0e-2c53-4b0e-9d70-3a5f6f0c7f11")
"""Of the ids that are computed from a name, so that every installation has the same."""

IMPLICIT_CONSENT = "default-provider-authorization-implicit-consent"
EXPLICIT_CONSENT = "default-provider-authorization-explicit-consent"
SIGN_OUT = "default-invalidation-flow"
PROVIDER_SIGN_OUT = "default-provider-invalidation-flow"
SIGN_IN = "default-authentication-flow"
RECOVERY = "default-recovery-flow"
ENROLLMENT = "default-enrollment-flow"
USER_SETTINGS = "default-user-settings-flow"


class Flow(NamedTuple):
    """One name: what it is for, and the words that people see."""

    slug: str
    designation: str
    name: str
    title: str

    @property
    def pk(self) -> str:
        return str(uuid5(NAMESPACE, f"flow:{self.slug}"))


FLOWS = {
    flow.slug: flow
    for flow in (
        Flow(IMPLICIT_CONSENT, "authorization", "Authorize Application", "Redirecting to %(app)s"),
        Flow(EXPLICIT_CONSENT, "authorization", "Authorize Application", "Redirecting to %(app)s"),
        Flow(SIGN_OUT, "invalidation", "Logout", "Sign out"),
        Flow(PROVIDER_SIGN_OUT, "invalidation", "Logged out of application", "You've logged out of %(app)s."),
        Flow(SIGN_IN, "authentication", "Welcome to Gatewright!", "Welcome to Gatewright!"),
        Flow(RECOVERY, "recovery", "Set a new password", "Set a new password"),
        Flow(ENROLLMENT, "enrollment", "Create your account", "Create your account"),
        Flow(USER_SETTINGS, "stage_configuration", "User settings", "Update your info"),
    )
}
BY_PK = {flow.pk: flow for flow in FLOWS.values()}
AUTHORIZATION = (IMPLICIT_CONSENT, EXPLICIT_CONSENT)
INVALIDATION = (SIGN_OUT, PROVIDER_SIGN_OUT)


RECOVERY_EMAIL = "default-recovery-email"
"""The name of the one stage that sends messages: links to a new password."""
RECOVERY_EMAIL_PK = str(uuid5(NAMESPACE, f"stage:{RECOVERY_EMAIL}"))


def slug_of(reference: object) -> object:
    """The slug of the flow that a pk or a slug names; what names none comes back as it is."""
    flow = BY_PK.get(reference.lower()) if isinstance(reference, str) else None
    return reference if flow is None else flow.slug


def certificate_pk(algorithm: str) -> str:
    """The pk under which `/crypto/certificatekeypairs/` shows the key of an algorithm: it outlives a rotation."""
    return str(uuid5(NAMESPACE, f"certificate:{algorithm}"))


CERTIFICATE_NAMES = {"RS256": "authentik Self-signed Certificate"}
ALGORITHMS = ("RS256", "ES256", "EdDSA")


def certificate_name(algorithm: str) -> str:
    """The name of the key of an algorithm. Automation finds the usual one by Authentik's own name."""
    return CERTIFICATE_NAMES.get(algorithm, f"Gatewright {algorithm} key")


def algorithm_of(reference: object) -> object:
    """The algorithm that a certificate's pk or name stands for; what names none comes back as it is."""
    for algorithm in ALGORITHMS:
        if reference in (certificate_pk(algorithm), certificate_name(algorithm)):
            return algorithm
    return reference
