"""Providers that speak OpenAI's API: a row of `settings.providers` each, and nothing else to tell them apart."""

import msgspec

from gatewright.settings.providers import PROVIDERS
from gatewright.translation.dialect import Dialect
from gatewright.upstreams.account import Account
from gatewright.upstreams.call import Way
from gatewright.upstreams.choosing import CHOOSERS
from gatewright.upstreams.endpoints import BESIDE_RESPONSES, CHAT, MESSAGES, OPENAI_ENDPOINTS, RERANK, RESPONSES


def ways(account: Account) -> dict[str, Way]:
    """Every endpoint of OpenAI's as it is; conversations in other dialects through chat completions.

    A model of `mode: responses` is asked through the responses API, whatever the client speaks.
    """
    headers = account.bearer
    row = PROVIDERS[account.provider]
    choosers = frozenset[str]() if _is_own(account) and not row.hands_on else CHOOSERS

    def way(path: str, dialect: Dialect | None = None, *, form: bool = False) -> Way:
        return Way(
            target=account.target(path, headers, form=form),
            model=account.model,
            provider=account.provider,
            dialect=dialect,
            signer=account.signer,
            drop=account.drop,
            defaults=account.defaults,
            without=frozenset(row.refuses),
            choosers=choosers,
        )

    found = {one.path: way(one.path, form=one.form) for one in OPENAI_ENDPOINTS}
    if row.rerank:
        found[RERANK.path] = way(RERANK.path)
    chat, responses = way(CHAT.path, Dialect.CHAT), way(RESPONSES.path, Dialect.RESPONSES)
    beside = {one.path: plain(way(one.path, Dialect.RESPONSES)) for one in BESIDE_RESPONSES}
    if account.params.get("mode") == "responses":
        return {**found, **beside, CHAT.path: responses, RESPONSES.path: responses, MESSAGES.path: responses}
    if row.responses and (row.api_base is None or _is_own(account)):
        return {**found, **beside, CHAT.path: chat, RESPONSES.path: responses, MESSAGES.path: chat}
    return {**found, CHAT.path: chat, RESPONSES.path: chat, MESSAGES.path: chat}


def plain(way: Way) -> Way:
    """Without what an entry says of how answers are made: these endpoints make none, and refuse it."""
    return msgspec.structs.replace(way, defaults={})


def _is_own(account: Account) -> bool:
    """Whether the provider is asked at its own address."""
    own = PROVIDERS[account.provider].api_base
    return own is not None and f"{account.api_base}/".startswith(f"{own}/")
