"""Redirect URIs by regular expression: opt-in, anchored, checked when they are written, and matched in linear time.

Authentik's `matching_mode: regex`, without its holes (contract 8.10): the scheme and the end of the host name must be
written out, so that no pattern lets in an origin that nobody meant. Only what addresses need is understood: literals,
classes, `.`, groups, `|` and the quantifiers. A pattern becomes an automaton whose states fit into one integer, which
no address can make slow; a search that goes back and forth, as Python's own does, could be.
"""

import string
from functools import lru_cache

import msgspec

LONGEST, MOST_STATES, MOST_REPEATS, DEEPEST = 500, 256, 64, 8
ANY = frozenset(map(chr, range(0x21, 0x7F)))
DIGITS, WORD = frozenset(string.digits), frozenset(string.ascii_letters + string.digits + "_")
HOST = frozenset(string.ascii_letters + string.digits + "-.")
SPECIAL = frozenset("\\^$.|?*+()[]{}")
SCHEMES = ("https://", "http://")


class PatternRefused(ValueError):
    """Why a pattern is not taken, in words that follow `it`."""


class Chars(msgspec.Struct, frozen=True):
    """One character out of a set."""

    allowed: frozenset[str]


class Sequence(msgspec.Struct, frozen=True):
    parts: tuple["Node", ...]


class Choice(msgspec.Struct, frozen=True):
    parts: tuple["Node", ...]


class Repeat(msgspec.Struct, frozen=True):
    """`least` to `most` times, None for any number."""

    part: "Node"
    least: int
    most: int | None


Node = Chars | Sequence | Choice | Repeat


class Pattern:
    """A pattern that was checked. It matches whole texts only."""

    def __init__(self, whole: Node, origins: Node) -> None:
        self._whole = Automaton(whole)
        self._origins = Automaton(origins)

    def matches(self, uri: str) -> bool:
        return self._whole.matches(uri)

    def matches_origin(self, origin: str) -> bool:
        """Whether addresses of this web origin may match."""
        return self._origins.matches(origin)


class Automaton:
    """Glushkov's: a state is a place in the pattern, a set of states one integer."""

    def __init__(self, node: Node) -> None:
        self._follow: list[int] = []
        self._reads: dict[str, int] = {}
        _, self._first, self._last = self._build(node)

    def matches(self, text: str) -> bool:
        reach = self._first
        states = 0
        for char in text:
            states = reach & self._reads.get(char, 0)
            if not states:
                return False
            reach, rest = 0, states
            while rest:
                low = rest & -rest
                reach |= self._follow[low.bit_length() - 1]
                rest ^= low
        return bool(states & self._last)

    def _build(self, node: Node) -> tuple[bool, int, int]:
        """Whether it matches nothing at all, and the states that it begins and ends with."""
        if isinstance(node, Chars):
            return self._state(node)
        if isinstance(node, Sequence):
            return self._chain([(part, False) for part in node.parts])
        if isinstance(node, Choice):
            empty, first, last = False, 0, 0
            for part in node.parts:
                one = self._build(part)
                empty, first, last = empty or one[0], first | one[1], last | one[2]
            return empty, first, last
        extra = 1 if node.most is None else node.most - node.least
        empty, first, last = self._chain([(node.part, False)] * node.least + [(node.part, True)] * extra, node.most)
        return empty, first, last

    def _state(self, node: Chars) -> tuple[bool, int, int]:
        if len(self._follow) >= MOST_STATES:
            raise PatternRefused(f"it is too large; at most {MOST_STATES} places are taken")
        bit = 1 << len(self._follow)
        self._follow.append(0)
        for char in node.allowed:
            self._reads[char] = self._reads.get(char, 0) | bit
        return False, bit, bit

    def _chain(self, parts: list[tuple[Node, bool]], most: int | None = 0) -> tuple[bool, int, int]:
        """Parts after each other; True marks one that may be left out. With `most` None such a part repeats."""
        empty, first, last = True, 0, 0
        for part, optional in parts:
            one_empty, one_first, one_last = self._build(part)
            if optional and most is None:
                self._link(one_last, one_first)
            one_empty = one_empty or optional
            self._link(last, one_first)
            first |= one_first if empty else 0
            last = one_last | (last if one_empty else 0)
            empty = empty and one_empty
        return empty, first, last

    def _link(self, ends: int, begins: int) -> None:
        while ends:
            low = ends & -ends
            self._follow[low.bit_length() - 1] |= begins
            ends ^= low


