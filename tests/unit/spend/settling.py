"""A worker that settles requests and never stops: killed by test_ledger. Arguments: the journal's folder, a prefix."""

import sys
from pathlib import Path

from gatewright.spend.journal import Journal
from gatewright.storage.spend_log import SpendRow


def row(request_id: str) -> SpendRow:
    return SpendRow(
        request_id=request_id,
        started_at=1_790_000_000_000,
        duration_ms=1,
        key_id=1,
        user_pk=None,
        user_id="ada",
        model="chat",
        status=200,
        outcome="ok",
        stream=False,
        prompt_tokens=1,
        completion_tokens=2,
        metered=True,
        cost=7,
    )


def main() -> None:
    journal = Journal(Path(sys.argv[1]))
    number = 0
    while True:
        number += 1
        journal.append(row(f"{sys.argv[2]}-{number}"))
        sys.stdout.write(f"{number}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
