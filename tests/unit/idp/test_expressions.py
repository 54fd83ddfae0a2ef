"""Authentik's expressions run unchanged, and whatever attacks the server does not reach it."""

import asyncio
import ipaddress
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import hypothesis
import hypothesis.strategies as st
import msgspec
import pytest

from gatewright.domain.people import Origin
from gatewright.idp.expressions import prelude, prelude_addresses
from gatewright.idp.expressions.claims_read import claims_in
from gatewright.idp.expressions.engine import Expressions, Outcome
from gatewright.idp.expressions.facts import EntitlementFacts, ExpressionProvider, ExpressionUser, Facts, GroupFacts
from gatewright.idp.expressions.reading import check, wrapped

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
            parents=("g-3",),
            attributes={"quota": "5GB", "nested": {"a": {"b": 1}}, "services": ["chat"]},
        ),
        GroupFacts(
            "writers", "g-2", direct=True, attributes={"quota": "9GB", "aws_role": "dev", "services": ["chat", "api"]}
        ),
        GroupFacts("admins", "g-3", direct=False, is_superuser=True),
    ),
    created_at=1_790_000_000_123,
    last_login_at=1_795_000_000_000,
    authenticators=("totp", "static"),
)
PROVIDER = ExpressionProvider(name="LiteLLM Provider", client_id="litellm", application_name="LiteLLM", slug="litellm")
SCOPES = ("openid", "profile", "litellm_role")
FACTS = Facts(
    ALICE,
    PROVIDER,
    SCOPES,
    entitlements=(EntitlementFacts("editor", "e-1", {"q": 7}),),
    origin=Origin("192.0.2.7", "a-client/1", "req-1"),
    auth_time=1_795_000_000_000,
    mapping_name="LiteLLM Role",
    scope_name="litellm_role",
)

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
    "parent": user.groups.first().parent.name,
    "parents": list(user.groups.first().parents.values_list("name", flat=True)),
    "none": user.groups.last().parent,
    "by parent": [g.name for g in q.filter(parents__name="admins")],
    "one": q.get(name__iexact="WRITERS").pk,
    "joined": (q.filter(name="admins") | q.filter(name="writers") | q.filter(name="admins")).count(),
    "slice": [g.name for g in q.order_by("-name")[0:2]],
    "same": user.groups.first() in q,
    "more": [q.filter(name__gte="b").count(), q.filter(name__iregex="^ADM").count(), q.filter(pk__in=["g-1"]).count()],
    "values": list(q.values("name"))[0],
    "several": q.filter(name__in=["admins", "x"], is_superuser=True).count(),
}
""",
    "truth of queries": """roles = []
if user.groups.filter(name="nobody"):
    roles.append("if")
if not user.groups.filter(name="nobody"):
    roles.append("not")
roles.append("a" if user.groups.filter(name="writers") else "b")
roles += [g for g in ["x"] if user.groups.filter(name=g)]
first = (user.groups.filter(name="nobody") or user.all_groups()).first().name
both = bool(user.groups.filter(name="nobody")) or bool(user.groups and user.all_groups().none())
found = [any([user.groups.none()]), all([user.groups, user.groups.none()])]
found.append(len(list(filter(None, [user.groups.none()]))))
while user.groups.none():
    break
else:
    roles.append("while")
return {"roles": roles, "first": first, "both": both, "found": found}
""",
    "next of a generator": """found = next((g.name for g in user.groups.all() if g.name.startswith("t")), None)
lost = next((g for g in user.groups.all() if g.name == "nobody"), "none")
return {"found": found, "lost": lost, "joined": ",".join(g.name for g in user.all_groups())}
""",
    "queries as lists": """q = user.all_groups().order_by("name")
names = q.values_list("name", flat=True)
first, *rest = q
return {
    "len": [len(q), len(user.groups.all()), len(q.filter(name="nobody"))],
    "str": [str(first), f"{rest[0]}", "%s" % rest[1]],
    "iterated": [[*names], ", ".join(names), sorted(names, reverse=True), list(reversed(list(names)))],
    "sets": sorted(set(names) & {"admins", "x"}) + sorted({g for g in q} & {first}, key=lambda g: g.name)[:0],
    "pairs": dict(q.values_list("name", "pk")) | {g.name: i for i, g in enumerate(q)},
    "in": ["admins" in names, first in rest, max(names), [n for n, g in zip(names, q) if g.is_superuser]],
    "added": list(names) + ["x"],
    "mapped": list(map(lambda g: g.name, q)),
}
""",
    "merge of lists": """merged = user.group_attributes()
