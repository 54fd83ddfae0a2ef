"""How many files and connections this process may have open."""

import sys

if sys.platform == "win32":

    def allow_files() -> int | None:
        """No such limit is known."""
        return None

else:
    import resource

    MOST = 65_536
    """To ask for: the system's own limit may be absurd."""

    def allow_files() -> int | None:
        """Lets this process and its workers have as many as the system allows; how many, None without a limit."""
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if soft == resource.RLIM_INFINITY:
            return None
        wanted = MOST if hard == resource.RLIM_INFINITY else min(hard, MOST)
        if wanted > soft:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        return max(soft, wanted)


SPARE = 200
"""Files that are no connections of clients, and idle connections to providers."""


def most_connections(wanted: int, files: int | None) -> int:
    """How many a process may serve that may have so many `files`: one to the client and one to the provider each."""
    return wanted if files is None else max(1, min(wanted, (files - SPARE) // 2))
