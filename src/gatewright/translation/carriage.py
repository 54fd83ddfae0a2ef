"""What a request loses on its way to another dialect: refused by name, or dropped and noted. Never silent."""

from gatewright.domain.errors import BadInput
from gatewright.translation.model import Request

_MODEL = frozenset(Request.__struct_fields__)


class CannotCarry(BadInput):
    code = "unsupported_parameter"
    summary = "The model behind this name has no counterpart of a parameter."


class Carriage:
    """One request's way to another dialect. `drop` is LiteLLM's `drop_params`.

    `where` names the dialect for people, `provider` is the provider's name in `settings.providers`, empty when it is
    not known: of one dialect not all take the same. `files` are the beginnings of addresses of the cloud's own storage
    that callers may name. `dropped` lists what was left out.
    """

    def __init__(
        self, request: Request, *, drop: bool, where: str, provider: str = "", files: tuple[str, ...] = ()
    ) -> None:
        self._request = request
        self._drop = drop
        self._where = where
        self.provider = provider
        self._files = files
        self.dropped: list[str] = []

    def lose(self, member: str, why: str | None = None) -> None:
        """`member` of the request model (or a parameter's own name) cannot be carried.

        Raises CannotCarry naming the parameter as the caller wrote it, unless it only hints or such parameters are to
        be dropped.
        """
        param = self._request.asked_as.get(member, member)
        if not self._drop and member not in self._request.hints:
            raise CannotCarry(
                f"`{param}` cannot be sent to this model: {why or self._reason(member)}.",
                param=param,
                hint="Leave it out, or set drop_params for this model.",
            )
        self.let_go(param)

    def _reason(self, member: str) -> str:
        return self._request.because.get(member, f"{self._where} has no counterpart")

    def must(self, member: str, why: str) -> CannotCarry:
        """The error for something without which the request would mean something else: dropping is no choice."""
        param = self._request.asked_as.get(member, member)
        return CannotCarry(f"`{param}` cannot be sent to this model: {why}.", param=param)

    def check_file(self, uri: str) -> None:
        """Raises CannotCarry for a file that the provider would read with the gateway's own credential, unless an
        administrator lets callers name it: else anybody could have the model tell what is in the operator's storage.
        """
        if not uri.startswith(self._files):
            raise self.must(
                "messages",
                f"{uri[:100]!r} among them would be read with the gateway's own credential; send the data, or ask an "
                f"administrator to set allowed_file_uris for this model",
            )

    def let_go(self, param: str) -> None:
        """A parameter that only hints: left out and noted."""
        if param not in self.dropped:
            self.dropped.append(param)

    def carry(self, members: frozenset[str]) -> None:
        """Loses every member that the caller set, and every unknown one, that is not among `members`.

        An unknown one that is called like a member of the model is something else all the same.
        """
        for member in self._request.asked_as:
            if member not in members:
                self.lose(member)
        for name in self._request.unknown:
            if name not in members or name in _MODEL:
                self.lose(name)