return {"services": merged["services"], "nested": merged["nested"], "own": user.group_attributes()["services"]}
""",
    "person": """return {
    "kind": [user.type, user.path, user.is_active, user.is_authenticated, user.is_superuser, user.uid, user.pk],
    "joined": user.date_joined.year,
    "login": user.last_login.isoformat() if user.last_login else None,
    "password": user.password_change_date,
    "date": user.date_joined,
    "names": [user.get_username(), str(user), user.locale(), user.avatar, list(user.all_roles())],
}
""",
    "authenticators": """return {
    "any": ak_user_has_authenticator(request.user),
    "kinds": [ak_user_has_authenticator(request.user, kind) for kind in ["totp", "webauthn", "static", "duo"]],
}
""",
    "request": """return {
    "address": request.http_request.META["REMOTE_ADDR"] if request.http_request else None,
    "same": http_request.META.get("REMOTE_ADDR") == str(ak_client_ip),
    "agent": request.http_request.headers.get("User-Agent"),
    "query": request.http_request.GET.get("x", "none"),
    "obj": [request.obj.name, request.obj.scope_name],
    "token": [token.scope, token.auth_time.year, request.context["provider"].client_id, token.user == user],
}
""",
    "addresses": """import ipaddress
from ipaddress import ip_network as net, ip_address
return {
    "in": ak_client_ip in ip_network("192.0.2.0/24"),
    "out": ip_address("10.1.2.3") in net("10.2.0.0/16"),
    "six": str(ipaddress.ip_address("2001:DB8:0::0:1")),
    "private": [ip_address(a).is_private for a in ["10.0.0.1", "8.8.8.8", "fe80::1"]],
    "version": ak_client_ip.version,
}
""",
    "imports": """import re, json
from datetime import datetime, timedelta
day = datetime(2026, 1, 31) + timedelta(days=1)
return {"day": day.strftime("%Y-%m-%d"), "m": re.sub("[aeiou]", "", user.username), "j": json.loads('{"a": [1]}')}
""",
    "delete": """claims = {"a": 1, "b": 2}
del claims["a"]
return claims
""",
    "user by": 'return {"me": ak_user_by(username=user.username).email, "same": ak_user_by(pk=user.pk) == user}',
    "event": 'ak_create_event("mapping_used", who=user.username, at=user.date_joined)\nreturn {"a": 1}',
    "nested def": """def role(*names, default="user"):
    for name in names:
        if ak_is_group_member(user, name=name):
            return name
    return default
return {"role": role("x", "admins"), "other": (lambda n: n * 2)("a")}
""",
    "try": """try:
    quota = int(user.attributes["quota"])
except (KeyError, ValueError) as error:
    quota = 0
finally:
    checked = True
return {"quota": quota, "checked": checked}
""",
    "text": """name = "é" * 2 + 'it\\'s "quoted" {brace}'
return {"a": f"{name!r:>30} {user.pk:05d} {'x' if user else 'y'}", "b": "%s-%d" % ("a", 3),
        "c": "{} {x}".format(1, x=2), "d": slugify("Héllo, Wörld -- 2 "), "e": '''a
b'''}
""",
    "match": """match user.type:
    case "internal" | "external" if user.groups:
        return {"kind": "person"}
    case _:
        return {"kind": "machine"}
