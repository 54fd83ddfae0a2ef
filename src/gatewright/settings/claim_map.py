"""Which claims are kept with a person for attribution: CLI_SSO_CLAIM_MAP (contract litellm 2.6)."""

import re

from gatewright.domain.errors import SettingInvalid
from gatewright.settings import sign_in_values
from gatewright.settings.findings import Finding
from gatewright.settings.reader import ENVIRONMENT, Reader
from gatewright.settings.setting import Setting

Pairs = tuple[tuple[str, str], ...]
"""From where, to where: a path to a claim, and the dotted path in the person's metadata."""

OWN_FIELDS = ("id", "email", "first_name", "last_name", "display_name", "provider", "user_role")
"""What a source may name besides GENERIC_USER_EXTRA_ATTRIBUTES: what the sign-in itself found out."""

DESTINATION = re.compile(r"[A-Za-z0-9_.\-]+", re.ASCII)
# `token` and `secret` are more than LiteLLM's code looks for, and what its documents promise.
SECRET_WORDS = ("token", "secret", "password", "api_key", "private_key")

EXTRA = Setting(
    "extra_attributes",
    ("GENERIC_USER_EXTRA_ATTRIBUTES",),
    "Claims that `CLI_SSO_CLAIM_MAP` may take from, separated by commas; dots for nested claims.",
    sign_in_values.names,
    (),
    default_doc="–",
)
CLAIM_MAP = Setting(
    "claim_map",
    ("CLI_SSO_CLAIM_MAP", "LITELLM_CLI_SSO_CLAIM_MAP"),
    "What is kept of a person's claims in their metadata at each sign-in: `claim->place`, separated by commas. A place "
    "is a dotted path; one that holds `token`, `secret`, `password`, `api_key` or `private_key` is refused. Only text "
    "up to 1024 characters, numbers, true and false are kept, and nothing that looks like a JSON Web Token.",
)


def read_claim_map(reader: Reader) -> tuple[tuple[str, ...], Pairs]:
    """The claims that may be taken, and where each goes. Pairs that are refused are left out with a warning.

    Raises SettingInvalid where both names of the map are set and differ.
    """
    extra: tuple[str, ...] = reader.value(EXTRA)
    texts = {name: found for name in CLAIM_MAP.env if (found := reader.variable(name)) is not None}
    if len(set(texts.values())) > 1:
        raise SettingInvalid(
            CLAIM_MAP.env[0],
            source=ENVIRONMENT,
            problem=f"it and {CLAIM_MAP.env[1]} say different things",
            fix="Set one of them, or both alike",
        )
    name = next(iter(texts), CLAIM_MAP.env[0])
    pairs, warnings = parse(texts.get(name, ""))
    warnings += [
        f"{source} is not in {EXTRA.env[0]}, so nothing is kept of it"
        for source, _ in pairs
        if not _is_reachable(source, extra)
    ]
    reader.findings += [Finding("doubt", name, f"{name}: {warning}") for warning in warnings]
    if extra and not texts:
        text = f"{EXTRA.env[0]} has no effect without {CLAIM_MAP.env[0]}, which says where its claims are kept"
        reader.findings.append(Finding("doubt", EXTRA.env[0], text))
    return extra, pairs


def parse(text: str) -> tuple[Pairs, list[str]]:
    """The pairs of a map, and in words those that were left out. Total: no text raises."""
    pairs: list[tuple[str, str]] = []
    warnings: list[str] = []
    for part in filter(None, (part.strip() for part in text.split(","))):
        source, _, destination = (half.strip() for half in part.partition("->"))
        destination = destination.removeprefix("metadata.")
        problem = _problem(source, destination, [place for _, place in pairs])
        if problem is None:
            pairs.append((source, destination))
        else:
            warnings.append(f"{part[:100]!r} is left out: {problem}")
    return tuple(pairs), warnings


def _problem(source: str, destination: str, taken: list[str]) -> str | None:
    if not source or not destination:
        return "it is not claim->place"
    if DESTINATION.fullmatch(destination) is None or not all(destination.split(".")):
        return "a place has letters, digits, _ and -, with dots between"
    if any(word in destination.lower() for word in SECRET_WORDS):
        return "its place is named like a secret"
    if any(f"{destination}.".startswith(f"{one}.") or f"{one}.".startswith(f"{destination}.") for one in taken):
        return "another pair has that place already"
    return None


def _is_reachable(source: str, extra: tuple[str, ...]) -> bool:
    return source in (*extra, *OWN_FIELDS) or any(source.startswith(f"{one}.") for one in extra)
