"""Second factors of the embedded provider's people: authenticator apps, passkeys and recovery codes."""
