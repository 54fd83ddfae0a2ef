"""Whatever attacks the server by an expression does not reach it, and leaves nothing behind."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable

import msgspec
import pytest
from tests.unit.idp.test_expressions import ALICE, FACTS, SEED

from gatewright.idp.expressions import engine
from gatewright.idp.expressions.claims_read import claims_in
from gatewright.idp.expressions.engine import Expressions, Outcome
from gatewright.idp.expressions.inspection import inspect

pytestmark = pytest.mark.anyio
Evaluate = Callable[[str], Awaitable[Outcome]]

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
    "loop in finally": "while True:\n    try:\n        x = 1 / 0\n    finally:\n        continue",
    "catches everything": "while True:\n    try:\n        x = [0] * 10**9\n    except BaseException:\n        pass",
    "sort that compares for ever": "x = list(range(10**6))\nwhile True:\n    x.sort(key=lambda y: -y)",
    "long join": 'return {"a": ",".join(["x" * 1000] * 10**7)}',
    "formatted width": 'return {"a": f"{1:>1000000000}"}',
    "percent width": 'return {"a": "%1000000000d" % 1}',
    "replaced": 's = "a" * 10**6\nwhile True:\n    s = s.replace("a", "aa")',
    "zfill": 'return {"a": "1".zfill(10**10)}',
    "shift": "return {'a': 1 << 10**9}",
    "factorial": "x = 1\nfor n in range(1, 10**6):\n    x *= n\nreturn {'a': x}",
    "range list": "return {'a': list(range(10**12))}",
    "product": "import itertools\nreturn {'a': list(itertools.product(range(100), repeat=20))}",
    "endless count": "import itertools\nreturn {'a': [x for x in itertools.count()]}",
    "set bomb": "x = {1}\nwhile True:\n    x = x | {(y, z) for y in x for z in x}",
    "dict of itself": "d = {}\nd['d'] = d\nreturn d",
    "wide result": "return {str(n): n for n in range(5000)}",
    "many lines": "for n in range(10**7):\n    print(n)\nreturn 1",
    "long lines": 'while True:\n    print("x" * 10**7)',
    "event bomb": "while True:\n    ak_create_event('x' * 10**6, a='y' * 10**6)",
    "event result": "for n in range(5):\n    ak_create_event('x', a='y' * 10**4)\nreturn {}",
    "tampered events": "EVENTS.append([1, 2, 3])\nreturn {}",
    "tampered events' kinds": "EVENTS.append([{}, []])\nreturn {}",
    "regex of many ways": 'import re\nre.search("(x+x+)+y", "x" * 4000)\nreturn 1',
    "regex with a look": 'while True:\n    regex_match("a" * 3000, "(?=(a|aa)+$)(a|aa)+b")',
    "regex of a size": 'import re\nre.compile("(((a{1000}){1000}){1000})")\nreturn 1',
    "lookup regex": 'while True:\n    user.groups.filter(name__regex="(t|te|ten|tena)+$x")',
    "mutual recursion": "def f():\n    return g()\ndef g():\n    return f()\nreturn f()",
    "recursive plain": "x = {}\nfor n in range(500):\n    x = {'x': x}\nreturn x",
    "NUL": 'return {"a": chr(0)}',
    "NUL in an event": 'ak_create_event("x", a=chr(0))\nreturn {}',
    "an integer of many digits": "return {'a': 10 ** 30}",
    "full-width name": "return {'a': \uff4f\uff50\uff45\uff4e('/etc/passwd')}",
    "full-width dunder": "return {'a': user.__\uff43lass__}",
    "mathematical letters": "return {'a': \U0001d41e\U0001d42f\U0001d41a\U0001d425('1')}",
    "builtins": "return {'a': __builtins__['open']}",
    "getattr dunder": "return {'a': str(getattr(user, '__cl' + 'ass__').__mro__)}",
    "type dunder": "return {'a': str(type(user).__subclasses__())}",
    "code of a function": "return {'a': ak_is_group_member.__code__.co_code}",
    "traceback": "try:\n    1 / 0\nexcept Exception as e:\n    return {'a': e.__traceback__.tb_frame.f_globals}",
    "generator frame": "return {'a': (x for x in []).gi_frame}",
    "walk by str.format": 'return {"a": "{0.groups.rows[0].users.refuse.__globals__}".format(user)}',
    "walk by format_map": 'return {"a": "{u.__init__.__globals__}".format_map({"u": user})}',
    "module of a module": "import json\nreturn {'a': json.codecs.builtins.open('/etc/passwd').read()}",
    "decorated": "@open\ndef f():\n    return '/etc/passwd'\nreturn {'a': f}",
    "lambda that opens": "return {'a': (lambda o=open: o('/etc/passwd').read())()}",
    "import by name": "import importlib\nreturn {}",
    "import of an alias": "import os as re\nreturn {'a': re.environ}",
    "relative import": "from . import engine\nreturn {}",
    "submodule": "import json.decoder\nreturn {}",
    "sys": "import sys\nreturn {'a': sys.modules}",
    "asyncio": "import asyncio\nreturn {}",
    "interrupt": "raise KeyboardInterrupt",
    "base exception": "raise BaseException('x')",
    "assertion": "assert False, 'x' * 10**6",
    "long cause": "raise ValueError('x' * 10**6)",
    "leaves its function": "pass\n  \ndef g():\n    pass\n)",
    "members": "return {'a': [m.email for g in user.all_groups() for m in g.users.all()]}",
    "somebody else": "return {'a': ak_user_by(username='root').email}",
    "many people": "return {'a': ak_user_by(username__startswith='a', pk__gt=user.pk).email}",
    "yield that hides": "x = [(yield)]\nreturn {}",
}
DEEP = {
    "brackets": "return " + "(" * 8000 + "1" + ")" * 8000,
    "signs": "return " + "-" * 16000 + "1",
    "attributes": "return user" + ".a" * 8000,
    "calls": "return a" + "()" * 8000,
    "lambdas": "return " + "lambda:" * 2300 + "1",
    "sums": "return " + "1+" * 8000 + "1",
    "merges": "return " + "{}|" * 5000 + "{}",
    "choices": "return " + "1 if 1 else " * 1300 + "1",
    "dicts": "return " + "{1:" * 5000 + "1" + "}" * 5000,
    "f-strings": "return " + "f'{" * 3000,
    "branches": "if a:\n  pass\n" + "elif a:\n  pass\n" * 900,
    "chained": "return " + "1<" * 8000 + "1",
    "comprehensions": "return " + "[x for x in " * 1400 + "[]" + "]" * 1400,
}


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
async def engines() -> AsyncIterator[Expressions]:
    runs = Expressions()
    yield runs
    await runs.close()


@pytest.fixture(scope="module")
def evaluate(engines: Expressions) -> Evaluate:
    async def run(text: str) -> Outcome:
        return await engines.evaluate(text, FACTS)

    return run


@pytest.mark.parametrize("text", ATTACKS.values(), ids=ATTACKS.keys())
async def test_attacks_give_an_error_in_time(evaluate: Evaluate, text: str) -> None:
    outcome = await evaluate(text)
    assert outcome.claims is None
    assert outcome.error is not None
    assert outcome.error.cause.isprintable()
    assert len(outcome.error.cause) <= engine.CAUSE_CHARS + 20
    assert len(outcome.log) <= engine.LOG_LINES
    assert all(len(line) <= engine.LOG_CHARS for line in outcome.log)
    assert len(outcome.events) <= engine.MOST_EVENTS
    # One try under each limit, and the library's grace for a worker that does not stop by itself.
    assert outcome.took_ms < (sum(engine.TIME_LIMITS_S) + 4) * 1000
    assert (await evaluate(SEED)).claims == {"litellm_role": "proxy_admin"}


# One expression for each limit, which nothing but that limit stops, and one that stays below it.
LIMITS = {
    "time": ("while True:\n    pass", "took too long", "x = 0\nfor n in range(10_000):\n    x += n\nreturn {'a': x}"),
    "memory": ("return {'a': len('a' * 10**8)}", "MemoryError", "return {'a': len('a' * 10**6)}"),
    "recursion": (
        "def f(n):\n    return n and f(n - 1)\nreturn {'a': f(250)}",
        "RecursionError",
        "def f(n):\n    return n and f(n - 1)\nreturn {'a': f(150)}",
    ),
    "result": (
        "return {'a': 'x' * 16_384, 'of': user.pk}",
        "larger than 16384 bytes",
        "return {'a': 'x' * 16_000, 'of': user.pk}",
    ),
}


@pytest.mark.parametrize(("over", "words", "below"), LIMITS.values(), ids=LIMITS.keys())
async def test_each_limit_stops_what_no_other_one_does(evaluate: Evaluate, over: str, words: str, below: str) -> None:
    outcome = await evaluate(over)
    assert outcome.error is not None
    assert words in outcome.error.cause
    # A worker that had to be ended by force is something else: then the sandbox did not stop by itself.
    assert "broke its worker" not in outcome.error.cause
    assert (await evaluate(below)).error is None


async def test_no_more_is_logged_than_anybody_reads(evaluate: Evaluate) -> None:
    outcome = await evaluate("for n in range(100):\n    print('x' * 1000)\nreturn {'a': user.pk}")
    assert outcome.log == ("x" * engine.LOG_CHARS,) * engine.LOG_LINES


async def test_many_that_never_end_leave_a_worker_to_the_others(engines: Expressions) -> None:
    wild = [asyncio.ensure_future(engines.evaluate("while True:\n    pass", FACTS)) for _ in range(12)]
    answered = 0
    while not all(one.done() for one in wild):
        assert (await engines.evaluate(SEED, FACTS)).claims == {"litellm_role": "proxy_admin"}
        answered += 1
    # In one line with them, each would have let a few through.
    assert answered > 4 * len(wild)
    outcomes = [one.result() for one in wild]
    assert {one.error.code for one in outcomes if one.error is not None} == {"stopped"}


@pytest.mark.parametrize("text", DEEP.values(), ids=DEEP.keys())
async def test_deep_texts_are_refused_before_they_cost_anything(evaluate: Evaluate, text: str) -> None:
    started = time.process_time()
    outcome = await evaluate(text[: 16 * 1024])
    found = inspect(text[: 16 * 1024])
    assert time.process_time() - started < 2
    if outcome.error is None:
        assert outcome.claims is None
    else:
        assert outcome.error.code in ("syntax", "refused", "error", "not_a_dict")
    assert len(found.findings) <= 16 * 1024
    assert claims_in(text) == ()


LEAKS = {
    "a name": ("leak = user.email", "return {'a': leak}"),
    "a class": ("Query.leak = user.email", "return {'a': Query.leak}"),
    "a class of the prelude's": ("type(user).leak = user.email", "return {'a': user.leak}"),
    "a method": ("type(user.groups).exists = lambda self: True", "return {'a': user.groups.none().exists()}"),
    "a list of the prelude's": ("EVENTS.append(['x', {}])\nLOOKUPS['exact'] = lambda v, w: True", None),
    "an argument's default": ("merge({}, {'a': user.attributes})", None),
    "a module": ("import re\nre.leak = 1", "import re\nreturn {'a': re.leak}"),
    "the random state": ("import random\nrandom.seed(1)", None),
}


@pytest.mark.parametrize(("planted", "read"), LEAKS.values(), ids=LEAKS.keys())
async def test_nothing_of_one_evaluation_is_in_the_next(evaluate: Evaluate, planted: str, read: str | None) -> None:
    """The workers are two: what is planted ten times is in both."""
    for _ in range(10):
        await evaluate(f"{planted}\nreturn {{}}")
    for _ in range(6):
        if read is not None:
            found = await evaluate(read)
            assert found.error is not None or found.claims == {"a": False}
        outcome = await evaluate(SEED)
        assert (outcome.claims, outcome.events) == ({"litellm_role": "proxy_admin"}, ())
        nobody = 'return {"a": ak_is_group_member(user, name="nobody")}'
        assert (await evaluate(nobody)).claims == {"a": False}


@pytest.mark.parametrize(("planted", "read"), LEAKS.values(), ids=LEAKS.keys())
async def test_nothing_of_one_mapping_is_in_the_next_of_the_same_request(
    engines: Expressions, planted: str, read: str | None
) -> None:
    nobody = 'return {"a": ak_is_group_member(user, name="nobody")}'
    texts = [f"{planted}\nreturn {{}}", read or nobody, SEED, nobody]
    _, found, seed, last = await engines.evaluate_all([(text, FACTS) for text in texts])
    assert found.error is not None or found.claims == {"a": False}
    assert (seed.claims, seed.events) == ({"litellm_role": "proxy_admin"}, ())
    assert last.claims == {"a": False}


async def test_changed_objects_are_new_for_the_next_mapping(engines: Expressions) -> None:
    changes = """user.attributes["upn"] = "x"
