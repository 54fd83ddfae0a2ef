"""Passkeys (Web Authentication, level 3): what the browser is asked, and whether its answer is good.

The only module that knows the WebAuthn library, and imported at the first need, since it costs megabytes. No
attestation is asked for: which make an authenticator is does not matter here.
"""

import json
from collections.abc import Sequence
from typing import Any

import msgspec
from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url, parse_authentication_credential_json
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from gatewright.domain.errors import BadInput
from gatewright.domain.people import User
from gatewright.storage.authenticators import Authenticator

LONGEST_ANSWER = 32 * 1024
NAME = "Gatewright"


class PasskeyRefused(BadInput):
    code = "passkey_refused"
    summary = "The passkey was not accepted. Try again, or use another way to sign in."


class NewPasskey(msgspec.Struct, frozen=True):
    """A credential that the browser made. `public_key` is a COSE key, `credential_id` base64url."""

    credential_id: str
    public_key: bytes
    sign_count: int
    transports: tuple[str, ...]
    aaguid: str
    is_backed_up: bool


class Asserted(msgspec.Struct, frozen=True):
    """A good answer of a passkey. `verified`: the person proved themselves to the device, by finger, face or PIN."""

    sign_count: int
    is_backed_up: bool
    verified: bool


def creation(rp_id: str, user: User, known: Sequence[Authenticator], challenge: bytes) -> dict[str, Any]:
    """The `publicKey` options of `navigator.credentials.create`, as JSON."""
    options = generate_registration_options(
        rp_id=rp_id,
        rp_name=NAME,
        # Opaque, since the device shows it to nobody but may tell it to anybody (14.6.1).
        user_id=user.uuid.encode(),
        user_name=user.username,
        user_display_name=user.display_name or user.username,
        challenge=challenge,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.PREFERRED, user_verification=UserVerificationRequirement.PREFERRED
        ),
        exclude_credentials=_descriptors(known),
    )
    return dict(json.loads(options_to_json(options)))


def created(answer: str, challenge: bytes, rp_id: str, origin: str) -> NewPasskey:
    """Checks the answer to `creation` (7.1). Raises PasskeyRefused."""
    try:
        found = verify_registration_response(
            credential=_read(answer), expected_challenge=challenge, expected_rp_id=rp_id, expected_origin=origin
        )
        transports = json.loads(answer).get("response", {}).get("transports") or []
    except (WebAuthnException, ValueError, AttributeError) as error:
        raise PasskeyRefused() from error
    return NewPasskey(
        credential_id=bytes_to_base64url(found.credential_id),
        public_key=found.credential_public_key,
        sign_count=found.sign_count,
        transports=tuple(str(one)[:20] for one in transports[:8] if isinstance(one, str)),
        aaguid=found.aaguid,
        is_backed_up=found.credential_backed_up,
    )


def request(rp_id: str, challenge: bytes, allowed: Sequence[Authenticator], *, alone: bool) -> dict[str, Any]:
    """The `publicKey` options of `navigator.credentials.get`, as JSON.

    `alone`: the passkey takes the place of a password too, so the device has to verify the person.
    """
    needed = UserVerificationRequirement.REQUIRED if alone else UserVerificationRequirement.PREFERRED
    options = generate_authentication_options(
        rp_id=rp_id, challenge=challenge, allow_credentials=_descriptors(allowed), user_verification=needed
    )
    return dict(json.loads(options_to_json(options)))


def credential_id(answer: str) -> str:
    """Which credential the browser answers with, before anything is believed. Raises PasskeyRefused."""
    try:
        return bytes_to_base64url(parse_authentication_credential_json(_read(answer)).raw_id)
    except (WebAuthnException, ValueError, AttributeError) as error:
        raise PasskeyRefused() from error


def asserted(answer: str, challenge: bytes, rp_id: str, origin: str, factor: Authenticator, *, alone: bool) -> Asserted:
    """Checks the answer to `request` (7.2). A counter that did not grow is a copy of the key. Raises PasskeyRefused."""
    try:
        found = verify_authentication_response(
            credential=_read(answer),
            expected_challenge=challenge,
            expected_rp_id=rp_id,
            expected_origin=origin,
            credential_public_key=factor.public_key or b"",
            credential_current_sign_count=factor.sign_count,
            require_user_verification=alone,
        )
    except (WebAuthnException, ValueError, AttributeError) as error:
        raise PasskeyRefused() from error
    return Asserted(found.new_sign_count, found.credential_backed_up, found.user_verified)


def _descriptors(known: Sequence[Authenticator]) -> list[PublicKeyCredentialDescriptor]:
    return [
        PublicKeyCredentialDescriptor(id=base64url_to_bytes(one.credential_id))
        for one in known
        if one.credential_id is not None
    ]


def _read(answer: str) -> str:
    if len(answer) > LONGEST_ANSWER:
        raise PasskeyRefused()
    return answer
