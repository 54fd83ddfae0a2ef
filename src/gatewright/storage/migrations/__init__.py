"""The ordered list of schema changes, applied at start by the parent process, under a lock, in one transaction."""

HEAD = "0018"
