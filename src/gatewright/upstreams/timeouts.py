"""How long a model call may take."""

import msgspec


class Timeouts(msgspec.Struct, frozen=True):
    """Seconds. `connect`: until a connection is there, waiting for a free one included.

    `first_byte`: from the request's last byte in our hands to the answer's first (a model that reasons is slow).
    `idle`: between two pieces of an answer, while we are reading.
    """

    connect: float = 10.0
    first_byte: float = 600.0
    idle: float = 300.0
