"""Whose certificates are believed: this machine's authorities, with others beside them, or anybody's."""

import functools
import ssl

# OpenSSL's X509_V_ERR_* (x509_vfy.h): not valid yet, expired; made for another name, another address.
TIME_ERRORS = (9, 10)
NAME_ERRORS = (62, 64)

UNTRUSTED = "certificate_untrusted"
EXPIRED = "certificate_expired"
OTHER_NAME = "certificate_name"


@functools.cache
def system_tls() -> ssl.SSLContext:
    """This machine's certificate authorities, read once a process: it takes 30 ms. Clients of HTTP alone share it."""
    return ssl.create_default_context()


def tls_of(ca: str | None, *, verify: bool = True) -> ssl.SSLContext:
    """This machine's authorities and those of the PEM text; without `verify` whoever answers is believed.

    Raises ValueError for text that holds no certificate.
    """
    if ca is None and verify:
        return system_tls()
    context = ssl.create_default_context()
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context
    try:
        context.load_verify_locations(cadata=ca)
    except ssl.SSLError as error:
        raise ValueError("it holds no certificate") from error
    return context


def certificate_problem(error: BaseException) -> tuple[str, str] | None:
    """The code and, in words after the server's name, what is wrong with its certificate; None when nothing is."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return _words(cause.verify_code)
        cause = cause.__cause__ or cause.__context__
    if "certificate" in str(error).lower():
        return _words(0)
    return None


def _words(code: int) -> tuple[str, str]:
    if code in TIME_ERRORS:
        return EXPIRED, "has expired or is not valid yet. Renew it, or set this machine's clock right"
    if code in NAME_ERRORS:
        return OTHER_NAME, "was made for another name. Use the name that it was made for, or get one for this name"
    return UNTRUSTED, "is not trusted here. Add its authority to the system's, or name a file with SSL_CERT_FILE"