user.attributes["nested"]["b"] = "x"
request.user.groups.rows.clear()
user.all_groups().first().attributes["x"] = 1
token.scope.append("admin")
request.context["provider"] = None
ak_create_event("left")
return {}"""
    asks = """return {
    "own": [user.attributes["upn"], user.attributes["nested"]["b"], len(user.groups), token.scope],
    "group": "x" in user.all_groups().first().attributes,
    "provider": request.context["provider"].client_id,
}"""
    first, second = await engines.evaluate_all([(changes, FACTS), (asks, FACTS)])
    assert first.claims == {}
    assert second.events == ()
    assert second.claims == {
        "own": ["alice@ad", "deep", 2, ["openid", "profile", "litellm_role"]],
        "group": False,
        "provider": "litellm",
    }


async def test_one_that_is_stopped_does_not_keep_the_others_from_their_results(engines: Expressions) -> None:
    texts = [
        SEED,
        "while True:\n    pass",
        "return {'a': user.pk}",
        "x = 'a' * 10**9",
        "return {",
        "return {'b': 1}",
        SEED,
    ]
    found = await engines.evaluate_all([(text, FACTS) for text in texts])
    codes = [None if one.error is None else one.error.code for one in found]
    assert codes == [None, "stopped", None, "error", "syntax", None, None]
    assert [found[place].claims for place in (0, 2, 5, 6)] == [
        {"litellm_role": "proxy_admin"},
        {"a": 7},
        {"b": 1},
        {"litellm_role": "proxy_admin"},
    ]


INSIDE = ("Query", "EVENTS", "LOOKUPS", "plain", "answer", "truth", "merge", "build", "json", "re", "Hidden", "Address")


@pytest.mark.parametrize("name", INSIDE)
async def test_the_prelude_has_no_names_that_an_expression_could_say(evaluate: Evaluate, name: str) -> None:
    for text in (f"return {{'a': str({name})}}", f"def f({name}):\n    return 1\nreturn {{'a': str({name})}}"):
        error = (await evaluate(text)).error
        assert error is not None
        assert f"'{name}' is not defined" in error.cause


@pytest.mark.parametrize(
    "change",
    [
        "user.name = 'x'",
        "user.name += 'x'",
        "type(user).exists = 1",
        "for user.name in ['x']:\n    pass",
        "user.name, x = 1, 2",
        "[1 for user.name in ['x']]",
        "user.name: str = 'x'",
    ],
)
async def test_objects_cannot_be_changed(evaluate: Evaluate, change: str) -> None:
    error = (await evaluate(f"{change}\nreturn {{}}")).error
    assert error is not None
    assert error.code == "refused"
    assert "cannot be changed" in error.cause


async def test_what_an_expression_changes_is_not_changed_outside(evaluate: Evaluate) -> None:
    before = msgspec.json.encode(ALICE)
    tampering = """user.attributes["upn"] = "x"
request.user.groups.rows.clear()
token.scope.append("admin")
return {"a": user.attributes["upn"]}"""
    assert (await evaluate(tampering)).claims == {"a": "x"}
    assert msgspec.json.encode(ALICE) == before
    assert FACTS.scopes == ("openid", "profile", "litellm_role")


@pytest.mark.parametrize("name", ["__answer", "__truth", "__build", "__data", "__ipaddress", "__any", "__len"])
async def test_the_prelude_hooks_cannot_be_named(evaluate: Evaluate, name: str) -> None:
    for text in (
        f"{name} = lambda *a: True\nreturn {{}}",
        f"def {name}(*a):\n    return True\nreturn {{}}",
        f"return {{'a': {name}}}",
        f"import re as {name}\nreturn {{}}",
        f"for {name} in [1]:\n    pass\nreturn {{}}",
        f"def f({name}):\n    return 1\nreturn {{}}",
        f"try:\n    x = 1 / 0\nexcept Exception as {name}:\n    pass\nreturn {{}}",
        f"match user:\n    case {name}:\n        return {{}}",
        f"global {name}\nreturn {{}}",
    ):
        error = (await evaluate(text)).error
        assert error is not None, text
        assert error.code == "refused", text
