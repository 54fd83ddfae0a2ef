"""People and teams that a directory elsewhere provisions by SCIM 2.0 (RFC 7643, RFC 7644)."""
