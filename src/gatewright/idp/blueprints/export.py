"""Our objects as a blueprint that makes them again, here or in an Authentik: without secrets, keys and sessions.

Objects stand after those that they refer to and by their names, so that the same objects always give the same text.
"""

import re
from collections.abc import Iterable, Mapping
from importlib import resources
from typing import Any

from gatewright.domain.errors import BadInput
from gatewright.idp.blueprints.apply import ANYTHING, SYSTEM, Blueprints
from gatewright.idp.blueprints.dumping import dump, tag
from gatewright.idp.blueprints.file import LONGEST, MOST_ENTRIES, Tag, read
from gatewright.idp.blueprints.keeping import OWN_ADDRESS
from gatewright.idp.blueprints.writers import (
    APPLICATION,
    BINDING,
    CERTIFICATE,
    ENTITLEMENT,
    FLOW,
    GROUP,
    MAPPING,
    PROVIDER,
    USER,
    writers,
)
from gatewright.idp.blueprints.writing import Acting
from gatewright.idp.objects import flows
from gatewright.idp.objects.addresses import BASE_URL
from gatewright.storage.database import Database

GENERATED = "blueprints.goauthentik.io/generated"
OWN_SECRETS = {"litellm": "LITELLM_OIDC_SECRET"}
"""The variable that the packaged blueprint reads, by client id."""
SHORT = {GROUP: "group", USER: "user", MAPPING: "mapping", PROVIDER: "provider"}
SHORT |= {APPLICATION: "application", ENTITLEMENT: "entitlement"}
REASON = "Leave people out, or export less."
COMMENT = (
    "Objects of the embedded provider, exported by Gatewright. Secrets are not in it, nor are tokens, invitations,",
    "sessions and the passwords and second factors of people: people get a recovery link.",
)


async def export(db: Database, blueprints: Blueprints, *, people: bool = True) -> str:
    """The blueprint's text. Raises BadInput when it would be larger than one that can be applied.

    Without `people`, bindings that name somebody find them by username where the file is applied.
    """
    async with db.read() as tx:
        joined = db.joined(tx)
        acting = Acting(joined, blueprints.directory(joined), blueprints.passwords, SYSTEM, ANYTHING, [])
        by_model = writers(acting)
        found = {
            model: [await by_model[model].shown(key) for key in await by_model[model].every()]
            for model in (GROUP, USER, MAPPING, PROVIDER, APPLICATION, ENTITLEMENT, BINDING)
        }
    return _Export(found, blueprints.base_url, people=people).text()


