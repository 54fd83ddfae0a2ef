"""SCIM 2.0 at `/scim/v2` (RFC 7644): parse, call one use case, render."""
