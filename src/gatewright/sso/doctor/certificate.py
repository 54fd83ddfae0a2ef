"""A provider's certificate as this machine sees it: chain, name, expiry."""

import asyncio
import ssl
from typing import NamedTuple
from urllib.parse import urlsplit

from gatewright.domain.addresses import AddressPolicy
from gatewright.domain.clock import DAY, Clock
from gatewright.domain.errors import GatewrightError
from gatewright.outbound.pinning import Resolve, pin, system_resolve
from gatewright.outbound.trust import NAME_ERRORS, TIME_ERRORS, tls_of
from gatewright.settings.generic import ID as GENERIC
from gatewright.sso.doctor.checks import Check, ok, problem, warning
from gatewright.sso.sources import Source

SOON = 14 * DAY
CONNECT_S = 5.0
TITLE = "Certificate"
SELF_SIGNED = (18, 19)
"""OpenSSL's X509_V_ERR_* (x509_vfy.h)."""


class Trust(NamedTuple):
    """How a source's calls check certificates. `ca_setting` is where an operator names an authority."""

    context: ssl.SSLContext
    verifies: bool
    ca_setting: str


def trust_of(source: Source) -> Trust:
    """How the calls to a source's provider check certificates."""
    provider = source.provider
    setting = "GENERIC_CA_FILE" if provider.id == GENERIC else "the provider's ca"
    return Trust(tls_of(provider.ca, verify=provider.verify_tls), provider.verify_tls, setting)


async def check_certificate(
    url: str, trust: Trust, policy: AddressPolicy, clock: Clock, resolve: Resolve = system_resolve
) -> Check:
    """The certificate of an https address. Never raises."""
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or 443
    name = f"tls:{host}"
    if parts.scheme != "https":
        return warning(name, TITLE, f"{host} is spoken to without TLS.", "Use https for everything but a test set-up.")
    try:
        target = await pin(url, policy, resolve)
        address = target.addresses[0]
        async with asyncio.timeout(CONNECT_S):
            _, writer = await asyncio.open_connection(address, port, ssl=trust.context, server_hostname=host)
    except ssl.SSLCertVerificationError as error:
        return _refused(name, host, error, trust)
    except GatewrightError as error:
        return problem(name, TITLE, error.message, "Check the address, and that Gatewright may reach it.")
    except (OSError, TimeoutError) as error:
        found = f"{host} port {port} cannot be reached: {type(error).__name__}."
        return problem(name, TITLE, found, "Check the name, the port, firewalls and proxies on the way.")
    try:
        return _judged(name, host, writer, trust, clock)
    finally:
        writer.close()


def _judged(name: str, host: str, writer: asyncio.StreamWriter, trust: Trust, clock: Clock) -> Check:
    if not trust.verifies:
        found = f"The certificate of {host} is not checked: whoever is on the way can sign people in as anybody."
        return warning(name, TITLE, found, f"Name the provider's authority with {trust.ca_setting} instead.")
    seen = writer.get_extra_info("peercert")
    ends_at = int(ssl.cert_time_to_seconds(seen["notAfter"])) * 1000
    days = (ends_at - clock()) // DAY
    if ends_at - clock() < SOON:
        return warning(name, TITLE, f"The certificate of {host} ends in {days} days.", "Renew it at the provider.")
    return ok(name, TITLE, f"{host} has a trusted certificate for its name, good for {days} days.")


def _refused(name: str, host: str, error: ssl.SSLCertVerificationError, trust: Trust) -> Check:
    code = error.verify_code
    if code in TIME_ERRORS:
        fix = "Renew it at the provider, or set this machine's clock right."
        return problem(name, TITLE, f"The certificate of {host} has expired or is not valid yet.", fix)
    if code in NAME_ERRORS:
        fix = "Use the name that the certificate is for, or renew it for this one."
        return problem(name, TITLE, f"The certificate at {host} is for another name.", fix)
    kind = "signed by itself" if code in SELF_SIGNED else "from an authority that is not trusted here"
    fix = f"Name a file with the authority's certificate (PEM) in {trust.ca_setting}."
    return problem(name, TITLE, f"The certificate of {host} is {kind}.", fix)
