"""Secrets at rest: AES-256-GCM under a key derived from the salt key."""

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from gatewright.domain.errors import Unavailable

VERSION = b"\x01"
NONCE_BYTES = 12


class Sealer:
    """Seals and opens secrets. `purpose` is bound in, so that a sealed value cannot be moved to another column."""

    def __init__(self, salt_key: str) -> None:
        derive = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"gatewright sealing v1")
        self._aead = AESGCM(derive.derive(salt_key.encode()))

    def seal(self, secret: str, purpose: str) -> bytes:
        """Version byte, nonce, ciphertext and tag."""
        nonce = os.urandom(NONCE_BYTES)
        return VERSION + nonce + self._aead.encrypt(nonce, secret.encode(), purpose.encode())

    def open(self, sealed: bytes, purpose: str) -> str:
        """Raises Unavailable when the value was sealed under another key or for another purpose."""
        try:
            nonce, ciphertext = sealed[1 : 1 + NONCE_BYTES], sealed[1 + NONCE_BYTES :]
            return self._aead.decrypt(nonce, ciphertext, purpose.encode()).decode()
        except (InvalidTag, ValueError) as error:
            raise Unavailable(
                "A stored secret cannot be opened with the current key.",
                hint="Start with the LITELLM_SALT_KEY (or LITELLM_MASTER_KEY) that this database was written with.",
                code="sealing_key_mismatch",
            ) from error
