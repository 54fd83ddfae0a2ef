"""What is said of an expression before it is saved, and how a text that lost its shape is mended."""

import hypothesis
import hypothesis.strategies as st
import pytest
from tests.unit.idp.test_expressions import CORPUS, FACTS, SEED

from gatewright.idp.expressions.engine import Expressions
from gatewright.idp.expressions.inspection import inspect
from gatewright.idp.expressions.mending import mend
from gatewright.idp.expressions.reading import check
from gatewright.idp.expressions.vocabulary import BUILTINS, FUNCTIONS

pytestmark = pytest.mark.anyio
ROLE = "LiteLLM"


@pytest.mark.parametrize("text", CORPUS.values(), ids=CORPUS.keys())
def test_nothing_is_said_against_what_works(text: str) -> None:
    found = [finding for finding in inspect(text).findings if finding.code != "protocol_claim"]
    assert found == []


@pytest.mark.parametrize(
    ("text", "level", "code", "line", "column", "words"),
    [
        ("x = 1\ny = = 2", "error", "syntax", 2, 5, "SyntaxError"),
        ("x = 1\nreturn {'a': usr.name}", "error", "unknown_name", 2, 14, "Did you mean user?"),
        ("return {'a': ak_is_group_membr(user, name='x')}", "error", "unknown_name", 1, 14, "ak_is_group_member?"),
        ("return {'a': zzz}", "error", "unknown_name", 1, 14, "zzz is not known."),
        ("return {'a': requests.get('x')}", "error", "refused", 1, 14, "no network"),
        ("import os\nreturn {}", "error", "refused", 1, 1, "no files"),
        ("yield 1\nreturn {}", "error", "refused", 1, 1, "SAML"),
        ("return {'a': request.user.emial}", "error", "unknown_attribute", 1, 14, "Did you mean email?"),
        ("return {'a': user.socialaccount_set.all()}", "error", "unknown_attribute", 1, 14, "no socialaccount_set"),
        ("return {'a': user.groups.all().fist()}", "error", "unknown_attribute", 1, 14, "first?"),
        ("return {'a': user.all_groups().first().nmae}", "error", "unknown_attribute", 1, 14, "name?"),
        ("if ak_is_group_member(user, nmae='x'):\n    pass\nreturn {}", "error", "unknown_attribute", 1, 29, "name?"),
        ("return {'a': user.groups.filter(titel__in=['x']).count()}", "error", "unknown_attribute", 1, 33, "titel"),
        ("return {'sub': 1}", "error", "protocol_claim", 1, 9, "sub is the protocol's own"),
        ("c = {}\nc['aud'] = 'x'\nreturn c", "error", "protocol_claim", 2, 3, "aud"),
        ("return dict(scope='x')", "error", "protocol_claim", 1, 19, "scope"),
        ("if user:\n    return 'admin'\nreturn {}", "warning", "not_a_dict", 2, 12, "the constant 'admin'"),
        ("return [1]", "warning", "not_a_dict", 1, 8, "a list"),
        ("x = sorted(['a'])\nreturn x", "warning", "not_a_dict", 2, 8, "a list"),
        ("return ak_is_group_member(user, name='x')", "warning", "not_a_dict", 1, 8, "true or false"),
        ("return {'a': 1} if user else f'{user}'", "warning", "not_a_dict", 1, 8, "a text"),
        ("x = {'a': 1}", "warning", "returns_nothing", 1, None, "gives no claim"),
    ],
)
def test_a_finding_has_its_place_and_its_words(
    text: str, level: str, code: str, line: int, column: int | None, words: str
) -> None:
    [found] = inspect(text).findings
    assert (found.level, found.code, found.line, found.column) == (level, code, line, column)
    assert words in found.message


@pytest.mark.parametrize(
    "text",
    [
        "return None",
        "return",
        "if user:\n    return {}\nreturn None",
        "x = {}\nx = user.attributes\nreturn x",
        "def f(user):\n    return user.whatever\nreturn {'a': 1}",
        "user = {}\nreturn user.get('x')",
        "try:\n    a = 1\nexcept ValueError as error:\n    a = str(error)\nreturn {'a': a}",
        "return {k: v for k, v in user.attributes.items()}",
        "match user.type:\n    case x:\n        return {'a': x}",
        "return {'a': (lambda y: y)(1), 'b': [z for z in 'ab']}",
    ],
)
def test_what_may_be_right_is_not_blamed(text: str) -> None:
    assert inspect(text).findings == ()


