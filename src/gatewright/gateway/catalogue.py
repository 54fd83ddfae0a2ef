"""The public names of this worker and what stands behind each: names, aliases and patterns (contract litellm 4.5, 4.9).

Made anew whenever a deployment comes or goes; how the deployments do is handed on.
"""

from collections.abc import Callable, Iterable, Mapping

from gatewright.domain.errors import BadInput
from gatewright.domain.model_names import is_pattern, match, specificity, spellings
from gatewright.gateway.deployment import Deployment
from gatewright.gateway.group import Group, Member
from gatewright.gateway.health import Health
from gatewright.settings.router import Alias, Router

MOST_MATCHED = 512
"""Names that patterns matched which are kept ready; about 20 KB each."""

LONGEST_MATCHED = 200
"""Characters of such a name."""

Priced = Callable[[Deployment], Deployment]
"""Adds the price that a deployment does not bring along."""


class Catalogue:
    """`healths` are kept by the deployment's id."""

    def __init__(
        self,
        deployments: Iterable[Deployment],
        router: Router,
        *,
        workers: int = 1,
        priced: Priced = lambda one: one,
        before: "Catalogue | None" = None,
    ) -> None:
        self._workers = workers
        self._priced = priced
        known = {} if before is None else before._healths
        self._healths: dict[str, Health] = {}
        self.deployments: dict[str, tuple[Deployment, ...]] = {}
        for one in deployments:
            self._healths[one.id] = known.get(one.id) or Health()
            self.deployments[one.name] = (*self.deployments.get(one.name, ()), one)
        self._groups = {
            name: Group(name, [self._member(one, alone=len(found) == 1) for one in found])
            for name, found in self.deployments.items()
            if not is_pattern(name)
        }
        self._patterns = sorted(filter(is_pattern, self.deployments), key=specificity, reverse=True)
        self._aliases: Mapping[str, Alias] = router.aliases
        self._matched: dict[str, Group | None] = {}

    def meant(self, name: str) -> str:
        """The name that `name` stands for: an alias's, or the one with its provider in front that a pattern matches."""
        if name in self._groups and name not in self._aliases:
            return name
        alias = self._aliases.get(name)
        name = name if alias is None else alias.group
        if name in self._groups:
            return name
        return next((form for form in spellings(name) if self._pattern(form) is not None), name)

    def find(self, meant: str) -> Group | None:
        """What stands behind a name that `meant` gave. Raises BadInput for one that no provider can be asked for."""
        found = self._groups.get(meant)
        if found is None and self._patterns and len(meant) <= LONGEST_MATCHED:
            found = self._matched[meant] if meant in self._matched else self._match(meant)
        return found

    def listed(self) -> list[str]:
        """Every public name that is to be seen, patterns and aliases among them."""
        hidden = {name for name, alias in self._aliases.items() if alias.hidden}
        names = [*self.deployments, *(name for name in self._aliases if name not in self.deployments)]
        return [name for name in names if name not in hidden]

    def shown(self, name: str) -> Deployment | None:
        """A deployment that stands for a name, listed or not; for one that a pattern matches the pattern's."""
        found = self.deployments.get(name) if name not in self._aliases else None
        if found is None:
            meant = self.meant(name)
            found = self.deployments.get(meant) or self.deployments.get(self._pattern(meant) or "")
        return found[0] if found else None

    def _pattern(self, name: str) -> str | None:
        """The longest pattern that matches."""
        return next((one for one in self._patterns if match(one, name) is not None), None)

    def _match(self, name: str) -> Group | None:
        pattern = self._pattern(name) if name.isprintable() else None
        found = None
        if pattern is not None:
            parts = match(pattern, name) or ()
            several = self.deployments[pattern]
            found = Group(name, [self._matching(one, name, parts, alone=len(several) == 1) for one in several])
        if len(self._matched) >= MOST_MATCHED:
            del self._matched[next(iter(self._matched))]
        self._matched[name] = found
        return found

    def _matching(self, pattern: Deployment, name: str, parts: tuple[str, ...], *, alone: bool) -> Member:
        assert pattern.for_name is not None  # noqa: S101 (its name is a pattern)
        try:
            one = pattern.for_name(name, parts)
        except BadInput as error:
            raise BadInput("The provider has no model of such a name.", param="model") from error
        return self._member(self._priced(one), alone=alone, for_pattern=True)

    def _member(self, one: Deployment, *, alone: bool, for_pattern: bool = False) -> Member:
        return Member(
            deployment=one,
            health=self._healths[one.id],
            alone=alone,
            rpm=self._share(one.terms.rpm),
            tpm=self._share(one.terms.tpm),
            for_pattern=for_pattern,
        )

    def _share(self, limit: int | None) -> int | None:
        """This worker's part of what all may use in a minute."""
        return None if limit is None else max(1, limit // self._workers) if limit else 0