class Reader:
    """Reads a pattern's text. Raises PatternRefused for whatever it does not know."""

    def __init__(self, text: str) -> None:
        self.text, self.at = text, 0

    def choice(self, depth: int = 0) -> Choice:
        if depth > DEEPEST:
            raise PatternRefused("its groups are nested too deeply")
        parts = [self.sequence(depth)]
        while self._take("|"):
            parts.append(self.sequence(depth))
        return Choice(tuple(parts))

    def sequence(self, depth: int) -> Sequence:
        parts: list[Node] = []
        if depth == 0:
            self._take("^")
        while self.at < len(self.text) and self.text[self.at] not in "|)":
            if depth == 0 and self.text[self.at] == "$" and self.text[self.at + 1 : self.at + 2] in ("", "|"):
                self.at += 1
                break
            parts.append(self._quantified(self._atom(depth)))
        if not parts:
            raise PatternRefused("a part of it is empty")
        return Sequence(tuple(parts))

    def _take(self, char: str) -> bool:
        found = self.text.startswith(char, self.at)
        self.at += len(char) if found else 0
        return found

    def _next(self) -> str:
        if self.at >= len(self.text):
            raise PatternRefused("it ends too early")
        self.at += 1
        return self.text[self.at - 1]

    def _atom(self, depth: int) -> Node:
        char = self._next()
        if char == "(":
            if self._take("?") and not self._take(":"):
                raise PatternRefused("it holds a group that begins with (?")
            inner = self.choice(depth + 1)
            if self._next() != ")":
                raise PatternRefused("a group is not closed")
            return inner
        if char == "[":
            return Chars(self._class())
        if char == "\\":
            return Chars(self._escaped())
        if char == ".":
            return Chars(ANY)
        if char in SPECIAL or char not in ANY:
            raise PatternRefused(f"it holds {char!r} where that means nothing; write \\{char} for the character")
        return Chars(frozenset(char))

    def _escaped(self) -> frozenset[str]:
        char = self._next()
        if char in "dw":
            return DIGITS if char == "d" else WORD
        if char.isalnum() or char not in ANY:
            raise PatternRefused(f"it holds \\{char}, which is not known here")
        return frozenset(char)

    def _class(self) -> frozenset[str]:
        negated, found = self._take("^"), set[str]()
        while not self._take("]"):
            first = self._escaped() if self._take("\\") else frozenset(self._next())
            ends = self.text[self.at : self.at + 2]
            if ends[:1] == "-" and ends[1:] not in ("", "]"):
                self.at += 1
                last = self._escaped() if self._take("\\") else frozenset(self._next())
                if len(first) != 1 or len(last) != 1 or min(first) > min(last):
                    raise PatternRefused("a range in it runs backwards or has no ends")
                first = frozenset(map(chr, range(ord(min(first)), ord(min(last)) + 1)))
            found |= first
        allowed = (ANY - found if negated else found) & ANY
        if not allowed:
            raise PatternRefused("a class in it is empty")
        return frozenset(allowed)

    def _quantified(self, atom: Node) -> Node:
        counts: tuple[int, int | None]
        if self._take("?"):
            counts = (0, 1)
        elif self._take("*"):
            counts = (0, None)
        elif self._take("+"):
            counts = (1, None)
        elif self._take("{"):
            counts = self._counts()
        else:
            return atom
        self._take("?")  # as few as possible: the same texts match
        if self.text[self.at : self.at + 1] in ("*", "+", "{", "?"):
            raise PatternRefused("a quantifier in it follows another")
        return Repeat(atom, *counts)

    def _counts(self) -> tuple[int, int | None]:
        inner, closed, _ = self.text[self.at :].partition("}")
        least, comma, most = inner.partition(",")
        self.at += len(inner) + 1
        if not closed or not all(
            part.isdecimal() and part.isascii() and len(part) < 4 for part in (least, most or "0")
        ):
            raise PatternRefused("a quantifier in braces cannot be read")
        low = int(least)
        high = (int(most) if most else None) if comma else low
        if max(low, high or 0) > MOST_REPEATS or high == 0 or (high is not None and high < low):
            raise PatternRefused(f"a quantifier in it runs backwards, is zero or larger than {MOST_REPEATS}")
        return low, high


