"""How often a password may be guessed."""

import msgspec

from gatewright.domain.clock import MINUTE, Millis


class GuessLimits(msgspec.Struct, frozen=True):
    """Wrong passwords in `window` after which an account, or an address, is refused.

    `block` is how long from then on; None until the window ends. By account low enough that guessing is hopeless, by
    address high enough for an office behind one address.
    """

    by_account: int = 8
    by_address: int = 40
    window: Millis = 5 * MINUTE
    block: Millis | None = None
