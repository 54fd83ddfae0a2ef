"""What the API needs of the models: which names a caller may use."""

from collections.abc import Sequence
from typing import Protocol

from gatewright.domain.keys import Principal


class Catalogue(Protocol):
    """The models that are there now."""

    def names(self, principal: Principal) -> Sequence[str]:
        """The public names that the caller may use, each once."""
        ...
