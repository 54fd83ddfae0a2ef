"""The protocol vocabulary that the relying party and the provider share: errors, metadata, PKCE, JWT, ID-token claims.

Holds no HTTP, SQL or policy. Only oidc.jwt knows the JOSE library.
"""
