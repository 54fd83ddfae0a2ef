"""Blueprints that somebody made to do harm: what reading and resolving them costs, and what they can reach."""

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.idp.test_blueprint_language import entries, identifier, resolver

from gatewright.idp.blueprints.file import LONGEST, BlueprintInvalid, read
from gatewright.idp.blueprints.tags import Sources

pytestmark = pytest.mark.anyio
WORDS = (
    *("!Find", "!KeyOf", "!Env", "!!int", "!!binary", "!!set", "&a", "*a", "<<", ":", "-", "?", "[", "]", "{", "}"),
    *(
        "version: 1",
        "entries",
        "model",
        "identifiers",
        "metadata",
        "\n",
        "\n  ",
        " ",
        ",",
        "'",
        '"',
        "1",
        "1:2",
        "=",
        "|",
    ),
)


def laughs(levels: int, width: int = 10) -> str:
    """The billion laughs: each list is so many times the one before."""
    lists = [f"l{level}: &l{level} [{', '.join([f'*l{level - 1}'] * width)}]" for level in range(1, levels)]
    return "\n".join(["l0: &l0 [x]", *lists])


BOMBS = {
    "aliases": laughs(12),
    "merge keys": "a0: &a0 {x: 1}\n" + "\n".join(f"a{n}: &a{n} {{<<: [*a{n - 1}, *a{n - 1}]}}" for n in range(1, 40)),
    "itself": "a: &a [*a]",
    "depth": "[" * 3000 + "]" * 3000,
    "text": f"a: &a {'x' * 100_000}\nb: [{', '.join(['*a'] * 5000)}]",
    "number": f"a: {'9' * 100_000}",
    "sexagesimal": "a: 1" + ":59" * 50_000,
    "length": "x" * (LONGEST + 1),
    "nan": "a: .nan",
    "binary": "a: !!binary aGk=",
    "set": "a: !!set {x, y}",
    "object": "a: !!python/name:os.system",
}


@pytest.mark.parametrize("text", BOMBS.values(), ids=BOMBS.keys())
def test_a_text_that_comes_to_too_much_is_refused_before_it_is_built(text: str) -> None:
    with pytest.raises(BlueprintInvalid):
        read(text)


@settings(deadline=None)
@given(st.lists(st.sampled_from(WORDS) | st.text(max_size=5), max_size=30).map("".join))
def test_any_text_is_a_blueprint_or_is_refused(text: str) -> None:
    for given_text in (text, f"version: 1\nmetadata: {{name: x}}\nentries: {text}"):
        with suppress(BlueprintInvalid):
            assert read(given_text).entries is not None


@pytest.mark.parametrize(
    "text",
    [
        '!Format ["%999999999s", x]',
        '!Format ["%*s", 999999999, x]',
        '!Format ["%.999999999f", 1.5]',
        '!Format ["%s%s", !Context long, !Context long]',
        "!Enumerate [!Context many, SEQ, !Context long]",
        "!Enumerate [!Context many, SEQ, !AtIndex [!Context longs, 0]]",
        "!Context circle",
        "!Context wide0",
        "!ParseJSON '" + "[" * 500 + "]" * 500 + "'",
    ],
)
async def test_tags_cannot_make_more_than_a_blueprint_may_hold(text: str) -> None:
    wide = {f"wide{n}": [identifier(f"!Context wide{n + 1}")] * 10 for n in range(30)}
    context = {"long": "x" * 3_000_000, "longs": ["y" * 100_000], "many": list(range(5000)), **wide}
    with pytest.raises(BlueprintInvalid):
        await resolver({**context, "circle": identifier("!Context circle")}).value(identifier(text))


async def test_the_environment_is_read_only_where_it_was_released() -> None:
    environment = {"OPEN": "yes", "DATABASE_URL": "postgres://root:s3cret@db/x", "EMPTY": ""}
    inside = resolver({"name": "DATABASE_URL"}, Sources({}, environment, released=frozenset({"OPEN", "EMPTY"})))
    assert await inside.value(identifier("!Env OPEN")) == "yes"
    assert await inside.value(identifier("!Env [EMPTY, default]")) == "default"
    # A default is no way round: it would stand where the operator's value belongs.
    for text in ("!Env DATABASE_URL", "!Env [DATABASE_URL, x]", "!Env [!Context name, x]", "!File /etc/passwd"):
        with pytest.raises(BlueprintInvalid, match="Line 4: !") as caught:
            await inside.value(identifier(text))
        assert "s3cret" not in caught.value.message
    assert (
        await resolver({}, Sources({}, environment)).value(identifier("!Env DATABASE_URL"))
        == environment["DATABASE_URL"]
    )


async def test_what_a_tag_gave_is_in_no_message() -> None:
    """A value of the environment must not reach the log by way of a `!Find` that finds nothing."""
    inside = resolver({}, Sources({}, {"SECRET": "s3cret"}))
    with pytest.raises(BlueprintInvalid) as caught:
        await inside.value(identifier("!Find [authentik_core.group, [name, !Env SECRET]]"))
    assert caught.value.message == "Line 4: !Find authentik_core.group with name '…' finds nothing."


def test_a_broken_text_is_not_quoted() -> None:
    with pytest.raises(BlueprintInvalid) as caught:
        read(entries("{model: authentik_core.user, attrs: {password: 'hunter2 hunter2, x: [}}"))
    assert "hunter2" not in caught.value.message
    assert "line " in caught.value.message
