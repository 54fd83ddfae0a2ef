"""The key in a header's value (contract litellm 3.1)."""

import base64


def key_in(value: str) -> str:
    """`Bearer ` is taken off once; of `Basic` the password counts; empty when there is none that can be read."""
    scheme = value[:7].lower()
    if scheme == "bearer ":
        return value[7:].strip()
    if scheme.startswith("basic "):
        try:
            return base64.b64decode(value[6:], validate=True).decode().partition(":")[2]
        except ValueError:  # no base64, or not of ASCII or UTF-8
            return ""
    return value.strip()
