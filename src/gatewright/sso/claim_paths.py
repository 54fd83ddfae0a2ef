"""Where a claim is: a path of names, dots between them (contract litellm 1.2)."""

import re
from collections.abc import Mapping
from typing import Any


def at(claims: Mapping[str, Any], path: str) -> Any:
    r"""The claim at a path: the claim of exactly that name, else the dotted walk, where `\.` is a dot in a name.

    None when it is not there. The exact name comes first since namespaced claims (`https://example.com/role`) have
    dots.
    """
    if path in claims:
        return claims[path]
    found: Any = claims
    for name in steps(path):
        if not isinstance(found, Mapping) or name not in found:
            return None
        found = found[name]
    return found


def steps(path: str) -> list[str]:
    r"""The names in a path: `a.b\.c` is `a` and `b.c`."""
    return [part.replace("\\.", ".") for part in re.split(r"(?<!\\)\.", path)]
