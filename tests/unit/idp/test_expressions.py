"""Authentik's expressions run unchanged, and whatever attacks the server does not reach it."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import msgspec
import pytest

from gatewright.idp import expression_prelude, expressions
from gatewright.idp.expressions import ExpressionProvider, Expressions, ExpressionUser, GroupFacts, Outcome

pytestmark = pytest.mark.anyio

ALICE = ExpressionUser(
    pk=7,
    uuid="1b4e28ba-2fa1-11d2-883f-0016d3cca427",
    uid="ab" * 32,
    username="alice",
    name="Alice Ann Smith",
    email="alice@corp.example",
    email_verified=True,
    is_active=True,
    attributes={"upn": "alice@ad", "roles": "x ", "email_verified": True, "nested": {"b": "deep"}},
    groups=(
        GroupFacts(
            "tenant_red",
            "g-1",
            direct=True,
            parents=("admins",),
            attributes={"quota": "5GB", "nested": {"a": {"b": 1}}},
        ),
        GroupFacts("writers", "g-2", direct=True, attributes={"quota": "9GB", "aws_role": "dev"}),
        GroupFacts("admins", "g-3", direct=False, is_superuser=True),
    ),
)
PROVIDER = ExpressionProvider(name="LiteLLM Provider", client_id="litellm", application_name="LiteLLM", slug="litellm")
SCOPES = ("openid", "profile", "litellm_role")

SEED = """if ak_is_group_member(request.user, name="admins"):
    return {"litellm_role": "proxy_admin"}
return {"litellm_role": "internal_user"}
"""

# The kinds of the Authentik contract, 2.4, by number.
CORPUS = {
    "1 constant": 'return {"policy": "readwrite"}',
    "2 seed": SEED,
    "3 list and None": """if ak_is_group_member(request.user, name="nobody"):
    return {"policy": ["admin"]}
elif ak_is_group_member(request.user, name="writers"):
    return {"policy": ["readwrite", "diagnostics"]}
else:
    return None
""",
    "4 concatenation": 'return {"email": request.user.username + "@litellm.local"}',
    "5 group names": 'return {"groups": [group.name for group in request.user.ak_groups.all()]}',
    "5 new name": 'return {"groups": [group.name for group in request.user.groups.all()]}',
    "6 sets": """names = {g.name for g in user.ak_groups.all()}
return {"tenants": sorted(names & {"tenant_red", "tenant_blue"})}
""",
    "7 filter": 'return {"t": [g.name[7:] for g in user.ak_groups.filter(name__startswith="tenant_")]}',
    "8 exists": """if user.ak_groups.filter(name="writers").exists():
    role = "Editor"
elif user.ak_groups.filter(name="admins").exists():
    role = "Admin"
else:
    role = "Viewer"
return {"role": role}
""",
    "9 items": """claims = {}
if request.user.ak_groups.filter(name="writers").exists():
    claims["gitea"] = "user"
if ak_is_group_member(request.user, name="admins"):
    claims["gitea"] = "admin"
return claims
""",
    "10 append": """groups = [group.name for group in user.ak_groups.all()]
if user.is_superuser and "admin" not in groups:
    groups.append("admin")
return {"name": request.user.name, "groups": groups, "quota": user.group_attributes().get("nextcloud_quota", None)}
""",
    "11 group attributes": 'return {"quota": user.group_attributes().get("quota", "1GB")}',
    "12 chained": 'return {"proxy": {"attributes": user.group_attributes(request).get("nested", {}).get("b", None)}}',
    "13 or": 'return {"nick": user.attributes.get("nick") or user.attributes.get("upn")}',
    "14 uuid": 'return {"sub_uuid": str(user.uuid)}',
    "15 normalise": """v = user.attributes.get("roles")
if isinstance(v, str):
    v = [v]
return {"roles": sorted({str(x).strip() for x in list(v or []) if x})}
""",
    "16 any": """names = [g.name for g in user.ak_groups.all()]
return {
    "ok": any(g in names for g in ["writers", "x"]),
    "in": any(ak_is_group_member(request.user, name=g) for g in ["x", "admins"]),
}
""",
    "17 split": """parts = request.user.name.split(" ")
return {"given_name": parts[0], "family_name": " ".join(parts[1:])}
""",
    "18 union": 'return {"all": sorted(list(set(["a"] + ["a", "b"])))}',
    "19 entitlements": """entitlements = [e.name for e in request.user.app_entitlements(provider.application)]
attributes = request.user.app_entitlements_attributes(provider.application)
return {"entitlements": entitlements, "q": attributes.get("q", user.group_attributes().get("aws_role"))}
""",
    "20 is True": 'return {"email_verified": request.user.attributes.get("email_verified", False) is True}',
    "21 log": 'ak_logger.info("mapping", user=user.username)\nreturn {"x": 1}',
    "22 token": """token = request.context.get("token")
