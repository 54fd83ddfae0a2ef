"""Anthropic's own API, and servers that speak it. Source: Anthropic API reference, "Authentication" and "Messages"."""

from collections.abc import Mapping
from typing import Any

from gatewright.translation.dialect import Dialect
from gatewright.upstreams.account import Account
from gatewright.upstreams.call import Way
from gatewright.upstreams.endpoints import CHAT, COUNT_TOKENS, MESSAGES, RESPONSES
from gatewright.upstreams.presets import presets_of

VERSION = ((b"anthropic-version", b"2023-06-01"),)
"""For clients that name none."""

OAUTH_KEY = "sk-ant-oat"
OAUTH_BETA = "oauth-2025-04-20"
"""Tells Anthropic that the key is a person's token, as Claude Code has it. A client's own betas go beside it."""

SHARED = {
    "max_tokens": "max_tokens",
    "max_completion_tokens": "max_tokens",
    "temperature": "temperature",
    "top_p": "top_p",
    "top_k": "top_k",
    "stop": "stop_sequences",
    "thinking": "thinking",
}
"""Options of an entry that mean something to every caller, and Anthropic's names of them."""


def ways(account: Account) -> dict[str, Way]:
    """Messages and their counting as they are, the other conversations translated.

    The address may end in `/v1` or `/v1/messages`, or in neither. Raises BadInput (param `api_base`, or an option).
    """
    base = account.api_base.rstrip("/").removesuffix("/messages").removesuffix("/v1")
    credential = _credential(account)

    def way(path: str, **more: Any) -> Way:
        return Way(
            target=account.target(f"/v1{path}", credential, api_base=base),
            model=account.model,
            provider=account.provider,
            signer=account.signer,
            drop=account.drop,
            headers=VERSION,
            **more,
        )

    native, translation = options_of(account.defaults)
    translated = way(MESSAGES.path, dialect=Dialect.MESSAGES, **translation)
    return {
        MESSAGES.path: way(MESSAGES.path, dialect=Dialect.MESSAGES, **native),
        CHAT.path: translated,
        RESPONSES.path: translated,
        COUNT_TOKENS.path: way(COUNT_TOKENS.path),
    }


def options_of(usual: Mapping[str, object]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Of a way for messages as they are, and of one for what is translated: the members that carry an entry's options.

    Raises BadInput naming the option that is wrong.
    """
    presets = presets_of(usual)
    # Names that OpenAI's dialect does not know are Anthropic's.
    own = {} if presets is None else {name: usual[name] for name in presets.unknown if name in usual}
    native = {**own, **{SHARED[name]: value for name, value in usual.items() if name in SHARED}}
    others = presets_of({name: value for name, value in usual.items() if name not in own})
    return {"defaults": native}, {"defaults": own, "presets": others}


def _credential(account: Account) -> dict[str, str]:
    key = account.api_key
    if key is not None and key.startswith(OAUTH_KEY):
        return {**account.bearer, "anthropic-beta": OAUTH_BETA}
    return {} if key is None else {"x-api-key": key}
