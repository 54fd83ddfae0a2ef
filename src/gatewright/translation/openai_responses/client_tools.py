"""The tools of a request, carried as functions whatever kind they are; what cannot be carried so is told by name.

A tool of free text becomes a function of one argument, a group of tools functions whose names begin with the group's.
Source: OpenAI API reference, "Create a model response", `tools` and `tool_choice`.
"""

from hashlib import sha256
from typing import Any

import msgspec

from gatewright.translation.model import Alias, Json, Tool, ToolChoice
from gatewright.translation.openai_responses.fields import an_object, maybe_text, objects, text, wrong

LONGEST_NAME = 64
"""Characters that every provider takes in a function's name."""
INPUT = "input"
"""The one argument of a function that stands for a tool of free text."""

_FUNCTION = frozenset({"type", "name", "description", "parameters", "strict"})
_CUSTOM = frozenset({"type", "name", "description", "format"})
_MODES = frozenset({"auto", "none", "required"})


class Toolbox:
    """Gathers tools from where a request has them. Its members are members of `model.Request` in the end."""

    def __init__(self) -> None:
        self._tools: dict[str, Tool] = {}
        self._added: list[str] = []
        self._allowed: set[str] | None = None
        self.aliases: dict[str, Alias] = {}
        self.unknown: Json = {}
        self.hints: set[str] = set()
        self.because: dict[str, str] = {}

    @property
    def tools(self) -> tuple[Tool, ...]:
        """Those that may be called."""
        allowed = self._allowed
        return tuple(tool for name, tool in self._tools.items() if allowed is None or name in allowed)

    def add(self, tools: Any, at: str) -> list[str]:
        """Reads an array of tools; of two with one name the later counts. Raises BadInput.

        Answers the names that they are carried under.
        """
        self._added = []
        for place, tool in objects(tools, at):
            self._one(tool, place, None)
        return self._added

    def spare_web_search(self) -> None:
        """Leaving out a search of the web needs no permission."""
        self.hints.update(name for name in self.unknown if name.startswith("tools.web_search"))

    def choice(self, wanted: Any) -> ToolChoice | None:
        """`tool_choice`. Raises BadInput."""
        if isinstance(wanted, str):
            if wanted not in _MODES:
                raise wrong("tool_choice", "`auto`, `none`, `required` or an object")
            return ToolChoice(wanted)
        kind = text(an_object(wanted, "tool_choice"), "type", "tool_choice")
        if kind in ("function", "custom"):
            return ToolChoice("named", self._named(wanted, "tool_choice"))
        if kind == "allowed_tools":
            places = objects(wanted.get("tools"), "tool_choice.tools")
            self._allowed = {
                self._named(one, place) for place, one in places if one.get("type") in ("function", "custom")
            }
            return self.choice(wanted.get("mode"))
        self._lose("tool_choice", wanted, f"the tool `{kind}` runs at OpenAI")
        return None

    def _named(self, wanted: Json, at: str) -> str:
        name = text(wanted, "name", at)
        space = maybe_text(wanted, "namespace", at)
        if space is not None:
            return carried_name(name, space)
        # A choice may leave out the group.
        found = [carried for carried, alias in self.aliases.items() if alias.name == name]
        return name if name in self._tools or not found else found[0]

    def _one(self, tool: Json, at: str, space: str | None, about: str = "") -> None:
        kind = text(tool, "type", at)
        if kind == "function":
            self._function(tool, at, space, about)
        elif kind == "custom":
            self._custom(tool, at, space, about)
        elif kind == "namespace" and space is None:
            name, about = text(tool, "name", at), maybe_text(tool, "description", at) or ""
            for place, one in objects(tool.get("tools"), f"{at}.tools"):
                self._one(one, place, name, about)
        elif kind == "tool_search":
            self._search(tool, at)
        else:
            self._lose(f"tools.{kind}", tool, f"the tool `{kind}` runs at OpenAI")

    def _function(self, tool: Json, at: str, space: str | None, about: str) -> None:
        name = text(tool, "name", at)
        parameters = tool.get("parameters")
        strict = tool.get("strict")
        if strict is not None and not isinstance(strict, bool):
            raise wrong(f"{at}.strict", "true or false")
        self._put(
            Alias("function", name, space),
            description=_join(about, maybe_text(tool, "description", at)),
            parameters=None if parameters is None else an_object(parameters, f"{at}.parameters"),
            strict=strict or None,
        )
        self._leave_out(tool, _FUNCTION)

    def _custom(self, tool: Json, at: str, space: str | None, about: str) -> None:
        name = text(tool, "name", at)
        form = tool.get("format")
        rule = ""
        if form is not None and an_object(form, f"{at}.format").get("type") == "grammar":
            rule = f"It must follow this {form.get('syntax')} grammar:\n{form.get('definition')}"
            self._lose(f"tools.{name}.format", form, "", hint=True)
        how = f"Call it with the plain text as the argument `{INPUT}`."
        argument = {"type": "string", "description": _join("The plain text, as it is.", rule)}
        self._put(
            Alias("custom", name, space),
            description=_join(about, maybe_text(tool, "description", at), how),
            parameters={
                "type": "object",
                "properties": {INPUT: argument},
                "required": [INPUT],
                "additionalProperties": False,
            },
        )
        self._leave_out(tool, _CUSTOM)

    def _search(self, tool: Json, at: str) -> None:
        """The client's own search is a function; OpenAI's is not needed, for all tools are offered at once."""
        if tool.get("execution") != "client":
            self._lose("tools.tool_search", tool, "", hint=True)
            return
        parameters = tool.get("parameters")
        self._put(
            Alias("tool_search", "tool_search"),
            description=maybe_text(tool, "description", at),
            parameters=None if parameters is None else an_object(parameters, f"{at}.parameters"),
        )

    def _put(
        self,
        alias: Alias,
        *,
        description: str | None,
        parameters: Json | None,
        strict: bool | None = None,
    ) -> None:
        name = carried_name(alias.name, alias.namespace)
        self._added.append(name)
        self._tools[name] = Tool(name=name, description=description, parameters=parameters, strict=strict)
        if alias.kind != "function" or name != alias.name:
            self.aliases[name] = alias

    def _leave_out(self, tool: Json, known: frozenset[str]) -> None:
        """What else a tool says is about how OpenAI offers it: noted."""
        for name, value in tool.items():
            if name not in known and value is not None and value is not False:
                self._lose(f"tools.{name}", value, "", hint=True)

    def _lose(self, name: str, value: Any, why: str, *, hint: bool = False) -> None:
        self.unknown[name] = value
        if why:
            self.because[name] = why
        if hint:
            self.hints.add(name)


def carried_name(name: str, space: str | None) -> str:
    """The name of a function that stands for the tool `name` of the group `space`."""
    whole = f"{space}__{name}" if space else name
    if space and len(whole) > LONGEST_NAME:
        whole = f"{whole[: LONGEST_NAME - 9]}_{sha256(whole.encode()).hexdigest()[:8]}"
    return whole


def arguments_of(free_text: str) -> str:
    """Free text as the arguments of the function that stands for its tool."""
    return msgspec.json.encode({INPUT: free_text}).decode()


def free_text_of(arguments: str) -> str:
    """The text for a tool of free text, out of the arguments that a model wrote.

    A model that misses the argument's name, or writes no JSON at all, is taken to mean its only text.
    """
    try:
        found = msgspec.json.decode(arguments)
    except (ValueError, RecursionError):
        return arguments
    if isinstance(found, dict):
        texts = [value for value in found.values() if isinstance(value, str)]
        found = found.get(INPUT, texts[0] if len(texts) == 1 else None)
    return found if isinstance(found, str) else arguments


def _join(*texts: str | None) -> str | None:
    return "\n\n".join([one for one in texts if one]) or None
