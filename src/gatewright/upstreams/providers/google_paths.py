"""Names in the paths and hosts of Google's APIs, checked: they come from configuration, and none may lead elsewhere."""

import re

from gatewright.domain.errors import BadInput

_MODEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,199}")
_PROJECT = re.compile(r"[A-Za-z0-9][A-Za-z0-9.:_-]{0,99}")
_LOCATION = re.compile(r"[a-z]+(?:-[a-z0-9]+)*")
LONGEST_LOCATION = 40


def model_name(text: str) -> str:
    """A model's name as one segment of a path. Raises BadInput (param `model`)."""
    if _MODEL.fullmatch(text) is None:
        raise BadInput(
            "The model's name holds a character that Google's names do not have.",
            param="model",
            hint="Write it like gemini-2.5-flash or claude-sonnet-4-5@20250929.",
        )
    return text


def project_name(text: object) -> str:
    """A project's id or number. Raises BadInput (param `vertex_project`)."""
    if not isinstance(text, str) or _PROJECT.fullmatch(text) is None:
        raise BadInput("This is not the id of a Google Cloud project.", param="vertex_project")
    return text


def location_name(text: object) -> str:
    """A region such as `europe-west4`, `us`, `eu`, or `global`. Raises BadInput (param `vertex_location`)."""
    if not isinstance(text, str) or len(text) > LONGEST_LOCATION or _LOCATION.fullmatch(text) is None:
        raise BadInput(
            "This is not a location of Google Cloud.", param="vertex_location", hint="Write it like us-east5."
        )
    return text
