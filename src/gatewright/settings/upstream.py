"""Whose a model is, where it is and who asks: out of `litellm_params` and the operator's variables.

Source: contract litellm 4.4. LiteLLM sends the provider's usual variable to whatever address an entry names; here it
goes to the provider's own alone, so that no key of one company ends up at another.
"""

from collections.abc import Callable
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from gatewright.settings import keys, structures, values
from gatewright.settings.findings import Wrong, did_you_mean
from gatewright.settings.params import Members
from gatewright.settings.providers import PROVIDERS, base_of, provider_and_model, unknown_provider
from gatewright.settings.variables import Names, variables_of

RESPONSES = "responses/"
KEY, CUSTOM = "api_key", "custom_llm_provider"
OWN_SERVERS = frozenset({"localhost", "127.0.0.1"})
Variable = Callable[[str], str | None]


class Upstream(NamedTuple):
    """`params` are the entry's with what the variables gave. `credential` is the name of what signs in, for people.

    `responses`: LiteLLM's `responses/` stood before the model. `doubt` is what is odd about it, in words.
    """

    provider: str
    model: str
    api_base: str | None
    api_key: str | None
    params: Members
    credential: str | None
    responses: bool = False
    doubt: str | None = None


def find_upstream(params: Members, variable: Variable) -> Upstream:
    """Raises Wrong with the member that is missing or wrong. `variable` answers None for one that is not set."""
    provider, model = _provider(params)
    responses = model.startswith(RESPONSES)
    given = params.get("api_base") or params.get("base_url")
    plain = _plain(variables_of(provider).plain, params, variable)
    own = PROVIDERS[provider].api_base
    api_base = _base(provider, given or plain.get("api_base"))
    filled = {**plain, **params}
    credential, doubt = _given_credential(provider, params), None
    if credential is None:
        way, name = _way(provider, variable)
        if way and given and own and not _same_owner(api_base, own):
            meant = f"write {next(iter(way))}: os.environ/{name} when that is meant"
            doubt = f"has no credential, and {name} is not used at another address than the provider's: {meant}"
        else:
            filled, credential = {**filled, **way}, name
    key = filled.get(KEY)
    return Upstream(
        provider=provider,
        model=model.removeprefix(RESPONSES),
        api_base=api_base,
        api_key=None if key is None else structures.at(f".{KEY}", structures.text, key) or None,
        params=filled,
        credential=credential,
        responses=responses,
        doubt=doubt,
    )


def _provider(params: Members) -> tuple[str, str]:
    text = params["model"]
    if params.get(CUSTOM) is not None:
        custom = structures.at(f".{CUSTOM}", structures.name, params[CUSTOM])
        if custom not in PROVIDERS:
            raise _unsupported(custom, f".{CUSTOM}")
        return custom, text.removeprefix(f"{custom}/")
    stranger = unknown_provider(text)
    given = params.get("api_base") or params.get("base_url")
    # Where the address is given, an unknown part may be the model's: `meta-llama/...`.
    if stranger is not None and (not given or keys.find("provider", stranger) is not None):
        raise _unsupported(stranger, ".model")
    return provider_and_model(text)


def _unsupported(name: str, at: str) -> Wrong:
    meant = did_you_mean(name, PROVIDERS)
    how = f"Did you mean {meant}? " if meant else ""
    fix = f"{how}Supported are {', '.join(PROVIDERS)}; others work as openai/<name> with api_base"
    return Wrong(f"the provider {name!r} is not supported | {fix}", at)


def _base(provider: str, given: Any) -> str | None:
    base = base_of(provider, None if given is None else structures.at(".api_base", structures.text, given))
    if base is None and PROVIDERS[provider].regional:
        return None
    if base is None:
        raise Wrong("it is missing | Give the URL up to and with /v1", ".api_base")
    return structures.at(".api_base", values.url, base).rstrip("/")


def _plain(names: Names, params: Members, variable: Variable) -> Members:
    found = {member: _first(variables, variable)[0] for member, variables in names.items() if member not in params}
    return {member: value for member, value in found.items() if value is not None}


def _way(provider: str, variable: Variable) -> tuple[Members, str | None]:
    """The first way to sign in that the variables hold, and the variable that it begins with."""
    for way in variables_of(provider).credentials:
        found = {member: _first(names, variable) for member, names in way.items()}
        first, name = next(iter(found.values()))
        if first is not None:
            return {member: value for member, (value, _) in found.items() if value is not None}, name
    return {}, None


def _first(names: tuple[str, ...], variable: Variable) -> tuple[str | None, str | None]:
    return next(((value, name) for name in names if (value := variable(name)) is not None), (None, None))


def _given_credential(provider: str, params: Members) -> str | None:
    members = [member for way in variables_of(provider).credentials for member in way]
    return next((member for member in (KEY, *members) if params.get(member)), None)


def _same_owner(url: str | None, own: str) -> bool:
    """Whether an address belongs to whom the provider's own does; a server of one's own may be anywhere."""
    host, home = urlsplit(url or "").hostname or "", urlsplit(own).hostname or ""
    if home in OWN_SERVERS:
        return True
    domain = ".".join(home.split(".")[-2:])
    return urlsplit(url or "").scheme == "https" and (host == home or host.endswith(f".{domain}"))
