"""Compiles requirements/*.txt, pinned with hashes for every supported Python, from pyproject.toml.

Needs `uv` on PATH. The files name no index, so that any mirror serves them.
"""

from __future__ import annotations

import subprocess
import sys

COMMON = [
    "uv",
    "pip",
    "compile",
    "--quiet",
    "--universal",
    "--python-version",
    "3.11",
    "--generate-hashes",
    "--no-emit-index-url",
    "--no-annotate",
    "--no-header",
]
SETS = {
    "cli": ["pyproject.toml"],
    "server": ["pyproject.toml", "--extra", "server"],
    "saml": ["pyproject.toml", "--extra", "saml", "--constraint", "requirements/server.txt"],
    "build": ["--group", "build", "--constraint", "requirements/server.txt"],
    "dev": [
        "--group",
        "dev",
        "--constraint",
        "requirements/server.txt",
        "--constraint",
        "requirements/saml.txt",
        "--constraint",
        "requirements/build.txt",
    ],
}


def main() -> None:
    for name, arguments in SETS.items():
        done = subprocess.run([*COMMON, *sys.argv[1:], *arguments, "-o", f"requirements/{name}.txt"], check=False)
        if done.returncode != 0:
            sys.exit(done.returncode)


if __name__ == "__main__":
    main()
