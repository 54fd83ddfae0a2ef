"""Requests through every half."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.translation.conformance.cases import REQUESTS, asked
from tests.unit.translation.conformance.seats import CLIENTS, PROVIDERS, ClientSeat, ProviderSeat
from tests.unit.translation.conformance.test_answers import ODD, changed, paths

from gatewright.domain.errors import BadInput
from gatewright.translation.carriage import CannotCarry, Carriage
from gatewright.translation.dialect import Dialect
from gatewright.translation.halves import ClientHalf
from gatewright.translation.model import Message, Reasoning, Request, Role, Text
from gatewright.translation.registry import client_half, provider_half

decode = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
encode = msgspec.json.Encoder().encode
BY_DIALECT = {seat.dialect: seat for seat in PROVIDERS}
both = pytest.mark.parametrize(
    "client", [seat for seat in CLIENTS if seat.dialect in BY_DIALECT], ids=lambda seat: seat.dialect.value
)
providers = pytest.mark.parametrize("provider", PROVIDERS, ids=lambda seat: seat.dialect.value)


def written(provider: ProviderSeat, request: Request) -> dict[str, Any]:
    body = provider_half(provider.dialect).write(request, provider.model, provider.carriage(request))
    return dict(json.loads(encode(body)))


def refusal(half: ClientHalf, body: object) -> BadInput | None:
    """Nothing else may be raised."""
    try:
        half.read(decode(json.dumps(body).encode()))
    except BadInput as error:
        return error
    return None


@providers
@pytest.mark.parametrize("name", REQUESTS)
def test_what_is_sent_is_what_the_sdk_would_send(provider: ProviderSeat, name: str) -> None:
    body = written(provider, REQUESTS[name])
    provider.judge_request(body)


@both
@pytest.mark.parametrize("name", REQUESTS)
def test_a_request_comes_back_from_the_wire(client: ClientSeat, name: str) -> None:
    body = written(BY_DIALECT[client.dialect], REQUESTS[name])
    found = client_half(client.dialect).read(decode(encode(body)))
    blind = {*client.blind, "include_usage"}
    assert asked(found, blind) == asked(REQUESTS[name], blind)


@both
@providers
@pytest.mark.parametrize("name", REQUESTS)
def test_a_request_of_every_client_reaches_every_provider(
    client: ClientSeat, provider: ProviderSeat, name: str
) -> None:
    """And says there what it said, where that can be read. Thoughts are for the provider that sealed them."""
    request = client_half(client.dialect).read(decode(encode(written(BY_DIALECT[client.dialect], REQUESTS[name]))))
    carriage = provider.carriage(request)
    body = provider_half(provider.dialect).write(request, provider.model, carriage)
    provider.judge_request(json.loads(encode(body)))
    reading = next((seat for seat in CLIENTS if seat.dialect is provider.dialect), None)
    if reading is None or carriage.dropped:
        return
    blind = {*client.blind, *reading.blind, "include_usage"}
    found = client_half(reading.dialect).read(decode(encode(body)))
    assert asked(thoughtless(found), blind) == asked(thoughtless(REQUESTS[name]), blind)


def thoughtless(request: Request) -> Request:
    turns = [
        Message(turn.role, tuple(part for part in turn.parts if not isinstance(part, Reasoning)), turn.name)
        for turn in request.messages
    ]
    return msgspec.structs.replace(request, messages=tuple(turns))


@providers
def test_what_has_no_place_is_refused_by_its_name(provider: ProviderSeat) -> None:
    request = Request(
        messages=(Message(Role.USER, (Text(text="Hi"),)),),
        max_tokens=10,
        asked_as={"max_tokens": "max_tokens"},
        unknown={"an_odd_one": 1, "a_hint": 2},
        hints=frozenset({"a_hint"}),
    )
    half = provider_half(provider.dialect)
    with pytest.raises(CannotCarry) as caught:
        half.write(request, provider.model, provider.carriage(request))
    assert caught.value.param == "an_odd_one"
    dropping = Carriage(request, drop=True, where="it", provider=provider.provider)
    half.write(request, provider.model, dropping)
    assert dropping.dropped == ["an_odd_one", "a_hint"]


@both
@pytest.mark.parametrize("name", REQUESTS)
def test_a_request_with_any_member_of_another_type_is_read_or_refused(client: ClientSeat, name: str) -> None:
    whole = written(BY_DIALECT[client.dialect], REQUESTS[name])
    half = client_half(client.dialect)
    for path in paths(whole):
        for odd in ODD:
            refused = refusal(half, changed(whole, path, odd))
            assert refused is None or refused.param, (path, odd)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@both
@settings(max_examples=100)
@given(data=st.data())
def test_hostile_members_are_refused_cleanly(client: ClientSeat, data: st.DataObject) -> None:
    names = sorted({name for request in REQUESTS.values() for name in written(BY_DIALECT[client.dialect], request)})
    body = data.draw(st.dictionaries(st.sampled_from(names) | st.text(max_size=8), JSON, max_size=4))
    refused = refusal(client_half(client.dialect), body)
    assert refused is None or refused.status == 400


@both
@pytest.mark.parametrize("filling", [b"[" * 50_000 + b"]" * 50_000, b'"\xff\xfe"', b'"\\ud800"', b'{"a":' * 2000])
def test_what_cannot_be_read_is_refused(client: ClientSeat, filling: bytes) -> None:
    names = {name for request in REQUESTS.values() for name in written(BY_DIALECT[client.dialect], request)}
    sound = {
        name: msgspec.Raw(encode(value))
        for name, value in written(BY_DIALECT[client.dialect], REQUESTS["text"]).items()
    }
    for name in [*names, "unheard_of"]:
        if name == "model":  # the gateway's own
            continue
        with pytest.raises(BadInput) as caught:
            client_half(client.dialect).read({**sound, name: msgspec.Raw(filling)})
        assert (caught.value.param or "").partition("[")[0].partition(".")[0] == name


def test_every_dialect_takes_part() -> None:
    assert {seat.dialect for seat in PROVIDERS} == set(Dialect)
    assert {seat.dialect for seat in CLIENTS} == {Dialect.CHAT, Dialect.RESPONSES, Dialect.MESSAGES}
