"""The deployments behind one public name, in the order in which they may be asked."""

from collections.abc import Iterable, Sequence

import msgspec

from gatewright.domain.errors import BadInput
from gatewright.gateway.deployment import Deployment
from gatewright.gateway.health import Health

DEFAULT_TAG = "default"


class Member(msgspec.Struct, frozen=True, eq=False):
    """A deployment in its group. `alone`: nobody else is in it. `rpm` and `tpm` are this worker's share.

    `for_pattern`: it serves a name that a pattern matched, so that a model that is missing there says nothing of it.
    """

    deployment: Deployment
    health: Health
    alone: bool = True
    rpm: int | None = None
    tpm: int | None = None
    for_pattern: bool = False

    def is_full(self, now: float) -> bool:
        """Whether it has had what it may get in this minute."""
        if self.rpm is None and self.tpm is None:
            return False
        return self.health.is_full(self.rpm, self.tpm, now)


class Group:
    """`tiers` are the members by their `order`. `alone`: there is nobody else to ask."""

    __slots__ = ("_has_tags", "alone", "members", "name", "tiers")

    def __init__(self, name: str, members: Iterable[Member]) -> None:
        self.name = name
        self.members = tuple(members)
        self.alone = len(self.members) == 1
        self.tiers = _tiers(self.members)
        self._has_tags = any(member.deployment.terms.tags for member in self.members)

    def for_tags(self, tags: Sequence[str]) -> "Group":
        """Those whose tags fit: one of the plain `tags` at least, every `&tag`, and no `!tag`.

        Without plain tags, or when nobody has one of them, those tagged `default`; a request without any tag may have
        everybody where nobody is tagged so. Tags mean nothing where no deployment has one. Raises BadInput when nobody
        is left.
        """
        if not self._has_tags and not any(tag.startswith("&") for tag in tags):
            return self
        plain = {tag for tag in tags if not tag.startswith(("&", "!"))}
        needed = {tag[1:] for tag in tags if tag.startswith("&")}
        barred = {tag[1:] for tag in tags if tag.startswith("!")}
        fitting = [
            member
            for member in self.members
            if needed <= member.deployment.terms.tags and not barred & member.deployment.terms.tags
        ]
        defaults = [member for member in fitting if DEFAULT_TAG in member.deployment.terms.tags]
        if plain:
            found = [member for member in fitting if plain & member.deployment.terms.tags] or defaults
        else:
            found = fitting if needed else defaults or fitting
        if not found:
            raise NobodyForTags(param="tags")
        return self if len(found) == len(self.members) else Group(self.name, found)


class NobodyForTags(BadInput):
    code = "no_deployment_for_tags"
    summary = "Behind this model name there is nothing for the tags of the request."


def _tiers(members: tuple[Member, ...]) -> tuple[tuple[Member, ...], ...]:
    orders = {member.deployment.terms.order for member in members}
    if len(orders) < 2:
        return (members,)
    known = sorted(order for order in orders if order is not None)
    return tuple(
        tuple(member for member in members if member.deployment.terms.order == order)
        for order in (*known, *([None] if None in orders else []))
    )