def test_everything_is_said_at_once_in_the_order_of_the_lines() -> None:
    found = inspect("x = nope\nreturn {'sub': requests, 'aud': user.nope}").findings
    assert [(one.line, one.code) for one in found] == [
        *((1, "unknown_name"), (2, "protocol_claim"), (2, "refused"), (2, "protocol_claim"), (2, "unknown_attribute"))
    ]


async def test_every_known_name_is_there_in_the_sandbox() -> None:
    runs = Expressions()
    names = ", ".join((*BUILTINS, *FUNCTIONS))
    outcome = await runs.evaluate(f"x = [{names}]\nreturn {{'n': len(x)}}", FACTS)
    assert outcome.claims == {"n": len(BUILTINS) + len(FUNCTIONS)}
    await runs.close()


CURLY = SEED.replace('"', "\u201c", 1).replace('"', "\u201d", 1)
DEEP = """claims = {}
for group in user.groups.all():
    if group.name == "a":
        claims["x"] = 1
try:
    n = int(user.attributes["n"])
except (KeyError, ValueError):
    n = 0
if user.is_superuser:
    return {
        "a": 1,
    }
elif n:
    return {"a": 2}
else:
    return claims
"""
FUNCTION = """def role(name):
    if ak_is_group_member(user, name=name):
        return "yes"
    return "no"
return {"a": role("x")}
"""
MATCH = """match user.type:
    case "internal":
        return {"a": 1}
    case _:
        return {"a": 2}
"""


def flat(text: str) -> str:
    return "\n".join(line.strip() for line in text.splitlines())


@pytest.mark.parametrize("text", [SEED, DEEP, FUNCTION, MATCH], ids=["seed", "deep", "function", "match"])
def test_lost_indentation_is_found_again(text: str) -> None:
    found = inspect(flat(text))
    assert found.first_error is not None
    assert found.mended is not None
    assert [line.split() for line in found.mended.splitlines()] == [line.split() for line in text.splitlines()]
    widths = [len(line) - len(line.lstrip()) for line in found.mended.splitlines() if line.strip(" )}],")]
    assert widths == [len(line) - len(line.lstrip()) for line in text.splitlines() if line.strip(" )}],")]
    assert check(found.mended) is None


@pytest.mark.parametrize(
    "text",
    [
        CURLY,
        SEED.replace("    ", "\tpass\n        "),
        SEED.replace("    ", "\tpass\n    "),
        SEED.replace("    ", "\u00a0\u00a0\u00a0\u00a0"),
        SEED.replace(" ", "\u2003"),
        f"```python\n{SEED}```\n",
        "\ufeff" + SEED.replace("if ", "if\u200b ", 1),
        "if ak_is_group_member(request.user, name=\u2018admins\u2019):\r\n"
        "return {\u201clitellm_role\u201d: \u201cproxy_admin\u201d}\r\n"
        "return {\u201clitellm_role\u201d: \u201cinternal_user\u201d}",
    ],
    ids=["curly", "tabs", "narrow tabs", "non-breaking", "em spaces", "fence", "invisible", "all of it"],
)
async def test_a_mended_text_means_what_it_meant(text: str) -> None:
    mended = inspect(text).mended
    assert mended is not None
    runs = Expressions()
    assert (await runs.evaluate(mended, FACTS)).claims == {"litellm_role": "proxy_admin"}
    await runs.close()


def test_a_margin_on_all_lines_but_the_first_is_taken_off() -> None:
    assert (
        mend('x = 1\n    if x:\n        return {"a": 1}\n    return {}')
        == 'x = 1\nif x:\n    return {"a": 1}\nreturn {}\n'
    )


@pytest.mark.parametrize("text", ["return {", "x = = 1", "", "if if:\nreturn 1", ")" * 9, "return 'a' 'b\n"])
def test_what_cannot_be_mended_is_left_alone(text: str) -> None:
    assert mend(text) is None


def test_what_parses_is_never_mended_not_even_its_texts() -> None:
    assert mend("return {'a': '\u201cquoted\u201d'}") is None


@hypothesis.given(text=st.text(alphabet="ifelsrtun:()[]{}'\"\n \t#\\x=1\u201c\u00a0\ufeff", max_size=60))
def test_any_text_is_inspected_without_an_accident(text: str) -> None:
    found = inspect(text)
    if found.mended is not None:
        assert check(found.mended) is None
