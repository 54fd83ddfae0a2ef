"""Where a browser may be sent after sign-in: paths of our own pages, nothing else."""

from urllib.parse import unquote

START = "/ui/"
MAX_CHARS = 2048
# Sending somebody there after a sign-in would start over, or sign them out.
LOOPS = ("/sso", "/session", "/signed-out", "/fallback", "/login", "/logout", "/application", "/if")


def safe_return_to(text: str | None) -> str:
    """The path when it is one of ours, else the dashboard's start.

    A path starts with exactly one slash and holds printable ASCII without backslashes: browsers read two slashes, a
    slash and a backslash, and a slash and a tab as the start of another host.
    """
    if not text or len(text) > MAX_CHARS or not text.startswith("/") or text.startswith("//"):
        return START
    if any(not "!" <= char <= "~" or char in '\\"<>^`{|}' for char in text):
        return START
    path = unquote(text.partition("?")[0].partition("#")[0])
    if "\\" in path or path.startswith("//") or any(not char.isprintable() for char in path):
        return START
    # Browsers take these away before they ask, and may end at one of the next.
    if any(segment in (".", "..") for segment in path.split("/")):
        return START
    if any(path == loop or path.startswith(f"{loop}/") for loop in LOOPS):
        return START
    return text
