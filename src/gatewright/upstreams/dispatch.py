"""Which kind of call a request becomes on its way to a deployment."""

from gatewright.domain.errors import BadInput
from gatewright.upstreams.body import Prepared
from gatewright.upstreams.call import Call, Opening, Way
from gatewright.upstreams.coded import Coded
from gatewright.upstreams.endpoints import COMPACT
from gatewright.upstreams.form import Form, FormCall
from gatewright.upstreams.passing import PassThrough
from gatewright.upstreams.translated import Translated

# Codex asks for this when its provider is named OpenAI, and gives the turn up when it is refused.
COMPACT_HINT = "Compact on the client: Codex does when `name` in its `model_providers` entry is another than OpenAI."

Body = Prepared | Form
"""A request that was looked into."""


class EndpointNotServed(BadInput):
    code = "endpoint_not_supported"
    summary = "The model behind this name has no such endpoint."


def open_call(way: Way | None, asked: Body, opening: Opening) -> Call:
    """The call. Raises EndpointNotServed, and BadInput for what cannot be carried."""
    if way is None:
        raise EndpointNotServed(
            f"The model {asked.model!r} cannot be asked at {opening.endpoint.path}: its provider has no such endpoint.",
            param="model",
            hint=COMPACT_HINT if opening.endpoint is COMPACT else None,
        )
    if not isinstance(asked, Prepared):
        return FormCall(way, asked, opening)
    if way.codec is not None:
        return Coded(way, asked, opening, way.codec)
    dialect = opening.endpoint.dialect
    if dialect is None or way.dialect is dialect:
        return PassThrough(way, asked, opening)
    return Translated(way, asked, opening, dialect)
