"""A blueprint as it is shown again holds none of its secrets, however they were written."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gatewright.idp.blueprints.dumping import dump
from gatewright.idp.blueprints.file import read
from gatewright.idp.blueprints.masking import MASK, masked, restored

SECRET = "s3cret-value"
HEAD = "version: 1\nentries:\n  - model: authentik_providers_oauth2.oauth2provider\n    identifiers: {name: a}\n"
WRITTEN = {
    "plain": f"    attrs:\n      client_secret: {SECRET}\n      name: b # kept\n",
    "single quotes": f"    attrs: {{client_secret: '{SECRET}', name: b}} # kept\n",
    "double quotes": f'    attrs: {{"client_secret": "{SECRET}", name: b}} # kept\n',
    "quoted lines": f'    attrs:\n      client_secret: "x\n        {SECRET}"\n      name: b # kept\n',
    "literal block": f"    attrs:\n      client_secret: |-\n        {SECRET}\n      name: b # kept\n",
    "folded block": f"    attrs:\n      client_secret: >\n        {SECRET}\n\n      name: b # kept\n",
    "last line": f"    attrs:\n      name: b # kept\n      client_secret: {SECRET}",
    "plain of several lines": f"    attrs:\n      client_secret: x\n        {SECRET}\n      name: b # kept\n",
    "tag in a block": f"    attrs:\n      client_secret: !If\n      - true\n      - {SECRET}\n      name: b # kept\n",
    "tag in a line": f"    attrs: {{client_secret: !Format ['%s', {SECRET}], name: b}} # kept\n",
    "default": f"    attrs: {{client_secret: !Env [NAME, {SECRET}], name: b}} # kept\n",
    "anchor": f"    attrs: {{client_secret: &s {SECRET}, name: b}} # kept\n",
    "explicit tag": f"    attrs: {{client_secret: !!str {SECRET}, name: b}} # kept\n",
    "key mark": f"    attrs:\n      ? client_secret\n      : {SECRET}\n      name: b # kept\n",
    "twice": f"    attrs: {{client_secret: x, name: b, client_secret: {SECRET}}} # kept\n",
    "umlauts before": f"    attrs: {{name: ä€😀, client_secret: {SECRET}}} # kept\n",
    "context default": f"    attrs: {{client_secret: !Context [name, {SECRET}]}} # kept\n",
    "context": f"    attrs: {{client_secret: !Context name}} # kept\ncontext: {{name: {SECRET}, other: b}}\n",
    "context part": f"    attrs: {{client_secret: !Context a.b}} # kept\ncontext:\n  a:\n    b: {SECRET}\n  c: b\n",
    "context in format": f"    attrs: {{client_secret: !Format [x%s, !Context n]}} # kept\ncontext: {{n: {SECRET}}}\n",
    "merge": f"    attrs: {{<<: {{client_secret: {SECRET}}}, name: b}} # kept\n",
}


@pytest.mark.parametrize("before", ["", "\ufeff"], ids=["", "byte order mark"])
@pytest.mark.parametrize("name", WRITTEN)
def test_a_secret_is_covered_however_it_is_written(name: str, before: str) -> None:
    text = before + HEAD + WRITTEN[name]
    shown = masked(text, {})
    assert SECRET not in shown.text
    assert MASK in shown.text
    assert "# kept" in shown.text
    assert read(shown.text).entries[0].identifiers == {"name": "a"}
    # Sent back, it is seen that the value is missing.
    assert masked(shown.text, {}).is_covered or "Context" in text


def test_a_context_that_was_given_is_covered_where_a_secret_is_made_of_it() -> None:
    text = HEAD + "    attrs: {client_secret: !Format ['%s%s', !Context a.b, !Context [c, d]], name: !Context e}\n"
    given_context = {"a": {"b": SECRET}, "c": SECRET, "e": "shown", "f": 1}
    assert masked(text, given_context).context == {"a": MASK, "c": MASK, "e": "shown", "f": 1}
    # Without the text nobody knows which.
    assert masked("", {"a": "b"}).context == {"a": MASK}


def test_entries_of_sections_are_covered_too() -> None:
    entry = f"{{model: authentik_core.user, identifiers: {{username: a}}, attrs: {{password: {SECRET}}}}}"
    assert SECRET not in masked(f"version: 1\nentries: {{one: [], two: [{entry}]}}", {}).text


NAMES_ALONE = "    attrs: {client_secret: !Env NAME, name: !Context name}\ncontext: {name: b}\n"


def test_what_is_only_a_name_stays() -> None:
    text = HEAD + NAMES_ALONE
    assert masked(text, {"name": "b"}).text == text
    assert masked(text, {"name": "b"}).context == {"name": "b"}


def test_a_text_that_would_be_none_any_more_is_not_shown() -> None:
    """The anchor goes with the secret, and what named it would be nothing."""
    for attrs in (f"{{client_secret: &s {SECRET}, name: *s}}", f"{{name: &s {SECRET}, client_secret: *s}}"):
        assert masked(f"{HEAD}    attrs: {attrs}\n", {}).text == ""


def test_the_link_of_an_invitation_is_a_secret() -> None:
    entry = f"version: 1\nentries: [{{model: authentik_stages_invitation.Invitation, identifiers: {{pk: {SECRET}}}}}]\n"
    assert SECRET not in masked(entry, {}).text


def test_context_comes_back_with_its_values() -> None:
    assert restored({"a": MASK, "b": 1, "c": MASK}, {"a": SECRET, "b": 2}) == {"a": SECRET, "b": 1, "c": MASK}


secrets = st.text(
    st.characters(exclude_categories=["Cs", "Cc"]) | st.sampled_from("\n'\":#&*!|>%@`-"), min_size=6, max_size=30
)


@settings(deadline=None)
@example("00000\xa0", "")
@given(secrets, st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20))
def test_whatever_the_secret_is_it_is_covered_alone(secret: str, note: str) -> None:
    def document(value: str) -> str:
        attrs = {"name": note, "password": value, "note": note}
        return dump({"version": 1, "entries": [{"model": "x", "identifiers": {"a": note}, "attrs": attrs}]}, [])

    shown = masked(document(secret), {})
    assert read(shown.text) == read(document(MASK))
