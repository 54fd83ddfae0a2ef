"""SCIM 2.0 as pure rules (RFC 7643, RFC 7644): schemas, filters, paths, and what a PATCH makes of a resource."""
