"""What a scope-mapping expression sees, as Authentik names it (contract 2.3, 2.5).

This text is run inside the sandbox before the expression; the server never imports it for that. It is plain Python that
CPython runs too, which the tests use to compare the two.
"""

import re
from typing import Any


class Query:
    """Authentik's related manager over groups that are already here."""

    def __init__(self, items: list[Any]) -> None:
        self.items = items

    def all(self) -> "Query":
        return self

    def filter(self, **conditions: Any) -> "Query":
        return Query([item for item in self.items if satisfies(item, conditions)])

    def exclude(self, **conditions: Any) -> "Query":
        return Query([item for item in self.items if not satisfies(item, conditions)])

    def order_by(self, field: str) -> "Query":
        name = field.lstrip("-")
        return Query(sorted(self.items, key=lambda item: getattr(item, name), reverse=field.startswith("-")))

    def values_list(self, *fields: str, flat: bool = False) -> list[Any]:
        if flat:
            return [getattr(item, fields[0]) for item in self.items]
        return [tuple([getattr(item, field) for field in fields]) for item in self.items]

    def exists(self) -> bool:
        return len(self.items) > 0

    def count(self) -> int:
        return len(self.items)

    def first(self) -> Any:
        return self.items[0] if self.items else None

    def last(self) -> Any:
        return self.items[-1] if self.items else None

    def __iter__(self) -> Any:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)

    def __contains__(self, item: Any) -> bool:
        return item in self.items

    def __getitem__(self, index: Any) -> Any:
        return self.items[index]


class Group:
    def __init__(self, data: Any) -> None:
        self.name = data["name"]
        self.pk = data["uuid"]
        self.uuid = data["uuid"]
        self.group_uuid = data["uuid"]
        self.is_superuser = data["is_superuser"]
        self.attributes = data["attributes"]
        parents = data["parents"]
        # Authentik 2025.2 has the one, later releases the other.
        self.parent = parents[0] if parents else None
        self.parents = parents

    def __str__(self) -> str:
        return f"Group {self.name}"


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
        self.type = "internal"
        self.path = "users"
        self.is_active = data["is_active"]
        self.is_superuser = data["is_superuser"]
        self.attributes = data["attributes"]
        every = [Group(group) for group in data["groups"]]
        self.every = Query(every)
        self.groups = Query([group for group, direct in zip(every, data["direct"]) if direct])  # noqa: B905
        self.ak_groups = self.groups

    def all_groups(self) -> Query:
        return self.every

    def group_attributes(self, request: Any = None) -> dict[str, Any]:  # noqa: ARG002 - Authentik's signature
        merged: dict[str, Any] = {}
        for group in self.every.order_by("name"):
            merge(merged, group.attributes)
        merge(merged, self.attributes)
        return merged

    def app_entitlements(self, application: Any) -> Query:  # noqa: ARG002 - there are none here
        return Query([])

    def app_entitlements_attributes(self, application: Any) -> dict[str, Any]:  # noqa: ARG002 - there are none here
        return {}

    def __str__(self) -> str:
        return str(self.username)


class Application:
    def __init__(self, data: Any) -> None:
        self.name = data["application_name"]
        self.slug = data["slug"]


class Provider:
    def __init__(self, data: Any) -> None:
        self.name = data["name"]
        self.client_id = data["client_id"]
        self.application = Application(data)


class Token:
    def __init__(self, scope: Any, user: User) -> None:
        self.scope = scope
        self.user = user


class PolicyRequest:
    def __init__(self, user: User, context: Any) -> None:
        self.user = user
        self.context = context
        self.http_request = None
        self.obj = None
        self.debug = False


class Logger:
    def write(self, level: str, event: Any, fields: dict[str, Any]) -> None:
        print(level, event, " ".join([f"{name}={fields[name]!r}" for name in fields]))  # noqa: T201

    def debug(self, event: Any, **fields: Any) -> None:
        self.write("debug", event, fields)

    def info(self, event: Any, **fields: Any) -> None:
        self.write("info", event, fields)

    def warning(self, event: Any, **fields: Any) -> None:
        self.write("warning", event, fields)

    def error(self, event: Any, **fields: Any) -> None:
        self.write("error", event, fields)


def satisfies(item: Any, conditions: dict[str, Any]) -> bool:
    return all([compare(item, path.split("__"), conditions[path]) for path in conditions])  # noqa: C419


def compare(item: Any, path: list[str], wanted: Any) -> bool:
    kind = path[-1] if len(path) > 1 and path[-1] in LOOKUPS else "exact"
    names = path[:-1] if kind != "exact" or path[-1] == "exact" else path
    value = getattr(item, names[0])
    for name in names[1:]:
        if not isinstance(value, dict):
            raise ValueError(f"unknown field or lookup {name!r}")
        value = value.get(name)
    if isinstance(wanted, Group):
        wanted = wanted.pk
    return bool(LOOKUPS[kind](value, wanted))


def text(value: Any) -> str:
    return "" if value is None else str(value)


LOOKUPS: dict[str, Any] = {
    "exact": lambda value, wanted: value == wanted,
    "iexact": lambda value, wanted: text(value).lower() == text(wanted).lower(),
    "contains": lambda value, wanted: wanted in (value if isinstance(value, list) else text(value)),
    "icontains": lambda value, wanted: text(wanted).lower() in text(value).lower(),
    "startswith": lambda value, wanted: text(value).startswith(wanted),
    "istartswith": lambda value, wanted: text(value).lower().startswith(wanted.lower()),
    "endswith": lambda value, wanted: text(value).endswith(wanted),
    "iendswith": lambda value, wanted: text(value).lower().endswith(wanted.lower()),
    "in": lambda value, wanted: value in wanted,
    "regex": lambda value, wanted: re.search(wanted, text(value)) is not None,
    "isnull": lambda value, wanted: (value is None) == wanted,
}


def merge(into: dict[str, Any], other: dict[str, Any]) -> None:
    for key in other:
        value = other[key]
        if isinstance(value, dict) and isinstance(into.get(key), dict):
            merge(into[key], value)
        else:
            into[key] = dict(value) if isinstance(value, dict) else value


def ak_is_group_member(user: User, **filters: Any) -> bool:
    """Follows parent groups, as Authentik does."""
    return user.all_groups().filter(**filters).exists()


def ak_user_has_authenticator(user: User, device_type: Any = None) -> bool:  # noqa: ARG001 - nobody has one here yet
    return False


def regex_match(value: Any, regex: str) -> bool:
    return re.search(regex, value) is not None


def regex_replace(value: Any, regex: str, repl: str) -> str:
    return re.sub(regex, repl, value)


def list_flatten(value: Any) -> Any:
    if isinstance(value, list):
        return value[0] if value else None
    return value


def slugify(value: Any) -> str:
    kept = "".join([char for char in str(value).lower() if char.isalnum() or char in "_- "])
    return re.sub("[-_ ]*$", "", re.sub("^[-_ ]*", "", re.sub("[- ]+", "-", kept)))


def build(data: Any) -> list[Any]:
    """The values of the variables, in the order of VARIABLES in expressions.py."""
    user = User(data["user"])
    provider = Provider(data["provider"])
    token = Token(data["scopes"], user)
    context = {"provider": provider, "token": token}
    return [PolicyRequest(user, context), user, provider, token, context, Logger()]
