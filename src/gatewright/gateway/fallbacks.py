"""Which other models are asked when one fails: LiteLLM's fallbacks as pure functions (contract litellm 4.5).

By the kind of failure first, then by model, then for every model (`*`, `default_fallbacks`).
"""

from collections.abc import Sequence

from gatewright.gateway.faults import Fault
from gatewright.gateway.wishes import Wishes
from gatewright.settings.router import Fallbacks, Router

EVERY = "*"


def fallbacks_of(names: Sequence[str], fault: Fault, router: Router, wishes: Wishes) -> tuple[str, ...]:
    """The models to ask, in order. `names` are those of the model that failed, the one that was asked for first."""
    if wishes.no_fallbacks:
        return ()
    if wishes.fallbacks:
        return wishes.fallbacks
    special = _special(fault, router, wishes)
    found = _lookup(special, names) if special else None
    if found is None:
        table = router.fallbacks if wishes.fallback_table is None else wishes.fallback_table
        found = _lookup(table, names) if table else None
    return router.default_fallbacks if found is None else found


def screens(names: Sequence[str], router: Router, wishes: Wishes) -> bool:
    """Whether an answer that a content filter took away is made good by another model: one that is named for that."""
    table = None if wishes.no_fallbacks else _special(Fault.CONTENT_POLICY, router, wishes)
    return table is not None and _lookup(table, names) is not None


def _special(fault: Fault, router: Router, wishes: Wishes) -> Fallbacks | None:
    if fault is Fault.CONTEXT_WINDOW:
        own, usual = wishes.context_window_fallbacks, router.context_window_fallbacks
    elif fault is Fault.CONTENT_POLICY:
        own, usual = wishes.content_policy_fallbacks, router.content_policy_fallbacks
    else:
        return None
    return usual if own is None else own


def _lookup(table: Fallbacks, names: Sequence[str]) -> tuple[str, ...] | None:
    """By a name, by one without its provider in front, or for every model."""
    for name in (*names, *(name.partition("/")[2] for name in names if "/" in name), EVERY):
        if name in table:
            return table[name]
    return None