class _Export:
    """One export. `shown` are all objects of each model, as their writers show them."""

    def __init__(self, shown: Mapping[str, list[dict[str, Any]]], base_url: str, *, people: bool) -> None:
        self._shown = shown
        self._base_url = base_url
        self._people = people
        self._packaged = _packaged()
        self._references: dict[tuple[str, Any], Tag] = {}
        self._names: dict[tuple[str, Any], str] = {}
        self._entries: list[dict[str, Any]] = []
        self._variables: dict[str, str] = {}

    def text(self) -> str:
        """The whole file."""
        for group in _parents_first(self._shown[GROUP]):
            self._group(group)
        for user in _by(self._shown[USER], "username"):
            self._user(user)
        for mapping in _by(self._shown[MAPPING], "name"):
            self._mapping(mapping)
        for provider in _by(self._shown[PROVIDER], "client_id"):
            self._provider(provider)
        for application in _by(self._shown[APPLICATION], "slug"):
            self._application(application)
        self._entitlements()
        self._bindings()
        document = {
            "version": 1,
            "metadata": {"name": "Gatewright export", "labels": {GENERATED: "true"}},
            "context": {OWN_ADDRESS: self._base_url},
            "entries": self._entries,
        }
        text = dump(document, [*COMMENT, *self._comment()])
        if len(text) > LONGEST or len(self._entries) > MOST_ENTRIES:
            raise BadInput("The export would be larger than a blueprint may be.", hint=REASON, code="export_too_large")
        return text

    def _comment(self) -> Iterable[str]:
        yield f"{OWN_ADDRESS} is the gateway's address: Gatewright puts its own there, Authentik takes this one."
        if self._variables:
            yield "Variables to set where it is applied; without them a present secret stays, and a new one is made:"
        for variable, client_id in self._variables.items():
            yield f"  {variable}: the secret of the client {client_id}"

    def _entry(self, model: str, shown: Mapping[str, Any], identifiers: dict[str, Any], attrs: dict[str, Any]) -> None:
        entry: dict[str, Any] = {"model": model}
        if model in SHORT:
            number = 1 + sum(one["model"] == model for one in self._entries)
            entry["id"] = f"{SHORT[model]}-{number}"
            self._references[model, shown["pk"]] = tag("KeyOf", entry["id"])
        self._entries.append({**entry, "identifiers": identifiers, "attrs": attrs})

    def _refer(self, model: str, pk: Any) -> Any:
        return None if pk is None else self._references[model, pk]

    def _group(self, shown: Mapping[str, Any]) -> None:
        parents = sorted(shown["parents"], key=lambda pk: self._names[GROUP, pk])
        attrs = _rest(shown, "pk", "name", "users", "parents")
        if parents:
            # Older releases know the first alone.
            attrs["parent"] = self._refer(GROUP, parents[0])
        attrs["parents"] = [self._refer(GROUP, pk) for pk in parents]
        self._names[GROUP, shown["pk"]] = shown["name"]
        self._entry(GROUP, shown, {"name": shown["name"]}, attrs)

    def _user(self, shown: Mapping[str, Any]) -> None:
        self._names[USER, shown["pk"]] = shown["username"]
        if not self._people:
            self._references[USER, shown["pk"]] = tag("Find", USER, ["username", shown["username"]])
            return
        attrs = _rest(shown, "pk", "uuid", "username", "groups")
        mine = sorted(shown["groups"], key=lambda pk: self._names[GROUP, pk])
        attrs["groups"] = [self._refer(GROUP, pk) for pk in mine]
        self._entry(USER, shown, {"username": shown["username"]}, attrs)

    def _mapping(self, shown: Mapping[str, Any]) -> None:
        """A packaged mapping that is as it came is everywhere already."""
        attrs = _rest(shown, "pk")
        self._names[MAPPING, shown["pk"]] = shown["name"]
        managed = attrs.pop("managed")
        if managed is None:
            self._entry(MAPPING, shown, {"name": attrs.pop("name")}, attrs)
        elif attrs == self._packaged.get(managed):
            self._references[MAPPING, shown["pk"]] = tag("Find", MAPPING, ["managed", managed])
        else:
            self._entry(MAPPING, shown, {"managed": managed}, attrs)

    def _provider(self, shown: Mapping[str, Any]) -> None:
        attrs = _rest(shown, "pk", "client_id")
        for name in ("authorization_flow", "invalidation_flow"):
            attrs[name] = tag("Find", FLOW, ["slug", flows.slug_of(attrs[name])])
        algorithm = str(flows.algorithm_of(attrs["signing_key"]))
        attrs["signing_key"] = tag("Find", CERTIFICATE, ["name", flows.certificate_name(algorithm)])
        attrs["redirect_uris"] = [{**uri, "url": _address(uri["url"])} for uri in attrs["redirect_uris"]]
        attached = sorted(attrs["property_mappings"], key=lambda pk: self._names[MAPPING, pk])
        attrs["property_mappings"] = [self._refer(MAPPING, pk) for pk in attached]
        if attrs["client_type"] == "confidential":
            attrs["client_secret"] = tag("Env", self._variable(shown["client_id"]))
        self._entry(PROVIDER, shown, {"client_id": shown["client_id"]}, attrs)

    def _variable(self, client_id: str) -> str:
        """The name of the variable with the client's secret."""
        plain = re.sub(r"[^A-Z0-9]+", "_", client_id.upper()).strip("_")
        name = first = OWN_SECRETS.get(client_id, f"CLIENT_SECRET_{plain}")
        number = 1
        while name in self._variables:
            number += 1
            name = f"{first}_{number}"
        self._variables[name] = client_id
        return name

    def _application(self, shown: Mapping[str, Any]) -> None:
        attrs = _rest(shown, "pk", "slug")
        attrs["provider"] = self._refer(PROVIDER, attrs["provider"])
        attrs["meta_launch_url"] = _address(attrs["meta_launch_url"])
        self._names[APPLICATION, shown["pk"]] = shown["slug"]
        self._entry(APPLICATION, shown, {"slug": shown["slug"]}, attrs)

    def _entitlements(self) -> None:
        def order(shown: Mapping[str, Any]) -> tuple[str, str]:
            return self._names[APPLICATION, shown["app"]], shown["name"]

        for shown in sorted(self._shown[ENTITLEMENT], key=order):
            self._names[ENTITLEMENT, shown["pk"]] = f"{order(shown)[0]}/{shown['name']}"
            identifiers = {"name": shown["name"], "app": self._refer(APPLICATION, shown["app"])}
            self._entry(ENTITLEMENT, shown, identifiers, {"attributes": shown["attributes"]})

    def _bindings(self) -> None:
        def order(shown: Mapping[str, Any]) -> tuple[Any, ...]:
            kind = self._target(shown)
            whom = self._names.get((GROUP, shown["group"]), ""), self._names.get((USER, shown["user"]), "")
            return kind, self._names[kind, shown["target"]], shown["order"], *whom

        every = sorted(self._shown[BINDING], key=lambda one: (*order(one), one["negate"], one["enabled"]))
        same = [order(one) for one in every]
        for shown in every:
            whom = {"group": self._refer(GROUP, shown["group"]), "user": self._refer(USER, shown["user"])}
            identifiers = {"target": self._refer(self._target(shown), shown["target"]), "order": shown["order"]}
            identifiers |= {name: value for name, value in whom.items() if value is not None}
            attrs = {"negate": shown["negate"], "enabled": shown["enabled"]}
            if same.count(order(shown)) > 1:
                identifiers, attrs = {**identifiers, **attrs}, {}
            self._entry(BINDING, shown, identifiers, attrs)

    def _target(self, shown: Mapping[str, Any]) -> str:
        return APPLICATION if (APPLICATION, shown["target"]) in self._references else ENTITLEMENT


