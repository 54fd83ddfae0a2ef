"""What a scope-mapping expression sees, as Authentik names it (contract 2.3, 2.5).

This text is run inside the sandbox before the expression; the server never imports it for that. It is plain Python that
CPython runs too, which the tests use to compare the two.
"""

import json
import re
import unicodedata
from datetime import date, datetime
from typing import Any

from gatewright.idp.expressions.prelude_queries import Hidden, Query, satisfies

UNKNOWN_ADDRESS = "255.255.255.255"
MOST_EVENTS = 5
EVENTS: list[Any] = []


class Group:
    def __init__(self, data: Any) -> None:
        self.name = data["name"]
        self.pk = data["uuid"]
        self.uuid = data["uuid"]
        self.group_uuid = data["uuid"]
        self.is_superuser = data["is_superuser"]
        self.attributes = data["attributes"]
        # Authentik 2025.2 has the one, later releases the other. `build` fills them.
        self.parent: Any = None
        self.parents = Query([])
        self.users = Hidden("a group's members")
        self.children = Hidden("a group's child groups")
        self.roles = Query([])

    def __str__(self) -> str:
        return f"Group {self.name}"

    def __eq__(self, other: Any) -> bool:
        return isinstance(other, Group) and self.pk == other.pk

    def __hash__(self) -> int:
        return hash(self.pk)


class Entitlement:
    def __init__(self, data: Any, application: Any) -> None:
        self.name = data["name"]
        self.pk = data["uuid"]
        self.uuid = data["uuid"]
        self.attributes = data["attributes"]
        self.app = application

    def __str__(self) -> str:
        return f"Application Entitlement {self.name} for app {self.app.name}"


class User:
    def __init__(self, data: Any) -> None:
        self.pk = data["pk"]
        self.id = data["pk"]
        self.username = data["username"]
        self.name = data["name"]
        self.email = data["email"]
        self.email_verified = data["email_verified"]
        self.uuid = data["uuid"]
        self.uid = data["uid"]
        self.type = data["type"]
        self.path = data["path"]
        self.last_login = data["last_login"]
        self.date_joined = data["date_joined"]
        self.password_change_date = data["password_change_date"]
        self.is_active = data["is_active"]
        self.is_superuser = data["is_superuser"]
        self.is_authenticated = True
        self.is_anonymous = False
        self.attributes = data["attributes"]
        avatar = data["attributes"].get("avatar")
        self.avatar = avatar if isinstance(avatar, str) else ""
        self.authenticators = data["authenticators"]
        every = [Group(group) for group in data["groups"]]
        by_uuid = {group.uuid: group for group in every}
        for group, facts in zip(every, data["groups"]):  # noqa: B905 - both are made of the same list
            group.parents = Query([by_uuid[uuid] for uuid in facts["parents"]])
            group.parent = group.parents.first()
        self.every = Query(every)
        self.groups = Query([by_uuid[facts["uuid"]] for facts in data["groups"] if facts["direct"]])
        self.ak_groups = self.groups
        self.roles = Query([])
        self.entitlements = Query([])

    def all_groups(self) -> Query:
        return self.every

    def all_roles(self) -> Query:
        return self.roles

    def group_attributes(self, request: Any = None) -> dict[str, Any]:  # noqa: ARG002 - Authentik's signature
        merged: dict[str, Any] = {}
        for group in self.every.order_by("name"):
            merge(merged, group.attributes)
        merge(merged, self.attributes)
        return merged

    def app_entitlements(self, application: Any) -> Query:
        return self.entitlements.filter(app__slug=application.slug)

    def app_entitlements_attributes(self, application: Any) -> dict[str, Any]:
        merged: dict[str, Any] = {}
        for entitlement in self.app_entitlements(application):
            merge(merged, entitlement.attributes)
        return merged

    def locale(self, request: Any = None) -> str:  # noqa: ARG002 - Authentik's signature
        settings = self.attributes.get("settings")
        return str(settings.get("locale", "")) if isinstance(settings, dict) else ""

    def get_username(self) -> str:
        return str(self.username)

    def get_full_name(self) -> str:
        return str(self.name)

    def __str__(self) -> str:
        return str(self.username)

    def __eq__(self, other: Any) -> bool:
        return isinstance(other, User) and self.pk == other.pk

    def __hash__(self) -> int:
        return hash(self.pk)


class Application:
    def __init__(self, data: Any) -> None:
        self.name = data["application_name"]
        self.slug = data["slug"]

    def __str__(self) -> str:
        return str(self.name)


class Provider:
    def __init__(self, data: Any) -> None:
        self.name = data["name"]
        self.client_id = data["client_id"]
        self.application = Application(data)

    def __str__(self) -> str:
        return str(self.name)


class Token:
    def __init__(self, data: Any, user: User, provider: Provider) -> None:
        self.scope = data["scopes"]
        self.auth_time = data["auth_time"]
        self.user = user
        self.provider = provider


class HttpRequest:
    """The call that asks for the claims: the client's, not the person's browser."""

    def __init__(self, data: Any, user: User) -> None:
        self.META = {"REMOTE_ADDR": data["address"], "HTTP_USER_AGENT": data["user_agent"]}
        self.headers = {"User-Agent": data["user_agent"]}
        self.GET: dict[str, Any] = {}
        self.POST: dict[str, Any] = {}
        self.COOKIES: dict[str, Any] = {}
        self.request_id = data["reference"]
        self.user = user


