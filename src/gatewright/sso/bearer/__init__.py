"""Tokens of outside issuers as credentials of the API. Loaded only where `enable_jwt_auth` turns them on."""