def _packaged() -> dict[str, dict[str, Any]]:
    """The packaged mappings as they come, by their managed ids."""
    text = resources.files("gatewright.idp").joinpath("blueprints/managed.yaml").read_text("utf-8")
    empty = {"description": "", "required": False}
    return {entry.identifiers["managed"]: {**empty, **entry.attrs} for entry in read(text).entries}


def _rest(shown: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in shown.items() if name not in names}


def _by(shown: Iterable[dict[str, Any]], name: str) -> list[dict[str, Any]]:
    return sorted(shown, key=lambda one: str(one[name]))


def _parents_first(groups: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """By name, each after its parents."""
    waiting = _by(groups, "name")
    done: list[dict[str, Any]] = []
    placed: set[str] = set()
    while waiting:
        ready = [one for one in waiting if placed.issuperset(one["parents"])]
        done += ready
        placed |= {one["pk"] for one in ready}
        waiting = [one for one in waiting if one["pk"] not in placed]
    return done


def _address(url: str) -> Any:
    """An address that follows the gateway's own is made of it where the file is applied."""
    if not url.startswith(BASE_URL):
        return url
    rest = url.removeprefix(BASE_URL).replace("%", "%%")
    return tag("Format", f"%s{rest}", tag("Context", OWN_ADDRESS))
