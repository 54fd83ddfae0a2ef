"""Under which key an answer is kept: everything that the answer may depend on, and whose it is."""

import hashlib
from collections.abc import Sequence

import msgspec

from gatewright.domain.keys import Principal
from gatewright.upstreams.dispatch import Body
from gatewright.upstreams.form import Form

# The model is in the key by its public name, and whether it is a stream by itself; the rest changes no answer.
LEFT_OUT = frozenset({"model", "stream", "metadata", "prompt_cache_key", "prompt_cache_retention"})
_encode = msgspec.json.Encoder().encode


def scope_of(caller: Principal) -> str:
    """Who shares answers: a team, else a person, else a key for itself. Nobody can name another's."""
    if caller.team_id is not None:
        return f"team:{caller.team_id}"
    if caller.user_pk is not None:
        return f"user:{caller.user_pk}"
    return f"key:{caller.credential_id}"


def key_of(
    asked: Body,
    path: str,
    scope: str,
    namespace: str,
    tags: Sequence[str],
    forwarded: Sequence[tuple[bytes, bytes]],
) -> str:
    """A SHA-256 in hex. What stands in the request in another order, or with other spaces, is the same.

    Numbers and texts count as they are written. `tags` may choose the provider, and so may `forwarded` headers. Of a
    form the parts count, whatever its boundary is and the names of its files are.
    """
    headers = sorted((name.decode("latin-1"), value.decode("latin-1")) for name, value in forwarded)
    members: list[tuple[str, msgspec.Raw]] | list[tuple[str, str]]
    if isinstance(asked, Form):
        members = _parts(asked)
    else:
        members = [(name, _plain(raw)) for name, raw in sorted(asked.members.items()) if name not in LEFT_OUT]
    # As JSON, so that no two lists of parts look the same.
    parts = [path, asked.model, asked.stream, scope, namespace, sorted(tags), headers, members]
    return hashlib.sha256(_encode(parts)).hexdigest()


def _parts(form: Form) -> list[tuple[str, str]]:
    """Their names and what they hold: a file as its SHA-256."""
    found = [(part.name.decode("latin-1"), hashlib.sha256(part.content).hexdigest()) for part in form.parts]
    return sorted(one for one in found if one[0] not in LEFT_OUT)


def _plain(raw: msgspec.Raw) -> msgspec.Raw:
    try:
        return msgspec.Raw(msgspec.json.format(bytes(raw), indent=-1))
    except RecursionError:
        # Too deep to be looked through: the same bytes are still the same.
        return raw
