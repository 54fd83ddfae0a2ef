"""What one request says of the cache: its member `cache`, which no provider gets (contract litellm 4.2, 4.6)."""

import msgspec

from gatewright.domain.clock import DAY, SECOND, Millis
from gatewright.domain.errors import BadInput

LONGEST_LIFE: Millis = 3660 * DAY
LONGEST_NAMESPACE = 200


class Controls(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    """Times are seconds. `ttl` is how long the answer is kept; `s_maxage` how old a cached one may be.

    `no_cache` asks anew and keeps the answer; `no_store` keeps none; `namespace` keeps apart within one's own;
    `use_cache` asks for the cache where it is not on by itself.
    """

    ttl: float | None = None
    s_maxage: float | None = None
    no_cache: bool = False
    no_store: bool = False
    namespace: str | None = None
    use_cache: bool | None = None

    @property
    def life(self) -> Millis | None:
        return _millis(self.ttl, "ttl")

    @property
    def oldest(self) -> Millis | None:
        return _millis(self.s_maxage, "s-maxage")


NO_CONTROLS = Controls()
_decode = msgspec.json.Decoder(Controls | None).decode


def read_controls(raw: msgspec.Raw | None) -> Controls:
    """Raises BadInput with the param `cache`."""
    if raw is None:
        return NO_CONTROLS
    try:
        found = _decode(raw) or NO_CONTROLS
    except msgspec.ValidationError as error:
        raise _wrong(str(error).replace("`$.", "`cache.").replace("`$`", "`cache`")) from None
    except (msgspec.DecodeError, RecursionError):
        raise _wrong("it cannot be read") from None
    if found.namespace is not None and len(found.namespace) > LONGEST_NAMESPACE:
        raise _wrong(f"`namespace` has more than {LONGEST_NAMESPACE} characters")
    # Wrong numbers are wrong whether they are needed or not.
    _ = found.life, found.oldest
    return found


def _millis(seconds: float | None, name: str) -> Millis | None:
    if seconds is None:
        return None
    if not 0 <= seconds <= LONGEST_LIFE / SECOND:
        raise _wrong(f"`{name}` is not a number of seconds from 0 to {LONGEST_LIFE // SECOND}")
    return int(seconds * SECOND)


def _wrong(problem: str) -> BadInput:
    return BadInput(
        f"`cache` is not valid: {problem}.",
        param="cache",
        hint='It takes `ttl`, `s-maxage`, `no-cache`, `no-store`, `namespace` and `use-cache`, such as {"ttl": 60}.',
    )
