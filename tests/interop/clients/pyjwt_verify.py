"""Verifies a JWT with PyJWT and the published keys. Run in LiteLLM's environment.

argv: the key set's URL and the issuer. Reads the token from stdin, writes its claims.
"""

import json
import sys

import jwt  # type: ignore[import-not-found, unused-ignore]


def main(jwks_uri: str, issuer: str) -> None:
    token = sys.stdin.read().strip()
    key = jwt.PyJWKClient(jwks_uri).get_signing_key_from_jwt(token)
    claims = jwt.decode(token, key, algorithms=["RS256"], audience="litellm", issuer=issuer)
    print(json.dumps(claims))


if __name__ == "__main__":
    main(*sys.argv[1:])
