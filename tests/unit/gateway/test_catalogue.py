"""Public names: exact ones, aliases and patterns, who may use them, and what a pattern becomes for a name."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.unit.gateway.members import ids
from tests.unit.web.model_api.harness import model, settings

from gatewright.domain.errors import BadInput, UnknownModel
from gatewright.domain.identity import Role
from gatewright.domain.keys import Principal
from gatewright.domain.money import Price
from gatewright.gateway import catalogue
from gatewright.gateway.deployments import Deployments, KeyModelAccessDenied
from gatewright.settings.router import Alias, Router
from gatewright.storage.database import Database

ANYBODY = Principal(kind="master", role=Role.PROXY_ADMIN, user_pk=None, user_id="admin", credential_id=0)


def key(*models: str) -> Principal:
    return msgspec.structs.replace(ANYBODY, kind="key", role=Role.INTERNAL_USER, models=frozenset(models))


def made(db: Database, tmp_path: Path, *entries: Any, router: Router | None = None, **changes: Any) -> Deployments:
    prices = {("openai", "gpt-5"): Price(1, 2)}
    configured = settings(tmp_path, entries, router=router or Router(), **changes)
    return Deployments(db, configured, lambda provider, name: prices.get((provider, name)))


def star(name: str, upstream: str, number: int = 1, **changes: Any) -> Any:
    return model(number, name, upstream_model=upstream, id=f"id-{number}", price=None, **changes)


async def test_exact_names_win_and_then_the_longest_pattern(db: Database, tmp_path: Path) -> None:
    found = made(
        db,
        tmp_path,
        star("*", "*", 1),
        star("openai/*", "*", 2),
        star("openai/gpt-*", "gpt-*", 3),
        star("openai/gpt-5", "exact", 4),
    )

    def behind(name: str) -> tuple[str, str]:
        (member,) = found.plan(name, ANYBODY).members
        return member.deployment.id, member.deployment.upstream_model

    assert behind("openai/gpt-5") == ("id-4", "exact")
    assert behind("openai/gpt-4o") == ("id-3", "gpt-4o")
    assert behind("openai/o3") == ("id-2", "o3")
    assert behind("mistral/large") == ("id-1", "mistral/large")


async def test_a_name_that_a_pattern_matched_is_called_as_such(db: Database, tmp_path: Path) -> None:
    found = made(db, tmp_path, star("openai/*", "*", params={"rpm": 7}), star("openai/*", "proxied-*", 2))
    group = found.plan("openai/gpt-5", ANYBODY)
    assert group.name == "openai/gpt-5"
    first, second = (member.deployment for member in group.members)
    assert (first.name, first.price, first.terms.rpm) == ("openai/gpt-5", Price(1, 2), 7)
    assert first.ways["/chat/completions"].model == "gpt-5"
    assert second.ways["/chat/completions"].model == "proxied-gpt-5"
    assert found.plan("openai/gpt-5", ANYBODY) is group
    other = found.plan("openai/o3", ANYBODY)
    assert [a.health is b.health for a, b in zip(group.members, other.members, strict=True)] == [True, True]
    assert all(member.for_pattern and not member.alone for member in group.members)


async def test_a_bare_name_finds_its_providers_pattern(db: Database, tmp_path: Path) -> None:
    found = made(db, tmp_path, star("anthropic/*", "*"), star("gpt-house", "x", 2))
    assert found.plan("claude-sonnet-5", ANYBODY).members[0].deployment.upstream_model == "claude-sonnet-5"
    assert found.plan("gpt-house", ANYBODY).members[0].deployment.id == "id-2"
    with pytest.raises(UnknownModel):
        found.plan("gpt-5", ANYBODY)


async def test_names_that_no_pattern_should_take(db: Database, tmp_path: Path) -> None:
    found = made(db, tmp_path, star("openai/*", "*"))
    for name in ("openai/" + "x" * 200, "openai/a\nb", "azure/gpt-5", ""):
        with pytest.raises(UnknownModel):
            found.plan(name, ANYBODY)


async def test_a_name_that_the_provider_cannot_be_asked_for(
    db: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = made(db, tmp_path, star("openai/*", "*"))

    def refuse(_: object) -> None:
        raise BadInput("no such path", param="path")

    monkeypatch.setattr("gatewright.gateway.deployment.ways_of", refuse)
    with pytest.raises(BadInput) as refused:
        found.plan("openai/x", ANYBODY)
    assert refused.value.param == "model"


async def test_names_that_were_matched_do_not_pile_up(
    db: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catalogue, "MOST_MATCHED", 3)
    found = made(db, tmp_path, star("openai/*", "*"))
    first = found.plan("openai/0", ANYBODY)
    for number in range(1, 4):
        found.plan(f"openai/{number}", ANYBODY)
    assert len(found._catalogue._matched) == 3
    assert found.plan("openai/0", ANYBODY) is not first


async def test_keys_and_patterns(db: Database, tmp_path: Path) -> None:
    found = made(db, tmp_path, star("openai/*", "*"), star("house", "x", 2))
    some = key("openai/gpt-*", "house")
    assert found.plan("openai/gpt-5", some).name == "openai/gpt-5"
    assert found.plan("gpt-5", some).name == "openai/gpt-5"
    with pytest.raises(KeyModelAccessDenied):
        found.plan("openai/o3", some)
    with pytest.raises(KeyModelAccessDenied):
        found.plan("o3", some)
    assert found.plan("openai/o3", key("openai/*")).name == "openai/o3"
    assert found.names(some) == ["house"]
    assert found.names(key("openai/*")) == ["openai/*"]
    assert found.names(key("openai/gpt-5")) == []
    assert found.shown("openai/gpt-5", some) is not None
    assert found.shown("openai/o3", some) is None
    assert found.shown("openai/*", ANYBODY) is not None


async def test_refused_names_are_not_made_ready(db: Database, tmp_path: Path) -> None:
    found = made(db, tmp_path, star("openai/*", "*"))
    for name in ("openai/o3", "o3"):
        with pytest.raises(KeyModelAccessDenied):
            found.plan(name, key("house"))
    assert found._catalogue._matched == {}


async def test_aliases(db: Database, tmp_path: Path) -> None:
    router = Router(
        aliases={
            "best": Alias("house"),
            "secret": Alias("house", hidden=True),
            "star": Alias("openai/gpt-5"),
            "lost": Alias("nowhere"),
            "hidden-one": Alias("other"),
        }
    )
    found = made(db, tmp_path, star("house", "x"), star("other", "y", 2), star("openai/*", "*", 3), router=router)
    assert ids(found.plan("best", ANYBODY).members) == ids(found.plan("secret", ANYBODY).members) == ["id-1"]
    assert found.plan("best", ANYBODY).name == "house"
    assert found.plan("star", ANYBODY).members[0].deployment.upstream_model == "gpt-5"
    with pytest.raises(UnknownModel):
        found.plan("lost", ANYBODY)
    assert found.names(ANYBODY) == ["house", "other", "openai/*", "best", "star", "lost", "hidden-one"]
    shown = [one.id if (one := found.shown(name, ANYBODY)) else None for name in ("best", "secret", "star", "lost")]
    assert shown == ["id-1", "id-1", "id-3", None]
    for allowed in (key("best"), key("house")):
        assert ids(found.plan("best", allowed).members) == ["id-1"]
        assert "best" in found.names(allowed)
    with pytest.raises(KeyModelAccessDenied):
        found.plan("house", key("best"))
    with pytest.raises(KeyModelAccessDenied):
        found.plan("best", key("other"))
    assert found.reach("best", key("other")) is None
    assert found.reach("lost", ANYBODY) is None


async def test_an_alias_stands_before_a_model_of_its_name(db: Database, tmp_path: Path) -> None:
    found = made(db, tmp_path, star("a", "x"), star("b", "y", 2), router=Router(aliases={"a": Alias("b")}))
    assert ids(found.plan("a", ANYBODY).members) == ["id-2"]


async def test_what_is_known_of_a_deployment_survives_a_change(db: Database, tmp_path: Path) -> None:
    found = made(db, tmp_path, star("house", "x"))
    health = found.plan("house", ANYBODY).members[0].health
    found._stale = True
    await found.refresh()
    assert found.plan("house", ANYBODY).members[0].health is health


async def test_each_worker_gets_its_share(db: Database, tmp_path: Path) -> None:
    params = {"rpm": 10, "tpm": 2}
    found = made(db, tmp_path, star("house", "x", params=params), star("shut", "x", 2, params={"rpm": 0}), workers=4)
    (member,) = found.plan("house", ANYBODY).members
    assert (member.rpm, member.tpm) == (2, 1)
    (shut,) = found.plan("shut", ANYBODY).members
    assert shut.rpm == 0