scope = " ".join(token.scope) if token else ""
return {"aud": f"{provider.client_id} {slugify(provider.name)}".strip(), "scopes": scope}
""",
    "23 arn": """role = user.group_attributes().get("aws_role")
return {"role": f"arn:aws:iam::123:role/{role},arn:aws:iam::123:saml-provider/ak"}
""",
    "25 levels": """attributes = user.group_attributes()
if "own_quota" in user.attributes:
    quota = user.attributes["own_quota"]
elif attributes.get("quota"):
    quota = attributes["quota"]
else:
    quota = "none"
return {"quota": quota}
""",
    "26 continuation": """if ak_is_group_member(request.user, name="admins") \\
        and not ak_is_group_member(request.user, name="banned"):
    return {"a": True}
return {"a": False}
""",
    "27 regex": 'return {"c": regex_match(user.email, ".*@corp[.]example"), "n": regex_replace(user.email, "@.*", "")}',
    "lookups": """q = user.all_groups()
return {
    "in": [g.name for g in q.filter(name__in=["admins", "x"])],
    "like": [g.name for g in q.filter(name__icontains="TENANT")],
    "out": [g.name for g in q.exclude(name="writers").order_by("-name")],
    "flat": list(user.groups.values_list("name", flat=True)),
    "first": user.groups.first().name,
    "count": user.groups.count(),
    "path": q.filter(attributes__aws_role="dev").exists(),
    "parent": user.groups.first().parent,
    "parents": list(user.groups.first().parents),
}
""",
    "variables are parameters": "user = user or request.user\nreturn {'u': user.username}",
    "helpers": 'return {"f": list_flatten(["a", "b"]), "n": list_flatten([]), "m": ak_user_has_authenticator(user)}',
}

ATTACKS = {
    "loop": "while True:\n    pass",
    "loop that catches": "while True:\n    try:\n        1 / 0\n    except Exception:\n        pass",
    "memory": 'return {"a": "a" * 10**9}',
    "doubling": 's = "a"\nwhile True:\n    s = s + s',
    "big list": "return {'a': [x for x in range(10**9)]}",
    "big number": "return {'a': 9**9**9}",
    "long number": "return {'a': 10**5000}",
    "recursion": "def f():\n    return f()\nreturn f()",
    "deep value": "x = []\nfor i in range(100000):\n    x = [x]\nreturn {'x': x}",
    "cycle": "x = []\nx.append(x)\nreturn {'x': x}",
    "open": 'return {"a": open("/etc/passwd").read()}',
    "write": 'open("/tmp/gatewright-escape", "w").write("x")\nreturn {}',
    "environ": "import os\nreturn {'a': dict(os.environ)}",
    "system": 'import os\nos.system("id")\nreturn {}',
    "subprocess": "import subprocess\nreturn {}",
    "socket": "import socket\nreturn {}",
    "our modules": "import gatewright.storage\nreturn {}",
    "ctypes": "import ctypes\nreturn {}",
    "__import__": '__import__("os").system("id")\nreturn {}',
    "class walk": "return {'a': [c for c in ().__class__.__base__.__subclasses__()]}",
    "function globals": "return {'a': str(ak_is_group_member.__globals__)}",
    "format walk": 'return {"a": "{0.__class__.__mro__}".format(user)}',
    "frames": "import sys\nreturn {'a': str(sys._getframe())}",
    "sleep": "import time\ntime.sleep(60)\nreturn {}",
    "exit": "raise SystemExit(1)",
    "big result": "return {'a': 'x' * 20000}",
    "regex": 'import re\nwhile True:\n    re.match("(a+)+$", "a" * 5000 + "b")',
    "print flood": 'while True:\n    print("x" * 1000)',
    "not a number": 'return {"x": float("nan")}',
    "too long": "# " + "x" * 20_000 + "\nreturn {}",
    "requests": 'return {"a": requests.get("http://169.254.169.254/").text}',
}

Evaluate = Callable[[str], Awaitable[Outcome]]


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
async def evaluate() -> AsyncIterator[Evaluate]:
    engine = Expressions()

    async def run(text: str) -> Outcome:
        return await engine.evaluate(text, ALICE, PROVIDER, SCOPES)

    yield run
    await engine.close()


def reference(text: str) -> Any:
    """What CPython makes of it. This is how Authentik runs expressions, and why we do not."""
    names = dict(vars(expression_prelude))
    data = {
        "user": {**msgspec.to_builtins(ALICE), "direct": [g.direct for g in ALICE.groups], "is_superuser": True},
        "provider": msgspec.to_builtins(PROVIDER),
        "scopes": list(SCOPES),
    }
    exec(expressions._wrapped(text), names)
    return json.loads(json.dumps(names["mapping"](*expression_prelude.build(data))))


@pytest.mark.parametrize("text", CORPUS.values(), ids=CORPUS.keys())
async def test_authentiks_expressions_give_what_python_gives(evaluate: Evaluate, text: str) -> None:
    outcome = await evaluate(text)
    assert outcome.error is None
    assert outcome.claims == reference(text)


async def test_the_seeds_expression_gives_the_role_by_group(evaluate: Evaluate) -> None:
    assert (await evaluate(SEED)).claims == {"litellm_role": "proxy_admin"}
    engine = Expressions()
    bob = msgspec.structs.replace(ALICE, username="bob", groups=())
    assert (await engine.evaluate(SEED, bob, PROVIDER, SCOPES)).claims == {"litellm_role": "internal_user"}
    await engine.close()


async def test_membership_follows_parents_but_the_manager_does_not(evaluate: Evaluate) -> None:
    text = """return {
    "member": ak_is_group_member(request.user, name="admins"),
    "manager": user.ak_groups.filter(name="admins").exists(),
}"""
    assert (await evaluate(text)).claims == {"member": True, "manager": False}


@pytest.mark.parametrize("text", ATTACKS.values(), ids=ATTACKS.keys())
async def test_attacks_give_an_error_in_time(evaluate: Evaluate, text: str) -> None:
    started = time.monotonic()
    outcome = await evaluate(text)
    assert outcome.claims is None
    assert outcome.error is not None
    assert outcome.error.cause
    assert len(outcome.log) <= expressions.LOG_LINES
    assert time.monotonic() - started < 2
    assert (await evaluate(SEED)).claims == {"litellm_role": "proxy_admin"}


async def test_one_expression_leaves_nothing_for_the_next(evaluate: Evaluate) -> None:
    await evaluate("global leak\nleak = 'secret'\nglobal ak_is_group_member\nak_is_group_member = None\nreturn {}")
    assert (await evaluate("return {'a': leak}")).error is not None
    assert (await evaluate(SEED)).claims == {"litellm_role": "proxy_admin"}


async def test_the_event_loop_goes_on_while_an_expression_runs(evaluate: Evaluate) -> None:
    running = asyncio.ensure_future(evaluate("while True:\n    pass"))
    ticks = 0
    while not running.done():
        await asyncio.sleep(0.005)
        ticks += 1
    assert ticks >= 5


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ('x = 1\n\nreturn {"a": user.nope}', 3, "nope"),
        ("def f():\n    return 1 / 0\n\nreturn {'a': f()}", 4, "division by zero"),
        ("x = 1\ny = = 2", 2, "SyntaxError"),
        ("import requests", 1, "Network access"),
        ("return {'a': ak_user_by(username='bob')}", 1, "nobody else"),
        ("return user.groups.filter(name__nope=1)", 1, "nope"),
        ("return 'admin'", None, "not a dict"),
        ("# nothing", 1, "SyntaxError"),
        ("return {'a': {1, 2}}", None, "set"),
    ],
)
async def test_a_failure_names_line_and_cause(evaluate: Evaluate, text: str, line: int | None, words: str) -> None:
    outcome = await evaluate(text)
    assert outcome.claims is None
    assert outcome.error is not None
    assert words in outcome.error.cause
    if line is not None:
        assert outcome.error.line == line


async def test_what_an_expression_logs_comes_along(evaluate: Evaluate) -> None:
    outcome = await evaluate('ak_logger.warning("hello", who=user.username)\nprint("x")\nreturn {}')
    assert outcome.log == ("warning hello who='alice'", "x")


async def test_a_constant_needs_no_worker() -> None:
    engine = Expressions()
    assert (await engine.evaluate('return {"a": [1, None, "x"]}', ALICE, PROVIDER, ())).claims == {"a": [1, None, "x"]}
    assert engine._pool is None
    await engine.close()


@pytest.mark.parametrize(
    ("text", "claims"),
    [
        (SEED, {"litellm_role"}),
        (CORPUS["9 items"], {"gitea"}),
        ('claims = {"a": 1}\nreturn claims | {"b": 2}', {"a", "b"}),
        ('return {"a": 1} if user else {"c": 1}', {"a", "c"}),
        ("return {", set()),
        ("return None", set()),
    ],
)
def test_the_claims_are_read_off_the_text(text: str, claims: set[str]) -> None:
    assert set(expressions.claims_in(text)) == claims


def test_syntax_is_checked_without_running_anything() -> None:
    assert expressions.check(SEED) is None
    assert expressions.check("while True: pass") is None
    found = expressions.check("if x:\nreturn 1")
    assert found is not None
    assert found.line == 2
