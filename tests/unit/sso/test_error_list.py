"""docs/errors.md lists every code with which a sign-in is refused, and no other."""

import ast
import tomllib
from collections.abc import Iterator
from pathlib import Path

from tests.unit.sso.attacks import ATTACKS

ROOT = Path(__file__).parents[3]
LISTED = {
    code for section in tomllib.loads((ROOT / "scripts/sign_in_errors.toml").read_text()).values() for code in section
}
REFUSALS = {"LoginRefused", "TokenInvalid", "MetadataInvalid", "ProviderFailed", "ProviderRefused", "StateInvalid"}
REFUSALS |= {"SamlRefused", "SignerUnknown"}
ROOMS = ("sso", "oidc")
# Claims that only make a claim not count; tokens of other kinds, which no sign-in meets.
ELSEWHERE = ("access_token_", "logout_")


def raised() -> Iterator[str]:
    """The first argument of every refusal that is made in the rooms of the sign-in."""
    for room in ROOMS:
        for path in (ROOT / "src/gatewright" / room).rglob("*.py"):
            if "bearer" in path.parts:
                continue  # tokens at the API have a list of their own
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in REFUSALS:
                    first = node.args[0] if node.args else None
                    if isinstance(first, ast.Constant):
                        yield str(first.value)


def test_every_code_of_the_code_is_listed() -> None:
    codes = {code for code in raised() if not code.startswith(ELSEWHERE)}
    assert len(codes) > 40
    assert codes - LISTED == set()


def test_every_attack_has_a_code_that_is_listed() -> None:
    assert {attack.code for attack in ATTACKS} - LISTED == set()