""",
    "variables are parameters": "user = user or request.user\nreturn {'u': user.username}",
    "helpers": 'return {"f": list_flatten(["a", "b"]), "n": list_flatten([]), "m": ak_user_has_authenticator(user)}',
}

# What no expression can have here, with what it is told, and 28, which Authentik takes no notice of.
FAILING = {
    "24 yield": ("for group in user.ak_groups.all():\n    yield group.name", 2, "SAML"),
    "28 scalar": ("return user.attributes.get('upn')", None, "not a dict but str"),
    "29 ORM": ("from authentik.core.models import Group\nreturn {'n': Group.objects.count()}", 1, "no database"),
    "30 raise": ("if user.email:\n    raise ValueError('not for ' + user.username)", 2, "not for alice"),
    "30 skip": ("raise SkipObject", 1, "SkipObject"),
    "31 reverse relation": (
        "accounts = user.socialaccount_set.filter(provider='google')\nreturn {'google': accounts.exists()}",
        1,
        "socialaccount_set",
    ),
}

Evaluate = Callable[[str], Awaitable[Outcome]]


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
async def evaluate() -> AsyncIterator[Evaluate]:
    runs = Expressions()

    async def run(text: str) -> Outcome:
        return await runs.evaluate(text, FACTS)

    yield run
    await runs.close()


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Callable[[str], Any]]:
    """The sandbox for tests that are not asynchronous."""
    with asyncio.Runner() as runner:
        runs = Expressions()
        yield lambda text: runner.run(runs.evaluate(text, FACTS)).claims
        runner.run(runs.close())


def reference(text: str) -> Any:
    """What CPython makes of it. This is how Authentik runs expressions, and why we do not."""
    names = {**vars(prelude), **vars(prelude_addresses)}
    exec(wrapped(text), names)
    *values, _ = prelude.build(FACTS.as_data(), prelude_addresses.Addresses())
    claims, _ = json.loads(prelude.answer(names["mapping"](*values)))
    prelude.EVENTS.clear()
    return claims


@pytest.mark.parametrize("text", CORPUS.values(), ids=CORPUS.keys())
async def test_authentiks_expressions_give_what_python_gives(evaluate: Evaluate, text: str) -> None:
    outcome = await evaluate(text)
    assert outcome.error is None
    assert outcome.claims == reference(text)


@pytest.mark.parametrize(("text", "line", "words"), FAILING.values(), ids=FAILING.keys())
async def test_what_cannot_be_a_claim_says_why_and_where(
    evaluate: Evaluate, text: str, line: int | None, words: str
) -> None:
    outcome = await evaluate(text)
    assert outcome.claims is None
    assert outcome.error is not None
    assert words in outcome.error.cause
    assert outcome.error.line == line


def test_all_kinds_that_were_collected_are_here() -> None:
    kinds = {name.split(" ")[0] for name in (*CORPUS, *FAILING) if name[0].isdigit()}
    assert kinds == {str(number) for number in range(1, 32)}


async def test_the_seeds_expression_gives_the_role_by_group(evaluate: Evaluate) -> None:
    assert (await evaluate(SEED)).claims == {"litellm_role": "proxy_admin"}
    runs = Expressions()
    bob = msgspec.structs.replace(ALICE, username="bob", groups=())
    assert (await runs.evaluate(SEED, msgspec.structs.replace(FACTS, user=bob))).claims == {
        "litellm_role": "internal_user"
    }
    await runs.close()


async def test_membership_follows_parents_but_the_manager_does_not(evaluate: Evaluate) -> None:
    text = """return {
    "member": ak_is_group_member(request.user, name="admins"),
    "manager": user.ak_groups.filter(name="admins").exists(),
}"""
    assert (await evaluate(text)).claims == {"member": True, "manager": False}


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
        ("def f():\n    return 1 / 0\n\nreturn {'a': f()}", 2, "division by zero"),
        ('return {\n    "a": 1,\n    "b": user.nope,\n}', 3, "nope"),
        ('x = """\n\n"""\ny = user.nope', 4, "nope"),
        ("x = 1\ny = = 2", 2, "SyntaxError"),
        ("return {'a': ak_user_by(username='bob')}", 1, "nobody but the person"),
        ("return user.groups.filter(name__nope=1)", 1, "nope"),
        ("return 'admin'", None, "not a dict"),
        ("return [1]", None, "not a dict but list"),
        ("# nothing", 1, "SyntaxError"),
        ("return {'a': {1, 2}}", None, "sorted"),
        ("return {'a': user.groups.first()}", None, "cannot hold a Group"),
        ('if user:\n    raise ValueError("no role for " + user.username)', 2, "no role for alice"),
        ('raise SkipObject("not synced")', 1, "SkipObject: not synced"),
        ("raise SkipObject", 1, "SkipObject"),
        ("return {'a': [m.email for m in user.groups.first().users.all()]}", 1, "nobody else"),
        ("if user.groups.first().users:\n    pass", 1, "nobody else"),
        ("return {'a': user.all_groups().filter(users__email='x').count()}", 1, "nobody else"),
    ],
)
async def test_a_failure_names_line_and_cause(evaluate: Evaluate, text: str, line: int | None, words: str) -> None:
    outcome = await evaluate(text)
    assert outcome.claims is None
    assert outcome.error is not None
    assert words in outcome.error.cause
    if line is not None:
        assert outcome.error.line == line


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("for g in user.groups.all():\n    yield g.name", 2, "SAML"),
        ("from authentik.core.models import Group\nreturn {}", 1, "no database"),
        ("return {'n': Group.objects.filter(name='x').count()}", 1, "all_groups"),
        ("x = 1\nimport requests", 2, "no network"),
        ('return {"a": requests.get("http://169.254.169.254/").text}', 1, "no network"),
        ('return {"a": resolve_dns("x")}', 1, "no network"),
        ('return {"a": reverse_dns("x")}', 1, "no network"),
        ('ak_send_email("a@b.example", subject="x")', 1, "no e-mail"),
        ('return {"jwt": ak_create_jwt(user, provider, [])}', 1, "no tokens"),
        ('return {"jwt": ak_create_jwt_raw(provider)}', 1, "no tokens"),
        ('return {"a": ak_call_policy("x").passing}', 1, "no policies"),
        ('exec("x = 1")', 1, "text as code"),
        ('return eval("{}")', 1, "text as code"),
        ('return {"a": open("/etc/passwd").read()}', 1, "no files"),
        ("import os", 1, "no files"),
        ("import subprocess", 1, "ipaddress"),
        ("from re import *", 1, "`*`"),
        ("class A:\n    pass", 1, "no class"),
        ("async def f():\n    pass", 1, "no async"),
        ("global x\nx = 1", 1, "outside"),
        ("return {'a': ().__class__}", 1, "private"),
        ("return {'a': user._state}", 1, "private"),
        ("return {'a': __builtins__}", 1, "interpreter's own"),
        ("del user", 1, "del claims"),
        ("return globals()", 1, "interpreter"),
    ],
)
async def test_what_cannot_be_had_is_refused_with_a_way_out(
    evaluate: Evaluate, text: str, line: int, words: str
) -> None:
    error = (await evaluate(text)).error
    assert error is not None
    assert words in error.cause
    assert error.line == line


async def test_a_name_of_ones_own_is_not_refused(evaluate: Evaluate) -> None:
    assert (await evaluate('requests = ["a"]\nopen = 1\nreturn {"a": requests, "b": open}')).claims == {
        "a": ["a"],
        "b": 1,
    }


ATOMS = ("user.groups.none()", "user.groups", "user.groups.filter(name='admins')", "[]", "'a'", "None", "0", "[1]")
TRUTHS = st.recursive(
    st.sampled_from(ATOMS),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(lambda t: f"({t[0]} {t[1]} {t[2]})"),
        inner.map(lambda one: f"(not {one})"),
        inner.map(lambda one: f"bool({one})"),
        st.tuples(inner, inner, inner).map(lambda t: f"({t[0]} if {t[1]} else {t[2]})"),
        st.lists(inner, max_size=3).map(lambda many: f"any(x for x in [{', '.join(many)}])"),
        st.lists(inner, max_size=3).map(lambda many: f"all([{', '.join(many)}])"),
        st.lists(inner, max_size=3).map(lambda many: f"len([x for x in [{', '.join(many)}] if x])"),
        st.lists(inner, max_size=3).map(lambda many: f"len(list(filter(lambda x: x, [{', '.join(many)}])))"),
    ),
    max_leaves=8,
)


@hypothesis.settings(
    deadline=None, max_examples=150, suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture]
)
@hypothesis.given(test=TRUTHS)
def test_what_is_true_in_python_is_true_here(sandbox: Callable[[str], Any], test: str) -> None:
    text = f"if {test}:\n    return {{'a': 1}}\nreturn {{'a': 2}}"
    assert sandbox(text) == reference(text)


@hypothesis.settings(deadline=None, max_examples=150)
@hypothesis.given(address=st.ip_addresses(), network=st.ip_addresses(), prefix=st.integers(0, 140))
def test_addresses_are_read_as_python_reads_them(address: Any, network: Any, prefix: int) -> None:
    ours = prelude_addresses.ip_address(str(address))
    assert (str(ours), int(ours), ours.version) == (str(address), int(address), address.version)
    assert str(prelude_addresses.ip_address(address.exploded)) == str(address)
    try:
        theirs = ipaddress.ip_network(f"{network}/{prefix}", strict=False)
    except ValueError:
        with pytest.raises(ValueError, match="does not appear"):
            prelude_addresses.ip_network(f"{network}/{prefix}", strict=False)
        return
    made = prelude_addresses.ip_network(f"{network}/{prefix}", strict=False)
    assert str(made) == str(theirs)
    assert (ours in made) == (address in theirs)


@hypothesis.given(text=st.text(alphabet="0123456789abcdef:./", max_size=24))
def test_what_is_no_address_is_refused_as_python_refuses_it(text: str) -> None:
    try:
        theirs = str(ipaddress.ip_address(text))
    except ValueError:
        with pytest.raises(ValueError, match="does not appear"):
            prelude_addresses.ip_address(text)
    else:
        assert str(prelude_addresses.ip_address(text)) == theirs


async def test_events_come_along_and_no_more_than_five(evaluate: Evaluate) -> None:
    outcome = await evaluate("for n in range(9):\n    ak_create_event('seen', number=n, who=user.username)\nreturn {}")
    assert outcome.claims == {}
    assert [(one.action, one.fields) for one in outcome.events][:1] == [("seen", {"number": 0, "who": "alice"})]
    assert len(outcome.events) == 5


async def test_what_an_expression_logs_comes_along(evaluate: Evaluate) -> None:
    outcome = await evaluate('ak_logger.warning("hello", who=user.username)\nprint("x")\nreturn {}')
    assert outcome.log == ("warning hello who='alice'", "x")


async def test_a_constant_needs_no_worker() -> None:
    runs = Expressions()
    assert (await runs.evaluate('return {"a": [1, None, "x"]}', FACTS)).claims == {"a": [1, None, "x"]}
    assert runs._pool is None
    await runs.close()


@pytest.mark.parametrize(
    ("text", "claims"),
    [
        (SEED, {"litellm_role"}),
        (CORPUS["9 items"], {"gitea"}),
        ('claims = {"a": 1}\nreturn claims | {"b": 2}', {"a", "b"}),
        ('return {"a": 1} if user else {"c": 1}', {"a", "c"}),
        ("return {", set()),
        ("ROLES = {'admins': 1}\nreturn {'role': ROLES.get('x')}", {"role"}),
        ("c = dict(a=1, **{'b': 2})\nc.update({'c': 3}, d=4)\nc.setdefault('e', 5)\nreturn c", set("abcde")),
        ("c: dict = {'a': 1}\nc |= {'b': 2}\nd = c\nd['e'] = 1\nreturn d or {'f': 1}", set("abef")),
        ("return {**{'a': 1}, 'b': 2} | dict([('c', 3)]) | dict(x.copy())", set("abc")),
        ("def make(n):\n    return {'a': n}\nif user:\n    return make(1)\nreturn {'b': {'deep': 1}}", {"a", "b"}),
        ("def helper():\n    return {'no': 1}\nx = helper()\nreturn {'a': len(x)}", {"a"}),
        ("c = {'a': 1}\nfor g in user.groups.all():\n    c[g.name] = 1\n    c['b'] = 2\nreturn (e := c)", {"a", "b"}),
        ("c = c2\nc2 = c\nreturn c", set()),
        ("def f():\n    return f()\nreturn f()", set()),
        ("return None", set()),
    ],
)
def test_the_claims_are_read_off_the_text(text: str, claims: set[str]) -> None:
    assert set(claims_in(text)) == claims


def test_syntax_is_checked_without_running_anything() -> None:
    assert check(SEED) is None
    assert check("while True: pass") is None
    found = check("if x:\nreturn 1")
    assert found is not None
    assert found.line == 2
