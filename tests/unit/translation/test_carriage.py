"""What a request loses on its way: refused by the caller's name of it, dropped when allowed, noted always."""

import pytest

from gatewright.translation.carriage import CannotCarry, Carriage
from gatewright.translation.model import Request

REQUEST = Request(
    messages=(),
    seed=7,
    user="u1",
    asked_as={"seed": "random_seed", "user": "metadata.user_id"},
    unknown={"store": False, "prediction": {}},
    hints=frozenset({"user", "store"}),
)


def carriage(*, drop: bool) -> Carriage:
    return Carriage(REQUEST, drop=drop, where="A provider's API")


@pytest.mark.parametrize(("member", "param"), [("seed", "random_seed"), ("prediction", "prediction")])
def test_what_cannot_be_carried_is_refused_by_the_callers_name(member: str, param: str) -> None:
    with pytest.raises(CannotCarry) as caught:
        carriage(drop=False).lose(member)
    assert (caught.value.param, caught.value.status) == (param, 400)
    assert "A provider's API has no counterpart" in caught.value.message


def test_it_is_dropped_when_that_is_allowed() -> None:
    way = carriage(drop=True)
    way.carry(frozenset({"user"}))
    assert way.dropped == ["random_seed", "store", "prediction"]


def test_what_only_hints_needs_no_permission() -> None:
    way = carriage(drop=False)
    way.carry(frozenset({"seed", "prediction"}))
    assert way.dropped == ["metadata.user_id", "store"]


def test_each_member_that_is_not_carried_counts() -> None:
    for carried in (frozenset({"seed"}), frozenset({"prediction"})):
        with pytest.raises(CannotCarry):
            carriage(drop=False).carry(carried)


def test_a_reason_of_its_own_is_told() -> None:
    request = Request(messages=(), unknown={"tools.x": {}}, because={"tools.x": "it runs elsewhere"})
    with pytest.raises(CannotCarry, match=r"`tools\.x` cannot be sent to this model: it runs elsewhere\."):
        Carriage(request, drop=False, where="A provider's API").carry(frozenset())


def test_an_unknown_member_is_lost_also_when_it_is_called_like_a_known_one() -> None:
    request = Request(messages=(), unknown={"seed": 7})
    with pytest.raises(CannotCarry, match="`seed`"):
        Carriage(request, drop=False, where="A provider's API").carry(frozenset({"seed"}))