@lru_cache(maxsize=512)
def read(text: str) -> Pattern:
    """The pattern. Raises PatternRefused, whose words say why it is not taken."""
    if not text or len(text) > LONGEST:
        raise PatternRefused(f"it is empty or longer than {LONGEST} characters")
    reader = Reader(text)
    whole = reader.choice()
    if reader.at != len(text):
        raise PatternRefused("a bracket in it is closed that was never opened")
    origins = [_origin_of(one) for one in whole.parts]
    return Pattern(whole, Choice(tuple(origins)))


def problem(text: str) -> str | None:
    """Why this text may not be a pattern of redirect URIs, in words; None when it may."""
    try:
        read(text)
    except PatternRefused as error:
        return str(error)
    return None


def matches(uri: str, text: str) -> bool:
    """Whether the whole URI matches. A pattern that would be refused matches nothing."""
    try:
        return read(text).matches(uri)
    except PatternRefused:
        return False


def matches_origin(origin: str, text: str) -> bool:
    """Whether the pattern lets in addresses of that origin."""
    try:
        return read(text).matches_origin(origin)
    except PatternRefused:
        return False


def _origin_of(node: Node) -> Sequence:
    """Scheme, host and port of one alternative. Raises PatternRefused unless they are safely written out."""
    parts = node.parts if isinstance(node, Sequence) else (node,)
    scheme = next((one for one in SCHEMES if _literal(parts[: len(one)]) == one), None)
    if scheme is None:
        raise PatternRefused("it does not begin with https:// or http:// written out")
    rest = parts[len(scheme) :]
    end = next((n for n, part in enumerate(rest) if _literal((part,)) in ("/", ":")), len(rest))
    _check_host(rest[:end])
    if _literal(rest[end : end + 1]) == ":":
        port = next((n for n, part in enumerate(rest) if _literal((part,)) == "/"), len(rest))
        if port == end + 1 or not all(_chars(part) <= DIGITS for part in rest[end + 1 : port]):
            raise PatternRefused("its port is not made of digits")
        end = port
    return Sequence((*parts[: len(scheme)], *rest[:end]))


def _check_host(parts: tuple[Node, ...]) -> None:
    if not parts:
        raise PatternRefused("it names no host")
    for part in parts:
        for allowed in _sets(part):
            if allowed == ANY:
                raise PatternRefused(
                    "its host holds a dot that is not escaped; write \\. for a dot, [a-z0-9-]+ for a name"
                )
            if not allowed <= HOST or ("." in allowed and len(allowed) > 1):
                raise PatternRefused(
                    "its host may be more than letters, digits and - between dots that are written out"
                )
    tail = 0
    while tail < len(parts) and _literal((parts[-1 - tail],)) is not None:
        tail += 1
    if tail < len(parts) and len((_literal(parts[len(parts) - tail :]) or "").split(".")) < 3:
        raise PatternRefused("the last two names of its host are not written out after a dot, as in \\.example\\.com")


def _literal(parts: tuple[Node, ...]) -> str | None:
    """The text that the parts spell, None when they may be anything else."""
    found = [next(iter(part.allowed)) for part in parts if isinstance(part, Chars) and len(part.allowed) == 1]
    return "".join(found) if len(found) == len(parts) else None


def _sets(node: Node) -> list[frozenset[str]]:
    if isinstance(node, Chars):
        return [node.allowed]
    inner = (node.part,) if isinstance(node, Repeat) else node.parts
    return [allowed for part in inner for allowed in _sets(part)]


def _chars(node: Node) -> frozenset[str]:
    return frozenset().union(*_sets(node))