class Mapping:
    def __init__(self, data: Any) -> None:
        self.name = data["name"]
        self.scope_name = data["scope_name"]

    def __str__(self) -> str:
        return str(self.name)


class PolicyRequest:
    def __init__(self, user: User, context: Any, http_request: Any, mapping: Mapping) -> None:
        self.user = user
        self.context = context
        self.http_request = http_request
        self.obj = mapping
        self.debug = False


class Logger:
    def __init__(self, bound: dict[str, Any]) -> None:
        self.bound = bound

    def bind(self, **fields: Any) -> "Logger":
        return Logger({**self.bound, **fields})

    def write(self, level: str, event: Any, fields: dict[str, Any]) -> None:
        shown = {**self.bound, **fields}
        print(level, event, " ".join([f"{name}={shown[name]!r}" for name in shown]))  # noqa: T201

    def debug(self, event: Any = "", **fields: Any) -> None:
        self.write("debug", event, fields)

    def info(self, event: Any = "", **fields: Any) -> None:
        self.write("info", event, fields)

    def warning(self, event: Any = "", **fields: Any) -> None:
        self.write("warning", event, fields)

    def warn(self, event: Any = "", **fields: Any) -> None:
        self.write("warning", event, fields)

    def error(self, event: Any = "", **fields: Any) -> None:
        self.write("error", event, fields)

    def critical(self, event: Any = "", **fields: Any) -> None:
        self.write("critical", event, fields)

    def exception(self, event: Any = "", **fields: Any) -> None:
        self.write("error", event, fields)


def merge(into: dict[str, Any], other: dict[str, Any]) -> None:
    """Authentik's deep merge: lists are joined."""
    for name in other:
        value, before = other[name], into.get(name)
        if isinstance(value, dict):
            fresh: dict[str, Any] = {}
            merge(fresh, before if isinstance(before, dict) else {})
            merge(fresh, value)
            into[name] = fresh
        elif isinstance(value, list) and isinstance(before, list):
            into[name] = before + value
        else:
            into[name] = value


def ak_is_group_member(user: User, **filters: Any) -> bool:
    """Follows parent groups, as Authentik does."""
    return user.all_groups().filter(**filters).exists()


def ak_user_has_authenticator(user: User, device_type: Any = None) -> bool:
    if device_type is None:
        return len(user.authenticators) > 0
    return device_type in user.authenticators


def regex_match(value: Any, regex: str) -> bool:
    return re.search(regex, value) is not None


def regex_replace(value: Any, regex: str, repl: str) -> str:
    return re.sub(regex, repl, value)


def list_flatten(value: Any) -> Any:
    if isinstance(value, list):
        return value[0] if value else None
    return value


def slugify(value: Any) -> str:
    plain_text = unicodedata.normalize("NFKD", str(value)).encode("ascii", "ignore").decode("ascii")
    kept = re.sub(r"[^\w\s-]", "", plain_text.lower())
    return re.sub(r"[-\s]+", "-", kept).strip("-_")


def SkipObject(message: str = "") -> Exception:  # noqa: N802 - Authentik's name
    return RuntimeError(f"SkipObject: {message}" if message else "SkipObject")


def ak_create_event(action: str, **fields: Any) -> None:
    if len(EVENTS) < MOST_EVENTS:
        EVENTS.append([str(action), plain(fields)])


def plain(value: Any) -> Any:
    """The value as JSON has it: dates as ISO 8601."""
    if value is None or isinstance(value, (str, int, float)):
        return value
    if isinstance(value, dict):
        return {name: plain(value[name]) for name in value}
    if isinstance(value, (list, tuple)):
        return [plain(one) for one in value]
    if isinstance(value, Query):
        return [plain(one) for one in value.rows]
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    kind = type(value).__name__.strip("_")
    if kind in ("Address", "Network"):
        return str(value)
    hint = ": sorted(...) makes a list of it" if kind in ("set", "frozenset") else ""
    raise TypeError(f"a claim cannot hold a {kind}{hint}")


def answer(claims: Any) -> str:
    """What goes back to the server, as JSON text."""
    return json.dumps([plain(claims), EVENTS])


def user_by(user: User) -> Any:
    """ak_user_by, which knows the person who signs in and nobody else."""

    def ak_user_by(**filters: Any) -> Any:
        if filters and satisfies(user, filters):
            return user
        raise PermissionError("ak_user_by finds nobody but the person who signs in: claims are theirs alone")

    return ak_user_by


def build(data: Any, addresses: Any = None) -> list[Any]:
    """The values of the variables, in the order of VARIABLES in reading.py, and `addresses`.

    Those are left out for an expression that names no address.
    """
    EVENTS.clear()
    user = User(data["user"])
    provider = Provider(data["provider"])
    user.entitlements = Query([Entitlement(one, provider.application) for one in data["entitlements"]])
    token = Token(data["token"], user, provider)
    http = None if data["http"] is None else HttpRequest(data["http"], user)
    context = {**data["context"], "provider": provider, "token": token, "http_request": http}
    request = PolicyRequest(user, context, http, Mapping(data["mapping"]))
    address = (data["http"] or {}).get("address") or UNKNOWN_ADDRESS
    client_ip = None if addresses is None else addresses.ip_address(address)
    return [request, user, provider, token, context, http, Logger({}), client_ip, user_by(user), addresses]
